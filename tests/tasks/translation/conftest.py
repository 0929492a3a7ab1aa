from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.vector_files import VectorFile, load_vectors


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[str, str], InputFile]:
    def write(name: str, content: str) -> InputFile:
        (tmp_path / name).write_text(content, encoding="utf-8")
        return InputFile(path=str(tmp_path / name))

    return write


@pytest.fixture
def vectors_of(store: Store, text_file: Callable[[str, str], InputFile]) -> Callable[..., Reference]:
    """A VECTORS artifact of given words."""

    def make(language: str, words: list[str], vectors: np.ndarray) -> Reference:
        lines = [f"{len(words)} {vectors.shape[1]}"]
        lines += [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors.tolist(), strict=True)]
        file = text_file(f"{language}.vec", "\n".join(lines) + "\n")
        return run_alone(store, load_vectors, file, language, VectorFile())

    return make
