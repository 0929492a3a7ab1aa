"""Representations of sentences by a translator's encoder (CROP, Figure 4)."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from tasks.translation.machine.coding import encode
from tasks.translation.machine.engines import equal_length_batches
from tasks.translation.machine.languages import known_language

Pooling = Literal["first", "mean"]


def sentence_representations(
    model: Any, tokenizer: Any, texts: Sequence[str], language: str, pooling: Pooling, *, device: str, budget: int
) -> np.ndarray:
    """What the last layer of the encoder makes of each text.

    Args:
        model: an M2M100, on `device`.
        tokenizer: its M2M100Tokenizer.
        texts: one with more sub-words than the model takes is cut off.
        language: of the texts.
        pooling: the "first" position, which is the language's (the published code), or the "mean" of the sub-words
            between it and the end; a text without a sub-word has the mean of the two.
        device: "cpu" or "cuda".
        budget: sub-words of a batch.

    Returns:
        [N, hidden] float32.
    """
    longest = int(model.config.max_position_embeddings)
    source = tokenizer.get_lang_id(known_language(language, tuple(tokenizer.lang_code_to_id)))
    ids = [encode(tokenizer, text, source) for text in texts]
    ids = [row if len(row) <= longest else [*row[: longest - 1], row[-1]] for row in ids]
    found = np.empty((len(texts), int(model.config.d_model)), dtype=np.float32)
    # A batch has texts of one length: nothing is padded.
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    with torch.inference_mode():
        for rows in equal_length_batches(lengths, budget, 2, longest):
            batch = torch.tensor([ids[row] for row in rows], device=device)
            states = model.get_encoder()(input_ids=batch, attention_mask=torch.ones_like(batch)).last_hidden_state
            inner = states[:, 1:-1] if states.shape[1] > 2 else states
            pooled = states[:, 0] if pooling == "first" else inner.mean(dim=1)
            found[rows] = pooled.float().cpu().numpy()
    return found
