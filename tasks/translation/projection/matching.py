"""Find the entities of a back-translation in the raw sentence, word by word (CROP, 3.4 and Figure 8)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.settings import Settings
from tasks.translation.projection.entities import Entities, equal_texts, texts_of
from tasks.translation.projection.places import (
    Places,
    Texts,
    choose_places,
    contiguous_places,
    scattered_places,
)
from tasks.words.columns import offsets_of, ranges


class Matching(Settings):
    """When an entity of the back-translation counts as found in the raw sentence, and what it labels there."""

    rule: Literal["contiguous", "scattered"] = Field(
        "contiguous",
        title="Rule",
        description="contiguous: its words stand in the raw sentence one after another (the paper); scattered: enough "
        "of its words occur there exactly once, and all from the first to the last of them is the entity (the "
        "published code).",
    )
    found_share: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Found words",
        description="Share of an entity's words that must be found, only for scattered; the published code takes 0.8.",
    )
    max_entity_words: int | None = Field(
        None,
        ge=1,
        title="Longest entity",
        description="Words; a longer one counts as not found; empty: no limit. The published code takes 6.",
    )
    occurrences: Literal["all", "first", "only"] = Field(
        "all",
        title="Several occurrences",
        description="Of a text that stands in the raw sentence several times, only for contiguous; the paper is "
        "silent. all: each is labelled, since an unlabelled name teaches the tagger to miss it; first: as many from "
        "the left as the back-translation has; only: such an entity counts as not found.",
    )
    overlap: Literal["longest", "drop"] = Field(
        "longest",
        title="Overlaps",
        description="Of entities that match the same words; the paper is silent. longest: the longer one keeps them, "
        "of two equally long ones the left one, and the sentence is dropped if an entity is left without a place; "
        "drop: every overlap drops the sentence (the published code).",
    )
    ignore_case: bool = Field(False, title="Ignore case", description="Whether Bonn matches BONN; not in the paper.")
    unicode: Literal["as_is", "NFC", "NFKC"] = Field(
        "NFC",
        title="Unicode form",
        description="In which words are compared. NFC: two ways to encode the same letter are equal; NFKC: also "
        "full-width and other compatible forms; as_is: code points (the published code).",
    )


@dataclass(frozen=True)
class Matches:
    """What was found in M raw sentences of N words.

    begins     [N] bool, whether an entity begins at the word
    types      [N] the type's number of the word's entity; -1 outside
    starts     [E] the word, from 0 in its sentence, where each entity begins (the first of its places); -1 for none
    unmatched  [M] bool, whether an entity of the sentence was not found
    overlap    [M] bool, whether entities of the sentence wanted the same words, in a way that drops it
    """

    begins: np.ndarray
    types: np.ndarray
    starts: np.ndarray
    unmatched: np.ndarray
    overlap: np.ndarray


def word_codes(first: pa.Array, second: pa.Array, config: Matching) -> tuple[np.ndarray, np.ndarray]:
    """Words as numbers that are equal where the words are, as far as case and encoding count.

    Args:
        first: [N] strings.
        second: [W] strings.
        config: what counts.
    """
    words = pa.concat_arrays([first, second])
    if config.unicode != "as_is":
        words = pc.utf8_normalize(words, form=config.unicode)
    if config.ignore_case:
        words = pc.utf8_lower(words)
    codes = words.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes[: len(first)], codes[len(first) :]


def match_entities(words: np.ndarray, lengths: np.ndarray, entities: Entities, config: Matching) -> Matches:
    """Finds every entity in its sentence.

    Entities of one sentence with the same words share the places of these words: the first entity has the first place
    from the left, and so on; places that are left over get the type of the last one. Where there are fewer places than
    entities, those of the last one's type share its place. Longer entities choose first.

    Args:
        words: [N] word codes, sentences one after another.
        lengths: [M] words of each sentence.
        entities: what to find.
        config: the rules.
    """
    groups = equal_texts(entities)
    members = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    firsts = offsets_of(sizes)[:-1]
    texts = texts_of(entities, members[firsts])
    places = _allowed_places(words, lengths, texts, config)
    more = config.occurrences == "all" and config.rule == "contiguous"
    chosen, blocked = choose_places(places, texts.rows, sizes, len(words), more=more)

    got = chosen >= 0
    taken, turn = places.only(got), chosen[got]
    owners = members[firsts[taken.texts] + np.minimum(turn, sizes[taken.texts] - 1)]
    spans = taken.ends - taken.starts
    begins, types = np.zeros(len(words), dtype=bool), np.full(len(words), -1, dtype=np.int64)
    begins[taken.starts] = True
    types[ranges(taken.starts, spans)] = np.repeat(entities.types[owners], spans)

    starts = np.full(len(groups), -1, dtype=np.int64)
    own = turn < sizes[taken.texts]
    starts[owners[own]] = taken.starts[own]
    if config.overlap == "longest":
        _share_last_place(starts, entities.types, groups, members, firsts)
    found = np.bincount(places.texts, minlength=len(sizes)) > 0
    unmatched, overlap = np.zeros(len(lengths), dtype=bool), np.zeros(len(lengths), dtype=bool)
    unmatched[texts.rows[~found]] = True
    overlap[entities.rows[(starts < 0) & found[groups]]] = True
    if config.overlap == "drop":
        overlap[texts.rows[places.texts[blocked]]] = True
    within = np.where(starts >= 0, starts - offsets_of(lengths)[entities.rows], -1)
    return Matches(begins, types, within, unmatched, overlap)


def _allowed_places(words: np.ndarray, lengths: np.ndarray, texts: Texts, config: Matching) -> Places:
    if config.rule == "scattered":
        places = scattered_places(words, lengths, texts, config.found_share)
    else:
        places = contiguous_places(words, lengths, texts)
    allowed = np.ones(len(texts.lengths), dtype=bool)
    if config.max_entity_words is not None:
        allowed &= texts.lengths <= config.max_entity_words
    if config.occurrences == "only":
        allowed &= np.bincount(places.texts, minlength=len(allowed)) == 1
    return places.only(allowed[places.texts])


def _share_last_place(
    starts: np.ndarray, types: np.ndarray, groups: np.ndarray, members: np.ndarray, firsts: np.ndarray
) -> None:
    """Entities without a place take that of the last entity of the same text that has one, if their types are equal."""
    placed = np.bincount(groups[starts >= 0], minlength=len(firsts))[groups]
    last = members[firsts[groups] + np.maximum(placed, 1) - 1]
    shared = (starts < 0) & (placed > 0) & (types == types[last])
    starts[shared] = starts[last[shared]]
