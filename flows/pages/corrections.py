"""Corrections: one sentence after another, those that are trusted least first; what was corrected, by whom, when."""

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, quote, unquote

import pyarrow as pa
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from artifacts.errors import InputError, StoreError
from artifacts.reference import Reference
from artifacts.store import Store
from flows.pages.site import Site, address, failure, page, site
from flows.parts.labelled_text import LabelledText, read_labelled_text
from tasks.corpus.corrections import (
    Correction,
    Line,
    append_corrections,
    by_whom,
    correction,
    latest,
    load_corrections,
    made_text,
)
from tasks.words.labels import entity_types

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_AUTHOR = "crosstag_author"
_YEAR = 365 * 24 * 3600
_MOST_BYTES = 10_000_000
# Of entity types; the script listens to 0 (no entity), n (next), p (before), arrows and Enter, too.
KEYS = "123456789abcdefghijklmoqrstuvwxyz"


@router.get("/corrections")
def files(request: Request, shown: Shown) -> Response:
    """The files of corrections in the store."""
    rows, damaged = [], []
    for path in _files(shown.store):
        try:
            said = [line.correction for line in latest(_lines(path))]
            rows.append((path, said, by_whom(Counter(each.author for each in said))))
        except (InputError, StoreError) as error:
            damaged.append(str(error))
    return page(request, "corrections", rows=rows, damaged=damaged)


@router.get("/corrections/by_hand/{name}")
def one_file(request: Request, name: str, shown: Shown) -> Response:
    """What a file of corrections says: each line, the newest first."""
    path = next((each for each in _files(shown.store) if each.name == name), None)
    if path is None:
        raise InputError(f"corrections {name}: there is no such file in {shown.store}; `/corrections` lists them")
    lines = _lines(path)
    counts = {line.number for line in latest(lines)}
    shown_lines = [(line.number, line.correction, made_text(line.correction)) for line in lines[::-1]]
    return page(request, "corrections_file", file=path, lines=shown_lines, counts=counts)


@router.get("/corrections/of/{kind}/{key}")
def sentence(request: Request, kind: str, key: str, shown: Shown, sentence: int | None = None) -> Response:
    """A sentence with its labels, to be corrected: the named one, or the next that nobody corrected."""
    reference = shown.store.find(f"{kind}/{key}")
    text, queue = _text(shown.store, reference)
    file = corrections_file(shown.store, text)
    said = _said(file, text)
    left = [row for row in queue if row not in said]
    if sentence is None and left:
        return RedirectResponse(address(request.url.path, sentence=str(text.ids[left[0]])), 303)
    if sentence is None:
        return page(request, "corrections_done", reference=reference, file=file, of=len(queue))
    row = _row(text, sentence)
    place = _place(text, queue, row)
    types = entity_types(text.labels)
    here = said.get(row)
    return page(
        request,
        "corrections_sentence",
        reference=reference,
        sentence=sentence,
        words=text.words_of(row),
        model=text.tags_of(row),
        tags=list(here.tags or ()) if here else text.tags_of(row),
        here=here,
        made=made_text(here) if here else "",
        twins=len(text.twins(row)),
        trust=None if text.trust is None else float(text.trust[row]),
        labels=text.labels,
        keys=[(kind, KEYS[number : number + 1]) for number, kind in enumerate(types)],
        author=here.author if here and _AUTHOR not in request.cookies else unquote(request.cookies.get(_AUTHOR, "")),
        file=file,
        left=len(left),
        of=len(queue),
        following=_following(text, queue, place, said),
        before=int(text.ids[queue[place - 1]]) if place > 0 else None,
    )


