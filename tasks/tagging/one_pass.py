"""Label and represent a text in one pass of the encoder, where two steps after each other do both by one tagger."""

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
import torch

from tasks.tagging.inference import Inference
from tasks.tagging.representations import Layers, Pooling
from tasks.tagging.windows import WindowConfig


@dataclass
class OnePass:
    """Representations that a step which labels has made for one that follows it.

    layers   of the representations that the next step will ask for
    pooling  of them
    """

    layers: Layers
    pooling: Pooling
    _made: dict[Hashable, np.ndarray] = field(default_factory=dict)

    def keep(self, key: Hashable, hidden: np.ndarray) -> None:
        """Keeps [N, hidden] float32; `key` is all that it depends on, see `pass_key`."""
        self._made[key] = hidden

    def take(self, key: Hashable) -> np.ndarray | None:
        """Gives away what was kept for a key; None if there is nothing."""
        return self._made.pop(key, None)


_OPEN: ContextVar[OnePass | None] = ContextVar("one_pass", default=None)


@contextmanager
def one_pass(layers: Layers, pooling: Pooling) -> Iterator[None]:
    """Inside, `label_words` makes representations as well, and keeps them for `score_reliability`.

    It saves time alone: both steps run the encoder over the same batches, so that a step which finds nothing kept,
    because the other was cached for example, makes the same to the last bit.
    """
    token = _OPEN.set(OnePass(layers, pooling))
    try:
        yield
    finally:
        _OPEN.reset(token)


def open_pass() -> OnePass | None:
    """What encloses the caller."""
    return _OPEN.get()


def pass_key(
    tagger: str,
    words: Sequence[Sequence[str]],
    windows: WindowConfig,
    inference: Inference,
    layers: Layers,
    pooling: Pooling,
) -> Hashable:
    """All that representations depend on.

    Args:
        tagger: its digest.
        words: of each sentence.
        windows: in which it sees them.
        inference: how it is run.
        layers: of the representation.
        pooling: of the representation.
    """
    text = hashlib.sha256()
    for sentence in words:
        text.update("".join(f"{len(word)} {word}" for word in sentence).encode() + b"\n")
    settings = (windows.model_dump_json(), inference.model_dump_json())
    return tagger, text.hexdigest(), settings, layers, pooling, torch.get_num_threads()
