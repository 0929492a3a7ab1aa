"""The sentences of a run whose pseudo-labels are trusted least, as its last weighing or labelling left them."""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from artifacts.reference import Reference
from artifacts.runs import RunRecord
from artifacts.store import Store
from flows.parts.word_table import word_table

_OPINIONS = (("reliability", "weight"), ("span_labels", "probability"), ("soft_labels", "probability"))


@dataclass(frozen=True)
class DoubtedWord:
    """A word, its label and type, and how far it is trusted, [0, 1]."""

    word: str
    label: str
    type: str
    trust: float


@dataclass(frozen=True)
class Doubted:
    """Sentences in rising order of the trust in their least trusted entity word.

    Attributes:
        reference: the table of labels.
        stage: what it is for.
        measure: weight or probability.
        sentences: of each its id and its words.
    """

    reference: Reference
    stage: str
    measure: str
    sentences: tuple[tuple[int, tuple[DoubtedWord, ...]], ...]


def least_trusted(store: Store, record: RunRecord, sentences: int) -> Doubted | None:
    """The sentences with the least trusted entity words; None if a run has no labels with a measure of trust.

    Of the kinds that tell it, weights come before probabilities; of one kind, the last that the run made or took.

    Args:
        store: where the labels are.
        record: of the run.
        sentences: how many to give at most.

    Raises:
        StoreError: if the labels are gone.
        InputError: if there is none, or the soft labels that weights belong to are gone.
    """
    for kind, measure in _OPINIONS:  # noqa: B007, it is used where the loop ends
        if taken := [step for step in record.steps if step.reference.kind == kind]:
            last = taken[-1]
            break
    else:
        return None
    table = word_table(store, last.reference)
    rows, trust = table["row"].to_numpy(), table[measure].to_numpy()
    entity = pc.not_equal(pc.cast(table["type"], "string"), "O").to_numpy()
    least = np.full(int(rows.max()) + 1, np.inf)
    np.minimum.at(least, rows[entity], trust[entity])
    order = np.argsort(least, kind="stable")[:sentences]
    chosen = [int(row) for row in order if np.isfinite(least[row])]
    few = table.filter(np.isin(rows, chosen))
    words: dict[int, list[DoubtedWord]] = {row: [] for row in chosen}
    ids = {}
    for each in few.to_pylist():
        ids[each["row"]] = each["sentence_id"]
        words[each["row"]].append(DoubtedWord(each["word"], each["label"], each["type"], each[measure]))
    found = tuple((ids[row], tuple(words[row])) for row in chosen)
    return Doubted(last.reference, last.stage, measure, found)
