"""A command of the user's as labeller, asked by a step and read by another."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import PARTIAL_SOFT_LABELS, SENTENCES, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.inputs import Input
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.show import preview
from artifacts.step import run_alone, run_alone_on
from artifacts.store import Store
from flows.parts.labeller import check_labeller
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.external import ExternalLabeller
from tasks.labelling.read_answers import read_labeller_answers

TYPES = {"PER": "persons", "LOC": "places"}
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Ida", "ruft", "."], ["In", "Ulm", "!"], [], ["Ida", "ruft", "."], ["Uwe"]]
# Says who is a person, keeps what it was asked, and ends after `calls` answers if the file `ends` says so.
PERSONS = """
import json, os, pathlib, sys
left = int(pathlib.Path("ends").read_text()) if os.path.exists("ends") else 10**6
for line in sys.stdin:
    if left == 0:
        sys.exit("enough")
    left -= 1
    a = json.loads(line)
    open("asked", "a").write(json.dumps(a) + "\\n")
    named = [place for word, place in zip(a["words"], a["offsets"]) if word in ("Ida", "Uwe")]
    found = [{"start": start, "end": end, "type": "PER"} for start, end in named]
    usage = {"tokens": len(a["words"]), "cost": 0.25}
    print(json.dumps({"id": a["id"], "entities": found, "usage": usage}), flush=True)
"""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.asking._FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder, in which commands are started."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def labeller(data: Path) -> Callable[..., ExternalLabeller]:
    """A command of these lines of Python."""

    def make(program: str = PERSONS, **settings: Any) -> ExternalLabeller:
        (data / "program.py").write_text(program, encoding="utf-8")
        command = f"{shlex.quote(sys.executable)} program.py"
        return ExternalLabeller(**{"command": command, "version": "1", "types": TYPES, "tries": 1, **settings})

    return make


@pytest.fixture
def ask(store: Store, data: Path) -> Callable[[Reference, ExternalLabeller], Reference]:
    return lambda sentences, labeller: run_alone_on(
        Runtime(store=str(store), data=str(data)), ask_labeller, sentences, labeller
    )


@pytest.fixture
def put_sentences(put_table: Callable[..., Reference]) -> Callable[..., Reference]:
    def put(words: list[list[str]], language: str = "de") -> Reference:
        ids = [10 + number for number in range(len(words))]
        return put_table(SENTENCES, {"sentence_id": ids, "words": words}, {"language": language})

    return put


def says(*answers: dict[str, Any] | str) -> str:
    """A program that gives the n-th line of its input the n-th of these answers, or texts."""
    lines = [each if isinstance(each, str) else {**each} for each in answers]
    return f"""
import json, sys
for line, answer in zip(sys.stdin, {lines!r}):
    print(answer if isinstance(answer, str) else json.dumps({{"id": json.loads(line)["id"], **answer}}), flush=True)
