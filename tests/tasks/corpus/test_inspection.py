import gzip

import pytest

from tasks.corpus.corpus import Corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.inspection import (
    OddCharacter,
    encoding_remarks,
    entities_by_type,
    longest_sentence,
    odd_characters,
    oddest_words,
    repeated_sentences,
)
from tasks.corpus.visible import visible


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("\u001b", "control"),
        ("\u0085", "control"),
        ("\u200b", "zero-width or direction"),
        ("\u00ad", "zero-width or direction"),
        ("\ufeff", "zero-width or direction"),
        ("\ue000", "private use"),
        ("\ufffd", "left by a broken decoding"),
        ("\u00a0", "space inside a word"),
        (" ", "space inside a word"),
        ("\u2028", "space inside a word"),
        ("\u0378", "unassigned"),
    ],
)
def test_an_odd_character_is_named_with_its_kind(char: str, kind: str) -> None:
    assert [each.kind for each in odd_characters([["a"], [f"b{char}c"]])] == [kind]


def test_plain_words_of_any_script_are_not_odd() -> None:
    assert odd_characters([["M\u00fcller", "\u6bd2", "\u0939\u093f\u0928\u094d\u0926\u0940", "-", "#", "'"]]) == []


def test_odd_characters_are_counted_and_their_first_place_is_kept() -> None:
    found = odd_characters([["x", "a\u00a0b"], ["\u200b"], ["c\u00a0\u00a0d", "\u200b"]])
    assert found == [
        OddCharacter("\u00a0", "space inside a word", 3, 1, "a\u00a0b"),
        OddCharacter("\u200b", "zero-width or direction", 2, 2, "\u200b"),
    ]
    assert found[0].name == "U+00A0 NO-BREAK SPACE"


def test_what_reading_changed_is_said() -> None:
    assert encoding_remarks(b"a\n", "x", CorpusFormat()) == []
    assert encoding_remarks(b"\xef\xbb\xbfa\r\n", "x", CorpusFormat()) == [
        "byte order mark, left out",
        "carriage returns at line ends, left out",
    ]
    mixed = "M\u00fcller\nMu\u0308ller\n".encode()
    assert encoding_remarks(gzip.compress(mixed), "x", CorpusFormat()) == [
        "gzip, unpacked",
        "1 lines brought to Unicode NFC, first line 2",
    ]


def test_entities_sentences_and_words_are_counted() -> None:
    tags = [["B-PER", "I-PER", "O"], ["B-LOC"], ["O"], ["B-PER"]]
    corpus = Corpus("de", [["a", "b", "c"], ["d"], ["e"], ["d"]], tags, ("LOC", "ORG", "PER"))
    assert entities_by_type(corpus) == {"LOC": 1, "ORG": 0, "PER": 2}
    assert longest_sentence(corpus) == (1, 3)
    assert repeated_sentences(corpus) == 1


def test_nothing_that_steers_a_terminal_is_printed() -> None:
    assert visible("a\u001b[31m b") == "a<U+001B>[31m b"


def test_the_oddest_words_come_first_and_plain_ones_not_at_all() -> None:
    # A tag; a mark that stands on nothing; letters of two scripts; a piece of JSON; 31 letters.
    odd = ["B-PER", "\u0301a", "p\u0430ris", '{"a"', "x" * 31]
    plain = ["Ida", "M\u00fcller", "\u6bd2", "O", "34", ".", "'s", "e-mail", "\u30dd\u30b9\u30c8\u3092"]
    assert oddest_words([plain, odd[3:], odd[:3]], 9) == ["B-PER", "\u0301a", "p\u0430ris", "x" * 31, '{"a"']
    assert oddest_words([plain, odd], 2) == ["B-PER", "\u0301a"]
    assert oddest_words([plain], 5) == []
