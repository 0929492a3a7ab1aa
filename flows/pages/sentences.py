"""Labelled sentences: colours by type, weight as opacity, filters, and where other labels of the same words differ."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from artifacts.catalog import OPINIONS
from artifacts.errors import InputError
from flows.pages.panel import with_teachers
from flows.pages.sentence import sentences_of
from flows.pages.shelf import reference_of
from flows.pages.site import First, Site, page, site
from flows.pages.word_tables import DIFFERENCES, Difference, Question
from flows.parts.labelled_text import CORRECTABLE
from flows.parts.word_table import MEASURES, WITH_LABELS

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
Share = Annotated[str, Query(max_length=20)]
Length = Annotated[str, Query(max_length=20)]
Number = TypeVar("Number", int, float)
_ROWS = 30
_PAIRS = 12
_TOO_LARGE = 1e38  # about where the numbers of words, in float32, end


@router.get("/sentences/{kind}/{key}")
def sentences(
    request: Request,
    kind: str,
    key: str,
    shown: Shown,
    type: str = "",
    label: str = "",
    origin: str = "",
    text: str = "",
    probability_from: Share = "",
    probability_to: Share = "",
    agreement_from: Share = "",
    agreement_to: Share = "",
    weight_from: Share = "",
    weight_to: Share = "",
    shortest: Length = "",
    longest: Length = "",
    other: str = "",
    differs: Difference = "",
    dissent: Annotated[str, Query(pattern=r"^(|any|most|\d{1,3})$")] = "",
    sort: str = "",
    first: First = 0,
) -> Response:
    """The sentences of a table of labels that meet what was asked, a page of them."""
    reference = shown.store.find(f"{kind}/{key}")
    manifest = shown.store.require(reference)
    given = dict(request.query_params)
    question = Question(
        type=type,
        label=label,
        origin=origin,
        lowest=_bounds(given, "from"),
        highest=_bounds(given, "to"),
        text=text,
        shortest=_number(shortest, "shortest", int),
        longest=_number(longest, "longest", int),
        differs=differs,
        dissent=dissent,
        sort=sort,
    )
    against = shown.store.find(other) if other else None
    answer = shown.words.ask(reference, question, against, first=first, rows=_ROWS)
    without: list[str] = []
    if manifest.kind == OPINIONS.name:
        answer, without = with_teachers(shown.store, shown.shelf.by_content(), manifest, answer)
    others = shown.shelf.of_same_text(reference, WITH_LABELS)
    text = shown.shelf.text_of(manifest)
    gold = shown.shelf.gold_of(text)
    pairs = shown.words.differences(reference, against) if against is not None else []
    return page(
        request,
        "sentences",
        manifest=manifest,
        reference=reference,
        answer=answer,
        question=question,
        given={name: value for name, value in given.items() if name != "first"},
        first=first,
        rows=_ROWS,
        measures=shown.words.measures(reference),
        worded="word" in shown.words.table(reference).column_names,
        types=shown.words.values(reference, "type"),
        labels=shown.words.values(reference, "label"),
        origins=shown.words.values(reference, "origin"),
        dissents=_named(shown.words.dissents(reference), manifest.metadata),
        without=without,
        others=[(reference_of(m), m) for m in (*others, *gold)],
        other=against,
        alone=shown.words.alone(reference, against) if against is not None else (0, 0),
        differences=DIFFERENCES,
        pairs=pairs[:_PAIRS],
        correctable=reference.kind in CORRECTABLE and text.startswith("sentences:"),
        linked=sentences_of(shown, manifest) is not None,
        differing=sum(count for _, _, count in pairs),
    )


def _named(dissents: list[tuple[str, int]], about: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Who of a panel says otherwise: the value of the filter, in words, and of how many words."""
    told = {"any": "one of them says otherwise", "most": "fewer than half say it"}
    for number, teacher in enumerate(about.get("teachers", ()) if dissents else ()):
        told[str(number)] = f"{teacher} says otherwise"
    return [(way, told[way], count) for way, count in dissents]


def _bounds(given: dict[str, str], side: str) -> dict[str, float]:
    """The bounds of words' numbers that were given for one side."""
    found = {name: _number(given.get(f"{name}_{side}", ""), f"{name}_{side}", float) for name in MEASURES}
    return {name: bound for name, bound in found.items() if bound is not None}


def _number(text: str, name: str, kind: Callable[[str], Number]) -> Number | None:
    """A number that was given, None for an empty field.

    Raises:
        InputError: if it is none.
    """
    if not text.strip():
        return None
    try:
        found = kind(text)
        if not abs(found) < _TOO_LARGE:
            raise ValueError
        return found
    except ValueError:
        raise InputError(f"{name}={text}: expected a number, such as {'10' if kind is int else '0.2'}") from None
