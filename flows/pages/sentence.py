"""One sentence followed through a run: its text, translations, labels, votes, and what the student learnt of it."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request, Response

from artifacts.catalog import GOLD
from artifacts.errors import InputError
from artifacts.manifest import Manifest
from artifacts.owners import names_of_models
from artifacts.runs import RunRecord
from flows.pages.aligned import (
    Piece,
    bracketed,
    entity_numbers,
    in_spans,
    marked,
    pair_places,
    projected_places,
    tagged,
)
from flows.pages.labels_said import said_by_all, span_histories, words_of, words_with
from flows.pages.site import Site, page, site
from flows.pages.stations import Followed, follow
from flows.parts.student_answer import answer_of, ask_student_alone
from tasks.aligned.place_labels import UNTRANSLATED
from tasks.aligned.ranking import REASONS as RANKING_REASONS
from tasks.aligned.similarity import NAMES, similarities
from tasks.aligned.spans import REASONS as PLACING_REASONS
from tasks.translation.conjugate.reading import REASONS as PAIR_REASONS
from tasks.translation.marked.markers import REASONS as MARKER_REASONS
from tasks.translation.marked.markers import markers_in
from tasks.translation.projection.project_entities import REASONS as PROJECTION_REASONS
from tasks.words.spans import spans_of

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_TOO_MANY = "too_many_entities"  # Projections have both.
_REASONS = {
    "projection": {
        **MARKER_REASONS,
        **PROJECTION_REASONS,
        _TOO_MANY: f"{MARKER_REASONS[_TOO_MANY]}; or {PROJECTION_REASONS[_TOO_MANY]}",
    },
    "conjugate_pairs": PAIR_REASONS,
    "aligned_translation": {**PLACING_REASONS, **RANKING_REASONS, **UNTRANSLATED},
    "marked_translation": MARKER_REASONS,
}
"""What reasons mean, by the kind of the table that names them: several have an `overlap` or `too_long` of their own."""
_CANDIDATES_SHOWN = 5


@router.get("/sentence/{kind}/{key}/{sentence_id}")
def sentence(request: Request, kind: str, key: str, sentence_id: int, shown: Shown, run: str = "") -> Response:
    """A sentence of a table, or of the table that it labels, through a run: one that is named, else the newest."""
    text, record, runs = text_and_run(shown, kind, key, run)
    followed = follow(shown.store, shown.shelf, record, text, sentence_id)
    if followed.own is None and not followed.stations and not followed.unread:
        raise InputError(f"{text.kind}/{text.key}: it has no sentence {sentence_id}")
    names = names_of_models([record] if record else shown.runs()[0])
    views = [view(each, names) for each in (followed, *followed.copies)]
    return page(
        request,
        "sentence",
        followed=followed,
        record=record,
        runs=runs,
        here=f"/sentence/{kind}/{key}",
        views=views,
        lessons=list({str(each.reference): each for one in views for each in one["taught"]}.values()),
        reasons=_REASONS,
    )


@router.get("/answer/{kind}/{key}/{sentence_id}")
def answer(request: Request, kind: str, key: str, sentence_id: int, shown: Shown, run: str) -> Response:
    """What the student of a run says of a sentence, if it was asked; how far that is, if not."""
    return _answer(request, kind, key, sentence_id, shown, run, asks=False)


@router.post("/answer/{kind}/{key}/{sentence_id}")
def ask(request: Request, kind: str, key: str, sentence_id: int, shown: Shown, run: str) -> Response:
    """Asks the student of a run."""
    return _answer(request, kind, key, sentence_id, shown, run, asks=True)


def _answer(request: Request, kind: str, key: str, sentence_id: int, shown: Site, run: str, *, asks: bool) -> Response:
    text, record, _ = text_and_run(shown, kind, key, run)
    if record is None or record.student is None:
        raise InputError(f"run {run}: it has no student to ask")
    words = words_of(follow(shown.store, shown.shelf, record, text, sentence_id))
    if not words:
        raise InputError(f"{text.kind}/{text.key}: sentence {sentence_id} has no words to ask about")
    found = answer_of(shown.store, record.student, words)
    name = (record.student.digest, *words)
    if found is None and asks:
        shown.errands.start(name, 1, ask_student_alone, str(shown.store), record.student, words)
    return page(
        request,
        "answer",
        words=words_with(words, [tag for tag, _ in found], [share for _, share in found]) if found else (),
        errand=None if found else shown.errands.of(name),
        here=f"/answer/{kind}/{key}/{sentence_id}",
        run=record.id,
    )


def text_and_run(shown: Site, kind: str, key: str, run: str) -> tuple[Manifest, RunRecord | None, list[RunRecord]]:
    """The table in which the sentences of an artifact stand, the run to follow them through, and all such runs."""
    manifest = shown.store.describe(shown.store.find(f"{kind}/{key}"))
    text = sentences_of(shown, manifest)
    if text is None:
        raise InputError(f"{kind}/{key}: nothing was measured by it, so its sentences are unknown")
    records = shown.runs()[0]
    naming = [[record for record in records if _names(record, each)] for each in (text, manifest)]
    record = shown.run(run) if run else next((each[-1] for each in reversed(naming) if each), None)
    return text, record, naming[0]


def sentences_of(shown: Site, manifest: Manifest) -> Manifest | None:
    """The table in which an artifact's sentences stand; itself if the store has no other.

    None for gold labels, which have no words, as long as nothing was measured by them, which would tell of which text.
    """
    makers = shown.shelf.by_content()
    about = shown.shelf.users(manifest) if manifest.kind == GOLD.name else [manifest]
    found = next((makers[text] for each in about if (text := shown.shelf.text_of(each, makers)) in makers), None)
    return found or (manifest if manifest.kind != GOLD.name else None)


def _names(record: RunRecord, manifest: Manifest) -> bool:
    return any((each.kind, each.digest) == (manifest.kind, manifest.digest) for each in record.references)


def view(followed: Followed, names: dict[str, str]) -> dict[str, Any]:
    """What the template draws of a sentence in one table."""
    words = words_of(followed)
    gold = followed.of("gold")
    right = gold[0].row["tags"] if gold else None
    return {
        "followed": followed,
        "own": words_with(words, (followed.own or {}).get("tags") or []),
        "tagged": "tags" in (followed.own or {}),
        "words": words,
        "translated": translated(followed.own) if followed.text.kind == "translation" and followed.own else (),
        "gold": words_with(words, right) if right and len(right) == len(words) else (),
        "said": said_by_all(followed, names, right),
        "histories": span_histories(followed.of("span_labels")),
        "projections": [_projection(each.row) for each in followed.of("projection")],
        "pairs": [_pairs(each.row) for each in followed.of("conjugate_pairs")],
        "aligned": [_aligned_translation(each.row) for each in followed.of("aligned_translation")],
        "candidates": [_candidates(each.rows) for each in followed.of("candidate_scores")],
        "back": [
            _marked_translation(each.row, each.manifest.metadata.get("markers", ""))
            for each in followed.of("marked_translation")
        ],
        "machine": [
            (each, *_given_and_given_back(*_sides(each.row), each.manifest.metadata.get("markers", "")))
            for each in followed.of("machine_translation")
        ],
        "spans": [
            (each, list(zip(each.row["spans"], each.row["span_outputs"], strict=False)))
            for each in followed.of("span_translation")
        ],
        "learnt": [(each, words_with(each.row["words"], each.row["tags"])) for each in followed.of("training_set")],
        "taught": [each for each in followed.stations if each.taught],
    }


def translated(row: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Word by word what a translation was made of: source word (empty if words do not correspond), word, origin."""
    alike = len(row["source_words"]) == len(row["words"]) and not {"marked", "aligned"} & set(row["origin"])
    sources = row["source_words"] if alike else [""] * len(row["words"])
    return tuple(zip(sources, row["words"], row["origin"], strict=True))


