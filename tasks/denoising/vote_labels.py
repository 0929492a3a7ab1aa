"""Keep the labels that three taggers agree on as hard labels of the unlabelled text (UniTrans, 3.4)."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import VOTES, SoftLabels
from artifacts.step import Job, step
from tasks.denoising.voting import vote
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_probabilities, list_column
from tasks.words.hard_labels import NO_LABEL, most_probable

_SENTENCES_AT_A_TIME = 8192


@step(VOTES)
def vote_labels(job: Job, teacher: SoftLabels, source: SoftLabels, translation: SoftLabels) -> None:
    """Gives each word the label that Theta_teach, Theta_src and Theta_trans agree on, and no label elsewhere."""
    metadata = job.metadata(teacher)
    labels: list[str] = metadata["labels"]
    table = job.table(teacher, columns=["sentence_id", "words"])
    sentences = which_sentences(table, "words")
    opinions = [_labels(job, teacher, len(labels))]
    for name, other in (("Theta_src", source), ("Theta_trans", translation)):
        check_same_labels(labels, job.metadata(other)["labels"], "Theta_teach", name)
        asked = job.table(other, columns=["sentence_id", "words"])
        check_same_sentences(sentences, which_sentences(asked, "words"), f"soft labels of Theta_teach and {name}")
        opinions.append(_labels(job, other, len(labels)))
    voted = vote(opinions)
    agreed = voted != NO_LABEL
    chosen = pa.array(labels, pa.string()).take(pa.array(voted, mask=~agreed))
    column = list_column(sentences.word_counts, chosen)
    columns = [table["sentence_id"], table["words"], column]
    counts = np.bincount(voted[agreed], minlength=len(labels)).tolist()
    job.write(
        pa.Table.from_arrays(columns, schema=VOTES.schema),
        metadata={
            "language": metadata["language"],
            "labels": labels,
            "words": len(voted),
            "agreed": dict(zip(labels, counts, strict=True)),
        },
    )


def _labels(job: Job, soft_labels: SoftLabels, count: int) -> np.ndarray:
    """[N] label ids; the probabilities themselves are never all in memory."""
    found = [
        most_probable(flat_probabilities(batch.column("probabilities"), count))
        for batch in job.batches(soft_labels, columns=["probabilities"], rows=_SENTENCES_AT_A_TIME)
    ]
    return np.concatenate([np.empty(0, dtype=np.int32), *found])
