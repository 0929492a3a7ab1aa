"""Run several methods on the same data and seeds, or a method without each of its parts, and put them side by side.

crosstag compare configs/quickstart.yaml configs/quickstart-unitrans.yaml --seeds 1,2,3
crosstag ablate configs/quickstart.yaml
crosstag runs compare 3f2a 9c01
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from artifacts.errors import InputError
from artifacts.recorder import recorded
from artifacts.report import markdown_table, ui_may_be_away
from artifacts.runs import Measurements, RunRecord, find_run
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.comparison_files import sheets_of, write_files
from flows.commands.methods import Method, load
from flows.commands.published import published
from flows.parts.comparison import ByTest, Runs, cost_table, score_table, test_sets
from flows.parts.comparison_on_record import COMPARE
from flows.parts.error_tables import error_lines, error_tables, judged
from flows.parts.name_tables import name_tables
from flows.parts.plain_errors import tell_plainly
from flows.parts.run_tables import plain_table, wide_console
from flows.parts.summary import complete


@dataclass(frozen=True)
class Cell:
    """One run of a comparison: the name under which it stands in the tables, its configuration's, method, settings."""

    name: str
    configuration: str
    method: Method
    config: Settings


@dataclass(frozen=True)
class Shown:
    """What a comparison shows and where it writes it.

    Attributes:
        every_model: also the models on the way to the students.
        baselines: also source-only, translate-train and translate-test.
        published: corpus whose published numbers stand beside, such as conll-es; empty: none.
        folder: for the tables as files; None: none are written.
    """

    every_model: bool = False
    baselines: bool = True
    published: str = ""
    folder: Path | None = None


def cells_of(paths: Sequence[Path], seeds: Sequence[int], settings: Sequence[str] = ()) -> list[Cell]:
    """The runs of a comparison, every one checked before any starts: each configuration with each seed.

    Args:
        paths: configurations; their names tell them apart.
        seeds: none: the one of each configuration.
        settings: further changes of all of them, as of `--set`.

    Raises:
        InputError: if two have the same name, entity types that differ, or a setting is not valid.
    """
    names = [path.stem for path in paths]
    given_once("configurations", names)
    given_once("--seeds", [str(seed) for seed in seeds])
    given = [f"seed={seed}" for seed in seeds]
    cells = [
        Cell(name, name, *load(path, [*settings, *seed]))
        for name, path in zip(names, paths, strict=True)
        for seed in ([[each] for each in given] or [[]])
    ]
    check_types(cells)
    return cells


def ablations_of(path: Path, rows: Sequence[str], seeds: Sequence[int], settings: Sequence[str] = ()) -> list[Cell]:
    """The runs of an ablation: the whole method first, then without each part, or with the rows that are named.

    Raises:
        InputError: if the method has no such row, or a setting is not valid.
    """
    method, config = load(path, settings)
    field = method.config.model_fields.get("ablation")
    known = [str(each) for each in get_args(field.annotation)] if field is not None else []
    known += getattr(config, "ablations", {})
    if not known:
        raise InputError(f"ablate: method {method.name} has no setting `ablation`; see `crosstag sweep`")
    if unknown := [row for row in rows if row not in known]:
        raise InputError(f"--rows: {method.name} has no row {unknown[0]!r}; expected {', '.join(known)}")
    given_once("--rows", rows)
    given_once("--seeds", [str(seed) for seed in seeds])
    chosen = ["none", *(row for row in rows or known if row != "none")]
    given = [f"seed={seed}" for seed in seeds]
    return [
        Cell(row, path.stem, *load(path, [*settings, f"ablation={row}", *seed]))
        for row in chosen
        for seed in ([[each] for each in given] or [[]])
    ]


def check(cells: Sequence[Cell], shown: Shown, runtime: Runtime) -> None:
    """Looks at everything the user gave, for every run.

    Raises:
        InputError: at the first thing that would stop one.
    """
    if shown.published:
        published(shown.published)
    if shown.folder is not None and shown.folder.exists() and not shown.folder.is_dir():
        raise InputError(f"--write {shown.folder}: this is a file; name a folder, which may not be there yet")
    for each in cells:
        each.method.check(each.config, runtime)


@flow(name="compare")
def compare(cells: tuple[Cell, ...], asked: dict[str, Any], shown: Shown, runtime: Runtime) -> None:
    """Makes the runs, all that is in the store cached; then the tables, on record as a run of their own."""
    tell_plainly()
    runs: dict[str, list[RunRecord]] = {}
    for number, each in enumerate(cells, start=1):
        wide_console().print(f"{each.name}, seed {_seed(each)}, run {number} of {len(cells)}")
        settings = each.config.model_dump(mode="json")
        with recorded(runtime, each.method.name, settings, each.configuration) as run:
            result = each.method.steps(each.config, runtime)
            runs.setdefault(each.name, []).append(complete(run, result))
    side_by_side(runs, asked, shown, runtime)


