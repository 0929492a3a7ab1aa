"""The files and folders that a configuration names, and which of them are not here."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.parts.checkpoints import checkpoint_folder
from flows.parts.conjugate_pairs import PairFiles
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus, corpus_folder
from flows.parts.encoder import EncoderChoice
from flows.parts.translation import TranslationChoice, WordVectors
from flows.parts.translator import TranslatorChoice
from tasks.corpus.formats import CorpusFile
from tasks.corpus.paths import parse_hub_name, resolve


def missing_files(config: BaseModel, runtime: Runtime) -> list[str]:
    """What a configuration names and this machine has not, as it is named; names on the hub are taken to be there."""
    files = [name for name in files_named(config) if not _is_file(name, runtime)]
    return files + [name for name in checkpoints_named(config) if not _is_checkpoint(name, runtime)]


def files_named(config: BaseModel) -> Iterator[str]:
    """Corpora, corrections, conjugate pairs, vectors and dictionaries."""
    match config:
        case CorpusFile():
            yield from config.paths
        case TargetCorpus() if config.corrections:
            yield config.corrections
        case ParallelText():
            yield from (config.source, config.target)
        case PairFiles():
            yield from (config.original, config.translated)
        case WordVectors():
            yield from filter(None, (config.source_file, config.target_file))
        case TranslationChoice():
            yield from filter(None, (config.seed_lexicon, config.supplied_lexicon, config.test_lexicon))
    for part in _parts(config):
        yield from files_named(part)


def source_files(config: BaseModel) -> Iterator[str]:
    """Those of `files_named` that are of the source language."""
    match config:
        case SourceCorpus():
            yield from files_named(config)
        case ParallelText():
            yield config.source
        case WordVectors() if config.source_file:
            yield config.source_file
    for part in _parts(config):
        yield from source_files(part)


def checkpoints_named(config: BaseModel) -> Iterator[str]:
    """Models."""
    match config:
        case TranslatorChoice(by_direction=True):
            pass  # Which ones depends on the languages: the run looks for them.
        case EncoderChoice() | TranslatorChoice() if config.checkpoint:
            yield config.checkpoint
    for part in _parts(config):
        yield from checkpoints_named(part)


def _parts(config: BaseModel) -> Iterator[BaseModel]:
    for _, value in config:
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, BaseModel):
                yield each


def _is_file(name: str, runtime: Runtime) -> bool:
    hub = parse_hub_name(name)
    if hub is not None:
        return not hub.is_folder or (Path(runtime.data).expanduser() / Path(hub.name).expanduser()).is_dir()
    if corpus_folder(name, runtime) is not None:
        return True
    try:
        return resolve(name, runtime.data).is_file()
    except InputError:
        return False


def _is_checkpoint(name: str, runtime: Runtime) -> bool:
    try:
        folder = checkpoint_folder(name, runtime)
    except InputError:
        return False
    return folder is None or folder.is_dir()
