"""Entities of IOB2 labels as spans of words; the one place that reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.words.columns import offsets_of
from tasks.words.labels import entity_types, iob2_labels


@dataclass(frozen=True)
class Spans:
    """Entities of sentences that lie one after another, in their order.

    rows    [E] the sentence of each
    starts  [E] its first word, counted over all sentences
    ends    [E] the word after its last
    types   [E] number of its type among the sorted entity types
    """

    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    types: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """[E] words of each."""
        return self.ends - self.starts


def entity_spans(ids: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> Spans:
    """The entities of tagged sentences: a B-X and all I-X that follow it without a gap.

    An I-X that follows neither B-X nor I-X belongs to no entity (strict IOB2).

    Args:
        ids: [N] label ids, sentences one after another.
        lengths: [M] words of each sentence.
        labels: IOB2 labels.
    """
    types = entity_types(labels)
    type_of = np.array([-1 if label == "O" else types.index(label[2:]) for label in labels], dtype=np.int64)[ids]
    begins, inside = (np.array([label.startswith(p) for label in labels], dtype=bool)[ids] for p in ("B-", "I-"))
    breaks = ~inside
    breaks[1:] |= type_of[1:] != type_of[:-1]
    breaks[offsets_of(lengths)[:-1][lengths > 0]] = True
    starts = np.flatnonzero(breaks)
    ends = np.append(starts[1:], len(ids))[: len(starts)]
    entity = begins[starts]
    rows = np.repeat(np.arange(len(lengths)), lengths)[starts[entity]]
    return Spans(rows, starts[entity], ends[entity], type_of[starts[entity]])


def spans_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Start, end (exclusive) and type of each entity of one sentence's IOB2 tags, in order."""
    types = entity_types(tags)
    labels = iob2_labels(types)
    number = {label: place for place, label in enumerate(labels)}
    ids = np.array([number[tag] for tag in tags], dtype=np.int64)
    found = entity_spans(ids, np.array([len(tags)]), labels)
    return [
        (start, end, types[kind])
        for start, end, kind in zip(found.starts.tolist(), found.ends.tolist(), found.types.tolist(), strict=True)
    ]
