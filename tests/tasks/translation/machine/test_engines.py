"""The two engines against each other, and against other batches."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from artifacts.errors import InputError
from tasks.translation.machine.coding import decode, encode
from tasks.translation.machine.converting import convert_folder
from tasks.translation.machine.engines import (
    Engine,
    Generation,
    ctranslate2_precision,
    equal_length_batches,
    make_engine,
    output_limit,
    transformers_precision,
)
from tasks.translation.machine.translator import load_tokenizer

VOCABULARY = ["Anna", "lives", "in", "__SLOT0__", "Paris", "bod", "Mona", ".", "and", "Berlin", "koop", "zi"]
Make = Callable[..., Engine]


def some_texts(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(VOCABULARY, random.integers(1, 12))) for _ in range(count)]


def translated(engine: Engine, texts: list[str]) -> list[str]:
    found: dict[int, str] = {}
    for rows, outputs in engine.translate(texts):
        found.update(zip(rows.tolist(), outputs, strict=True))
    assert len(found) == len(texts)
    return [found[row] for row in range(len(texts))]


@pytest.fixture(scope="module")
def converted(tiny_translator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    convert_folder(tiny_translator, folder)
    return folder


@pytest.fixture
def engine(tiny_translator: Path, converted: Path) -> Make:
    def make(name: str = "ctranslate2", budget: int = 4096, target: str = "de", **settings: object) -> Engine:
        config = Generation(engine=name, precision="float32", **settings)
        folder = converted if name == "ctranslate2" else tiny_translator
        return make_engine(folder, ("en", target), config, device="cpu", budget=budget)

    return make


def test_what_computes_after_a_translation_has_the_threads_that_it_had(engine: Make) -> None:
    # ctranslate2 sets OpenMP's number, which is torch's, where it loads a model.
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        translated(engine(), some_texts(4))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("beam", [1, 5])
def test_both_engines_give_the_same_texts_in_float32(engine: Make, beam: int) -> None:
    texts = some_texts(40)
    settings = {"beam_size": beam, "max_length_factor": 1.0}
    ours = translated(engine(**settings), texts)
    assert ours == translated(engine("transformers", **settings), texts)
    assert len(set(ours)) > 20  # of 40 texts, some of one word are equal


@pytest.mark.parametrize(("name", "count"), [("ctranslate2", 300), ("transformers", 30)])
def test_a_text_is_translated_the_same_whatever_stands_in_its_batch(engine: Make, name: str, count: int) -> None:
    texts, length = some_texts(count), {"max_length_factor": 1.0, "max_length_extra": 2}
    together = translated(engine(name, **length), texts)
    assert together == translated(engine(name, budget=1, **length), texts)
    assert together[::-3] == translated(engine(name, budget=300, **length), texts[::-3])


def test_markers_stay_in_a_text_and_special_tokens_go(tiny_translator: Path) -> None:
    tokenizer = load_tokenizer(tiny_translator)
    text = "Anna __SLOT0__ lives __SLOT0__ in __SLOT9__ Paris __SLOT9__ ."
    ids = encode(tokenizer, text, tokenizer.get_lang_id("en"))
    assert ids[0] == tokenizer.get_lang_id("en") and ids[-1] == tokenizer.eos_token_id
    assert tokenizer.convert_tokens_to_ids("__SLOT9__") in ids
    rows_without_piece = [tokenizer.encoder_size + 100]
    assert decode(tokenizer, [tokenizer.get_lang_id("de"), *ids, *rows_without_piece, tokenizer.pad_token_id]) == text


def test_text_that_looks_like_a_special_token_is_none(tiny_translator: Path) -> None:
    tokenizer = load_tokenizer(tiny_translator)
    ids = encode(tokenizer, "a </s> __de__ b", tokenizer.get_lang_id("en"))
    assert ids.count(tokenizer.eos_token_id) == 1 and tokenizer.get_lang_id("de") not in ids


def test_empty_and_overlong_texts_are_not_translated(engine: Make) -> None:
    assert translated(engine(max_length_subwords=8), ["", "Anna " * 7, "Anna"])[:2] == ["", ""]
    assert translated(engine(), []) == []


def test_an_unknown_language_is_an_error_before_anything_is_translated(engine: Make) -> None:
    with pytest.raises(InputError, match="language 'xx'"):
        engine(target="xx")


def test_batches_hold_one_length_and_keep_within_the_budget() -> None:
    # Rows 1 and 5 are empty texts (two special sub-words), row 3 is too long. Of length 4, two fit into 8 sub-words.
    lengths = np.array([4, 2, 4, 99, 5, 2, 4])
    batches = [rows.tolist() for rows in equal_length_batches(lengths, 8, 3, 50)]
    assert batches == [[4], [0, 2], [6]]
    assert equal_length_batches(np.array([], dtype=np.int64), 8, 3, 50) == []
    assert equal_length_batches(np.array([2, 99]), 8, 3, 50) == []
    assert [rows.tolist() for rows in equal_length_batches(np.array([9, 9]), 8, 3, 50)] == [[0], [1]]


def test_the_longest_output_follows_from_the_source_alone() -> None:
    config = Generation(max_length_factor=1.5, max_length_extra=10)
    assert output_limit(7, config, 100) == 20  # floor(10.5) + 10
    assert output_limit(90, config, 100) == 100


def test_an_output_ends_at_the_longest_length(engine: Make) -> None:
    for name in ("ctranslate2", "transformers"):
        made = engine(name)
        source = np.array([made.coding.encode("Anna lives")])
        assert [len(output) <= 6 for output in made.search(source, 5)()] == [True]


@pytest.mark.parametrize("name", ["ctranslate2", "transformers"])
def test_texts_whose_outputs_are_cut_are_told(engine: Make, name: str) -> None:
    cut: list[str] = []
    # The tiny translator finds no end: each output is as long as it may be.
    made = replace(engine(name, max_length_extra=2), cut=cut.extend)
    translated(made, ["Anna lives", "", "Paris"])
    assert sorted(cut) == ["Anna lives", "Paris"]


def test_an_output_that_ends_with_its_last_sub_word_is_whole(engine: Make) -> None:
    made = engine(max_length_factor=1.0, max_length_extra=2)
    eos, forced = made.coding.eos, made.coding.forced
    cut: list[str] = []
    # "Anna" has 3 sub-words, its output at most 5: ctranslate2 leaves the end out, transformers does not.
    for output, told in (
        ([forced, 4, 4, 4], []),
        ([forced, 4, 4, 4, eos], []),
        ([forced, 4, eos, made.coding.pad, made.coding.pad], []),
        ([forced, 4, 4, 4, 4], ["Anna"]),
    ):
        cut.clear()
        translated(replace(made, search=lambda ids, limit, output=output: lambda: [output], cut=cut.extend), ["Anna"])
        assert cut == told


def test_a_translator_in_the_form_of_the_other_engine_is_a_mistake(tiny_translator: Path, converted: Path) -> None:
    for folder, engine in ((tiny_translator, "ctranslate2"), (converted, "transformers")):
        with pytest.raises(TypeError, match=f"is not what {engine} reads"):
            make_engine(folder, ("en", "de"), Generation(engine=engine), device="cpu", budget=64)


FORMATS = {
    "float32": ("float32", torch.float32),
    "bf16": ("bfloat16", torch.bfloat16),
    "float16": ("float16", torch.float16),
    "int8": ("int8_float32", None),
}


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("precision", FORMATS)
def test_a_number_format_is_the_same_on_every_device(
    monkeypatch: pytest.MonkeyPatch, device: str, precision: str
) -> None:
    everything = {"float32", "bfloat16", "float16", "int8", "int8_float32", "int8_float16", "int8_bfloat16"}
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda device: everything)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    named, kind = FORMATS[precision]
    assert ctranslate2_precision(device, precision) == named
    if kind is not None:
        assert transformers_precision(device, precision) == kind


def test_a_format_that_the_device_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda device: {"float32"})
    with pytest.raises(
        InputError, match="precision bf16: ctranslate2 does not compute in it on this cpu, but in float"
    ):
        ctranslate2_precision("cpu", "bf16")
    with pytest.raises(InputError, match="int8: the engine transformers does not have it; set engine"):
        transformers_precision("cpu", "int8")
