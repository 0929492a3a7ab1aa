"""Read the answers of a labeller as soft labels of words."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import LABELLER_ANSWERS, PARTIAL_SOFT_LABELS, LabellerAnswers
from artifacts.errors import InputError
from artifacts.progress import Advance
from artifacts.step import Job, step
from tasks.labelling.answer import Answer
from tasks.labelling.reading import REASONS, WordLabels, probabilities_of, word_labels
from tasks.words.columns import list_column, list_lengths, offsets_of, probability_column
from tasks.words.hard_labels import NO_LABEL

_ROWS = 4096
_COLUMNS = [name for name in LABELLER_ANSWERS.schema.names if name != "sentence_id"]


@step(PARTIAL_SOFT_LABELS)
def read_labeller_answers(job: Job, answers: LabellerAnswers) -> None:
    """Gives words the probabilities that a labeller says, and none where it says nothing that can be taken.

    Raises:
        InputError: if no word has a label then, and there are words.
    """
    about = job.metadata(answers)
    labels = {label: place for place, label in enumerate(about["labels"])}
    refused: Counter[str] = Counter()
    unlabelled: Counter[str] = Counter()
    examples: dict[str, str] = {}
    counts = {"words": 0, "labelled": 0, "without_probability": 0}

    def read(sentence: int, words: list[str], text: str, places: list[tuple[int, int]], answer: str) -> WordLabels:
        if not answer:
            return WordLabels.none(len(words))
        said = Answer.model_validate_json(answer)
        if said.unlabelled is not None:
            unlabelled[said.unlabelled] += 1
        found = word_labels(said, words, text, places, labels)
        for reason, shown in found.refused:
            refused[reason] += 1
            examples.setdefault(reason, f"sentence {sentence}: {shown}")
        return found

    def rows(advance: Advance) -> Iterator[pa.RecordBatch]:
        for batch in job.batches(answers, rows=_ROWS):
            columns = (batch[name].to_pylist() for name in ("sentence_id", *_COLUMNS))
            found = [
                read(sentence, words, text, list(zip(starts, ends, strict=True)), answer)
                for sentence, words, text, starts, ends, answer in zip(*columns, strict=True)
            ]
            lengths = list_lengths(batch["words"])
            ids = np.array([each for one in found for each in one.ids], dtype=np.int64)
            given = np.array([each for one in found for each in one.given], dtype=np.float64)
            rest_outside = np.array([each for one in found for each in one.rest_outside], dtype=bool)
            firsts = offsets_of(lengths).tolist()
            whole = {
                first + at: row for first, one in zip(firsts, found, strict=False) for at, row in one.whole.items()
            }
            labelled = ids != NO_LABEL
            counts["words"] += len(ids)
            counts["labelled"] += int(labelled.sum())
            counts["without_probability"] += int((labelled & np.isnan(given)).sum())
            written = [
                batch["sentence_id"],
                batch["words"],
                probability_column(probabilities_of(ids, given, rest_outside, whole, len(labels)), lengths),
                list_column(lengths, pa.array(labelled)),
            ]
            yield pa.RecordBatch.from_arrays(written, schema=PARTIAL_SOFT_LABELS.schema)
            advance(batch.num_rows)

    def told() -> dict[str, Any]:
        by_reason = {reason: refused[reason] for reason in REASONS if refused[reason]}
        return {**about, **counts, "refused": by_reason, "unlabelled": dict(sorted(unlabelled.items()))}

    with job.progress("reading answers", job.rows(answers), "sentences") as advance:
        job.write(rows(advance), told)
    if counts["words"] and not counts["labelled"]:
        why = [f"{number:,} {reason}, such as {examples[reason]}" for reason, number in told()["refused"].items()]
        why += [f"{number:,} sentences left unlabelled: {reason}" for reason, number in told()["unlabelled"].items()]
        raise InputError(
            f"labeller: of {counts['words']:,} words none has a label; {'; '.join(why) or 'every tag is null'}; "
            f"expected entities or tags of {', '.join(labels)}, offsets in characters of the text; `crosstag store "
            f"show {answers}` shows what came; mend the command, and give it a new version"
        )
    job.note(examples=examples)
