"""Tag text with a student, sentence by sentence, as much of it as there is."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TextIO

import yaml

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.store import Store
from tasks.corpus.text import word_splitter
from tasks.tagging.inference import Inference
from tasks.tagging.predict import predict_sentences


def predict_file(
    model: str,
    sentences: Path,
    output: TextIO,
    format: Literal["conll", "jsonl"],
    language: str,
    *,
    tokenized: bool,
    store: str,
    device: Literal["auto", "cpu", "cuda"],
    inference: Inference,
) -> None:
    """Reads sentences, one a line, and writes each with its tags as soon as its batch is done.

    Raises:
        InputError: if there is no such model or file, or the device does not compute in the asked format.
    """
    folder = model_folder(model, store)
    split = word_splitter(language or language_of(folder), tokenized=tokenized)
    resolved = Runtime(store=store, device=device).resolved_device()
    words = (split(line) for line in _lines(sentences))
    for tagged_words, tags in predict_sentences(folder, words, inference=inference, device=resolved):
        output.write(_text(tagged_words, tags, format))
    output.flush()


def model_folder(model: str, store: str) -> Path:
    """The folder of a student: the path itself, or the artifact that a reference names."""
    path = Path(model).expanduser()
    if (path / "config.json").is_file():
        return path
    if path.is_dir():
        raise InputError(
            f"model {model}: the folder has no config.json; name the student's folder that `crosstag run` printed"
        )
    opened = Store(store)
    return opened.folder(opened.find(model))


def language_of(folder: Path) -> str:
    """The language that the student's model card names."""
    card = folder / "README.md"
    if card.is_file():
        front = yaml.safe_load(card.read_text(encoding="utf-8").split("---")[1])
        languages = front.get("language") or []
        if len(languages) > 1:
            raise InputError(
                f"model {folder}: it tags {', '.join(languages)}, and how text is split depends on its language; add "
                f"--language, such as --language {languages[0]}"
            )
        if languages:
            return str(languages[0])
    raise InputError(f"model {folder}: no model card names its language; add --language, such as --language de")


def _lines(path: Path) -> Iterator[str]:
    if str(path) == "-":
        yield from _filled(sys.stdin)
        return
    try:
        with path.open(encoding="utf-8") as file:
            yield from _filled(file)
    except FileNotFoundError:
        raise InputError(f"sentences {path}: no such file; name a text file with one sentence a line, or -") from None
    except UnicodeDecodeError as error:
        raise InputError(f"sentences {path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _filled(lines: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip())


def _text(words: Sequence[str], tags: Sequence[str], format: Literal["conll", "jsonl"]) -> str:
    if format == "jsonl":
        return json.dumps({"tokens": list(words), "tags": list(tags)}, ensure_ascii=False) + "\n"
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"
