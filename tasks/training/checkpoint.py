"""Checkpoints of a training: complete or ignored, of this very training or ignored."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import nn

from tasks.training.config import TrainingConfig

_NAME = "checkpoint.pt"
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Loaded:
    """What was found: a state, or the reason why there is none to go on from (None: no checkpoint at all)."""

    state: dict[str, Any] | None
    ignored: str | None = None


def training_identity(
    config: TrainingConfig,
    lengths: np.ndarray,
    sentences: np.ndarray | None,
    model: nn.Module,
    beside: Iterable[str] = (),
) -> str:
    """Digest of what a training starts from: config, rows and initial weights, frozen ones included.

    `beside` are the names of what it keeps beside its model.
    """
    values = config.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps([values, sorted(beside)], sort_keys=True).encode())
    for numbers in (lengths, np.arange(len(lengths)) if sentences is None else sentences):
        digest.update(np.ascontiguousarray(numbers, dtype="<i8").tobytes())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def trained_state(model: nn.Module) -> dict[str, torch.Tensor]:
    """The part of a model's state that a training changes: all but frozen parameters."""
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return {name: tensor for name, tensor in model.state_dict().items() if name not in frozen}


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes tensors and plain types under a temporary name, with their digest, then renames.

    If it cannot be written, the one before stays, and nothing of the new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{_NAME}.tmp"
    try:
        with temporary.open("wb") as file:
            writer = _DigestingWriter(file)
            torch.save(state, writer)
            file.write(writer.digest.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / _NAME)
    finally:
        temporary.unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_checkpoint(folder: Path, identity: str) -> Loaded:
    """The checkpoint in a folder, if it is whole and of the training with this identity."""
    path = folder / _NAME
    if not path.is_file():
        return Loaded(None)
    content = path.read_bytes()
    payload = memoryview(content)[:-_DIGEST_BYTES]
    if hashlib.sha256(payload).digest() != content[-_DIGEST_BYTES:]:
        return Loaded(None, f"{_NAME} is torn or damaged ({len(content)} bytes); the training starts anew")
    state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    if state["identity"] != identity:
        return Loaded(None, f"{_NAME} is of a training with other settings, data or weights; this one starts anew")
    return Loaded(state)


def copy_out(work: Path, name: str, output: Path) -> None:
    """Copies a folder of what a training kept beside its checkpoint into its output; by links where the disk can.

    It stays in the work folder: if the output cannot be committed, the training goes on from its last checkpoint, and
    makes what it kept before that no second time.
    """
    shutil.copytree(work / name, output / name, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


class _DigestingWriter(io.BytesIO):
    """Passes what is written on, and digests it, so that a torn file is told from a whole one."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self._file = file

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._file.write(data)
