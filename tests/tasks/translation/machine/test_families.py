"""A small checkpoint of every family: texts in, texts out, language tokens where they belong, both engines alike."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor
from transformers import AutoConfig, M2M100Config, M2M100ForConditionalGeneration, MarianTokenizer, NllbTokenizer

from artifacts.catalog import LABELLED, MARKED_PAIRS
from artifacts.errors import InputError
from artifacts.inputs import InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.translator import TranslatorChoice, check_translator
from tasks.translation.machine.card import CARD_FILE, TranslatorCard, family_of, read_card, write_card
from tasks.translation.machine.coding import Coding, check_direction, read_coding
from tasks.translation.machine.converting import convert_folder, convert_translator
from tasks.translation.machine.engines import Generation, make_engine
from tasks.translation.machine.languages import UnknownLanguage, known_language, nllb_languages
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.machine.translator import (
    check_translator_folder,
    copy_translator,
    import_translator,
    languages_of,
    load_model,
    load_translator,
)
from tasks.translation.marked.markers import Marking
from tests.tasks.translation.machine.conftest import make_marian, pieces_of

TEXTS = [
    "Anna lives in Paris",
    "Paris",
    "",
    "Berlin and Anna .",
    "abcd efg hij",
    "Anna and Paris and Berlin and Anna .",
]
FAMILIES = {"m2m100": "tiny_translator", "small100": "tiny_small100", "nllb": "tiny_nllb", "marian": "tiny_marian",
            "madlad": "tiny_madlad"}  # fmt: skip
Found = Callable[[str], Path]


@pytest.fixture
def checkpoint(request: pytest.FixtureRequest) -> Found:
    return lambda family: request.getfixturevalue(FAMILIES[family])


def coding(folder: Path, source: str = "en", target: str = "de") -> Coding:
    return read_coding(folder, TranslatorCard(family=family_of(folder)), source, target)


def translated(folder: Path, engine: str, **settings: Any) -> list[str]:
    config = Generation(engine=engine, **{"max_length_factor": 1.0, "beam_size": 3, **settings})
    found: dict[int, str] = {}
    for rows, outputs in make_engine(folder, ("en", "de"), config, device="cpu", budget=512).translate(TEXTS):
        found.update(zip(rows.tolist(), outputs, strict=True))
    return [found[row] for row in range(len(TEXTS))]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_told_by_its_files_and_its_texts_are_translated_by_both_engines_alike(
    checkpoint: Found, family: str, tmp_path: Path
) -> None:
    folder = checkpoint(family)
    assert check_translator_folder(folder) == family
    convert_folder(folder, tmp_path)
    outputs = translated(folder, "transformers")
    assert outputs == translated(tmp_path, "ctranslate2")
    assert outputs[2] == "" and len(set(outputs)) > 3, outputs  # The model reads its source.


@pytest.mark.parametrize("family", FAMILIES)
def test_an_imported_translator_carries_its_card_and_writes_the_same_texts(
    store: Store, checkpoint: Found, family: str
) -> None:
    folder = checkpoint(family)
    made = run_alone(store, import_translator, (InputFolder(path=str(folder)),), (), None)
    kept = store.folder(made)
    assert json.loads((kept / CARD_FILE).read_text())["family"] == family
    assert not list(kept.glob("*.py")) and list(kept.glob("*.safetensors"))
    assert translated(kept, "transformers") == translated(folder, "transformers")
    converted = store.folder(run_alone(store, convert_translator, made))
    assert not list(converted.glob("*.safetensors"))  # The weights are there once.
    assert translated(converted, "ctranslate2") == translated(folder, "transformers")


# --- Where the language tokens are.


def test_m2m100_says_the_source_language_first_and_the_decoder_is_given_the_target(tiny_translator: Path) -> None:
    made = coding(tiny_translator)
    ids = made.encode("Anna")
    assert made.names[ids[0]] == "__en__" and ids[-1] == made.eos
    assert made.forced is not None and made.names[made.forced] == "__de__"


def test_small100_says_the_target_language_first_and_the_decoder_is_given_nothing(tiny_small100: Path) -> None:
    made = coding(tiny_small100)
    assert made.names[made.encode("Anna")[0]] == "__de__" and made.forced is None


def test_nllb_reads_what_its_own_tokenizer_makes_and_is_given_the_target_language(tiny_nllb: Path) -> None:
    made, tokenizer = coding(tiny_nllb), NllbTokenizer.from_pretrained(tiny_nllb, src_lang="eng_Latn")
    for text in TEXTS:
        assert made.encode(text) == tokenizer(text)["input_ids"]
    assert made.forced == tokenizer.convert_tokens_to_ids("deu_Latn")
    assert made.decode([made.forced, *made.pieces("Anna lives in Paris"), made.eos]) == "Anna lives in Paris"


def test_marian_reads_what_its_own_tokenizer_makes_without_any_language(tiny_marian: Path) -> None:
    made, tokenizer = coding(tiny_marian), MarianTokenizer.from_pretrained(tiny_marian)
    for text in TEXTS:
        assert made.encode(text) == tokenizer(text)["input_ids"]
    assert made.forced is None and made.before == () and made.banned == (made.pad,)
    assert made.decode([made.pad, *made.pieces("Anna lives in Paris"), made.eos]) == "Anna lives in Paris"


def test_a_marian_of_several_target_languages_is_told_which(tmp_path: Path) -> None:
    folder = make_marian(tmp_path, "en", "gmw", ">>deu<<", ">>nld<<")
    tokenizer = MarianTokenizer.from_pretrained(folder)
    for language, code in (("de", ">>deu<<"), ("nl", ">>nld<<")):
        made = coding(folder, target=language)
        assert made.encode("Anna lives") == tokenizer(f"{code} Anna lives")["input_ids"]
    with pytest.raises(UnknownLanguage, match="language 'es'"):
        coding(folder, target="es")


def test_madlad_reads_the_target_language_as_its_first_piece(tiny_madlad: Path) -> None:
    made, pieces = coding(tiny_madlad), SentencePieceProcessor(model_file=str(tiny_madlad / "spiece.model"))
    assert made.encode("Anna lives") == [*pieces.encode("<2de> Anna lives"), pieces.eos_id()]
    assert pieces.piece_to_id("<2de>") in made.before
    assert coding(tiny_madlad, target="he").before != made.before  # iw is what it calls Hebrew
    assert made.decode([*made.before, *made.pieces("Anna lives in Paris"), made.eos]) == "Anna lives in Paris"


@pytest.mark.parametrize("family", FAMILIES)
def test_text_that_looks_like_a_special_token_is_text(checkpoint: Found, family: str) -> None:
    made = coding(checkpoint(family))
    languages = {row for row, name in enumerate(made.names) if name in ("__de__", "deu_Latn", "<2de>")}
    ids = made.pieces("a </s> b <pad> __de__ deu_Latn <2de> c")
    assert made.eos not in ids and made.pad not in ids and not languages & set(ids)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_has_a_name_of_its_own(checkpoint: Found, family: str) -> None:
    folder = checkpoint(family)
    names = coding(folder).names
    assert len(names) == len(set(names)) == AutoConfig.from_pretrained(folder).vocab_size


@pytest.mark.parametrize("family", ["m2m100", "small100", "nllb", "madlad"])
def test_a_language_that_it_does_not_know_is_an_error(checkpoint: Found, family: str) -> None:
    with pytest.raises(UnknownLanguage, match="language 'qqq'"):
        coding(checkpoint(family), target="qqq")


@pytest.mark.parametrize(
    ("code", "known"),
    [("de", "deu_Latn"), ("deu", "deu_Latn"), ("deu_Latn", "deu_Latn"), ("zh", "zho_Hans"), ("zh-TW", "zho_Hant"),
     ("no", "nob_Latn"), ("pt-BR", "por_Latn"), ("fa", "pes_Arab"), ("sw", "swh_Latn"), ("ace_Arab", "ace_Arab"),
     ("zh-Hant", "zho_Hant"), ("zh_Hant_HK", "zho_Hant"), ("zh-Hans", "zho_Hans"), ("ks-Deva", "kas_Deva"),
     ("fil", "tgl_Latn"), ("nn", "nno_Latn"), ("zh-MO", "zho_Hant"), ("zh-SG", "zho_Hans")],
)  # fmt: skip
def test_nllb_knows_languages_by_their_usual_codes(code: str, known: str) -> None:
    assert known_language(code, nllb_languages()) == known


def test_a_language_of_two_scripts_is_not_guessed() -> None:
    with pytest.raises(UnknownLanguage, match="language 'ace'"):
        known_language("ace", nllb_languages())


def test_a_script_that_is_named_is_not_taken_for_another() -> None:
    with pytest.raises(UnknownLanguage, match=r"language 'sr-Latn'.*near codes are .*srp_Cyrl"):
        known_language("sr-Latn", nllb_languages())
    assert known_language("zh-Hant") == "zh"  # M2M100's codes say nothing of scripts.


@pytest.mark.parametrize(
    ("code", "known"),
    [("zh", "zh-CN"), ("zh-CN", "zh-CN"), ("zh-Hans", "zh-CN"), ("zh-Hans-SG", None), ("zh-Hant", None),
     ("zh-TW", None), ("zh-MO", None), ("pt", "pt-PT"), ("pt-BR", None), ("es-ES", None), ("es-419", "es-419"),
     ("sr", "sr-Cyrl"), ("sr-Latn", None), ("sr-RS", "sr-Cyrl")],
)  # fmt: skip
def test_a_script_or_region_that_is_named_is_not_taken_for_another_by_a_command(code: str, known: str | None) -> None:
    languages = ("en", "zh-CN", "pt-PT", "es-419", "sr-Cyrl")
    if known is None:
        with pytest.raises(UnknownLanguage, match=rf"language '{code}'.*near codes are .*{code[:3]}"):
            known_language(code, languages)
    else:
        assert known_language(code, languages) == known
    assert known_language("zh-TW", ("zh-Hans", "zh-Hant")) == "zh-Hant"


@pytest.mark.parametrize(
    ("code", "known"),
    [("zh", "cmn_Hans"), ("zh-tw", "cmn_Hant"), ("ar", "ara"), ("lv", "lav"), ("az", "aze_Latn"), ("arz", "arz")],
)
def test_a_marian_knows_languages_by_the_names_of_groups(code: str, known: str) -> None:
    assert known_language(code, ("acm", "ara", "arz", "aze_Latn", "cmn", "cmn_Hans", "cmn_Hant", "lav")) == known


@pytest.fixture
def of_wmt21(tiny_translator: Path, tmp_path: Path) -> Path:
    """An M2M100 with the eight languages of WMT21's checkpoints."""
    folder = shutil.copytree(tiny_translator, tmp_path / "wmt21")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "language_codes": "wmt21"}))
    return folder


