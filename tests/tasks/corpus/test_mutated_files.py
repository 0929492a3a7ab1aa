"""Mutated files of every format end in what a naive reader reads, or in an error; never in a traceback or nonsense."""

import random
from collections import Counter

import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, make_corpus, parse_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import split_lines
from tasks.corpus.write import WRITERS, written
from tasks.words.labels import LabelConfig

WORDS = [["Ida", "Koch", "ruft", "laut", "."], ["Bonn", "und", "Ulm", "ruhen"], ["Das", "Amt", "lobt", "Uwe"]]
TAGS = [["B-PER", "I-PER", "O", "O", "O"], ["B-LOC", "O", "B-LOC", "O"], ["O", "B-ORG", "O", "B-PER"]]
KINDS = [name for name in WRITERS if name not in ("parquet", "spacy", "brat")]
PIECES = [
    "\t",
    "\n",
    "\n\n",
    " ",
    "|",
    ",",
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    "O",
    "B-",
    "I-",
    "B-PER",
    "\\",
    "#",
    "# ",
    "<",
    ">",
    "0",
    "9",
]
KNOWN = Counter(word for sentence in WORDS for word in sentence)


def texts() -> dict[str, str]:
    corpus = make_corpus(WORDS * 3, TAGS * 3, "de")
    return {name: written(corpus, name)[""].decode() for name in KINDS}


def mutated(text: str, draw: random.Random) -> str:
    """The text with one to three places changed: cut, doubled, put in, swapped."""
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(len(text) + 1)
        end = min(len(text), start + draw.choice([0, 1, 1, 2, 5, 20]))
        put = draw.choice([*PIECES, "", text[start:end] * 2, text[start:end][::-1]])
        text = text[:start] + put + text[end:]
    return text


def check(text: str, name: str) -> bool:
    """Reads a file with and without its tags; says whether it could be read."""
    lines = split_lines(text.encode(), "x", normalized=False)
    found: list[Corpus] = []
    for labels in (LabelConfig(), None):
        try:
            found.append(parse_corpus(lines, "x", CorpusFormat(), labels, "de"))
        except InputError:
            continue
    for corpus in found:
        words = [word for sentence in corpus.words for word in sentence]
        # No labels among the words: hardly any tag, and at most what was put in of JSON's signs.
        tags = sum(word[:2] in ("B-", "I-") for word in words)
        assert tags <= 3, (name, text, words)
        # Without prefixes, any string is a type.
        if corpus.tags is None or name == "few-nerd":
            continue
        types = {tag[2:] for sentence in corpus.tags for tag in sentence if tag != "O"}
        # No words as tags: types are the ones that were written, but for those that a change broke.
        assert len(types - {"PER", "LOC", "ORG"}) <= 3, (name, text, types)
        assert not types & KNOWN.keys() or len(types & KNOWN.keys()) <= 1, (name, text, types)
    if len(found) == 2:
        assert found[0].words == found[1].words
    return bool(found)


def run(files: int, seed: int) -> None:
    draw, whole = random.Random(seed), texts()
    read = Counter[str]()
    for number in range(files):
        name = KINDS[number % len(KINDS)]
        read[name] += check(mutated(whole[name], draw), name)
    # The test would be void if everything were refused.
    assert all(read[name] for name in KINDS), read


def test_mutated_files_are_read_or_refused() -> None:
    run(1_500, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_mutated_files_are_read_or_refused() -> None:
    run(100_000, seed=1)


def naive(text: str) -> tuple[list[list[str]], list[list[str]]] | None:
    """The plainest reader of tab-separated words and tags; None where a line has not two columns, or a tag is none."""
    words: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for line in text.split("\n"):
        if not line.strip():
            words.append([])
            tags.append([])
            continue
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0].strip() or fields[0].startswith(("#", "-")):
            return None
        if fields[1] != "O" and (fields[1][:2] not in ("B-", "I-") or fields[1][2:] not in ("PER", "LOC", "ORG")):
            return None
        words[-1].append(fields[0].strip(" "))
        tags[-1].append(fields[1])
    return [each for each in words if each], [each for each in tags if each]


def test_mutated_columns_are_read_as_a_naive_reader_reads_them() -> None:
    draw, whole, compared = random.Random(2), texts()["columns"], 0
    for _ in range(3_000):
        text = mutated(whole, draw)
        expected = naive(text)
        if expected is None:
            continue
        try:
            corpus = parse_corpus(split_lines(text.encode(), "x"), "x", CorpusFormat(), LabelConfig(), "de")
        except InputError:
            continue
        compared += 1
        assert corpus.words == expected[0], text
        # IOB1 and IOB2 differ in their first letters alone.
        assert [[tag[2:] for tag in each] for each in corpus.tags or []] == [
            [tag[2:] for tag in each] for each in expected[1]
        ]
    assert compared > 500
