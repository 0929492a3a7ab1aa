"""Many runs on workers: each a run of its own, one comparison at the end, errors before anything starts."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml
from httpx import ConnectError
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Completed

from artifacts.errors import RunsFailed
from artifacts.runs import all_runs
from artifacts.store import Store
from flows.commands import many as many_runs
from flows.commands.cell import cell, cells_in
from flows.commands.configuration import checked
from flows.commands.deploy import create_pools, deploy
from flows.commands.many import Grid, grid_of, many, many_deployment
from flows.commands.methods import load
from flows.commands.pools import check_pool
from flows.parts.other_runs import cancel, read_runs

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pools(client: SyncPrefectClient) -> None:
    create_pools(client)


@pytest.mark.slow
def test_the_runs_are_made_by_a_worker_and_one_that_fails_is_named_with_the_command_that_runs_it_alone(
    client: SyncPrefectClient,
    pools: None,
    data: Path,
    finished: Path,
    start_worker: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from worker import wait_for

    store = Path(shutil.copytree(finished, tmp_path / "store"))
    artifacts = {path for path in store.rglob("manifest.json")}
    (tmp_path / "tiny.yaml").write_text((data / "tiny.yaml").read_text())
    broken = yaml.safe_load((data / "tiny.yaml").read_text())
    broken["target"]["text"]["path"] = "nowhere.txt"
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(broken))
    places = {"CROSSTAG_ROOT": str(tmp_path / "elsewhere"), "CROSSTAG_STORE": str(store)}
    log = start_worker(**places, PREFECT_WORKER_QUERY_SECONDS="2")

    def polled() -> bool:
        try:
            check_pool(client, "cpu")
        except ValueError:
            return False
        return True

    wait_for(polled, log)
    names = tuple(str(tmp_path / name) for name in ("tiny.yaml", "broken.yaml"))
    grid = Grid(configurations=names, seeds=(1,), data_folder=str(data), settings=("iterations=2",))
    with pytest.raises(RunsFailed) as failed:
        many(grid, None, str(store))
    message = str(failed.value)
    assert message.startswith("1 of 2 runs failed") and "  broken, seed 1: " in message and "nowhere.txt" in message
    command = f"crosstag many {names[1]} --seeds 1 --pool cpu --data {data} --set iterations=2"
    assert message.endswith(f"alone: {command}")
    printed = capsys.readouterr().out
    assert "M_tgt^2" in printed and "source-only (M_src)" in printed and "p by approximate randomisation" in printed

    made = {record.name: record for record in all_runs(Store(store)) if record.caller.by == "deployment"}
    assert made["tiny"].state == "done" and made["tiny"].ran == () and made["broken"].state == "failed"
    compared = all_runs(Store(store))[-1]
    assert compared.method == "compare" and compared.configuration["runs"] == {"tiny": [made["tiny"].id]}
    kinds = {path.parent.parent.name for path in store.rglob("manifest.json") if path not in artifacts}
    assert kinds <= {"significance"}, "every step of the run was in the store"
    of = FlowRunFilter(tags=FlowRunFilterTags(all_=["many", "colada"]))
    runs = {run.name: run for run in client.read_flow_runs(flow_run_filter=of)}
    assert sorted(runs) == ["broken, seed 1", "tiny, seed 1"]
    assert all(run.parent_task_run_id is not None and run.work_pool_name == "cpu" for run in runs.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pool", "nobody"], "--pool nobody: the server has no such work pool; expected one of: cpu, gpu, many"),
        (["--pool", "gpu"], "--pool gpu: no worker polls it"),
        (["--targets", "xx"], "--targets xx: "),
        (["--seeds", "one"], "expected whole numbers"),
        (["--published", "conll-xx"], "no paper's table is on record"),
        (["--set", "reliability.neighbors=3"], "did you mean reliability.neighbours"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_starts(
    client: SyncPrefectClient,
    pools: None,
    crosstag: Callable[..., tuple[int, str]],
    data: Path,
    tmp_path: Path,
    arguments: list[str],
    words: str,
) -> None:
    before = len(client.read_flow_runs())
    code, told = crosstag("many", str(data / "tiny.yaml"), *arguments, "--store", str(tmp_path / "store"))
    assert code == 2 and words in " ".join(told.split())
    assert len(client.read_flow_runs()) == before and not (tmp_path / "store").exists()


def test_a_paused_pool_and_a_server_that_does_not_answer_are_told(
    client: SyncPrefectClient,
    pools: None,
    crosstag: Callable[..., tuple[int, str]],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from prefect.client.schemas.actions import WorkPoolUpdate
    from prefect.settings import PREFECT_API_URL, temporary_settings

    client.update_work_pool("gpu", WorkPoolUpdate(is_paused=True))
    try:
        code, told = crosstag("many", str(data / "tiny.yaml"), "--pool", "gpu")
    finally:
        client.update_work_pool("gpu", WorkPoolUpdate(is_paused=False))
    assert code == 2 and "it is paused; `prefect work-pool resume gpu`" in told
    for address, words in (
        (None, "PREFECT_API_URL is not set"),
        ("http://127.0.0.1:9/api", "no Prefect server answers"),
    ):
        with temporary_settings({PREFECT_API_URL: address}):
            code, told = crosstag("many", str(data / "tiny.yaml"))
        assert code == 2 and f"many: {words}" in told.replace("\n", " ")


def test_who_stops_it_stops_the_runs_that_it_has_started(client: SyncPrefectClient, pools: None) -> None:
    deploy([cells_in("gpu")])
    made = client.read_deployment_by_name("cell/gpu")
    parameters = {"name": "tiny", "method": "colada", "config": {}, "runtime": {}}
    waiting, over = (client.create_flow_run_from_deployment(made.id, parameters=parameters).id for _ in range(2))
    client.set_flow_run_state(over, Completed(), force=True)
    cancel(client, read_runs(client, [waiting, over]).values())
    states = [client.read_flow_run(each).state for each in (waiting, over)]
    assert states[0] is not None and states[0].type in (StateType.CANCELLED, StateType.CANCELLING)
    assert states[1] is not None and states[1].is_completed()


def test_of_more_runs_than_a_server_tells_of_at_once_all_are_read(client: SyncPrefectClient, pools: None) -> None:
    deploy([cells_in("gpu")])
    made = client.read_deployment_by_name("cell/gpu")
    parameters = {"name": "tiny", "method": "colada", "config": {}, "runtime": {}}
    last = client.create_flow_run_from_deployment(made.id, parameters=parameters).id
    assert list(read_runs(client, [*(uuid4() for _ in range(200)), last])) == [last]
    cancel(client, read_runs(client, [last]).values())


def test_a_run_that_somebody_deletes_is_one_that_failed_and_is_not_waited_for(
    client: SyncPrefectClient, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(configurations=(str(data / "tiny.yaml"),), seeds=(1, 2))
    first, second = grid_of(grid)
    run = client.create_flow_run(cell, state=Completed())
    monkeypatch.setattr(many_runs, "get_run_logger", lambda: logging.getLogger("test"))
    monkeypatch.setattr(many_runs.time, "sleep", lambda seconds: pytest.fail("it waits for a run that is gone"))
    ended = many_runs._wait(client, {uuid4(): first, run.id: second})
    assert list(ended) == [run.id]
    assert many_runs._reason(None, first, grid).startswith("  tiny, seed 1: somebody deleted it on the server\n")


def test_who_waits_for_runs_waits_while_the_server_is_away(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (placed,) = grid_of(Grid(configurations=(str(data / "tiny.yaml"),)))
    over = FlowRun(flow_id=uuid4(), state=Completed(), state_name="Completed")
    answers = iter([ConnectError("no route"), {over.id: over}])

    def read(client: object, keys: object) -> dict[UUID, FlowRun]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(many_runs, "get_run_logger", lambda: logging.getLogger("test"))
    monkeypatch.setattr(many_runs, "read_runs", read)
    monkeypatch.setattr(many_runs.time, "sleep", lambda seconds: None)
    assert many_runs._wait(None, {over.id: placed}) == {over.id: over}


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_cell_gets_the_settings_that_were_meant(path: Path) -> None:
    method, config = load(path)
    sent = json.loads(json.dumps(config.model_dump(mode="json", exclude_unset=True)))
    assert checked(method.config, sent, path.name) == config


def test_the_form_of_many_asks_for_the_grid_alone_and_waits_in_a_pool_of_its_own(
    client: SyncPrefectClient, pools: None
) -> None:
    deploy([many_deployment()])
    made = client.read_deployment_by_name("many/many")
    assert made.work_pool_name == "many" and made.parameter_openapi_schema is not None
    assert list(made.parameter_openapi_schema["properties"]) == ["grid"]
    fields = made.parameter_openapi_schema["definitions"]["Grid"]["properties"]
    assert list(fields) == ["configurations", "targets", "seeds", "pool", "data_folder", "settings"]
    assert Grid.model_validate(made.parameters["grid"]).seeds == (1, 2, 3)
