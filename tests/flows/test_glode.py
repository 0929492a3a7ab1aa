"""GLoDe end to end on a few sentences, on a store where CoLaDa ran: what is shared, what is made, what is told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import pipeline

from artifacts.errors import InputError
from artifacts.runs import all_runs
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from tasks.corpus.corrections import append_corrections, correction
from tasks.tagging.student import load_student

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]


@pytest.fixture(scope="module")
def config_file(tiny_config: Callable[[str], Path]) -> Path:
    """The configuration of the tiny run."""
    return tiny_config("glode")


@pytest.fixture(scope="module")
def ended(finished_with: Callable[[str], Path]) -> Path:
    """A store in which CoLaDa and then GLoDe have ended; do not change it."""
    return finished_with("glode")


def plan(config_file: Path, data: Path, store: Path, *settings: str) -> Run:
    method, config = load(config_file, settings)
    return plan_steps(method, config, Runtime(store=str(store), data=str(data), device="cpu"))


def test_corpora_and_encoder_are_cached_on_a_store_where_colada_ran(
    config_file: Path, data: Path, finished: Path
) -> None:
    outcomes = plan(config_file, data, finished).outcomes
    shared = {"read_labelled", "read_sentences", "read_gold", "read_parallel", "pretrain_encoder"}
    assert {o.status for o in outcomes if o.step in shared} == {"cached"}
    assert {o.status for o in outcomes if o.step.startswith("train_")} == {"to run", "depends"}


def test_a_run_makes_labels_of_every_epoch_and_a_student_that_loads(config_file: Path, data: Path, ended: Path) -> None:
    outcomes = plan(config_file, data, ended).outcomes
    assert {o.status for o in outcomes} == {"cached"}
    store = Store(ended)
    tables = [o.reference for o in outcomes if o.step == "refined_labels"]
    assert [store.metadata(each)["epoch"] for each in tables] == [1, 2]
    first, second = (store.table(each)["probabilities"].to_pylist() for each in tables)
    assert first != second
    trained = [store.require(o.reference).notes for o in outcomes if o.step == "train_denoised_student"]
    assert trained[0]["masked_language_head"] == "pretrained" and trained[0]["entities_too_long"] >= 0
    made = {o.step: o.reference for o in outcomes}
    of_spans, of_words = (store.folder(o.reference) for o in outcomes if o.step == "export_student")
    for folder in (of_spans, of_words):
        (told,) = load_student(folder, tokenized=True).tag_words([["Am", "Samstag", "gewann", "Werder", "Bremen"]])
        assert len(told.tags) == 5
    card = (of_words / "README.md").read_text(encoding="utf-8")
    assert "**word tagger (of M_tgt) on test**" in card and "**student (M_tgt) on test**" in card
    tagger = pipeline("token-classification", str(of_words), aggregation_strategy="first")
    assert {"O", "B-LOC", "I-LOC"} <= tagger.model.config.label2id.keys()
    assert isinstance(tagger("Am Samstag gewann Werder Bremen ."), list)
    figures = store.folder(made["draw_span_figures"])
    assert {path.name for path in figures.glob("*.png")} == {
        "glode-figure3-pseudo-labels.png", "glode-figure4-types.png",
    }  # fmt: skip


def test_a_run_tells_its_models_its_epochs_and_what_is_out_of_reach(
    config_file: Path, data: Path, ended: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    method, config = load(config_file)
    method.flow(config, Runtime(store=str(ended), data=str(data), device="cpu"))
    printed = capsys.readouterr().out
    for told in (
        "source-only (L_src)",
        "source model (M_src)",
        "initial labels",
        "labels after epoch 2",
        "word tagger (of M_tgt)",
        "student (M_tgt)",
        "of words  ",
        "pseudo-labels by epoch",
        "entities with more words than a span may have",
        "0 ran",
    ):
        assert told in printed


def test_another_row_of_table_3_trains_the_source_models_no_second_time(
    config_file: Path, data: Path, ended: Path
) -> None:
    for row in ("without_mlm", "without_local", "without_multiple_directions"):
        outcomes = plan(config_file, data, ended, f"ablation={row}").outcomes
        status = {o.step: o.status for o in outcomes}
        assert (status["train_span_tagger"], status["label_spans"]) == ("cached", "cached")
        assert status["train_denoised_student"] == "to run"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("denoising.beta_first=1.5", "beta_first"),
        ("student.sentences_per_batch=null", "as many sentences of each corpus"),
        ("spans.most_words=0", "most_words"),
        ("student.mask_rate=0", "mask_rate"),
        ("reliability.neighbours=3", "unknown key"),
    ],
)
def test_a_bad_setting_is_named(config_file: Path, setting: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(config_file, [setting])


@pytest.mark.slow
def test_what_people_said_of_spans_stays_and_is_learnt(
    config_file: Path, data: Path, ended: Path, tmp_path: Path
) -> None:
    store, file = Store(shutil.copytree(ended, tmp_path / "store")), tmp_path / "by_hand.jsonl"
    (text,) = [m for m in store.manifests_of("sentences") if m.label == "target text"]
    rows = store.table(store.find(f"sentences/{text.key}")).to_pylist()[:20]
    about = {"author": "ada", "sentences": "sentences/ab"}
    for row in rows:
        tags = ["B-ORG", *["O"] * (len(row["words"]) - 1)]
        append_corrections(file, [correction(**row, tags=tags, before=["O"] * len(tags), **about)])
    method, config = load(config_file, [f"target.corrections={file}", "student.epochs=40"])
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    record = all_runs(store)[-1]
    last = next(m.reference for m in record.models if m.name == "labels after epoch 40 (with corrections)")
    corrected = {row["sentence_id"] for row in rows}
    labels = [row for row in store.table(last).to_pylist() if row["sentence_id"] in corrected]
    assert {row["probability"] for row in labels} == {1.0}
    assert {(row["start"], row["end"]) for row in labels if row["label"] != "O"} == {(0, 1)}
    used, agreement = (table for table in record.measurements if "people" in table.title)
    assert used.lines[0].cells == (20, sum(len(row["words"]) for row in rows), 20, "ada 20")
    f1 = {line.name: float(line.cells[1] or 0) for line in agreement.lines}
    assert f1["M_src"] < 0.3 < 0.5 < f1["M_tgt"]
