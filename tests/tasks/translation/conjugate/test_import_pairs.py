"""Published conjugate pairs: what is read, what is dropped, and what is no pair of files."""

from collections.abc import Callable

import pytest

from artifacts.catalog import CONJUGATE_PAIRS
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.once import reading_once
from tasks.translation.conjugate.import_pairs import import_pairs, load_pair_files

Write = Callable[[str, str], InputFile]


def columns(*sentences: str) -> str:
    """`El PP/1 gallego/1` as lines of a file."""
    blocks = []
    for sentence in sentences:
        lines = []
        for word in sentence.split():
            text, _, number = word.partition("/")
            lines.append(f"{text}\t{number or 0}\t{'S-ORG' if number else 'O'}\n")
        blocks.append("".join(lines))
    return "\n".join(blocks)


@pytest.fixture
def made(store: Store, text_file: Write) -> Callable[[str, str], Reference]:
    def make(original: str, translated: str) -> Reference:
        files = text_file("unlabel.txt", original), text_file("trans.txt", translated)
        return run_alone(store, import_pairs, *files, "es", "en")

    return make


def test_spans_with_one_number_are_a_pair(store: Store, made: Callable[[str, str], Reference]) -> None:
    pairs = made(columns("El PP/1 gallego/1 y EFE/2", "Hoy ."), columns("The Galician/1 PP/1 and EFE/2", "Today ."))
    rows = store.table(pairs).to_pylist()
    assert rows[0] == {
        "sentence_id": 0,
        "words": ["El", "PP", "gallego", "y", "EFE"],
        "translation": ["The", "Galician", "PP", "and", "EFE"],
        "starts": [1, 4],
        "ends": [3, 5],
        "translated_starts": [1, 4],
        "translated_ends": [3, 5],
        "reasons": ["", ""],
    }
    assert rows[1]["reasons"] == [] and rows[1]["translation"] == ["Today", "."]
    assert store.metadata(pairs) == {
        "language": "es", "translated_language": "en", "corpus": "import", "sentences": 1, "pairs": 2, "dropped": {}
    }  # fmt: skip
    shown = CONJUGATE_PAIRS.form(rows[0], [])
    assert "El [1 PP gallego] y [2 EFE]" in shown and "The [1 Galician PP] and [2 EFE]" in shown


def test_numbers_that_do_not_match_are_dropped_with_their_reason(
    store: Store, made: Callable[[str, str], Reference]
) -> None:
    # 2 is in the original alone, 3 in the translation alone, 4 stands in two places.
    pairs = made(columns("a/1 b/2 c d/4 e/5 f/6"), columns("a/1 c/3 d/4 x d/4 e/5 f/6"))
    row = store.table(pairs).to_pylist()[0]
    assert row["reasons"] == ["", "missing_in_translation", "missing_in_original", "in_several_places", "", ""]
    assert row["starts"] == [0, 1, -1, 3, 4, 5] and row["translated_starts"] == [0, -1, -1, -1, 5, 6]
    assert store.metadata(pairs)["dropped"] == {
        "missing_in_translation": 1, "missing_in_original": 1, "in_several_places": 1
    }  # fmt: skip
    assert "b (missing_in_translation), ? (missing_in_original)" in CONJUGATE_PAIRS.form(row, [])


def test_a_sentence_with_a_span_that_does_not_match_may_go_whole(
    store: Store, text_file: Write, made: Callable[[str, str], Reference]
) -> None:
    files = text_file("one.txt", columns("a/1 b/2", "c/1 d")), text_file("other.txt", columns("a/1 b", "d c/1"))
    pairs = run_alone(store, import_pairs, *files, "es", "en", "sentence")
    first, second = store.table(pairs).to_pylist()
    assert first["reasons"] == ["sentence_incomplete", "missing_in_translation"]
    assert (first["starts"], first["translated_starts"]) == ([0, 1], [-1, -1])
    assert (second["reasons"], second["translated_starts"]) == ([""], [1])
    about = store.metadata(pairs)
    assert (about["sentences"], about["pairs"]) == (1, 1)
    assert about["dropped"] == {"missing_in_translation": 1, "sentence_incomplete": 1}


def test_a_document_s_start_is_no_word(store: Store, made: Callable[[str, str], Reference]) -> None:
    pairs = made("-DOCSTART-\t0\tO\nUlm\t1\tS-LOC\n", columns("Ulm/1"))
    row = store.table(pairs).to_pylist()[0]
    assert (row["words"], row["starts"]) == (["Ulm"], [0])


def test_files_of_different_length_are_refused(made: Callable[[str, str], Reference]) -> None:
    with pytest.raises(InputError, match=r"unlabel\.txt has 2 sentences, .*trans\.txt has 1; expected as many"):
        made(columns("a/1", "b/1"), columns("a/1"))


def test_files_whose_numbers_mostly_differ_are_refused(made: Callable[[str, str], Reference]) -> None:
    with pytest.raises(
        InputError, match=r"of 7 spans .* 2 have the same number in both .*line 3 and 3: spans 1, 2, 3 and 1, 4\)"
    ):
        made(columns("x/1", "a/1 b/2 c/3", "y/1 z"), columns("x/1", "a/1 d/4", "y z/2"))


@pytest.mark.parametrize(
    "line", ["Ulm S-LOC", "Ulm\tS-LOC", "Ulm\tone\tS-LOC", "Ulm\t-1\tS-LOC", "Ulm\t²\tS-LOC", "\t1\tS-LOC", "Ulm\t1\t"]
)
def test_a_line_with_other_columns_is_named(made: Callable[[str, str], Reference], line: str) -> None:
    with pytest.raises(InputError, match=r"unlabel\.txt, line 2: .* expected a word, the number of its span or 0"):
        made(f"in\t0\tO\n{line}\n", columns("in Ulm/1"))


def test_files_without_a_span_are_refused(made: Callable[[str, str], Reference]) -> None:
    with pytest.raises(InputError, match=r"there is no span at all.*; number the spans of both files from 1"):
        made(columns("a b"), columns("a b"))


def test_files_are_read_once_and_not_taken_for_others(text_file: Write) -> None:
    one, two = text_file("one.txt", columns("a/1")), text_file("two.txt", columns("b/1"))
    with reading_once():
        first = load_pair_files(one, two)
        assert load_pair_files(one, two) is first and load_pair_files(two, one)[0].words == ["b"]
