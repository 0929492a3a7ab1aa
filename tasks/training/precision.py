"""In which number format models compute; the key of every step that runs one knows it."""

from contextlib import AbstractContextManager
from typing import Literal

import torch

from artifacts.errors import InputError

Precision = Literal["float32", "bf16", "bf16_or_float32"]
"""What settings may say; steps are given float32 or bf16."""


def computes_bf16(device: str) -> bool:
    """Whether a device computes in bf16, and does not emulate it, which takes longer than float32.

    Args:
        device: "cpu", "cuda" or "cuda:N".
    """
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)  # Torch counts it unless told not to.
    return cpu_has_bf16()


def cpu_has_bf16() -> bool:
    """Whether oneDNN multiplies matrices of bf16 on this CPU: with AVX-512 or AMX, or ARM's like."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return supported is not None and bool(supported())


def in_place_of(precision: Precision, device: str) -> Precision:
    """The format that a device computes in where settings leave the choice: bf16 if it has it, float32 otherwise."""
    if precision != "bf16_or_float32":
        return precision
    return "bf16" if computes_bf16(device) else "float32"


def check_precision(device: str, precision: Precision) -> None:
    """Checks that a device computes in a format: one that emulates bf16 is slower with it than without.

    Args:
        device: "cpu", "cuda" or "cuda:N".
        precision: the format.

    Raises:
        InputError: if it does not.
    """
    if precision != "bf16" or computes_bf16(device):
        return
    which, those = "this CPU", "those with AVX-512 or AMX"
    if device.startswith("cuda"):
        which, those = f"the GPU {torch.cuda.get_device_name(device)}", "Ampere and newer ones"
    raise InputError(
        f"precision bf16: {which} does not compute in it, as {those} do, and to emulate it takes many times as long; "
        "set precision to float32, or of trainings and inference to bf16_or_float32, or choose another device"
    )


def autocast_for(device: str, precision: Precision) -> AbstractContextManager[None]:
    """A context in which matrix products run in the asked format; weights and optimizer stay in float32.

    Raises:
        InputError: if the device does not compute in it.
    """
    assert precision != "bf16_or_float32", "a step is given the format that the choice fell on"
    check_precision(device, precision)
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bf16")
