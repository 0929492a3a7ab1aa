from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import LABELLED, PROJECTION, TRANSLATION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.training_sets import training_set

LABELS = ["O", "B-LOC", "I-LOC"]
PutTable = Callable[..., Reference]


@pytest.fixture
def source(put_table: PutTable) -> Reference:
    columns = {"sentence_id": [0, 4], "words": [["Ulm"], ["yes"]], "tags": [["B-LOC"], ["O"]]}
    return put_table(LABELLED, columns, {"language": "en", "labels": LABELS})


@pytest.fixture
def projection(put_table: PutTable) -> Reference:
    """A kept sentence and a dropped one."""
    kept: dict[str, Any] = {name: [] for name in PROJECTION.schema.names}
    kept |= {"sentence_id": 1, "words": ["Москва"], "tags": ["B-LOC"], "forward": "", "output": "", "reason": ""}
    dropped = {**kept, "sentence_id": 2, "words": ["Да"], "tags": [], "reason": "unmatched"}
    columns = {name: [dropped[name], kept[name]] for name in PROJECTION.schema.names}
    about = {"language": "ru", "labels": LABELS, "corpus": "sentences/ef", "kept": 1, "dropped": {"unmatched": 1}}
    return put_table(PROJECTION, columns, about)


def translation(put_table: PutTable, labels: list[str] = LABELS) -> Reference:
    words = [["in", "Ulm"]]
    columns = {"sentence_id": [0], "words": words, "tags": [["O", "B-LOC"]], "source_words": words, "origin": words}
    columns |= {"corpus": ["labelled/cd"], "source_sentence_id": [9]}
    return put_table(TRANSLATION, columns, {"language": "de", "labels": labels})


def test_parts_stand_one_after_another_and_say_where_each_sentence_came_from(
    store: Store, put_table: PutTable, source: Reference, projection: Reference
) -> None:
    made = run_alone(store, training_set, (source, translation(put_table), projection))
    rows = store.table(made)
    assert rows["sentence_id"].to_pylist() == [0, 1, 2, 3]
    assert rows["words"].to_pylist() == [["Ulm"], ["yes"], ["in", "Ulm"], ["Москва"]]
    assert rows["tags"].to_pylist() == [["B-LOC"], ["O"], ["O", "B-LOC"], ["B-LOC"]]
    assert rows["language"].to_pylist() == ["en", "en", "de", "ru"]
    assert rows["origin"].to_pylist() == ["labelled", "labelled", "translation", "projected"]
    # The labelled corpus is its own; translation and projection name the corpora that they were made of.
    assert rows["corpus"].to_pylist() == [source.content, source.content, "labelled/cd", "sentences/ef"]
    assert rows["source_sentence_id"].to_pylist() == [0, 4, 9, 1]
    counts = {"en": {"labelled": 2}, "de": {"translation": 1}, "ru": {"projected": 1}}
    assert store.metadata(made) == {"language": "en+de+ru", "labels": LABELS, "sentences": counts}


def test_a_training_set_in_a_training_set_keeps_its_origins(
    store: Store, put_table: PutTable, source: Reference, projection: Reference
) -> None:
    # 2 labelled (en) and 1 projected (ru), then the 2 labelled again.
    inner = run_alone(store, training_set, (source, projection))
    made = run_alone(store, training_set, (inner, source))
    rows = store.table(made)
    assert rows["sentence_id"].to_pylist() == [0, 1, 2, 3, 4]
    assert rows["language"].to_pylist() == ["en", "en", "ru", "en", "en"]
    assert rows["origin"].to_pylist() == ["labelled", "labelled", "projected", "labelled", "labelled"]
    assert rows["source_sentence_id"].to_pylist() == [0, 4, 1, 0, 4]
    assert store.metadata(made)["language"] == "en+ru"
    assert store.metadata(made)["sentences"] == {"en": {"labelled": 4}, "ru": {"projected": 1}}


def test_label_lists_must_agree(store: Store, put_table: PutTable, source: Reference) -> None:
    other = translation(put_table, ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"])
    found = r"part 1 \(labelled, en\) has O, B-LOC, I-LOC; part 2 \(translation, de\) has O, B-LOC, I-LOC, B-PER, I-PER"
    with pytest.raises(InputError, match=found):
        run_alone(store, training_set, (source, other))


def test_no_part_is_an_error(store: Store) -> None:
    with pytest.raises(InputError, match="no part is given"):
        run_alone(store, training_set, ())
