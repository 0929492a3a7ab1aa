"""What only a GPU runs, beside the CPU: trainings, labels, neighbours. Skipped, and counted so, where there is none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.denoising.neighbours.by_faiss import has_faiss
from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.search import Search
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch
from tasks.tagging.inference import Inference, word_outputs
from tasks.tagging.tagger import new_tagger
from tasks.tagging.windows import make_windows
from tasks.training.loop import Checkpoints, TrainingHistory, train
from tasks.words.unit_rows import unit_rows

GPU = "cuda"
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]

LABELS = ["O", "B-LOC", "B-PER"]
NOISE = np.random.default_rng(0)
WORDS = [NOISE.choice(["Anna", "lives", "in", "Paris", "abc", "."], NOISE.integers(1, 12)).tolist() for _ in range(90)]
HARD = np.array([{"Paris": 1, "Anna": 2}.get(word, 0) for words in WORDS for word in words])


class Stopped(Exception):
    pass


def trained(
    encoder: Path, device: str, folder: Path | None = None, stop_after: int | None = None, **settings: Any
) -> tuple[Any, Any, TrainingHistory]:
    """A tagger after two epochs of updates on 32 sentences, in several passes."""
    model, tokenizer = new_tagger(encoder, LABELS, 0.0, seed=1)
    windows = make_windows(tokenizer, WORDS, 32, 8)
    options = {"epochs": 2, "learning_rate": 0.01, "frozen_layers": 1, "dropout": 0.0, "subwords_per_batch": 64}
    config = TaggerTrainingConfig(**{**options, **settings})

    def losses(trained: Any, batch: Batch) -> torch.Tensor:
        return LINEAR.losses(trained, LINEAR.outputs(trained, batch), batch)

    objective = word_objective(windows, {"hard": HARD}, losses, config)
    made = 0

    def progress(updates: int, standing: Any) -> None:
        nonlocal made
        made += updates
        if made == stop_after:
            raise Stopped

    history = train(
        model, objective.lengths, objective.collate, objective.loss, config, device=device, progress=progress,
        sentences=objective.sentences, of_update=objective.of_update,
        checkpoints=Checkpoints(folder, updates=1) if folder else None,
    )  # fmt: skip
    return model, windows, history


@pytest.mark.parametrize(("precision", "close"), [("float32", 1e-3), ("bf16", 0.05)])
def test_a_training_learns_what_it_learns_on_the_cpu(tiny_encoder: Path, precision: str, close: float) -> None:
    _, _, here = trained(tiny_encoder, GPU, precision=precision)
    _, _, there = trained(tiny_encoder, "cpu")
    assert here.losses == pytest.approx(there.losses, rel=close)
    assert here.updates == there.updates and there.losses[1] < there.losses[0]


def test_a_training_goes_on_from_its_checkpoint(tiny_encoder: Path, tmp_path: Path) -> None:
    whole = trained(tiny_encoder, GPU)[2]
    with pytest.raises(Stopped):
        trained(tiny_encoder, GPU, tmp_path, stop_after=4)
    _, _, resumed = trained(tiny_encoder, GPU, tmp_path)
    assert resumed.resumed_at > 0 and resumed.ignored_checkpoint is None
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-4)


def test_a_training_leaves_the_generator_as_it_was(tiny_encoder: Path) -> None:
    before = torch.cuda.get_rng_state()
    trained(tiny_encoder, GPU, dropout=0.3)
    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.parametrize(("precision", "close"), [("float32", 1e-4), ("bf16", 0.1)])
def test_a_tagger_says_of_words_what_it_says_on_the_cpu(tiny_encoder: Path, precision: str, close: float) -> None:
    model, windows, _ = trained(tiny_encoder, "cpu")
    how = Inference(precision=precision)
    there = word_outputs(LINEAR, model, windows, Inference(), device="cpu", budget=256)
    here = word_outputs(LINEAR, model.to(GPU), windows, how, device=GPU, budget=256)
    torch.testing.assert_close(here.float().cpu(), there, rtol=close, atol=close)


@pytest.mark.parametrize("duplicates", [False, True])
@pytest.mark.parametrize("engine", ["torch", "faiss-gpu"])
def test_neighbours_are_those_of_the_cpu(engine: Any, duplicates: bool) -> None:
    if engine == "faiss-gpu" and (duplicates or not has_faiss(gpu=True)):
        pytest.skip("faiss-gpu is not installed, or does not leave out duplicates")
    noise = np.random.default_rng(3)
    bank = unit_rows(noise.standard_normal((3000, 64)).astype(np.float32), in_place=True)
    labels = noise.integers(0, 5, len(bank))
    there = matching_neighbours(bank, labels, 50, Search(engine="torch", exclude_duplicates=duplicates))
    here = matching_neighbours(bank, labels, 50, Search(engine=engine, device=GPU, exclude_duplicates=duplicates))
    assert np.abs(here.matching - there.matching).max() <= 1  # of equally near words either may be the fiftieth
    assert (here.matching == there.matching).mean() > 0.99