"""


def asked(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "asked").read_text().splitlines()]


def test_each_sentence_is_asked_once_with_words_offsets_and_definitions(
    ask: Any, put_sentences: Any, labeller: Any, data: Path
) -> None:
    ask(put_sentences(WORDS), labeller())
    first, *others = asked(data)
    assert [each["words"] for each in others] == [["In", "Ulm", "!"], ["Uwe"]]
    assert first == {
        "id": 0,
        "language": "de",
        "text": "Ida ruft.",
        "words": ["Ida", "ruft", "."],
        "offsets": [[0, 3], [4, 8], [8, 9]],
        "types": {"LOC": "places", "PER": "persons"},
        "labels": LABELS,
    }


def test_answers_become_soft_labels_like_a_taggers(store: Store, ask: Any, put_sentences: Any, labeller: Any) -> None:
    answers = ask(put_sentences(WORDS), labeller())
    labels = run_alone(store, read_labeller_answers, answers)
    assert labels.kind == PARTIAL_SOFT_LABELS.name
    table = store.table(labels)
    assert table["sentence_id"].to_pylist() == [10, 11, 12, 13, 14]
    assert table["words"].to_pylist() == WORDS
    assert table.schema.field("probabilities") == SOFT_LABELS.schema.field("probabilities")
    best = [[LABELS[int(np.argmax(word))] for word in row] for row in table["probabilities"].to_pylist()]
    assert best == [["B-PER", "O", "O"], ["O", "O", "O"], [], ["B-PER", "O", "O"], ["B-PER"]]
    assert table["labelled"].to_pylist() == [[True] * len(words) for words in WORDS]
    assert store.metadata(labels) == {
        "language": "de", "labels": LABELS, "words": 10, "labelled": 10, "without_probability": 10, "refused": {},
        "unlabelled": {},
    }  # fmt: skip
    notes = store.require(answers).notes
    assert (notes["texts"], notes["new_texts"], notes["usage"]) == (3, 3, {"cost": 0.75, "tokens": 7})
    assert (notes["labeller"], notes["types"]) == ("1", {"LOC": "places", "PER": "persons"})
    assert "usage" not in "".join(store.table(answers)["answer"].to_pylist())


def test_a_sentence_of_another_language_is_asked_though_its_words_are_the_same(
    store: Store, ask: Any, put_sentences: Any, labeller: Any, data: Path
) -> None:
    # French writes a space before "!": offsets in the German text are not those of the French one.
    words = [["Goal", "!"]]
    before = ask(put_sentences(words, "de"), labeller())
    other = ask(put_sentences(words, "fr"), labeller())
    assert [(each["language"], each["text"]) for each in asked(data)] == [("de", "Goal!"), ("fr", "Goal !")]
    assert store.require(other).notes["taken_from"] == []
    again = ask(put_sentences([*words, ["Uwe"]], "de"), labeller())
    assert store.require(again).notes["taken_from"] == [f"{before.kind}/{before.key}"]


def test_what_cannot_be_taken_is_counted_by_reason_and_has_no_label(
    store: Store, ask: Any, put_sentences: Any, labeller: Any
) -> None:
    program = says(
        {"entities": [{"start": 0, "end": 3, "type": "GPE"}, {"start": 4, "end": 7, "type": "PER"}]},
        {"tags": ["O", "I-LOC", None], "probabilities": [0.5, None, None]},
        {"unlabelled": "too_long"},
    )
    labels = run_alone(store, read_labeller_answers, ask(put_sentences(WORDS), labeller(program)))
    facts = store.metadata(labels)
    # Of the first, which comes twice, the full stop is left; of the second its first word.
    assert facts["refused"] == {"stray": 1, "inside_word": 2, "unknown_type": 2}
    assert facts["unlabelled"] == {"too_long": 1}
    assert (facts["words"], facts["labelled"], facts["without_probability"]) == (10, 3, 2)
    table = store.table(labels)
    assert table["labelled"].to_pylist() == [
        [False, False, True],
        [True, False, False],
        [],
        [False, False, True],
        [False],
    ]
    assert table["probabilities"].to_pylist()[1] == [[0.5, *[0.125] * 4], [0.0] * 5, [0.0] * 5]
    assert table["probabilities"].to_pylist()[4] == [[0.0] * 5]
    examples = store.require(labels).notes["examples"]
    assert examples["unknown_type"] == "sentence 10: 'Ida' at 0 to 3 as 'GPE'"
    assert preview(store, labels, 2) == ["[10] Ida/? ruft/? .", "[11] In/O(0.50) Ulm/? !/?"]


def test_a_labeller_of_which_nothing_can_be_taken_is_an_error(
    store: Store, ask: Any, put_sentences: Any, labeller: Any
) -> None:
    program = says(*[{"entities": [{"start": 0, "end": 30, "type": "PER"}]}] * 2, {"unlabelled": "sorry"})
    answers = ask(put_sentences(WORDS), labeller(program))
    message = (
        "of 10 words none has a label; 3 outside_text, such as sentence 10: .*; 1 sentences left unlabelled: sorry"
    )
    with pytest.raises(InputError, match=message):
        run_alone(store, read_labeller_answers, answers)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Here are the entities:", "answer 2 cannot be read: Here are the entities:"),
        ('{"id": 1, "tags": ["O", "O", "O"], "usage": {"tokens": NaN}}', "answer 2 cannot be read"),
        ('{"id": 1, "entities": [{"start": 0, "end": 1, "type": "\\ud800"}]}', "answer 2 cannot be read"),
        ('{"id": 7, "tags": ["O"]}', "answer 2 has the id 7, and asked were 0 to 2"),
        ({"tags": "O O O"}, "answer 2, .*: tags: Input should be a valid list; expected a line such as"),
        ({"labels": ["O"]}, "answer 2, .*: labels: Extra inputs"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_named(ask: Any, put_sentences: Any, labeller: Any, answer: Any, why: str) -> None:
    program = says({"tags": ["O"] * 3}, answer)
    with pytest.raises(InputError, match=rf"external labeller `.*`: {why}.*2 of 3 texts have no answer, the others"):
        ask(put_sentences(WORDS), labeller(program))


def test_after_a_failure_only_what_is_missing_is_asked_and_all_usage_counts(
    store: Store, ask: Any, put_sentences: Any, labeller: Any, data: Path
) -> None:
    sentences = put_sentences(WORDS)
    (data / "ends").write_text("2")
    with pytest.raises(InputError, match="exit code 1 after 2 of 3 answers; it wrote 'enough'; 1 of 3 texts"):
        ask(sentences, labeller())
    (data / "ends").unlink()
    notes = store.require(ask(sentences, labeller())).notes
    assert [each["words"] for each in asked(data)] == [["Ida", "ruft", "."], ["In", "Ulm", "!"], ["Uwe"]]
    assert notes["resumed_texts"] == 2
    assert notes["usage"] == {"cost": 0.75, "tokens": 7}


def test_after_kill_9_only_what_is_missing_is_asked_and_the_result_is_the_same(
    store: Store, ask: Any, put_sentences: Any, labeller: Any, data: Path, tmp_path: Path
) -> None:
    sentences, made = put_sentences(WORDS), labeller()
    (data / "ends").write_text("2")
    died = f"""
