"""Make a teacher as sure of its labels as it turned out to be right."""

from collections.abc import Iterator

import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, Calibration, SoftLabels
from artifacts.step import Job, step
from tasks.denoising.panel.temperature import tempered
from tasks.tagging.opinions import SENTENCES_AT_A_TIME
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_probabilities, list_lengths, probability_column


@step(SOFT_LABELS)
def temper_labels(job: Job, said: SoftLabels, calibration: Calibration) -> None:
    """Gives soft labels the temperature that was fitted for who said them."""
    about = job.metadata(said)
    check_same_labels(about["labels"], job.metadata(calibration)["labels"], "soft labels", "calibration")
    temperature = job.table(calibration)["temperature"][0].as_py()

    def read() -> Iterator[pa.RecordBatch]:
        for batch in job.batches(said, rows=SENTENCES_AT_A_TIME):
            given = flat_probabilities(batch.column("probabilities"), len(about["labels"]))
            column = probability_column(tempered(given, temperature), list_lengths(batch.column("words")))
            yield pa.RecordBatch.from_arrays([batch["sentence_id"], batch["words"], column], schema=SOFT_LABELS.schema)

    job.write(read(), metadata={"language": about["language"], "labels": about["labels"], "temperature": temperature})
