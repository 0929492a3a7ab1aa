"""What `crosstag store` prints and writes."""

import json
from pathlib import Path

import pyarrow as pa
from rich.table import Table

from artifacts.catalog import Dataset, catalogue
from artifacts.errors import InputError
from artifacts.export import export
from artifacts.manifest import Manifest
from artifacts.owners import model_of, names_of_models, runs_by_artifact
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.show import preview
from artifacts.store import Store
from artifacts.upkeep import verify
from flows.commands.configuration import in_one_line
from flows.parts.console import text_console
from flows.parts.run_words import moment

_WIDTH = 140
_LISTING_WIDTH = 180


def print_artifacts(root: str, kind: str) -> None:
    """One line per artifact, in the order in which they were made: its step, its model and its newest run, too."""
    store = existing(root)
    if kind and kind not in catalogue():
        raise InputError(f"store ls: {kind!r} is no kind; expected one of {', '.join(catalogue())}")
    manifests = sorted(store.manifests_of(kind) if kind else store.manifests(), key=lambda m: m.made)
    columns = ("artifact", "step", "for", "model", "run", "rows", "bytes", "seconds", "made")
    table = Table(*columns, box=None, pad_edge=False)
    runs = all_runs(store)
    models, users = names_of_models(runs), runs_by_artifact(runs)
    for manifest in manifests:
        rows = "" if manifest.rows is None else f"{manifest.rows:,}"
        size = "dropped" if manifest.dropped else f"{sum(entry.bytes for entry in manifest.files.values()):,}"
        table.add_row(
            f"{manifest.kind}/{manifest.key[:10]}",
            manifest.recipe.step,
            manifest.label,
            model_of(manifest, models),
            _runs(users.get((manifest.kind, manifest.key), [])),
            rows,
            size,
            f"{manifest.seconds:.1f}",
            moment(manifest.made)[:16],
        )
    text_console(_LISTING_WIDTH).print(table)


def _runs(users: list[str]) -> str:
    """The newest run, and how many others."""
    return "" if not users else users[-1][:8] + (f" +{len(users) - 1}" if len(users) > 1 else "")


def print_artifact(root: str, text: str, rows: int) -> None:
    """The manifest's essentials, where each input came from, and the first rows."""
    store = existing(root)
    reference = store.find(text)
    manifest = store.describe(reference)
    console = text_console()
    console.print(f"{reference}   made by {manifest.recipe.step} {manifest.label}".rstrip())
    kind = catalogue()[manifest.kind]
    console.print(kind.doc.strip() + "\n")
    console.print(f"digest      {manifest.digest}")
    console.print(f"made        {manifest.made}, in {manifest.seconds:.1f} s")
    if manifest.adopted_from:
        console.print(f"adopted     from {manifest.kind}/{manifest.adopted_from}: {manifest.adopted_why}")
    for name, value in {**manifest.metadata, **manifest.notes}.items():
        console.print(f"{name:<11} {json.dumps(value, ensure_ascii=False)}")
    for name, value in manifest.recipe.parameters.items():
        if value != "<input>" and value is not None:
            console.print(f"setting     {name}: {in_one_line(value)}")
    makers = _by_digest(store)
    for name, digest in manifest.recipe.inputs.items():
        maker = makers.get(digest)
        console.print(f"input       {name}: {maker or 'a file or model from outside'} ({digest.split(':')[-1][:12]})")
    console.print()
    if isinstance(kind, Dataset) and kind.in_columns:
        console.print(_number_table(store, reference, rows))
        return
    for line in preview(store, reference, rows):
        console.print(line)


def print_sentences(
    root: str, text: str, rows: int, *, sort: str, where: str, sentence: int | None, diff: str, gold: str
) -> None:
    """Answers a question about the labels of a table; see `flows.commands.questions.print_answer`."""
    from flows.commands.questions import print_answer  # pandas takes a while to load

    store = existing(root)
    print_answer(store, store.find(text), rows, sort=sort, where=where, sentence=sentence, diff=diff, gold=gold)


def export_artifact(root: str, text: str, path: Path) -> None:
    """Writes an artifact as others read it, and says where.

    Raises:
        InputError: if something is at `path` already, or the kind has no such form.
    """
    store = existing(root)
    reference = store.find(text)
    rows = export(store, reference, path)
    text_console().print(f"wrote {path}" + ("" if rows is None else f" ({rows:,} rows)"))


def print_verification(root: str) -> bool:
    """Whether every artifact is what its manifest says; prints what is not."""
    store = existing(root)
    findings = list(verify(store))
    console = text_console()
    for finding in findings:
        console.print(f"{finding.name}: {finding.what}")
    console.print(f"{sum(1 for _ in store.manifests())} artifacts checked, {len(findings)} faults")
    return not findings


def _number_table(store: Store, reference: Reference, rows: int) -> Table:
    """The first rows of a table of measurements, in columns; empty where there is nothing to measure."""
    data = store.table(reference).slice(0, rows)
    table = Table(box=None, pad_edge=False)
    for column in data.schema:
        table.add_column(column.name, justify="left" if pa.types.is_string(column.type) else "right", no_wrap=True)
    for row in data.to_pylist():
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if value.is_integer() else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def existing(root: str) -> Store:
    """The store at a place.

    Raises:
        InputError: if there is none.
    """
    store = Store(root)
    if not store.exists():
        raise InputError(f"store {store}: there is no store; run a flow first, or name it with --store")
    return store


def _by_digest(store: Store) -> dict[str, str]:
    """The artifact behind each digest, as inputs name it."""

    def line(manifest: Manifest) -> str:
        return f"{manifest.kind}/{manifest.key[:10]}, made by {manifest.recipe.step} {manifest.label}".rstrip()

    return {f"{manifest.kind}:{manifest.digest}": line(manifest) for manifest in store.manifests()}
