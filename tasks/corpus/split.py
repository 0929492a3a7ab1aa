"""Split labelled sentences into a training and a development part."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from artifacts.catalog import LABELLED, Labelled
from artifacts.errors import InputError
from artifacts.step import Job, step


def development_rows(sentences: Sequence[Sequence[str]], dev_fraction: float, seed: int) -> np.ndarray:
    """Which sentences go to the development part.

    Sentences with the same words stay together, so that nothing of the development part is seen in training.

    Args:
        sentences: the words of each sentence.
        dev_fraction: share of sentences for the development part, in (0, 1); met but for one group of equal sentences.
        seed: decides which ones.

    Returns:
        [N] bool, neither all true nor all false.

    Raises:
        InputError: if the share is out of range, or fewer than two different sentences are given.
    """
    if not 0 < dev_fraction < 1:
        raise InputError(f"dev_fraction is {dev_fraction}; expected a share above 0 and below 1, such as 0.1")
    number: dict[tuple[str, ...], int] = {}
    groups = np.array([number.setdefault(tuple(sentence), len(number)) for sentence in sentences], dtype=np.int64)
    if len(number) < 2:
        raise InputError(
            f"{len(number)} different sentences cannot be split into train and dev; expected two or more; "
            "give a longer corpus, or a dev file"
        )
    # RandomState's stream is frozen for good, unlike that of numpy's newer generators.
    order = np.random.RandomState(seed).permutation(len(number))
    sizes = np.bincount(groups)[order]
    chosen = int(np.searchsorted(np.cumsum(sizes), dev_fraction * len(sentences), side="right"))
    chosen = min(max(chosen, 1), len(number) - 1)
    return np.isin(groups, order[:chosen])


@step(LABELLED)
def split_source(job: Job, data: Labelled, part: Literal["train", "dev"], dev_fraction: float, seed: int) -> None:
    """Take the training or the development part of a labelled corpus; sentences keep their ids."""
    table = job.table(data)
    in_dev = development_rows(table["words"].to_pylist(), dev_fraction, seed)
    job.write(table.filter(pa.array(in_dev if part == "dev" else ~in_dev)), metadata=job.metadata(data))
