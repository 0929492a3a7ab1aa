"""Score every pseudo-label by the labels of the words nearest to it (CoLaDa, 3.1)."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from artifacts.catalog import RELIABILITY, SoftLabels, Tagger
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.search import Search
from tasks.denoising.reliability import Reliability, class_means, label_agreement, match_groups, reliability_weights
from tasks.tagging.decoding import Decoding, decode_words
from tasks.tagging.inference import FLOAT32, SENTENCES_AT_A_TIME, Inference
from tasks.tagging.one_pass import open_pass, pass_key
from tasks.tagging.representations import check_layers, word_representations
from tasks.tagging.tagger import check_window_fits, load_encoder
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_probabilities, list_column, list_lengths
from tasks.words.unit_rows import unit_rows


@step(RELIABILITY)
def score_reliability(
    job: Job,
    tagger: Tagger,
    soft_labels: SoftLabels,
    config: Reliability,
    windows: WindowConfig,
    inference: Inference = FLOAT32,
) -> None:
    """Weighs every word's pseudo-label by how many of its nearest neighbours share it."""
    table = job.table(soft_labels)
    labels: list[str] = job.metadata(soft_labels)["labels"]
    lengths = list_lengths(table["words"])
    if not config.enabled:
        ones = np.ones(int(lengths.sum()))
        job.write(*_output(table, lengths, ones, ones, labels, np.full(len(labels), np.nan), 0))
        return
    if lengths.sum() < 2:
        raise InputError(
            f"unlabelled corpus: found {int(lengths.sum())} words; reliability compares words and needs at least 2; "
            "use a larger corpus or set reliability.enabled to false"
        )
    check_same_labels(job.metadata(tagger)["labels"], labels, "the tagger", "the soft labels")
    hidden = _representations(job, tagger, table["words"].to_pylist(), config, windows, inference)
    probabilities = flat_probabilities(table["probabilities"], len(labels))
    label_ids = decode_words(probabilities, lengths, labels, Decoding(method=config.labels_from))
    bank = unit_rows(hidden, in_place=True)
    with job.progress("neighbours", total=len(bank), unit="words") as advance:
        counts = matching_neighbours(
            bank,
            match_groups(labels, config.match)[label_ids],
            config.neighbours,
            Search(product=config.product, device=job.device, exclude_duplicates=config.exclude_duplicates),
            progress=advance,
        )
    agreement = label_agreement(counts.matching, counts.found, label_ids, config.normaliser)
    means = class_means(agreement, label_ids, len(labels))
    weights = reliability_weights(agreement, label_ids, means, config.sharpness, config.rescale)
    job.write(*_output(table, lengths, agreement, weights, labels, means, counts.neighbours))


def _representations(
    job: Job,
    tagger: Reference,
    words: list[list[str]],
    config: Reliability,
    windows: WindowConfig,
    inference: Inference,
) -> np.ndarray:
    """What stands for each word, as `represent` gives it; taken over from the step that labelled them just before."""
    made = open_pass()
    if made is not None:
        kept = made.take(pass_key(tagger.digest, words, windows, inference, config.layers, config.pooling))
        if kept is not None:
            return kept
    with job.progress("representations", total=sum(map(len, words)), unit="words") as advance:
        return represent(
            job.folder(tagger), words, config, windows, inference, job.device, job.inference_subwords, advance
        )


def represent(
    tagger: Path,
    words: list[list[str]],
    config: Reliability,
    windows: WindowConfig,
    inference: Inference,
    device: str,
    budget: int,
    progress: Callable[[int], None],
) -> np.ndarray:
    """What stands for each word in the search for its neighbours (CoLaDa, Eq. 1).

    Args:
        tagger: folder of the tagger whose encoder reads the sentences.
        words: of the sentences.
        config: says which layers, and how a word's sub-words become one.
        windows: how long sentences are cut.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch.

    Returns:
        [N, hidden] float32 of all words, not normalised.

    Raises:
        InputError: if the encoder has no such layer, or is too short for the windows.
    """
    encoder, tokenizer = load_encoder(tagger)
    check_window_fits(encoder, windows.max_length_subwords)
    check_layers(encoder, config.layers)
    total, done, hidden = sum(map(len, words)), 0, np.empty((0, 0))
    for first in range(0, len(words), SENTENCES_AT_A_TIME):
        part = words[first : first + SENTENCES_AT_A_TIME]
        cut = make_windows(tokenizer, part, windows.max_length_subwords, windows.overlap_subwords)
        found = word_representations(
            encoder,
            cut,
            inference,
            layers=config.layers,
            pooling=config.pooling,
            device=device,
            budget=budget,
            progress=progress,
        )
        if not done:
            hidden = np.empty((total, found.shape[1]), dtype=np.float32)
        hidden[done : done + len(found)] = found
        done += len(found)
    return hidden


def _output(
    table: pa.Table,
    lengths: np.ndarray,
    agreement: np.ndarray,
    weights: np.ndarray,
    labels: Sequence[str],
    means: np.ndarray,
    neighbours: int,
) -> tuple[pa.Table, dict[str, object]]:
    """The step's table and metadata."""
    columns = [
        table["sentence_id"].combine_chunks(),
        list_column(lengths, pa.array(agreement.astype(np.float32))),
        list_column(lengths, pa.array(weights.astype(np.float32))),
    ]
    class_mean = {name: None if np.isnan(mean) else float(mean) for name, mean in zip(labels, means, strict=True)}
    metadata = {"labels": list(labels), "class_mean": class_mean, "neighbours": neighbours}
    return pa.Table.from_arrays(columns, schema=RELIABILITY.schema), metadata
