"""Translate-test from end to end, by a translator that says what it hears, and of one sentence nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient
from tiny_methods import TRANSLATOR, unitrans

from artifacts.catalog import PREDICTIONS
from artifacts.runs import RunRecord, all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.pages.app import create_app
from flows.pages.shelf import Shelf
from flows.parts.comparison import test_sets as sets_compared
from flows.parts.decisions import decisions
from flows.parts.same_text import content
from tasks.translation.marked.moses import detokenizer

pytestmark = [pytest.mark.slow, pytest.mark.server]
SILENT = 3
ROW = "translate-test (Theta_src)"


class Repeats:
    """An engine whose output is its input, or nothing for one text."""

    def __init__(self, silent_on: str) -> None:
        self.silent_on = silent_on

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        yield np.arange(len(texts)), ["" if text == self.silent_on else text for text in texts]


@pytest.fixture(scope="module")
def ran(data: Path, tmp_path_factory: pytest.TempPathFactory, server: str) -> tuple[Store, RunRecord]:
    """UniTrans on a translation that exists, without a student of its own: its taggers, and the baselines."""
    folder = tmp_path_factory.mktemp("translate_test")
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = unitrans(tiny, data, folder)
    values["source_training"] = {**tiny["source_training"], "epochs": 12, "learning_rate": 1e-2}
    values["translation"] = {
        "method": "import",
        "imported": {"path": "de.gold.conll"},
        "marked": {"translator": {"training": TRANSLATOR}, "reading": {"language_filter": "off"}},
    }
    (folder / "tiny.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    settings = ["score_translate_test=true", "score_data_combination=false", "ablation=model_transfer"]
    method, config = load(folder / "tiny.yaml", settings)
    sentences = (data / "de.test.conll").read_text(encoding="utf-8").split("\n\n")
    words = [line.split()[0] for line in sentences[SILENT].splitlines()]
    engine = Repeats(detokenizer("de")(words))
    store = Store(folder / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.translation.machine.translating.make_engine", lambda *_, **__: engine)
        method.flow(config, Runtime(store=str(folder / "store"), data=str(data), device="cpu"))
    (run,) = all_runs(store)
    return store, run


def test_a_sentence_that_was_translated_into_itself_has_the_labels_of_the_source_tagger(
    ran: tuple[Store, RunRecord],
) -> None:
    store, run = ran
    by_name = {model.name: model for model in run.models}
    assert run.models[-1].name == "source-only (Theta_src)"  # what is shipped
    said = {
        name: store.table(
            store.holding(store.describe(by_name[name].scores["test"].reference).recipe.inputs["predictions"])
        )
        for name in (ROW, "source-only (Theta_src)")
    }
    rows = list(zip(*(table.to_pylist() for table in said.values()), strict=True))
    assert all(here["words"] == there["words"] and len(here["tags"]) == len(here["words"]) for here, there in rows)
    labelled = [(here, there) for here, there in rows if set(there["tags"]) != {"O"}]
    right = [here for here, there in labelled if here["tags"] == there["tags"]]
    assert len(labelled) > 10 and len(right) > 0.6 * len(labelled)  # words that come twice may cross
    assert set(rows[SILENT][0]["tags"]) == {"O"}


def test_the_sentence_without_a_translation_is_counted_and_told(ran: tuple[Store, RunRecord]) -> None:
    store, run = ran
    found = decisions(run, None, lambda each: store.manifest(each.kind, each.key))
    told = [(each.told, each.warns) for each in found if each.step == "carry_back"]
    assert told == [("1 sentences are O, as no translation of them could be read: 1 no output", True)]
    assert any(each.step == "place_labels" and "entities have a place" in each.told for each in found)


def test_it_is_compared_as_other_models_are_and_shown_with_its_sentences(ran: tuple[Store, RunRecord]) -> None:
    store, run = ran
    (compared,) = sets_compared(store, {"tiny": [run]}, every_model=False)
    assert ROW in [model.model for model in compared.models]
    assert f"{ROW} on test" in {step.stage for step in run.steps if step.step == "judge_entities"}
    shelf = Shelf(store)
    made = {step.step: step.reference for step in run.steps if step.stage == f"{ROW} on test"}
    (sentences,) = (step.reference for step in run.steps if (step.step, step.stage) == ("read_sentences", "test"))
    text = content(store.describe(sentences))
    for step in ("translate_text", "place_labels", "carry_back"):
        assert shelf.text_of(store.describe(made[step])) == text, step
    assert made["carry_back"].kind == PREDICTIONS.name


def test_pages_of_a_test_sentence_show_its_translation_what_was_tagged_there_and_its_labels(
    ran: tuple[Store, RunRecord],
) -> None:
    store, run = ran
    pages = TestClient(create_app(store), base_url="http://127.0.0.1:4280")
    made = {step.step: step.reference for step in run.steps if step.stage == f"{ROW} on test"}
    told = pages.get(f"/sentence/{made['carry_back']}/0").text
    for part in ("Labels placed by word alignment", "carry_back", "translate-test (Theta_src) on test", "given back"):
        assert part in told, part
    silent = pages.get(f"/sentence/{made['carry_back']}/{SILENT}").text
    assert "Labels placed by word alignment" not in silent and "carry_back" in silent
    for place in (f"/sentences/{made['carry_back']}", f"/artifact/{made['carry_back']}"):
        answer = pages.get(place)
        assert answer.status_code == 200 and 'class="error"' not in answer.text, place
    told = pages.get(f"/run/{run.id}").text
    assert ROW in told and '<span class="error">1 sentences are O' in told
