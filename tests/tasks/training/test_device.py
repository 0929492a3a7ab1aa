"""What a training asks of a GPU, without one."""

from contextlib import nullcontext

import pytest
import torch

from artifacts.errors import InputError
from tasks.tagging.inference import Inference
from tasks.training.config import TrainingConfig
from tasks.training.precision import autocast_for, check_precision, in_place_of
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


@pytest.mark.parametrize("emulated", [True, False])
def test_bf16_needs_a_gpu_that_has_it(monkeypatch, emulated):
    def supported(including_emulation=True):
        return including_emulation or not emulated

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Old GPU")
    for device, precision in (("cuda", "float32"), ("cpu", "float32"), ("cpu", "bf16")):
        check_precision(device, precision)
    assert in_place_of("bf16_or_float32", "cuda") == ("float32" if emulated else "bf16")
    if not emulated:
        check_precision("cuda", "bf16")
        return
    with pytest.raises(InputError, match=r"bf16: the GPU Old GPU does not compute in it, .* set precision to float32"):
        check_precision("cuda:1", "bf16")
    with pytest.raises(InputError):
        autocast_for("cuda", "bf16")


def test_bf16_needs_a_cpu_that_has_it(monkeypatch):
    monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda: False)
    told = r"bf16: this CPU does not compute in it, .* float32, or of trainings and inference to bf16_or_float32"
    with pytest.raises(InputError, match=told):
        autocast_for("cpu", "bf16")
    check_precision("cpu", "float32")


def test_the_choice_of_a_format_falls_on_what_the_device_has(monkeypatch):
    for has, expected in ((True, "bf16"), (False, "float32")):
        monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda has=has: has)
        assert in_place_of("bf16_or_float32", "cpu") == expected
        assert in_place_of("float32", "cpu") == "float32" and in_place_of("bf16", "cpu") == "bf16"


def test_matrix_products_run_in_the_asked_format_and_no_other():
    x = torch.ones(2, 2)
    with autocast_for("cpu", "bf16"):
        assert (x @ x).dtype == torch.bfloat16
        with autocast_for("cpu", "float32"):
            assert (x @ x).dtype == torch.float32
    assert TrainingConfig().precision == Inference().precision == "float32"
