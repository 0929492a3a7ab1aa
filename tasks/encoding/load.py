"""Take over an encoder: a checkpoint in a folder, or one on the hub at a fixed commit."""

import json
from pathlib import Path

from artifacts.catalog import ENCODER
from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.step import Job, step
from tasks.encoding.masked_head import MaskedHead, load_masked

_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
    "spm.model",
)
_WANTED = (
    "expected config.json, model.safetensors (or its shards) and a tokenizer, as "
    "`model.save_pretrained(folder)` and `tokenizer.save_pretrained(folder)` write them"
)

_OF_TAGGERS = "crosstag_"
"""How what our taggers say of their heads in config.json begins; an encoder has no head."""


def check_encoder_folder(path: Path) -> None:
    """Checks, without loading anything, that a folder holds an encoder.

    Raises:
        InputError: if config, safetensors weights or tokenizer are missing or damaged.
    """
    if not path.is_dir():
        raise InputError(f"encoder {path}: no such folder; {_WANTED}")
    names = sorted(file.name for file in path.iterdir() if file.is_file())
    found = f"found {', '.join(names[:8]) or 'no files'}{' ...' if len(names) > 8 else ''}"
    if "config.json" not in names:
        raise InputError(f"encoder {path}: no config.json; {found}; {_WANTED}")
    _check_config(path / "config.json")
    weights = [name for name in names if name.endswith(".safetensors")]
    pickled = [name for name in names if name.endswith((".bin", ".pt", ".pth", ".ckpt"))]
    if not weights and pickled:
        raise InputError(
            f"encoder {path}: only pickled weights ({', '.join(pickled)}), which can run code when loaded; "
            "convert them to safetensors with `model.save_pretrained(folder)`"
        )
    if not weights:
        raise InputError(f"encoder {path}: no weights; {found}; {_WANTED}")
    for name in weights:
        _check_safetensors(path / name)
    if not any(name in names for name in _TOKENIZERS):
        raise InputError(f"encoder {path}: no tokenizer (one of {', '.join(_TOKENIZERS)}); {found}; {_WANTED}")


def copy_encoder(source: Path, target: Path) -> MaskedHead:
    """Loads a checkpoint and saves its encoder with a masked-language head, in float32, with a fast tokenizer.

    `AutoModel` and `AutoModelForTokenClassification` load the folder too; they leave the head out. A pooler is left
    behind: no tagger reads it, and one that the checkpoint has no weights for would be random, and differ each time.
    Of a student, which may be given, the encoder is saved, and not what its configuration says of its head.

    Returns:
        Where the masked-language head comes from.

    Raises:
        InputError: if the folder is no checkpoint, its tokenizer is not fast, or weights are missing.
    """
    from transformers import AutoTokenizer

    check_encoder_folder(source)
    options = {"trust_remote_code": False, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, **options)
        model, head, missing = load_masked(source, **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InputError(f"encoder {source}: transformers cannot load it: {error}; {_WANTED}") from error
    if not tokenizer.is_fast:
        raise InputError(
            f"encoder {source}: its tokenizer ({type(tokenizer).__name__}) is not a fast one, which tells "
            "where words begin; add a tokenizer.json"
        )
    without_pooler = {name for name in missing if "pooler." not in name}
    if without_pooler:
        examples = ", ".join(sorted(without_pooler)[:3])
        raise InputError(f"encoder {source}: {len(without_pooler)} weights are missing, such as {examples}; {_WANTED}")
    if missing:
        model.base_model.pooler = None
    model.config._name_or_path = ""
    for name in [name for name in vars(model.config) if name.startswith(_OF_TAGGERS)]:
        delattr(model.config, name)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return head


def _check_config(path: Path) -> None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"encoder config {path}: not JSON ({error}); {_WANTED}") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise InputError(f"encoder config {path}: no model_type in it, so it is no transformers model; {_WANTED}")


def _check_safetensors(path: Path) -> None:
    """Compares a weight file's size with what its header announces (a torn download, an LFS pointer)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        try:
            if not 0 < header_bytes <= size - 8:
                raise ValueError("its header is longer than the file")
            header = json.loads(file.read(header_bytes))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(
                f"encoder weights {path}: not a whole safetensors file ({size} bytes: {error}); fetch it again"
            ) from error
    expected = 8 + header_bytes + max(ends, default=0)
    if size != expected:
        raise InputError(f"encoder weights {path}: {size} bytes, expected {expected}; fetch it again")


@step(ENCODER, retries=3)
def import_encoder(job: Job, source: InputFolder | HubModel) -> None:
    """Copies an encoder and its tokenizer from a folder or the hub into the store."""
    job.describe({"masked_language_head": copy_encoder(source.local(), job.output_folder)})
