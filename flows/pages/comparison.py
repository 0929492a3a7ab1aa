"""A comparison: its tables with what is behind every number, its picture, and both as files."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from artifacts.catalog import SIGNIFICANCE
from artifacts.errors import InputError, StoreError
from artifacts.reference import Reference
from artifacts.runs import Line, RunRecord
from flows.commands.comparison_files import sheets_of, texts_of
from flows.commands.published import published_tables
from flows.pages.site import Site, address, page, site
from flows.parts.comparison import is_score_table
from flows.parts.comparison_on_record import COMPARE, Comparison, compared_on_record
from flows.parts.error_tables import Judged, error_lines, is_error_table
from flows.parts.run_tables import cells
from tasks.evaluation.outcomes import CATEGORIES, FREQUENCIES, SEEN

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_TYPES = {"csv": "text/csv", "errors.csv": "text/csv", "json": "application/json"}
# What the sentences behind each number of a table of errors are asked for by, in the order of its columns.
_ASKED: list[dict[str, str]] = [
    *[{"category": str(name)} for name in CATEGORIES],
    *[{"category": "gold", "seen": name} for name in SEEN],
    *[{"category": "gold", "frequency": name} for name in FREQUENCIES[1:]],
]


@dataclass(frozen=True)
class Number:
    """A cell, and where the sentences behind it are: one address for each seed."""

    text: str
    behind: list[tuple[str, str]]


@router.get("/run/{identity}/comparison")
def comparison(request: Request, identity: str, shown: Shown) -> Response:
    """The tables of a comparison; what of its runs is gone is told, the tables stay."""
    record = _record(shown, identity)
    found: Comparison | None = None
    damaged: list[str] = []
    try:
        found = compared_on_record(shown.store, record)
    except StoreError as error:
        damaged = [str(error)]
    errors = [(table, *_with_sentences(table, found)) for table in record.measurements if is_error_table(table)]
    others = [each for each in record.measurements if not is_score_table(each) and not is_error_table(each)]
    return page(
        request,
        "comparison",
        record=record,
        runs=record.configuration.get("runs", {}),
        compared=found,
        damaged=damaged,
        scores=[(table, *cells(table)) for table in record.measurements if is_score_table(table)],
        errors=[each for each in errors if each[0].lines],
        others=[(table, *cells(table)) for table in others],
        published=sheets_of((), _corpus(record)),
        chances=[step for step in record.steps if step.reference.kind == SIGNIFICANCE.name],
        endings=list(_texts(shown, record, found)) if found else [],
    )


@router.get("/run/{identity}/comparison.{ending}")
def file(identity: str, ending: str, shown: Shown) -> Response:
    """The tables as `crosstag compare --write` writes them; the picture is one of the run's charts."""
    record = _record(shown, identity)
    texts = _texts(shown, record, compared_on_record(shown.store, record))
    if ending not in texts:
        raise InputError(f"run {identity}: its comparison has no file .{ending}; expected one of {', '.join(texts)}")
    headers = {"Content-Disposition": f'attachment; filename="comparison.{ending}"'}
    media = f"{_TYPES.get(ending, 'text/plain')}; charset=utf-8"
    return Response(texts[ending], media_type=media, headers=headers)


def _record(shown: Site, identity: str) -> RunRecord:
    """The record of a comparison.

    Raises:
        InputError: if the run is none.
    """
    record = shown.run(identity)
    if record.method != COMPARE:
        raise InputError(f"run {identity}: it is a run of {record.method}, no comparison; see /run/{identity}")
    return record


def _corpus(record: RunRecord) -> str:
    """The corpus whose published numbers stand beside; empty without one, or if today's Crosstag has none of it."""
    corpus = str(record.configuration.get("published", ""))
    return corpus if any(corpus in table.corpora for table in published_tables()) else ""


def _texts(shown: Site, record: RunRecord, found: Comparison) -> dict[str, str]:
    sheets = sheets_of(record.measurements, _corpus(record))
    return texts_of(sheets, found.tests, found.runs, _error_lines(shown, found))


def _error_lines(shown: Site, found: Comparison) -> list[dict[str, object]]:
    """Counts of errors of what the store still has."""
    there = [each for each in found.judged if all(shown.store.known(r.kind, r.key) == r for r in each.outcomes)]
    return error_lines(there, found.runs, shown.store)


def _with_sentences(table: Any, found: Comparison | None) -> tuple[list[str], list[tuple[Line, str, list[Number]]]]:
    """Header and rows of a table of errors; each number leads to its sentences, beside the first model's."""
    header, rows = cells(table)
    judged = {each.outcomes[0]: each for each in found.judged} if found else {}
    first = judged.get(table.lines[0].reference) if table.lines else None
    made = []
    for line, (_, configuration, *texts) in zip(table.lines, rows, strict=True):
        own = judged.get(line.reference)
        numbers = [
            Number(text, _behind(own, first, asked, found) if own and found and text not in ("0", "0.0", "-") else [])
            for text, asked in zip(texts, _ASKED, strict=True)
        ]
        made.append((line, configuration, numbers))
    return header, made


def _behind(own: Judged, first: Judged | None, asked: dict[str, str], found: Comparison) -> list[tuple[str, str]]:
    """Of each seed its name, and the address of the sentences."""
    beside: tuple[Reference | None, ...] = (None,) * len(own.outcomes)
    if first is not None and first is not own and len(first.outcomes) == len(own.outcomes):
        beside = first.outcomes
    seeds = [str(run.configuration.get("seed", "")) for run in found.runs[own.model.configuration]]
    return [
        (seed, address("/errors/sentences", of=str(of), beside=str(other) if other else "", **asked))
        for seed, of, other in zip(seeds, own.outcomes, beside, strict=True)
    ]
