"""Pages of a run of which something was made anew since, under the same key and with other content."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from shelved import certain, put

from artifacts.catalog import FIGURES, LEXICON, SENTENCES, SOFT_LABELS
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runs import Caller, Machine, RunRecord, StepTaken, save_run
from artifacts.store import STORE_FORMAT, Store
from flows.pages.app import create_app
from flows.pages.comparison import _error_lines
from flows.pages.errors import entries
from flows.pages.site import Site
from flows.pages.word import _lexicons
from flows.parts.comparison import Measured
from flows.parts.comparison_on_record import Comparison
from flows.parts.error_tables import Judged

ANEW = "made anew since"


@pytest.fixture
def text(store: Store) -> Reference:
    return put(store, SENTENCES, "aa", {"sentence_id": [0, 1], "words": [["Ada", "lebt"], ["Ulm"]]})


@pytest.fixture
def pages(store: Store) -> TestClient:
    return TestClient(create_app(store), base_url="http://127.0.0.1:4280")


def labels(store: Store, text: Reference, tag: str, duplicates: int) -> Reference:
    """Soft labels under one key; `duplicates` is a fact that a run's decisions tell."""
    columns = {"sentence_id": [0, 1], "words": [["Ada", "lebt"], ["Ulm"]]}
    chances = certain([[tag, "O"], ["O"]])
    about = {"duplicates": duplicates}
    return put(store, SOFT_LABELS, "bb", {**columns, "probabilities": chances}, about=about, sentences=text)


def run_of(store: Store, identity: str, *made: Reference, figures: Reference | None = None) -> RunRecord:
    """A run on record that took these."""
    steps = [StepTaken(step="a_step", stage=str(each), reference=each, status="ran", seconds=1.0) for each in made]
    machine = Machine(host="here", platform="linux", processors=1, device="cpu", versions={})
    record = RunRecord(
        id=identity, method="toy", name="", configuration={}, runtime={}, caller=Caller(by="python"), revision=None,
        machine=machine, started=datetime(2026, 1, 1, tzinfo=UTC), ended=datetime(2026, 1, 1, tzinfo=UTC),
        state="done", steps=tuple(steps), figures=figures,
    )  # fmt: skip
    save_run(store, record)
    return record


def test_what_was_made_anew_is_none_of_the_older_runs(store: Store, text: Reference, pages: TestClient) -> None:
    run_of(store, "a1", text, labels(store, text, "B-LOC", 3))
    store.remove("soft_labels", "bb")
    run_of(store, "a2", text, labels(store, text, "B-PER", 77))
    old, new = pages.get("/run/a1").text, pages.get("/run/a2").text
    assert old.count(f"{ANEW}, with other content") == 2, "of the labels, and of the steps"
    assert ANEW not in new and "77 sentences left out" in new and "sentences left out" not in old
    old, new = pages.get("/run/a1/graph").text, pages.get("/run/a2/graph").text
    assert 'href="/artifact/soft_labels/bb"' in new and "box-gone" not in new and 'class="edge"' in new
    assert 'href="/artifact/soft_labels/bb"' not in old and old.count("box-gone") == 1 and 'class="edge"' not in old
    for path in ("/sentence/sentences/aa/0", "/word/sentences/aa/0/0"):
        old, new = pages.get(f"{path}?run=a1").text, pages.get(f"{path}?run=a2").text
        assert "PER" in new and ANEW not in new
        assert "PER" not in old and "soft_labels/bb: it was made anew since this run, with other content" in old


def test_a_text_that_was_made_anew_is_told_where_it_is_followed_through_the_older_run(
    store: Store, text: Reference, pages: TestClient
) -> None:
    run_of(store, "a1", text)
    store.remove("sentences", "aa")
    put(store, SENTENCES, "aa", {"sentence_id": [0], "words": [["anders"]]})
    assert "sentences/aa: it was made anew since this run" in pages.get("/sentence/sentences/aa/0?run=a1").text
    # What is of another text is not told there.
    put(store, SENTENCES, "ac", {"sentence_id": [0], "words": [["noch", "anders"]]})
    assert ANEW not in pages.get("/sentence/sentences/ac/0?run=a1").text


def test_lexicon_and_outcomes_count_only_with_the_content_of_the_run(store: Store) -> None:
    there = put(store, LEXICON, "cc", {name: [] for name in LEXICON.schema.names})
    outcomes = put(store, SENTENCES, "dd", {"sentence_id": [], "words": []})
    shown = Site(store)
    for changes, expected in (({}, 1), ({"digest": "0" * 64}, 0)):
        lexicon = there.model_copy(update=changes)
        assert len(_lexicons(shown, run_of(store, "a1", lexicon))) == expected
        judged = Judged("test", Measured("M", "c", ()), (outcomes.model_copy(update=changes),))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("flows.pages.comparison.error_lines", lambda there, *_: there)
            assert len(_error_lines(shown, Comparison({}, {}, [judged]))) == expected
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("flows.pages.errors.OUTCOMES", SENTENCES)
            record = run_of(store, "a2", outcomes.model_copy(update=changes))
            assert len(entries(shown, record)) == expected


@pytest.mark.parametrize("made_again", [True, False])
def test_charts_stay_where_the_figures_are_others_or_gone(store: Store, pages: TestClient, made_again: bool) -> None:
    def draw(content: str) -> Reference:
        recipe = Recipe(step="draw", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
        with store.writing(FIGURES, "aa", recipe) as writer:
            (writer.folder / "f.png").write_text(content)
            writer.describe({"figures": {"f": "a figure"}})
        assert writer.reference is not None
        return writer.reference

    run_of(store, "a1", figures=draw("one"))
    assert "a figure" in pages.get("/run/a1/charts").text
    store.remove("figures", "aa")
    if made_again:
        draw("other")
    answer = pages.get("/run/a1/charts")
    assert answer.status_code == 200 and "a figure" not in answer.text
    told = "was expected" if made_again else "gone or changed"
    assert "artifact figures/aa" in answer.text and told in answer.text
