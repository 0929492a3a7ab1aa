"""The sentences that have a translation, to be aligned with it."""

import pyarrow.compute as pc

from artifacts.catalog import SENTENCES, Sentences
from artifacts.step import Job, step


@step(SENTENCES)
def keep_translated(job: Job, sentences: Sentences, translated: Sentences) -> None:
    """Leaves out sentences whose id is not among those of `translated`."""
    table, ids = job.table(sentences), job.table(translated, columns=["sentence_id"])["sentence_id"]
    kept = table.filter(pc.is_in(table["sentence_id"], value_set=ids.combine_chunks()))
    job.write(kept, metadata={"language": job.metadata(sentences)["language"]})
