"""Label raw sentences with the entities of their labelled back-translation (CROP, 3.4; filters of 4.1)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.catalog import PROJECTION, MachineTranslation, MarkedTranslation, Predictions, Sentences
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.projection.compared import word_codes
from tasks.translation.projection.entities import Entities, entities_of
from tasks.translation.projection.joined import joined
from tasks.translation.projection.matching import FAULTS, Matches, Matching, match_entities
from tasks.translation.projection.with_entities import have_entities
from tasks.words.columns import flat_values, list_column, list_lengths, offsets_of, ranges
from tasks.words.labels import entity_types

# Why a sentence gets no labels, in the order of the checks; reasons of marked translation come after the fourth.
REASONS = {
    "sentence_too_long": "the raw sentence has more than max_length_words words",
    "no_forward_translation": "the translator gave nothing back for it, or it was too long for it",
    "wrong_language_forward": "its translation does not look like the source language",
    "all_outside": "the source tagger found no entity in its translation",
    "too_many_entities": "its back-translation has more than max_entities entities",
    "repeated_entity": "a word comes twice among the entities of its back-translation",
    **FAULTS,
}
_SENTENCES_AT_A_TIME = 8192


class EntityProjection(Settings):
    """Which sentences get labels from their back-translation."""

    matching: Matching = Field(default_factory=Matching, title="Matching", description="When an entity is found.")
    max_length_words: int = Field(
        128, ge=1, title="Longest sentence", description="Words; longer raw sentences are dropped (4.1, ii)."
    )
    all_outside: Literal["drop", "keep"] = Field(
        "drop",
        title="Without entities",
        description="What happens to sentences in whose translation the source tagger found nothing: drop (4.1, ii), "
        "or keep as sentences of O alone.",
    )
    max_entities: int | None = Field(
        None,
        ge=1,
        title="Most entities",
        description="Sentences with more are dropped; empty: no limit. The published code takes 5, or 6 for XTREME.",
    )
    repeated_words: Literal["keep", "drop"] = Field(
        "keep",
        title="Repeated words",
        description="What happens to sentences where a word comes twice among all entities: keep (the paper), or drop "
        "(the published code).",
    )


def project(rows: pa.Table, labels: Sequence[str], config: EntityProjection) -> pa.Table:
    """Matches the back-translation's entities in the raw sentences and drops what the filters say.

    Args:
        rows: one per raw sentence: sentence_id, words, forward; source_words and source_tags of its forward
            translation (no words where the source tagger did not see it); output of its marked translation, that one's
            words and tags as marked_words and marked_tags, its reason as marked_reason (null where there is none).
        labels: IOB2 labels.
        config: the rules.

    Returns:
        A table of `PROJECTION`.
    """
    types = entity_types(labels)
    lengths = list_lengths(rows["words"])
    places, counts, found = entities_of(flat_values(rows["marked_tags"]), list_lengths(rows["marked_tags"]), types)
    entity_words = flat_values(rows["marked_words"]).take(pa.array(places))
    matches = match_entities(flat_values(rows["words"]), lengths, entity_words, found, config.matching)
    repeated = _has_repeated_words(entity_words, found, len(lengths), config.matching)
    reasons = _reasons(rows, lengths, counts, repeated, matches, config)
    kept = reasons == ""
    columns = {
        "sentence_id": rows["sentence_id"],
        "words": rows["words"],
        "forward": rows["forward"],
        "source_words": rows["source_words"],
        "source_tags": rows["source_tags"],
        "output": rows["output"],
        "output_tags": rows["marked_tags"],
        "entities": list_column(counts, pc.binary_join(list_column(found.lengths, entity_words), " ")),
        "entity_types": list_column(counts, pa.array(types, pa.string()).take(pa.array(found.types))),
        "matches": list_column(counts, pa.array(matches.starts.astype(np.int32))),
        "tags": _kept_tags(matches, lengths, kept, types),
        "reason": pa.array(reasons.tolist(), pa.string()),
    }
    return pa.table(columns, schema=PROJECTION.schema)


def reason_counts(reasons: pa.ChunkedArray) -> dict[str, int]:
    """How many sentences were dropped for each reason, most frequent first."""
    counted = [(row["values"], row["counts"]) for row in pc.value_counts(reasons).to_pylist() if row["values"]]
    return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))


@step(PROJECTION)
def project_entities(
    job: Job,
    sentences: Sentences,
    forward: MachineTranslation,
    tagged: Predictions,
    marked: MarkedTranslation,
    config: EntityProjection,
) -> None:
    """Labels raw sentences with the entities of their back-translation that are found in them.

    `tagged` are the forward translations that the source tagger saw, `marked` the back-translations of those that have
    an entity.
    """
    language, about = job.metadata(sentences)["language"], job.metadata(marked)
    translated_as = job.metadata(forward)["source_language"]
    if about["language"] != translated_as:
        raise InputError(
            f"projection: the sentences were translated from {translated_as}, the back-translation is in "
            f"{about['language']}; translate back into {translated_as}"
        )
    names = {"words": "marked_words", "tags": "marked_tags", "reason": "marked_reason"}
    back = job.table(marked, columns=["sentence_id", "output", *names])
    back = back.rename_columns([names.get(name, name) for name in back.column_names])
    there = job.table(forward, columns=["sentence_id", "output"]).rename_columns(["sentence_id", "forward"])
    raw = job.table(sentences, columns=["sentence_id", "words"])
    seen = job.table(tagged, columns=["sentence_id", "words", "tags"])
    seen = seen.rename_columns(["sentence_id", "source_words", "source_tags"])
    for table, name in ((there, "forward translation"), (seen, "tagged translation"), (back, "back-translation")):
        _check_known(raw["sentence_id"].to_numpy(), table["sentence_id"].to_numpy(), name)
    _check_translated_back(seen, back)
    rows = joined(joined(joined(raw, there), seen), back, nothing={"marked_reason": None})
    parts = []
    with job.progress("projecting", rows.num_rows, "sentences") as advance:
        for start in range(0, rows.num_rows, _SENTENCES_AT_A_TIME):
            parts.append(project(rows.slice(start, _SENTENCES_AT_A_TIME), about["labels"], config))
            advance(parts[-1].num_rows)
    done = pa.concat_tables(parts) if parts else PROJECTION.schema.empty_table()
    dropped = reason_counts(done["reason"])
    kept = done.num_rows - sum(dropped.values())
    _check_something(done, dropped, language)
    told = {"language": language, "labels": about["labels"], "corpus": sentences.content}
    job.write(done, {**told, "kept": kept, "dropped": dropped})


def _reasons(
    rows: pa.Table,
    lengths: np.ndarray,
    counts: np.ndarray,
    repeated: np.ndarray,
    matches: Matches,
    config: EntityProjection,
) -> np.ndarray:
    """[M] objects: why each sentence is dropped, "" if it is kept."""
    marked = np.array([reason or "" for reason in rows["marked_reason"].to_pylist()], dtype=object)
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(rows["forward"])), 0).to_numpy()
    found = {
        "sentence_too_long": lengths > config.max_length_words,
        "no_forward_translation": blank,
        "wrong_language_forward": list_lengths(rows["source_words"]) == 0,
        "all_outside": ~have_entities(rows["source_tags"]) & (config.all_outside == "drop"),
        "marked": marked != "",
        "too_many_entities": counts > (config.max_entities or np.inf),
        "repeated_entity": repeated & (config.repeated_words == "drop"),
        **matches.faults,
    }
    reasons = np.full(len(lengths), "", dtype=object)
    for reason, which in reversed(list(found.items())):
        reasons[which] = marked[which] if reason == "marked" else reason
    return reasons


def _has_repeated_words(entity_words: pa.Array, entities: Entities, sentences: int, config: Matching) -> np.ndarray:
    """[M] bool: whether a word comes twice among all entities of a sentence."""
    rows = np.repeat(entities.rows, entities.lengths)
    codes = word_codes(entity_words, config.unicode, not config.ignore_case)
    distinct = np.unique(rows * (int(codes.max(initial=0)) + 1) + codes, return_index=True)[1]
    return np.bincount(rows[distinct], minlength=sentences) < np.bincount(rows, minlength=sentences)


def _kept_tags(matches: Matches, lengths: np.ndarray, kept: np.ndarray, types: Sequence[str]) -> pa.Array:
    """A column of one tag per raw word, no tag for dropped sentences."""
    names = pa.array(["O", *(f"{prefix}-{name}" for name in types for prefix in "BI")], pa.string())
    ids = np.where(matches.types < 0, 0, 1 + 2 * matches.types + ~matches.begins)
    shown = np.where(kept, lengths, 0)
    return list_column(shown, names.take(pa.array(ids[ranges(offsets_of(lengths)[:-1], shown)])))


def _check_known(known: np.ndarray, ids: np.ndarray, name: str) -> None:
    """Checks that a table is about the raw sentences."""
    unknown = ids[~np.isin(ids, known)]
    if len(unknown):
        raise InputError(
            f"projection: the {name} has sentence {unknown[0]}, which is not among the {len(known)} raw sentences; "
            "expected translations of these sentences"
        )


def _check_translated_back(seen: pa.Table, back: pa.Table) -> None:
    """Checks that each sentence with an entity was translated back, and no other."""
    wanted = seen["sentence_id"].to_numpy()[have_entities(seen["source_tags"])]
    found = back["sentence_id"].to_numpy()
    differ = np.setxor1d(wanted, found)
    if len(differ):
        raise InputError(
            f"projection: {len(wanted):,} forward translations have an entity, {len(found):,} were translated back; "
            f"sentence {differ[0]} is among one of them alone; translate back what `keep_with_entities` keeps"
        )


def _check_something(done: pa.Table, dropped: Mapping[str, int], language: str) -> None:
    """Checks that there is an entity to learn from."""
    if not pc.any(pc.not_equal(flat_values(done["tags"]), "O")).as_py():
        counts = ", ".join(f"{reason} {count:,}" for reason, count in dropped.items())
        raise InputError(
            f"projection into {language}: none of {done.num_rows:,} sentences got an entity; "
            f"dropped: {counts or 'none'}; look at the translator's output, or relax the matching rules"
        )
