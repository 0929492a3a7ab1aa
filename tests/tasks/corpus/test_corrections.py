"""The file of corrections: what it takes, what counts, what is refused, and that nothing is lost."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from artifacts.catalog import CORRECTIONS, LABELLED, SENTENCES
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.corrections import (
    Correction,
    append_corrections,
    check_corrections,
    correction,
    latest,
    load_corrections,
)
from tasks.corpus.read import read_corrections

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Ada", "lebt"], ["In", "Ulm"], ["Ja"]]
MADE = datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC)
PutTable = Callable[..., Reference]


def said(number: int, tags: list[str] | None, **changes: Any) -> Correction:
    words = WORDS[number]
    rest = {"words": words, "before": ["O"] * len(words), "author": "ada", "made": MADE, "sentences": "sentences/ab"}
    return correction(**{"sentence_id": number, "tags": tags, **rest, **changes})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "by_hand" / "de.jsonl"


def test_what_is_added_is_read_again_and_the_latest_line_about_a_sentence_counts(file: Path) -> None:
    first = said(1, ["O", "B-PER"])
    append_corrections(file, [said(0, ["B-PER", "O"]), first])
    before = file.read_bytes()
    append_corrections(file, [said(1, ["O", "B-LOC"], author="ben", before=["O", "B-PER"]), said(0, None)])
    assert file.read_bytes().startswith(before), "lines are only ever added"
    lines = load_corrections(file)
    assert [line.number for line in lines] == [1, 2, 3, 4] and lines[1].correction == first
    (counts,) = latest(lines)  # sentence 0 was withdrawn
    assert (counts.number, counts.correction.author, counts.correction.tags) == (3, "ben", ("O", "B-LOC"))
    assert counts.correction.changed == 1
    append_corrections(file, [said(0, ["O", "O"])])
    assert [line.correction.sentence_id for line in latest(load_corrections(file))] == [0, 1]


def test_a_line_is_plain_json_with_the_time_in_utc(file: Path) -> None:
    made = datetime.fromisoformat("2026-11-29T03:02:03+02:00")
    append_corrections(file, [said(1, ["O", "B-LOC"], made=made)])
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "sentence_id": 1,
        "words": ["In", "Ulm"],
        "tags": ["O", "B-LOC"],
        "before": ["O", "O"],
        "author": "ada",
        "made": "2026-11-29T01:02:03Z",
        "sentences": "sentences/ab",
    }


def test_hostile_text_is_data(file: Path) -> None:
    words = ["<script>alert(1)</script>", "\"\\'", "\u202edlot", "\u2028", "x" * 10_000, "مرحبا", "\U0001f600"]
    tags = ["B-PER", *["O"] * 6]
    made = correction(
        sentence_id=0, words=words, tags=tags, before=["O"] * 7, author="</b>\u202e", sentences="sentences/ab"
    )
    append_corrections(file, [made, made])
    assert [line.correction for line in load_corrections(file)] == [made, made]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tags": ["B-PER"]}, "2 words, 1 tags; expected one for each word"),
        ({"before": ["O"]}, "2 words, 1 before"),
        ({"tags": ["O", "I-PER"]}, "word 1, 'lebt': tag 'I-PER' after 'O' is not valid in iob2; expected 'B-PER' or"),
        ({"tags": ["O", "PER"]}, "'PER' is no tag"),
        ({"tags": ["O", "S-PER"]}, "tag 'S-PER' does not exist in iob2"),
        ({"words": ["Ada", ""]}, "words.1: String should have at least 1 character"),
        ({"words": ["Ada", "a\tb"]}, "word 1 is 'a\\tb'; expected text without line ends, tabs"),
        ({"words": ["Ada", "\ud800"]}, "words.1"),
        ({"author": "  "}, "author: String should have at least 1 character"),
        ({"author": "a\nb"}, "author is 'a\\nb'; expected a name on one line"),
        ({"made": datetime(2026, 1, 1)}, "made: Input should have timezone info"),
        ({"sentence_id": -1}, "sentence_id"),
    ],
)
def test_what_is_no_correction_is_refused_when_it_is_made(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as refused:
        said(0, **{"tags": ["B-PER", "O"], **changes})
    assert reason in str(refused.value), str(refused.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ('{"sentence_id": "7"}', "sentence_id: Input should be a valid integer"),
        ('{"sentence_id": 7, "colour": 1}', "words: Field required"),
    ],
)
def test_a_line_that_is_none_is_told_by_its_number(file: Path, line: str, reason: str) -> None:
    append_corrections(file, [said(0, ["B-PER", "O"])])
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"\n{line}\n")
    with pytest.raises(InputError, match=rf"de\.jsonl, line 3: {reason}.*; fix the line, or delete it"):
        load_corrections(file)


def test_a_file_without_a_last_line_end_goes_on_in_a_new_line(file: Path) -> None:
    append_corrections(file, [said(0, ["B-PER", "O"])])
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    append_corrections(file, [said(1, ["O", "B-LOC"])])
    assert [line.correction.sentence_id for line in load_corrections(file)] == [0, 1]


def test_nothing_is_added_behind_a_line_that_is_cut_off(file: Path) -> None:
    append_corrections(file, [said(0, ["B-PER", "O"]), said(1, ["O", "B-LOC"])])
    torn = file.read_bytes()[:-20]
    file.write_bytes(torn)
    with pytest.raises(InputError, match="line 2: Invalid JSON"):
        append_corrections(file, [said(2, ["O"])])
    assert file.read_bytes() == torn


def test_many_may_write_at_once(file: Path) -> None:
    def write(author: str) -> None:
        for _ in range(20):
            append_corrections(file, [said(0, ["B-PER", "O"], author=author), said(1, ["O", "O"], author=author)])

    writers = [threading.Thread(target=write, args=(name,)) for name in ("ada", "ben", "eva")]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    authors = [line.correction.author for line in load_corrections(file)]
    assert len(authors) == 120 and authors[::2] == authors[1::2], "what is added together stands together"


# --- Against the text


def test_corrections_of_another_text_are_refused_by_file_and_line(file: Path) -> None:
    append_corrections(file, [said(2, ["O"]), said(0, ["B-PER", "O"]), said(1, ["O", "B-LOC"])])
    lines = latest(load_corrections(file))
    texts: dict[int, list[str]] = dict(enumerate(WORDS))
    check_corrections(lines, texts.get, LABELS, "de.jsonl", "de.txt")
    with pytest.raises(InputError, match=r"^corrections de\.jsonl, line 1: de\.txt has no sentence 2 \('Ja', of"):
        check_corrections(lines, dict(enumerate(WORDS[:2])).get, LABELS, "de.jsonl", "de.txt")
    changed = r"line 2: sentence 0 is 'Eva lebt' in de\.txt, and was 'Ada lebt' when it was corrected \(in sentences/ab"
    with pytest.raises(InputError, match=changed + r".*\(1 more lines do not fit\)"):
        check_corrections(lines, {**texts, 0: ["Eva", "lebt"], 2: ["Nein"]}.get, LABELS, "de.jsonl", "de.txt")
    with pytest.raises(InputError, match=r"line 3: tag 'B-LOC' is not one of O, B-PER, I-PER; correct sentence 1"):
        check_corrections(lines, texts.get, ["O", "B-PER", "I-PER"], "de.jsonl", "de.txt")
    with pytest.raises(InputError, match="no correction is in it that was not withdrawn"):
        check_corrections([], texts.get, LABELS, "de.jsonl", "de.txt")


def test_a_sentence_that_changed_keeps_its_correction_beside_the_new_one(file: Path) -> None:
    # Two lines with one id and other words are about two sentences: the older is not lost without a word.
    append_corrections(file, [said(0, ["B-PER", "O"]), said(0, ["B-PER", "O"], words=["Eva", "lebt"])])
    assert len(latest(load_corrections(file))) == 2


def test_the_step_reads_what_counts_and_who_said_it(store: Store, put_table: PutTable, file: Path) -> None:
    sentences = put_table(SENTENCES, {"sentence_id": [0, 1, 2], "words": WORDS}, {"language": "de"})
    labelled = put_table(LABELLED, {"sentence_id": [0], "words": [["x"]], "tags": [["O"]]}, {"labels": LABELS})
    append_corrections(file, [said(1, ["O", "B-PER"]), said(2, ["O"]), said(0, ["B-PER", "O"], author="ben")])
    append_corrections(file, [said(1, ["O", "B-LOC"], before=["O", "B-PER"]), said(2, None)])
    made = run_alone(store, read_corrections, InputFile(path=str(file)), sentences, labelled)
    assert made.kind == CORRECTIONS.name
    assert store.table(made).to_pylist() == [
        {"sentence_id": 0, "words": WORDS[0], "tags": ["B-PER", "O"], "before": ["O", "O"], "author": "ben"}
        | {"made": "2026-11-29T01:02:03Z"},
        {"sentence_id": 1, "words": WORDS[1], "tags": ["O", "B-LOC"], "before": ["O", "B-PER"], "author": "ada"}
        | {"made": "2026-11-29T01:02:03Z"},
    ]
    about = {"language": "de", "labels": LABELS, "corpus": sentences.content, "authors": {"ada": 1, "ben": 1}}
    assert store.metadata(made) == about
    append_corrections(file, [said(2, ["B-ORG"])])
    with pytest.raises(InputError, match=r"de\.jsonl, line 6: tag 'B-ORG' is not one of"):
        run_alone(store, read_corrections, InputFile(path=str(file)), sentences, labelled)
