"""One word: its soft labels in each model and iteration, how far they are trusted, and by which neighbours."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from artifacts.errors import InputError, StoreError
from artifacts.manifest import Manifest
from artifacts.owners import names_of_models
from artifacts.runs import RunRecord
from flows.pages.labels_said import span_histories, words_of
from flows.pages.one_word import hard_labels, lexicon_entries, opinions, translations
from flows.pages.panel import panels
from flows.pages.sentence import text_and_run
from flows.pages.site import Site, page, site
from flows.pages.stations import Followed, follow
from flows.parts.nearest_words import Weighed, made_bank, make_bank_alone, weighed_by
from tasks.denoising.neighbourhood import neighbourhood
from tasks.denoising.neighbours.bank import Bank
from tasks.words.columns import list_lengths

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_AROUND = 8
_SHOWN_NEIGHBOURS = 30
_SHOWN_ENTRIES = 20


@router.get("/word/{kind}/{key}/{sentence_id}/{place}")
def word(request: Request, kind: str, key: str, sentence_id: int, place: int, shown: Shown, run: str = "") -> Response:
    """A word of a sentence, by its place in it from 0, through a run: one that is named, else the newest."""
    text, record, _ = text_and_run(shown, kind, key, run)
    followed = follow(shown.store, shown.shelf, record, text, sentence_id)
    words = words_of(followed)
    if not words:
        raise InputError(
            f"{text.kind}/{text.key}: the words of sentence {sentence_id} are not in this store: the text that it is "
            "about is gone, damaged, or has no such sentence; run the flow again"
        )
    if not 0 <= place < len(words):
        raise InputError(
            f"{text.kind}/{text.key}: sentence {sentence_id} has {len(words)} words, none at place {place}"
        )
    names = names_of_models([record] if record else shown.runs()[0])
    language = str(text.metadata.get("language", ""))
    lexicons = [
        (each, *lexicon_entries(shown.store, each, words[place], language)) for each in _lexicons(shown, record)
    ]
    return page(
        request,
        "word",
        followed=followed,
        record=record,
        words=words,
        place=place,
        here=f"/word/{text.kind}/{text.key}/{sentence_id}",
        opinions=opinions(followed, place, names),
        panels=panels(followed, place),
        hard=hard_labels(followed, place),
        spans=[each for each in span_histories(followed.of("span_labels")) if each.start <= place < each.end],
        lexicons=[(each, side, rows[:_SHOWN_ENTRIES]) for each, side, rows in lexicons if side],
        translations=translations(followed, place),
        no_neighbours=without_neighbours(followed),
    )


@router.get("/neighbours/{key}/{sentence_id}/{place}")
def neighbours(request: Request, key: str, sentence_id: int, place: int, shown: Shown, run: str = "") -> Response:
    """The words nearest to one, as reliability found them; how far the bank of words is made, if it is not."""
    return _neighbours(request, (key, sentence_id, place), shown, run, begins=False)


@router.post("/neighbours/{key}/{sentence_id}/{place}")
def make_bank(request: Request, key: str, sentence_id: int, place: int, shown: Shown, run: str = "") -> Response:
    """Begins to make the bank of words in which neighbours are found."""
    return _neighbours(request, (key, sentence_id, place), shown, run, begins=True)


def _neighbours(request: Request, which: tuple[str, int, int], shown: Site, run: str, *, begins: bool) -> Response:
    given: dict[str, Any] = {"here": "/neighbours/{}/{}/{}".format(*which), "run": run}
    try:
        given |= _found_or_under_way(shown, *which, begins=begins)
    except (InputError, StoreError) as error:
        if request.headers.get("hx-request") != "true":
            raise
        given |= {"found": None, "errand": None, "problem": str(error)}  # A part of a page: the page tells it.
    return page(request, "neighbours", **given)


def _found_or_under_way(shown: Site, key: str, sentence_id: int, place: int, *, begins: bool) -> dict[str, Any]:
    weighed = weighed_by(shown.store, shown.store.find(f"reliability/{key}"))
    row = shown.store.row_of(weighed.soft_labels, "sentence_id", sentence_id)
    bank = made_bank(shown.store, weighed)
    if row is None or (bank is not None and not 0 <= place < bank.starts[row + 1] - bank.starts[row]):
        raise InputError(f"{weighed.soft_labels}: it has no word {place} in a sentence {sentence_id}")
    if bank is not None:
        return {
            "weighed": weighed,
            "errand": None,
            "found": found_neighbours(shown, weighed, bank, int(bank.starts[row]) + place),
        }
    name = weighed.scores.key
    if begins:
        batches = shown.store.batches(weighed.soft_labels, columns=["words"])
        total = sum(int(list_lengths(batch["words"]).sum()) for batch in batches)
        shown.errands.start(name, total, make_bank_alone, str(shown.store), weighed.scores)
    sentences = shown.store.describe(weighed.soft_labels).rows
    return {"found": None, "errand": shown.errands.of(name), "problem": "", "sentences": sentences}


def found_neighbours(shown: Site, weighed: Weighed, bank: Bank, number: int) -> dict[str, Any]:
    """A word's neighbours for the template: how many speak for its label, and the nearest in their sentences."""
    labels: list[str] = shown.store.metadata(weighed.soft_labels)["labels"]
    near = neighbourhood(bank, number, labels, weighed.config)
    rows, places = (each[:_SHOWN_NEIGHBOURS].tolist() for each in bank.places(near.words))
    sentences = shown.store.rows_at(weighed.soft_labels, rows, ["sentence_id", "words"])
    counts = {label: int((near.label_ids == n).sum()) for n, label in enumerate(labels)}
    return {
        "label": labels[near.label_id],
        "asked": len(near.words),
        "matching": int(near.matches.sum()),
        "counts": sorted(((label, count) for label, count in counts.items() if count), key=lambda each: -each[1]),
        "by_type": weighed.config.match == "type",
        "nearest": [
            {
                "cosine": float(cosine),
                "label": labels[label],
                "matches": bool(matches),
                "place": place,
                **around(sentences[row]["words"], place),
                "sentence_id": sentences[row]["sentence_id"],
            }
            for row, place, cosine, label, matches in zip(
                rows, places, near.cosines, near.label_ids, near.matches, strict=False
            )
        ],
    }


