"""Alignment-free translation, second part: placeholders become spans again, and pairs are recorded (ConNER, 2.3)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from artifacts.catalog import CONJUGATE_PAIRS, SpanTranslation
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.corpus.text import seen_words, translation_splitter
from tasks.translation.conjugate.placeholders import Span
from tasks.translation.conjugate.reading import INCOMPLETE, NOWHERE, REASONS, TOO_MANY, filled, span_text
from tasks.translation.conjugate.translate_spans import Tagged
from tasks.words.spans import spans_of

_ROWS_AT_A_TIME = 4096


class PairedSentence(NamedTuple):
    """A row of conjugate pairs; see the catalogue."""

    sentence_id: int
    words: list[str]
    translation: list[str]
    spans: list[Span]
    translated: list[Span]
    reasons: list[str]

    def whole_or_none(self) -> "PairedSentence":
        """The same if every span has its translation, those aside that got no placeholder; else without any pair."""
        if set(self.reasons) <= {"", TOO_MANY}:
            return self
        reasons = [reason or INCOMPLETE for reason in self.reasons]
        return self._replace(translated=[NOWHERE] * len(reasons), reasons=reasons)


Incomplete = Literal["pair", "sentence"]
"""What goes where a span has no translation: its pair, or all pairs of its sentence (ConNER's published code)."""


@step(CONJUGATE_PAIRS)
def find_pairs(job: Job, tagged: Tagged, translation: SpanTranslation, incomplete: Incomplete = "pair") -> None:
    """Puts translated sentences and spans together; `incomplete` pairs are dropped alone, or with their sentence.

    Raises:
        InputError: if the translation is of other sentences, or no pair is left.
    """
    about = job.metadata(translation)
    if about["corpus"] != tagged.content:
        raise InputError(
            f"span translation: it is of {about['corpus']}, the tagged sentences are {tagged.content}; translate "
            "these very sentences"
        )
    split = seen_words(translation_splitter(about["target_language"]))
    sentences = job.table(tagged, columns=["sentence_id", "words", "tags"]).to_pylist()
    rows: list[PairedSentence] = []
    for sentence, translated in zip(sentences, job.table(translation).to_pylist(), strict=True):
        spans = [(start, end) for start, end, _ in spans_of(sentence["tags"])]
        insides = translated["inside_outputs"] or [None] * len(translated["spans"])
        texts = [
            span_text(alone, inside, about["placeholder"])
            for alone, inside in zip(translated["span_outputs"], insides, strict=True)
        ]
        made = filled(translated["output"], texts, len(spans), about["placeholder"], split)
        about_it = (sentence["sentence_id"], sentence["words"], made.words)
        rows.append(PairedSentence(*about_it, spans, made.spans, made.reasons))
    languages = (about["source_language"], about["target_language"])
    advice = "choose another placeholder, or a better translator"
    write_pairs(job, rows, languages, tagged.content, incomplete, advice)


def write_pairs(
    job: Job,
    found: Sequence[PairedSentence],
    languages: tuple[str, str],
    corpus: str,
    incomplete: Incomplete,
    advice: str,
) -> None:
    """Writes conjugate pairs with their counts.

    Raises:
        InputError: if no pair is kept; `advice` says what to do.
    """
    rows, kept, counts = kept_pairs(found, incomplete, advice)
    metadata: dict[str, Any] = {
        "language": languages[0],
        "translated_language": languages[1],
        "corpus": corpus,
        "sentences": sum("" in row.reasons for row in rows),
        "pairs": kept,
        "dropped": counts,
    }
    job.write(_batches(rows), metadata)


def kept_pairs(
    found: Sequence[PairedSentence], incomplete: Incomplete, advice: str
) -> tuple[Sequence[PairedSentence], int, dict[str, int]]:
    """Sentences with the pairs that are kept, how many these are, and how many are dropped by reason.

    Raises:
        InputError: if no pair is kept; `advice` says what to do.
    """
    rows = found if incomplete == "pair" else [row.whole_or_none() for row in found]
    dropped = Counter(reason for row in rows for reason in row.reasons)
    kept = dropped.pop("", 0)
    counts = {reason: dropped[reason] for reason in REASONS if dropped[reason]}
    if kept == 0:
        told = ", ".join(f"{reason} {count}" for reason, count in counts.items()) or "there is no span at all"
        raise InputError(
            f"conjugate pairs: none of the {sum(counts.values())} spans in {len(rows)} sentences has its translation "
            f"({told}); expected at least one pair; {advice}"
        )
    return rows, kept, counts


def _batches(rows: Sequence[PairedSentence]) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(rows), _ROWS_AT_A_TIME):
        chunk = rows[first : first + _ROWS_AT_A_TIME]
        columns = [
            [row.sentence_id for row in chunk],
            [row.words for row in chunk],
            [row.translation for row in chunk],
            *([[span[side] for span in row.spans] for row in chunk] for side in (0, 1)),
            *([[span[side] for span in row.translated] for row in chunk] for side in (0, 1)),
            [row.reasons for row in chunk],
        ]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, CONJUGATE_PAIRS.schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=CONJUGATE_PAIRS.schema)
