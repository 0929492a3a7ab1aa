"""Write down, word by word, which teacher said what, and what was made of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import OPINIONS, Opinion, SoftLabels, Teachers
from artifacts.step import Job, step
from tasks.denoising.panel.estimating import Joining
from tasks.denoising.panel.join_opinions import meaning_of
from tasks.tagging.opinions import SENTENCES_AT_A_TIME, Said, labels_of, what_is_said
from tasks.words.agreement import check_same_sentences, which_sentences
from tasks.words.columns import flat_probabilities, list_column, tag_column
from tasks.words.hard_labels import NO_LABEL, most_probable


@step(OPINIONS)
def tell_opinions(
    job: Job,
    opinions: tuple[Opinion, ...],
    names: tuple[str, ...],
    teachers: Teachers,
    config: Joining,
    joint: SoftLabels,
) -> None:
    """Gathers the labels of all teachers, and the joint one with its probability, and what each teacher adds to it."""
    labels = labels_of(job, opinions, names)
    meant = meaning_of(job, teachers, opinions, names) if config.method == "meaning" else None
    split = outvoted = 0
    outside = labels.index("O")
    heard = np.zeros((len(names), 2), dtype=np.int64)  # Words of which a teacher says something: O, and the others
    words = np.zeros(2, dtype=np.int64)
    joined = job.batches(joint, rows=SENTENCES_AT_A_TIME)

    def rows() -> Iterator[pa.RecordBatch]:
        nonlocal split, outvoted, heard, words
        for said, batch in zip(what_is_said(job, opinions, names), joined, strict=True):
            check_same_sentences(said.sentences, which_sentences(batch, "words"), "opinions and joint labels")
            probabilities = flat_probabilities(batch.column("probabilities"), len(labels))
            chosen, votes = most_probable(probabilities), said.votes
            by_kind = np.stack([chosen == outside, chosen != outside], axis=1)
            heard, words = heard + (votes != NO_LABEL).astype(np.int64) @ by_kind, words + by_kind.sum(axis=0)
            agrees = (votes == chosen) | (votes == NO_LABEL)
            split += int((~agrees).any(axis=0).sum())
            outvoted += int((2 * (votes == chosen).sum(axis=0) < (votes != NO_LABEL).sum(axis=0)).sum())
            each = pa.array(votes.T.reshape(-1), mask=(votes == NO_LABEL).T.reshape(-1))
            tags = pa.array(labels, pa.string()).take(each)
            by_word = list_column(np.full(votes.shape[1], len(names)), tags)
            counts = said.sentences.word_counts
            read = pa.array(_read(said, chosen, meant, config).reshape(-1), pa.float32(), from_pandas=True)
            columns = [
                said.batch["sentence_id"],
                said.batch["words"],
                list_column(counts, by_word),
                list_column(counts, list_column(np.full(len(chosen), len(names)), read)),
                tag_column(chosen, counts, labels),
                list_column(counts, pa.array(probabilities.max(axis=1))),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=OPINIONS.schema)

    about = {"language": job.metadata(joint)["language"], "labels": labels, "teachers": list(names)}
    about["joining"] = config.method

    def counted() -> dict[str, Any]:
        spoke = dict(zip(names, heard.tolist(), strict=True))
        return {**about, "split": split, "outvoted": outvoted, "words": words.tolist(), "spoke": spoke}

    job.write(rows(), counted)


def _read(said: Said, chosen: np.ndarray, meant: np.ndarray | None, config: Joining) -> np.ndarray:
    """[N, T] the probability of the chosen labels by each teacher's opinion, as `pooled` reads it; NaN: nothing."""
    found = np.full((len(chosen), len(said.opinions)), np.nan, dtype=np.float32)
    if config.method == "posterior":
        return found
    places = np.arange(len(chosen))
    for teacher, (opinion, spoke) in enumerate(zip(said.opinions, said.spoke, strict=True)):
        of = opinion if meant is None else opinion @ meant[teacher]
        found[spoke, teacher] = of[places, chosen][spoke]
    return found
