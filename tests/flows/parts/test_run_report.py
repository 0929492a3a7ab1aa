"""The report of a run: one file that needs nothing else, whatever the run is named and whatever is gone."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from charted import Charted, made

from artifacts.catalog import RELIABILITY, SOFT_LABELS
from artifacts.errors import StoreError
from artifacts.reference import Reference
from artifacts.runs import RunRecord, StepTaken, all_runs
from artifacts.store import Store
from flows.parts import summary
from flows.parts.least_trusted import least_trusted
from flows.parts.report import report, write_report
from flows.parts.run_tables import result_lines, result_page

LABELS = ["O", "B-LOC", "B-PER"]
ROOT = Path(__file__).parents[3]


def soft_labels(store: Store, key: str, words: list[list[str]], sure: list[list[list[float]]]) -> Reference:
    columns = {"sentence_id": list(range(10, 10 + len(words))), "words": words, "probabilities": sure}
    return made(store, SOFT_LABELS, key, columns, {"language": "de", "labels": LABELS})


def with_steps(record: RunRecord, *taken: Reference) -> RunRecord:
    steps = [
        StepTaken(step="a_step", stage=f"stage {each.key}", reference=each, status="ran", seconds=1) for each in taken
    ]
    return record.model_copy(update={"steps": tuple(steps)})


def test_sentences_come_by_their_least_sure_entity_word(store: Store) -> None:
    record = Charted(store).record
    unsure, sure, middle = [0.1, 0.5, 0.4], [0.05, 0.9, 0.05], [0.2, 0.2, 0.6]
    outside = [0.4, 0.3, 0.3]  # The least sure word of all has no entity, and counts nowhere.
    words = [["Ulm", "liegt"], ["an", "nichts"], ["Ada", "Ulm"], ["Ada"]]
    labels = soft_labels(store, "ee", words, [[sure, outside], [outside, outside], [middle, unsure], [middle]])
    found = least_trusted(store, with_steps(record, labels), 2)
    assert found is not None and (found.measure, found.stage) == ("probability", "stage ee")
    assert [(number, [word.word for word in words]) for number, words in found.sentences] == [
        (12, ["Ada", "Ulm"]),
        (13, ["Ada"]),
    ]
    last = found.sentences[0][1][1]
    assert (last.label, last.type, round(last.trust, 6)) == ("B-LOC", "LOC", 0.5)
    everything = least_trusted(store, with_steps(record, labels), 9)
    assert everything is not None and [number for number, _ in everything.sentences] == [12, 13, 10]


def test_weights_come_before_probabilities_and_the_last_of_a_run_before_the_others(store: Store) -> None:
    record = Charted(store).record
    sure = [[[0.1, 0.8, 0.1]], [[0.1, 0.7, 0.2]]]
    labels = soft_labels(store, "ee", [["Ulm"], ["Bonn"]], sure)
    first, second = (
        made(store, RELIABILITY, key, {"sentence_id": [10, 11], "agreement": [[0.5], [0.5]], "weight": weights},
             of={"soft_labels": labels})
        for key, weights in (("f1", [[0.25], [0.75]]), ("f2", [[0.75], [0.125]]))
    )  # fmt: skip
    found = least_trusted(store, with_steps(record, first, second, labels), 1)
    assert found is not None and (found.measure, found.reference) == ("weight", second)
    assert [(number, words[0].trust) for number, words in found.sentences] == [(11, 0.125)]
    assert least_trusted(store, with_steps(record), 1) is None


def test_a_report_tells_scores_losses_what_was_dropped_and_doubted_words(store: Store) -> None:
    charted = Charted(store)
    labels = soft_labels(store, "ee", [["Ulm", "<b>"]], [[[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]]])
    steps = (*charted.record.steps, *with_steps(charted.record, labels).steps)
    text = report(store, charted.record.model_copy(update={"steps": steps}))
    assert "<td>M_tgt</td><td>100.0</td><td>60.0</td><td>75.0</td>" in text  # 6 of 6 are right, 6 of 10 found
    assert "<td>0.4 0.1 0.05 </td>" in text
    assert "<td>no output</td><td>3</td><td>30.0</td>" in text
    assert 'class="word entity type-1 o8" title="B-LOC, 0.80">Ulm<sub>LOC</sub>' in text and "&lt;b&gt;" in text


def test_a_report_needs_nothing_else_and_hostile_names_stand_as_text(store: Store) -> None:
    text = report(store, Charted(store, name="</title><script>alert(1)</script><img src=http://x>").record)
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text
    assert not re.findall(r"<(?:link|iframe|img|script)\b", text) and "url(" not in text and "@import" not in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_what_is_gone_is_named_and_the_rest_is_told(store: Store) -> None:
    charted = Charted(store)
    store.remove("tagger", "a2")
    text = report(store, charted.record)
    assert "artifact tagger/a2: its files in" in text and "<td>75.0</td>" in text and "no output" in text


def test_a_report_lies_beside_the_record_is_named_at_the_end_and_goes_with_it(store: Store) -> None:
    charted = Charted(store)
    assert store.report("ab12") is None and "report" not in result_lines(store, charted.record)
    running = charted.record.model_copy(update={"state": "running", "ended": None})
    write_report(store, running)
    path = store.report("ab12")
    assert path == store.root / "run" / "ab12" / "report.html"
    assert '<dt>status</dt><dd dir="auto">done</dd>' in path.read_text(encoding="utf-8")
    assert result_lines(store, charted.record)["report"] == str(path)
    assert f"Report: `{path}`" in result_page(store, charted.record)
    store.drop_run("ab12")
    assert not (store.root / "run" / "ab12").exists()


def test_the_page_of_a_run_in_the_prefect_ui_leads_to_its_pages_where_somebody_serves_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    charted = Charted(store)
    record = charted.record.model_copy(update={"student": charted.target})
    write_report(store, record)
    assert "](" not in result_page(store, record)
    monkeypatch.setenv("CROSSTAG_INSPECT_URL", "http://127.0.0.1:4280")
    page = result_page(store, record)
    for path in ("/run/ab12)", "/run/ab12/charts)", "/run/ab12/report)", "/artifact/tagger/a2)"):
        assert f"](http://127.0.0.1:4280{path}" in page, path


def test_a_report_that_cannot_be_written_ends_no_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    charted, told = Charted(store), []

    class Logger:
        def warning(self, *arguments: Any) -> None:
            told.append(arguments)

    class Run:
        def __init__(self) -> None:
            self.store, self.recorder = store, self

        def completed(self, *arguments: Any) -> RunRecord:
            return charted.record

    def full(store: Store, record: RunRecord) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(summary, "write_report", full)
    monkeypatch.setattr(summary, "get_run_logger", Logger)
    result: Any = summary.Result(student=charted.target, models=[summary.Model("M", charted.target)])
    assert summary.complete(Run(), result) == charted.record  # type: ignore[arg-type]
    assert "the disk is full" in str(told)


@pytest.mark.server
def test_a_finished_run_has_a_report_with_its_pictures(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    path = store.report(run.id)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert text.count('src="data:image/png;base64,') == 2 and not re.findall(r'(?:src|href)="(?!data:)', text)
    for step in run.steps:
        assert f"{step.reference.kind}/{step.reference.key[:10]}" in text
    assert "neighbours: 10" in text and "M_tgt^2" in text and 'class="error"' not in text
    script = (
        "import sys; from artifacts.runs import all_runs; from artifacts.store import Store; "
        "from flows.parts.report import report; store = Store(sys.argv[1]); report(store, all_runs(store)[0]); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(finished)], cwd=ROOT, check=False).returncode == 0
