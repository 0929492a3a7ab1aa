"""Make the bank that reliability searched in again, part by part, and write it down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from tasks.denoising.neighbours.bank import BankPart, write_bank
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import represent
from tasks.tagging.decoding import Decoding, decode_words
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.words.columns import flat_probabilities, list_lengths
from tasks.words.unit_rows import unit_rows


def make_bank(
    folder: Path,
    soft_labels: Iterable[pa.RecordBatch],
    labels: Sequence[str],
    tagger: Path,
    config: Reliability,
    windows: WindowConfig,
    inference: Inference,
    device: str,
    budget: int,
    progress: Callable[[int], None],
) -> None:
    """Represents and labels every word as `score_reliability` does, of whose step these are the inputs.

    Args:
        folder: an empty one, for the files of the bank.
        soft_labels: the table, in batches of `SENTENCES_AT_A_TIME` sentences, so that the encoder is fed as then.
        labels: C names.
        tagger: folder of the tagger that represents words.
        config: layers, pooling, how labels are decoded, the product.
        windows: how long sentences are cut.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch that was represented.

    Raises:
        InputError: if the tagger does not fit the settings.
    """

    def parts() -> Iterator[BankPart]:
        for batch in soft_labels:
            words, lengths = batch.column("words").to_pylist(), list_lengths(batch.column("words"))
            hidden = represent(tagger, words, config, windows, inference, device, budget, progress)
            probabilities = flat_probabilities(batch.column("probabilities"), len(labels))
            label_ids = decode_words(probabilities, lengths, labels, Decoding(method=config.labels_from))
            yield BankPart(_in_product(unit_rows(hidden, in_place=True), config), label_ids, lengths)

    write_bank(folder, parts())


def _in_product(rows: np.ndarray, config: Reliability) -> np.ndarray:
    """Vectors as the product sees them; where a CPU without bf16 made the weights, it rounded nothing."""
    if config.product == "float32":
        return rows
    return torch.from_numpy(rows).bfloat16().float().numpy()
