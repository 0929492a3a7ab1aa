import numpy as np
import pyarrow as pa
import pytest

from tasks.denoising.settling import SETTLED_BY, Settling, entity_counts, same_first_words, same_tags, settle

STRINGS = pa.list_(pa.string())


def column(*tags: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([row.split() for row in tags], STRINGS)])


def settled(rows: list[tuple[str, str, str]], config: Settling) -> list[tuple[str, str]]:
    """Origin and tags of rows (reason, projected tags, the tagger's tags)."""
    reasons, tags, tagged = zip(*rows, strict=True)
    projection = pa.table({"tags": column(*tags), "reason": list(reasons)})
    return shown(*settle(projection, column(*tagged), config))


def shown(origins: np.ndarray, chosen: pa.Array) -> list[tuple[str, str]]:
    return [(origin, " ".join(row) if origin else "") for origin, row in zip(origins, chosen.to_pylist(), strict=True)]


def settled_sentence(reason: str, back: str, projected: str, tagged: str, rule: str) -> tuple[str, str]:
    """Origin and tags of `Er wohnt in Prag bei Ada .`.

    Args:
        reason: why the projection dropped it.
        back: its labelled back-translation, such as `Er wohnt/B-LOC`.
        projected: its projected tags.
        tagged: the words that the tagger says to be entities, such as `Prag/LOC Ada/PER`.
        rule: of settling.
    """
    words = ["Er", "wohnt", "in", "Prag", "bei", "Ada", "."]
    types = dict(entity.split("/") for entity in tagged.split())
    tags = " ".join(f"B-{types[word]}" if word in types else "O" for word in words)
    pairs = [word.partition("/")[::2] for word in back.split()]
    entities = " ".join(f" {word}" if tag[:1] == "I" else f"|{word}" for word, tag in pairs if tag).replace("  ", " ")
    projection = pa.table(
        {
            "words": column(" ".join(words)),
            "output_tags": column(" ".join(tag or "O" for _, tag in pairs)),
            "entities": pa.chunked_array([pa.array([[each.strip() for each in entities.split("|")[1:]]], STRINGS)]),
            "tags": column(projected),
            "reason": [reason],
        }
    )
    ((origin, found),) = shown(*settle(projection, column(tags), Settling(rule=rule)))  # type: ignore[arg-type]
    return origin, "the tagger's" if found == tags else found


def test_entities_are_counted_by_where_they_begin() -> None:
    assert entity_counts(column("B-PER I-PER B-LOC", "", "O O")).tolist() == [2, 0, 0]


def test_first_words_are_compared_one_by_one() -> None:
    words = column("Ada Ulm", "Ada Ulm", "Ada Ulm", "Ada Ulm", "Ada Ulm", "", "Ada", "Ada Ulm")
    tags = column("B-PER B-LOC", "B-PER B-LOC", "B-PER I-PER", "B-PER O", "B-PER O", "", "O", "O B-LOC")
    entities = [["Ada", "Ulm"], ["Ulm", "Ada"], ["Ada Uhl"], ["Adas"], ["Ada", "Ada"], [], [], ["Ulm am See"]]
    # Equal; crossed; another end; another word; another number; nothing; no entity on either side; another length.
    expected = [True, False, True, False, False, True, True, True]
    assert same_first_words(pa.chunked_array([entities], STRINGS), words, tags).tolist() == expected


def test_rows_of_tags_are_the_same_if_all_tags_are() -> None:
    some, others = column("B-PER O", "B-PER", "B-PER O", "", "O"), column("B-PER O", "B-LOC", "B-PER", "", "")
    assert same_tags(some, others).tolist() == [True, False, False, True, False]


def test_the_papers_rule_relabels_what_was_discarded() -> None:
    rows = [
        ("", "B-PER O", "O O"),  # Kept: the projection counts, whatever the tagger says.
        ("unmatched", "", "O B-PER"),
        ("marker_lost", "", "B-LOC O"),
        ("all_outside", "", "B-LOC O"),
        ("all_outside", "", "O O"),  # Without entities for both: left out.
        ("sentence_too_long", "", "B-PER O"),
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
        ("unmatched", "", "O O"),
        ("sentence_too_long", "", "B-PER O"),
        ("too_long", "", "B-PER"),
    ]
    assert settled(rows, Settling(all_outside="keep")) == [("relabelled", "O O"), ("", ""), ("relabelled", "B-PER")]
    kept = Settling(too_long="relabel")
    assert settled(rows, kept) == [("", ""), ("relabelled", "B-PER O"), ("relabelled", "B-PER")]


