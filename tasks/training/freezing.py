"""Keep the bottom of an encoder as it was pretrained, or keep it alone."""

from typing import Any

from torch import nn

from artifacts.errors import InputError

_LAYER_PATHS = (
    "encoder.layer",
    "transformer.layer",
    "encoder.layers",
    "layers",
)  # BERT, DistilBERT, ..., ModernBERT


def freeze_bottom(model: nn.Module, layers: int) -> None:
    """Takes the gradient from the embeddings and the `layers` bottom layers.

    Since nothing below the first trained layer needs a gradient, autograd builds no graph there: neither
    memory nor time is spent on it.

    Args:
        model: an encoder, or anything that holds one.
        layers: 0 freezes nothing; n > 0 freezes the embeddings and n layers.

    Raises:
        InputError: if the model has fewer layers, or none that we know how to find.
    """
    if layers == 0:
        return
    embeddings, stack = _encoder_parts(model)
    if layers > len(stack):
        raise InputError(f"frozen_layers is {layers}, but the encoder has {len(stack)} layers; choose at most that")
    for module in (embeddings, *list(stack)[:layers]):
        module.requires_grad_(False)


def layer_stack(model: nn.Module) -> nn.ModuleList:
    """The layers of the first encoder inside a model, from the bottom.

    Raises:
        InputError: if it has none that we know how to find.
    """
    try:
        return _encoder_parts(model)[1]
    except InputError:
        raise InputError(
            f"encoder: {type(model).__name__} has no embeddings beside a list of layers under one of "
            f"{', '.join(_LAYER_PATHS)}, so a layer of it cannot be chosen; name another encoder"
        ) from None


def cut_to_bottom(model: Any, layers: int) -> None:
    """Takes all but the bottom layers out of a model of transformers.

    Raises:
        InputError: if it has fewer, or its type has none that we know how to find or to cut.
    """
    stack, config = layer_stack(model), model.config
    if layers > len(stack):
        raise InputError(f"student_layers is {layers}, but the encoder has {len(stack)} layers; choose at most that")
    if getattr(config, "num_hidden_layers", None) != len(stack) or hasattr(config, "layer_types"):
        raise InputError(f"student_layers: {type(model).__name__} cannot be cut to its bottom layers; set it to 0")
    del stack[layers:]
    config.num_hidden_layers = layers


def _encoder_parts(model: nn.Module) -> tuple[nn.Module, nn.ModuleList]:
    """The embeddings and the list of layers of the first encoder inside a model."""
    for module in model.modules():
        children = dict(module.named_modules())
        embeddings = children.get("embeddings")
        for path in _LAYER_PATHS:
            stack = children.get(path)
            if embeddings is not None and isinstance(stack, nn.ModuleList):
                return embeddings, stack
    raise InputError(
        f"frozen_layers: {type(model).__name__} has no embeddings beside a list of layers under one of "
        f"{', '.join(_LAYER_PATHS)}; set frozen_layers to 0 for this encoder"
    )
