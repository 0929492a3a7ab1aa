from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.words.bioes import bioes_ids, bioes_labels, ends, follows, iob2_ids, starts
from tasks.words.schemes import to_iob2

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
INNER = ["O", "B-LOC", "S-LOC", "I-LOC", "E-LOC", "B-PER", "S-PER", "I-PER", "E-PER"]


def converted(*sentences: str) -> list[str]:
    tags = [sentence.split() for sentence in sentences]
    ids = np.array([LABELS.index(tag) for sentence in tags for tag in sentence], dtype=np.int64)
    return [INNER[i] for i in bioes_ids(ids, np.array([len(sentence) for sentence in tags]), LABELS)]


def test_labels_stand_for_two_each_but_o() -> None:
    assert bioes_labels(LABELS) == INNER
    assert [LABELS[i] for i in iob2_ids(LABELS)] == [
        "O",
        *["B-LOC"] * 2,
        *["I-LOC"] * 2,
        *["B-PER"] * 2,
        *["I-PER"] * 2,
    ]


def test_entities_end_where_nothing_of_their_type_goes_on() -> None:
    assert converted("B-LOC B-LOC I-LOC O B-PER") == ["S-LOC", "B-LOC", "E-LOC", "O", "S-PER"]
    assert converted("B-LOC I-LOC I-LOC") == ["B-LOC", "I-LOC", "E-LOC"]


def test_an_entity_ends_with_its_sentence() -> None:
    # Were the sentences one, B-LOC at the end would go on in I-LOC; a stray I- is the last word of something.
    assert converted("O B-LOC", "", "I-LOC O") == ["O", "S-LOC", "E-LOC", "O"]
    assert converted("B-LOC", "I-LOC O") == ["S-LOC", "E-LOC", "O"]
    assert converted("B-LOC I-PER") == ["S-LOC", "E-PER"]
    assert converted() == []


def test_a_type_may_have_one_letter() -> None:
    assert bioes_ids(np.array([1, 0, 1, 2]), np.array([4]), ["O", "B-P", "I-P"]).tolist() == [2, 0, 1, 4]


def test_what_bioes_allows_is_what_it_can_be_read_from() -> None:
    # Of two labels all four rules: what is begun goes on, and ends; nothing goes on that is not begun.
    allowed = follows(INNER)
    for (i, before), (j, after) in product(enumerate(INNER), enumerate(INNER)):
        is_open = before in ("B-LOC", "I-LOC", "B-PER", "I-PER")
        goes_on = after in ("I-LOC", "E-LOC", "I-PER", "E-PER")
        assert allowed[i, j] == (goes_on == is_open and (not is_open or before[2:] == after[2:])), (before, after)
    assert [name for name, fine in zip(INNER, starts(INNER), strict=True) if fine] == [
        "O", "B-LOC", "S-LOC", "B-PER", "S-PER"
    ]  # fmt: skip
    assert [name for name, fine in zip(INNER, ends(INNER), strict=True) if fine] == [
        "O", "S-LOC", "E-LOC", "S-PER", "E-PER"
    ]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(["O", "B-LOC", "B-PER", "go on"]), max_size=6), max_size=5))
def test_the_conversion_loses_nothing(plans: list[list[str]]) -> None:
    sentences = []
    for plan in plans:
        tags: list[str] = []
        for each in plan:
            before = tags[-1] if tags else "O"
            tags.append(("O" if before == "O" else f"I-{before[2:]}") if each == "go on" else each)
        sentences.append(tags)
    flat = [tag for tags in sentences for tag in tags]
    ids = np.array([LABELS.index(tag) for tag in flat], dtype=np.int64)
    lengths = np.array([len(tags) for tags in sentences], dtype=np.int64)
    inner = bioes_ids(ids, lengths, LABELS)
    assert (iob2_ids(LABELS)[inner] == ids).all()
    first = 0
    for tags in sentences:
        mine = [INNER[i] for i in inner[first : first + len(tags)]]
        assert to_iob2(mine, "bioes") == tags  # tasks.words.schemes reads them as they were meant.
        first += len(tags)
