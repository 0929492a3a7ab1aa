"""Labels that a person corrected, out to an annotation tool and back, are what a run's student learns."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from artifacts.reference import Reference
from artifacts.runs import Measurements, RunRecord, all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.cli import main
from flows.commands.methods import load
from flows.pages.app import create_app
from flows.parts.labelled_text import LabelledText, read_labelled_text
from tasks.corpus.corrections import latest, load_corrections

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
Crosstag = Callable[..., tuple[int, str]]
CORRECTED = 20
# Enough of a training for the student to learn what it is told, of text whose first words are all that changes.
TRAINING = ["iterations=1", "student.epochs=20", "student.learning_rate=0.003", "student.start=collaborator"]


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    """A copy of the store of a run."""
    return Path(shutil.copytree(finished, tmp_path / "store"))


@pytest.fixture
def crosstag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], store: Path) -> Crosstag:
    def run(*arguments: str) -> tuple[int, str]:
        options = [] if arguments[1] == "export" else ["--store", str(store)]
        monkeypatch.setattr("sys.argv", ["crosstag", *arguments, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, code = capsys.readouterr(), int(ended.value.code or 0)
        return code, printed.err if code == 2 else printed.out

    return run


@pytest.fixture
def pseudo_labels(store: Path) -> Reference:
    """Of the raw text, in the first iteration."""
    (found,) = [m for m in Store(store).manifests_of("soft_labels") if m.label == "iteration 1, D_tgt"]
    return Reference(kind=found.kind, key=found.key, digest=found.digest)


@pytest.fixture
def text(store: Path, pseudo_labels: Reference) -> LabelledText:
    return read_labelled_text(Store(store), pseudo_labels)


def run(data: Path, store: Path, *settings: str) -> RunRecord:
    method, config = load(data / "tiny.yaml", [*TRAINING, *settings])
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    return all_runs(Store(store))[-1]


def table(record: RunRecord, title: str) -> Measurements:
    (found,) = [each for each in record.measurements if title in each.title]
    return found


def odd(words: list[str]) -> list[str]:
    """What no model of the run says of a sentence: its first word is an organisation."""
    return ["B-ORG", *["O"] * (len(words) - 1)]


@pytest.mark.slow
def test_a_correction_goes_out_and_back_and_changes_the_student(
    data: Path, store: Path, tmp_path: Path, crosstag: Crosstag, pseudo_labels: Reference, text: LabelledText
) -> None:
    # A person corrects one sentence in the page, and the others in Label Studio.
    first, *others = text.queue()[:CORRECTED]
    pages = TestClient(create_app(Store(store)), base_url="http://127.0.0.1:4280")
    asked_for = pages.get(f"/corrections/of/{pseudo_labels}", follow_redirects=False).headers["location"]
    address, _, sentence = asked_for.partition("?sentence=")
    assert sentence == str(text.ids[first])
    given = {"tag": odd(text.words_of(first)), "author": "ada"}
    answer = pages.post(f"{address}/{sentence}", data=given, headers={"origin": "http://127.0.0.1:4280"})
    assert answer.status_code == 200 and "Correct sentence" in answer.text
    (file,), queue = (store / "by_hand").glob("*.jsonl"), tmp_path / "queue.json"
    by_ada = len(load_corrections(file))
    asked = ["--rows", str(CORRECTED - 1), "--to", "label-studio", "--done", str(file)]
    code, told = crosstag("corrections", "queue", str(pseudo_labels), str(queue), *asked)
    assert code == 0 and f"label-studio, {CORRECTED - 1} sentences" in told
    tasks = json.loads(queue.read_text(encoding="utf-8"))
    assert [task["data"]["tokens"] for task in tasks] == [text.words_of(row) for row in others]
    for task in tasks:
        end = len(task["data"]["tokens"][0])
        label = {"start": 0, "end": end, "text": task["data"]["text"][:end], "labels": ["ORG"]}
        result = {"from_name": "label", "to_name": "text", "type": "labels", "value": label}
        task["annotations"].append({"result": [result]})
    queue.write_text(json.dumps(tasks), encoding="utf-8")
    code, told = crosstag("corrections", "import", str(queue), str(file), "--of", str(pseudo_labels), "--author", "ben")
    assert code == 0, told
    assert f"{CORRECTED - 1} corrections by ben" in told
    lines = latest(load_corrections(file))
    assert {line.correction.words for line in lines} >= {tuple(text.words_of(row)) for row in (first, *others)}
    assert all(list(line.correction.tags or ()) == odd(list(line.correction.words)) for line in lines)

    # All of it goes out once more as it is, and comes back with nothing to correct.
    again = tmp_path / "again.json"
    code, _ = crosstag("corrections", "export", str(file), str(again), "--to", "label-studio")
    assert code == 0 and f'"{text.words_of(first)[0]}"' in again.read_text(encoding="utf-8")
    before = file.read_bytes()
    code, told = crosstag("corrections", "import", str(again), str(file), "--of", str(pseudo_labels), "--author", "eva")
    assert code == 0 and "0 corrections by eva, 0 words changed" in told and file.read_bytes() == before

    plain, taught = run(data, store), run(data, store, f"target.corrections={file}")
    assert not [each for each in plain.measurements if "people" in each.title]
    used = table(taught, "has labels of the target language").lines[0]
    sentences, word_count, changed, by = used.cells
    assert sentences == len(lines) and by == f"ada {by_ada}, ben {len(lines) - by_ada}"
    assert word_count == sum(len(line.correction.words) for line in lines)
    assert changed == sum(line.correction.changed for line in lines) >= len(lines)
    measured = {line.name: line.cells for line in table(taught, "agreement with people").lines}
    assert list(measured) == ["M_src", "M_trans^1", "M_tgt^1"]

    opened = Store(store)
    (student,) = [model.reference for model in taught.models if model.name == "M_tgt^1"]
    (untaught,) = [model.reference for model in plain.models if model.name == "M_tgt^1"]
    assert labels_of(opened, student, file, data) > 0.8 > 0.2 > labels_of(opened, untaught, file, data)
    assert float(measured["M_tgt^1"][1] or 0) > 0.8 and float(measured["M_trans^1"][1] or 0) < 0.2

    card = (opened.folder(taught.student) / "README.md").read_text(encoding="utf-8") if taught.student else ""
    told_by = f"and from labels that people gave {len(lines)} of the sentences that it learnt from: ada {by_ada}, ben"
    assert told_by in card and "without labels" not in card and f"- corrections by people: {file.name}" in card
    # What does not depend on corrections was taken from the store.
    ran = {step.step for step in taught.ran}
    assert "train_student" in ran and not ran & {"train_tagger", "train_collaborator", "label_words", "read_sentences"}
    assert run(data, store, f"target.corrections={file}").ran == ()


def labels_of(store: Store, tagger: Reference, file: Path, data: Path) -> float:
    """Share of the corrected sentences whose first word a tagger labels as the person did."""
    from tasks.tagging.inference import FLOAT32, open_tagger, word_outputs
    from tasks.tagging.windows import make_windows

    words = [list(line.correction.words) for line in latest(load_corrections(file))]
    head, model, tokenizer = open_tagger(store.folder(tagger))
    cut = make_windows(tokenizer, words, 64, 8)
    outputs: Any = word_outputs(head, model, cut, FLOAT32, device="cpu", budget=2048)
    names = head.labels(model)
    firsts = [sum(map(len, words[:row])) for row in range(len(words))]
    return sum(names[int(outputs[first].argmax())] == "B-ORG" for first in firsts) / len(firsts)
