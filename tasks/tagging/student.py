"""A finished student, ready to tag text: words with tags and probabilities, entities with their places.

from tasks.tagging.student import load_student

tagger = load_student("store/student/3f2a...")
tagger("Am Samstag gewann Werder Bremen.")      # [Entity(type='ORG', text='Werder Bremen', start=18, end=31, ...)]
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from artifacts.errors import InputError
from artifacts.job import INFERENCE_SUBWORDS
from artifacts.runtime import Runtime
from artifacts.yaml_loader import YamlLoader
from tasks.corpus.language_codes import EXPECTED, is_language_code
from tasks.corpus.segmenters import UNSPACED, Segmenter, language_code
from tasks.corpus.text import split_at_spaces, word_places, word_splitter
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import LINEAR, Head, head_named_in
from tasks.tagging.inference import FLOAT32, Inference, open_tagger, word_outputs, word_probabilities
from tasks.tagging.tagger import usable_positions
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import offsets_of
from tasks.words.spans import spans_of

_SENTENCES_AT_A_TIME = 1024


@dataclass(frozen=True)
class Entity:
    """A name in a text.

    type         such as PER
    text         as it stands there
    start, end   its first character, and the one behind its last
    probability  mean over its words of what the model gives their tags, [0, 1]
    """

    type: str
    text: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class Tagged:
    """A sentence with its tags; a blank one has no words.

    text           the sentence, in Unicode NFC as corpora are read
    words          what it was split into
    tags           one IOB2 tag per word
    probabilities  one per word: what the model gives its tag, [0, 1]
    """

    text: str
    words: Sequence[str]
    tags: Sequence[str]
    probabilities: Sequence[float]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Start and end (exclusive) of each word in `text`, in characters."""
        return word_places(self.text, self.words)

    @property
    def entities(self) -> list[Entity]:
        """The names, in their order."""
        places, found = self.places, []
        for first, last, kind in spans_of(self.tags):
            start, end = places[first][0], places[last - 1][1]
            probability = float(np.mean(self.probabilities[first:last]))
            found.append(Entity(kind, self.text[start:end], start, end, probability))
        return found


@dataclass(frozen=True)
class Student:
    """A tagger in memory; see `load_student`."""

    head: Head
    model: Any
    tokenizer: Any
    split: Callable[[str], list[str]]
    windows: WindowConfig
    decoding: Decoding
    inference: Inference
    device: str
    budget: int

    def __call__(self, text: str) -> list[Entity]:
        """The entities of one sentence.

        Raises:
            InputError: if the text is not in Unicode NFC, in which the places would not be its own.
        """
        if not unicodedata.is_normalized("NFC", text):
            raise InputError(
                f"text {text[:40]!r}: it is not in Unicode NFC, and places of entities would not fit it; give "
                "unicodedata.normalize('NFC', text)"
            )
        return next(self.tag([text])).entities

    def tag(self, sentences: Iterable[str]) -> Iterator[Tagged]:
        """Tags sentences as they come, some at a time; one result for each, in their order."""
        texts = (unicodedata.normalize("NFC", sentence) for sentence in sentences)
        return self._tag((text, self.split(text)) for text in texts)

    def tag_words(self, sentences: Iterable[Sequence[str]]) -> Iterator[Tagged]:
        """As `tag`, of sentences that are split already; their text is the words with spaces between them."""
        return self._tag((" ".join(words), words) for words in sentences)

    def _tag(self, sentences: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Tagged]:
        """Tags texts with their words; the whole input is never held."""
        labels, source = self.head.labels(self.model), iter(sentences)
        while chunk := list(islice(source, _SENTENCES_AT_A_TIME)):
            words = [each for _, each in chunk]
            window, overlap = self.windows.max_length_subwords, self.windows.overlap_subwords
            cut = make_windows(self.tokenizer, words, window, overlap)
            outputs = word_outputs(self.head, self.model, cut, self.inference, device=self.device, budget=self.budget)
            ids = self.head.decode(self.model, outputs, cut.word_counts, self.decoding)
            chosen = word_probabilities(self.head, self.model, outputs)[np.arange(len(ids)), ids].tolist()
            ends = offsets_of(cut.word_counts).tolist()
            for (text, its_words), start, end in zip(chunk, ends, ends[1:], strict=False):
                yield Tagged(text, its_words, [labels[i] for i in ids[start:end]], chosen[start:end])


