"""Log probabilities of given outputs: by hand, by both engines, in any batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.translation.machine.card import TranslatorCard, family_of, read_card
from tasks.translation.machine.coding import read_coding
from tasks.translation.machine.converting import convert_folder
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.scoring import batches_of_equal_lengths, make_scorers, output_pieces
from tasks.translation.machine.translator import load_model
from tests.tasks.translation.machine.conftest import make_marian, pieces_of

FAMILIES = {"m2m100": "tiny_translator", "small100": "tiny_small100", "nllb": "tiny_nllb", "marian": "tiny_marian",
            "madlad": "tiny_madlad"}  # fmt: skip
SOURCES = ["Anna lives in Paris", "Paris", "Berlin and Anna .", "abcd"]
OUTPUTS = ["Paris", "Anna lives", "abcd efg hij", "in"]
EVERY = np.repeat(np.arange(4), 4), np.tile(np.arange(4), 4)
Found = Callable[[str], Path]


@pytest.fixture
def checkpoint(request: pytest.FixtureRequest) -> Found:
    return lambda family: request.getfixturevalue(FAMILIES[family])


def scorer(folder: Path, engine: str, budget: int = 4096, languages: tuple[str, str] = ("en", "de"), **settings: Any):
    config = Generation(engine=engine, **settings)
    return make_scorers(folder, [languages], config, device="cpu", budget=budget)[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_score_is_the_mean_log_softmax_of_an_outputs_sub_words_and_its_end(checkpoint: Found, family: str) -> None:
    folder = checkpoint(family)
    made = scorer(folder, "transformers")
    found = made.log_probabilities(SOURCES, OUTPUTS, EVERY)
    coding, model = made.coding, load_model(folder, family_of(folder))
    for place in (1, 6, 8, 15):
        i, j = EVERY[0][place], EVERY[1][place]
        ids = output_pieces(folder, read_card(folder), coding)(OUTPUTS[j])
        read = [coding.start] + ([] if coding.forced is None else [coding.forced])
        total = 0.0
        # One sub-word after another: what is read so far gives the probabilities of the next.
        for written in [*ids, coding.eos]:
            with torch.inference_mode():
                logits = model(
                    input_ids=torch.tensor([coding.encode(SOURCES[i])]), decoder_input_ids=torch.tensor([read])
                ).logits[0, -1]
                logits[list(coding.banned)] = -torch.inf  # Marian never writes the padding that it begins with.
            total += float(logits.log_softmax(0)[written])
            read.append(written)
        assert found[place] == pytest.approx(total / (len(ids) + 1), abs=1e-4)
    assert np.ptp(found) > 0.5, "so that another source or output would have another score"


@pytest.mark.parametrize("family", FAMILIES)
def test_both_engines_give_the_same_scores_in_float32(checkpoint: Found, family: str, tmp_path: Path) -> None:
    folder = checkpoint(family)
    convert_folder(folder, tmp_path)
    one, other = (
        scorer(place, engine).log_probabilities(SOURCES, OUTPUTS, EVERY)
        for place, engine in ((folder, "transformers"), (tmp_path, "ctranslate2"))
    )
    assert np.abs(one - other).max() < 1e-3


def test_what_computes_after_scoring_has_the_threads_that_it_had(tiny_translator: Path, tmp_path: Path) -> None:
    convert_folder(tiny_translator, tmp_path)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        scorer(tmp_path, "ctranslate2").log_probabilities(SOURCES, OUTPUTS, EVERY)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_a_score_does_not_depend_on_its_batch(tiny_translator: Path, tmp_path: Path, engine: str) -> None:
    folder = tiny_translator
    if engine == "ctranslate2":
        convert_folder(tiny_translator, tmp_path)
        folder = tmp_path
    together = scorer(folder, engine).log_probabilities(SOURCES, OUTPUTS, EVERY)
    alone = scorer(folder, engine, budget=1).log_probabilities(SOURCES, OUTPUTS, EVERY)
    few = scorer(folder, engine).log_probabilities(SOURCES, OUTPUTS, tuple(side[::-3] for side in EVERY))
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together[::-3], few, atol=1e-5)


def test_another_direction_has_other_scores_and_its_model_is_loaded_once(
    tiny_translator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []

    def counted(folder: Path, family: Any) -> Any:
        loaded.append(folder)
        return load_model(folder, family)

    monkeypatch.setattr("tasks.translation.machine.scoring.load_model", counted)
    directions = [("en", "de"), ("de", "en"), ("de", "de")]
    made = make_scorers(tiny_translator, directions, Generation(engine="transformers"), device="cpu", budget=512)
    scores = [each.log_probabilities(SOURCES, OUTPUTS, EVERY) for each in made]
    assert len(loaded) == 1
    assert all(np.abs(scores[i] - scores[j]).max() > 1e-3 for i, j in ((0, 1), (0, 2), (1, 2)))


def test_an_output_of_marian_is_cut_by_its_own_model(tmp_path: Path) -> None:
    folder = make_marian(tmp_path / "marian", "en", "de")
    (folder / "target.spm").write_bytes(pieces_of(model_type="char", use_all_vocab=True))
    card = TranslatorCard(family="marian")
    coding = read_coding(folder, card, "en", "de")
    assert len(output_pieces(folder, card, coding)("Anna")) == 5 > len(coding.pieces("Anna"))  # with the space's sign


def test_empty_and_overlong_sides_have_no_score(tiny_translator: Path) -> None:
    made = scorer(tiny_translator, "transformers", max_length_subwords=8)
    done: list[int] = []
    pairs = np.array([0, 1, 2, 0, 0]), np.array([0, 0, 0, 1, 2])
    found = made.log_probabilities(["Anna", "", "Anna " * 9], ["Paris", "", "Paris " * 9], pairs, done.append)
    assert np.isnan(found).tolist() == [False, True, True, True, True] and sum(done) == 5
    assert len(made.log_probabilities([], [], (np.zeros(0, int), np.zeros(0, int)))) == 0


def test_a_translator_in_the_form_of_the_other_engine_is_a_mistake(tiny_translator: Path) -> None:
    with pytest.raises(TypeError, match="is not what ctranslate2 reads"):
        scorer(tiny_translator, "ctranslate2")


def test_batches_hold_one_length_on_either_side_and_keep_within_both_budgets() -> None:
    # (source, output): rows 0, 2 and 5 are alike, with the end of the output 3 + 3 sub-words; row 3 is left out.
    sources, outputs = np.array([3, 3, 3, 3, 4, 3]), np.array([2, 1, 2, 2, 2, 2])
    usable = np.array([True, True, True, False, True, True])

    def batches(budget: int, most: int) -> set[tuple[int, ...]]:
        found = batches_of_equal_lengths(sources, outputs, usable, budget, most)
        return {tuple(sorted(rows.tolist())) for rows in found}

    assert batches(100, 100) == {(4,), (0, 2, 5), (1,)}
    assert len(batches(12, 100)) == 4 and max(map(len, batches(12, 100))) == 2  # 2 x 6 sub-words
    assert len(batches(100, 6)) == 4 and max(map(len, batches(100, 6))) == 2  # 2 x 3 of the outputs
    assert batches(1, 1) == {(4,), (0,), (2,), (5,), (1,)}
    assert batches_of_equal_lengths(sources, outputs, ~usable & False, 9, 9) == []
