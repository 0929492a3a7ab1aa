"""How good projected and settled labels are, against gold (CROP, Figure 6)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import SCORES, Gold, Predictions, Projection
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.settling import LEFT_OUT, SETTLED_BY, Settling, settle
from tasks.evaluation.scores import entity_scores
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids, list_lengths


def scores_of_kept(
    gold: pa.ChunkedArray, guess: pa.ChunkedArray | pa.Array, kept: np.ndarray, labels: Sequence[str]
) -> pa.Table:
    """Entity-level scores over some sentences only.

    Args:
        gold: [M] lists of tags.
        guess: [M] lists of tags; as many as gold where `kept`.
        kept: [M] bool, which sentences count.
        labels: IOB2 labels.

    Returns:
        A table of `SCORES`.
    """
    mask = pa.array(kept)
    truth, found = gold.filter(mask), guess.filter(mask)
    ids = flat_label_ids(truth, labels, "gold"), flat_label_ids(found, labels, "projection")
    rows = entity_scores(*ids, list_lengths(truth), labels)
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=SCORES.schema)


@step(SCORES)
def score_projection(job: Job, projection: Projection, gold: Gold, name: str) -> None:
    """Compares projected tags with gold, over the sentences that the projection kept."""
    labels, rows, truth = _both(job, projection, gold)
    kept = np.array(rows["reason"].to_pylist(), dtype=object) == ""
    job.write(scores_of_kept(truth["tags"], rows["tags"], kept, labels), _about(name, kept))


@step(SCORES)
def score_settled(
    job: Job, projection: Projection, predictions: Predictions, gold: Gold, config: Settling, name: str
) -> None:
    """Compares settled tags with gold, over the sentences that `settle_labels` puts into its training set."""
    labels, rows, truth = _both(job, projection, gold)
    check_same_labels(labels, job.metadata(predictions)["labels"], "the projection", "the multilingual tagger")
    tagged = job.table(predictions, columns=["sentence_id", "tags"])
    check_same_sentences(which_sentences(rows, "words"), which_sentences(tagged, "tags"), "projection and predictions")
    origins, tags = settle(rows, tagged["tags"], config)
    kept = origins != LEFT_OUT
    if not kept.any():
        raise InputError(f"settled labels: none of {len(kept):,} sentences is left under rule {config.rule!r}")
    job.write(scores_of_kept(truth["tags"], tags, kept, labels), _about(name, kept))


def _both(job: Job, projection: Projection, gold: Gold) -> tuple[list[str], pa.Table, pa.Table]:
    """Labels, the projection's rows and gold, of the same sentences."""
    labels: list[str] = job.metadata(gold)["labels"]
    check_same_labels(labels, job.metadata(projection)["labels"], "gold", "the projection")
    rows = job.table(projection, columns=["sentence_id", *SETTLED_BY])
    truth = job.table(gold)
    check_same_sentences(which_sentences(rows, "words"), which_sentences(truth, "tags"), "projection and gold")
    return labels, rows, truth


def _about(name: str, kept: np.ndarray) -> dict[str, Any]:
    return {"name": name, "sentences": len(kept), "kept": int(kept.sum()), "share_kept": float(kept.mean())}
