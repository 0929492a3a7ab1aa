"""Take over a translator: a checkpoint in a folder or on the hub at a fixed commit, or one for each direction."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from artifacts.catalog import TRANSLATOR
from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.step import Job, step
from tasks.translation.machine.card import Family, TranslatorCard, family_of, read_json, write_card
from tasks.translation.machine.languages import m2m100_languages, nllb_languages
from tasks.translation.machine.pickled import convert_pickled, pickled_weights

TOKENIZERS: dict[Family, tuple[str, ...]] = {
    "m2m100": ("sentencepiece.bpe.model", "vocab.json"),
    "small100": ("sentencepiece.bpe.model", "vocab.json"),
    "nllb": ("tokenizer.json",),
    "marian": ("source.spm", "target.spm", "vocab.json"),
    "madlad": ("spiece.model",),
}
"""The files of vocabularies."""
_KEPT = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json")


def check_translator_folder(path: Path, family: Family | None = None, name: str = "", weights: bool = True) -> Family:
    """Checks, without loading anything, that a folder holds a translator.

    Args:
        path: of the folder.
        family: that it is to be of; by default that which its files tell.
        name: of the checkpoint, where the folder's is another.
        weights: whether they must be there.

    Returns:
        The family.

    Raises:
        InputError: if config, weights or vocabulary are missing, damaged or of no family that is known.
    """
    if not path.is_dir():
        raise InputError(f"translator {path}: no such folder; {_wanted(family or 'm2m100')}")
    names = sorted(file.name for file in path.iterdir() if file.is_file())
    found = f"found {', '.join(names[:8]) or 'no files'}{' ...' if len(names) > 8 else ''}"
    if "config.json" not in names:
        raise InputError(f"translator {path}: no config.json; {found}; {_wanted(family or 'm2m100')}")
    told = family or family_of(path, name or path.name)
    if weights and not has_weights(names):
        raise InputError(f"translator {path}: no weights; {found}; {_wanted(told)}")
    for wanted in TOKENIZERS[told]:
        if wanted not in names:
            raise InputError(f"translator {path}: no {wanted}; {found}; {_wanted(told)}")
    if told == "marian" and "target_vocab.json" in names:
        raise InputError(
            f"translator {path}: source and target have vocabularies of their own (target_vocab.json), and only Marian "
            "models with one for both can be used; take another checkpoint of this pair"
        )
    if told in _TOKENS and not _TOKENS[told](path):
        raise InputError(
            f"translator {path}: its vocabulary has no language token such as {_EXAMPLES[told]}, which every "
            f"{told.upper()} has (of T5 checkpoints MADLAD-400's alone translate so); name another checkpoint, or a "
            "command: translator.external"
        )
    return told


def has_weights(names: Sequence[str]) -> bool:
    """Whether one of the files of a checkpoint may hold its weights."""
    return any(n.endswith(".safetensors") or (n.startswith("pytorch_model") and n.endswith(".bin")) for n in names)


def languages_of(path: Path, family: Family) -> tuple[str, ...]:
    """The codes of a translator's languages; of Marian's the targets, none if there is but one.

    Raises:
        InputError: if its vocabulary is damaged, or its language codes are not known.
    """
    if family == "marian":
        return tuple(name[2:-2] for name in read_json(path / "vocab.json") if name[:2] == ">>" and name[-2:] == "<<")
    if family == "nllb":
        return nllb_languages()
    if family == "madlad":
        import sentencepiece

        try:
            model = sentencepiece.SentencePieceProcessor(model_file=str(path / "spiece.model"))
        except (RuntimeError, OSError) as error:
            raise InputError(f"translator {path / 'spiece.model'}: damaged ({error}); get it again") from error
        pieces = (model.id_to_piece(row) for row in range(model.get_piece_size()))
        return tuple(piece[2:-1] for piece in pieces if piece.startswith("<2") and piece.endswith(">"))
    said = path / "tokenizer_config.json"
    return m2m100_languages(str(read_json(said).get("language_codes", "m2m100")) if said.is_file() else "m2m100")


def _has_codes_of_nllb(path: Path) -> bool:
    text = (path / "tokenizer.json").read_text(encoding="utf-8", errors="replace")
    return any(f'"{code}"' in text for code in nllb_languages())


# What tells a translator from another model of its architecture.
_TOKENS: dict[Family, Callable[[Path], object]] = {
    "madlad": lambda path: languages_of(path, "madlad"),
    "nllb": _has_codes_of_nllb,
}
_EXAMPLES: dict[Family, str] = {"madlad": "<2de>", "nllb": "deu_Latn"}


def load_translator(folder: Path, family: Family | None = None) -> tuple[Any, Any]:
    """M2M100ForConditionalGeneration in float32, ready to generate, and its M2M100Tokenizer.

    Args:
        folder: of the translator.
        family: that a person says it is of; by default that which its files tell.

    Raises:
        InputError: if it is of another family, transformers cannot load it, weights are missing, or the vocabulary
            does not fit the weights.
    """
    family = check_translator_folder(folder, family)
    if family != "m2m100":
        raise InputError(f"translator {folder}: it is of the family {family}, expected m2m100; give one of these")
    model = load_model(folder, family)
    tokenizer = load_tokenizer(folder)
    needed = tokenizer.encoder_size + len(tokenizer.lang_code_to_id)
    if model.config.vocab_size < needed:
        raise InputError(
            f"translator {folder}: weights for {model.config.vocab_size} sub-words, expected at least {needed} "
            "(vocab.json and the language tokens); take config, weights and vocabulary from the same checkpoint"
        )
    return model, tokenizer


def load_model(folder: Path, family: Family) -> Any:
    """The model of a folder in float32, ready to generate; pickled weights are read without running their code.

    Raises:
        InputError: if transformers cannot load it, or weights are missing.
    """
    import transformers

    names: dict[Family, str] = {"marian": "MarianMTModel", "madlad": "T5ForConditionalGeneration"}
    made = getattr(transformers, names.get(family, "M2M100ForConditionalGeneration"))
    options = {"use_safetensors": True, "dtype": torch.float32, "output_loading_info": True, "local_files_only": True}
    with tempfile.TemporaryDirectory() as work:
        place = folder
        if not any(folder.glob("*.safetensors")) and pickled_weights(folder):
            place = Path(work)
            for name in ("config.json", "generation_config.json"):
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, place / name)
            convert_pickled(folder, place)
        try:
            with torch.random.fork_rng(devices=[]):
                model, report = made.from_pretrained(place, **options)
        except Exception as error:  # safetensors' own error has no parent but Exception
            raise InputError(f"translator {folder}: transformers cannot load it: {error}; {_wanted(family)}") from error
    missing = sorted(str(name) for name in report["missing_keys"])
    if missing:
        raise InputError(
            f"translator {folder}: {len(missing)} weights are missing, such as {', '.join(missing[:3])}; "
            f"{_wanted(family)}"
        )
    return model.eval()


def load_tokenizer(folder: Path) -> Any:
    """The M2M100Tokenizer of a folder.

    Raises:
        InputError: if transformers cannot load it.
    """
    from transformers import M2M100Tokenizer

    try:
        return M2M100Tokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise InputError(
            f"translator {folder}: transformers cannot load its tokenizer: {error}; {_wanted('m2m100')}"
        ) from error


def copy_translator(source: Path, target: Path, family: Family) -> None:
    """Loads a checkpoint and saves the model in float32 and safetensors, with the files of its tokenizer.

    Raises:
        InputError: if the folder is no translator.
    """
    check_translator_folder(source, family)
    if family in ("m2m100", "small100"):
        model, tokenizer = load_translator(source, family) if family == "m2m100" else _small100(source)
        tokenizer.save_pretrained(target)
    else:
        model = load_model(source, family)
        copy_tokenizer(source, target, family)
    model.config._name_or_path = ""
    model.save_pretrained(target)


def copy_tokenizer(source: Path, target: Path, family: Family) -> None:
    """Copies the files of a translator's tokenizer, as they are."""
    for name in (*TOKENIZERS[family], *_KEPT):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _small100(source: Path) -> tuple[Any, Any]:
    """SMaLL-100 as an M2M100, whose files it has, whatever class its tokenizer's configuration names."""
    return load_model(source, "small100"), load_tokenizer(source)