def _sides(row: dict[str, Any]) -> tuple[str, str]:
    return row["source"], row["output"]


def _projection(row: dict[str, Any]) -> dict[str, Any]:
    numbers = entity_numbers(row["output"], len(row["entities"]))
    return {
        "row": row,
        "raw": in_spans(row["words"], projected_places(row)),
        "forward": tagged(row["source_words"], row["source_tags"]),
        "back": marked(row["output"]),
        "entities": list(zip(numbers, row["entities"], row["entity_types"], row["matches"], strict=True)),
    }


def _pairs(row: dict[str, Any]) -> dict[str, Any]:
    dropped = [
        (" ".join(row["words"][start:end]) if start >= 0 else "?", reason)
        for start, end, reason in zip(row["starts"], row["ends"], row["reasons"], strict=True)
        if reason
    ]
    return {
        "words": in_spans(row["words"], pair_places(row, "starts", "ends")),
        "translation": in_spans(row["translation"], pair_places(row, "translated_starts", "translated_ends")),
        "dropped": dropped,
    }


def _aligned_translation(row: dict[str, Any]) -> dict[str, Any]:
    spans = [(start, end) for start, end, _ in spans_of(row["source_tags"])]
    columns = zip(spans, *(row[name] for name in ("starts", "ends", "shares", "similarities", "reasons")), strict=True)
    entities = [
        (number, " ".join(row["source_words"][first:last]), start, end, share, similarity, reason)
        for number, ((first, last), start, end, share, similarity, reason) in enumerate(columns)
    ]
    return {
        "row": row,
        "ranked": None in row["shares"],
        "source": tagged(row["source_words"], row["source_tags"]),
        "translation": in_spans(row["words"], [(at, end, n, "") for n, _, at, end, *_ in entities if at >= 0]),
        "entities": [
            (text, " ".join(row["words"][start:end]) if start >= 0 else "", share, similarity, reason)
            for _, text, start, end, share, similarity, reason in entities
        ],
    }


def _candidates(rows: Sequence[dict[str, Any]]) -> list[tuple[str, list[tuple[str, float]]]]:
    """Each entity that was ranked, with its best candidates and their similarities, best first."""
    logs = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in NAMES}
    found: dict[int, tuple[str, list[tuple[str, float]]]] = {}
    for row, value in sorted(zip(rows, similarities(logs).tolist(), strict=True), key=lambda pair: -pair[1]):
        if not np.isnan(value):
            found.setdefault(row["entity"], (row["source"], []))[1].append((row["target"], value))
    return [(text, best[:_CANDIDATES_SHOWN]) for _, (text, best) in sorted(found.items())]


def _marked_translation(row: dict[str, Any], form: str) -> dict[str, Any]:
    entities = row.get("entities")  # Not there in what was made before brackets were read.
    given, given_back = _given_and_given_back(row["marked_source"], row["output"], form, entities or ())
    return {
        "row": row,
        "source": tagged(row["source_words"], row["source_tags"]),
        "marked": given,
        "output": given_back,
        "result": tagged(row["words"], row["tags"], entities) if row["tags"] else (),
    }


def _given_and_given_back(
    source: str, output: str, form: str, entities: Sequence[int] = ()
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What a translator got and what it made of it; `entities` are those between the brackets of the second."""
    if form != "brackets":
        return marked(source), marked(output)
    return bracketed(source, range(markers_in(source, "brackets") // 2)), bracketed(output, entities)
