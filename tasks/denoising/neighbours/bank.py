"""All words of a text as vectors in a file, in which one word's neighbours are found without ever holding them.

vectors.f32  [N, H] float32, rows of length 1 or 0, one after another
labels.i32   [N] int32, the label of each word
starts.i64   [S + 1] int64, the number of each sentence's first word; at the end N
about.json   words N, width H
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from artifacts.errors import StoreError
from tasks.denoising.neighbours.product import DUPLICATE_GAP

_VECTORS, _LABELS, _STARTS, _ABOUT = "vectors.f32", "labels.i32", "starts.i64", "about.json"
# Of a block that stays in a CPU's cache the products take hardly longer than the reading.
_BLOCK_BYTES = 4 << 20


class BankPart(NamedTuple):
    """Some sentences of a text, to be written into a bank.

    Attributes:
        vectors: [n, H] float32 of all their words, rows of length 1 or 0.
        label_ids: [n] int.
        lengths: words of each sentence; they sum to n.
    """

    vectors: np.ndarray
    label_ids: np.ndarray
    lengths: np.ndarray


def write_bank(folder: Path, parts: Iterable[BankPart]) -> None:
    """Writes a bank part by part; memory does not grow with the text.

    Args:
        folder: an empty one.
        parts: of the text, in its order.

    Raises:
        ValueError: if a part's numbers do not fit each other.
    """
    words, width = 0, 0
    with ExitStack() as files:
        vectors, labels, starts = (
            files.enter_context((folder / name).open("wb")) for name in (_VECTORS, _LABELS, _STARTS)
        )
        np.zeros(1, dtype=np.int64).tofile(starts)
        for part in parts:
            width = width or part.vectors.shape[1]
            rows = int(part.lengths.sum())
            if part.vectors.shape != (rows, width) or part.label_ids.shape != (rows,):
                found = f"vectors {part.vectors.shape}, label_ids {part.label_ids.shape}"
                raise ValueError(f"expected [{rows}, {width}] vectors and a label each, found {found}")
            np.ascontiguousarray(part.vectors, dtype=np.float32).tofile(vectors)
            part.label_ids.astype(np.int32).tofile(labels)
            (words + np.cumsum(part.lengths, dtype=np.int64)).tofile(starts)
            words += rows
    (folder / _ABOUT).write_text(json.dumps({"words": words, "width": width}), encoding="utf-8")


@dataclass(frozen=True)
class Bank:
    """A bank in a folder.

    Attributes:
        folder: of its files.
        words: N.
        width: H.
        label_ids: [N] int32, read from the disk where it is asked.
        starts: [S + 1] int64, likewise.
    """

    folder: Path
    words: int
    width: int
    label_ids: np.ndarray
    starts: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> "Bank":
        """The bank that `write_bank` wrote.

        Raises:
            StoreError: if its files are not whole.
        """
        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            words, width = int(about["words"]), int(about["width"])
            if (folder / _VECTORS).stat().st_size != words * width * 4:
                raise ValueError(f"{_VECTORS} has another size than {words} x {width} numbers")
            label_ids = np.memmap(folder / _LABELS, dtype=np.int32, mode="r", shape=(words,))
            starts = np.memmap(folder / _STARTS, dtype=np.int64, mode="r")
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"bank of words {folder}: it is not whole ({error}); delete this folder") from error
        return cls(folder, words, width, label_ids, starts)

    def places(self, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where words stand, by their numbers: [n] row of the sentence in its table, [n] place in it, from 0."""
        rows = np.searchsorted(self.starts, words, side="right") - 1
        return rows, words - self.starts[rows]

    def nearest(self, word: int, neighbours: int, exclude_duplicates: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """The words nearest to one by cosine, as `nearest_unordered` finds them in a bank that is held.

        Args:
            word: its number, from 0.
            neighbours: K; where there are fewer other words, all of them.
            exclude_duplicates: leave out words whose cosine is within 1e-6 of 1.

        Returns:
            [K] int64 numbers of the words, nearest first and equally near ones in the text's order, and [K] float32
            their cosines; fewer where duplicates were left out and no others remain.
        """
        ceiling = 1 - DUPLICATE_GAP if exclude_duplicates else np.inf
        query = np.fromfile(self.folder / _VECTORS, np.float32, self.width, offset=word * self.width * 4)
        words, cosines = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        for start, rows in self._blocks():
            # One row at a time, and not as BLAS would in groups of some: equal rows get equal cosines.
            here = np.einsum("nh,h->n", rows, query)
            if 0 <= word - start < len(here):
                here[word - start] = -np.inf
            least = cosines[-1] if len(cosines) == neighbours else -np.inf
            near = np.flatnonzero((here > least) & (here < ceiling))  # An equally near word stands behind those found.
            words, cosines = np.concatenate([words, near + start]), np.concatenate([cosines, here[near]])
            order = np.lexsort((words, -cosines))[:neighbours]
            words, cosines = words[order], cosines[order]
        return words, cosines

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """All vectors, some at a time and in the same memory: number of the first, and [n, H]."""
        most = max(1, _BLOCK_BYTES // (self.width * 4))
        held = np.empty((most, self.width), dtype=np.float32)
        with (self.folder / _VECTORS).open("rb", buffering=0) as file:
            for start in range(0, self.words, most):
                rows = held[: min(most, self.words - start)]
                if file.readinto(rows.data.cast("B")) != rows.nbytes:
                    raise StoreError(f"bank of words {self.folder}: it became shorter while it was read; ask again")
                yield start, rows
