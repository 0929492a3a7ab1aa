"""How many words got a vote, and how many votes are right, against gold (UniTrans, 3.4)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import VOTE_QUALITY, Gold, Votes
from artifacts.step import Job, step
from tasks.denoising.voting import voted_ids
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids
from tasks.words.hard_labels import NO_LABEL


def vote_quality(voted: np.ndarray, gold: np.ndarray, labels: Sequence[str]) -> pa.Table:
    """Counts votes and right votes by label, and words with a vote by gold label.

    Args:
        voted: [N] label ids, `NO_LABEL` where there is no vote.
        gold: [N] label ids.
        labels: IOB2 labels.

    Returns:
        A table of `VOTE_QUALITY`.
    """

    def count(ids: np.ndarray) -> np.ndarray:
        each = np.bincount(ids, minlength=len(labels))
        return np.array([each.sum(), each.sum() - each[labels.index("O")], *each])

    has = voted != NO_LABEL
    found, right = count(voted[has]), count(voted[voted == gold])
    words, covered = count(gold), count(gold[has])
    columns = {
        "label": ["overall", "entities", *labels],
        "voted": found,
        "right": right,
        "words": words,
        "words_with_vote": covered,
        "precision": _shares(right, found),
        "coverage": _shares(covered, words),
    }
    return pa.table(columns, schema=VOTE_QUALITY.schema)


@step(VOTE_QUALITY)
def measure_votes(job: Job, votes: Votes, gold: Gold) -> None:
    """Compares votes with gold labels of the same words."""
    labels: list[str] = job.metadata(votes)["labels"]
    check_same_labels(job.metadata(gold)["labels"], labels, "gold", "votes")
    table, truth = job.table(votes, columns=["sentence_id", "votes"]), job.table(gold)
    check_same_sentences(which_sentences(table, "votes"), which_sentences(truth, "tags"), "votes and gold")
    job.write(vote_quality(voted_ids(table, labels), flat_label_ids(truth["tags"], labels, "gold"), labels))


def _shares(part: np.ndarray, whole: np.ndarray) -> list[float | None]:
    return [p / w if w else None for p, w in zip(part.tolist(), whole.tolist(), strict=True)]
