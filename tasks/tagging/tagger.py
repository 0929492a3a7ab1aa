"""A tagger: an encoder and a head."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from artifacts.errors import InputError
from tasks.tagging.heads import CONFIG_KEY, LINEAR, Head, head_named_in
from tasks.training.optimizer import NEW_PARAMETERS

# What encoders' configurations call their dropouts: BERT, XLM-R and relatives; ALBERT's head; DistilBERT; ModernBERT.
_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "dropout",
    "attention_dropout",
    "embedding_dropout",
    "mlp_dropout",
)
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")


def new_tagger(
    encoder_folder: Path, labels: Sequence[str], dropout: float, seed: int, head: Head = LINEAR
) -> tuple[Any, Any]:
    """A pretrained encoder with a new head.

    Args:
        encoder_folder: what `AutoModel` and `AutoTokenizer` load.
        labels: the label list; a label's place in it is its id.
        dropout: probability of dropping a unit, in the encoder and before the head.
        seed: decides the head's first weights; torch's generator is left as it was.
        head: its kind.

    Returns:
        The model, in float32 on the CPU, and its tokenizer. Its `NEW_PARAMETERS` are those above the encoder.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _loaded(encoder_folder, partial(head.load, labels=labels), dropout)
    encoder = {id(parameter) for parameter in model.base_model.parameters()}
    setattr(model, NEW_PARAMETERS, frozenset(name for name, p in model.named_parameters() if id(p) not in encoder))
    if head.name != LINEAR.name:  # Whose folder stays as transformers' own models save it.
        setattr(model.config, CONFIG_KEY, head.name)
    return model, load_tokenizer(encoder_folder)


def load_tagger(folder: Path, head: Head, dropout: float | None = None) -> tuple[Any, Any]:
    """A saved tagger and its tokenizer; `dropout` replaces the one it was trained with.

    Raises:
        InputError: if the folder holds no tagger, or one with another head.
    """
    found = head_named_in(folder)
    if found != head.name:
        raise InputError(
            f"model folder {folder.name}: its head is {found!r}, expected {head.name!r}; choose another tagger"
        )
    return _loaded(folder, partial(head.load, labels=None), dropout), load_tokenizer(folder)


def load_encoder(folder: Path) -> tuple[Any, Any]:
    """The encoder in a tagger's folder, whatever its head, and the tokenizer."""
    from transformers import AutoModel

    with torch.random.fork_rng(devices=[]):  # A pooler that is not in the folder would be drawn; it is not used.
        model = _loaded(folder, AutoModel.from_pretrained, None)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model, load_tokenizer(folder)


def load_tokenizer(folder: Path) -> Any:
    """The fast tokenizer in a model's folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, use_fast=True, local_files_only=True, trust_remote_code=False)


def save_tagger(model: Any, tokenizer: Any, folder: Path) -> None:
    """Saves weights (safetensors), configuration and tokenizer; no path of this machine gets into the files."""
    model.config._name_or_path = ""
    model.to("cpu").save_pretrained(folder)
    tokenizer.save_pretrained(folder)


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
    if positions is None or positions < 0:  # XLNet says -1.
        return None
    # RoBERTa counts positions from the padding id on: 514 of them are 512.
    return int(positions) - (config.pad_token_id + 1 if config.model_type in _OFFSET_POSITIONS else 0)


def _loaded(folder: Path, load: Callable[..., Any], dropout: float | None) -> Any:
    """Reads a checkpoint by a function such as `from_pretrained`."""
    from transformers import AutoConfig

    try:
        options: dict[str, Any] = {}
        if dropout is not None:
            # A model refuses a setting that its configuration does not have.
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            options |= {name: dropout for name in _DROPOUTS if hasattr(config, name)}
        model = load(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            **options,
        )
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"model folder {folder.name}: {error}; expected config.json, model.safetensors and tokenizer.json"
        ) from error
    return model.eval()
