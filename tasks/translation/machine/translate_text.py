"""Translate sentences as text, entities between markers if they are wanted."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa

from artifacts.catalog import MACHINE_TRANSLATION, AnySentences, AnyTranslator, Predictions
from artifacts.errors import InputError
from artifacts.kept_outputs import earlier_outputs
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.translating import translate_all
from tasks.translation.marked.markers import Marking, mark
from tasks.translation.marked.moses import detokenizer

_ROWS = 4096


def source_text(
    words: Sequence[str],
    tags: Sequence[str] | None,
    detokenize: Callable[[Sequence[str]], str],
    marking: Marking | None,
) -> str:
    """What a translator gets of a sentence; "" if it has more entities than markers, which only `tags` can tell."""
    if tags is None or marking is None:
        return detokenize(words)
    return mark(words, tags, detokenize, marking.max_entities, marking.form) or ""


@step(MACHINE_TRANSLATION)
def translate_text(
    job: Job,
    sentences: AnySentences | Predictions,
    translator: AnyTranslator | ExternalTranslator,
    source_language: str,
    target_language: str,
    marking: Marking | None,
    generation: Generation,
) -> None:
    """Translates sentences; what this step has translated before, it takes from there."""
    columns = ["sentence_id", "words"]
    if marking is not None:
        if sentences.kind == "sentences":
            raise InputError(
                f"artifact {sentences}: sentences have no tags, so there is nothing to mark; translate labelled "
                "sentences, or leave marking out"
            )
        columns.append("tags")
    detokenize = detokenizer(source_language)
    texts: list[str] = []
    for batch in job.batches(sentences, columns, _ROWS):
        words = batch["words"].to_pylist()
        tags = batch["tags"].to_pylist() if marking else [None] * len(words)
        texts += [source_text(w, t, detokenize, marking) for w, t in zip(words, tags, strict=True)]
    distinct = set(texts) - {""}
    known, used = earlier_outputs(job, "sentences", distinct, ["source", "output"], _pairs)
    outputs = translate_all(job, texts, known, translator, (source_language, target_language), generation, used)
    job.note(
        texts=len(distinct),
        new_texts=len(distinct) - len(known),
        taken_from=[f"{reference.kind}/{reference.key}" for reference in used],
    )
    metadata = {"source_language": source_language, "target_language": target_language}
    if marking is not None:
        metadata["markers"] = marking.form
    job.write(_rows(job, sentences, texts, outputs), metadata)


def _pairs(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    return zip(batch["source"].to_pylist(), batch["output"].to_pylist(), strict=True)


def _rows(job: Job, sentences: Reference, texts: Sequence[str], known: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in job.batches(sentences, ["sentence_id"], _ROWS):
        source = texts[start : start + batch.num_rows]
        start += batch.num_rows
        outputs = [known[text] for text in source]
        yield pa.RecordBatch.from_arrays(
            [batch["sentence_id"], pa.array(source, pa.string()), pa.array(outputs, pa.string())],
            schema=MACHINE_TRANSLATION.schema,
        )
