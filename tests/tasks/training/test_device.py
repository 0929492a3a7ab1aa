"""What a training asks of a GPU, without one."""

from contextlib import nullcontext

import pytest
import torch

from tasks.training.precision import resolve_precision
from tasks.training.seeding import isolated_randomness


@pytest.mark.parametrize(("device", "kept"), [("cpu", []), ("cuda", [1]), ("cuda:0", [0]), ("cuda:2", [2])])
def test_the_generator_that_is_put_back_is_that_of_the_gpu_that_was_named(monkeypatch, device, kept):
    seen = []

    def forked(devices):
        seen.extend(devices)
        return nullcontext()

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.random, "fork_rng", forked)
    with isolated_randomness(device):
        pass
    assert seen == kept


@pytest.mark.parametrize(("emulated", "chosen"), [(True, "float32"), (False, "bf16")])
def test_a_gpu_that_emulates_bf16_trains_in_float32_unless_told(monkeypatch, emulated, chosen):
    def supported(including_emulation=True):
        return including_emulation or not emulated

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert resolve_precision("cuda", "auto") == chosen
    assert resolve_precision("cuda", "bf16") == "bf16"
    assert resolve_precision("cpu", "auto") == "float32"
