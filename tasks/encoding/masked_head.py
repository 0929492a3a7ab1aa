"""The masked-language head of an encoder: kept where a checkpoint has one, made from the embeddings where it has none.

GLoDe trains with it (Eq. 2), and so does who pretrains further. Taggers load the same folder and leave it out.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

MaskedHead = Literal["pretrained", "made", "none"]
"""pretrained: trained with the encoder; made: from the embeddings; none: the architecture has no such head."""

_SEED = 0  # Only for a layer between two widths (ALBERT); every other weight of a head that is made is given.


def load_masked(folder: Path, **options: Any) -> tuple[Any, MaskedHead, set[str]]:
    """Loads a checkpoint with its masked-language head, in float32.

    Args:
        folder: of the checkpoint.
        options: for `from_pretrained`.

    Returns:
        The model (without any head if its architecture has no masked-language head), where its head comes from, and
        the names of the encoder's weights that the checkpoint lacks.
    """
    from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, AutoModel, AutoModelForMaskedLM

    has_head = type(AutoConfig.from_pretrained(folder, **options)) in MODEL_FOR_MASKED_LM_MAPPING
    auto = AutoModelForMaskedLM if has_head else AutoModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model, report = auto.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **options
        )
    missing = {str(name) for name in report["missing_keys"]}
    if not has_head:
        return model, "none", missing
    inside = {name for name in missing if name.startswith(f"{model.base_model_prefix}.")}
    return model, complete_head(model, missing - inside), inside


def complete_head(model: Any, missing: Collection[str]) -> MaskedHead:
    """Gives a masked-language head the weights that it lacks: scores become act(h) E^T, E the input embeddings.

    The layer before the scores becomes the identity, norms scale by 1, biases are 0, and the scores are tied to the
    embeddings. Nothing is random, so that an import gives the same bytes each time.

    Args:
        model: with a masked-language head.
        missing: names of the head's weights that were not in the checkpoint.

    Returns:
        Whether the head is "pretrained", as nothing is missing, or "made".
    """
    if not missing:
        return "pretrained"
    model.config.tie_word_embeddings = True
    model.tie_weights()
    for name, weight in model.named_parameters():
        if name in missing and weight.ndim == 2 and weight.shape[0] == weight.shape[1]:
            nn.init.eye_(weight)
    return "made"
