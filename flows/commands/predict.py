"""Tag text with a student, sentence by sentence, as much of it as there is."""

import json
import sys
import time
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import Any, Literal, TextIO

from artifacts.catalog import STUDENT, TAGGER
from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.configuration import checked_file, override
from flows.commands.running_text import Layout, Piece, check_text, pieces, read_text
from flows.parts.corpora import corpus_input
from tasks.corpus.corpus import load_corpus
from tasks.corpus.segmenters import UNSPACED, Segmenter, language_code
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.student import Tagged, language_of, load_student, segmenter_of, unknown_segmenter


class Answer(Settings):
    """What is written of each sentence.

    Attributes:
        format: conll: a line per word, then an empty one, also for a sentence without words. jsonl: an object a line.
        probabilities: with what the model gives each word's tag.
        offsets: with where each word starts and ends (exclusive), in characters.
    """

    format: Literal["conll", "jsonl"] = "conll"
    probabilities: bool = False
    offsets: bool = False

    def text(self, tagged: Tagged, piece: Piece, *, with_line: bool) -> str:
        """One sentence, with offsets of where its piece stands; JSON lines have, if asked, the line of its start."""
        columns: dict[str, Any] = {"tokens": tagged.words, "tags": tagged.tags}
        if self.probabilities:
            columns["probabilities"] = [round(probability, 4) for probability in tagged.probabilities]
        if self.offsets:
            places = [piece.place(first, end) for first, end in tagged.places]
            columns["starts"] = [first for first, _ in places]
            columns["ends"] = [end for _, end in places]
        if self.format == "jsonl":
            of_line = {"line": piece.line} if with_line else {}
            return json.dumps(of_line | columns, ensure_ascii=False) + "\n"
        return "".join("\t".join(map(str, row)) + "\n" for row in zip(*columns.values(), strict=True)) + "\n"


class Question(Settings):
    """What is tagged.

    Attributes:
        file: of text, or of a corpus; - is standard input.
        language: of it; empty: the student's own.
        layout: how a text falls into sentences.
        tokenized: its words are separated by spaces already.
        segmenter: what finds the words of a language without spaces; None: as the student's card says.
        read: the file is a corpus in this format, or auto, whose words are tagged as they are; empty: it is text.
    """

    file: Path
    language: str = ""
    layout: Layout = "sentences"
    tokenized: bool = False
    segmenter: Segmenter | None = None
    read: str = ""


def predict_file(
    folder: Path,
    question: Question,
    output: TextIO,
    answer: Answer,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    inference: Inference = FLOAT32,
) -> None:
    """Reads text and writes each sentence with its tags as soon as its batch is done; says on stderr how fast it was.

    Offsets in a corpus count in its words with a space between two.

    Raises:
        InputError: if there is no such model or file, the file is no text, or the device does not compute in the asked
            format.
    """
    if question.read and (question.layout != "sentences" or question.tokenized):
        raise InputError(
            f"--read {question.read}: a corpus has its own sentences and words; leave --text and --tokenized out, or "
            "--read"
        )
    if question.tokenized and question.layout != "sentences":
        raise InputError(
            f"--text {question.layout}: sentence ends are found in running text, not in words that are separated by "
            "spaces; leave --tokenized out, or write a sentence a line"
        )
    if question.tokenized and question.segmenter is not None:
        raise InputError(
            f"--segmenter {question.segmenter}: it finds words in text, and --tokenized says that spaces part them; "
            "leave one of them out"
        )
    # A corpus brings its words: how text is split does not matter.
    student = load_student(
        folder,
        language=question.language,
        tokenized=question.tokenized or bool(question.read),
        segmenter=question.segmenter,
        device=device,
        inference=inference,
    )
    started, counts = time.monotonic(), [0, 0]
    running = "" if question.layout == "sentences" else question.language or language_of(folder)
    results: Iterator[tuple[Tagged, Piece]]
    if question.read:
        results = ((tagged, Piece("", 0, 0)) for tagged in student.tag_words(_words(question, folder)))
    else:
        check_text(question.file)
        texts, kept = tee(pieces(read_text(question.file, normalized=answer.offsets), question.layout, running))
        results = zip(student.tag(piece.text for piece in texts), kept, strict=True)
    for tagged, piece in results:
        # Rows of lines that were not split are as many as the lines.
        output.write(answer.text(tagged, piece, with_line=bool(running)))
        counts[0] += 1
        counts[1] += len(tagged.words)
    output.flush()
    seconds = time.monotonic() - started
    speed = " and ".join(
        f"{count / seconds:,.0f} {what}" for count, what in zip(counts, ("sentences", "words"), strict=True)
    )
    sentence = "sentence" if counts[0] == 1 else "sentences"
    print(f"{counts[0]:,} {sentence}, {counts[1]:,} words in {seconds:.1f} s: {speed} a second", file=sys.stderr)


def _words(question: Question, folder: Path) -> list[list[str]]:
    """The sentences of a corpus file; a text in it, as annotation tools have it, is split as the student's was."""
    language = question.language or language_of(folder)
    segmenter = question.segmenter or segmenter_of(folder, language)
    unknown = segmenter is None and language_code(language) in UNSPACED
    given = {"path": str(question.file), "segmenter": "characters" if unknown else segmenter or "auto"}
    options = {"path": "FILE", "format": "--read", "segmenter": "--segmenter"}
    file = checked_file(override(given, [f"format={question.read}"]), "predict", options)
    corpus = load_corpus(corpus_input(file, Runtime()), file.without_path(), None, language)
    if unknown and corpus.splitter == "characters":
        raise unknown_segmenter(folder, language)
    return corpus.words


def model_folder(model: str, store: str) -> Path:
    """The folder of a student: the path itself, or the artifact that a reference names.

    Raises:
        InputError: if there is neither, the folder is no model's, or the artifact is no tagger.
    """
    path = Path(model).expanduser()
    if (path / "config.json").is_file():
        return path
    if path.is_dir():
        raise InputError(
            f"model {model}: the folder has no config.json; name the student's folder that `crosstag run` printed"
        )
    opened = Store(store)
    if not opened.exists():
        raise InputError(
            f"model {model}: there is no such folder, and no store at {opened}; name the folder of a student, or the "
            "store with --store"
        )
    try:
        found = opened.find(model)
    except InputError as error:
        raise InputError(f"model {model}: there is no such folder, and {error}") from None
    if found.kind not in (STUDENT.name, TAGGER.name):
        raise InputError(
            f"model {model}: it is of kind {found.kind}, expected student/KEY or tagger/KEY; `crosstag store ls "
            "student` lists yours"
        )
    return opened.folder(found)