@flow(name="compare-runs")
def compare_runs(texts: tuple[str, ...], shown: Shown, runtime: Runtime) -> None:
    """The tables of runs on record, whatever code made them; none is made again."""
    tell_plainly()
    runs = runs_of(Store(runtime.store), texts)
    side_by_side(runs, {"named": list(texts)}, shown, runtime)


def runs_of(store: Store, texts: Sequence[str]) -> dict[str, list[RunRecord]]:
    """Runs on record by the name of their configuration; those that differ in their seed alone belong together.

    Args:
        store: where they are.
        texts: the beginning of the id of each.

    Raises:
        InputError: if one is not there or not done, one is named twice, or not all have the same seeds.
    """
    found: dict[str, list[RunRecord]] = {}
    names: dict[str, str] = {}
    given: list[str] = []
    for text in texts:
        record = find_run(store, text)
        if record.state != "done" or record.student is None or not record.models:
            raise InputError(
                f"run {record.id[:10]} has no student ({record.state}); compare runs of methods that are done"
            )
        without_seed = json.dumps([record.method, {**record.configuration, "seed": None}], sort_keys=True)
        name = record.name or record.method
        if without_seed not in names:
            names[without_seed] = f"{name} ({record.id[:6]})" if name in given else name
            given.append(name)
        found.setdefault(names[without_seed], []).append(record)
    seeds = {name: sorted(str(record.configuration.get("seed")) for record in found[name]) for name in found}
    for name, each in seeds.items():
        if len(set(each)) < len(each):
            raise InputError(f"runs of {name}: two have the seed {max(each, key=each.count)}; name one of them")
        if len(each) != len(next(iter(seeds.values()))):
            told = "; ".join(f"{name}: {', '.join(each)}" for name, each in seeds.items())
            raise InputError(
                f"runs with the seeds {told}; expected as many of each configuration; name the others, too"
            )
    for records in found.values():
        records.sort(key=lambda record: str(record.configuration.get("seed")))
    return found


def side_by_side(runs: Runs, asked: Mapping[str, Any], shown: Shown, runtime: Runtime) -> None:
    """The tables, on record as a run of their own."""
    ids = {name: [record.id for record in records] for name, records in runs.items()}
    with recorded(runtime, COMPARE, {**asked, "published": shown.published, "runs": ids}) as run:
        tests = test_sets(run.store, runs, every_model=shown.every_model, baselines=shown.baselines)
        found, without = judged(tests, runs, run.store)
        tables = [score_table(run.store, test) for test in tests]
        tables += [*error_tables(tests, found, run.store), *name_tables(tests, found, run.store)]
        tables.append(cost_table(runs, run.store))
        if run.recorder is not None:
            run.recorder.completed(None, None, (), tables)
        by_test = {test.name: test.models for test in tests}
        _show(tables, shown, by_test, runs, error_lines(found, runs, run.store))
        if run.recorder is not None:
            wide_console().print(
                f"run       {run.recorder.record}; `crosstag inspect {run.recorder.record.id[:10]}` shows it"
            )
        if without:
            wide_console().print(f"no errors are told of {', '.join(without)}, whose runs are older: run them again")


def _show(
    tables: Sequence[Measurements],
    shown: Shown,
    tests: ByTest,
    runs: Runs,
    errors: Sequence[Mapping[str, object]],
) -> None:
    """Prints the tables, shows them in the Prefect UI, and writes them where that is asked for."""
    sheets = sheets_of(tables, shown.published)
    console = wide_console()
    for title, header, rows in sheets:
        console.print(plain_table(title, header, rows))
    page = "\n\n".join(f"## {title}\n\n{markdown_table(header, rows)}" for title, header, rows in sheets)
    with ui_may_be_away("the comparison"):
        create_markdown_artifact(markdown=page, key="compare", description="Methods side by side")
    if shown.folder is not None:
        for path in write_files(shown.folder, sheets, tests, runs, errors):
            console.print(f"written   {path}")


def _seed(cell: Cell) -> object:
    return getattr(cell.config, "seed", "")


def given_once(what: str, names: Sequence[str]) -> None:
    """Refuses a list that says something twice.

    Raises:
        InputError: if it does.
    """
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{what}: {twice} is given twice; give it once")


def check_types(cells: Sequence[Cell]) -> None:
    """Refuses runs whose F1 is over other entity types, as far as their configurations say which.

    Where one takes those of its file, other types show in its gold labels, which have a table of their own.

    Raises:
        InputError: if not all have the same.
    """
    said = {cell.name: cell.config.labels.types for cell in cells}  # type: ignore[attr-defined]
    types = {name: each for name, each in said.items() if each is not None}
    first = next(iter(types), "")
    for name, each in types.items():
        if each != types[first]:
            raise InputError(
                f"compare: {first} has the entity types {', '.join(types[first])}, {name} has {', '.join(each)}; "
                "expected the same; F1 over other types cannot be compared, so compare them in two commands"
            )
