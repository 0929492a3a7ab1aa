"""Steps in processes of their own: what they leave, and what is said when one dies."""

import os
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa
import pytest

import artifacts.side_by_side as beside
from artifacts.catalog import SOFT_LABELS
from artifacts.errors import InputError
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runtime import Runtime, running
from artifacts.step import run_alone
from artifacts.store import STORE_FORMAT, Store
from tasks.tagging.ensembling import average_soft_labels


def die(sender: Connection, *arguments: Any) -> None:
    os._exit(9)


def put(store: Store, probability: float, labels: tuple[str, ...] = ("O", "B-PER")) -> Reference:
    columns = {"sentence_id": [0], "words": [["Anna"]], "probabilities": [[[probability, 1 - probability]]]}
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(SOFT_LABELS, f"{int(1000 * probability):04x}{len(labels[1]):x}", recipe) as writer:
        writer.write(pa.table(columns, schema=SOFT_LABELS.schema), {"language": "de", "labels": list(labels)})
    assert writer.reference is not None
    return writer.reference


def ahead(store: Store, *members: tuple[Reference, ...], workers: int = 2, makers: Any = ()) -> dict[int, Any]:
    calls = [beside.Call(f"call {number}", (each,)) for number, each in enumerate(members)]
    with running(Runtime(store=str(store.root), device="cpu", workers=workers)) as run:
        run.makers.update(makers)
        return beside.compute_ahead(run, average_soft_labels, calls)


@pytest.mark.slow
def test_what_is_missing_or_was_dropped_is_made_once_each_and_found_afterwards(store: Store) -> None:
    one, two, three = (put(store, p) for p in (0.25, 0.5, 0.75))
    made = []

    def maker() -> Reference:
        made.append(put(store, 0.5))
        return made[-1]

    # Calls 1 and 3 are equal: three artifacts for four calls, and files for two of them that are made once.
    calls = ((one, two), (two, three), (one, three), (two, three))
    store.drop_files(two.kind, two.key)
    assert sorted(ahead(store, *calls, makers={(two.kind, two.key): maker})) == [0, 1, 2]
    assert made == [two]
    assert ahead(store, *calls) == {}
    mean = run_alone(store, average_soft_labels, (one, three))
    assert store.table(mean)["probabilities"].to_pylist() == [[[0.5, 0.5]]]
    assert len(list((store.root / "soft_labels").iterdir())) == 3 + 3


def test_one_worker_or_one_call_needs_no_process(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_start", None)
    one, two = put(store, 0.25), put(store, 0.5)
    assert ahead(store, (one,), (two,), workers=1) == {}
    assert ahead(store, (one, two), (one, two)) == {}


def test_bad_input_in_a_process_is_told_as_bad_input(store: Store) -> None:
    one, other = put(store, 0.25), put(store, 0.5, ("O", "B-ORGANISATION"))
    with pytest.raises(InputError, match="label sets differ"):
        ahead(store, (one, other), (other, one))


def test_a_process_that_is_killed_names_its_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_compute", die)
    one, two = put(store, 0.25), put(store, 0.5)
    with pytest.raises(RuntimeError, match=r"average_soft_labels, call [01]: its process ended with exit code 9"):
        ahead(store, (one,), (two,))
