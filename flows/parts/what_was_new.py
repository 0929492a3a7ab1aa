"""What is new in the inputs of a run against an earlier one, told by content: by words, not by places."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from artifacts.catalog import CORRECTIONS, LABELLED, MACHINE_TRANSLATION, PARALLEL, SENTENCES
from artifacts.reference import Reference
from artifacts.run_difference import StepDifference
from artifacts.runs import Column, Line, Measurements, RunRecord
from artifacts.store import Store

_CONTENT = {
    SENTENCES.name: ("words",),
    LABELLED.name: ("words", "tags"),
    CORRECTIONS.name: ("words", "tags"),
    PARALLEL.name: ("source", "target"),
}
_READERS = ("read_", "import_", "load_")


@dataclass(frozen=True)
class Corpus:
    """A corpus of both runs that has another content now: how many rows there were, are, are new, and are gone."""

    name: str
    reference: Reference
    before: int
    now: int
    new: int
    gone: int


def changed_corpora(store: Store, earlier: RunRecord, later: RunRecord) -> list[Corpus]:
    """The corpora whose content differs; a row that comes twice counts twice.

    Args:
        store: that both are in.
        earlier: a run of a configuration.
        later: another of it.

    Raises:
        StoreError: if a table of one is not in the store any more.
    """
    found = []
    old, new = dict(_corpora(earlier)), dict(_corpora(later))
    for place in [place for place in new if place in old and old[place].digest != new[place].digest]:
        before, now = (_rows(store, each[place]) for each in (old, new))
        found.append(
            Corpus(place[0], new[place], before.total(), now.total(), (now - before).total(), (before - now).total())
        )
    return found


def corpora_table(corpora: list[Corpus]) -> Measurements:
    """The same to be shown."""
    columns = tuple(Column(name=name, form="count") for name in ("before", "now", "new", "gone"))
    lines = [
        Line(name=each.name, reference=each.reference, cells=(each.before, each.now, each.new, each.gone))
        for each in corpora
    ]
    title = "corpora that changed; rows by their content"
    return Measurements(title=title, first="corpus", columns=columns, lines=tuple(lines))


def first_causes(steps: tuple[StepDifference, ...]) -> list[str]:
    """Why steps that read a file or a model of the hub made something else: its content, its commit, its options."""
    return [
        f"{each.step} {each.stage}: {'; '.join(each.reasons)}".replace(" :", ":")
        for each in steps
        if each.step.startswith(_READERS)
    ]


def translated_anew(store: Store, later: RunRecord) -> list[str]:
    """Of each translation that the run made, how many of its texts were not translated before."""
    told = []
    for taken in later.ran:
        if taken.reference.kind == MACHINE_TRANSLATION.name:
            notes: dict[str, Any] = store.describe(taken.reference).notes
            told.append(
                f"{taken.stage}: {notes['new_texts']:,} of {notes['texts']:,} texts translated, the others kept"
            )
    return told


def _corpora(run: RunRecord) -> Iterator[tuple[tuple[str, str, int], Reference]]:
    """The corpora of a run by stage and kind; several of one by their order."""
    seen: Counter[tuple[str, str]] = Counter()
    for taken in run.steps:
        if taken.reference.kind in _CONTENT and taken.step.startswith("read_"):
            place = taken.stage, taken.reference.kind
            yield (*place, seen[place]), taken.reference
            seen[place] += 1


def _rows(store: Store, reference: Reference) -> Counter[tuple[Any, ...]]:
    columns = _CONTENT[reference.kind]
    table = store.table(reference, columns=list(columns))
    values = (table[name].to_pylist() for name in columns)
    return Counter(tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in zip(*values, strict=True))
