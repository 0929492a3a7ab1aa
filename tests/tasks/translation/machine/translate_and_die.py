"""Translates by a stand-in for an engine, and is killed in the middle: `translate_and_die.py STORE SENTENCES ...`."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine import translating
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_text import translate_text

BATCH = 3


class Reversing:
    """Says words backwards, three texts at a time, and dies after so many batches."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        for first in range(0, len(texts), BATCH):
            if first // BATCH == self.batches:
                os.kill(os.getpid(), signal.SIGKILL)
            rows = np.arange(first, min(first + BATCH, len(texts)))
            yield rows, [texts[row][::-1] for row in rows]


if __name__ == "__main__":
    store, sentences, translator = sys.argv[1:]
    translating.make_engine = lambda *args, **kwargs: Reversing(2)  # type: ignore[assignment]
    references = (Reference.model_validate_json(each) for each in (sentences, translator))
    run_alone(Store(store), translate_text, *references, "en", "de", None, Generation())
