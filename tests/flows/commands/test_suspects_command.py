"""crosstag suspects: the least trusted labels first, on the terminal and in a file for annotators."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.tagging.student import load_student

Crosstag = Callable[..., tuple[int, str]]


@pytest.fixture
def student(finished: Path) -> str:
    return str(next((finished / "student").iterdir()))


@pytest.fixture
def corpus(data: Path, tmp_path: Path) -> Path:
    """The labelled test set; what a student of seconds thinks of its labels is little, but it is something."""
    path = tmp_path / "labelled.conll"
    path.write_text((data / "de.test.conll").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def shown(printed: str) -> list[tuple[int, str, str, float]]:
    """Sentence, word, label and probability of each row."""
    rows = re.findall(r"^([\d,]+) +(\S+) +(O|[BI]-\w+) +(?:O|[BI]-\w+) +(\d\.\d{3}) ", printed, re.MULTILINE)
    return [(int(number.replace(",", "")), word, label, float(p)) for number, word, label, p in rows]


def sentences(path: Path) -> list[list[list[str]]]:
    blocks = [block for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]
    return [[line.split() for line in block.splitlines()] for block in blocks]


def test_the_least_trusted_come_first_and_go_out_with_their_labels(
    crosstag: Crosstag, student: str, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "queue.jsonl"
    code, printed = crosstag("suspects", str(corpus), "--model", student, "--rows", "7", "--out", str(out))
    rows = shown(printed)
    assert code == 0 and len(rows) == 7
    assert [p for *_, p in rows] == sorted(p for *_, p in rows)
    given = sentences(corpus)
    tagger = load_student(student, tokenized=True)
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for (number, word, label, _), line in zip(rows, written, strict=True):
        words, tags = zip(*((pair[0], pair[-1]) for pair in given[number - 1]), strict=True)
        assert (list(words), list(tags)) == (line["tokens"], line["tags"])
        assert (word, label) in list(zip(words, tags, strict=True))
        assert next(tagger.tag_words([list(words)])).words == list(words)
    assert "of 60 sentences, the least trusted first; the tagger labels" in printed


def test_by_neighbours_and_in_the_format_of_an_annotation_tool(
    crosstag: Crosstag, student: str, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "queue.json"
    options = ("--neighbours", "5", "--by", "agreement", "--rows", "4", "--out", str(out), "--to", "label-studio")
    code, printed = crosstag("suspects", str(corpus), "--model", student, *options)
    assert code == 0 and len(json.loads(out.read_text(encoding="utf-8"))) == 4
    agreements = [float(n) for n in re.findall(r" \d\.\d{3} +(\d\.\d\d) ", printed)]
    assert len(agreements) == 4 and agreements == sorted(agreements) and agreements[0] < 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--by", "agreement"), "--by agreement: .*give --neighbours"),
        (("--to", "doccano"), "--to doccano: .*name that by --out"),
        (("--neighbours", "100000"), "the corpus has [0-9,]+ words; expected fewer neighbours"),
        (("--out", "{corpus}"), "is there already"),
        (("--set", "labels.types=[LOC, FOO]"), "the tagger has no type FOO; expected LOC, MISC, ORG, PER"),
        (("--set", "labels.renamed.A=B"), "labels|rename"),
        (("--model", "student/ffff"), "student/ffff"),
    ],
)
def test_what_does_not_fit_is_told(
    crosstag: Crosstag, student: str, corpus: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    given = [each.format(corpus=corpus) for each in options]
    model = () if "--model" in given else ("--model", student)
    code, told = crosstag("suspects", str(corpus), *model, *given, "--store", str(tmp_path))
    assert code == 2 and re.search(message, told.replace("\n", " "))


def test_other_types_are_told_renamed_or_left_out(crosstag: Crosstag, student: str, corpus: Path, data: Path) -> None:
    corpus.write_text(corpus.read_text(encoding="utf-8").replace("-PER", "-PERS"), encoding="utf-8")
    code, told = crosstag("suspects", str(corpus), "--model", student)
    assert code == 2 and "PERS" in told
    code, renamed = crosstag("suspects", str(corpus), "--model", student, "--set", "labels.rename.PERS=PER")
    _, plain = crosstag("suspects", str(data / "de.test.conll"), "--model", student)
    assert code == 0 and shown(renamed) == shown(plain)
    code, dropped = crosstag("suspects", str(corpus), "--model", student, "--set", "labels.other_types=drop")
    assert code == 0 and not any(label.endswith("PER") for _, _, label, _ in shown(dropped))


def test_a_corpus_without_labels_is_refused(crosstag: Crosstag, student: str, data: Path) -> None:
    code, told = crosstag("suspects", str(data / "de.txt"), "--model", student)
    assert code == 2 and "de.txt" in told
