import numpy as np
import pyarrow as pa
import pytest

from tasks.denoising.settling import Settling, entity_counts, same_first_words, settle

STRINGS = pa.list_(pa.string())


def column(*tags: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([row.split() for row in tags], STRINGS)])


def settled(rows: list[tuple[str, str, str, str]], config: Settling) -> list[tuple[str, str]]:
    """Origin and tags of rows (reason, source tags, projected tags, the tagger's tags)."""
    reasons, sources, tags, tagged = zip(*rows, strict=True)
    projection = pa.table({"source_tags": column(*sources), "tags": column(*tags), "reason": list(reasons)})
    origins, chosen = settle(projection, column(*tagged), config)
    return [(origin, " ".join(row) if origin else "") for origin, row in zip(origins, chosen.to_pylist(), strict=True)]


def test_entities_are_counted_by_where_they_begin() -> None:
    assert entity_counts(column("B-PER I-PER B-LOC", "", "O O")).tolist() == [2, 0, 0]


def test_first_words_are_the_same_if_entities_begin_at_the_same_places() -> None:
    some = column("B-PER I-PER O", "B-PER O", "B-PER O", "O B-PER", "O", "", "")
    others = column("B-LOC O O", "O B-PER", "B-PER B-PER", "O B-PER", "O", "", "O")
    # Same places with another end and type; another place; another number; equal; none at all; no word; unlike lengths.
    assert same_first_words(some, others).tolist() == [True, False, False, True, True, True, False]


def test_the_papers_rule_relabels_what_was_discarded() -> None:
    rows = [
        ("", "B-PER", "B-PER O", "O O"),  # Kept: the projection counts, whatever the tagger says.
        ("unmatched", "B-PER", "", "O B-PER"),
        ("marker_lost", "B-PER", "", "B-LOC O"),
        ("all_outside", "O", "", "B-LOC O"),
        ("all_outside", "O", "", "O O"),  # Without entities for both: left out.
        ("sentence_too_long", "B-PER", "", "B-PER O"),
    ]
    expected = [
        ("projected", "B-PER O"),
        ("relabelled", "O B-PER"),
        ("relabelled", "B-LOC O"),
        ("relabelled", "B-LOC O"),
        ("", ""),
        ("", ""),
    ]
    assert settled(rows, Settling()) == expected


def test_relabelled_sentences_without_entities_and_long_ones_stay_as_options() -> None:
    rows = [
        ("unmatched", "B-PER", "", "O O"),
        ("sentence_too_long", "B-PER", "", "B-PER O"),
        ("too_long", "O", "", "B-PER"),
    ]
    assert settled(rows, Settling(all_outside="keep")) == [("relabelled", "O O"), ("", ""), ("relabelled", "B-PER")]
    kept = Settling(too_long="relabel")
    assert settled(rows, kept) == [("", ""), ("relabelled", "B-PER O"), ("relabelled", "B-PER")]


def test_a_projected_sentence_without_entities_stays() -> None:
    # The projection's own option kept it.
    assert settled([("", "O", "O O", "O O")], Settling()) == [("projected", "O O")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # As many entities, beginning at the same words; the projected types and ends count.
        (("", "B-PER", "B-PER I-PER O", "B-LOC O O"), ("agreed", "B-PER I-PER O")),
        (("", "B-PER", "B-PER O O", "B-PER O B-PER"), ("", "")),
        (("", "B-PER", "B-PER O O", "O B-PER O"), ("", "")),
        # Matching failed: one entity in the forward translation, one or two from the tagger.
        (("unmatched", "O B-PER I-PER", "", "O O B-LOC"), ("relabelled", "O O B-LOC")),
        (("inside_word", "B-PER", "", "O O B-LOC"), ("relabelled", "O O B-LOC")),
        (("ambiguous", "B-PER", "", "O O B-LOC"), ("relabelled", "O O B-LOC")),
        (("overlap", "B-PER", "", "O O B-LOC"), ("relabelled", "O O B-LOC")),
        (("unmatched", "B-PER", "", "B-LOC O B-LOC"), ("", "")),
        # It failed elsewhere: not asked.
        (("marker_lost", "B-PER", "", "B-PER O O"), ("", "")),
        (("too_many_entities", "B-PER", "", "B-PER O O"), ("", "")),
        # Both find none, or only one does.
        (("all_outside", "O", "", "O O O"), ("agreed", "O O O")),
        (("all_outside", "O", "", "B-PER O O"), ("", "")),
    ],
)
def test_the_rule_of_agreement(row: tuple[str, str, str, str], expected: tuple[str, str]) -> None:
    assert settled([row], Settling(rule="agreement")) == [expected]


def test_columns_in_several_chunks_settle_as_in_one() -> None:
    whole = column("B-PER O", "", "O")
    parts = pa.chunked_array([chunk for row in range(3) for chunk in whole.slice(row, 1).chunks])
    tagged = column("O O", "B-LOC", "O")
    columns = {"source_tags": whole, "reason": ["", "unmatched", ""]}
    for tags in (whole, parts):
        origins, chosen = settle(pa.table({**columns, "tags": tags}), tagged, Settling())
        assert origins.tolist() == ["projected", "relabelled", "projected"]
        assert chosen.to_pylist() == [["B-PER", "O"], ["B-LOC"], ["O"]]


def test_no_sentence_at_all_settles_nothing() -> None:
    empty = pa.table({"source_tags": column(), "tags": column(), "reason": pa.array([], pa.string())})
    origins, chosen = settle(empty, column(), Settling(rule="agreement"))
    assert np.array_equal(origins, []) and len(chosen) == 0
