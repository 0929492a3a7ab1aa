"""Where a training computes, and in which number format."""

from contextlib import AbstractContextManager
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bf16"]


def resolve_precision(device: str, precision: Precision) -> Literal["float32", "bf16"]:
    """Which format `auto` means: bf16 on GPUs that compute in it, float32 elsewhere."""
    if precision != "auto":
        return precision
    # Older GPUs emulate bf16, slower than float32; torch counts that as support unless told not to.
    computes = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16" if computes else "float32"


def autocast_for(device: str, precision: Precision) -> AbstractContextManager[None]:
    """A context in which matrix products run in the asked format; weights and optimizer stay in float32."""
    enabled = resolve_precision(device, precision) == "bf16"
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=enabled)