def test_an_m2m100_has_the_languages_that_its_tokenizer_names(store: Store, of_wmt21: Path) -> None:
    choice = TranslatorChoice(checkpoint=str(of_wmt21))
    assert check_translator(choice, (("en", "de"), ("cs", "ru")), Generation(), Runtime()) == "m2m100"
    with pytest.raises(UnknownLanguage, match=r"language 'es': .* it knows 8, such as en, ha, is"):
        check_translator(choice, (("en", "es"),), Generation(), Runtime())
    made = run_alone(store, import_translator, (InputFolder(path=str(of_wmt21)),), (), None)
    assert read_card(store.folder(made)).languages == ("en", "ha", "is", "ja", "cs", "ru", "zh", "de")
    converted = store.folder(run_alone(store, convert_translator, made))
    assert translated(converted, "ctranslate2") == translated(of_wmt21, "transformers")
    (of_wmt21 / "tokenizer_config.json").write_text('{"language_codes": "wmt19"}')
    with pytest.raises(InputError, match="language_codes 'wmt19', expected one of m2m100, wmt21"):
        languages_of(of_wmt21, "m2m100")


def test_an_m2m100_that_is_trained_further_keeps_its_languages(
    store: Store, of_wmt21: Path, put_table: Callable[..., Reference]
) -> None:
    start = run_alone(store, import_translator, (InputFolder(path=str(of_wmt21)),), (), None)
    config = TranslatorTraining(epochs=1, max_length_subwords=64, subwords_per_batch=64)

    def trained(language: str) -> Reference:
        columns = {"pair_id": [0], "source": ["Anna lives"], "target": ["Anna lebt"], "spans": [0]}
        about = {"source_language": "en", "target_language": language, "pairs_by_spans": [1]}
        return run_alone(store, train_translator, (put_table(MARKED_PAIRS, columns, about),), start, config)

    assert read_card(store.folder(trained("de"))).languages == read_card(store.folder(start)).languages
    with pytest.raises(UnknownLanguage, match=r"language 'es': .* it knows 8"):
        trained("es")


