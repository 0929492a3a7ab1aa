"""Labels that were projected into raw sentences, as the opinion of a teacher of a panel."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import PARTIAL_SOFT_LABELS, Projected, Sentences
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.translation.projection.joined import with_tags_of
from tasks.words.columns import (
    flat_label_ids,
    flat_values,
    list_column,
    list_lengths,
    offsets_of,
    probability_column,
    ranges,
)


def opinion_of(sentences: pa.Table, projected: pa.Table, labels: Sequence[str]) -> pa.Table:
    """All sentences; the words of those that have projected labels are certain, of the others nothing is said.

    Args:
        sentences: sentence_id, words.
        projected: sentence_id, words, tags (empty if the sentence was dropped) of some of them.
        labels: IOB2 labels of the tags.

    Returns:
        A table of `PARTIAL_SOFT_LABELS`.

    Raises:
        InputError: if `projected` has other words under an id, or none of its sentences kept its labels.
    """
    rows = with_tags_of(sentences, projected, "panel: projected labels")
    lengths, tagged = list_lengths(rows["words"]), list_lengths(rows["tags"])
    if not tagged.any():
        raise InputError(
            f"panel: none of {rows.num_rows:,} sentences has projected labels; look at why they were dropped by "
            "`crosstag store show`, and leave the teacher out or take another translation"
        )
    spoken = ranges(offsets_of(lengths)[:-1], tagged)
    probabilities = np.zeros((int(lengths.sum()), len(labels)), dtype=np.float32)
    probabilities[spoken, flat_label_ids(rows["tags"], labels, "projected labels")] = 1
    labelled = np.zeros(len(probabilities), dtype=bool)
    labelled[spoken] = True
    columns = [rows["sentence_id"], rows["words"], probability_column(probabilities, lengths)]
    return pa.table([*columns, list_column(lengths, pa.array(labelled))], schema=PARTIAL_SOFT_LABELS.schema)


@step(PARTIAL_SOFT_LABELS)
def projected_opinion(job: Job, sentences: Sentences, projected: Projected) -> None:
    """Says of each word its projected label (CROP, 3.4), and nothing of sentences that were left out."""
    about = job.metadata(projected)
    rows = opinion_of(
        job.table(sentences), job.table(projected, columns=["sentence_id", "words", "tags"]), about["labels"]
    )
    labelled, words = flat_values(rows["labelled"]).true_count, len(flat_values(rows["labelled"]))
    left = dict(about["dropped"])
    if without := rows.num_rows - job.rows(projected):
        left["untranslated"] = left.get("untranslated", 0) + without
    told = {"words": words, "labelled": labelled, "without_probability": labelled, "refused": {}, "unlabelled": left}
    job.write(rows, {"language": job.metadata(sentences)["language"], "labels": about["labels"], **told})
