"""How long the steps of a plan will take, by how long they took before in the same store."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from artifacts.dotted import changed, dotted
from artifacts.inputs import Input, InputFile
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference
from artifacts.store import Store

INPUT_BYTES = "input_bytes"
"""The note of a manifest that holds the sizes of the files that a step read, by the path to each."""


@dataclass(frozen=True)
class Expected:
    """What a step is expected to take and to make; None where nothing like it is in the store.

    seconds  by the clock, as the step took before, scaled by the sizes of its inputs and its epochs
    rows     of its table, scaled by the same sizes
    """

    seconds: float | None = None
    rows: int | None = None


class Estimates:
    """Expectations from the manifests of a store, each kind of which is read once.

    A step is compared with the artifact that it made with the most similar settings, of equals one of the same stage,
    then the newest; one that was made on another kind of device says nothing. Time grows as the rows of the tables that
    it reads (the bytes of files, where it reads no table) and as its epochs. What a killed training had done before it
    was taken up again is not in its seconds.

    Attributes:
        manifests: gives all of one kind in the store, read once.
    """

    def __init__(self, store: Store, device: str) -> None:
        """Expectations for the device `cpu` or `cuda`."""
        self._device = device
        self.manifests = lru_cache(maxsize=None)(partial(_manifests, store))
        self._rows: dict[tuple[str, str], int | None] = {}

    def expect(self, kind: str, recipe: Recipe, label: str, inputs: Mapping[str, Reference | Input]) -> Expected:
        """What a step will take and make.

        Args:
            kind: of what it makes.
            recipe: of the step; inputs that do not exist yet have no digest.
            label: its stage.
            inputs: of the step, by the path to each, as in the recipe.
        """
        before = self._nearest(kind, recipe, label)
        if before is None:
            return Expected()
        growth = self._growth(before, inputs)
        rows = None if before.rows is None else round(before.rows * growth)
        return Expected(before.seconds * growth * _epochs(recipe) / _epochs(before.recipe), rows)

    def remember(self, reference: Reference, rows: int | None) -> None:
        """Keeps how many rows something has that does not exist yet."""
        self._rows[reference.kind, reference.key] = rows

    def _nearest(self, kind: str, recipe: Recipe, label: str) -> Manifest | None:
        alike = [
            m
            for m in self.manifests(kind)
            if m.recipe.step == recipe.step and m.notes.get("device", self._device) == self._device
        ]

        def distance(manifest: Manifest) -> tuple[int, bool]:
            return len(changed(_settings(manifest.recipe), _settings(recipe))), manifest.label != label

        return min(sorted(alike, key=lambda m: m.made, reverse=True), key=distance, default=None)

    def _growth(self, before: Manifest, inputs: Mapping[str, Reference | Input]) -> float:
        """How many times as much the step reads as it read before; 1 where that is not known."""
        now = {name: self._rows_of(found) for name, found in inputs.items() if isinstance(found, Reference)}
        then = {name: self._rows_by_digest(digest) for name, digest in before.recipe.inputs.items()}
        if (growth := _ratio(now, then)) is None:
            growth = _ratio(file_sizes(inputs), before.notes.get(INPUT_BYTES, {}))
        return 1.0 if growth is None else growth

    def _rows_of(self, reference: Reference) -> int | None:
        if not reference.known:
            return self._rows.get((reference.kind, reference.key))
        return self._rows_by_digest(f"{reference.kind}:{reference.digest}")

    def _rows_by_digest(self, content: str) -> int | None:
        kind, colon, digest = content.partition(":")
        found = (m.rows for m in self.manifests(kind) if m.digest == digest) if colon else iter(())
        return next(found, None)


def _manifests(store: Store, kind: str) -> list[Manifest]:
    return list(store.manifests_of(kind))


def file_sizes(inputs: Mapping[str, Reference | Input]) -> dict[str, int]:
    """Bytes of the files among the inputs of a step, by the path to each."""
    return {name: found.local().stat().st_size for name, found in inputs.items() if isinstance(found, InputFile)}


def _ratio(now: Mapping[str, int | None], then: Mapping[str, int | None]) -> float | None:
    """Sum over sum of the sizes that both sides know; None if there are none, or they were empty."""
    pairs = [
        (size, before) for name, size in now.items() if size is not None and (before := then.get(name)) is not None
    ]
    total = sum(before for _, before in pairs)
    return sum(size for size, _ in pairs) / total if total else None


def _settings(recipe: Recipe) -> dict[str, Any]:
    return dotted(recipe.parameters) if recipe.parameters else {}


def _epochs(recipe: Recipe) -> float:
    """How many epochs a step makes; 1 if it has no such setting, or several."""
    found = [value for name, value in _settings(recipe).items() if name.rpartition(".")[2] == "epochs"]
    return float(found[0]) if len(found) == 1 and found[0] else 1.0