# --- One folder for each direction.


@pytest.mark.parametrize("target", ["es", "fr-CA", "fra_Latn", "pt-BR", "sr-Latn", "yue"])
def test_a_marian_of_another_direction_is_refused(tiny_marian: Path, target: str) -> None:
    with pytest.raises(InputError, match=f"its target_lang is de, expected {target}"):
        coding(tiny_marian, target=target)
    with pytest.raises(InputError, match=f"its source_lang is en, expected {target}"):
        check_direction(tiny_marian, target, "de")


@pytest.mark.parametrize(
    ("found", "wanted"),
    [("de", "de-AT"), ("de", "deu"), ("de", "deu_Latn"), ("zh", "zh-TW"), ("zh", "cmn_Hans"), ("no", "nb"),
     ("ar", "ara"), ("he", "iw"), ("gmw", "de")],
)  # fmt: skip
def test_a_marian_is_of_its_language_by_any_name(tmp_path: Path, found: str, wanted: str) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"source_lang": "en", "target_lang": found}))
    check_direction(tmp_path, "en-GB", wanted)


def test_checkpoints_of_several_directions_are_one_translator(store: Store, tmp_path: Path) -> None:
    folders = {"en de": make_marian(tmp_path / "a", "en", "de"), "de en": make_marian(tmp_path / "b", "de", "en")}
    model = load_model(folders["de en"], "marian")
    model.model.shared.weight.data[:-1].normal_()  # The other direction says something else.
    model.save_pretrained(folders["de en"])
    sources = tuple(InputFolder(path=str(folder)) for folder in folders.values())
    made = run_alone(store, import_translator, sources, tuple(folders), None)
    converted = store.folder(run_alone(store, convert_translator, made))
    for (source, target), folder in zip((("en", "de"), ("de", "en")), folders.values(), strict=True):
        config = Generation(beam_size=2, engine="transformers")
        texts = []
        for place, engine in (
            (folder, "transformers"),
            (store.folder(made), "transformers"),
            (converted, "ctranslate2"),
        ):
            opened = make_engine(
                place, (source, target), config.model_copy(update={"engine": engine}), device="cpu", budget=512
            )
            texts.append([output for _, outputs in opened.translate(["Anna lives in Paris"]) for output in outputs])
        assert texts[0] == texts[1] == texts[2]
    with pytest.raises(InputError, match=r"no checkpoint for en to es, only for .*en to de"):
        make_engine(converted, ("en", "es"), Generation(), device="cpu", budget=64)