def load_student(
    folder: str | Path,
    *,
    language: str = "",
    tokenized: bool = False,
    segmenter: Segmenter | None = None,
    windows: WindowConfig | None = None,
    decoding: Decoding | None = None,
    inference: Inference = FLOAT32,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Student:
    """Loads a student, or any tagger.

    Args:
        folder: its folder.
        language: of the text, which is split into words as that language needs; empty: the one its card names.
        tokenized: words are separated by spaces already.
        segmenter: what finds the words of a language without spaces; None: what its card names.
        windows: how much the model sees at once; by default what its run had, by its card (128 sub-words if that says
            nothing), or all that a smaller encoder takes.
        decoding: from scores to tags; by default as its run did, by its card (Viterbi if that says nothing).
        inference: how the model is run; by default in float32.
        device: where; auto takes a CUDA GPU if there is one.

    Raises:
        InputError: if the folder holds no tagger, or one whose labels are not IOB2; if its card names no language or
            several, or what is named is no code of one; if there is no such device; if the language has no spaces
            between words, and neither the card nor `segmenter` says how they are found.
    """
    folder = Path(folder)
    _check_head(folder)
    head, model, tokenizer = open_tagger(folder)
    front = _front(folder)
    decoding = decoding or Decoding.model_validate(front.get("decoding") or {})
    _check_labels(folder, head.labels(model), decoding)
    chosen = windows or WindowConfig.model_validate(front.get("windows") or {})
    positions = usable_positions(model.config)
    if positions and positions < chosen.max_length_subwords:
        overlap = min(chosen.overlap_subwords, positions // 4)
        chosen = WindowConfig(max_length_subwords=positions, overlap_subwords=overlap)
    resolved = Runtime(device=device).resolved_device()
    return Student(
        head,
        model,
        tokenizer,
        split_at_spaces if tokenized else _splitter(folder, language or language_of(folder), segmenter),
        chosen,
        decoding,
        inference,
        resolved,
        INFERENCE_SUBWORDS[resolved],
    )


def _check_head(folder: Path) -> None:
    """Refuses a folder without a tagger's head, by its configuration: transformers would draw one at random."""
    if head_named_in(folder) != LINEAR.name:
        return
    found = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    if not any(name.endswith("ForTokenClassification") for name in found):
        raise InputError(
            f"model {folder}: it has no tagger's head (its config.json says {', '.join(found) or 'no architecture'}), "
            "as an encoder has none; expected a student or a tagger: the folder that `crosstag run` printed, "
            "student/KEY or tagger/KEY; `crosstag store ls student` lists yours"
        )


def _check_labels(folder: Path, labels: Sequence[str], decoding: Decoding) -> None:
    """Refuses labels that are not IOB2; and IOB1's, where a type has no B-, unless I- may begin an entity."""
    others = [label for label in labels if label != "O" and (label[:2] not in ("B-", "I-") or not label[2:])]
    if others or "O" not in labels:
        found = ", ".join(others[:3]) or "no O"
        raise InputError(
            f"model {folder}: its labels are not IOB2 (id2label of its config.json has {found}); expected "
            "O, B-PER and I-PER, and so on; name them so in its config.json, if that is what they are"
        )
    headless = [label for label in labels if label.startswith("I-") and f"B-{label[2:]}" not in labels]
    if headless and decoding.method == "viterbi" and not decoding.inside_at_start:
        raise InputError(
            f"model {folder}: its labels have {', '.join(headless)} without a B-, so that no such entity could begin "
            "under IOB2; let I- begin entities: load_student(..., decoding=Decoding(inside_at_start=True)), or "
            "decoding: {inside_at_start: true} in the head of its README.md"
        )


def _splitter(folder: Path, language: str, segmenter: Segmenter | None) -> Callable[[str], list[str]]:
    """What splits text as the student's was."""
    if not is_language_code(language):
        raise InputError(f"model {folder}: language {language!r}; {EXPECTED}, by --language or language='de'")
    segmenter = segmenter or segmenter_of(folder, language)
    if segmenter is None and language_code(language) in UNSPACED:
        raise unknown_segmenter(folder, language)
    return word_splitter(language, segmenter=segmenter or "auto")


def segmenter_of(folder: Path, language: str) -> Segmenter | None:
    """What found the words that a student learned, by its card; None if it is silent: Moses' rules, or a corpus."""
    found: Segmenter | None = (_front(folder).get("segmenters") or {}).get(language_code(language))
    return found


def unknown_segmenter(folder: Path, language: str) -> InputError:
    """What to say where a text is to be split, and nobody says how the student's words were found."""
    usual = UNSPACED[language_code(language)]
    return InputError(
        f"model {folder}: {language} has no spaces between words, and its card does not say how the words that it "
        f"learned were found (a corpus gave them); name it: --segmenter {usual} or characters, or load_student(..., "
        f"segmenter={usual!r}); --tokenized if spaces separate the words"
    )


def language_of(folder: Path) -> str:
    """The language that a student's card names.

    Raises:
        InputError: if it names none, or more than one.
    """
    named = _front(folder).get("language") or []
    # Cards of others have a word alone.
    languages = [str(each) for each in (named if isinstance(named, list) else [named])]
    if len(languages) > 1:
        raise InputError(
            f"model {folder}: it tags {', '.join(languages)}, and how text is split depends on its language; name "
            f"one: --language {languages[0]}, or load_student(..., language={languages[0]!r})"
        )
    if languages:
        return languages[0]
    raise InputError(f"model {folder}: no card names its language; name it: --language de, or language='de'")


def _front(folder: Path) -> dict[str, Any]:
    """What the head of a student's card says; nothing if it has none."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    if not text.startswith("---\n"):
        return {}
    found = yaml.load(text.split("\n---", 1)[0].removeprefix("---\n"), Loader=YamlLoader)
    return found if isinstance(found, dict) else {}
