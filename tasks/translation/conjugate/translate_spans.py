"""Alignment-free translation, first part: sentences with placeholders and spans are translated (ConNER, 2.3)."""

from collections.abc import Iterator
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field

from artifacts.catalog import LABELLED, PREDICTIONS, SPAN_TRANSLATION, AnyTranslator
from artifacts.errors import InputError
from artifacts.kept_outputs import earlier_outputs
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.conjugate.placeholders import Placeholder, Span, with_brackets, with_placeholders
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.translating import translate_all
from tasks.translation.marked.moses import detokenizer
from tasks.words.spans import spans_of

Tagged = Annotated[Reference, LABELLED, PREDICTIONS]
_ROWS = 4096
_TEXTS, _OUTPUTS = ["source", "spans", "inside"], ["output", "span_outputs", "inside_outputs"]


class SpanTranslating(Settings):
    """How candidate spans and their sentences are translated."""

    placeholder: Placeholder | None = Field(
        None,
        title="Placeholder",
        description="What stands for a span in its sentence. span: SPAN0, SPAN1, ... (the paper); slot: __SLOT0__, "
        "which is one symbol for translators that are trained here. Empty: slot for these, span for others.",
    )
    spans: Literal["alone", "inside"] = Field(
        "alone",
        title="Spans",
        description="How a span's own translation is found. alone: the span by itself (the paper); inside: in its "
        "sentence between brackets, and alone where they are lost (the published code).",
    )
    max_spans: int = Field(
        10,
        ge=1,
        le=50,
        title="Most spans",
        description="Spans of a sentence that get placeholders, from its beginning (published code: 10); others stay "
        "as they are, and make no pair.",
    )


@step(SPAN_TRANSLATION)
def translate_spans(
    job: Job,
    tagged: Tagged,
    translator: AnyTranslator | ExternalTranslator,
    source_language: str,
    target_language: str,
    config: SpanTranslating,
    generation: Generation,
) -> None:
    """Translates sentences that have entities, with placeholders for these, and the entities; types are not used.

    What this step has translated before, it takes from there.

    Raises:
        InputError: if no sentence has an entity.
    """
    detokenize = detokenizer(source_language)
    form = config.placeholder or "span"
    rows: list[tuple[int, str, list[str], list[str]]] = []
    wanted = ["sentence_id", "words", "tags"]
    for batch in job.batches(tagged, columns=wanted, rows=_ROWS):
        for number, words, tags in zip(*(batch[name].to_pylist() for name in wanted), strict=True):
            spans = candidate_spans(tags, config.max_spans)
            text = with_placeholders(words, spans, form, detokenize) if spans else ""
            alone = [detokenize(words[start:end]) for start, end in spans]
            inside = [with_brackets(words, span, form, detokenize) for span in spans]
            rows.append((number, text, alone, inside if config.spans == "inside" else []))
    texts = list(dict.fromkeys(each for _, text, alone, inside in rows for each in (text, *alone, *inside) if each))
    if not texts:
        raise InputError(
            f"artifact {tagged}: none of its {len(rows)} sentences has an entity, so there is no candidate span; "
            "expected at least one; train the weak tagger longer, or give other text"
        )
    known, used = earlier_outputs(job, "tagged", set(texts), _TEXTS + _OUTPUTS, _pairs)
    new = len(texts) - len(known)
    known = translate_all(job, texts, known, translator, (source_language, target_language), generation, used)

    def written() -> Iterator[pa.RecordBatch]:
        for first in range(0, len(rows), _ROWS):
            chunk = rows[first : first + _ROWS]
            columns = [
                [number for number, *_ in chunk],
                [text for _, text, _, _ in chunk],
                [known[text] for _, text, _, _ in chunk],
                [alone for _, _, alone, _ in chunk],
                [[known[each] for each in alone] for _, _, alone, _ in chunk],
                [inside for *_, inside in chunk],
                [[known[each] for each in inside] for *_, inside in chunk],
            ]
            arrays = [
                pa.array(column, kind) for column, kind in zip(columns, SPAN_TRANSLATION.schema.types, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=SPAN_TRANSLATION.schema)

    job.note(texts=len(texts), new_texts=new, taken_from=[f"{reference.kind}/{reference.key}" for reference in used])
    about = {"source_language": source_language, "target_language": target_language}
    job.write(written(), {**about, "placeholder": form, "corpus": tagged.content})


def _pairs(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    """Each text of some rows with its translation; an empty one has none."""
    for pair in zip(_TEXTS, _OUTPUTS, strict=True):
        texts, outputs = (batch[name] if pair == ("source", "output") else batch[name].flatten() for name in pair)
        yield from zip(texts.to_pylist(), outputs.to_pylist(), strict=True)


def candidate_spans(tags: list[str], most: int) -> list[Span]:
    """The first entities of a sentence; their types are left out (2.3: only boundaries are used)."""
    return [(start, end) for start, end, _ in spans_of(tags)[:most]]
