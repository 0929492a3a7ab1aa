"""Have a command of the user's label sentences, and keep what it says."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from artifacts.catalog import LABELLER_ANSWERS, AnySentences
from artifacts.kept_outputs import Made, earlier_outputs, kept_outputs
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.labelling.answer import Answer
from tasks.labelling.external import ExternalLabeller, asking
from tasks.labelling.placed_words import placed_words
from tasks.translation.marked.moses import detokenizer

_ROWS = 4096


@step(LABELLER_ANSWERS)
def ask_labeller(job: Job, sentences: AnySentences, labeller: ExternalLabeller) -> None:
    """Asks a labeller about sentences, each distinct one once; what it said before of others, it is not asked again.

    Raises:
        InputError: if the command fails so often that its tries are used up; the answers that came are kept.
    """
    language = job.metadata(sentences)["language"]
    detokenize = detokenizer(language)
    distinct = dict.fromkeys(
        _name(words)
        for batch in job.batches(sentences, ["words"], _ROWS)
        for words in batch["words"].to_pylist()
        if words
    )
    known, used = earlier_outputs(job, "sentences", set(distinct), ["words", "answer"], _pairs)
    new = [name for name in distinct if name not in known]

    def ask(left: list[str]) -> Made:
        asked = [(words, placed_words(words, detokenize)) for words in map(_words, left)]
        for place, answer in asking(labeller, language, Path(job.runtime.data).expanduser()).answers(asked):
            yield [place], [answer.model_dump_json(exclude_unset=True)]

    came = {name: Answer.model_validate_json(answer) for name, answer in kept_outputs(job, new, ask, "asking").items()}
    usage: dict[str, float] = {}
    for name, number in sorted(pair for answer in came.values() for pair in answer.usage.items()):
        usage[name] = usage.get(name, 0) + number
    job.note(
        labeller=labeller.version,
        types=dict(labeller.types),
        usage=usage,
        texts=len(distinct),
        new_texts=len(new),
        taken_from=[f"{reference.kind}/{reference.key}" for reference in used],
    )
    said = {name: answer.model_dump_json(exclude_unset=True, exclude={"usage"}) for name, answer in came.items()}
    job.write(_rows(job, sentences, {**known, **said}, language), {"language": language, "labels": labeller.labels})


def _name(words: list[str]) -> str:
    return json.dumps(words, ensure_ascii=False)


def _words(name: str) -> list[str]:
    words: list[str] = json.loads(name)
    return words


def _pairs(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    return zip(map(_name, batch["words"].to_pylist()), batch["answer"].to_pylist(), strict=True)


def _rows(job: Job, sentences: Reference, answers: Mapping[str, str], language: str) -> Iterator[pa.RecordBatch]:
    detokenize = detokenizer(language)
    for batch in job.batches(sentences, ["sentence_id", "words"], _ROWS):
        words = batch["words"].to_pylist()
        placed = [placed_words(each, detokenize) for each in words]
        given = [
            [text for text, _ in placed],
            [[start for start, _ in places] for _, places in placed],
            [[end for _, end in places] for _, places in placed],
            [answers[_name(each)] if each else "" for each in words],
        ]
        types = LABELLER_ANSWERS.schema.types[2:]
        arrays = [pa.array(column, kind) for column, kind in zip(given, types, strict=True)]
        columns = [batch["sentence_id"], batch["words"], *arrays]
        yield pa.RecordBatch.from_arrays(columns, schema=LABELLER_ANSWERS.schema)