def around(words: list[str], place: int) -> dict[str, Any]:
    """A word, and some on both sides of it; `cut`: whether the sentence goes on there."""
    first, last = max(place - _AROUND, 0), min(place + _AROUND + 1, len(words))
    return {
        "word": words[place],
        "before": words[first:place],
        "after": words[place + 1 : last],
        "cut": (first > 0, last < len(words)),
    }


def without_neighbours(followed: Followed) -> str:
    """Why the word has no neighbours; empty if it has."""
    if followed.of("reliability"):
        return ""
    if followed.of("opinions"):
        return "A panel weighs teachers, not words by their neighbours, so there are no nearest words to show."
    if followed.of("span_labels"):
        return (
            "GLoDe trusts spans by prototypes and by neighbours of spans, while it trains. No weight of a word is "
            "kept, so there are no nearest words to show; the table of spans tells which labels were moved."
        )
    if followed.of("votes"):
        return (
            "UniTrans trusts a hard label where all three taggers give it. It weighs no word by its neighbours, so "
            "there are none to show."
        )
    return "No reliability table of this run weighs the words of this sentence, so there are no nearest words to show."


def _lexicons(shown: Site, record: RunRecord | None) -> list[Manifest]:
    if record is None:
        return [m for m in shown.shelf.manifests().values() if m.kind == "lexicon" and not m.dropped]
    taken = dict.fromkeys(step.reference for step in record.steps if step.reference.kind == "lexicon")
    return [m for m in map(shown.shelf.taken, taken) if m is not None and not m.dropped]
