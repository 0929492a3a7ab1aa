"""What became of every entity: found, found wrongly, missed, made up; and whether its name was in the training set.

Of the two lists of entities of a sentence each entity is in one row alone, with the one of the other list that it is
compared with, if any: so numbers of rows add up to the numbers of entities, and precision and recall follow from them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from artifacts.catalog import OUTCOMES, Gold, Labelled, Predictions
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids, flat_values, offsets_of
from tasks.words.labels import entity_types
from tasks.words.spans import entity_spans

Category = Literal["right", "boundary", "type", "both", "missed", "spurious"]
CATEGORIES: tuple[Category, ...] = ("right", "boundary", "type", "both", "missed", "spurious")
SEEN = ("as the same type", "as other types only", "unseen")
FREQUENCIES = ("0", "1", "2 to 5", "6 and more")
_ATMOST = (0, 1, 5)


class Entity(NamedTuple):
    """First word, the word behind the last, type."""

    start: int
    end: int
    type: str


class Outcome(NamedTuple):
    """An entity of gold, of the predictions, or one of each, and how they agree."""

    gold: Entity | None
    predicted: Entity | None
    category: Category


def outcomes(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[Outcome]:
    """Compares the entities of a sentence; those of one list do not overlap.

    right     same words, same type
    boundary  the words overlap, same type (a boundary error)
    type      same words, other type (a label error)
    both      the words overlap, other type (a label-boundary error)
    missed    gold, and nothing predicted is compared with it (a false negative)
    spurious  predicted, and no gold entity is compared with it (a false positive)

    These are the errors that Manning (2006, "Doing named entity recognition? Don't optimize for F1") names so; `missed`
    and `spurious` are MUC-5's (Chinchor and Sundheim 1993). They do not say what is compared with what where several
    overlap: here each entity has one partner at most, of the same type first, then with the most words shared, then
    the first.

    Returns:
        Every entity in one outcome, by where they start.
    """
    candidates = []
    for one, truth in enumerate(gold):
        for other, guess in enumerate(predicted):
            shared = min(truth.end, guess.end) - max(truth.start, guess.start)
            if shared > 0:
                candidates.append((truth.type != guess.type, -shared, one, other))
    found, left, unused = [], set(range(len(gold))), set(range(len(predicted)))
    for *_, one, other in sorted(candidates):
        if one in left and other in unused:
            left.remove(one)
            unused.remove(other)
            found.append(Outcome(gold[one], predicted[other], _category(gold[one], predicted[other])))
    found += [Outcome(gold[one], None, "missed") for one in sorted(left)]
    found += [Outcome(None, predicted[other], "spurious") for other in sorted(unused)]
    return sorted(found, key=lambda outcome: _shown(outcome).start)


def _category(truth: Entity, guess: Entity) -> Category:
    if truth[:2] == guess[:2]:
        return "right" if truth.type == guess.type else "type"
    return "boundary" if truth.type == guess.type else "both"


def _shown(outcome: Outcome) -> Entity:
    """The gold entity; of a spurious one the prediction."""
    entity = outcome.gold or outcome.predicted
    assert entity is not None
    return entity


def seen_as(same: int, other: int) -> str:
    """Which of `SEEN` a name is, by how often the training set has it as an entity of the same type, and of others."""
    return SEEN[0] if same else SEEN[1] if other else SEEN[2]


def frequency(times: int) -> str:
    """Which of `FREQUENCIES` a name has that is so many times an entity of the training set."""
    return FREQUENCIES[int(np.searchsorted(_ATMOST, times))]


def totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of rows of `OUTCOMES`: by category; of gold entities and of those found right, by how they were seen."""
    found: dict[str, Any] = {"categories": dict.fromkeys(CATEGORIES, 0)}
    found |= {"seen": {name: {"gold": 0, "right": 0} for name in SEEN}}
    found |= {"frequency": {name: {"gold": 0, "right": 0} for name in FREQUENCIES}}
    for row in rows:
        found["categories"][row["category"]] += 1
        if row["category"] == "spurious":
            continue
        same, other = row["as_same_type"], row["as_other_type"]
        for group in (found["seen"][seen_as(same, other)], found["frequency"][frequency(same + other)]):
            group["gold"] += 1
            group["right"] += row["category"] == "right"
    return found


@step(OUTCOMES)
def judge_entities(job: Job, predictions: Predictions, gold: Gold, training: Labelled) -> None:
    """What became of every entity of gold and of predictions; `training` is the source corpus that was learnt from.

    Raises:
        InputError: if predictions and gold have other labels, or are of other sentences.
    """
    labels = job.metadata(gold)["labels"]
    check_same_labels(labels, job.metadata(predictions)["labels"], "gold", "predictions")
    truth, guess = job.table(gold), job.table(predictions)
    sentences = which_sentences(truth, "tags")
    check_same_sentences(sentences, which_sentences(guess, "tags"), "gold and predictions")
    names = _names(job.table(training), job.metadata(training)["labels"])
    by_name: Counter[str] = Counter()
    for (text, _), times in names.items():
        by_name[text] += times
    rows = []
    both = zip(_entities(truth, labels, "gold"), _entities(guess, labels, "predictions"), strict=True)
    for identity, words, (one, other) in zip(sentences.ids.tolist(), guess["words"], both, strict=True):
        if not one and not other:
            continue
        texts = words.as_py()
        for outcome in outcomes(one, other):
            shown, told = _shown(outcome), outcome.predicted
            text = " ".join(texts[shown.start : shown.end])
            same = names[text, shown.type]
            rows.append(
                {
                    "sentence_id": identity,
                    **_columns("", outcome.gold),
                    "text": text,
                    **_columns("predicted_", told),
                    "predicted_text": None if told is None else " ".join(texts[told.start : told.end]),
                    "category": outcome.category,
                    "as_same_type": same,
                    "as_other_type": by_name[text] - same,
                }
            )
    metadata = {"language": job.metadata(predictions)["language"], "labels": labels, **totals(rows)}
    job.write(pa.Table.from_pylist(rows, schema=OUTCOMES.schema), metadata=metadata)


def _columns(prefix: str, entity: Entity | None) -> dict[str, Any]:
    return {f"{prefix}{name}": getattr(entity, name, None) for name in Entity._fields}


def _entities(table: pa.Table, labels: Sequence[str], name: str) -> Iterator[list[Entity]]:
    """The entities of every sentence."""
    lengths = which_sentences(table, "tags").word_counts
    spans = entity_spans(flat_label_ids(table["tags"], labels, name), lengths, labels)
    types = entity_types(labels)
    starts = offsets_of(lengths)[spans.rows]
    places = zip((spans.starts - starts).tolist(), (spans.ends - starts).tolist(), spans.types.tolist(), strict=True)
    of_all = [Entity(start, end, types[kind]) for start, end, kind in places]
    bounds = np.searchsorted(spans.rows, np.arange(len(lengths) + 1)).tolist()
    return (of_all[begin:end] for begin, end in pairwise(bounds))


def _names(training: pa.Table, labels: Sequence[str]) -> Counter[tuple[str, str]]:
    """How often each text is an entity of each type."""
    lengths = which_sentences(training, "tags").word_counts
    spans = entity_spans(flat_label_ids(training["tags"], labels, "training set"), lengths, labels)
    words, types = flat_values(training["words"]).to_pylist(), entity_types(labels)
    places = zip(spans.starts.tolist(), spans.ends.tolist(), spans.types.tolist(), strict=True)
    return Counter((" ".join(words[start:end]), types[kind]) for start, end, kind in places)
