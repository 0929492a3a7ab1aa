"""A run from a chosen step on: what it will make anew is shown before, and is that step and what depends on it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from artifacts.errors import InputError
from artifacts.recorder import recorded
from artifacts.runs import all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.again import forget_from, plan_from
from flows.commands.form import form_of
from flows.commands.from_form import from_form
from flows.commands.methods import Method, load
from flows.commands.plan import plan_steps

pytestmark = pytest.mark.server
LAST = "train_student · iteration 2, D_tgt"


@pytest.fixture
def place(finished: Path, tmp_path: Path) -> Store:
    """The finished store, to change."""
    return Store(Path(shutil.copytree(finished, tmp_path / "store")))


@pytest.fixture
def asked(data: Path, place: Store) -> tuple[Method, Any, Runtime]:
    method, config = load(data / "tiny.yaml")
    return method, config, Runtime(store=str(place.root), data=str(data), device="cpu")


def test_a_step_with_its_stage_is_made_anew_with_all_that_depends_on_it_and_nothing_else(
    place: Store, asked: tuple[Method, Any, Runtime]
) -> None:
    before = {str(manifest.kind) + manifest.key for manifest in place.manifests()}
    planned, references = plan_from(*asked, LAST)
    statuses = {outcome.place: outcome.status for outcome in planned.outcomes}
    assert [name for name, status in statuses.items() if status == "to run"] == [LAST]
    depends = [name for name, status in statuses.items() if status == "depends"]
    assert "export_student · student" in depends and "predict_words · M_tgt^2 on test" in depends
    assert not any("M_tgt^1" in name or "iteration 1" in name or "M_src" in name for name in depends)
    assert len(references) == 1 + len(depends)
    assert {str(manifest.kind) + manifest.key for manifest in place.manifests()} == before, "a plan touches nothing"

    assert forget_from(*asked, LAST).outcomes == planned.outcomes
    gone = {f"{reference.kind}{reference.key}" for reference in references}
    assert {str(manifest.kind) + manifest.key for manifest in place.manifests()} == before - gone
    again = {outcome.place: outcome.status for outcome in plan_steps(*asked).outcomes}
    assert again == statuses


def test_a_step_without_its_stage_is_every_one_of_that_name(asked: tuple[Method, Any, Runtime]) -> None:
    planned, _ = plan_from(*asked, "train_student")
    first = next(outcome for outcome in planned.outcomes if outcome.step == "train_student")
    assert first.status == "to run" and first.reasons == ["it is to be made again"]
    with pytest.raises(InputError, match="from step train_nothing: colada takes no such step here; expected one of: "):
        plan_from(*asked, "train_nothing")


def test_nothing_goes_that_a_run_which_goes_on_has_taken(place: Store, asked: tuple[Method, Any, Runtime]) -> None:
    method, config, runtime = asked
    _, (reference, *_) = plan_from(method, config, runtime, LAST)
    with recorded(runtime, "colada", {}):
        place.mark_used(reference.kind, reference.key)
        with pytest.raises(InputError, match=f"a run that goes on uses {reference}"):
            forget_from(method, config, runtime, LAST)
    assert place.intact(reference.kind, reference.key) == reference
    forget_from(method, config, runtime, LAST)
    assert place.intact(reference.kind, reference.key) is None


def test_the_command_line_shows_it(crosstag: Callable[..., tuple[int, str]], data: Path, place: Store) -> None:
    where = ["--data", str(data), "--store", str(place.root)]
    code, printed = crosstag("plan", str(data / "tiny.yaml"), *where, "--from-step", LAST)
    assert code == 0 and "it is to be made again" in printed and ", 1 to run, " in printed


def test_the_form_shows_what_would_run_and_computes_nothing(
    client: SyncPrefectClient, place: Store, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.commands.configuration import read_yaml

    monkeypatch.setenv("CROSSTAG_STORE", str(place.root))
    form = form_of(read_yaml(data / "tiny.yaml"), str(data), "auto")
    asked = form.model_copy(update={"from_step": LAST, "plan_only": True})
    before = {manifest.key for manifest in place.manifests()}
    state = from_form(str(data / "tiny.yaml"), asked, return_state=True)
    assert state.is_completed() and len(all_runs(place)) == 1
    assert {manifest.key for manifest in place.manifests()} == before
    # A server answers with so many at a time, of all tests.
    plans = ArtifactFilter(key=ArtifactFilterKey(any_=["plan"]))
    pages = [str(each.data) for each in client.read_artifacts(artifact_filter=plans)]
    assert any("train_student" in page and "it is to be made again" in page for page in pages)
