"""Where two runs differ: settings, steps, scores, and what they ran on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from artifacts.code.changes import code_changes
from artifacts.dotted import changed, dotted
from artifacts.explain import differences
from artifacts.reference import Reference
from artifacts.runs import RunRecord
from artifacts.store import Store


@dataclass(frozen=True)
class StepDifference:
    """A step that gave two runs other artifacts, or that one of them did not take; why, in words."""

    step: str
    stage: str
    first: Reference | None
    second: Reference | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ScoreDifference:
    """A model whose F1, in [0, 1], differs on a test set; None where a run has no such model or test set."""

    test: str
    model: str
    first: float | None
    second: float | None


@dataclass(frozen=True)
class RunDifference:
    """All that differs; settings and surroundings by dotted path, None for one that is not set."""

    settings: dict[str, tuple[Any, Any]]
    surroundings: dict[str, tuple[Any, Any]]
    steps: tuple[StepDifference, ...]
    scores: tuple[ScoreDifference, ...]


def compare_runs(store: Store, first: RunRecord, second: RunRecord) -> RunDifference:
    """What differs from the first run to the second; the store's manifests say why a step made something else."""
    return RunDifference(
        settings=_pairs(_settings(first), _settings(second)),
        surroundings=_pairs(_surroundings(first), _surroundings(second)),
        steps=tuple(_steps(store, first, second)),
        scores=tuple(_scores(first, second)),
    )


def _settings(run: RunRecord) -> dict[str, Any]:
    return {"method": run.method, **dotted(run.configuration)}


def _surroundings(run: RunRecord) -> dict[str, Any]:
    machine = run.machine.model_dump(mode="json")
    return {"revision": run.revision, **dotted(machine), **dotted(run.runtime, "runtime")}


def _pairs(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By their paths; what one lacks and the other has as null is the same."""
    pairs = {name: (first.get(name), second.get(name)) for name in changed(first, second)}
    return {name: pair for name, pair in pairs.items() if pair != (None, None)}


def _steps(store: Store, first: RunRecord, second: RunRecord) -> Iterator[StepDifference]:
    """Steps are the same by name and stage; of several, the first of one run by the first of the other, and so on."""
    one, other = _numbered(first), _numbered(second)
    for place in dict.fromkeys([*one, *other]):
        step, stage, _ = place
        a, b = one.get(place), other.get(place)
        if a is None or b is None:
            yield StepDifference(step, stage, a, b, (f"only in the {'first' if b is None else 'second'} run",))
        elif a != b:
            yield StepDifference(step, stage, a, b, _why(store, a, b))


def _numbered(run: RunRecord) -> dict[tuple[str, str, int], Reference]:
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for taken in run.steps:
        found[taken.step, taken.stage, seen[taken.step, taken.stage]] = taken.reference
        seen[taken.step, taken.stage] += 1
    return found


def _why(store: Store, first: Reference, second: Reference) -> tuple[str, ...]:
    """What differs in the making, then whether it made a difference."""
    if first.key == second.key:  # One of them is there no longer, so no manifest tells of both.
        return ("made anew from the same: other content",)
    manifests = [store.manifest(each.kind, each.key) for each in (first, second)]
    gone = [str(each) for each, manifest in zip((first, second), manifests, strict=True) if manifest is None]
    if gone:
        reasons = [f"{' and '.join(gone)} no longer in the store, so nobody can tell why"]
    else:
        one, other = (manifest for manifest in manifests if manifest is not None)
        reasons = differences(one.recipe, other.recipe, code_changes(one.definitions, other.definitions))
    return (*reasons, "with the same content") if first.digest == second.digest else tuple(reasons)


def _scores(first: RunRecord, second: RunRecord) -> Iterator[ScoreDifference]:
    one, other = _f1(first), _f1(second)
    for test, model in changed(one, other):
        yield ScoreDifference(test, model, one.get((test, model)), other.get((test, model)))


def _f1(run: RunRecord) -> dict[tuple[str, str], float]:
    return {(test, model.name): scored.overall.f1 for model in run.models for test, scored in model.scores.items()}
