"""Translate labelled sentences word by word (UniTrans, 3.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.catalog import TRANSLATION, Labelled, Lexicon, Parallel, Sentences
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.segmenters import language_code
from tasks.corpus.text import translation_splitter
from tasks.translation.casing import (
    case_counts,
    draw_forms,
    forms_by_frequency,
    forms_in_true_case,
    forms_like_source,
    forms_of_lexicon,
    true_cases,
    uniform_draws,
)

Casing = Literal["source", "target", "truecase", "lexicon"]

ORIGINS = ("lexicon", "entity", "unknown")
_LEXICON, _ENTITY, _UNKNOWN = range(3)


class WordTranslation(Settings):
    """How to translate word by word."""

    copy_types: tuple[str, ...] = Field(
        ("PER",),
        title="Copied types",
        description="Words of entities of these types are copied, not translated. Persons: the choice of UniTrans' "
        "code; its paper translates every word (an empty list).",
    )
    copy_without_letters: bool = Field(
        False,
        title="Copy words without a letter",
        description="Numbers and punctuation stay as they are; off: they are looked up like other words (UniTrans).",
    )
    casing: Literal["auto", "source", "target", "truecase", "lexicon"] = Field(
        "auto",
        title="Casing",
        description="source: as the source word; target: drawn, for each occurrence, from how often the target text "
        "writes the word in lower case, with a capital, in capitals, and as the source word where the text does not "
        "have it; truecase: as the target text and the parallel text mostly write it inside sentences, and with a "
        "capital where the source word has one and begins its sentence or is of an entity; lexicon: as the lexicon has "
        "it; auto, as UniTrans' code: target for German, else source.",
    )
    seed: int = Field(
        0, ge=0, title="Seed", description="Of the draws of casing 'target' (UniTrans' code draws without a seed)."
    )

    def casing_for(self, language: str) -> Casing:
        """The policy that `auto` stands for (that of UniTrans' code)."""
        if self.casing != "auto":
            return self.casing
        return "target" if language_code(language) == "de" else "source"


@dataclass(frozen=True)
class Translated:
    """Words of a corpus in the target language: the words, and [N] int8 indices into `ORIGINS` where each came from."""

    words: pa.Array
    origins: np.ndarray


def translate(
    words: pa.Array,
    tags: pa.Array,
    translations: Mapping[str, str],
    config: WordTranslation,
    *,
    casing: Casing,
    counts: Mapping[str, np.ndarray],
    written: Mapping[str, str],
    draws: np.ndarray,
    begins: np.ndarray,
    language: str = "",
) -> Translated:
    """Translate each word; its label stays with it.

    Copied are words of the types `config.copy_types`, words without a letter if `config.copy_without_letters` says so,
    and words that neither as written nor in lower case have a translation.

    Args:
        words: [N] strings, all sentences in a row.
        tags: [N] IOB2 tags.
        translations: source word -> its best translation.
        config: which words to copy.
        casing: the policy.
        counts: target casing statistics, from `case_counts`; used by the policy "target" alone.
        written: how the target language writes words, from `true_cases`; used by the policy "truecase" alone.
        draws: [N] uniform in [0, 1); used by the policy "target" alone.
        begins: [N] bool, whether it is the first word of its sentence; used by the policy "truecase" alone.
        language: of the translations, for their casing; empty: not known.
    """
    distinct, codes = _encoded(words)
    found = [_lookup(word, translations, config.copy_without_letters) for word in distinct]
    known = np.array([target is not None for target in found], dtype=bool)
    targets = [word if target is None else target for word, target in zip(distinct, found, strict=True)]
    distinct_tags, tag_codes = _encoded(tags)
    if casing == "truecase":
        forms = forms_in_true_case(distinct, targets, written, language)
        raised = np.array([word[:1].isupper() for word in distinct], dtype=bool)[codes]
        inside = np.array([tag != "O" for tag in distinct_tags], dtype=bool)[tag_codes]
        chosen = (raised & (begins | inside)).astype(np.int64)
    else:
        if casing == "target":
            forms, cumulative = forms_by_frequency(distinct, targets, counts, language)
        elif casing == "source":
            forms, cumulative = forms_like_source(distinct, targets, language)
        else:
            forms, cumulative = forms_of_lexicon(targets)
        chosen = draw_forms(cumulative[codes], draws)
    copied = np.array([tag[2:] in config.copy_types for tag in distinct_tags], dtype=bool)[tag_codes]
    origins = np.where(copied, _ENTITY, np.where(known[codes], _LEXICON, _UNKNOWN)).astype(np.int8)
    # One list holds the source words, then three forms of each translation; every occurrence takes one of them.
    choices = pa.array([*distinct, *forms.ravel()], pa.string())
    translated_rows = len(distinct) + 3 * codes + chosen
    rows = np.where(origins == _LEXICON, translated_rows, codes)
    return Translated(choices.take(pa.array(rows)), origins)


def translate_table(
    data: pa.Table,
    translations: Mapping[str, str],
    config: WordTranslation,
    *,
    casing: Casing,
    counts: Mapping[str, np.ndarray],
    written: Mapping[str, str],
    corpus: str,
    language: str = "",
) -> pa.Table:
    """Translate a `LABELLED` table into a `TRANSLATION` table; the draws depend on seed, sentence and place alone.

    `corpus` names the table that is translated, the rest is as in `translate`.
    """
    sentence_ids = data["sentence_id"].to_numpy()
    lengths = pc.list_value_length(data["words"]).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    words = _flat(data["words"])
    tags = _flat(data["tags"])
    positions = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    draws = uniform_draws(config.seed, np.repeat(sentence_ids, lengths), positions)
    done = translate(
        words,
        tags,
        translations,
        config,
        casing=casing,
        counts=counts,
        written=written,
        draws=draws,
        begins=positions == 0,
        language=language,
    )
    origins = pa.DictionaryArray.from_arrays(pa.array(done.origins), pa.array(ORIGINS)).cast(pa.string())
    lists = [pa.ListArray.from_arrays(pa.array(offsets), column) for column in (done.words, tags, words, origins)]
    row_numbers = pa.array(np.arange(len(sentence_ids)))
    came_from = [pa.repeat(pa.scalar(corpus), len(sentence_ids)), pa.array(sentence_ids)]
    return pa.Table.from_arrays([row_numbers, *lists, *came_from], schema=TRANSLATION.schema)


def best_translations(lexicon: pa.Table) -> dict[str, str]:
    """Source word -> its translation of rank 0, from a `LEXICON` table."""
    best = lexicon.filter(pc.equal(lexicon["rank"], 0))
    return dict(zip(best["source"].to_pylist(), best["target"].to_pylist(), strict=True))


def origin_counts(table: pa.Table) -> dict[str, int]:
    """How many words of a `TRANSLATION` table have each origin."""
    counted = pc.value_counts(_flat(table["origin"]))
    return {row["values"]: row["counts"] for row in sorted(counted.to_pylist(), key=lambda row: str(row["values"]))}


@step(TRANSLATION)
def translate_words(
    job: Job,
    data: Labelled,
    lexicon: Lexicon,
    target_sentences: Sentences,
    parallel: tuple[Parallel, ...],
    config: WordTranslation,
    language: str,
) -> None:
    """Translate labelled sentences word by word and copy their labels.

    The case of words is learnt from `target_sentences`, and by the policy "truecase" from `parallel`, too.
    """
    casing = config.casing_for(language)
    counts: dict[str, np.ndarray] = {}
    written = (
        true_cases(_sentences(job, target_sentences, parallel, language), language) if casing == "truecase" else {}
    )
    if casing == "target":
        frequencies = pc.value_counts(_flat(job.table(target_sentences, columns=["words"])["words"]))
        columns = (frequencies.field("values").to_pylist(), frequencies.field("counts").to_pylist())
        counts = case_counts(zip(*columns, strict=True), language)
    translations = best_translations(job.table(lexicon))
    table = translate_table(
        job.table(data),
        translations,
        config,
        casing=casing,
        counts=counts,
        written=written,
        corpus=data.content,
        language=language,
    )
    metadata = {"language": language, "labels": job.metadata(data)["labels"]}
    job.write(table, metadata={**metadata, "casing": casing, "words_by_origin": origin_counts(table)})


def _sentences(job: Job, sentences: Reference, parallel: tuple[Reference, ...], language: str) -> Iterator[list[str]]:
    """Words of the language, sentence by sentence; of parallel text its side."""
    for batch in job.batches(sentences, columns=["words"]):
        yield from batch.column(0).to_pylist()
    split = translation_splitter(language)
    for pairs in parallel:
        side = "target" if job.metadata(pairs)["target_language"] == language else "source"
        for batch in job.batches(pairs, columns=[side]):
            yield from map(split, batch.column(0).to_pylist())


def _lookup(word: str, translations: Mapping[str, str], copy_without_letters: bool) -> str | None:
    if copy_without_letters and not any(character.isalpha() for character in word):
        return None
    return translations.get(word, translations.get(word.lower()))


def _encoded(values: pa.Array) -> tuple[list[str], np.ndarray]:
    encoded = values.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    flat = pc.list_flatten(column)
    return flat.combine_chunks() if isinstance(flat, pa.ChunkedArray) else flat
