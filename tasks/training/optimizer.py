"""AdamW over the parameters that train."""

import torch
from torch import nn

from tasks.training.config import TrainingConfig


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Parameters with a gradient, in two groups: matrices decay, biases and norms do not.

    Told apart by shape: biases, LayerNorm's scales and a CRF's start scores are the one-dimensional ones.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW in one fused kernel; the loop sets the rate before each update."""
    return torch.optim.AdamW(
        decay_groups(model, config.weight_decay),
        lr=config.learning_rate,
        betas=(config.adam_beta1, config.adam_beta2),
        fused=True,
    )


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
