"""Convert a translator from transformers' format to that of ctranslate2, once for all that translate with it."""

from pathlib import Path
from typing import Any

import torch

from artifacts.catalog import CONVERTED_TRANSLATOR, Translator
from artifacts.step import Job, step
from tasks.translation.machine.card import Family, TranslatorCard, read_card, write_card
from tasks.translation.machine.coding import Coding, read_coding
from tasks.translation.machine.translator import copy_tokenizer, languages_of, load_model

CONVERTED = "ctranslate2"
"""The folder, beside the files of the tokenizer, that ctranslate2 loads."""


class _Listed:
    """A tokenizer as ctranslate2's converters need it: a name for every row of the embedding.

    Those of transformers 5 no longer count language tokens among the additional special tokens, from where the
    converter takes them, so it finds fewer names than rows and fails.
    """

    num_madeup_words = 0

    def __init__(self, coding: Coding) -> None:
        self._names = coding.names
        self.eos_token, self.pad_token = coding.names[coding.eos], coding.names[coding.pad]
        self.bos_token = "<s>" if "<s>" in coding.names else self.pad_token
        self.unk_token = "<unk>"
        self.unk_token_id = coding.names.index(self.unk_token)
        self.special_tokens_map: dict[str, Any] = {}

    def get_vocab(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._names)}

    def convert_ids_to_tokens(self, row: int) -> str:
        return self._names[row]


def convert(folder: Path, model: Any, coding: Coding, target: Path) -> None:
    """Writes a model into `target`, a folder that does not exist yet, in float32.

    The precision in which it computes is chosen when it is loaded.

    Args:
        folder: with the model's config.json.
        model: in float32.
        coding: of the model; languages do not matter.
        target: where to.
    """
    from ctranslate2.converters import TransformersConverter  # It loads transformers.

    class Given(TransformersConverter):
        """Takes the model and the names that are there already."""

        def load_model(self, model_class: type, model_name_or_path: str, **kwargs: Any) -> torch.nn.Module:
            given: torch.nn.Module = model
            return given

        def load_tokenizer(self, tokenizer_class: type, model_name_or_path: str, **kwargs: Any) -> _Listed:
            return _Listed(coding)

    model.config.decoder_start_token_id = coding.start
    # The converter scales a T5's scores by this, which transformers 5 sets for all; what says it now has another name.
    model.config.tie_word_embeddings = getattr(model.config, "scale_decoder_outputs", model.config.tie_word_embeddings)
    Given(str(folder)).convert(str(target), force=True)


def convert_folder(folder: Path, target: Path, family: Family | None = None) -> None:
    """Writes a translator as ctranslate2 reads it, with its tokenizer and card, into an existing folder.

    Args:
        folder: of the translator.
        target: where to.
        family: of a folder without a card; by default that which its files tell.

    Raises:
        InputError: if `folder` is no translator.
    """
    card = read_card(folder) if family is None else TranslatorCard(family=family)
    write_card(card, target)
    # Names of rows do not depend on the languages: any that it knows will do; of a Marian it knows the targets alone.
    some = () if card.folders else languages_of(folder, card.family)[:1] or ("",)
    for languages in card.directions or (("", *some) if card.family == "marian" else (*some, *some),):
        place, made = card.folder(folder, *languages), card.folder(target, *languages)
        made.mkdir(exist_ok=True)
        coding = read_coding(place, card, *languages)
        convert(place, load_model(place, card.family), coding, made / CONVERTED)
        copy_tokenizer(place, made, card.family)
        (made / "config.json").write_bytes((place / "config.json").read_bytes())


@step(CONVERTED_TRANSLATOR)
def convert_translator(job: Job, translator: Translator) -> None:
    """Writes a translator as ctranslate2 reads it, with its tokenizer and card."""
    convert_folder(job.folder(translator), job.output_folder)
