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

    rule: Literal["paper", "agreement", "number"] = Field(
        "paper",
        title="Rule",
        description="paper: projected labels where the projection kept the sentence, the tagger's where it did not. "
        "agreement (the published code for CoNLL): the first, second, ... entity of the back-translation and of the "
        "tagger must begin with the same word, and there must be as many; or both have the same row of tags. Sentences "
        "then have projected labels, where matching failed the tagger's; others are left out. number (the published "
        "code for XTREME): projected labels, where matching failed the tagger's if there are as many entities; others "
        "are left out.",
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
SETTLED_BY = ("words", "output_tags", "entities", "tags", "reason")
"""The columns of `PROJECTION` that `settle` reads."""


def settle(projection: pa.Table, tagged: pa.ChunkedArray, config: Settling) -> tuple[np.ndarray, pa.Array]:
    """Chooses between projected labels and the tagger's, sentence by sentence.

    Args:
        projection: [M rows] `SETTLED_BY` of `PROJECTION`.
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
    elif config.rule == "number":
        origins[np.isin(reasons, list(FAULTS)) & (list_lengths(projection["entities"]) == found)] = RELABELLED
        origins[kept] = PROJECTED
    else:
        agree = same_first_words(projection["entities"], projection["words"], tagged)
        agree |= same_tags(projection["output_tags"], tagged)
        origins[np.isin(reasons, list(FAULTS)) & agree] = RELABELLED
        origins[(reasons == "all_outside") & (found == 0)] = AGREED
        origins[kept & agree] = AGREED
    both = pa.chunked_array([*projection["tags"].chunks, *tagged.chunks], pa.list_(pa.string()))
    rows = np.arange(len(reasons)) + np.where(kept, 0, len(reasons))
    return origins, both.take(pa.array(rows)).combine_chunks()


def entity_counts(tags: pa.ChunkedArray) -> np.ndarray:
    """[M] number of entities, words tagged B-, of each sentence."""
    lengths = list_lengths(tags)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(rows[_begins(tags)], minlength=len(lengths))


def same_first_words(entities: pa.ChunkedArray, words: pa.ChunkedArray, tags: pa.ChunkedArray) -> np.ndarray:
    """[M] bool: whether the i-th of the given entities and the i-th of the tagged ones begin with the same word.

    There must be as many; none on either side are the same.

    Args:
        entities: [M] lists of texts, words separated by spaces.
        words: [M] lists, what is tagged.
        tags: [M] lists of IOB2 tags, one per word.
    """
    texts = flat_values(entities)
    given = pc.list_element(pc.split_pattern(texts, " ", max_splits=1), 0) if len(texts) else texts
    tagged = flat_values(words).filter(pa.array(_begins(tags)))
    return _same_rows(list_lengths(entities), given, entity_counts(tags), tagged)


def same_tags(some: pa.ChunkedArray, others: pa.ChunkedArray) -> np.ndarray:
    """[M] bool: whether two rows of tags, perhaps of different words, are equal."""
    return _same_rows(list_lengths(some), flat_values(some), list_lengths(others), flat_values(others))


def _same_rows(counts: np.ndarray, values: pa.Array, other_counts: np.ndarray, others: pa.Array) -> np.ndarray:
    """[M] bool: whether rows of values, given flat with their lengths, are equal."""
    same: np.ndarray = counts == other_counts
    lengths = np.where(same, counts, 0)
    pairs = ((values, counts), (others, other_counts))
    one, other = (each.take(pa.array(ranges(offsets_of(n)[:-1], lengths))) for each, n in pairs)
    differs = pc.not_equal(one, other).to_numpy(zero_copy_only=False).astype(bool)
    same[np.repeat(np.arange(len(lengths)), lengths)[differs]] = False
    return same


def _begins(tags: pa.ChunkedArray) -> np.ndarray:
    begins: np.ndarray = pc.starts_with(flat_values(tags), "B-").to_numpy(zero_copy_only=False)
    return begins
