"""Put what people say of sentences in the place of what three taggers agree on."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import VOTES, Corrections, Votes
from artifacts.step import Job, step
from tasks.denoising.corrected import check_all_there, corrected_places, read_corrected
from tasks.denoising.voting import voted_ids
from tasks.words.agreement import which_sentences
from tasks.words.columns import list_column
from tasks.words.hard_labels import NO_LABEL


@step(VOTES)
def correct_votes(job: Job, votes: Votes, corrections: Corrections) -> None:
    """Gives each word of a corrected sentence its label, also where the taggers differ; all others keep their votes."""
    about = job.metadata(votes)
    labels: list[str] = about["labels"]
    table = job.table(votes)
    sentences = which_sentences(table, "words")
    corrected = read_corrected(job, corrections, labels)
    check_all_there(sentences.ids, corrected.sentences.ids)
    voted = voted_ids(table, labels)
    places, label_ids = corrected_places(sentences, corrected)
    voted[places] = label_ids
    has = voted != NO_LABEL
    chosen = pa.array(labels, pa.string()).take(pa.array(voted, mask=~has))
    columns = [table["sentence_id"], table["words"], list_column(sentences.word_counts, chosen)]
    counts = np.bincount(voted[has], minlength=len(labels)).tolist()
    agreed = dict(zip(labels, counts, strict=True))
    job.write(
        pa.Table.from_arrays(columns, schema=VOTES.schema),
        {**about, "agreed": agreed, "corrected": len(corrected.sentences.ids)},
    )
