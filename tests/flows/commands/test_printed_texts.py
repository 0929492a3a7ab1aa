"""What commands print is what is there: no name, path or word of the user's is taken for a style or a picture."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from artifacts.catalog import SCORES, SENTENCES
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runs import (
    Caller,
    Column,
    Line,
    Machine,
    Measurements,
    RunRecord,
    Score,
    Scored,
    ScoredModel,
    StepTaken,
    save_run,
)
from artifacts.store import STORE_FORMAT, Store

STRANGE = "x[old] :heart: [/x]"
Crosstag = Callable[..., tuple[int, str]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store, in a folder with brackets, with a sentence and a run whose names look like rich's markup."""
    store = Store(tmp_path / "a[old]" / "store")
    recipe = Recipe(step="a_step", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)

    def put(columns: dict[str, list[object]], scores: bool = False) -> Reference:
        kind = SCORES if scores else SENTENCES
        with store.writing(kind, "aa", recipe, label=STRANGE) as writer:
            writer.write(pa.table(columns, schema=kind.schema), {"language": "de", "name": STRANGE})
        assert writer.reference is not None
        return writer.reference

    score = Score(type=STRANGE, precision=0.5, recall=0.5, f1=0.5, gold=2, predicted=2, correct=1)
    text = put({"sentence_id": [0], "words": [STRANGE.split()]})
    scored = Scored(
        reference=put({name: [getattr(score, name)] for name in SCORES.schema.names}, scores=True), rows=(score, score)
    )
    lines = (Line(name=STRANGE, reference=text, cells=(STRANGE,)),)
    save_run(
        store,
        RunRecord(
            id="ba" * 10,
            method="toy",
            name=STRANGE,
            configuration={},
            runtime={},
            revision="r",
            caller=Caller(by="command line"),
            machine=Machine(host="h", platform="p", processors=1, device="cpu", versions={}),
            started=datetime(2026, 1, 1, tzinfo=UTC),
            ended=datetime(2026, 1, 2, tzinfo=UTC),
            state="done",
            steps=(StepTaken(step="a_step", stage=STRANGE, reference=text, status="ran", seconds=1),),
            models=(ScoredModel(name=STRANGE, reference=text, scores={STRANGE: scored}),),
            measurements=(
                Measurements(title=STRANGE, first="x", columns=(Column(name=STRANGE, form="text"),), lines=lines),
            ),
            student=text,
        ),
    )
    return store


@pytest.mark.parametrize(
    ("command", "times"),
    [
        # ls: the name; show: name, step, title, model and type of the scores, and all four of the measurements.
        (("runs", "ls"), 1),
        (("runs", "show", "last"), 9),
        (("store", "ls", "sentences"), 1),
        (("store", "show", "sentences/aa"), 3),
    ],
)
def test_names_are_printed_as_they_are(crosstag: Crosstag, store: Store, command: tuple[str, ...], times: int) -> None:
    code, printed = crosstag(*command, "--store", str(store))
    assert code == 0 and printed.count(STRANGE) == times, printed


def test_paths_are_printed_as_they_are(crosstag: Crosstag, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "[old].csv"
    assert crosstag("store", "export", "sentences/aa", str(path), "--store", str(store)) == (
        0,
        f"wrote {path} (1 rows)\n",
    )
    assert f"student   {store.local('sentences', 'aa')}\n" in crosstag("runs", "show", "last", "--store", str(store))[1]


def test_artifacts_are_dated_by_this_machines_clock_as_runs_are(
    crosstag: Crosstag, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        listed = crosstag("store", "ls", "sentences", "--store", str(store))[1]
    time.tzset()
    (manifest,) = store.manifests_of("sentences")
    there = datetime.fromisoformat(manifest.made).astimezone(timezone(timedelta(hours=9)))
    assert f"{there:%Y-%m-%d %H:%M}" in listed
