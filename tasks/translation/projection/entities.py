"""Entities of many sentences, as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.words.columns import flat_label_ids, list_column, offsets_of, ranges
from tasks.words.labels import iob2_labels
from tasks.words.spans import entity_spans


@dataclass(frozen=True)
class Entities:
    """Entities of back-translations, by sentence and in their order in it.

    codes    [W] what is compared, characters or words, entity after entity
    lengths  [E] codes of each
    rows     [E] the sentence of each, ascending
    types    [E] number of its type
    """

    codes: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray
    types: np.ndarray


def entities_of(tags: pa.Array, lengths: np.ndarray, types: Sequence[str]) -> tuple[np.ndarray, np.ndarray, Entities]:
    """The entities of tagged sentences: a B-X and the I-X behind it.

    Args:
        tags: [N] IOB2 tags, sentences one after another.
        lengths: [M] words of each sentence.
        types: all entity types, sorted.

    Returns:
        places: [W] which of the N words belong to entities.
        counts: [M] entities of each sentence.
        entities: the entities; their `codes` are `places`.
    """
    labels = iob2_labels(types)
    ids = flat_label_ids(list_column(lengths, tags), labels, "labelled back-translations")
    spans = entity_spans(ids, lengths, labels)
    places = ranges(spans.starts, spans.lengths)
    entities = Entities(places, spans.lengths, spans.rows, spans.types)
    return places, np.bincount(spans.rows, minlength=len(lengths)), entities


def equal_texts(entities: Entities) -> np.ndarray:
    """[E] the same number for entities of one sentence that have the same codes in the same order; numbers from 0."""
    firsts = offsets_of(entities.lengths)[:-1]
    longest = int(entities.lengths.max(initial=0))
    codes = int(entities.codes.max(initial=0)) + 1
    groups = _numbered(entities.rows * (longest + 1) + entities.lengths)
    for place in range(longest):
        # Texts that differ in a code get different numbers; those that have ended keep theirs, which no other has.
        going = np.flatnonzero(entities.lengths > place)
        refined = groups * (codes + 1)
        refined[going] += 1 + entities.codes[firsts[going] + place]
        groups = _numbered(refined)
    return groups


def _numbered(values: np.ndarray) -> np.ndarray:
    numbers: np.ndarray = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return numbers
