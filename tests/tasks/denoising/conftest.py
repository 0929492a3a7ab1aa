"""What tests of denoising share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.catalog import TAGGER
from artifacts.reference import Reference
from tasks.tagging.tagger import new_tagger, save_tagger

LABELS = ["O", "B-LOC", "I-LOC"]


@pytest.fixture
def tagger(tiny_encoder: Path, put_model: Callable[..., Reference], tmp_path: Path) -> Reference:
    """A tagger of locations that has learnt nothing."""
    folder = tmp_path / "tagger"
    save_tagger(*new_tagger(tiny_encoder, LABELS, dropout=0.0, seed=0), folder)
    return put_model(TAGGER, folder, {"labels": LABELS})
