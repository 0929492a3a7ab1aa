from typing import Any

import pytest

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parsed import Parsed
from tasks.corpus.records import Keys, find_keys, parse_records

NAMES = ("O", "B-PER", "I-PER")


def tagged(tokens: Any, tags: Any, names: tuple[str, ...] | None = None) -> Parsed:
    return parse_records([{"t": tokens, "n": tags}], [7], "row", "x", Keys("t", "n", None), names)


def spanned(tokens: Any, spans: Any, names: tuple[str, ...] | None = None) -> Parsed:
    return parse_records(
        [{"t": tokens, "s": spans}], [7], "row", "x", Keys("t", None, "s"), names, span_ends="exclusive"
    )


def keys(*present: str, with_tags: bool = True, **options: Any) -> Keys:
    return find_keys(present, "x", CorpusFormat(**options), with_tags=with_tags)


def test_words_and_tags_are_flat_and_empty_records_left_out() -> None:
    rows = [{"t": ["Ana", "singt"], "n": ["B-PER", "O"]}, {"t": [], "n": []}, {"t": ["Rio"], "n": ["B-LOC"]}]
    read = parse_records(rows, [1, 2, 3], "line", "x", Keys("t", "n", None), None)
    assert (read.words, read.tags) == (["Ana", "singt", "Rio"], ["B-PER", "O", "B-LOC"])
    assert (read.lines, read.starts) == ([1, 1, 3], [0, 2])


def test_numbers_are_looked_up() -> None:
    assert tagged(["Ana", "Koch", "x"], [1, 2, 0], NAMES).tags == ["B-PER", "I-PER", "O"]


def test_the_end_of_a_span_is_exclusive() -> None:
    # words 0 and 1 are the person, word 3 the place
    spans = [[0, 2, "PER"], [3, 4, "LOC"]]
    assert spanned(["Ana", "Koch", "in", "Rio"], spans).tags == ["B-PER", "I-PER", "O", "B-LOC"]


def test_spans_that_touch_stay_two() -> None:
    assert spanned(["Rio", "Sul"], [[1, 2, "LOC"], [0, 1, "LOC"]]).tags == ["B-LOC", "B-LOC"]


@pytest.mark.parametrize(
    "spans",
    [
        [{"start": 0, "end": 1, "label": "PER"}],
        [{"start": 0, "end": 1, "type": "PER", "text": "Ana"}],
        [{"start": 0, "end": 1, "label": 1}],
        {"start": [0], "end": [1], "label": ["PER"]},
    ],
)
def test_spans_have_several_shapes(spans: Any) -> None:
    assert spanned(["Ana", "x"], spans, ("LOC", "PER")).tags == ["B-PER", "O"]


def test_no_span_is_an_empty_list() -> None:
    assert spanned(["Ana"], []).tags == ["O"]


def test_words_come_out_in_nfc_and_it_is_said() -> None:
    read = tagged(["Mu\u0308ller"], ["O"])
    assert read.words == ["M\u00fcller"]
    assert "1 sentences brought to NFC, first row 7" in read.layout


@pytest.mark.parametrize(
    ("tokens", "tags", "message"),
    [
        (None, [], "x, row 7: t is missing; expected a list of words; fix the row"),
        ("Ana", ["O"], "t is 'Ana'; expected a list of words"),
        (["Ana", 5], ["O", "O"], "t is a list; expected a list of words"),
        (["Ana", ""], ["O", "O"], "word 1 of t is ''; expected text"),
        (["a\tb"], ["O"], r"word 0 of t is 'a\\tb'"),
        (["a\nb"], ["O"], "word 0 of t"),
        (["\ud800"], ["O"], "halves of characters"),
        (["Ana"], None, "n is missing; expected a list of tags"),
        (["Ana"], ["O", "O"], "1 words, 2 tags under n; expected one tag per word"),
        (["Ana"], [None], "tag 0 of n is missing; expected a string"),
        (["Ana"], [True], "tag 0 of n is True"),
        (["Ana"], [1.0], "tag 0 of n is 1.0"),
        (["Ana"], [1], "is the number 1; expected names of tags; list them, from 0, under tag_names"),
        (["Ana"], ["B-\ud800"], "tag 0 of n"),
    ],
)
def test_a_wrong_record_is_named(tokens: Any, tags: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tagged(tokens, tags)


@pytest.mark.parametrize("number", [3, -1, 10**20])
def test_a_number_without_a_name_is_an_error(number: int) -> None:
    with pytest.raises(InputError, match=r"is (the number -?\d|the number a huge number); expected 0 to 2"):
        tagged(["Ana"], [number], NAMES)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        (None, r"s is missing; expected a list of .*, counted in words; \[\] where there is none"),
        ([[0, 3, "PER"]], "span 0 of s goes from 0 to 3, the sentence has 2 words; expected 0 <= start < end <= 2"),
        ([[1, 1, "PER"]], "goes from 1 to 1"),
        ([[-1, 1, "PER"]], "goes from -1 to 1"),
        ([[0, 2, "PER"], [1, 2, "LOC"]], "span 1 of s overlaps another"),
        ([[0, 1, "a person"]], "its label is 'a person'; expected a name without spaces"),
        ([[0, 1, ""]], "its label is ''"),
        ([[0, 1, None]], "its label is missing"),
        ([[0.0, 1, "PER"]], "span 0 of s is a list; expected {start, end, label}"),
        ([[0, 1]], "span 0 of s is a list"),
        (["PER: Ana"], "span 0 of s is 'PER: Ana'"),
    ],
)
def test_a_wrong_span_is_named(spans: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spanned(["Ana", "x"], spans)


def test_usual_keys_are_found_and_given_ones_come_first() -> None:
    assert keys("id", "tokens", "pos_tags", "ner_tags") == Keys("tokens", "ner_tags", None)
    assert keys("words", "entities") == Keys("words", None, "entities")
    assert keys("tokens", "spans", "tags") == Keys("tokens", "tags", None)
    assert keys("tokens", "spans", "tags", spans_key="spans") == Keys("tokens", None, "spans")
    assert keys("tokens", "mine", "tags", tags_key="mine") == Keys("tokens", "mine", None)
    assert keys("w", "tokens", with_tags=False, tokens_key="w") == Keys("w", None, None)


@pytest.mark.parametrize(
    ("present", "options", "message"),
    [
        (("text",), {}, "its keys are 'text'; expected words under one of tokens, words; set tokens_key"),
        (("tokens",), {}, "expected tags under one of ner_tags, .* set tags_key or spans_key"),
        (("tokens",), {"tags_key": "ner"}, "tags_key is 'ner', but its keys are 'tokens'; set another"),
    ],
)
def test_keys_that_are_not_there_are_an_error(present: tuple[str, ...], options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        keys(*present, **options)
