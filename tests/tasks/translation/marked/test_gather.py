from collections.abc import Callable

import pytest

from artifacts.catalog import MARKED_TRANSLATION, TRANSLATION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.marked.gather import gather_translations

LABELS = ["O", "B-LOC", "I-LOC"]
DROPPED = {"marker_lost": 1, "no_output": 2}


@pytest.fixture
def marked(put_table: Callable[..., Reference]) -> Reference:
    columns = {
        "sentence_id": [0, 1, 2, 3, 4],
        "source_words": [["In", "Ulm"], ["Bonn"], ["x"], ["Rain", "."], ["y"]],
        "source_tags": [["O", "B-LOC"], ["B-LOC"], ["O"], ["O", "O"], ["O"]],
        "marked_source": ["In __SLOT0__ Ulm __SLOT0__", "__SLOT0__ Bonn __SLOT0__", "x", "Rain.", "y"],
        "output": ["In __SLOT0__ Ulm __SLOT0__", "Bonn", "", "Regen.", ""],
        "words": [["In", "Ulm"], [], [], ["Regen", "."], []],
        "tags": [["O", "B-LOC"], [], [], ["O", "O"], []],
        "entities": [[0], [], [], [], []],
        "reason": ["", "marker_lost", "no_output", "", "no_output"],
    }
    about = {"language": "de", "labels": LABELS, "corpus": "labelled/cd", "dropped": DROPPED}
    return put_table(MARKED_TRANSLATION, columns, about)


def words_part(put_table: Callable[..., Reference], language: str = "de", labels: list[str] = LABELS) -> Reference:
    columns = {
        "sentence_id": [0],
        "words": [["In", "Ulm"]],
        "tags": [["O", "B-LOC"]],
        "source_words": [["In", "Ulm"]],
        "origin": [["lexicon", "entity"]],
        "corpus": ["labelled/ab"],
        "source_sentence_id": [0],
    }
    return put_table(TRANSLATION, columns, {"language": language, "labels": labels, "casing": "source"})


def test_kept_sentences_of_every_part_come_in_order(
    store: Store, marked: Reference, put_table: Callable[..., Reference]
) -> None:
    made = run_alone(store, gather_translations, (words_part(put_table), marked))
    assert store.table(made).to_pylist() == [
        {"sentence_id": 0, "words": ["In", "Ulm"], "tags": ["O", "B-LOC"], "source_words": ["In", "Ulm"]}
        | {"origin": ["lexicon", "entity"], "corpus": "labelled/ab", "source_sentence_id": 0},
        {"sentence_id": 1, "words": ["In", "Ulm"], "tags": ["O", "B-LOC"], "source_words": ["In", "Ulm"]}
        | {"origin": ["marked", "marked"], "corpus": "labelled/cd", "source_sentence_id": 0},
        {"sentence_id": 2, "words": ["Regen", "."], "tags": ["O", "O"], "source_words": ["Rain", "."]}
        | {"origin": ["marked", "marked"], "corpus": "labelled/cd", "source_sentence_id": 3},
    ]
    assert store.metadata(made) == {"language": "de", "labels": LABELS}


def test_parts_with_other_labels_are_refused(
    store: Store, marked: Reference, put_table: Callable[..., Reference]
) -> None:
    other = words_part(put_table, labels=["O", "B-PER", "I-PER"])
    with pytest.raises(InputError, match=r"part 2 has labels O, B-PER, I-PER, part 1 has O, B-LOC, I-LOC"):
        run_alone(store, gather_translations, (marked, other))


def test_parts_in_another_language_are_refused(
    store: Store, marked: Reference, put_table: Callable[..., Reference]
) -> None:
    with pytest.raises(InputError, match="part 2 has language es, part 1 has de"):
        run_alone(store, gather_translations, (marked, words_part(put_table, language="es")))


def test_no_part_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="no translation"):
        run_alone(store, gather_translations, ())


def test_nothing_kept_is_an_error_with_the_reasons(store: Store, put_table: Callable[..., Reference]) -> None:
    columns = {"sentence_id": [0], "marked_source": ["x"], "output": [""], "reason": ["no_output"]}
    columns |= {"source_words": [["x"]], "source_tags": [["O"]], "words": [[]], "tags": [[]], "entities": [[]]}
    about = {"language": "de", "labels": LABELS, "corpus": "labelled/cd", "dropped": DROPPED}
    part = put_table(MARKED_TRANSLATION, columns, about)
    # The most frequent reason first.
    with pytest.raises(InputError, match=r"no sentence is kept \(no_output 2, marker_lost 1\).*marked_translation/"):
        run_alone(store, gather_translations, (part,))
