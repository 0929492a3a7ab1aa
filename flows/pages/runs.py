"""Runs: the list, one run with everything about it, where two differ, the graph of its artifacts."""

from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from artifacts.runs import RunRecord, standing
from flows.commands.runs import changed_settings, difference_of, f1_of_student, score_rows
from flows.pages.graph import drawn
from flows.pages.site import Site, failure, page, site
from flows.parts.comparison_on_record import COMPARE
from flows.parts.decisions import decisions
from flows.parts.report import POLICY, report
from flows.parts.run_tables import cells, scores_by_test
from flows.parts.run_words import about, languages, place_in_run
from flows.parts.word_table import WITH_LABELS

router = APIRouter()
Shown = Annotated[Site, Depends(site)]


@router.get("/runs")
def list_runs(request: Request, shown: Shown) -> Response:
    """All runs, the newest first; a record that cannot be read is named, the others are listed."""
    records, damaged = shown.runs()
    rows = [
        {
            "record": record,
            "languages": languages(record),
            "standing": standing(shown.store, record),
            "f1": f1_of_student(record),
            "at": place_in_run(record),
        }
        for record in reversed(records)
    ]
    return page(request, "runs", rows=rows, damaged=damaged)


@router.get("/runs/difference")
def difference(request: Request, shown: Shown, run: Annotated[tuple[str, ...], Query()] = ()) -> Response:
    """What differs between two runs, and nothing else."""
    if len(run) != 2:
        return failure(request, f"{len(run)} runs were chosen; choose two in the list", 400)
    first, second = (shown.run(each) for each in run)
    found = difference_of(shown.store, first, second)
    return page(request, "difference", records=(first, second), found=found, scores=score_rows(found))


@router.get("/run/{identity}")
def one_run(request: Request, identity: str, shown: Shown) -> Response:
    """One run: who and where, settings, steps, scores, figures, student."""
    record = shown.run(identity)
    return page(
        request,
        "run",
        record=record,
        about=about(record, standing(shown.store, record)),
        settings=yaml.safe_dump(record.configuration, sort_keys=False, allow_unicode=True),
        scores=scores_by_test(record),
        decisions=decisions(record, changed_settings(record), shown.shelf.taken),
        measurements=[(table, *cells(table)) for table in record.measurements],
        labels=labelled(record),
        gone=_gone(shown, record),
        compared=record.method == COMPARE,
    )


@router.get("/run/{identity}/graph")
def graph(request: Request, identity: str, shown: Shown, scores: bool = False) -> Response:
    """Which artifact of a run came from which."""
    record = shown.run(identity)
    return page(request, "graph", record=record, drawing=drawn(shown.shelf, record, scores=scores), scores=scores)


@router.get("/run/{identity}/report")
def read_report(identity: str, shown: Shown) -> Response:
    """The report of a run as it was written at its end; of a run that has none, as it would be written now."""
    record = shown.run(identity)
    path = shown.store.report(record.id)
    text = path.read_text(encoding="utf-8") if path is not None else report(shown.store, record)
    return HTMLResponse(text, headers={"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"})


def labelled(record: RunRecord) -> list[tuple[str, str, str]]:
    """The tables of labels that a run made or took: step, stage, and reference; each once."""
    found = {
        str(taken.reference): (taken.step, taken.stage, str(taken.reference))
        for taken in record.steps
        if taken.reference.kind in WITH_LABELS
    }
    return list(found.values())


def _gone(shown: Site, record: RunRecord) -> dict[str, str]:
    """The artifacts of a run that the store no longer has whole, each with what became of it."""
    found = {}
    for each in {taken.reference for taken in record.steps}:
        there = shown.store.known(each.kind, each.key)
        if there != each:
            found[str(each)] = "gone or damaged" if there is None else "made anew since, with other content"
    return found