@router.post("/corrections/of/{kind}/{key}/{sentence}")
async def save(request: Request, kind: str, key: str, sentence: int, shown: Shown) -> Response:
    """Keeps the labels of a sentence as a correction, or withdraws the one that there is; shows the next sentence."""
    reference = shown.store.find(f"{kind}/{key}")
    body = await request.body()
    if len(body) > _MOST_BYTES:
        return failure(request, "these are more labels than a sentence can have; nothing was kept", 413)
    given = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    author, withdraws = given.get("author", [""])[0], "withdraw" in given
    text, queue = _text(shown.store, reference)
    file = corrections_file(shown.store, text)
    try:
        row = _row(text, sentence)
        tags = None if withdraws else _tags(given.get("tag", []), text.labels)
        append_corrections(file, _made(text, row, tags, _said(file, text), author))
    except InputError as error:
        return failure(request, str(error), 400)
    except OSError as error:
        return failure(request, f"nothing was kept: {_told(file, error)}", 409)
    following = sentence if withdraws else _following(text, queue, _place(text, queue, row), _said(file, text))
    asked = "" if following is None else str(following)  # Sentence 0 is one.
    answer = RedirectResponse(address(f"/corrections/of/{reference}", sentence=asked), 303)
    answer.set_cookie(_AUTHOR, quote(author.strip()), max_age=_YEAR, httponly=True, samesite="strict")
    return answer


def corrections_file(store: Store, text: LabelledText) -> Path:
    """Where the corrections of a text are kept: beside the artifacts, where nothing is ever removed."""
    language = "".join(sign for sign in text.language if sign.isalnum() or sign == "-")
    return store.by_hand(f"{language}-{text.text.rpartition('/')[2]}.jsonl")


def _files(store: Store) -> list[Path]:
    return [path for path in store.files_by_hand() if path.suffix == ".jsonl"]


def _text(store: Store, reference: Reference) -> tuple[LabelledText, list[int]]:
    """The labels of an artifact, and its queue; kept for the next sentence, as its content never changes."""
    store.require(reference)
    return _kept(str(store), reference)


@lru_cache(maxsize=2)
def _kept(store: str, reference: Reference) -> tuple[LabelledText, list[int]]:
    found = read_labelled_text(Store(store), reference)
    pa.default_memory_pool().release_unused()  # Arrow keeps what reading took; what is kept here is a tenth of it.
    return found, found.queue()


def _said(file: Path, text: LabelledText) -> dict[int, Correction]:
    """What counts of a file of corrections, by row of the text."""
    return text.rows_of(line.correction for line in latest(_lines(file)))


def _lines(file: Path) -> list[Line]:
    """As `load_corrections` gives them.

    Raises:
        StoreError: if the file cannot be read.
    """
    try:
        return load_corrections(file)
    except OSError as error:
        raise StoreError(_told(file, error)) from error


def _told(file: Path, error: OSError) -> str:
    """What is wrong with the store's file of corrections, and what to do."""
    return (
        f"{file}: {error.strerror or error}; make it possible to read and write there, or keep corrections in a file "
        "of your own (`crosstag corrections queue` and `import`)"
    )


def _row(text: LabelledText, sentence: int) -> int:
    row = text.row(sentence)
    if row is None:
        raise InputError(f"sentence {sentence}: {text.text} has no such sentence; leave it out to see the next one")
    return row


def _tags(given: list[str], labels: list[str]) -> list[str]:
    strange = [tag for tag in given if tag not in labels]
    if strange:
        raise InputError(f"label {strange[0][:40]!r} is not one of {', '.join(labels)}; nothing was kept")
    return given


def _made(
    text: LabelledText, row: int, tags: list[str] | None, said: dict[int, Correction], author: str
) -> list[Correction]:
    """What is said of a sentence, and of all with the same words.

    Raises:
        InputError: if it is no correction, or there is none to withdraw.
    """
    rows = [twin for twin in text.twins(row) if tags is not None or twin in said]
    if not rows:
        raise InputError(f"sentence {text.ids[row]}: there is no correction to withdraw")
    return [
        correction(
            sentence_id=int(text.ids[twin]),
            words=text.words_of(twin),
            tags=tags,
            before=list(said[twin].tags or ()) if twin in said else text.tags_of(twin),
            author=author,
            sentences=text.text,
        )
        for twin in rows
    ]


def _place(text: LabelledText, queue: list[int], row: int) -> int:
    """Where a sentence, or that with the same words, stands in the queue."""
    twins = set(text.twins(row))
    return next(place for place, each in enumerate(queue) if each in twins)


def _following(text: LabelledText, queue: list[int], place: int, said: dict[int, Correction]) -> int | None:
    """The id of the next sentence behind a place of the queue that nobody corrected; None behind the last."""
    row = next((row for row in queue[place + 1 :] if row not in said), None)
    return None if row is None else int(text.ids[row])
