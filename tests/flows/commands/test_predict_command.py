"""crosstag predict beside load_student and a pipeline of transformers; text as it comes; bad bytes."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import pipeline

from artifacts.catalog import ENCODER, STUDENT, TAGGER
from artifacts.errors import InputError
from artifacts.manifest import Recipe
from artifacts.store import STORE_FORMAT, Store
from flows.commands.predict import model_folder
from flows.commands.running_text import check_text, read_text
from tasks.corpus.corpus import load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.paths import resolve
from tasks.corpus.segmenters import Segmenter
from tasks.corpus.text import word_splitter
from tasks.tagging.decoding import Decoding
from tasks.tagging.student import Tagged, load_student
from tasks.words.spans import spans_of

Crosstag = Callable[..., tuple[int, str]]
TEXT = "Am 3. Oktober kam Anna.  „Schön!“\n\nIn Berlin regnet\nes. Dr. Meyer\r\nlacht.\n"


@pytest.fixture
def student(finished: Path) -> Path:
    return next((finished / "student").iterdir())


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    return path


def read_as_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_a_model_that_is_not_there_or_is_no_tagger_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(InputError, match=r"model nomodel: there is no such folder, and no store at .*--store"):
        model_folder("nomodel", str(store))
    assert not store.exists()
    recipe = Recipe(step="x", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    for kind, key in ((STUDENT, "ab"), (TAGGER, "cd"), (ENCODER, "ef")):
        with store.writing(kind, key, recipe) as writer:
            (writer.folder / "config.json").write_text(kind.name)
    for named, kind in (("student/a", "student"), ("cd", "tagger")):
        assert (model_folder(named, str(store)) / "config.json").read_text() == kind
    with pytest.raises(
        InputError, match=r"model nomodel: there is no such folder, and store .*: nothing fits 'nomodel'"
    ):
        model_folder("nomodel", str(store))
    with pytest.raises(
        InputError, match=r"model encoder/ef: it is of kind encoder, expected student/KEY or tagger/KEY"
    ):
        model_folder("encoder/ef", str(store))


def test_every_line_has_its_row_a_blank_one_too(
    crosstag: Crosstag, student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["Es regnet.", "", "  ", "Anna geht.", ""]
    read_as_stdin(monkeypatch, "\n".join([*lines, ""]).encode())
    code, printed = crosstag("predict", str(student), "-", "--format", "jsonl")
    tokens = [json.loads(line)["tokens"] for line in printed.splitlines()]
    assert code == 0 and tokens == [["Es", "regnet", "."], [], [], ["Anna", "geht", "."], []]
    read_as_stdin(monkeypatch, "\n".join([*lines, ""]).encode())
    _, columns = crosstag("predict", str(student), "-")
    # An empty line ends each block, so that as many end as there were lines.
    assert [row.split("\t")[0] for row in columns.split("\n")] == [
        *["Es", "regnet", ".", "", "", "", "Anna", "geht", ".", "", "", ""]
    ]


def test_probabilities_and_offsets_stand_beside_the_tags(crosstag: Crosstag, student: Path, text: Path) -> None:
    options = ("--probabilities", "--offsets")
    _, printed = crosstag("predict", str(student), str(text), "--format", "jsonl", *options)
    rows = [json.loads(line) for line in printed.splitlines()]
    lines = TEXT.replace("\r\n", "\n").split("\n")[:-1]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert [line[start:end] for start, end in zip(row["starts"], row["ends"], strict=True)] == row["tokens"]
        assert len(row["probabilities"]) == len(row["tags"]) and all(0 < p <= 1 for p in row["probabilities"])
    _, columns = crosstag("predict", str(student), str(text), *options)
    words = [line.split("\t") for line in columns.splitlines() if line]
    flat = [[str(row[key][i]) for key in ("tokens", "tags", "probabilities", "starts", "ends")]
            for row in rows for i in range(len(row["tokens"]))]  # fmt: skip
    assert words == flat


@pytest.mark.parametrize(
    ("layout", "sentences"),
    [
        (
            "paragraphs",
            [
                (1, "Am 3. Oktober kam Anna."),
                (1, "„Schön!“"),
                (2, ""),
                (3, "In Berlin regnet"),
                (4, "es."),
                (4, "Dr. Meyer"),
                (5, "lacht."),
            ],
        ),
        (
            "wrapped",
            [(1, "Am 3. Oktober kam Anna."), (1, "„Schön!“"), (3, "In Berlin regnet\nes."), (4, "Dr. Meyer\nlacht.")],
        ),
    ],
)
def test_running_text_is_split_each_row_tells_its_line_and_offsets_count_in_all_of_the_text(
    crosstag: Crosstag, student: Path, text: Path, layout: str, sentences: list[tuple[int, str]]
) -> None:
    code, printed = crosstag(
        "predict", str(student), str(text), "--text", layout, "--offsets", "--format", "jsonl", "--language", "de"
    )
    assert code == 0
    whole = text.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in printed.splitlines()]
    found = [(row["line"], whole[row["starts"][0] : row["ends"][-1]] if row["starts"] else "") for row in rows]
    assert found == sentences
    for row in rows:
        assert [whole[start:end] for start, end in zip(row["starts"], row["ends"], strict=True)] == row["tokens"]


@pytest.mark.parametrize(
    ("language", "segmenter", "package", "lines"),
    [
        ("zh", "jieba", "rjieba", ["张伟在北", "京大学学习。李", "娜来自New", "York，", "她很好。"]),
        ("ja", "sudachi", "sudachipy", ["彼は東", "京で買う。", "雨です。"]),
        ("th", "newmm", "pythainlp", ["ผมรักกรุง", "เทพ iPhone"]),
        ("zh", "characters", "regex", ["张伟在北", "京大学学习。李", "娜来自New", "York，", "她很好。"]),
    ],
)
def test_words_that_go_on_over_line_ends_are_whole_in_scripts_without_spaces(
    crosstag: Crosstag,
    student: Path,
    tmp_path: Path,
    language: str,
    segmenter: Segmenter,
    package: str,
    lines: list[str],
) -> None:
    pytest.importorskip(package)
    path = tmp_path / "text.txt"
    # A paragraph before it, so that places in the file and in the paragraph differ.
    path.write_text("\n".join(["Bonn ruht.", "", *lines, ""]), encoding="utf-8")
    options = ("--text", "wrapped", "--language", language, "--segmenter", segmenter, "--offsets")
    code, printed = crosstag("predict", str(student), str(path), *options, "--format", "jsonl")
    assert code == 0
    rows = [json.loads(line) for line in printed.splitlines()]
    unwrapped = "".join(lines).replace("NewYork", "New York")
    tokens = [token for row in rows for token in row["tokens"]]
    split = word_splitter(language, segmenter=segmenter)
    assert tokens == [*split("Bonn ruht."), *split(unwrapped)]
    whole = path.read_text(encoding="utf-8")
    for row in rows:
        found = [whole[start:end].replace("\n", "") for start, end in zip(row["starts"], row["ends"], strict=True)]
        assert found == row["tokens"]
        assert row["line"] == whole[: row["starts"][0]].count("\n") + 1


def test_split_words_are_not_split_into_sentences(crosstag: Crosstag, student: Path, text: Path) -> None:
    code, message = crosstag("predict", str(student), str(text), "--tokenized", "--text", "wrapped")
    assert code == 2 and "leave --tokenized out" in message


def test_words_are_found_by_spaces_or_by_a_segmenter(crosstag: Crosstag, student: Path, text: Path) -> None:
    code, message = crosstag("predict", str(student), str(text), "--tokenized", "--segmenter", "characters")
    assert code == 2 and "leave one of them out" in message


def test_the_words_of_a_corpus_are_tagged_as_they_are(crosstag: Crosstag, student: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("Anna's\tB-PER\ngeht\tO\n\nBonn\tB-LOC\n", encoding="utf-8")
    code, printed = crosstag("predict", str(student), str(path), "--read", "auto", "--format", "jsonl", "--offsets")
    rows = [json.loads(line) for line in printed.splitlines()]
    assert code == 0 and [row["tokens"] for row in rows] == [["Anna's", "geht"], ["Bonn"]]
    assert rows[0]["starts"] == [0, 7]
    code, message = crosstag("predict", str(student), str(path), "--read", "auto", "--tokenized")
    assert code == 2 and "a corpus has its own sentences and words" in message
    code, message = crosstag("predict", str(student), str(path), "--read", "klingon")
    assert code == 2 and message.startswith("error: predict: --read: ")
    code, message = crosstag("predict", str(student), str(path), "--language", "german")
    assert code == 2 and message.startswith("error: --language german: expected a code such as de")


def test_text_without_spaces_is_split_as_the_student_learned_or_asked_about(
    crosstag: Crosstag, student: Path, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_text("张伟在Bonn。\n", encoding="utf-8")
    for options in ((), ("--read", "text")):
        asked = ("predict", str(student), str(path), "--language", "zh", "--format", "jsonl", *options)
        code, message = crosstag(*asked)
        assert code == 2 and "name it: --segmenter jieba or characters" in message
        code, printed = crosstag(*asked, "--segmenter", "characters")
        assert code == 0 and json.loads(printed)["tokens"] == ["张", "伟", "在", "Bonn", "。"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (
            "\ufeffAnna geht.\n\ufeffBerlin ruht.\n\ufeff\n\ufeff \nEs\ufeff",
            ["Anna geht.", "Berlin ruht.", "", "", "Es\ufeff"],
        ),
        ("Anna geht.\rBerlin ruht.\r\rEs regnet.\r", ["Anna geht.", "Berlin ruht.", "", "Es regnet."]),
        ("Anna geht.\r", ["Anna geht."]),
        ("Anna geht.\r\r\n\r\r\nBerlin ruht.\r\r", ["Anna geht.", "", "Berlin ruht."]),
        ("Anna\rgeht.\nBerlin\rruht.", ["Anna\rgeht.", "Berlin\rruht."]),
    ],
)
def test_text_has_the_lines_that_a_corpus_has(tmp_path: Path, content: str, lines: list[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content.encode())
    assert list(read_text(path, normalized=False)) == lines
    corpus = load_corpus(path, CorpusFormat(format="text"), None, "de")
    assert corpus.words == [words for line in lines if (words := word_splitter("de")(line))]


def test_a_corpus_is_no_text(crosstag: Crosstag, student: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("Anna\tB-PER\ngeht\tO\n", encoding="utf-8")
    code, message = crosstag("predict", str(student), str(path))
    assert code == 2 and "the file looks like words and tags" in message and "--read auto" in message
    path.write_text("Die S-Bahn fährt nach Kiel.\n", encoding="utf-8")
    check_text(path)


def test_bytes_that_are_not_utf8_are_told_with_their_line_from_a_file_and_from_standard_input(
    crosstag: Crosstag, student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "Es regnet.\nIn Zürich auch.\n".encode("latin-1")
    path = tmp_path / "latin.txt"
    path.write_bytes(content)
    code, message = crosstag("predict", str(student), str(path))
    said = "line 2: byte 5 of the line (0xfc) is not UTF-8; expected UTF-8 text; convert it"
    assert code == 2 and f"latin.txt, {said}" in message
    read_as_stdin(monkeypatch, content)
    code, message = crosstag("predict", str(student), "-")
    assert code == 2 and f"standard input, {said}" in message


def test_utf16_a_folder_and_decomposed_text_with_offsets_are_told(
    crosstag: Crosstag, student: Path, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("Anna".encode("utf-16"))
    assert "UTF-16" in crosstag("predict", str(student), str(path))[1]
    assert "this is a folder" in crosstag("predict", str(student), str(tmp_path))[1]
    path.write_text("Anna\nZu\u0308rich\n", encoding="utf-8")
    assert "line 2: not in Unicode NFC" in crosstag("predict", str(student), str(path), "--offsets")[1]
    assert crosstag("predict", str(student), str(path))[0] == 0


def test_the_speed_is_told_apart_from_the_result(
    student: Path, text: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.commands.cli import main

    monkeypatch.setattr("sys.argv", ["crosstag", "predict", str(student), str(text)])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"5 sentences, 19 words in [\d.]+ s: [\d,]+ sentences and [\d,]+ words a second", told)


def german() -> list[list[str]]:
    blocks = resolve("bundled:de.test.conll").read_text(encoding="utf-8").strip().split("\n\n")
    return [[line.split()[0] for line in block.splitlines()] for block in blocks]


def in_characters(tagged: Tagged) -> list[tuple[int, int, str]]:
    return [(entity.start, entity.end, entity.type) for entity in tagged.entities]


def calls_of_the_card(student: Path) -> dict[str, Any]:
    """The objects called `tagger` that the card's examples make, by what they import."""
    blocks = re.findall(r"```python\n(.*?)```", (student / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    made = {}
    for block in blocks:
        names: dict[str, Any] = {}
        exec(block.replace("path/to/this/folder", str(student)), names)
        made[next(name for name in ("load_student", "pipeline") if name in names)] = names["tagger"]
    return made


def test_the_cards_call_gives_what_predict_gives(crosstag: Crosstag, student: Path, tmp_path: Path) -> None:
    texts = [" ".join(words) for words in german()]
    (tmp_path / "text.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    _, printed = crosstag("predict", str(student), str(tmp_path / "text.txt"), "--format", "jsonl", "--offsets")
    tagger = calls_of_the_card(student)["load_student"]
    found = 0
    for text, line in zip(texts, printed.splitlines(), strict=True):
        row = json.loads(line)
        expected = [(row["starts"][a], row["ends"][b - 1], kind) for a, b, kind in spans_of(row["tags"])]
        assert [(entity.start, entity.end, entity.type) for entity in tagger(text)] == expected
        found += len(expected)
    assert found > 100


def test_the_cards_pipeline_differs_in_what_the_card_says_and_in_nothing_else(student: Path) -> None:
    sentences = german()
    texts = [" ".join(words) for words in sentences]
    piped = [
        [(e["start"], e["end"], e["entity_group"]) for e in found]
        for found in calls_of_the_card(student)["pipeline"](texts)
    ]
    ours = list(load_student(student, tokenized=True).tag_words(sentences))
    likeliest = load_student(student, tokenized=True, decoding=Decoding(method="argmax")).tag_words(sentences)
    same = entities = 0
    for words, found, tagged, unchecked in zip(sentences, piped, ours, likeliest, strict=True):
        one_piece = all(word.isalnum() or len(word) == 1 for word in words)
        if one_piece and tagged.tags == unchecked.tags:
            assert found == in_characters(tagged)
            same, entities = same + 1, entities + len(found)
    assert same > 100 and entities > 20


def test_a_pipeline_leaves_out_nothing_of_a_long_sentence(student: Path) -> None:
    words = [word for sentence in german()[:40] for word in sentence]
    tagger = calls_of_the_card(student)["pipeline"]
    ignoring = pipeline("token-classification", str(student), aggregation_strategy="first", ignore_labels=[])
    everything = tagger(" ".join(words), ignore_labels=[])
    assert everything[-1]["end"] == len(" ".join(words)) > ignoring(" ".join(words))[-1]["end"]
