"""ctranslate2's copy of a translator."""

from pathlib import Path

import ctranslate2
import pytest
from ctranslate2.converters import TransformersConverter

from tasks.translation.machine.coding import full_vocabulary
from tasks.translation.machine.converting import convert_folder
from tasks.translation.machine.translator import load_translator


class Names:
    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return [["<s>", "<unk>", "a", "__de__", "<unk>", "<unk>"][i] for i in ids]


def test_every_row_of_the_embedding_has_a_name_of_its_own() -> None:
    # Rows 4 and 5 belong to no piece.
    assert full_vocabulary(Names(), 6) == ["<s>", "<unk>", "a", "__de__", "<unused4>", "<unused5>"]


def test_the_vocabulary_lists_pieces_then_languages_then_rows_without_a_piece(tiny_translator: Path) -> None:
    model, tokenizer = load_translator(tiny_translator)
    names = full_vocabulary(tokenizer, model.config.vocab_size)
    assert len(names) == len(set(names)) == tokenizer.encoder_size + 100 + 8
    assert names[tokenizer.get_lang_id("de")] == "__de__"
    assert names[-8] == f"<unused{len(names) - 8}>"


def test_the_converter_alone_fails_and_ours_does_not(tiny_translator: Path, tmp_path: Path) -> None:
    # If the first of these passes one day, ctranslate2 is mended and `converting` can go.
    with pytest.raises(ValueError, match="vocabulary"):
        TransformersConverter(str(tiny_translator)).convert(str(tmp_path / "theirs"))
    (tmp_path / "ours").mkdir()
    convert_folder(tiny_translator, tmp_path / "ours")
    model = ctranslate2.Translator(str(tmp_path / "ours" / "ctranslate2"), compute_type="float32")
    [result] = model.translate_batch([["__en__", "▁Paris", "</s>"]], target_prefix=[["__de__"]], max_decoding_length=5)
    assert result.hypotheses[0][0] == "__de__"
