"""Random numbers that depend on the position in a training only, and never leak out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.utils.deterministic

_DROPOUT, _COLLATION = 0, 1


def seed_dropout(seed: int, epoch: int, batch: int) -> None:
    """Puts torch's own generators where this update expects them.

    Seeding each update by its position, instead of once, is what lets a resumed training draw the same
    numbers: there is no generator state to keep.
    """
    torch.manual_seed(_position_seed(seed, epoch, batch, _DROPOUT))


def collation_generator(seed: int, epoch: int, batch: int) -> torch.Generator:
    """A CPU generator for the noise that a batch is made with, such as masks."""
    return torch.Generator().manual_seed(_position_seed(seed, epoch, batch, _COLLATION))


@contextmanager
def isolated_randomness(device: str) -> Iterator[None]:
    """Inside, torch may be seeded freely; afterwards its generators and settings are as before.

    On a CPU torch's deterministic algorithms are chosen. On CUDA they are not: some have no such kernel, and
    others need an environment variable before the process starts.
    """
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    was_warning = torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    was_filling = memory.fill_uninitialized_memory
    on_cuda = device.startswith("cuda")
    with torch.random.fork_rng(devices=[_gpu_of(device)] if on_cuda else []):
        try:
            if not on_cuda:
                torch.use_deterministic_algorithms(True)
                # Filling fresh memory only serves to find reads of it; every update would pay for it.
                memory.fill_uninitialized_memory = False
            yield
        finally:
            memory.fill_uninitialized_memory = was_filling
            torch.use_deterministic_algorithms(was_deterministic, warn_only=was_warning)


def _gpu_of(device: str) -> int:
    """The number of the GPU that "cuda:N" names; "cuda" alone is the current one."""
    index = torch.device(device).index
    return torch.cuda.current_device() if index is None else index


def _position_seed(*position: int) -> int:
    return int(np.random.SeedSequence(position).generate_state(1, np.uint32)[0])
