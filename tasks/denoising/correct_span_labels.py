"""Put what people say of sentences in the place of a tagger's opinion on their spans."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artifacts.catalog import SPAN_LABELS, Corrections, SpanLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.corrected import check_all_there, one_hot
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_numbers, list_column
from tasks.words.labels import entity_types
from tasks.words.spans import spans_of

_ROWS_AT_A_TIME = 65_536


@step(SPAN_LABELS)
def correct_span_labels(job: Job, span_labels: SpanLabels, corrections: Corrections) -> None:
    """Gives each span of a corrected sentence its class with probability 1; metadata `corrected` has their ids.

    Raises:
        InputError: if an entity of a correction has more words than a span may have, or stands in no window whole.
    """
    about = job.metadata(span_labels)
    classes: list[str] = about["classes"]
    check_same_labels(classes[1:], entity_types(job.metadata(corrections)["labels"]), "span labels", "corrections")
    said = job.table(corrections, columns=["sentence_id", "tags"])
    entities: dict[tuple[int, int, int], int] = {}
    for row in said.to_pylist():
        for start, end, kind in spans_of(row["tags"]):
            if end - start > about["most_words"]:
                raise InputError(
                    f"corrections: sentence {row['sentence_id']} has an entity of {end - start} words, and spans have "
                    f"at most {about['most_words']}; raise spans.most_words"
                )
            entities[row["sentence_id"], start, end] = classes.index(kind)
    ids = np.unique(said["sentence_id"].to_numpy())
    spans = job.table(span_labels, columns=["sentence_id", "start", "end"])
    labelled = spans["sentence_id"].to_numpy()
    check_all_there(labelled, ids)
    here = spans.filter(pa.array(np.isin(labelled, ids)))
    lost = sorted(entities.keys() - set(zip(*(column.to_pylist() for column in here.columns), strict=True)))
    if lost:
        sentence, start, end = lost[0]
        raise InputError(
            f"corrections: sentence {sentence} is cut into windows inside its entity of words {start + 1} to {end}, so "
            "that no span is there to have its label; raise windows.max_length_subwords, or withdraw the correction"
        )

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in job.batches(span_labels, rows=_ROWS_AT_A_TIME):
            here = np.flatnonzero(np.isin(batch["sentence_id"].to_numpy(), ids))
            yield _corrected(batch, here, entities, classes) if len(here) else batch

    job.write(rows(), {**about, "corrected": ids.tolist()})


def _corrected(
    batch: pa.RecordBatch, rows: np.ndarray, entities: dict[tuple[int, int, int], int], classes: list[str]
) -> pa.RecordBatch:
    """The batch with spans of corrected sentences, at `rows`, one-hot; what is no entity is O."""
    names = ("sentence_id", "start", "end")
    spans = zip(*(batch[name].to_numpy()[rows].tolist() for name in names), strict=True)
    chosen = np.array([entities.get(span, 0) for span in spans])
    probabilities = flat_numbers(batch["probabilities"]).reshape(len(batch), len(classes)).copy()
    probabilities[rows] = one_hot(chosen, len(classes))
    best = probabilities.argmax(axis=1)
    width = np.full(len(batch), len(classes))
    columns = {
        "label": pa.array(classes, pa.string()).take(pa.array(best)),
        "probability": pa.array(probabilities[np.arange(len(best)), best]),
        "probabilities": list_column(width, pa.array(probabilities.reshape(-1))),
    }
    arrays = [columns.get(name, batch[name]) for name in SPAN_LABELS.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=SPAN_LABELS.schema)
