"""A stand-in for every step: it computes nothing, and remembers what each reference was made of.

Equal calls give equal references, as in a store, so that a test can write a method down anew, call by call, and compare
what the flow ships with what should have been shipped: a reference is equal only if all that went into it is, from the
corpora on. So a flow that swaps two references, or leaves one out, gives another student.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from artifacts.reference import Reference
from artifacts.runtime import current_run
from artifacts.step import Step
from flows.parts.summary import Result
from tasks.evaluation.outcomes import judge_entities


@dataclass(frozen=True)
class Made:
    """The call behind a reference."""

    step: str
    stage: str
    arguments: Mapping[str, Any]


@dataclass
class Recording:
    """All calls of steps, in order, by the reference that each gave; of equal calls the first."""

    calls: dict[Reference, Made] = field(default_factory=dict)

    def call(self, made: Step[...], *args: Any, **kwargs: Any) -> Reference:
        """Takes the place of a step's `__call__`."""
        run = current_run()
        arguments = made.bound(*args, **kwargs)
        key = hashlib.sha256(repr((made.name, arguments)).encode()).hexdigest()
        reference = Reference(kind=made.output.name, key=key[:20], digest=key)
        self.calls.setdefault(reference, Made(made.name, run.stage if run else "", arguments))
        return reference

    def arguments(self, reference: Reference) -> Mapping[str, Any]:
        """What the step got that made this."""
        return self.calls[reference].arguments

    def check(self, found: Any, expected: Any) -> None:
        """Fails where two values, or what they were made of, differ first."""
        if found != expected:
            pytest.fail("\n".join(self._differences(found, expected, "")), pytrace=False)

    def check_outcomes(self, result: Result, training: Reference, *names: str) -> None:
        """Fails unless the entities of all test sets are judged, by these models' labels and a training set."""
        expected = {}
        for model in result.models:
            for test, scored in model.scores.items() if model.name in names else ():
                of = self.arguments(scored)
                if "gold" in of and of["gold"].kind == "gold":  # No mean over languages, no source dev set.
                    made = judge_entities(of["predictions"], of["gold"], training)
                    expected[f"{model.name} on {test}"] = made
        self.check(list(result.outcomes.items()), list(expected.items()))
        assert {name.rpartition(" on ")[0] for name in expected} == set(names)

    def _differences(self, found: Any, expected: Any, place: str) -> list[str]:
        one, other = self._parts(found), self._parts(expected)
        if one is None or other is None or list(one) != list(other):
            return [
                f"at {place or 'the top'}",
                f"  found    {self._shown(found)}",
                f"  expected {self._shown(expected)}",
            ]
        first = next(name for name in one if one[name] != other[name])
        return self._differences(one[first], other[first], f"{place}.{first}" if place else str(first))

    def _parts(self, value: Any) -> dict[str, Any] | None:
        """What a value consists of, by name; None of one that is whole."""
        if isinstance(value, Reference) and value in self.calls:
            made = self.calls[value]
            return {f"{made.step}({name})": part for name, part in made.arguments.items()}
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, list | tuple):
            return dict(enumerate(value))  # type: ignore[arg-type]
        return None

    def _shown(self, value: Any) -> str:
        if isinstance(value, Reference) and value in self.calls:
            made = self.calls[value]
            return f"{made.step} in {made.stage!r} of {', '.join(map(self._name, made.arguments.values()))}"
        if isinstance(value, list | tuple):
            return f"{len(value)} values: {', '.join(map(self._name, value))}"
        return repr(value)

    def _name(self, value: Any) -> str:
        if isinstance(value, Reference) and value in self.calls:
            return f"{self.calls[value].step}[{self.calls[value].stage}]"
        return repr(value)[:80]
