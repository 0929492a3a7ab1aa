"""What is said of both sides of pairs, by hand, and which pairs are looked at."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from artifacts.catalog import CONJUGATE_PAIRS, TAGGER
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.pair_agreement import drawn_sentences, measure_pair_agreement, pair_predictions, totals
from tasks.tagging.crf_head import CRF
from tasks.tagging.inference import FLOAT32
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig
from tasks.words.bioes import bioes_labels

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
INNER = bioes_labels(LABELS)
TYPES = ["LOC", "PER"]
WINDOWS = WindowConfig(max_length_subwords=8, overlap_subwords=2)  # Sentences are cut.
Put = Callable[..., Reference]
# Sentence, translation, pairs of spans; None was dropped. The second has no pair.
PAIRS: list[tuple[list[str], list[str], list[tuple[tuple[int, int], tuple[int, int] | None]]]] = [
    (["in", "Paris", "Anna"], ["Anna", "abc", "in", "Paris"], [((1, 2), (3, 4)), ((2, 3), (0, 2))]),
    (["ab"], ["bc"], []),
    (["Berlin", "xyz", "abc", "lives"], ["Berlin"], [((3, 4), None), ((0, 2), (0, 1))]),
]


def log_p(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows).log()


def test_columns_by_hand() -> None:
    # Classes: LOC, PER, O, illegal. KL both ways of (.5, .25, .125, .125) and (.125, .25, .125, .5):
    # each difference is +-.375 ln 4 at two places, of which 1/2 (sum of (p - q)(ln p - ln q)) = .375 ln 4.
    one = log_p([0.5, 0.25, 0.125, 0.125], [0.1, 0.1, 0.7, 0.1])
    other = log_p([0.125, 0.25, 0.125, 0.5], [0.1, 0.1, 0.7, 0.1])
    found = {name: column.to_pylist() for name, column in pair_predictions(one, other, TYPES).items()}
    assert (found["label"], found["translated_label"]) == (["LOC", "O"], ["illegal", "O"])
    assert found["illegal"] == pytest.approx([0.125, 0.1]) and found["translated_illegal"] == pytest.approx([0.5, 0.1])
    assert found["divergence"] == pytest.approx([0.375 * math.log(4), 0.0], abs=1e-7)


def test_totals_count_rows_by_how_many_sides_are_illegal_and_types_that_are_shared() -> None:
    rows = [
        ("illegal", "illegal", 0.8, 0.6, 0.1),
        ("illegal", "LOC", 0.9, 0.1, 2.0),
        ("PER", "illegal", 0.2, 0.5, 1.0),
        ("LOC", "LOC", 0.1, 0.2, 0.0),
        ("PER", "PER", 0.0, 0.0, 0.0),
        ("LOC", "PER", 0.0, 0.0, 3.0),  # Two types are not one.
        ("O", "O", 0.0, 0.0, 0.0),  # Nor is O a type.
    ]
    names = ("label", "translated_label", "illegal", "translated_illegal", "divergence")
    columns = {name: pa.array(list(values)) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    found = totals(columns)
    assert found.pop("mean_illegal") == pytest.approx(3.4 / 14)
    assert found.pop("mean_divergence") == pytest.approx(6.1 / 7)
    assert found == {"pairs": 7, "illegal_on_both": 1, "illegal_on_one": 2, "illegal_on_neither": 4, "same_type": 2}


def test_sentences_are_drawn_whole_until_their_pairs_are_enough() -> None:
    counts = np.array([2, 0, 3, 1, 2, 0, 1])
    for seed in range(20):
        rows = drawn_sentences(counts, 4, seed)
        assert list(rows) == sorted(set(rows.tolist())) and (counts[rows] > 0).all()
        assert 1 <= counts[rows].sum() <= 4
    assert drawn_sentences(counts, 9, 0).tolist() == [0, 2, 3, 4, 6]  # All, for there are nine.
    assert drawn_sentences(np.array([0, 7]), 4, 0).tolist() == [1]  # One at least.
    assert drawn_sentences(counts, 4, 3).tolist() == drawn_sentences(counts, 4, 3).tolist()
    assert len({tuple(drawn_sentences(counts, 4, seed).tolist()) for seed in range(20)}) > 3


@pytest.fixture
def tagger(put_model: Put, sharp_encoder: Path, tmp_path: Path) -> Reference:
    save_tagger(*new_tagger(sharp_encoder, LABELS, 0.0, 0, CRF), tmp_path / "tagger")
    return put_model(TAGGER, tmp_path / "tagger", {"labels": LABELS})


@pytest.fixture
def put_pairs(put_table: Put) -> Callable[[list[Any]], Reference]:
    def put(pairs: list[Any]) -> Reference:
        columns: dict[str, list[Any]] = {"sentence_id": [5 + 2 * place for place in range(len(pairs))]}
        columns |= {"words": [one for one, *_ in pairs], "translation": [other for _, other, _ in pairs]}
        places = (("starts", 0, 0), ("ends", 0, 1), ("translated_starts", 1, 0), ("translated_ends", 1, 1))
        for name, place, side in places:
            columns[name] = [[(pair[place] or (-1, -1))[side] for pair in made] for *_, made in pairs]
        columns["reasons"] = [["" if other else "placeholder_lost" for _, other in made] for *_, made in pairs]
        return put_table(CONJUGATE_PAIRS, columns, {"language": "de", "translated_language": "en"})

    return put


def span(model: Any, tokenizer: Any, words: list[str], start: int, end: int) -> dict[str, float]:
    """Algorithm 1 as it is printed, for spans of one or two words, of a sentence alone."""
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    of = encoded.word_ids()
    with torch.no_grad():
        p = model(**encoded).logits[0].double().softmax(-1)
    rows = [p[of.index(word)] for word in range(start, end)]
    wanted = ["S"] if end - start == 1 else ["B", "E"]
    found = {"O": math.prod(float(row[INNER.index("O")]) for row in rows)}
    for kind in TYPES:
        found[kind] = math.prod(float(r[INNER.index(f"{sign}-{kind}")]) for r, sign in zip(rows, wanted, strict=True))
    return {**found, "illegal": 1 - sum(found.values())}


def test_the_step_says_of_every_pair_what_the_emissions_say(
    store: Store, tagger: Reference, put_pairs: Callable[[list[Any]], Reference], sharp_encoder: Path
) -> None:
    wide = WindowConfig(max_length_subwords=40, overlap_subwords=4)
    made = run_alone(store, measure_pair_agreement, tagger, put_pairs(PAIRS), 100, 1, wide, FLOAT32)
    rows = store.table(made).to_pylist()
    model, tokenizer = CRF.load(store.folder(tagger), None), new_tagger(sharp_encoder, LABELS, 0.0, 0, CRF)[1]
    model.eval()
    expected = [(5, 0, 0), (5, 0, 1), (9, 2, 1)]  # The dropped pair of the last sentence is none.
    assert [row["sentence_id"] for row in rows] == [sentence for sentence, *_ in expected]
    for row, (_, sentence, place) in zip(rows, expected, strict=True):
        words, translation, pairs = PAIRS[sentence]
        (start, end), other = pairs[place]
        assert other is not None
        assert (row["start"], row["end"], row["translated_start"], row["translated_end"]) == (start, end, *other)
        assert row["text"] == " ".join(words[start:end])
        assert row["translated_text"] == " ".join(translation[slice(*other)])
        p, q = span(model, tokenizer, words, start, end), span(model, tokenizer, translation, *other)
        assert (row["label"], row["translated_label"]) == (max(p, key=p.__getitem__), max(q, key=q.__getitem__))
        assert (row["illegal"], row["translated_illegal"]) == pytest.approx((p["illegal"], q["illegal"]), rel=1e-4)
        eq_2 = sum((p[name] - q[name]) * (math.log(p[name]) - math.log(q[name])) for name in p) / 2
        assert row["divergence"] == pytest.approx(eq_2, rel=1e-3)
    about = store.metadata(made)
    assert (about["sentences"], about["of_pairs"], about["total"]["pairs"]) == (2, 3, 3)
    assert about["total"]["mean_divergence"] == pytest.approx(sum(row["divergence"] for row in rows) / 3)


def test_the_step_looks_at_as_many_pairs_as_it_is_told_drawn_by_the_seed(
    store: Store, tagger: Reference, put_pairs: Callable[[list[Any]], Reference]
) -> None:
    pairs = put_pairs([(["in", "Paris"], ["Paris"], [((1, 2), (0, 1))]) for _ in range(12)])
    drawn = {}
    for seed in (1, 2):
        made = run_alone(store, measure_pair_agreement, tagger, pairs, 4, seed, WINDOWS, FLOAT32)
        drawn[seed] = store.table(made)["sentence_id"].to_pylist()
        assert drawn[seed] == [5 + 2 * row for row in drawn_sentences(np.ones(12, dtype=int), 4, seed)]
        assert store.metadata(made)["of_pairs"] == 12
    assert drawn[1] != drawn[2]


def test_pairs_without_any_and_taggers_without_a_crf_are_refused(
    store: Store, tagger: Reference, put_model: Put, put_pairs: Callable[[list[Any]], Reference], sharp_encoder: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    with pytest.raises(InputError, match="none of the 1 sentences has a pair"):
        run_alone(store, measure_pair_agreement, tagger, put_pairs([(["ab"], [], [])]), 4, 1, WINDOWS, FLOAT32)
    save_tagger(*new_tagger(sharp_encoder, LABELS, 0.0, 0), tmp_path / "linear")
    linear = put_model(TAGGER, tmp_path / "linear", {"labels": LABELS})
    with pytest.raises(InputError, match="its head is 'linear', expected 'crf'"):
        run_alone(store, measure_pair_agreement, linear, put_pairs(PAIRS), 4, 1, WINDOWS, FLOAT32)
