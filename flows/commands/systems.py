"""The methods: paper, steps, and which artifacts they share."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Column, Table

from artifacts.errors import InputError
from artifacts.runtime import Runtime, StepOutcome
from flows.commands.configuration import read_yaml
from flows.commands.methods import METHODS, Method, load
from flows.commands.plan import plan_steps
from flows.parts.console import text_console

_WIDTH = 120


@dataclass(frozen=True)
class System:
    """A method, the configuration that its steps are read from, and how often each step comes in a run of it.

    Attributes:
        method: the method.
        configuration: the file.
        steps: by the name of the step and the kind of what it makes, in the order of the run: how many times.
    """

    method: Method
    configuration: Path
    steps: Mapping[tuple[str, str], int]


def find_systems(folder: Path) -> list[System]:
    """Every method with a bundled example, and the steps of a run of that: as planned on an empty store.

    Args:
        folder: of the configurations; of each method its quickstart with the shortest name counts.

    Raises:
        InputError: if a method has no quickstart there.
    """
    examples = sorted(folder.glob("quickstart*.yaml"), key=lambda path: (len(path.name), path.name))
    systems = []
    for name in METHODS:
        found = [path for path in examples if read_yaml(path).get("method") == name]
        if not found:
            raise InputError(
                f"{folder}: no quickstart*.yaml is of the method {name}; run this where the folder configs lies, the "
                "root of Crosstag"
            )
        method, config = load(found[0])
        with tempfile.TemporaryDirectory() as store:
            outcomes = plan_steps(method, config, Runtime(store=store, device="cpu")).outcomes
        systems.append(System(method, found[0], _counted(outcomes)))
    return systems


def _counted(outcomes: Sequence[StepOutcome]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for outcome in outcomes:
        made = (outcome.step, outcome.reference.kind)
        counts[made] = counts.get(made, 0) + 1
    return counts


def shared_steps(systems: Sequence[System]) -> list[tuple[str, str, tuple[int, ...]]]:
    """All steps, those of most systems first: name, kind of what it makes, and times in a run of each system."""
    made = dict.fromkeys(each for system in systems for each in system.steps)
    rows = [(step, kind, tuple(system.steps.get((step, kind), 0) for system in systems)) for step, kind in made]
    return sorted(rows, key=lambda row: -sum(count > 0 for count in row[2]))  # Stable: then as in the runs.


def print_papers(folder: Path) -> None:
    """A table of the methods alone, where the configurations whose steps are counted are not there."""
    about = Table("method", "paper", "flow", box=None, pad_edge=False)
    for name in METHODS:
        about.add_row(name, METHODS[name]().paper, f"flows/{name}.py")
    console = text_console(_WIDTH)
    console.print(about)
    console.print(
        f"\nthere is no folder {folder.absolute()}: where it lies, in Crosstag's own folder, an example of each"
    )
    console.print("method and the steps of its run are shown, too")


def print_systems(systems: Sequence[System]) -> None:
    """A table of the systems, then one of their steps."""
    about = Table("method", "paper", "flow", "example", box=None, pad_edge=False)
    for system in systems:
        name = system.method.name
        about.add_row(name, system.method.paper, f"flows/{name}.py", str(system.configuration))
    steps = Table("step", "makes", *(Column(s.method.name, justify="right") for s in systems), box=None, pad_edge=False)
    for step, kind, counts in shared_steps(systems):
        steps.add_row(step, kind, *(str(count) if count else "" for count in counts))
    console = text_console(_WIDTH)
    console.print(about)
    console.print("\nsteps, and how often a run of the example has them; what two make with the same settings is")
    console.print("made once: their runs share it in the store\n")
    console.print(steps)
