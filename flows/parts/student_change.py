"""What became of a student against the one before: how it does on source dev, and which words it labels otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artifacts.reference import Reference
from artifacts.runs import Column, Line, Measurements
from artifacts.runtime import Runtime
from artifacts.store import Store
from tasks.evaluation.scores import entity_scores
from tasks.tagging.student import Student, load_student


@dataclass(frozen=True)
class StudentChange:
    """Two students on the same words.

    Attributes:
        dev_before: F1 of the earlier one on the labelled sentences of the source language, in [0, 1].
        dev_now: of the later one.
        words: of the target texts of the later run.
        changed: how many of them the two label otherwise.
    """

    dev_before: float
    dev_now: float
    words: int
    changed: int

    @property
    def lost(self) -> float:
        """F1 that was lost on source dev, in [-1, 1]; negative is a gain."""
        return self.dev_before - self.dev_now

    @property
    def share(self) -> float:
        """Of the words that are labelled otherwise, in [0, 1]."""
        return self.changed / self.words if self.words else 0.0


def compare_students(
    store: Store, before: Reference, now: Reference, dev: Reference, texts: Sequence[Reference], runtime: Runtime
) -> StudentChange:
    """Has two students label the same sentences; neither sees a gold label of the target language.

    Args:
        store: that all of it is in.
        before: the student of the earlier run.
        now: that of the later one.
        dev: labelled sentences of the source language.
        texts: sentences of the target languages.
        runtime: where they compute.

    Raises:
        InputError: if a student cannot be loaded.
        StoreError: if something is not in the store any more.
    """
    labels: list[str] = store.metadata(dev)["labels"]
    labelled = store.table(dev, columns=["words", "tags"])
    lengths = np.array([len(words) for words in labelled["words"].to_pylist()], dtype=np.int64)
    gold = _ids([tag for tags in labelled["tags"].to_pylist() for tag in tags], labels)
    sentences = [words for text in texts for words in store.table(text, columns=["words"])["words"].to_pylist()]
    scores, said = [], []
    for student in (before, now):
        loaded = load_student(store.folder(student), tokenized=True, device=runtime.device)
        predicted = _ids(_tags(loaded, labelled["words"].to_pylist()), labels)
        scores.append(entity_scores(gold, predicted, lengths, labels)[0].f1)
        said.append(_tags(loaded, sentences))
    changed = sum(one != other for one, other in zip(*said, strict=True))
    return StudentChange(scores[0], scores[1], len(said[1]), changed)


def change_table(change: StudentChange, student: Reference) -> Measurements:
    """The same to be shown."""
    columns = [Column(name=name, form="percent") for name in ("source dev before", "now", "labelled otherwise")]
    cells = (change.dev_before, change.dev_now, change.share)
    return Measurements(
        title=f"the student against the one before, in %; of {change.words:,} words of the target text",
        first="student",
        columns=tuple(columns),
        lines=(Line(name=student.key[:10], reference=student, cells=cells),),
    )


def _tags(student: Student, sentences: Sequence[Sequence[str]]) -> list[str]:
    return [tag for tagged in student.tag_words(sentences) for tag in tagged.tags]


def _ids(tags: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places[tag] for tag in tags], dtype=np.int64)
