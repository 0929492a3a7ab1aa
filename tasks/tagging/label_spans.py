"""Label the spans of sentences with a tagger of spans: GLoDe's initial pseudo-labels."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import SPAN_LABELS, AnySentences, Tagger
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.tagging.inference import FLOAT32, SENTENCES_AT_A_TIME, Inference, open_tagger, word_outputs
from tasks.tagging.span_decoding import decoded_spans
from tasks.tagging.span_grid import OUTSIDE, window_cells
from tasks.tagging.span_head import SpanHead
from tasks.tagging.span_labels import span_rows
from tasks.tagging.tagger import check_window_fits
from tasks.tagging.windows import WindowConfig, make_windows


class SpanLabelling(Settings):
    """How a tagger's probabilities become pseudo-labels."""

    overlapping: Literal["soft", "outside"] = Field(
        "soft",
        title="Overlapping spans",
        description="What becomes of a span that the tagger takes for an entity, beside a surer one that shares a word "
        "with it: soft leaves its probabilities; outside makes it O for sure (as the published code does in every "
        "loss, by the labels as they then are).",
    )


def without_overlaps(probabilities: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Makes spans O that are most probably entities, but overlap a surer one.

    Args:
        probabilities: [N, L, K].
        cells: [N, L] bool.

    Returns:
        [N, L, K], a copy.
    """
    starts, lengths, _ = decoded_spans(probabilities, cells)
    beaten = (probabilities.argmax(axis=2) != OUTSIDE) & cells
    beaten[starts, lengths - 1] = False
    cleaned = probabilities.copy()
    cleaned[beaten] = np.eye(probabilities.shape[2], dtype=probabilities.dtype)[OUTSIDE]
    return cleaned


@step(SPAN_LABELS)
def label_spans(
    job: Job,
    tagger: Tagger,
    sentences: AnySentences,
    config: SpanLabelling,
    windows: WindowConfig,
    inference: Inference = FLOAT32,
) -> None:
    """Gives every span of some sentences a probability for each class; labels that may be there are not read."""
    head, model, tokenizer = open_tagger(job.folder(tagger))
    if not isinstance(head, SpanHead):
        raise InputError(f"label spans: the tagger's head is {head.name!r}, expected 'spans'; give a tagger of spans")
    check_window_fits(model, windows.max_length_subwords)
    classes, most_words = head.classes(model), head.lengths(model)

    with job.progress("labelling", job.rows(sentences), "sentences") as advance:

        def labelled() -> Iterator[pa.RecordBatch]:
            for batch in job.batches(sentences, columns=["sentence_id", "words"], rows=SENTENCES_AT_A_TIME):
                words = batch.column("words")
                cut = make_windows(tokenizer, words.to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
                outputs = word_outputs(head, model, cut, inference, device=job.device, budget=job.inference_subwords)
                said = outputs.unflatten(1, (most_words, -1)).softmax(dim=-1).numpy()
                cells = window_cells(cut, most_words)
                if config.overlapping == "outside":
                    said = without_overlaps(said, cells)
                yield span_rows(batch.column("sentence_id").to_numpy(), words, cells, said[cells], classes)
                advance(batch.num_rows)

        language = job.metadata(sentences)["language"]
        about = {"language": language, "classes": classes, "most_words": most_words, "epoch": 0, "thresholds": {}}
        job.write(labelled(), about)
