"""Settle what labels a raw sentence gets, from its projection and from the multilingual tagger (CROP, 4.1, iii)."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.settings import Settings
from tasks.translation.projection.matching import FAULTS
from tasks.words.columns import flat_values, list_lengths, offsets_of, ranges


class Settling(Settings):
    """How projected labels and those of the multilingual tagger become one."""

    rule: Literal["paper", "agreement"] = Field(
        "paper",
        title="Rule",
        description="paper: projected labels where the projection kept the sentence, the tagger's where it did not; "
        "agreement: kept sentences must agree with the tagger on the number of entities and on the first word of each, "
        "those whose matching failed get the tagger's labels if the numbers agree, others are left out (the published "
        "code).",
    )
    all_outside: Literal["drop", "keep"] = Field(
        "drop",
        title="Without entities",
        description="Sentences in which the tagger finds no entity, only for the rule paper: drop, as the paper's "
        "filter of sentences of O alone (4.1, ii) does before, or keep.",
    )
    too_long: Literal["drop", "relabel"] = Field(
        "drop",
        title="Too long",
        description="Sentences dropped for their length, only for the rule paper: drop, because a longer sentence is "
        "unwanted whoever labels it, or relabel.",
    )


# What `settle` says of a sentence: left out, or where its labels come from.
LEFT_OUT, PROJECTED, RELABELLED, AGREED = "", "projected", "relabelled", "agreed"


def settle(projection: pa.Table, tagged: pa.ChunkedArray, config: Settling) -> tuple[np.ndarray, pa.Array]:
    """Chooses between projected labels and the tagger's, sentence by sentence.

    Args:
        projection: [M rows] words, source_tags, tags and reason of `PROJECTION`.
        tagged: [M] lists, the tagger's IOB2 tags of the same sentences.
        config: the rule.

    Returns:
        origins: [M] objects: "projected", "relabelled" (the tagger's), "agreed" (both), or "" for left out.
        tags: [M] lists, one tag per word; those of sentences that are left out mean nothing.
    """
    reasons = np.array(projection["reason"].to_pylist(), dtype=object)
    kept, found = reasons == "", entity_counts(tagged)
    origins = np.full(len(reasons), LEFT_OUT, dtype=object)
    if config.rule == "paper":
        relabelled = ~kept & ((found > 0) | (config.all_outside == "keep"))
        relabelled &= (reasons != "sentence_too_long") | (config.too_long == "relabel")
        origins[relabelled] = RELABELLED
        origins[kept] = PROJECTED
    else:
        failed = np.isin(reasons, list(FAULTS))
        origins[failed & (entity_counts(projection["source_tags"]) == found)] = RELABELLED
        origins[(reasons == "all_outside") & (found == 0)] = AGREED
        origins[kept & same_first_words(projection["tags"], tagged)] = AGREED
    both = pa.chunked_array([*projection["tags"].chunks, *tagged.chunks], pa.list_(pa.string()))
    rows = np.arange(len(reasons)) + np.where(kept, 0, len(reasons))
    return origins, both.take(pa.array(rows)).combine_chunks()


def entity_counts(tags: pa.ChunkedArray) -> np.ndarray:
    """[M] number of entities, words tagged B-, of each sentence."""
    lengths = list_lengths(tags)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(rows[_begins(tags)], minlength=len(lengths))


def same_first_words(some: pa.ChunkedArray, others: pa.ChunkedArray) -> np.ndarray:
    """[M] bool: whether as many entities begin, and at the same words, in two taggings of a sentence.

    A sentence with another number of tags on one side, such as none, is not the same.
    """
    counts, other_counts = list_lengths(some), list_lengths(others)
    same = counts == other_counts
    lengths = np.where(same, counts, 0)
    places, other_places = (ranges(offsets_of(c)[:-1], lengths) for c in (counts, other_counts))
    differs = _begins(some)[places] != _begins(others)[other_places]
    same[np.repeat(np.arange(len(lengths)), lengths)[differs]] = False
    return same


def _begins(tags: pa.ChunkedArray) -> np.ndarray:
    begins: np.ndarray = pc.starts_with(flat_values(tags), "B-").to_numpy(zero_copy_only=False)
    return begins