import os, signal
import artifacts.asking
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone_on
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.external import ExternalLabeller
artifacts.asking.time.sleep = lambda seconds: os.kill(os.getpid(), signal.SIGKILL)  # Where it would ask again.
sentences = Reference.model_validate_json({sentences.model_dump_json()!r})
labeller = ExternalLabeller.model_validate_json({made.model_copy(update={"tries": 3}).model_dump_json()!r})
run_alone_on(Runtime(store={str(store)!r}, data={str(data)!r}), ask_labeller, sentences, labeller)
"""
    killed = subprocess.run([sys.executable, "-c", died], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (data / "ends").unlink()
    resumed = ask(sentences, made)
    assert [each["words"] for each in asked(data)] == [["Ida", "ruft", "."], ["In", "Ulm", "!"], ["Uwe"]]
    assert store.require(resumed).notes["resumed_texts"] == 2
    cold = Store(tmp_path / "cold")
    with cold.writing(SENTENCES, sentences.key, store.require(sentences).recipe) as writer:
        writer.write(store.table(sentences), store.metadata(sentences))
    again = run_alone_on(Runtime(store=str(cold), data=str(data)), ask_labeller, sentences, made)
    assert (again.key, again.digest) == (resumed.key, resumed.digest)


def test_what_was_said_of_other_sentences_is_not_asked_again(
    store: Store, ask: Any, put_sentences: Any, labeller: Any, data: Path
) -> None:
    before = ask(put_sentences(WORDS[:2]), labeller())
    notes = store.require(ask(put_sentences(WORDS), labeller())).notes
    assert (notes["texts"], notes["new_texts"], notes["taken_from"]) == (3, 1, [str(before)])
    assert notes["usage"] == {"cost": 0.25, "tokens": 1}
    assert len(asked(data)) == 3
    ask(put_sentences(WORDS), labeller(version="2"))
    assert len(asked(data)) == 6


def test_hostile_words_come_back_whole_and_offsets_count_code_points(
    store: Store, ask: Any, put_sentences: Any, labeller: Any, data: Path
) -> None:
    words = [
        ['"', "Ida", "\n", "\\", "'", "\u2028"],
        ["\U0001f600", "\U0001f1e9\U0001f1ea", "Uwe", "\u202e", "Ida", "\u202c"],
        ["\ufeff", "{}", "\x00", "Uwe"],
    ]
    answers = ask(put_sentences(words), labeller())
    for each in asked(data):
        assert [each["text"][start:end] for start, end in each["offsets"]] == each["words"]
    assert asked(data)[1]["offsets"][:3] == [[0, 1], [2, 4], [5, 8]]
    table = store.table(run_alone(store, read_labeller_answers, answers))
    assert table["words"].to_pylist() == words
    persons = [[LABELS[int(np.argmax(each))] == "B-PER" for each in row] for row in table["probabilities"].to_pylist()]
    assert persons == [[word in ("Ida", "Uwe") for word in row] for row in words]


# --- The key, and the checks before a run.


def test_version_and_types_are_in_the_key_and_how_it_is_asked_is_not(put_sentences: Any) -> None:
    sentences = put_sentences(WORDS)

    def key(**changes: Any) -> str:
        made = ExternalLabeller(**{"command": "a", "version": "1", "types": TYPES, **changes})
        assert isinstance(made, Input)
        return ask_labeller.key_of(ask_labeller.bound(sentences, made))[1]

    assert key() == key(command="b --key secret", tries=9, timeout_seconds=5, per_minute=3, texts_per_call=1)
    assert key() == key(types=dict(reversed(TYPES.items())))
    others = [key(version="2"), key(types={**TYPES, "PER": "people"}), key(types={**TYPES, "ORG": "firms"})]
    assert len({key(), *others}) == 4


def test_how_answers_are_read_is_not_in_the_key_of_what_is_asked() -> None:
    assert not [name for name in ask_labeller.definitions if "reading" in name or "read_answers" in name]
    assert "tasks.labelling.reading:word_labels" in read_labeller_answers.definitions


def test_what_would_stop_it_is_told_before(data: Path, labeller: Any) -> None:
    runtime = Runtime(data=str(data))
    check_labeller(labeller(), ["PER", "LOC"], runtime)
    with pytest.raises(InputError, match=r"labeller.types: found LOC, PER, and the types of the labels are LOC, ORG"):
        check_labeller(labeller(), ["LOC", "ORG"], runtime)
    with pytest.raises(InputError, match=r"labeller.command `./none x`: there is no program .*/none, neither"):
        check_labeller(labeller(command="./none x"), ["PER", "LOC"], runtime)
    with pytest.raises(ValueError, match="'B-PER' is a tag"):
        ExternalLabeller(command="a", version="1", types={"B-PER": "persons"})
    with pytest.raises(ValueError, match="no type"):
        ExternalLabeller(command="a", version="1", types={})