def test_one_checkpoint_for_each_direction_is_for_marian_alone(store: Store, tiny_nllb: Path) -> None:
    with pytest.raises(InputError, match="family nllb, and one checkpoint for each direction is for Marian"):
        run_alone(store, import_translator, (InputFolder(path=str(tiny_nllb)),), ("en de",), None)


def test_marian_with_two_vocabularies_is_refused(tiny_marian: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_marian, tmp_path / "two")
    (folder / "target_vocab.json").write_text("{}")
    with pytest.raises(InputError, match="vocabularies of their own"):
        check_translator_folder(folder)


def test_a_t5_that_is_no_translator_is_refused_not_read_as_madlad(tiny_madlad: Path, tmp_path: Path) -> None:
    assert check_translator_folder(tiny_madlad) == "madlad"
    folder = shutil.copytree(tiny_madlad, tmp_path / "flan-t5")
    (folder / "spiece.model").write_bytes(pieces_of(model_type="unigram"))
    with pytest.raises(
        InputError, match=r"no language token such as <2de>.* MADLAD-400's alone .*translator\.external"
    ):
        check_translator_folder(folder)


def test_an_nllb_without_language_tokens_is_refused(tiny_nllb: Path, tmp_path: Path) -> None:
    assert check_translator_folder(tiny_nllb) == "nllb"
    folder = shutil.copytree(tiny_nllb, tmp_path / "nllb")
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"de": 0}}}', encoding="utf-8")
    with pytest.raises(InputError, match="no language token such as deu_Latn, which every NLLB has"):
        check_translator_folder(folder)