def test_a_projected_sentence_without_entities_stays() -> None:
    # The projection's own option kept it.
    assert settled([("", "O O", "O O")], Settling()) == [("projected", "O O")]


PROJECTED, LONGER = "O O O B-LOC O O O", "O O O B-LOC I-LOC O O"


@pytest.mark.parametrize(
    ("reason", "back", "projected", "tagged", "expected"),
    [
        # Projected labels stay where the tagger's entity begins with the same word, whatever its type.
        ("", "Wohnt in Prag/B-LOC", PROJECTED, "Prag/PER", ("agreed", PROJECTED)),
        ("", "Wohnt in Prag/B-LOC", PROJECTED, "Prag/LOC Ada/PER", ("", "")),
        ("", "Wohnt in Prag/B-LOC", PROJECTED, "Ada/LOC", ("", "")),
        # Matching failed: the tagger's labels, if its entities begin with the words of the back-translation's.
        ("ambiguous", "Wohnt in Prag/B-LOC", "", "Prag/LOC", ("relabelled", "the tagger's")),
        ("overlap", "Wohnt in Prag/B-LOC Stadt/I-LOC", "", "Prag/PER", ("relabelled", "the tagger's")),
        ("unmatched", "In Praha/B-LOC", "", "wohnt/LOC", ("", "")),
        ("unmatched", "In Praha/B-LOC", "", "Prag/LOC", ("", "")),
        ("inside_word", "In Pra/B-LOC", "", "Prag/LOC", ("", "")),
        ("unmatched", "Prag/B-LOC hat Ada/B-PER", "", "Prag/LOC Ada/PER", ("relabelled", "the tagger's")),
        ("unmatched", "Ada/B-PER in Prag/B-LOC", "", "Prag/LOC Ada/PER", ("", "")),
        ("unmatched", "Prag/B-LOC", "", "Prag/LOC Ada/PER", ("", "")),
        # Or if both are the same row of tags, whatever the words.
        ("unmatched", "Er lebt in Praha/B-LOC mit A .", "", "Prag/LOC", ("relabelled", "the tagger's")),
        ("unmatched", "Er lebt in Praha/B-PER mit A .", "", "Prag/LOC", ("", "")),
        ("", "Er lebt in Praha/B-LOC mit A .", LONGER, "Prag/LOC", ("agreed", LONGER)),
        # It failed elsewhere: not asked.
        ("marker_lost", "", "", "Prag/LOC", ("", "")),
        ("too_many_entities", "Prag/B-LOC", "", "Prag/LOC", ("", "")),
        # Both find none, or only one does.
        ("all_outside", "", "", "", ("agreed", "the tagger's")),
        ("all_outside", "", "", "Prag/LOC", ("", "")),
    ],
)
def test_the_rule_of_agreement(reason: str, back: str, projected: str, tagged: str, expected: tuple[str, str]) -> None:
    assert settled_sentence(reason, back, projected, tagged, "agreement") == expected


@pytest.mark.parametrize(
    ("reason", "back", "projected", "tagged", "expected"),
    [
        ("", "Wohnt in Prag/B-LOC", PROJECTED, "", ("projected", PROJECTED)),
        ("unmatched", "In Praha/B-LOC", "", "wohnt/LOC", ("relabelled", "the tagger's")),
        ("unmatched", "In Praha/B-LOC", "", "wohnt/LOC Ada/PER", ("", "")),
        ("marker_lost", "", "", "Prag/LOC", ("", "")),
        ("all_outside", "", "", "", ("", "")),
    ],
)
def test_the_rule_of_number(reason: str, back: str, projected: str, tagged: str, expected: tuple[str, str]) -> None:
    assert settled_sentence(reason, back, projected, tagged, "number") == expected


def test_columns_in_several_chunks_settle_as_in_one() -> None:
    whole = column("B-PER O", "", "O")
    parts = pa.chunked_array([chunk for row in range(3) for chunk in whole.slice(row, 1).chunks])
    tagged = column("O O", "B-LOC", "O")
    columns = {"reason": ["", "unmatched", ""]}
    for tags in (whole, parts):
        origins, chosen = settle(pa.table({**columns, "tags": tags}), tagged, Settling())
        assert origins.tolist() == ["projected", "relabelled", "projected"]
        assert chosen.to_pylist() == [["B-PER", "O"], ["B-LOC"], ["O"]]


def test_no_sentence_at_all_settles_nothing() -> None:
    empty = pa.table({**{name: column() for name in SETTLED_BY}, "reason": pa.array([], pa.string())})
    for rule in ("agreement", "number"):
        origins, chosen = settle(empty, column(), Settling(rule=rule))  # type: ignore[arg-type]
        assert np.array_equal(origins, []) and len(chosen) == 0
