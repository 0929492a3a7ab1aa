"""Label sentences with a tagger: one probability per label for every word."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from artifacts.catalog import SOFT_LABELS, AnySentences, Tagger
from artifacts.step import Job, step
from tasks.tagging.inference import (
    FLOAT32,
    SENTENCES_AT_A_TIME,
    Inference,
    open_tagger,
    word_outputs,
    word_probabilities,
)
from tasks.tagging.one_pass import open_pass, pass_key
from tasks.tagging.representations import check_layers, outputs_and_representations
from tasks.tagging.tagger import check_window_fits
from tasks.tagging.windows import WindowConfig, Windows, make_windows
from tasks.words.columns import list_lengths, probability_column


@step(SOFT_LABELS)
def label_words(
    job: Job, tagger: Tagger, sentences: AnySentences, windows: WindowConfig, inference: Inference = FLOAT32
) -> None:
    """Gives every word of some sentences a probability for each label; labels that may be there are not read."""
    head, model, tokenizer = open_tagger(job.folder(tagger))
    check_window_fits(model, windows.max_length_subwords)

    too = open_pass()
    if too is not None:
        check_layers(model, too.layers)
    read: list[list[str]] = []
    hidden: list[np.ndarray] = []

    def outputs_of(cut: Windows) -> torch.Tensor:
        device, budget = job.device, job.inference_subwords
        if too is None:
            return word_outputs(head, model, cut, inference, device=device, budget=budget)
        outputs, states = outputs_and_representations(
            head, model, cut, inference, layers=too.layers, pooling=too.pooling, device=device, budget=budget
        )
        hidden.append(states)
        return outputs

    with job.progress("labelling", job.rows(sentences), "sentences") as advance:

        def labelled() -> Iterator[pa.RecordBatch]:
            for batch in job.batches(sentences, columns=["sentence_id", "words"], rows=SENTENCES_AT_A_TIME):
                words = batch.column("words")
                texts = words.to_pylist()
                outputs = outputs_of(
                    make_windows(tokenizer, texts, windows.max_length_subwords, windows.overlap_subwords)
                )
                if too is not None:
                    read.extend(texts)
                probabilities = word_probabilities(head, model, outputs)
                columns = [batch.column("sentence_id"), words, probability_column(probabilities, list_lengths(words))]
                yield pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)
                advance(batch.num_rows)

        metadata = {"language": job.metadata(sentences)["language"], "labels": head.labels(model)}
        job.write(labelled(), metadata=metadata)
    if too is not None and hidden:
        key = pass_key(tagger.digest, read, windows, inference, too.layers, too.pooling)
        too.keep(key, _joined(hidden))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The rows of all parts, each of which is let go once it is copied: memory never holds all of them twice."""
    rows = np.empty((sum(map(len, parts)), parts[0].shape[1]), dtype=parts[0].dtype)
    done = 0
    while parts:
        part = parts.pop(0)
        rows[done : done + len(part)] = part
        done += len(part)
    return rows
