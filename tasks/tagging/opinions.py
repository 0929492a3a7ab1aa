"""What several taggers, labellers or other teachers say of the same sentences, batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artifacts.errors import InputError
from artifacts.job import Job
from artifacts.reference import Reference
from tasks.words.agreement import WhichSentences, check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_probabilities, flat_values
from tasks.words.hard_labels import NO_LABEL, most_probable

SENTENCES_AT_A_TIME = 8192


@dataclass(frozen=True)
class Said:
    """A batch of sentences, and what T teachers say of its N words.

    Attributes:
        batch: of the first teacher, with the sentences' ids and words.
        sentences: which they are.
        opinions: T arrays [N, C] of probabilities; zeros where nothing is said.
        spoke: T arrays [N] whether something is.
    """

    batch: pa.RecordBatch
    sentences: WhichSentences
    opinions: list[np.ndarray]
    spoke: list[np.ndarray]

    @property
    def votes(self) -> np.ndarray:
        """[T, N] the most probable label of each teacher, NO_LABEL where it says nothing."""
        said = zip(self.opinions, self.spoke, strict=True)
        return np.stack([np.where(spoke, most_probable(opinion), NO_LABEL) for opinion, spoke in said])

    @property
    def unheard(self) -> int:
        """Number of words of which no teacher says anything."""
        return int((~np.any(self.spoke, axis=0)).sum())


def labels_of(job: Job, opinions: Sequence[Reference], names: Sequence[str]) -> list[str]:
    """The labels that all teachers use.

    Raises:
        InputError: if there are none, or they use others.
    """
    if not opinions or len(opinions) != len(names):
        raise InputError(
            f"labels of teachers: found {len(opinions)} tables and {len(names)} names; expected at least one table, "
            "each with a name"
        )
    labels: list[str] = job.metadata(opinions[0])["labels"]
    for opinion, name in zip(opinions, names, strict=True):
        check_same_labels(labels, job.metadata(opinion)["labels"], names[0], name)
    return labels


def what_is_said(job: Job, opinions: Sequence[Reference], names: Sequence[str]) -> Iterator[Said]:
    """What every teacher says of the same sentences.

    Raises:
        InputError: if they are not the same.
    """
    labels = len(labels_of(job, opinions, names))
    if len({job.rows(each) for each in opinions}) > 1:
        found = ", ".join(f"{name} {job.rows(each):,}" for name, each in zip(names, opinions, strict=True))
        raise InputError(f"teachers labelled different numbers of sentences ({found}); expected the same text")
    parts = (job.batches(each, rows=SENTENCES_AT_A_TIME) for each in opinions)
    for batches in zip(*parts, strict=True):
        sentences = which_sentences(batches[0], "words")
        for name, batch in zip(names[1:], batches[1:], strict=True):
            check_same_sentences(sentences, which_sentences(batch, "words"), f"opinions of {names[0]} and {name}")
        said = [flat_probabilities(batch.column("probabilities"), labels) for batch in batches]
        words = int(sentences.word_counts.sum())
        yield Said(batches[0], sentences, said, [_spoke(batch, words) for batch in batches])


def _spoke(batch: pa.RecordBatch, words: int) -> np.ndarray:
    """[N] whether the teacher says something of each word: only partial soft labels leave words out."""
    if "labelled" not in batch.schema.names:
        return np.ones(words, dtype=bool)
    has: np.ndarray = flat_values(batch.column("labelled")).to_numpy(zero_copy_only=False).astype(bool)
    return has
