"""Errors: what became of the entities of a test set by the models of a run or two, and the sentences behind it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from artifacts.catalog import OUTCOMES
from artifacts.errors import InputError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RunRecord
from flows.pages.outcome_tables import FOUND, SIDES, Wanted, ask, crossed, types
from flows.pages.shelf import reference_of
from flows.pages.site import First, Site, failure, page, site
from tasks.evaluation.outcomes import CATEGORIES, FREQUENCIES, SEEN

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_ROWS = 20


@dataclass(frozen=True)
class Entry:
    """What became of the entities of a test set by a model of a run."""

    record: RunRecord
    model: str
    test: str
    manifest: Manifest

    @property
    def reference(self) -> Reference:
        """To the outcomes."""
        return reference_of(self.manifest)


@router.get("/errors")
def errors(request: Request, shown: Shown, run: Annotated[tuple[str, ...], Query()] = (), test: str = "") -> Response:
    """Counts of the models of a run, or of two, on a test set: every number leads to its sentences."""
    able = [record for record in shown.runs()[0] if any(step.reference.kind == OUTCOMES.name for step in record.steps)]
    chosen = [shown.run(each) for each in dict.fromkeys(run) if each] or able[-1:]
    if len(chosen) > 2:
        return failure(request, f"{len(chosen)} runs were chosen; choose one or two", 400)
    found = [entry for record in chosen for entry in entries(shown, record)]
    tests = list(dict.fromkeys(entry.test for entry in found))
    if test and test not in tests:
        raise InputError(f"test={test}: these runs have judged {', '.join(tests) or 'no test set'}")
    shown_test = test or next(iter(tests), "")
    lines = [entry for entry in found if entry.test == shown_test]
    pair = _pair(shown, lines)
    return page(
        request,
        "errors",
        runs=list(reversed(able)),
        chosen=chosen,
        tests=tests,
        test=shown_test,
        lines=lines,
        pair=pair,
        crossed=crossed(*(shown.store.table(each.reference) for each in pair)) if pair else {},
        categories=CATEGORIES,
        kinds=FOUND,
        seen=SEEN,
        frequencies=FREQUENCIES[1:],
    )


@router.get("/errors/sentences")
def error_sentences(
    request: Request,
    shown: Shown,
    of: str,
    beside: str = "",
    category: str = "",
    seen: str = "",
    frequency: str = "",
    type: str = "",
    there: str = "",
    first: First = 0,
) -> Response:
    """The sentences behind a number: gold labels and predictions, those of another model beside them."""
    wanted = Wanted(category, seen, frequency, type, there)
    wanted.check()
    own = _outcomes(shown, of)
    others = [each for each in _of_same_test_set(shown, own) if each.key != own.key]
    tables = {_name(own): shown.store.table(reference_of(own))}
    if beside:
        other = _outcomes(shown, beside)
        if _test_set(shown, other) != _test_set(shown, own):
            raise InputError(f"{beside}: it is of other sentences or gold labels than {of}; choose one of the list")
        name = _name(other) if _name(other) not in tables else f"{_name(other)} ({other.key[:6]})"
        tables[name] = shown.store.table(reference_of(other))
    predictions = shown.store.holding(own.recipe.inputs["predictions"])
    if predictions is None:
        raise InputError(f"{of}: the predictions that it is of are not in the store any more; run its run again")
    table = next(iter(tables.values()))
    return page(
        request,
        "error_sentences",
        own=own,
        of=of,
        beside=beside,
        others=others,
        wanted=wanted,
        found=ask(shown.words.table(predictions), tables, wanted, first=first, rows=_ROWS),
        predictions=predictions,
        types=types(table),
        categories={**SIDES, **{name: name for name in CATEGORIES}},
        kinds=FOUND,
        seen=SEEN,
        frequencies=FREQUENCIES,
        given={name: value for name, value in dict(request.query_params).items() if name != "first"},
        first=first,
        rows=_ROWS,
    )


def entries(shown: Site, record: RunRecord) -> list[Entry]:
    """What a run has judged, in its order; of what the store still has."""
    found = []
    for step in record.steps:
        manifest = shown.shelf.taken(step.reference)
        if step.reference.kind == OUTCOMES.name and manifest is not None and not manifest.dropped:
            model, _, test = step.stage.partition(" on ")
            found.append(Entry(record, model, test, manifest))
    return found


def _pair(shown: Site, lines: list[Entry]) -> tuple[Entry, Entry] | None:
    """Of two runs their last models; of one its last and its first. None if of other test sets, or judged as one."""
    if len(lines) < 2:
        return None
    first = lines[0].record.id
    of_first = [entry for entry in lines if entry.record.id == first]
    here, there = (of_first[-1], lines[-1]) if len(of_first) < len(lines) else (lines[-1], lines[0])
    same = _test_set(shown, here.manifest) == _test_set(shown, there.manifest)
    return (here, there) if same and here.reference != there.reference else None


def _outcomes(shown: Site, text: str) -> Manifest:
    """The manifest of outcomes that an address names.

    Raises:
        InputError: if it is of another kind.
    """
    reference = shown.store.find(text)
    if reference.kind != OUTCOMES.name:
        raise InputError(f"{text}: expected outcomes, such as a run's page names them")
    return shown.store.require(reference)


def _test_set(shown: Site, outcomes: Manifest, makers: dict[str, Manifest] | None = None) -> tuple[str, str]:
    """The content of the gold labels that outcomes are of, and of the sentences: equal gold labels may be of others."""
    makers = shown.shelf.by_content() if makers is None else makers
    inputs = outcomes.recipe.inputs
    said = makers.get(inputs.get("predictions", ""))
    return inputs.get("gold", ""), "" if said is None else shown.shelf.text_of(said, makers)


def _of_same_test_set(shown: Site, own: Manifest) -> list[Manifest]:
    makers = shown.shelf.by_content()
    wanted = _test_set(shown, own, makers)
    found = [m for (kind, _), m in shown.shelf.manifests().items() if kind == OUTCOMES.name and not m.dropped]
    return sorted((m for m in found if _test_set(shown, m, makers) == wanted), key=lambda m: (m.made, m.key))


def _name(manifest: Manifest) -> str:
    """Of the model that was judged."""
    return manifest.label.partition(" on ")[0] or f"{manifest.kind}/{manifest.key[:6]}"
