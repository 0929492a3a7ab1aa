"""Teachers of an ensemble trained by workers beside the run: each once, the same digests, nobody waits for a worker."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed, Running

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.runtime import Runtime, running
from artifacts.side_by_side import Call
from artifacts.store import Store
from flows.commands.deploy import create_pools, deploy
from flows.commands.many import Grid, many
from flows.commands.methods import load
from flows.commands.pools import check_pool
from flows.commands.teachers import teachers_in
from flows.parts.teachers import handed_out, teacher
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig

pytestmark = pytest.mark.server
EPOCHS = 60  # Two trainings take longer than a worker to begin.


@pytest.fixture
def deployed(client: SyncPrefectClient) -> Iterator[Callable[[], list[FlowRun]]]:
    """The deployment of the pool cpu, which no worker polls; gives the runs that were asked for since, in order."""
    create_pools(client)
    deploy([teachers_in("cpu")])
    of = FlowRunFilter(tags=FlowRunFilterTags(all_=["teacher"]))
    before = {run.id for run in client.read_flow_runs(flow_run_filter=of)}

    def asked() -> list[FlowRun]:
        found = [run for run in client.read_flow_runs(flow_run_filter=of) if run.id not in before]
        return sorted(found, key=lambda run: run.created)

    yield asked


def calls_of(number: int) -> list[Call]:
    """Of train_tagger, with references to nothing."""
    data, encoder = (Reference(kind=kind, key="aa", digest="bb") for kind in ("labelled", "encoder"))
    training = TaggerTraining(learning_rate=3e-5)
    return [Call(f"T^{m}", (data, encoder, training.seeded(m), WindowConfig())) for m in range(1, number + 1)]


@pytest.fixture
def inside(tmp_path: Path) -> Callable[[list[Call], Callable[[], None]], None]:
    """Does something while calls are handed out, in a run of a flow that uses the pool cpu."""

    def do(calls: list[Call], what: Callable[[], None]) -> None:
        @flow
        def method() -> None:
            with running(Runtime(store=str(tmp_path / "store"), device="cpu", teachers_pool="cpu")), handed_out(calls):
                what()

        method()

    return do


def test_all_but_the_first_are_asked_for_the_last_one_first_and_would_be_the_same_steps(
    deployed: Callable[[], list[FlowRun]], inside: Callable[..., None]
) -> None:
    calls = calls_of(3)
    inside(calls, lambda: None)
    runs = deployed()
    assert [run.parameters["name"] for run in runs] == ["T^3", "T^2"]
    assert all(run.work_pool_name == "cpu" and run.parent_task_run_id is not None for run in runs)
    for run, call in zip(runs, (calls[2], calls[1]), strict=True):
        given = teacher.validate_parameters(run.parameters)
        arguments = train_tagger.bound(given["data"], given["start"], given["training"], given["windows"])
        assert train_tagger.key_of(arguments) == train_tagger.key_of(train_tagger.bound(*call.arguments))
        assert given["runtime"].device == "cpu" and given["runtime"].teachers_pool == ""


def test_when_the_run_has_them_all_what_no_worker_has_taken_is_cancelled_and_failures_are_told(
    deployed: Callable[[], list[FlowRun]],
    inside: Callable[..., None],
    client: SyncPrefectClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def some_begin() -> None:
        taken, failing, _ = deployed()
        client.set_flow_run_state(taken.id, Running(), force=True)
        client.set_flow_run_state(failing.id, Failed(message="no room"), force=True)

    inside(calls_of(4), some_begin)
    states = [run.state_name for run in deployed()]
    assert states == ["Running", "Failed", "Cancelled"]
    assert "ended Failed: no room" in caplog.text


def test_a_run_that_fails_stops_them_all(
    deployed: Callable[[], list[FlowRun]], inside: Callable[..., None], client: SyncPrefectClient
) -> None:
    def fail() -> None:
        client.set_flow_run_state(deployed()[0].id, Running(), force=True)
        raise InputError("nothing to learn")

    with pytest.raises(InputError, match="nothing to learn"):
        inside(calls_of(3), fail)
    assert [run.state_name for run in deployed()] == ["Cancelling", "Cancelled"]


def test_what_is_in_the_store_or_to_be_trained_alone_is_not_handed_out(
    deployed: Callable[[], list[FlowRun]], inside: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(calls_of(1), lambda: None)
    monkeypatch.setattr(Store, "known", lambda *_: Reference(kind="tagger", key="cc", digest="dd"))
    inside(calls_of(3), lambda: None)
    assert deployed() == []


def test_a_pool_without_the_deployment_and_a_run_without_a_server_are_told_before_anything_is_computed(
    tiny_config: Callable[[str], Path], data: Path, tmp_path: Path, client: SyncPrefectClient
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    method, config = load(tiny_config("unitrans"), ["teachers=2"])
    runtime = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu", teachers_pool="nowhere")
    with pytest.raises(InputError, match="teachers_pool nowhere: the server has no deployment teacher/nowhere"):
        method.check(config, runtime)
    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(InputError, match="PREFECT_API_URL is not set"):
        method.check(config, runtime)
    method.check(load(tiny_config("unitrans"), ["teachers=1"])[1], runtime)


def test_the_command_line_looks_for_a_worker_of_the_pool(
    client: SyncPrefectClient,
    deployed: Callable[[], list[FlowRun]],
    crosstag: Callable[..., tuple[int, str]],
    tiny_config: Callable[[str], Path],
) -> None:
    code, told = crosstag("run", str(tiny_config("unitrans")), "--teachers-pool", "gpu")
    assert code == 2 and "--teachers-pool gpu: no worker polls it" in " ".join(told.split())


def test_a_run_goes_on_without_a_server(
    deployed: Callable[[], list[FlowRun]],
    inside: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise httpx.ConnectError("nobody answers")

    done = []
    with monkeypatch.context() as patch:
        patch.setattr("flows.parts.teachers.run_deployment", away)
        inside(calls_of(3), lambda: done.append("asking failed"))
    monkeypatch.setattr("flows.parts.teachers.read_runs", away)
    inside(calls_of(3), lambda: done.append("cancelling failed"))
    assert done == ["asking failed", "cancelling failed"] and len(deployed()) == 2
    assert caplog.text.count("the server does not answer, so teachers are trained without it") == 2


@pytest.mark.slow
def test_where_no_worker_is_free_the_run_trains_them_all(
    deployed: Callable[[], list[FlowRun]],
    finished: Path,
    finished_with: Callable[[str], Path],
    tiny_config: Callable[[str], Path],
    data: Path,
    tmp_path: Path,
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    shutil.rmtree(store / "tagger")
    method, config = load(tiny_config("unitrans"), ["teachers=2"])
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu", teachers_pool="cpu"))
    assert [run.parameters["name"] for run in deployed()] == [
        "Theta_src^2", "Theta_trans^2", "data combination^2", "Theta_teach^2"
    ]  # fmt: skip
    assert {run.state_name for run in deployed()} == {"Cancelled"}
    expected, made = (_digests(Store(each)) for each in (finished_with("unitrans"), store))
    assert made.items() <= expected.items() and len(made) > 60


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_many_has_its_teachers_trained_by_two_workers_each_once_with_the_digests_of_one_after_another(
    client: SyncPrefectClient,
    deployed: Callable[[], list[FlowRun]],
    finished: Path,
    tiny_config: Callable[[str], Path],
    data: Path,
    start_worker: Callable[..., Path],
    tmp_path: Path,
) -> None:
    from worker import wait_for

    values: dict[str, Any] = yaml.safe_load(tiny_config("unitrans").read_text(encoding="utf-8"))
    values.update(teachers=3, score_data_combination=False)
    values["source_training"]["epochs"] = EPOCHS
    path = tmp_path / "ensemble.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    together, alone = (Path(shutil.copytree(finished, tmp_path / name)) for name in ("together", "alone"))
    before = len(all_runs(Store(finished)))
    places = {"CROSSTAG_ROOT": str(tmp_path / "elsewhere"), "CROSSTAG_STORE": str(together)}
    for name in ("first", "second"):
        log = start_worker(**places, PREFECT_WORKER_QUERY_SECONDS="1", PREFECT_HOME=str(tmp_path / name))

    def polled() -> bool:
        check_pool(client, "cpu")
        return len(client.read_workers_for_work_pool("cpu")) >= 2

    wait_for(lambda: _without_error(polled), log)
    many(Grid(configurations=(str(path),), pool="cpu", data_folder=str(data)), None, str(together))

    (cell,) = [run for run in all_runs(Store(together))[before:] if run.method == "unitrans"]
    teachers = deployed()
    # One that is cancelled while its process starts may also end as Failed, or be Cancelling for some minutes.
    assert len(teachers) == 6
    assert all(run.state_name == "Completed" or _cancelled(client, run) for run in teachers), [
        (run.name, run.state) for run in teachers
    ]
    trained = Counter(_trained(client, [cell.caller.flow_run, *(str(run.id) for run in teachers)]))
    assert len(trained) == 9 and set(trained.values()) == {1}, "each of three times three teachers by one run"
    of_others = set(_trained(client, [str(run.id) for run in teachers]))
    assert {name.rpartition("^")[0] for name in of_others} == {"Theta_src", "Theta_trans", "Theta_teach"}
    assert not any(name.endswith("^1") for name in of_others)

    method, config = load(path)
    method.flow(config, Runtime(store=str(alone), data=str(data), device="cpu"))
    expected, made = (
        {name: digest for name, digest in _digests(Store(each)).items() if not name.startswith("significance")}
        for each in (alone, together)
    )
    assert made == expected


def _cancelled(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether somebody asked for its end."""
    return not {"Cancelling", "Cancelled"}.isdisjoint(state.name for state in client.read_flow_run_states(run.id))


def _trained(client: SyncPrefectClient, flow_runs: list[str]) -> list[str]:
    """The teachers that runs have trained, and not found, by name; once for each time."""
    of = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(each) for each in flow_runs]))
    found = client.read_task_runs(flow_run_filter=of, limit=200)
    assert len(found) < 200
    return [
        run.name.partition(" · ")[2]
        for run in found
        if run.name.startswith("train_tagger") and run.state is not None and run.state.name == "Completed"
    ]


def _digests(store: Store) -> dict[str, str]:
    return {f"{m.kind}/{m.key}": m.digest for m in store.manifests()}


def _without_error(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except InputError:
        return False
