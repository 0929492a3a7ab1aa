"""spaCy 2's training data as JSON: `[text, {"entities": [[start, end, label]]}]`, and the corpora of its `convert`."""

from collections.abc import Iterator, Sequence
from typing import Any

from tasks.corpus.documents import Document, Mark
from tasks.corpus.exchange.fields import list_of, mark_of, text_of, words_of


def is_example(row: Any) -> bool:
    """Whether a record is a pair of a text and its annotations."""
    return isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict)


def is_corpus(row: Any) -> bool:
    """Whether a record is a document of `spacy convert`: paragraphs of sentences of tokens with `ner`."""
    return isinstance(row, dict) and isinstance(row.get("paragraphs"), list)


def read_example(row: Any, number: int, place: str, names: Sequence[str] | None) -> Document:
    """A text with its entities.

    Raises:
        InputError: if it is not what it should be.
    """
    entities = list_of(row[1], "entities", place)
    marks = [mark_of(each, f"{place}: entity {i}", names) for i, each in enumerate(entities)]
    return Document(row[0], marks, number, words_of(row[1], place))


def sentences_of(row: Any, place: str) -> Iterator[dict[str, Any]]:
    """The sentences of a document as records of words and BILUO tags.

    Raises:
        InputError: if it is not what it should be.
    """
    for paragraph in list_of(row, "paragraphs", place):
        for sentence in list_of(paragraph, "sentences", place):
            tokens = list_of(sentence, "tokens", place)
            yield {
                "tokens": [text_of(token, "orth", place) for token in tokens],
                "tags": [text_of(token, "ner", place) for token in tokens],
            }


def write_example(words: Sequence[str], text: str, marks: Sequence[Mark]) -> list[Any]:
    """A sentence; spaCy's `Example.from_dict` takes the words as they are."""
    return [text, {"entities": [[mark.start, mark.end, mark.label] for mark in marks], "words": list(words)}]
