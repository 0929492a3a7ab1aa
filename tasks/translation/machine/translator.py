"""Take over a translator of the M2M100 family: a checkpoint in a folder, or one on the hub at a fixed commit."""

import difflib
import json
from pathlib import Path
from typing import Any

import torch

from artifacts.catalog import TRANSLATOR
from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.step import Job, step

MODEL_TYPE = "m2m_100"
VOCABULARY_FILES = ("sentencepiece.bpe.model", "vocab.json")
_WANTED = (
    "expected config.json, model.safetensors (or its shards), sentencepiece.bpe.model and vocab.json, as "
    "`model.save_pretrained(folder)` and `tokenizer.save_pretrained(folder)` write them"
)
# What other tools call languages that M2M100 knows under another code.
_OTHER_NAMES = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "fil": "tl", "cmn": "zh", "nso": "ns", "arz": "ar"}


def check_translator_folder(path: Path) -> None:
    """Checks, without loading anything, that a folder holds a translator of the M2M100 family.

    Raises:
        InputError: if config, safetensors weights or vocabulary are missing, damaged or of another family.
    """
    if not path.is_dir():
        raise InputError(f"translator {path}: no such folder; {_WANTED}")
    names = sorted(file.name for file in path.iterdir() if file.is_file())
    found = f"found {', '.join(names[:8]) or 'no files'}{' ...' if len(names) > 8 else ''}"
    if "config.json" not in names:
        raise InputError(f"translator {path}: no config.json; {found}; {_WANTED}")
    _check_config(path / "config.json")
    pickled = [name for name in names if name.endswith((".bin", ".pt", ".pth", ".ckpt"))]
    if not any(name.endswith(".safetensors") for name in names):
        if pickled:
            raise InputError(f"translator {path}: only pickled weights ({', '.join(pickled)}), {_how_to_convert()}")
        raise InputError(f"translator {path}: no safetensors weights; {found}; {_WANTED}")
    for name in VOCABULARY_FILES:
        if name not in names:
            raise InputError(f"translator {path}: no {name}; {found}; {_WANTED}")


def load_translator(folder: Path) -> tuple[Any, Any]:
    """M2M100ForConditionalGeneration in float32, ready to generate, and its M2M100Tokenizer.

    Raises:
        InputError: if transformers cannot load them, weights are missing, or the vocabulary does not fit the weights.
    """
    from transformers import M2M100ForConditionalGeneration

    check_translator_folder(folder)
    tokenizer = load_tokenizer(folder)
    try:
        with torch.random.fork_rng(devices=[]):
            model, report = M2M100ForConditionalGeneration.from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, local_files_only=True
            )
    except Exception as error:  # safetensors' own error has no parent but Exception
        raise InputError(f"translator {folder}: transformers cannot load it: {error}; {_WANTED}") from error
    missing = sorted(str(name) for name in report["missing_keys"])
    if missing:
        raise InputError(
            f"translator {folder}: {len(missing)} weights are missing, such as {', '.join(missing[:3])}; {_WANTED}"
        )
    needed = tokenizer.encoder_size + len(tokenizer.lang_code_to_id)
    if model.config.vocab_size < needed:
        raise InputError(
            f"translator {folder}: weights for {model.config.vocab_size} sub-words, expected at least {needed} "
            "(vocab.json and the language tokens); take config, weights and vocabulary from the same checkpoint"
        )
    return model.eval(), tokenizer


def load_tokenizer(folder: Path) -> Any:
    """The M2M100Tokenizer of a folder.

    Raises:
        InputError: if transformers cannot load it.
    """
    from transformers import M2M100Tokenizer

    try:
        return M2M100Tokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise InputError(f"translator {folder}: transformers cannot load its tokenizer: {error}; {_WANTED}") from error


def known_language(code: str, languages: tuple[str, ...] | None = None) -> str:
    """M2M100's code of a language: `zh-cn` and `zh_CN` are zh, nb and nn are no.

    Args:
        code: any common spelling.
        languages: the codes that the tokenizer has; by default those of M2M100.

    Raises:
        InputError: if there is no such language; it names codes that are spelt nearly so.
    """
    known = languages or m2m100_languages()
    plain = code.strip().lower().replace("_", "-")
    first = plain.split("-")[0]
    for candidate in (plain, first, _OTHER_NAMES.get(first)):
        if candidate in known:
            return candidate
    near = difflib.get_close_matches(first, known, n=4, cutoff=0.4) or sorted(c for c in known if c[:1] == first[:1])
    raise InputError(
        f"language {code!r}: the translator does not know it; near codes are {', '.join(near) or 'none'}; "
        f"it knows {len(known)}, such as {', '.join(known[:3])}"
    )


def m2m100_languages() -> tuple[str, ...]:
    """The hundred language codes of M2M100."""
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    return tuple(FAIRSEQ_LANGUAGE_CODES["m2m100"])


def copy_translator(source: Path, target: Path) -> None:
    """Loads a checkpoint and saves model and tokenizer, in float32 and safetensors.

    Raises:
        InputError: if the folder is no translator.
    """
    model, tokenizer = load_translator(source)
    model.config._name_or_path = ""
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _check_config(path: Path) -> None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"translator config {path}: not JSON ({error}); {_WANTED}") from error
    found = config.get("model_type") if isinstance(config, dict) else None
    if found != MODEL_TYPE:
        raise InputError(
            f"translator config {path}: model_type is {found!r}, expected {MODEL_TYPE!r}; only checkpoints of the "
            "M2M100 family can be used"
        )


def _how_to_convert() -> str:
    return (
        "which can run code when loaded, are not read; where you trust them, convert them once: "
        "M2M100ForConditionalGeneration.from_pretrained(NAME).save_pretrained(FOLDER) and "
        "M2M100Tokenizer.from_pretrained(NAME).save_pretrained(FOLDER), then give FOLDER"
    )


def _check_hub_model(source: HubModel, folder: Path) -> None:
    """Only safetensors are downloaded from the hub, so a checkpoint with pickled weights comes without any."""
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"translator {source.name} at {source.commit[:12]}: the repository has no safetensors weights; pickled "
            f"weights, {_how_to_convert()}"
        )


@step(TRANSLATOR, retries=3)
def import_translator(job: Job, source: InputFolder | HubModel) -> None:
    """Copies a translator and its tokenizer from a folder or the hub into the store."""
    folder = source.local()
    if isinstance(source, HubModel):
        _check_hub_model(source, folder)
    copy_translator(folder, job.output_folder)
