"""Taggers of every epoch of a training: kept beside the last one, for a step that chooses among them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from artifacts.errors import InputError
from tasks.training.checkpoint import copy_out, trained_state

_FOLDER = "epochs"


def epoch_keeper(folder: Path) -> Callable[[int, torch.nn.Module], None]:
    """What saves what a training changes of a model after each epoch, completely or not at all.

    Args:
        folder: that outlives a crash of the training.
    """

    def keep(epoch: int, model: torch.nn.Module) -> None:
        place = folder / _FOLDER / _name(epoch)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_suffix(".tmp")
        try:
            save_file({name: tensor.cpu().contiguous() for name, tensor in trained_state(model).items()}, temporary)
            os.replace(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)

    return keep


def copy_epochs(folder: Path, output: Path) -> None:
    """Puts the epochs that were kept in a folder into a finished tagger's folder, too."""
    copy_out(folder, _FOLDER, output)


def count_epochs(folder: Path) -> int:
    """How many epochs a tagger's folder keeps.

    Raises:
        InputError: if it keeps none.
    """
    found = len(list((folder / _FOLDER).glob("*.safetensors")))
    if found == 0:
        raise InputError(
            f"model folder {folder.name}: it keeps no tagger but the last; train it with keep_epochs, and choose then"
        )
    return found


def set_epoch(model: Any, folder: Path, epoch: int) -> None:
    """Gives a tagger the weights that it had after an epoch, counted from 1; what was frozen stays."""
    found = model.load_state_dict(load_file(folder / _FOLDER / _name(epoch)), strict=False)
    assert not found.unexpected_keys, f"weights of another model: {found.unexpected_keys}"


def _name(epoch: int) -> str:
    return f"{epoch:04d}.safetensors"
