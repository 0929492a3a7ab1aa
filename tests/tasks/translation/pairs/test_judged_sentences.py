from collections.abc import Callable

import pytest

from artifacts.catalog import LABELLED
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.pairs.judged_sentences import draw_with_entities

Put = Callable[..., Reference]
ABOUT = {"language": "en", "labels": ["O", "B-PER", "I-PER"]}


def labelled(put_table: Put, tags: list[list[str]]) -> Reference:
    ids = [10 * number for number in range(len(tags))]
    return put_table(LABELLED, {"sentence_id": ids, "words": [["x"] * len(one) for one in tags], "tags": tags}, ABOUT)


def drawn(store: Store, data: Reference, most: int, seed: int = 0) -> list[int]:
    made = run_alone(store, draw_with_entities, data, most, seed)
    assert store.metadata(made) == ABOUT
    ids: list[int] = store.table(made)["sentence_id"].to_pylist()
    return ids


def test_sentences_with_an_entity_are_drawn_and_no_others(store: Store, put_table: Put) -> None:
    data = labelled(put_table, [["O", "B-PER"], ["O", "O"], [], ["B-PER", "I-PER", "B-PER"]])
    assert drawn(store, data, 250) == [0, 30]


def test_each_is_as_likely_as_any_other(store: Store, put_table: Put) -> None:
    # Two of three, 60 times: each comes 40 times, standard deviation 3.7.
    data = labelled(put_table, [["B-PER"], ["B-PER"], ["B-PER"], ["O"]])
    found = [drawn(store, data, 2, seed) for seed in range(60)]
    assert all(len(ids) == 2 and ids == sorted(ids) for ids in found)
    assert [sum(number in ids for ids in found) for number in (0, 10, 20)] == pytest.approx([40] * 3, abs=15)


def test_without_an_entity_there_is_nothing_to_judge(store: Store, put_table: Put) -> None:
    with pytest.raises(InputError, match="none of 1 source development sentences has an entity"):
        drawn(store, labelled(put_table, [["O"]]), 5)
