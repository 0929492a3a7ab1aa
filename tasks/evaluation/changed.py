"""How many pseudo-labels changed from one iteration to the next; few mean that iterating may stop."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import CHANGE, SoftLabels
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_probabilities


def changed_share(before: np.ndarray, after: np.ndarray) -> float:
    """Share of words whose label differs, [0, 1]; 0 for no words.

    Args:
        before: [N] label ids.
        after: [N] label ids of the same words.
    """
    return float(np.mean(before != after)) if len(before) else 0.0


@step(CHANGE)
def measure_change(job: Job, before: SoftLabels, after: SoftLabels) -> None:
    """Compares the most probable labels of the same words in two sets of pseudo-labels."""
    labels = job.metadata(before)["labels"]
    check_same_labels(labels, job.metadata(after)["labels"], "earlier soft labels", "later soft labels")
    columns = ["sentence_id", "probabilities"]
    first, second = job.table(before, columns), job.table(after, columns)
    earlier, later = (which_sentences(each, "probabilities") for each in (first, second))
    check_same_sentences(earlier, later, "earlier and later soft labels")
    old, new = (flat_probabilities(t["probabilities"], len(labels)).argmax(axis=1) for t in (first, second))
    row = {"words": len(old), "changed": int((old != new).sum()), "share": changed_share(old, new)}
    job.write(pa.Table.from_pylist([row], schema=CHANGE.schema))
