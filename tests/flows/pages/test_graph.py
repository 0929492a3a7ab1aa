"""Where the boxes of a run's graph stand: below what they were made of, in the nearest free column."""

from pathlib import Path

from artifacts.runs import all_runs
from artifacts.store import Store
from flows.pages.graph import _nearest_free, drawn
from flows.pages.shelf import Shelf, content


def test_a_box_takes_the_nearest_column_that_is_free() -> None:
    assert _nearest_free(2, set()) == 2
    assert _nearest_free(2, {2}) == 1
    assert _nearest_free(2, {2, 1}) == 3
    assert _nearest_free(0, {0, 1}) == 2


def test_a_box_stands_below_all_that_it_was_made_of_and_on_no_other(finished: Path) -> None:
    store = Store(finished)
    shelf = Shelf(store)
    run = all_runs(store)[-1]
    drawing = drawn(shelf, run, scores=True)
    at = {box.reference: (box.x, box.y) for box in drawing.boxes}
    assert len(set(at.values())) == len(at)
    taken = [shelf.manifest(step.reference.kind, step.reference.key) for step in run.steps]
    makers = {content(m): f"{m.kind}/{m.key}" for m in reversed(taken) if m is not None}
    checked = 0
    for m in store.manifests():
        for each in set(m.recipe.inputs.values()) & makers.keys():
            if f"{m.kind}/{m.key}" in at and makers[each] in at:
                assert at[f"{m.kind}/{m.key}"][1] > at[makers[each]][1]
                checked += 1
    assert checked == len(drawing.lines) > 60
    assert drawing.width >= max(x for x, _ in at.values()) + drawing.box_width
