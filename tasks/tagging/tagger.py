"""A tagger: an encoder with a linear head that reads each word's first sub-word."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from artifacts.errors import InputError

# What the encoders' configurations call their dropouts: BERT, XLM-R and relatives; then DistilBERT.
_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout",
    "attention_dropout",
)
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")


def new_tagger(encoder_folder: Path, labels: Sequence[str], dropout: float, seed: int) -> tuple[nn.Module, Any]:
    """A pretrained encoder with a new head.

    Args:
        encoder_folder: what `AutoModel` and `AutoTokenizer` load.
        labels: the label list; a label's place in it is its id.
        dropout: probability of dropping a unit, in the encoder and before the head.
        seed: decides the head's first weights; torch's generator is left as it was.

    Returns:
        The model, in float32 on the CPU, and its tokenizer.
    """
    names = dict(enumerate(labels))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _loaded(encoder_folder, dropout, id2label=names, label2id={name: i for i, name in names.items()})
    return model, load_tokenizer(encoder_folder)


def load_tagger(folder: Path, dropout: float | None = None) -> tuple[nn.Module, Any]:
    """A saved tagger and its tokenizer; `dropout` replaces the one it was trained with."""
    return _loaded(folder, dropout), load_tokenizer(folder)


def load_tokenizer(folder: Path) -> Any:
    """The fast tokenizer in a model's folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, use_fast=True, local_files_only=True, trust_remote_code=False)


def save_tagger(model: Any, tokenizer: Any, folder: Path) -> None:
    """Saves weights (safetensors), configuration and tokenizer; no path of this machine gets into the files."""
    model.config._name_or_path = ""
    model.to("cpu").save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def tagger_labels(model: Any) -> list[str]:
    """The label list of a tagger, by id."""
    return [model.config.id2label[i] for i in range(model.config.num_labels)]


def check_window_fits(model: Any, max_length_subwords: int) -> None:
    """Checks that an encoder has a position for every sub-word of a window.

    Raises:
        InputError: if the window is longer.
    """
    positions = usable_positions(model.config)
    if positions is not None and max_length_subwords > positions:
        raise InputError(
            f"max_length_subwords is {max_length_subwords}, but the encoder has {positions} positions; "
            "lower it to at most that"
        )


def usable_positions(config: Any) -> int | None:
    """How many sub-words an encoder takes; None where nothing limits it."""
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None:
        return None
    # RoBERTa counts positions from the padding id on: 514 of them are 512.
    return int(positions) - (config.pad_token_id + 1 if config.model_type in _OFFSET_POSITIONS else 0)


def _loaded(folder: Path, dropout: float | None, **head: Any) -> nn.Module:
    """Reads a checkpoint; with `head` (id2label, label2id) its head is a new one."""
    from transformers import AutoModelForTokenClassification

    try:
        options = dict(head)
        if dropout is not None:
            known = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            named = [name for name in _DROPOUTS if name in known or name == "classifier_dropout"]
            options |= dict.fromkeys(named, dropout)
        model: nn.Module = AutoModelForTokenClassification.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            **options,
        )
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise InputError(
            f"model folder {folder.name}: {error}; expected config.json, model.safetensors and tokenizer.json"
        ) from error
    return model.eval()
