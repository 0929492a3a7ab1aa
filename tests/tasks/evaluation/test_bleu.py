"""BLEU of held-out text: by hand, at its ends, and against a text that is another."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import MACHINE_TRANSLATION, PARALLEL
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.averages import average_bleu
from tasks.evaluation.bleu import corpus_bleu, score_bleu

ABOUT = {"source_language": "en", "target_language": "de"}
GERMAN = ["Anna wohnt heute in Ulm .", "Es regnet seit drei Tagen ."]
ENGLISH = ["Anna lives in Ulm today .", "It has been raining for three days ."]


def test_bleu_is_the_geometric_mean_of_shared_n_grams() -> None:
    # Output `a b c d e`, reference `a b c d f`: of 5 words 4 are shared, of 4 pairs 3, of 3 triples 2, of 2 quadruples
    # 1; the lengths are equal. (4/5 * 3/4 * 2/3 * 1/2)^(1/4) = 0.2^(1/4).
    row, signature = corpus_bleu(["a b c d e"], ["a b c d f"], "de")
    assert row["bleu"] == pytest.approx(100 * 0.2**0.25)
    assert (row["brevity_penalty"], row["output_words"], row["reference_words"], row["sentences"]) == (1, 5, 5, 1)
    assert "tok:13a" in signature


def test_a_short_output_is_punished() -> None:
    # Output of 5 words, reference of 6, all n-grams shared: exp(1 - 6/5).
    row, _ = corpus_bleu(["a b c d e"], ["a b c d e f"], "de")
    assert row["bleu"] == pytest.approx(100 * math.exp(-0.2))


def test_the_reference_itself_has_100() -> None:
    assert corpus_bleu(GERMAN, GERMAN, "de")[0]["bleu"] == pytest.approx(100)


def test_languages_without_spaces_are_split() -> None:
    for language, text, tokeniser in (
        ("zh-CN", "我住在乌尔姆。", "zh"),
        ("ja", "ウルムに住む", "char"),
        ("th", "กขคง", "char"),
    ):
        row, signature = corpus_bleu([text], [text], language)
        assert row["bleu"] == pytest.approx(100) and row["output_words"] >= 4 and f"tok:{tokeniser}" in signature


@pytest.fixture
def parallel(put_table: Callable[..., Reference]) -> Reference:
    return put_table(PARALLEL, {"pair_id": [0, 1], "source": ENGLISH, "target": GERMAN}, ABOUT)


def translation(put_table: Callable[..., Reference], outputs: list[str], ids: list[int], about: Any) -> Reference:
    return put_table(MACHINE_TRANSLATION, {"sentence_id": ids, "source": ["x"] * len(ids), "output": outputs}, about)


def test_the_other_side_is_the_reference(
    store: Store, put_table: Callable[..., Reference], parallel: Reference
) -> None:
    back = {"source_language": "de", "target_language": "en"}
    for outputs, about in ((GERMAN, ABOUT), (ENGLISH, back)):
        made = run_alone(store, score_bleu, translation(put_table, outputs, [0, 1], about), parallel)
        assert store.table(made)["bleu"].to_pylist() == [pytest.approx(100)]
        assert {name: store.metadata(made)[name] for name in about} == about


def test_the_translation_of_another_text_is_refused(
    store: Store, put_table: Callable[..., Reference], parallel: Reference
) -> None:
    for ids, about in (([0], ABOUT), ([1, 0], ABOUT), ([0, 1], {**ABOUT, "target_language": "nl"})):
        with pytest.raises(InputError, match=r"translate a side of this text"):
            run_alone(store, score_bleu, translation(put_table, GERMAN[: len(ids)], ids, about), parallel)


def test_the_mean_of_texts_counts_each_alike(
    store: Store, put_table: Callable[..., Reference], parallel: Reference
) -> None:
    # 100 and 0, whatever the number of words: 50. The first output is the reference, the second shares nothing.
    right = run_alone(store, score_bleu, translation(put_table, GERMAN, [0, 1], ABOUT), parallel)
    wrong = run_alone(store, score_bleu, translation(put_table, ["x", "y"], [0, 1], ABOUT), parallel)
    made = run_alone(store, average_bleu, (right, wrong))
    (row,) = store.table(made).to_pylist()
    parts = [store.table(each).to_pylist()[0] for each in (right, wrong)]
    assert parts[1]["bleu"] == pytest.approx(0, abs=1e-9)
    assert row["bleu"] == pytest.approx(50)
    assert row["brevity_penalty"] == pytest.approx((1 + parts[1]["brevity_penalty"]) / 2)
    assert (row["output_words"], row["reference_words"], row["sentences"]) == (12 + 2, 24, 4)
    assert store.metadata(made)["target_language"] == "de"