def test_no_language_is_known_where_there_are_none() -> None:
    with pytest.raises(InputError, match="language 'de': the translator does not know it"):
        known_language("de", ())


# --- The card.


def test_an_m2m100_in_the_shape_of_small100_must_be_told_apart(tiny_translator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_translator, tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "encoder_layers": 12, "decoder_layers": 3}))
    with pytest.raises(InputError, match=r"their language tokens differ: set translator.family to small100 or m2m100"):
        family_of(folder)
    assert family_of(folder, "alirezamsh/SMaLL-100") == "small100"
    assert check_translator_folder(folder, "m2m100") == "m2m100"


def test_a_family_that_a_person_names_counts_when_the_checkpoint_is_taken(
    tiny_translator: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_translator, tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    model = M2M100ForConditionalGeneration(M2M100Config(**{**config, "encoder_layers": 12, "decoder_layers": 3}))
    model.save_pretrained(folder)
    with pytest.raises(InputError, match=r"set translator\.family to small100 or m2m100"):
        load_translator(folder)
    (tmp_path / "copy").mkdir()
    copy_translator(folder, tmp_path / "copy", "m2m100")
    assert (tmp_path / "copy" / "model.safetensors").is_file()
    with pytest.raises(InputError, match="of the family small100, expected m2m100"):
        load_translator(folder, "small100")


def test_the_card_counts_where_there_is_one_and_an_older_folder_without_is_an_m2m100(
    tiny_translator: Path, tmp_path: Path
) -> None:
    assert read_card(tiny_translator) == TranslatorCard(family="m2m100")
    folder = shutil.copytree(tiny_translator, tmp_path / "mine")
    write_card(TranslatorCard(family="small100", languages=("de",)), folder)
    assert family_of(folder) == "small100"
    write_card(TranslatorCard(family="m2m100", version=99), folder)
    with pytest.raises(InputError, match="version 99, expected at most 1; a later Crosstag"):
        read_card(folder)
    (folder / CARD_FILE).write_text('{"family": "moses"}')
    with pytest.raises(InputError, match="no translator's card of version 1"):
        read_card(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_markers_go_through_a_step_and_come_back(
    store: Store, put_table: Callable[..., Reference], checkpoint: Found, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that says what it hears, in place of a model: the coding alone must keep markers and words."""

    def echo(ids: np.ndarray, limit: int) -> Any:
        return lambda: ids.tolist()

    def heard(folder: Path, made: Coding, *args: Any) -> Any:
        skipped = len(made.before)
        return lambda ids, limit: echo(ids[:, skipped:], limit)

    monkeypatch.setattr("tasks.translation.machine.engines.ctranslate2_search", heard)
    made = run_alone(store, import_translator, (InputFolder(path=str(checkpoint(family))),), (), None)
    columns = {
        "sentence_id": [3], "words": [["Anna", "lives", "in", "Paris"]], "tags": [["B-PER", "O", "O", "B-LOC"]]
    }  # fmt: skip
    data = put_table(LABELLED, columns, {"language": "en", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]})
    converted = run_alone(store, convert_translator, made)
    done = run_alone(store, translate_text, data, converted, "en", "de", Marking(), Generation())
    (row,) = store.table(done).to_pylist()
    assert row["output"] == row["source"] == "__SLOT0__ Anna __SLOT0__ lives in __SLOT1__ Paris __SLOT1__"
