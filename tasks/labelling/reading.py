"""From what a labeller said of a sentence to labels of its words; what cannot be taken has a reason and no label."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tasks.corpus.visible import quoted
from tasks.labelling.answer import Answer, Entity
from tasks.words.hard_labels import NO_LABEL

REASONS = (
    "wrong_length",  # Another number of tags or probabilities than words
    "unknown_label",
    "stray",  # An I- that continues nothing
    "wrong_probability",  # Outside [0, 1], or a word's do not sum to 1
    "outside_text",
    "other_text",  # The text that an entity repeats does not stand at its offsets
    "inside_word",  # Offsets that are not those of words
    "unknown_type",
    "overlap",
)
_SUM_TOLERANCE = 0.01
_ROUNDING = 1e-6
_OUTSIDE = 0  # Place of O
_WITHOUT_PLACE = ("outside_text", "other_text")


@dataclass
class WordLabels:
    """Labels of one sentence's words.

    Attributes:
        ids: per word the place of its label, or `NO_LABEL`.
        given: per word the probability that came with its label; None without one.
        rest_outside: per word whether O has what is left of that probability, and not all others alike.
        whole: by word, the probabilities of all labels, where they came.
        refused: reasons, with what they are about, for a person.
    """

    ids: list[int]
    given: list[float | None]
    rest_outside: list[bool]
    whole: dict[int, list[float]] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def none(cls, words: int) -> "WordLabels":
        """No word has a label."""
        return cls([NO_LABEL] * words, [None] * words, [False] * words)


def word_labels(
    answer: Answer, words: Sequence[str], text: str, places: Sequence[tuple[int, int]], labels: Mapping[str, int]
) -> WordLabels:
    """Reads an answer.

    Args:
        answer: of a labeller, to a sentence.
        words: of the sentence.
        text: that they make.
        places: start and end (exclusive) of each in it.
        labels: IOB2 labels and their places, in that order; O has 0.
    """
    found = WordLabels.none(len(words))
    if answer.entities is not None:
        _read_entities(answer.entities, text, places, labels, found)
    elif answer.tags is not None:
        _read_tags(answer.tags, answer.probabilities, words, labels, found)
    elif answer.probabilities is not None:
        _read_probabilities(answer.probabilities, words, labels, found)
    return found


def probabilities_of(
    ids: np.ndarray, given: np.ndarray, rest_outside: np.ndarray, whole: Mapping[int, Sequence[float]], labels: int
) -> np.ndarray:
    """Probabilities of all labels of words.

        of a label that came alone: 1
        of an entity's words with p: p, and 1 - p for O
        of a tag with p: p, and (1 - p) / (C - 1) for each other label

    Args:
        ids: [N] place of the label, or `NO_LABEL`.
        given: [N] p, in [0, 1] up to rounding; NaN without one.
        rest_outside: [N] bool, of an entity.
        whole: by word, all its probabilities, which sum to 1.
        labels: C, at least 3.

    Returns:
        [N, C] float32; zeros for a word without a label.
    """
    rows = np.flatnonzero(ids != NO_LABEL)
    p = np.where(np.isnan(given[rows]), 1.0, np.minimum(given[rows], 1.0))
    made = np.zeros((len(ids), labels))
    made[rows] = np.where(rest_outside[rows], 0.0, (1 - p) / (labels - 1))[:, None]
    made[rows, _OUTSIDE] = np.where(rest_outside[rows], 1 - p, made[rows, _OUTSIDE])
    made[rows, ids[rows]] = p
    for row, values in whole.items():
        made[row] = values
    return made.astype(np.float32)


def _read_entities(
    entities: Sequence[Entity],
    text: str,
    places: Sequence[tuple[int, int]],
    labels: Mapping[str, int],
    found: WordLabels,
) -> None:
    """All words are O but for those of entities; those that a refused entity touches have no label.

    Of entities that overlap the longest counts, as in corpora; of two as long the first.
    """
    starts, ends = [start for start, _ in places], [end for _, end in places]
    spans: list[tuple[int, int, Entity, str]] = []
    for entity in sorted(dict.fromkeys(entities), key=lambda each: each.start):
        reason = _fault(entity, text, labels)
        first, last = bisect_right(ends, entity.start), bisect_left(starts, entity.end)
        if not reason and (starts[first : first + 1], ends[last - 1 : last]) != ([entity.start], [entity.end]):
            reason = "inside_word"
        spans.append((first, last, entity, reason))
    lost = [(entity, reason) for _, _, entity, reason in spans if reason in _WITHOUT_PLACE]
    if lost:  # It may stand anywhere.
        found.refused = [(reason, _shown(entity, text)) for entity, reason in lost]
        return
    found.ids[:], found.rest_outside[:] = [_OUTSIDE] * len(places), [True] * len(places)
    taken = [False] * len(places)
    for first, last, entity, reason in sorted(spans, key=lambda each: each[0] - each[1]):
        if not reason and entity.type is not None and any(taken[first:last]):
            reason = "overlap"
        if reason:
            found.refused.append((reason, _shown(entity, text)))
        for word in range(first, last):
            if taken[word]:
                continue
            taken[word] = True
            found.ids[word] = NO_LABEL
            if not reason and entity.type is not None:
                found.ids[word] = labels[f"{'B' if word == first else 'I'}-{entity.type}"]
                found.given[word] = entity.probability


def _fault(entity: Entity, text: str, labels: Mapping[str, int]) -> str:
    """Why an entity cannot be taken, wherever words are; empty if it can."""
    if not 0 <= entity.start < entity.end <= len(text):
        return "outside_text"
    if entity.text is not None and text[entity.start : entity.end] != entity.text:
        return "other_text"
    if entity.type is not None and f"B-{entity.type}" not in labels:
        return "unknown_type"
    return "" if entity.probability is None or _is_probability(entity.probability) else "wrong_probability"


def _is_probability(p: float) -> bool:
    """Whether it is one, up to what rounding to float32 adds to 1."""
    return 0 <= p <= 1 + _ROUNDING


def _read_tags(
    tags: Sequence[str | None],
    probabilities: Sequence[Any] | None,
    words: Sequence[str],
    labels: Mapping[str, int],
    found: WordLabels,
) -> None:
    """Tags that are labels and continue what they say; behind a word without a tag an I- may continue anything."""
    given = [None] * len(tags) if probabilities is None else probabilities
    if len(tags) != len(words) or len(given) != len(words):
        found.refused.append(("wrong_length", f"{len(tags)} tags, {len(given)} probabilities of {len(words)} words"))
        return
    goes_on: str | None = ""  # The type that an I- may have here; None: any
    for word, (tag, p) in enumerate(zip(tags, given, strict=True)):
        if tag is None:
            goes_on = None
            continue
        kind = tag[2:]
        reason = ""
        if tag not in labels:
            reason, goes_on = "unknown_label", ""
        elif tag.startswith("I-") and goes_on not in (None, kind):
            reason, goes_on = "stray", ""
        else:
            goes_on = kind
        if not reason and p is not None and not _is_probability(p):
            reason = "wrong_probability"
        if reason:
            found.refused.append((reason, f"{quoted(words[word])} as {quoted(tag)}"))
            continue
        found.ids[word] = labels[tag]
        found.given[word] = p


def _read_probabilities(
    probabilities: Sequence[object], words: Sequence[str], labels: Mapping[str, int], found: WordLabels
) -> None:
    """What each label of a word has; what is near 1 in sum is scaled to it."""
    if len(probabilities) != len(words):
        found.refused.append(("wrong_length", f"probabilities of {len(probabilities)} words, not of {len(words)}"))
        return
    for word, each in enumerate(probabilities):
        if not isinstance(each, dict):
            continue
        total, unknown = sum(each.values()), next((label for label in each if label not in labels), None)
        if unknown is not None:
            found.refused.append(("unknown_label", f"{quoted(words[word])} as {quoted(unknown)}"))
        elif not math.isclose(total, 1, abs_tol=_SUM_TOLERANCE) or min(each.values()) < 0:
            found.refused.append(("wrong_probability", f"{quoted(words[word])}, {total:g} in sum"))
        else:
            values = [each.get(label, 0.0) / total for label in labels]
            found.whole[word] = values
            found.ids[word] = int(np.argmax(values))
            found.given[word] = max(values)


def _shown(entity: Entity, text: str) -> str:
    name = "without a type" if entity.type is None else f"as {quoted(entity.type)}"
    return f"{quoted(text[entity.start : entity.end])} at {entity.start} to {entity.end} {name}"
