"""Pickled weights, read without running what is in them, and written as safetensors."""

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from artifacts.errors import InputError
from tasks.translation.machine.card import read_json

PICKLED = "pytorch_model*.bin"
_INDEX = "pytorch_model.bin.index.json"


def pickled_weights(folder: Path) -> list[Path]:
    """The files of a checkpoint's pickled weights, sorted."""
    return sorted(folder.glob(PICKLED))


def convert_pickled(folder: Path, target: Path) -> None:
    """Writes the pickled weights of a folder into `target`, as model.safetensors.

    They are read with `weights_only`: tensors and plain containers are made of them, and nothing else is run. Weights
    that share their memory, such as tied embeddings, are written once.

    Args:
        folder: with pytorch_model.bin, or its shards.
        target: an existing folder.

    Raises:
        InputError: if a file is damaged, holds anything else than weights, or a shard is missing.
    """
    files = pickled_weights(folder)
    if (folder / _INDEX).is_file():
        wanted = sorted(set(read_json(folder / _INDEX).get("weight_map", {}).values()))
        if missing := [name for name in wanted if not (folder / name).is_file()]:
            raise InputError(f"translator {folder}: {missing[0]} is missing, one of {len(wanted)} shards; get them all")
        files = [folder / name for name in wanted]
    weights: dict[str, torch.Tensor] = {}
    for file in files:
        weights |= _read(file)
    save_file(_once(weights), target / "model.safetensors", metadata={"format": "pt"})


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"translator {file}: it holds more than weights, which could run code, and is not read "
            f"({str(error).splitlines()[0]}); take a checkpoint in safetensors"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"translator {file}: these pickled weights are damaged ({error}); get them again") from error
    if not isinstance(found, dict) or not all(isinstance(each, torch.Tensor) for each in found.values()):
        raise InputError(f"translator {file}: no table of weights by name; take a checkpoint in safetensors")
    return dict(found)


def _once(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """One name of those that share a tensor: that of the shared embedding, from which transformers ties the others."""
    kept: dict[tuple[Any, ...], str] = {}
    for name, tensor in weights.items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride()) if tensor.numel() else (name,)
        if place not in kept or f".{name}".endswith(".shared.weight"):
            kept[place] = name
    return {name: weights[name].contiguous().clone() for name in kept.values()}
