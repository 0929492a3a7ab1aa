from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.words.schemes import Scheme, TagError, detect_scheme, flat_to_iob2, is_tag, to_iob2

Span = tuple[int, int, str]
schemes: st.SearchStrategy[Scheme] = st.sampled_from(get_args(Scheme))


def test_iob1_begins_with_i_and_uses_b_only_between_neighbours_of_one_type() -> None:
    # I-PER I-PER is one entity; B-PER right after it a second; I-LOC, being of another type, a third.
    iob1 = ["I-PER", "I-PER", "B-PER", "I-LOC", "O", "I-LOC"]
    assert to_iob2(iob1, "iob1") == ["B-PER", "I-PER", "B-PER", "B-LOC", "O", "B-LOC"]


def test_iob2_stays_as_it_is() -> None:
    iob2 = ["B-PER", "I-PER", "B-PER", "O", "B-LOC"]
    assert to_iob2(iob2, "iob2") == iob2
    assert to_iob2(iob2, "iob1") == iob2


def test_bioes_loses_its_ends_and_singles() -> None:
    bioes = ["S-LOC", "B-PER", "I-PER", "E-PER", "S-PER", "O", "B-LOC", "E-LOC"]
    assert to_iob2(bioes, "bioes") == ["B-LOC", "B-PER", "I-PER", "I-PER", "B-PER", "O", "B-LOC", "I-LOC"]


def test_bilou_and_bmes_are_read_as_bioes() -> None:
    assert to_iob2(["U-LOC", "B-PER", "I-PER", "L-PER"], "bioes") == ["B-LOC", "B-PER", "I-PER", "I-PER"]
    assert to_iob2(["S-LOC", "B-PER", "M-PER", "E-PER"], "bioes") == ["B-LOC", "B-PER", "I-PER", "I-PER"]


def test_an_entity_does_not_go_on_into_the_next_sentence() -> None:
    starts = np.array([0, 2])
    assert flat_to_iob2(["O", "I-PER", "I-PER", "I-PER"], starts, "iob1") == ["O", "B-PER", "B-PER", "I-PER"]
    with pytest.raises(TagError, match="at the start of a sentence"):
        flat_to_iob2(["O", "B-PER", "I-PER", "O"], starts, "iob2")


def test_sentences_may_be_empty() -> None:
    assert to_iob2([], "iob2") == []
    assert flat_to_iob2(["B-PER", "I-PER"], np.array([0, 0, 2, 2]), "iob2") == ["B-PER", "I-PER"]


@pytest.mark.parametrize(
    ("tags", "position", "reason"),
    [
        (["O", "I-PER"], 1, "tag 'I-PER' after 'O' is not valid in iob2; expected 'B-PER' or 'I-PER' before it"),
        (["B-LOC", "I-PER"], 1, "tag 'I-PER' after 'B-LOC' is not valid in iob2; .* set scheme: iob1"),
        (["I-PER"], 0, "at the start of a sentence"),
        (["O", "E-PER"], 1, "tag 'E-PER' does not exist in iob2; fix the line or set scheme: bioes"),
        (["O", "PER"], 1, "'PER' is no tag; expected O or a prefix and a type such as B-PER"),
        (["O", "b-PER"], 1, "is no tag"),
        (["O", ""], 1, "'' is no tag"),
        (["O", "B-"], 1, "is no tag"),
        (["O", "B-A B"], 1, "is no tag"),
    ],
)
def test_strict_iob2_names_the_first_wrong_tag(tags: list[str], position: int, reason: str) -> None:
    with pytest.raises(TagError, match=reason) as caught:
        to_iob2(tags, "iob2")
    assert caught.value.position == position


@pytest.mark.parametrize("tags", [["E-PER"], ["B-PER", "E-PER", "E-PER"], ["S-PER", "I-PER"], ["B-LOC", "E-PER"]])
def test_bioes_that_continues_nothing_is_an_error(tags: list[str]) -> None:
    with pytest.raises(TagError, match="continues no entity"):
        to_iob2(tags, "bioes")


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["B-PER", "I-PER", "O"], "iob2"),
        (["O", "O"], "iob2"),
        (["B-PER", "O"], "iob2"),
        (["O", "I-PER"], "iob1"),
        (["B-PER", "I-LOC"], "iob1"),
        (["B-PER", "O", "I-PER"], "iob1"),
        (["S-PER", "O"], "bioes"),
        (["B-PER", "L-PER"], "bioes"),
    ],
)
def test_the_scheme_is_found_from_the_tags(tags: list[str], scheme: Scheme) -> None:
    assert detect_scheme(tags, np.array([0])) == scheme


def test_what_is_a_tag() -> None:
    assert all(is_tag(tag) for tag in ["O", "B-PER", "I-work-of-art", "S-X", "U-X", "L-X", "M-X"])
    assert not any(is_tag(tag) for tag in ["", "-", "o", "PER", "B-", "B_PER", "X-PER", "OO"])


@st.composite
def spans_of_a_sentence(draw: st.DrawFn) -> tuple[int, list[Span]]:
    """A length, and entities in it that do not overlap but may touch."""
    spans: list[Span] = []
    position = 0
    for _ in range(draw(st.integers(0, 5))):
        start = position + draw(st.integers(0, 2))
        position = start + draw(st.integers(1, 4))
        spans.append((start, position, draw(st.sampled_from(["LOC", "PER"]))))
    return position + draw(st.integers(0, 2)), spans


def written(length: int, spans: list[Span], scheme: Scheme) -> list[str]:
    """Writes spans in a scheme, by its definition."""
    tags = ["O"] * length
    for start, end, name in spans:
        tags[start:end] = [f"I-{name}"] * (end - start)
    for start, end, name in spans:
        touches = any(other_end == start and other == name for _, other_end, other in spans)
        if scheme != "iob1" or touches:
            tags[start] = f"B-{name}"
        if scheme == "bioes":
            tags[end - 1] = f"E-{name}"
            if end - start == 1:
                tags[start] = f"S-{name}"
    return tags


def read(iob2: list[str]) -> list[Span]:
    """Reads spans from strict IOB2, word by word."""
    spans: list[Span] = []
    for place, tag in enumerate(iob2):
        if tag[0] == "B":
            spans.append((place, place + 1, tag[2:]))
        elif tag[0] == "I":
            start, end, name = spans.pop()
            assert (end, name) == (place, tag[2:])
            spans.append((start, place + 1, name))
    return spans


@given(spans_of_a_sentence(), schemes)
def test_every_scheme_keeps_its_spans(sentence: tuple[int, list[Span]], scheme: Scheme) -> None:
    length, spans = sentence
    assert read(to_iob2(written(length, spans, scheme), scheme)) == spans


@given(spans_of_a_sentence(), schemes)
def test_a_found_scheme_reads_the_same_spans(sentence: tuple[int, list[Span]], scheme: Scheme) -> None:
    length, spans = sentence
    tags = written(length, spans, scheme)
    assert read(to_iob2(tags, detect_scheme(tags, np.array([0])))) == spans


@given(st.lists(spans_of_a_sentence(), max_size=4), schemes)
def test_a_corpus_at_once_reads_as_its_sentences_one_by_one(
    sentences: list[tuple[int, list[Span]]], scheme: Scheme
) -> None:
    tags = [written(length, spans, scheme) for length, spans in sentences]
    flat = [tag for sentence in tags for tag in sentence]
    starts = np.cumsum([0, *map(len, tags)])[:-1]
    assert flat_to_iob2(flat, starts, scheme) == [tag for sentence in tags for tag in to_iob2(sentence, scheme)]
