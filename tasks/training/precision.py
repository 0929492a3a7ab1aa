"""In which number format models compute; the key of every step that runs one knows it."""

from contextlib import AbstractContextManager
from typing import Literal

import torch

from artifacts.errors import InputError

Precision = Literal["float32", "bf16"]


def check_precision(device: str, precision: Precision) -> None:
    """Checks that a device computes in a format: a GPU that emulates bf16 is slower with it than without.

    Args:
        device: "cpu", "cuda" or "cuda:N".
        precision: the format.

    Raises:
        InputError: if it does not.
    """
    if precision != "bf16" or not device.startswith("cuda"):
        return
    # Torch counts emulation as support unless told not to.
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        raise InputError(
            f"precision bf16: the GPU {torch.cuda.get_device_name(device)} does not compute in it, as Ampere and newer "
            "ones do; set precision to float32, or choose another device"
        )


def autocast_for(device: str, precision: Precision) -> AbstractContextManager[None]:
    """A context in which matrix products run in the asked format; weights and optimizer stay in float32.

    Raises:
        InputError: if the device does not compute in it.
    """
    check_precision(device, precision)
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bf16")
