"""Batches of a second corpus beside the labelled one: pass after pass over all its sentences, without end."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.training.batching import sentence_count, sentence_updates

_NO_LIMIT = 2**40
_APART = 7919  # The streams of one training do not shuffle alike, whatever its seed.


class SentenceStream:
    """The n-th batch of a corpus, sentences of similar length together; every pass is shuffled anew."""

    def __init__(self, lengths: np.ndarray, sentences: np.ndarray, per_batch: int, seed: int) -> None:
        """Counts the batches of a pass.

        Args:
            lengths: [R] int, sub-words of each window.
            sentences: [R] int, the sentence of each, rising.
            per_batch: sentences of a batch; fewer if there are not as many.
            seed: of the training.
        """
        self.lengths, self.sentences, self.per_batch, self.seed = lengths, sentences, per_batch, seed + _APART
        self.per_pass = -(-sentence_count(lengths, sentences) // per_batch)
        self._pass: tuple[int, list[list[np.ndarray]]] = (-1, [])

    def batch(self, number: int) -> np.ndarray:
        """[B] the windows of a batch, counted from 0; ascending, so that a sentence's windows follow each other."""
        passed, place = divmod(number, self.per_pass)
        if self._pass[0] != passed:
            batches = sentence_updates(self.lengths, self.sentences, self.per_batch, _NO_LIMIT, self.seed, passed)
            self._pass = (passed, batches)
        return np.sort(np.concatenate(self._pass[1][place]))


class Drawn:
    """How many batches a training has drawn; kept in its checkpoints."""

    def __init__(self) -> None:
        self.batches = 0

    def state_dict(self) -> Mapping[str, Any]:
        """The number."""
        return {"batches": self.batches}

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> None:
        """Goes on from a number."""
        self.batches = int(state_dict["batches"])
