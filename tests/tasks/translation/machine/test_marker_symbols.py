"""A checkpoint that spells markers in pieces gets symbols for them, in both engines and after saving and loading."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration

from artifacts.catalog import MARKED_PAIRS, TRANSLATOR
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.coding import decode, encode
from tasks.translation.machine.converting import convert_folder
from tasks.translation.machine.engines import Generation, make_engine
from tasks.translation.machine.marker_symbols import add_markers, markers_needed, spelt_markers
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translator import load_tokenizer, load_translator

NAMES = [f"__SLOT{number}__" for number in range(10)]
Put = Callable[..., Reference]


@pytest.fixture
def extended(plain_translator: Path, tmp_path: Path) -> Path:
    """The plain translator with ten symbols added, saved."""
    (tmp_path / "extended").mkdir()
    model, tokenizer = load_translator(plain_translator)
    add_markers(model, tokenizer, NAMES, tmp_path / "extended")
    model.save_pretrained(tmp_path / "extended")
    return tmp_path / "extended"


def test_a_translator_needs_as_many_markers_as_its_texts_have_and_ten_at_least() -> None:
    assert markers_needed(["a b", ""]) == 0
    assert markers_needed(["a __SLOT2__ b __SLOT2__"]) == 10
    assert markers_needed(["a", "__SLOT13__ b __SLOT13__", "__SLOT0__ b __SLOT0__"]) == 14


def test_markers_that_a_tokenizer_spells_are_found(tiny_translator: Path, plain_translator: Path) -> None:
    assert spelt_markers(load_tokenizer(tiny_translator), 12) == ["__SLOT10__", "__SLOT11__"]
    assert spelt_markers(load_tokenizer(plain_translator), 10) == NAMES


def test_a_symbols_row_is_the_mean_of_its_pieces_and_all_others_stay(plain_translator: Path, extended: Path) -> None:
    before, spelling = load_translator(plain_translator)
    after, tokenizer = load_translator(extended)
    old, new = before.get_input_embeddings().weight, after.get_input_embeddings().weight
    place = spelling.encoder_size
    assert len(new) == len(old) + 10 == after.config.vocab_size
    torch.testing.assert_close(new[:place], old[:place])
    torch.testing.assert_close(new[place + 10 :], old[place:])
    for number, name in enumerate(NAMES):
        pieces = spelling.convert_tokens_to_ids(spelling.tokenize(name))
        assert len(pieces) > 3
        torch.testing.assert_close(new[place + number], old[pieces].mean(dim=0))
    assert after.get_output_embeddings().weight is new
    assert tokenizer.get_lang_id("de") == spelling.get_lang_id("de") + 10


def test_only_the_markers_that_are_missing_are_added(tiny_translator: Path, tmp_path: Path) -> None:
    model, tokenizer = load_translator(tiny_translator)
    missing = spelt_markers(tokenizer, 14)
    assert missing == [f"__SLOT{number}__" for number in range(10, 14)]
    made = add_markers(model, tokenizer, missing, tmp_path)
    assert spelt_markers(made, 14) == []
    assert made.encoder_size == tokenizer.encoder_size + 4 == model.config.vocab_size - 108
    assert made.convert_tokens_to_ids("__SLOT9__") == tokenizer.convert_tokens_to_ids("__SLOT9__")


def test_symbols_that_sentencepiece_does_not_find_are_an_error(
    plain_translator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.translation.machine.marker_symbols._user_defined_symbol", lambda piece: b"")
    with pytest.raises(InputError, match="still spells __SLOT3__ in pieces"):
        add_markers(*load_translator(plain_translator), ["__SLOT3__"], tmp_path)


def test_scores_that_are_not_tied_to_the_embedding_get_rows_of_their_own(
    plain_translator: Path, tmp_path: Path
) -> None:
    _, tokenizer = load_translator(plain_translator)
    config = M2M100Config.from_pretrained(plain_translator)
    config.tie_word_embeddings = False
    model = M2M100ForConditionalGeneration(config)
    before = [model.get_input_embeddings().weight.clone(), model.get_output_embeddings().weight.clone()]
    place, pieces = tokenizer.encoder_size, tokenizer.convert_tokens_to_ids(tokenizer.tokenize("__SLOT0__"))
    add_markers(model, tokenizer, ["__SLOT0__"], tmp_path)
    after = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    assert not torch.equal(before[0], before[1])
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, torch.cat([old[:place], old[pieces].mean(dim=0)[None], old[place:]]))


def test_a_marker_is_one_sub_word_wherever_it_stands_and_comes_back_as_it_was(extended: Path) -> None:
    tokenizer = load_tokenizer(extended)
    text = "__SLOT0__ Anna __SLOT0__ lives in __SLOT9__ Paris __SLOT9__ ."
    ids = encode(tokenizer, text, tokenizer.get_lang_id("en"))
    assert [tokenizer.convert_ids_to_tokens(i) for i in ids if i >= tokenizer.encoder_size - 10][1:] == [
        "▁__SLOT0__",
        "▁__SLOT0__",
        "▁__SLOT9__",
        "▁__SLOT9__",
    ]
    assert decode(tokenizer, ids) == text


def test_other_text_is_split_as_before(plain_translator: Path, extended: Path) -> None:
    before, after = load_tokenizer(plain_translator), load_tokenizer(extended)
    for text in ("Anna lives in Paris and Berlin.", "__SLOT and SLOT0__ aabca", ""):
        assert after.tokenize(text) == before.tokenize(text)


def test_both_engines_translate_with_the_new_symbols_alike(extended: Path, tmp_path: Path) -> None:
    texts = ["__SLOT0__ Anna __SLOT0__ lives in Paris", "Anna and Berlin", "in __SLOT1__ Mona __SLOT1__ ."]

    (copy := tmp_path / "converted").mkdir()
    convert_folder(extended, copy)

    def translated(name: str) -> list[str]:
        config = Generation(engine=name, beam_size=2, max_length_factor=1.0)
        engine = make_engine(
            extended if name == "transformers" else copy, ("en", "de"), config, device="cpu", budget=512
        )
        found: dict[int, str] = {}
        for rows, outputs in engine.translate(texts):
            found.update(zip(rows.tolist(), outputs, strict=True))
        return [found[row] for row in range(len(texts))]

    assert translated("ctranslate2") == translated("transformers")


def test_plain_text_has_the_same_scores_as_before(plain_translator: Path, extended: Path) -> None:
    scores = []
    for folder in (plain_translator, extended):
        model, tokenizer = load_translator(folder)
        ids = torch.tensor([encode(tokenizer, "Anna lives in Paris", tokenizer.get_lang_id("en"))])
        with torch.inference_mode():
            logits = model(input_ids=ids, decoder_input_ids=ids).logits[0]
        scores.append(torch.cat([logits[:, : tokenizer.encoder_size - 10 * len(scores)], logits[:, -108:]], dim=1))
    torch.testing.assert_close(*scores)


@pytest.mark.parametrize("marked", [True, False])
def test_a_checkpoint_gets_the_symbols_when_it_is_fine_tuned_on_markers(
    store: Store, put_table: Put, put_model: Put, plain_translator: Path, marked: bool
) -> None:
    rows = [("Anna lives in Paris", "Anna lebt in Paris", 0)]
    rows += [("__SLOT0__ Anna __SLOT0__ lives", "__SLOT0__ Anna __SLOT0__ lebt", 1)] if marked else []
    columns = dict(zip(("source", "target", "spans"), map(list, zip(*rows, strict=True)), strict=True))
    metadata = {"source_language": "en", "target_language": "de", "pairs_by_spans": []}
    pairs = put_table(MARKED_PAIRS, {"pair_id": list(range(len(rows))), **columns}, metadata)
    start = put_model(TRANSLATOR, plain_translator)
    # With 14 sub-words there is room for the marked pair as symbols, and none as it was spelt.
    config = TranslatorTraining(epochs=1, max_length_subwords=14)
    made = run_alone(store, train_translator, (pairs,), start, config)
    assert store.require(made).notes["markers_added"] == (10 if marked else 0)
    assert store.metadata(made)["pairs"] == {"plain": 1, "marked": int(marked)}
    assert store.metadata(made)["left_out"] == {"plain_too_long": 0, "marked_too_long": 0}
    model, tokenizer = load_translator(store.folder(made))
    assert spelt_markers(tokenizer, 10) == ([] if marked else NAMES)
    assert model.config.vocab_size == tokenizer.encoder_size + 108
    again = run_alone(store, train_translator, (pairs,), made, config)
    assert store.require(again).notes["markers_added"] == 0
