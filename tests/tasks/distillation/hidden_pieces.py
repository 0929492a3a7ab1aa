"""L_mlm of GLoDe (Eq. 2) by transformers' own model, with every sub-word hidden, so that it can be written down."""

from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer


def masked_loss(folder: Path, sentences: list[list[str]], each_piece: bool, mask: str = "[MASK]") -> float:
    """Mean over sentences of the mean over their sub-words; or over all sub-words."""
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    losses = []
    for words in sentences:
        ids = tokenizer(words, is_split_into_words=True, return_tensors="pt")["input_ids"]
        hidden = ids.clone()
        hidden[:, 1:-1] = tokenizer.convert_tokens_to_ids(mask)
        with torch.no_grad():
            log_p = model(hidden).logits.log_softmax(dim=-1)
        losses.append(-log_p[0, 1:-1].gather(1, ids[0, 1:-1, None]).mean().item())
    pieces = [sum(3 if word == "abc" else 1 for word in words) for words in sentences]
    return float(np.average(losses, weights=pieces if each_piece else None))
