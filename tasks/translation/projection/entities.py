"""Entities of many sentences, as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.translation.projection.places import Texts, offsets, ranges


@dataclass(frozen=True)
class Entities:
    """Entities of back-translations, by sentence and in their order in it.

    words    [W] word codes, entity after entity
    lengths  [E] words of each, at least 1
    rows     [E] the sentence of each, ascending
    types    [E] number of its type
    """

    words: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray
    types: np.ndarray


def entities_of(tags: pa.Array, lengths: np.ndarray, types: Sequence[str]) -> tuple[np.ndarray, np.ndarray, Entities]:
    """The entities of tagged sentences: a B-X and the I-X behind it.

    Args:
        tags: [N] IOB2 tags, sentences one after another.
        lengths: [M] words of each sentence.
        types: all entity types.

    Returns:
        places: [W] which of the N words belong to entities.
        counts: [M] entities of each sentence.
        entities: the entities; their `words` are `places`.
    """
    codes = tags.dictionary_encode()
    names = codes.dictionary.to_pylist()
    numbers = codes.indices.to_numpy(zero_copy_only=False)
    begins = np.array([name.startswith("B-") for name in names], dtype=bool)[numbers]
    places = np.flatnonzero(np.array([name != "O" for name in names], dtype=bool)[numbers])
    first = np.flatnonzero(begins)
    owner = np.searchsorted(first, places, side="right") - 1
    type_of = np.array([types.index(name[2:]) if name != "O" else -1 for name in names], dtype=np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)[first]
    sizes = np.bincount(owner, minlength=len(first)).astype(np.int64)
    entities = Entities(places, sizes, rows, type_of[numbers[first]])
    return places, np.bincount(rows, minlength=len(lengths)), entities


def equal_texts(entities: Entities) -> np.ndarray:
    """[E] the same number for entities of one sentence that have the same words in the same order; numbers from 0."""
    first_words = offsets(entities.lengths)[:-1]
    longest = int(entities.lengths.max(initial=0))
    codes = int(entities.words.max(initial=0)) + 1
    groups = _numbered(entities.rows * (longest + 1) + entities.lengths)
    for word in range(longest):
        # Texts that differ in a word get different numbers; those that have ended keep theirs, which no other has.
        going = np.flatnonzero(entities.lengths > word)
        refined = groups * (codes + 1)
        refined[going] += 1 + entities.words[first_words[going] + word]
        groups = _numbered(refined)
    return groups


def _numbered(values: np.ndarray) -> np.ndarray:
    numbers: np.ndarray = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return numbers


def texts_of(entities: Entities, chosen: np.ndarray) -> Texts:
    """The texts of some entities."""
    lengths = entities.lengths[chosen]
    return Texts(entities.words[ranges(offsets(entities.lengths)[chosen], lengths)], lengths, entities.rows[chosen])
