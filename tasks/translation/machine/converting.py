"""Convert an M2M100 from transformers' format to that of ctranslate2."""

from pathlib import Path
from typing import Any, Protocol

import torch
from ctranslate2.converters import TransformersConverter

from tasks.translation.machine.translator import load_translator


class _Tokenizer(Protocol):
    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]: ...


def full_vocabulary(tokenizer: _Tokenizer, size: int) -> list[str]:
    """The name of every row of the embedding, each different from all others.

    M2M100's weights have rows that no piece belongs to; the tokenizer calls them all <unk>. Here they get names.

    Args:
        tokenizer: of the model.
        size: rows of the embedding, `config.vocab_size`.
    """
    names = tokenizer.convert_ids_to_tokens(list(range(size)))
    seen: set[str] = set()
    for row, name in enumerate(names):
        if name in seen:
            names[row] = f"<unused{row}>"
        seen.add(names[row])
    return names


class _ListedTokenizer:
    """An M2M100Tokenizer as ctranslate2's converter needs it: `get_vocab` lists every row of the embedding.

    transformers 5 no longer counts the language tokens among the additional special tokens, from where the converter
    takes them, so it finds fewer names than rows and fails.
    """

    num_madeup_words = 0

    def __init__(self, tokenizer: Any, size: int) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = {name: row for row, name in enumerate(full_vocabulary(tokenizer, size))}

    def get_vocab(self) -> dict[str, int]:
        return self._vocabulary

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


class M2M100Converter(TransformersConverter):
    """Reads safetensors alone, and names every row of the embedding."""

    def __init__(self, folder: Path, model: Any, tokenizer: Any) -> None:
        super().__init__(str(folder))
        self._model, self._tokenizer = model, tokenizer

    def load_model(self, model_class: type, model_name_or_path: str, **kwargs: Any) -> torch.nn.Module:
        """The model that is there already."""
        model: torch.nn.Module = self._model
        return model

    def load_tokenizer(self, tokenizer_class: type, model_name_or_path: str, **kwargs: Any) -> _ListedTokenizer:
        """Its tokenizer, with a name for every row."""
        return _ListedTokenizer(self._tokenizer, self._model.config.vocab_size)


def convert(folder: Path, target: Path) -> None:
    """Writes the model of `folder` into `target`, a folder that does not exist yet, in float32.

    The precision in which it computes is chosen when it is loaded.

    Raises:
        InputError: if `folder` is no translator.
    """
    M2M100Converter(folder, *load_translator(folder)).convert(str(target), force=True)
