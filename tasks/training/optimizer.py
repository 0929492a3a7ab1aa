"""AdamW over the parameters that train."""

import torch
from torch import nn

from tasks.training.config import TrainingConfig

NEW_PARAMETERS = "new_parameters"
"""Attribute of a model: the names of its head's parameters, if that is a new one."""


def parameter_groups(model: nn.Module, weight_decay: float, head_rate: float) -> list[dict[str, object]]:
    """Parameters with a gradient, by two questions: matrices decay, biases and norms do not; a new head has its rate.

    Told apart by shape: biases, LayerNorm's scales and a CRF's start scores are the one-dimensional ones.

    Args:
        model: if it names `NEW_PARAMETERS`, these are the new head.
        weight_decay: of matrices.
        head_rate: a new head's rate of learning over that of all else; groups have it as `relative_rate`.
    """
    new: frozenset[str] = getattr(model, NEW_PARAMETERS, frozenset()) if head_rate != 1 else frozenset()
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    parts = [([p for name, p in named if name not in new], 1.0)]
    if new:
        parts.append(([p for name, p in named if name in new], head_rate))
    return [
        {"params": some, "weight_decay": decay, "relative_rate": rate}
        for part, rate in parts
        for some, decay in (
            ([p for p in part if p.ndim >= 2], weight_decay),
            ([p for p in part if p.ndim < 2], 0.0),
        )
    ]


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW in one fused kernel; before each update, `set_rate` gives its groups their rates."""
    return torch.optim.AdamW(
        parameter_groups(model, config.weight_decay, config.head_rate),
        lr=config.learning_rate,
        betas=(config.adam_beta1, config.adam_beta2),
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Gives every group the rate of the next update, times its own relative one."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["relative_rate"]


def clipped_groups(model: nn.Module, separately: bool) -> list[list[nn.Parameter]]:
    """Parameters with a gradient, by whose norm they are clipped: all together, or the encoder's and the head's.

    Args:
        model: a model of transformers with a head, if `separately`.
        separately: encoder and head have a group each.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not separately:
        return [trained]
    base = model.get_submodule(str(model.base_model_prefix))
    encoder = {id(parameter) for parameter in base.parameters()}
    parts = [[p for p in trained if id(p) in encoder], [p for p in trained if id(p) not in encoder]]
    return [part for part in parts if part]
