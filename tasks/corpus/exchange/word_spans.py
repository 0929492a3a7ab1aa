"""Records with spans that count words, their ends inclusive: GLiNER, DyGIE++, W2NER; turned into exclusive ones.

{"tokenized_text": ["Ida", "Koch"], "ner": [[0, 1, "PER"]]}
{"sentences": [["Ida", "Koch"], ["Ja"]], "ner": [[[0, 1, "PER"]], []]}, which counts on over sentences
{"sentence": ["Ida", "Koch"], "ner": [{"index": [0, 1], "type": "PER"}]}
"""

from collections.abc import Iterator
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.exchange.fields import list_of, shown


def is_record(row: Any) -> bool:
    """Whether a record is one of the three."""
    if not isinstance(row, dict):
        return False
    return ("tokenized_text" in row and "ner" in row) or any(
        isinstance(row.get(key), list) and isinstance(row.get("ner"), list) for key in ("sentences", "sentence")
    )


def sentences_of(row: Any, place: str) -> Iterator[dict[str, Any]]:
    """The sentences of a record, as `tokens` and `spans` with exclusive ends.

    Raises:
        InputError: if it is not what it should be.
    """
    if "tokenized_text" in row:
        yield _counted(row["tokenized_text"], list_of(row, "ner", place), 0, place)
    elif "sentences" in row:
        sentences, entities = list_of(row, "sentences", place), list_of(row, "ner", place)
        if len(sentences) != len(entities):
            raise InputError(
                f"{place}: {len(sentences)} sentences, {len(entities)} lists under ner; expected as many; fix it"
            )
        before = 0
        for words, spans in zip(sentences, entities, strict=True):
            yield _counted(words, spans, before, place)
            before += len(words) if isinstance(words, list) else 0
    else:
        yield {"tokens": row["sentence"], "spans": [_run(each, place) for each in list_of(row, "ner", place)]}


def _counted(words: Any, spans: Any, before: int, place: str) -> dict[str, Any]:
    """A sentence whose spans are [first, last, label], counted from `before`."""
    turned = []
    for span in spans if isinstance(spans, list) else [spans]:
        if not isinstance(span, list) or len(span) < 3 or not all(type(bound) is int for bound in span[:2]):
            raise InputError(f"{place}: ner has {shown(span)}; expected [first word, last word, label]; fix it")
        turned.append([span[0] - before, span[1] - before + 1, span[2]])
    return {"tokens": words, "spans": turned}


def _run(entity: Any, place: str) -> list[Any]:
    """A W2NER entity, whose words must follow each other."""
    index = entity.get("index") if isinstance(entity, dict) else None
    places = index if isinstance(index, list) and all(type(place) is int for place in index) else []
    if not places or places != list(range(places[0], places[0] + len(places))):
        raise InputError(
            f"{place}: the entity has words {shown(index) if not isinstance(index, list) else index}; expected words "
            "that follow each other (an entity with gaps has no tags); leave it out"
        )
    return [places[0], places[-1] + 1, entity.get("type")]
