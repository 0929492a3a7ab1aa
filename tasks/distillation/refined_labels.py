"""The pseudo-labels of a target model's training after an epoch, as a table: how far each span's label has moved."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors.numpy import load_file

from artifacts.catalog import SPAN_LABELS, SpanLabels, Tagger
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.distillation.train_denoised_student import FOLDER, labels_file
from tasks.words.columns import list_column

_LEVELS = ("global", "local")
_ROWS_AT_A_TIME = 65_536


@step(SPAN_LABELS)
def refined_labels(job: Job, tagger: Tagger, initial: SpanLabels, epoch: int) -> None:
    """The rows of the initial labels with the probabilities that they had after an epoch, counted from 1.

    Raises:
        InputError: if the tagger's training kept no labels of that epoch, or labels of other spans.
    """
    file = job.folder(tagger) / FOLDER / labels_file(epoch)
    if not file.is_file():
        raise InputError(
            f"refined labels: tagger {tagger.key} keeps none of epoch {epoch}; give a target model of GLoDe that was "
            "trained with denoising, and one of its epochs"
        )
    kept = load_file(file)
    labels, decisions = kept["labels"], kept.get("decisions")
    about = job.metadata(initial)
    classes = pa.array(about["classes"], pa.string())
    if labels.shape != (job.rows(initial), len(classes)):
        raise InputError(
            f"refined labels: the tagger keeps those of {labels.shape[0]} spans and {labels.shape[1]} classes, the "
            f"initial ones are of {job.rows(initial)} and {len(classes)}; give those that it was trained on"
        )

    def rows() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in job.batches(initial, ["sentence_id", "start", "end", "text"], rows=_ROWS_AT_A_TIME):
            part = slice(start, start + batch.num_rows)
            start = part.stop
            best = labels[part].argmax(axis=1)
            columns = [
                *batch.columns,
                classes.take(pa.array(best)),
                pa.array(labels[part][np.arange(len(best)), best]),
                _lists(labels[part]),
                pa.nulls(len(best), SPAN_LABELS.schema.field("decision").type)
                if decisions is None
                else _lists(decisions[part]),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=SPAN_LABELS.schema)

    job.write(rows(), {**about, "epoch": epoch, "thresholds": _thresholds(kept, about["classes"])})


def _lists(values: np.ndarray) -> pa.Array:
    return list_column(np.full(len(values), values.shape[1]), pa.array(values.reshape(-1)))


def _thresholds(kept: dict[str, np.ndarray], classes: list[str]) -> dict[str, dict[str, Any]]:
    """By level and class; None where no span has the class."""
    found: dict[str, dict[str, Any]] = {}
    for level in _LEVELS:
        values = kept.get(f"thresholds.{level}")
        if values is not None:
            each = [float(value) if np.isfinite(value) else None for value in values]
            found[level] = dict(zip(classes, each, strict=True))
    return found
