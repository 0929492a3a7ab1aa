"""`crosstag corrections`: what goes out, what comes back, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import PREDICTIONS, RELIABILITY, SENTENCES, SOFT_LABELS, Dataset
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store
from flows.parts.labelled_text import read_labelled_text
from tasks.corpus.corrections import append_corrections, correction, latest, load_corrections
from tasks.words.columns import list_column

Crosstag = Callable[..., tuple[int, str]]
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
HOSTILE = ["<script>alert(1)</script>", '"\\', "\u202edlot", "x" * 10_000, "مرحبا"]
WORDS = [["Ada", "Koch", "lebt"], ["In", "Ulm"], HOSTILE, ["In", "Ulm"], ["中文", "。"]]
# The most probable valid label of each word, and how probable that is.
SAID = [[3, 4, 0], [0, 1], [0, 0, 0, 0, 3], [0, 1], [0, 0]]
SURE = [[0.75, 0.875, 1.0], [0.875, 0.75], [1.0] * 5, [1.0, 0.75], [0.5, 1.0]]
OF_TEXT = "sentences:" + "ab" * 32


def put(store: Store, kind: Dataset, table: pa.Table, key: str, inputs: dict[str, str]) -> Reference:
    recipe = Recipe(step="made", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe) as writer:
        writer.write(table.cast(kind.schema), {"language": "de", "labels": LABELS})
    assert writer.reference is not None
    return writer.reference


def soft(store: Store, inputs: dict[str, str], key: str = "aa") -> Reference:
    rows = []
    for ids, sure in zip(SAID, SURE, strict=True):
        rest = [(1 - value) / 4 for value in sure]
        rows.append([[p if i == said else r for i in range(5)] for said, p, r in zip(ids, sure, rest, strict=True)])
    columns = {"sentence_id": [0, 1, 2, 3, 4], "words": WORDS, "probabilities": rows}
    return put(store, SOFT_LABELS, pa.table(columns, schema=SOFT_LABELS.schema), key, inputs)


@pytest.fixture
def soft_labels(store: Store) -> Reference:
    return soft(store, {"sentences": OF_TEXT})


@pytest.fixture
def reliability(store: Store, soft_labels: Reference) -> Reference:
    lengths = np.array([len(words) for words in WORDS])
    weights = np.ones(int(lengths.sum()), dtype=np.float32)
    weights[6] = 0.25  # in sentence 2
    column = list_column(lengths, pa.array(weights))
    table = pa.Table.from_arrays([pa.array(range(5)), column, column], schema=RELIABILITY.schema)
    return put(store, RELIABILITY, table, "bb", {"soft_labels": f"soft_labels:{soft_labels.digest}"})


def test_labels_of_a_text_are_decoded_and_their_least_trusted_word_counts(
    store: Store, soft_labels: Reference, reliability: Reference
) -> None:
    found = read_labelled_text(store, soft_labels)
    assert found.text == "sentences/" + "ab" * 10 and found.words.to_pylist() == WORDS
    assert found.ids.tolist() == [0, 1, 2, 3, 4]
    assert found.tags.to_pylist() == [[LABELS[label] for label in labels] for labels in SAID]
    assert found.trust is not None and found.trust.tolist() == [0.75, 0.75, 1.0, 0.75, 0.5]
    assert found.queue() == [4, 0, 1, 2] and found.twins(3) == [1, 3]  # 3 has the words of 1
    weighed = read_labelled_text(store, reliability)
    assert weighed.trust is not None and weighed.trust.tolist() == [1.0, 1.0, 0.25, 1.0, 1.0]
    assert weighed.queue() == [2, 0, 1, 4] and weighed.tags.equals(found.tags) and weighed.text == found.text


@pytest.mark.parametrize("to", ["label-studio", "doccano", "prodigy", "argilla", "spacy-json", "brat", "jsonl"])
def test_every_tool_gives_back_what_it_got(
    crosstag: Crosstag, store: Store, soft_labels: Reference, tmp_path: Path, to: str
) -> None:
    ending = {"brat": "ann", "doccano": "jsonl", "prodigy": "jsonl", "jsonl": "jsonl"}.get(to, "json")
    queue, file = tmp_path / f"queue.{ending}", tmp_path / "by_hand.jsonl"
    where = ["--store", str(store)]
    code, told = crosstag("corrections", "queue", str(soft_labels), str(queue), "--to", to, *where)
    assert code == 0 and f"{to}, 4 sentences" in told, told
    asked = ["--of", str(soft_labels), "--author", "ada", *where]
    code, told = crosstag("corrections", "import", str(queue), str(file), *asked)
    assert code == 0 and "0 corrections by ada, 0 words changed; 4 sentences came back" in told, told
    assert not file.exists()
    code, told = crosstag("corrections", "import", str(queue), str(file), *asked, "--reviewed")
    assert code == 0 and "5 corrections by ada, 0 words changed" in told, told  # two sentences have the same words
    said = {line.correction.sentence_id: line.correction for line in load_corrections(file)}
    assert [list(said[number].words) for number in range(5)] == WORDS
    assert [list(said[number].tags or ()) for number in range(5)] == [[LABELS[i] for i in ids] for ids in SAID]
    out = tmp_path / f"out.{ending}"
    code, told = crosstag("corrections", "export", str(file), str(out), "--to", to)
    assert code == 0 and f"{to}, 5 sentences" in told, told


def rows_of(queue: Path) -> list[dict[str, list[str]]]:
    return [json.loads(line) for line in queue.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def queue(crosstag: Crosstag, store: Store, soft_labels: Reference, tmp_path: Path) -> Path:
    path = tmp_path / "queue.jsonl"
    assert crosstag("corrections", "queue", str(soft_labels), str(path), "--store", str(store))[0] == 0
    return path


def test_what_differs_is_corrected_wherever_the_words_come(
    crosstag: Crosstag, store: Store, soft_labels: Reference, tmp_path: Path, queue: Path
) -> None:
    rows, file = rows_of(queue), tmp_path / "by_hand.jsonl"
    rows[2]["tags"] = ["O", "O"]  # In Ulm
    queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = ["--of", str(soft_labels), "--store", str(store)]
    code, told = crosstag("corrections", "import", str(queue), str(file), *asked, "--author", "ada")
    assert code == 0 and "2 corrections by ada, 2 words changed; 4 sentences came back" in told
    said = [line.correction for line in load_corrections(file)]
    assert [(each.sentence_id, each.words, each.tags, each.before) for each in said] == [
        (number, ("In", "Ulm"), ("O", "O"), ("O", "B-LOC")) for number in (1, 3)
    ]
    assert {(each.author, each.sentences) for each in said} == {("ada", "sentences/" + "ab" * 10)}
    # What a second person says is compared with what the first one did.
    rows[2]["tags"] = ["B-PER", "O"]
    queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    code, told = crosstag("corrections", "import", str(queue), str(file), *asked, "--author", "ben")
    assert code == 0 and "2 corrections by ben, 2 words changed, 2 of them instead of earlier ones" in told
    assert [line.correction.before for line in latest(load_corrections(file))] == [("O", "O")] * 2
    # What comes back as it went out is nobody's correction, and undoes none, unless somebody says that it is right.
    untouched = tmp_path / "untouched.jsonl"
    assert crosstag("corrections", "queue", str(soft_labels), str(untouched), "--store", str(store))[0] == 0
    code, told = crosstag("corrections", "import", str(untouched), str(file), *asked, "--author", "eva")
    assert code == 0 and "0 corrections by eva, 0 words changed; 4 sentences came back" in told
    assert "2 came back as they went out and keep their earlier corrections" in told
    assert [line.correction.author for line in latest(load_corrections(file))] == ["ben"] * 2
    again = tmp_path / "again.jsonl"
    again.write_bytes(file.read_bytes())
    code, told = crosstag("corrections", "import", str(untouched), str(again), *asked, "--author", "eva", "--reviewed")
    assert code == 0 and "5 corrections by eva, 4 words changed, 2 of them instead of earlier ones" in told
    assert "keep their" not in told
    # The sentences are out of the queue.
    rest = tmp_path / "rest.jsonl"
    code, _ = crosstag(
        "corrections", "queue", str(soft_labels), str(rest), "--done", str(file), "--store", str(store), "--rows", "2"
    )
    assert code == 0 and [row["tokens"] for row in rows_of(rest)] == [WORDS[4], WORDS[0]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[0]["tokens"].append("x") or rows[0]["tags"].append("O"), "1 of 4 sentences came back with"),
        (lambda rows: rows.append({**rows[1], "tags": ["O", "O", "O"]}), "'Ada Koch lebt' came back twice, with diff"),
        (lambda rows: rows[0].update(tags=["B-ORG", "O"]), "tag 'B-ORG' is not one of O, B-LOC, I-LOC, B-PER, I-PER"),
        (lambda rows: rows[0].update(tags=["I-PER", "I-PER"], tokens=["?"]), "1 words, 2 tags"),
    ],
)
def test_what_cannot_be_used_adds_nothing(
    crosstag: Crosstag,
    store: Store,
    soft_labels: Reference,
    tmp_path: Path,
    queue: Path,
    change: Callable[[list[dict[str, list[str]]]], object],
    told: str,
) -> None:
    rows, file = rows_of(queue), tmp_path / "by_hand.jsonl"
    rows[2]["tags"] = ["O", "O"]
    change(rows)
    queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    code, message = crosstag(
        "corrections",
        "import",
        str(queue),
        str(file),
        "--of",
        str(soft_labels),
        "--author",
        "ada",
        "--store",
        str(store),
    )
    assert code == 2 and told in message, message
    assert not file.exists()


def test_only_labels_of_a_target_text_are_corrected(crosstag: Crosstag, store: Store, tmp_path: Path) -> None:
    words = {"sentence_id": [0], "words": [["Ja"]]}
    translation = soft(store, {"sentences": "translation:" + "cd" * 32}, "cc")
    text = put(store, SENTENCES, pa.table(words, schema=SENTENCES.schema), "dd", {})
    for wrong in (translation, text):
        asked = ["corrections", "queue", str(wrong), str(tmp_path / "q.jsonl"), "--store", str(store)]
        code, message = crosstag(*asked)
        assert code == 2 and "it is no labels of a target text; expected soft_labels, reliability or" in message
    predicted = pa.table({**words, "tags": [["O"]]}, schema=PREDICTIONS.schema)
    predictions = put(store, PREDICTIONS, predicted, "ee", {"sentences": OF_TEXT})
    assert read_labelled_text(store, predictions).queue() == [0]


def test_a_queue_that_is_done_and_files_that_are_not_there_are_told(
    crosstag: Crosstag, store: Store, soft_labels: Reference, tmp_path: Path
) -> None:
    file, out = tmp_path / "by_hand.jsonl", tmp_path / "q.jsonl"
    code, message = crosstag("corrections", "export", str(file), str(out))
    assert code == 2 and "there is no such file" in message
    rest = {"author": "ada", "sentences": "sentences/ab"}
    for number, words in enumerate(WORDS):
        tags = ["O"] * len(words)
        append_corrections(file, [correction(sentence_id=number, words=words, tags=tags, before=tags, **rest)])
    asked = ["--done", str(file), "--store", str(store)]
    code, message = crosstag("corrections", "queue", str(soft_labels), str(out), *asked)
    assert code == 2 and "no sentence is left; all of them are in" in message
    code, told = crosstag("corrections", "export", str(file), str(out))
    assert code == 0 and "5 sentences" in told  # not one entity in them
    code, message = crosstag("corrections", "queue", str(soft_labels), str(out), "--store", str(store))
    assert code == 2 and "is there already" in message
