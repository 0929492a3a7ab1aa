"""Find the entities of a back-translation in the raw sentence (CROP, 3.4 and Figure 8).

The paper matches strings word by word. Raw words and those of a back-translation are not split alike: `d'Italia` is
one word here and two there, 哥德堡 one and three. So characters are compared, and what they make must be whole words of
the raw sentence: words are what is labelled, and `Ulm` is no word of `in Ulmer Straße`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.settings import Settings
from tasks.translation.projection.compared import RawText, UnicodeForm, as_characters, as_words
from tasks.translation.projection.entities import Entities, equal_texts
from tasks.translation.projection.places import (
    Places,
    Texts,
    choose_places,
    contiguous_places,
    scattered_places,
    stands_anywhere,
)
from tasks.words.columns import offsets_of, ranges

# Why an entity has no place, in the order of the checks.
FAULTS = {
    "unmatched": "an entity of its back-translation is not in the raw sentence",
    "inside_word": "an entity of its back-translation begins or ends inside a word of the raw sentence",
    "ambiguous": "an entity of its back-translation stands in the raw sentence more than once",
    "overlap": "two entities of its back-translation match the same words",
}


class Matching(Settings):
    """When an entity of the back-translation counts as found in the raw sentence, and what it labels there."""

    rule: Literal["contiguous", "scattered"] = Field(
        "contiguous",
        title="Rule",
        description="contiguous: its characters, without spaces, are whole words of the raw sentence (the paper); "
        "scattered: enough of its words occur there exactly once, and all from the first to the last of them is the "
        "entity (the published code).",
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
        description="Words, of the raw sentence for contiguous, of the back-translation for scattered; a longer one "
        "counts as not found; empty: no limit. The published code takes 6.",
    )
    occurrences: Literal["all", "first", "only"] = Field(
        "all",
        title="Several occurrences",
        description="Of a text that stands in the raw sentence several times, only for contiguous; the paper is "
        "silent. all: each is labelled, since an unlabelled name teaches the tagger to miss it; first: as many from "
        "the left as the back-translation has; only: the sentence is dropped as ambiguous.",
    )
    overlap: Literal["longest", "drop"] = Field(
        "longest",
        title="Overlaps",
        description="Of entities that match the same words; the paper is silent. longest: the longer one keeps them, "
        "of two equally long ones the left one, and the sentence is dropped if an entity is left without a place; "
        "drop: every overlap drops the sentence (the published code).",
    )
    ignore_case: bool = Field(False, title="Ignore case", description="Whether Bonn matches BONN; not in the paper.")
    unicode: UnicodeForm = Field(
        "NFC",
        title="Unicode form",
        description="In which texts are compared. NFC: two ways to encode the same letter are equal; NFKC: also "
        "full-width and other compatible forms; as_is: code points (the published code).",
    )


@dataclass(frozen=True)
class Matches:
    """What was found in M raw sentences of N words.

    begins  [N] bool, whether an entity begins at the word
    types   [N] the type's number of the word's entity; -1 outside
    starts  [E] the word, from 0 in its sentence, where each entity begins (the first of its places); -1 for none
    faults  by `FAULTS`: [M] bool, whether the sentence has it
    """

    begins: np.ndarray
    types: np.ndarray
    starts: np.ndarray
    faults: dict[str, np.ndarray]


def match_entities(
    words: pa.Array, lengths: np.ndarray, entity_words: pa.Array, entities: Entities, config: Matching
) -> Matches:
    """Finds every entity in its sentence.

    Entities of one sentence with the same text share the places of this text: the first entity has the first place
    from the left, and so on; places that are left over get the type of the last one. Where there are fewer places than
    entities, those of the last one's type share its place. Longer entities choose first.

    Args:
        words: [N] of the raw sentences, one after another.
        lengths: [M] words of each sentence.
        entity_words: [W] of the entities, one after another.
        entities: what to find; their `lengths` are in words, their `codes` are left out of account.
        config: the rules.
    """
    compare = as_words if config.rule == "scattered" else as_characters
    raw, entities = compare(words, lengths, entity_words, entities, config.unicode, not config.ignore_case)
    groups = equal_texts(entities)
    members = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    firsts = offsets_of(sizes)[:-1]
    texts = Texts(entities.codes, entities.lengths, entities.rows).only(members[firsts])
    places, text_faults = _allowed_places(raw, texts, config)
    more = config.occurrences == "all" and config.rule == "contiguous"
    chosen, blocked = choose_places(places, texts.rows, sizes, raw.words, more=more)

    got = chosen >= 0
    taken, turn = places.only(got), chosen[got]
    owners = members[firsts[taken.texts] + np.minimum(turn, sizes[taken.texts] - 1)]
    spans = taken.ends - taken.starts
    begins, types = np.zeros(raw.words, dtype=bool), np.full(raw.words, -1, dtype=np.int64)
    begins[taken.starts] = True
    types[ranges(taken.starts, spans)] = np.repeat(entities.types[owners], spans)

    starts = np.full(len(groups), -1, dtype=np.int64)
    own = turn < sizes[taken.texts]
    starts[owners[own]] = taken.starts[own]
    if config.overlap == "longest":
        _share_last_place(starts, entities.types, groups, members, firsts)
    found = np.bincount(places.texts, minlength=len(sizes)) > 0
    faults = {fault: np.zeros(len(lengths), dtype=bool) for fault in FAULTS}
    for fault, which in text_faults.items():
        faults[fault][texts.rows[which]] = True
    faults["overlap"][entities.rows[(starts < 0) & found[groups]]] = True
    if config.overlap == "drop":
        faults["overlap"][texts.rows[places.texts[blocked]]] = True
    within = np.where(starts >= 0, starts - offsets_of(lengths)[entities.rows], -1)
    return Matches(begins, types, within, faults)


def _allowed_places(raw: RawText, texts: Texts, config: Matching) -> tuple[Places, dict[str, np.ndarray]]:
    """The places that count, and the texts without one by the reason: [G] bool each."""
    if config.rule == "scattered":
        places, ambiguous = scattered_places(raw, texts, config.found_share)
        sizes = texts.lengths[places.texts]
        ambiguous &= texts.lengths <= (config.max_entity_words or np.inf)
    else:
        places = contiguous_places(raw, texts)
        sizes = places.ends - places.starts
        several = np.bincount(places.texts, minlength=len(texts.lengths)) > 1
        ambiguous = several & (config.occurrences == "only")
    found = np.bincount(places.texts, minlength=len(texts.lengths)) > 0
    if config.max_entity_words is not None:
        places = places.only(sizes <= config.max_entity_words)
    places = places.only(~ambiguous[places.texts])
    left = np.bincount(places.texts, minlength=len(texts.lengths)) > 0
    inside = np.zeros(len(left), dtype=bool)
    if config.rule == "contiguous":
        nowhere = np.flatnonzero(~found)
        inside[nowhere] = stands_anywhere(raw, texts.only(nowhere))
    return places, {"unmatched": ~left & ~inside & ~ambiguous, "inside_word": inside, "ambiguous": ambiguous}


def _share_last_place(
    starts: np.ndarray, types: np.ndarray, groups: np.ndarray, members: np.ndarray, firsts: np.ndarray
) -> None:
    """Entities without a place take that of the last entity of the same text that has one, if their types are equal."""
    placed = np.bincount(groups[starts >= 0], minlength=len(firsts))[groups]
    last = members[firsts[groups] + np.maximum(placed, 1) - 1]
    shared = (starts < 0) & (placed > 0) & (types == types[last])
    starts[shared] = starts[last[shared]]