def _wanted(family: Family) -> str:
    return (
        "expected config.json, model.safetensors (or its shards, or pytorch_model.bin) and "
        f"{', '.join(TOKENIZERS[family])}, as `save_pretrained(folder)` of model and tokenizer write them"
    )


def _files(source: InputFolder | HubModel) -> Path:
    """The folder of a checkpoint's files; pickled weights are fetched from the hub only where there are no others."""
    folder = source.local()
    if isinstance(source, HubModel) and not any(folder.glob("*.safetensors")):
        return source.local(pickled=True)
    return folder


@step(TRANSLATOR, retries=3)
def import_translator(
    job: Job, sources: tuple[InputFolder | HubModel, ...], directions: tuple[str, ...], family: Family | None
) -> None:
    """Copies a translator and its tokenizer from a folder or the hub into the store, in safetensors.

    Args:
        job: the step's.
        sources: the checkpoint; or several, of one direction each.
        directions: of several checkpoints, in their order, such as `en de`; else none.
        family: by default that which the files tell.

    Raises:
        InputError: if one is no translator, or several are not of Marian's family.
    """
    found = [(_files(source), source.name if isinstance(source, HubModel) else "") for source in sources]
    families = [check_translator_folder(folder, family, name) for folder, name in found]
    if directions and set(families) != {"marian"}:
        raise InputError(
            f"translator {sources[0]}: it is of the family {families[0]}, and one checkpoint for each direction is for "
            "Marian's (OPUS-MT); name one checkpoint, without {from} and {to}"
        )
    folders = {name: name.replace(" ", "-") for name in directions}
    places = [job.output_folder / folder for folder in folders.values()] or [job.output_folder]
    for (folder, _), place in zip(found, places, strict=True):
        place.mkdir(exist_ok=True)
        copy_translator(folder, place, families[0])
    write_card(
        TranslatorCard(
            family=families[0],
            languages=languages_of(found[0][0], families[0]),
            folders=folders,
        ),
        job.output_folder,
    )
