"""Turn soft labels into one tag per word."""

from collections.abc import Iterator

import pyarrow as pa

from artifacts.catalog import PREDICTIONS, SoftLabels
from artifacts.step import Job, step
from tasks.tagging.decoding import Decoding, decode_words
from tasks.words.columns import flat_probabilities, list_lengths, tag_column


@step(PREDICTIONS)
def decode(job: Job, soft_labels: SoftLabels, config: Decoding) -> None:
    """Decodes a tagger's probabilities into IOB2 tags."""
    metadata = job.metadata(soft_labels)
    labels = metadata["labels"]

    def decoded() -> Iterator[pa.RecordBatch]:
        for batch in job.batches(soft_labels, rows=8192):
            lengths = list_lengths(batch.column("words"))
            probabilities = flat_probabilities(batch.column("probabilities"), len(labels))
            ids = decode_words(probabilities, lengths, labels, config)
            columns = [batch.column("sentence_id"), batch.column("words"), tag_column(ids, lengths, labels)]
            yield pa.RecordBatch.from_arrays(columns, schema=PREDICTIONS.schema)

    job.write(decoded(), metadata={"language": metadata["language"], "labels": labels})
