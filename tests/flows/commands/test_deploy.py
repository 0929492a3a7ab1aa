"""Deployments on a real server: made, brought up to date, and left as a person wants them."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from artifacts.errors import InputError
from flows.commands.deploy import Deployed, deploy, deploy_files, deploy_folder
from flows.commands.deployments import deployments_of
from flows.commands.files_named import checkpoints_named, files_named
from flows.commands.form import Form
from flows.commands.methods import load
from flows.commands.service import service_deployments

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
NAME, EXPERT = "colada/tiny-deployed", "colada/tiny-deployed-expert"
BOTH = ["tiny-deployed", "tiny-deployed-expert"]


@pytest.fixture
def client(server: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as opened:
        yield opened
        for name in (NAME, EXPERT, "colada/quickstart", "colada/quickstart-expert"):
            with suppress(ObjectNotFound):
                opened.delete_deployment(opened.read_deployment_by_name(name).id)


@pytest.fixture
def config(data: Path, tmp_path: Path) -> Path:
    path = tmp_path / "tiny-deployed.yaml"
    head = f"# crosstag run configs/tiny-deployed.yaml --data {data}\n"
    path.write_text(head + (data / "tiny.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def edit(config: Path, **changes: Any) -> None:
    """Changes the configuration's file."""
    head, _, text = config.read_text(encoding="utf-8").partition("\n")
    config.write_text(f"{head}\n{yaml.safe_dump({**yaml.safe_load(text), **changes})}", encoding="utf-8")


def deployed(client: SyncPrefectClient, name: str = NAME) -> DeploymentResponse:
    return client.read_deployment_by_name(name)


def again(config: Path) -> Deployed:
    return deploy(deployments_of([config]))


def test_a_configuration_becomes_a_deployment_that_names_no_folder(
    client: SyncPrefectClient, config: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    assert again(Path(config.name)).new == BOTH
    made = deployed(client)
    assert made.entrypoint == "flows.commands.from_form.from_form"
    assert made.pull_steps == [{"flows.commands.workplace.enter": {}}]
    assert made.path is None and str(config.parent) not in made.model_dump_json()
    assert (made.work_pool_name, made.schedules, made.tags) == ("cpu", [], ["colada"])
    assert made.parameters["configuration"] == "tiny-deployed.yaml"
    form = Form.model_validate(made.parameters["form"])
    assert (form.data_folder, form.source_corpus, form.iterations) == (str(data), ("en.conll",), 2)
    assert made.parameter_openapi_schema is not None
    assert "student" not in made.parameter_openapi_schema["definitions"]
    assert made.description is not None and made.description.endswith("tiny-deployed-expert")


def test_beside_it_stands_one_with_every_setting(client: SyncPrefectClient, config: Path, data: Path) -> None:
    again(config)
    made = deployed(client, EXPERT)
    assert made.entrypoint == "flows.colada.colada" and made.flow_id == deployed(client).flow_id
    assert (made.work_pool_name, made.schedules, sorted(made.tags)) == ("cpu", [], ["colada", "expert"])
    assert made.parameters["runtime"] == {"data": str(data)}
    method, checked = load(config)
    assert method.config.model_validate(made.parameters["config"]) == checked
    assert made.parameter_openapi_schema is not None and "config" in made.parameter_openapi_schema["properties"]


def test_deploying_again_changes_nothing_and_keeps_runs_that_wait(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    before = deployed(client)
    client.create_flow_run_from_deployment(before.id)
    result = again(config)
    assert (result.new, result.updated, result.same, result.left_alone) == ([], [], BOTH, [])
    assert deployed(client) == before, "not even the time of its last update"


def test_the_places_of_dead_runs_in_a_pool_are_given_back_whatever_is_deployed(clean: SyncPrefectClient) -> None:
    for _ in range(2):
        deploy([])
    names = sorted(each.name for each in clean.read_automations())
    assert names == ["crosstag: dead runs are crashed", "crosstag: runs that never begin are crashed"]


def test_an_untouched_deployment_follows_its_file(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    for iterations in (7, 8):
        edit(config, iterations=iterations)
        result = again(config)
        assert (result.updated, result.left_alone) == (BOTH, [])
        assert deployed(client).parameters["form"]["iterations"] == iterations
        assert deployed(client, EXPERT).parameters["config"]["iterations"] == iterations


def test_what_a_person_changed_stays_and_is_told(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    before = deployed(client)
    parameters = {**before.parameters, "form": {**before.parameters["form"], "iterations": 5, "seed": 2}}
    client.update_deployment(
        before.id,
        DeploymentUpdate(
            parameters=parameters,
            concurrency_limit=3,
            work_pool_name="gpu",
            tags=["mine"],
            description="For the paper.",
        ),
    )
    client.create_deployment_schedules(before.id, [(CronSchedule(cron="0 5 * * *", timezone="Europe/Berlin"), True)])
    edit(config, iterations=7, seed=3)
    result = again(config)
    now = deployed(client)
    assert now.parameters == parameters
    assert [(s.schedule.cron, s.schedule.timezone, s.active) for s in now.schedules] == [
        ("0 5 * * *", "Europe/Berlin", True)
    ]
    assert now.global_concurrency_limit is not None and now.global_concurrency_limit.limit == 3
    assert (now.work_pool_name, now.tags, now.description) == ("gpu", ["mine"], "For the paper.")
    told = {line.partition(": ")[2].partition(" changed")[0]: line for line in result.left_alone}
    assert set(told) == {"parameters", "schedules", "concurrency", "pool", "tags", "description"}
    assert "form.seed is 2, the file has 3; form.iterations is 5, the file has 7" in told["parameters"]
    assert "pool is gpu, the file has cpu" in told["pool"]
    # And so it goes on, as often as it is deployed.
    assert again(config).left_alone == result.left_alone and deployed(client).parameters == parameters


def test_one_changed_part_does_not_hold_the_others_back(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    client.update_deployment(deployed(client).id, DeploymentUpdate(tags=["mine"]))
    edit(config, iterations=7)
    result = again(config)
    assert result.updated == BOTH and len(result.left_alone) == 1
    assert (deployed(client).parameters["form"]["iterations"], deployed(client).tags) == (7, ["mine"])


def test_what_is_changed_back_follows_the_file_again(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    made = deployed(client)
    client.update_deployment(made.id, DeploymentUpdate(tags=["mine"]))
    assert len(again(config).left_alone) == 1
    client.update_deployment(made.id, DeploymentUpdate(tags=made.tags))
    assert again(config).left_alone == []
    edit(config, iterations=7)
    assert again(config).updated == BOTH


def test_parameters_of_another_form_do_not_stay_for_they_would_not_run(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    made = deployed(client)
    old = {"config": {"iterations": 5}}  # as deployments had it before there was a short form
    update = DeploymentUpdate(entrypoint="flows.colada.colada", parameters=old, parameter_openapi_schema={})
    client.update_deployment(made.id, update)
    (told,) = again(config).left_alone
    assert "not the parameters, as the form is another one now (config.iterations is 5, the file has nothing" in told
    assert (deployed(client).parameters, deployed(client).entrypoint) == (made.parameters, made.entrypoint)


def test_a_schedule_that_was_switched_on_stays_on(client: SyncPrefectClient) -> None:
    quickstart = ROOT / "configs" / "quickstart.yaml"
    deploy(deployments_of([quickstart]))
    (weekly,) = (made := deployed(client, "colada/quickstart")).schedules
    assert not weekly.active and weekly.schedule.cron == "0 3 * * 1"
    client.update_deployment_schedule(made.id, weekly.id, active=True)
    result = deploy(deployments_of([quickstart]))
    assert [each.active for each in deployed(client, "colada/quickstart").schedules] == [True]
    assert result.left_alone == ["quickstart: schedules changed by hand (here 0 3 * * 1 on; in the file 0 3 * * 1 off)"]


def test_a_deployment_of_another_hand_is_let_be(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    made = deployed(client)
    client.update_deployment(made.id, DeploymentUpdate(version="3f2a", entrypoint="mine.py:colada"))
    assert again(config).left_alone == [
        "tiny-deployed: not made by crosstag; delete it, and it will be made of the file"
    ]
    assert deployed(client).entrypoint == "mine.py:colada"


def test_pools_are_made_once_and_stay_as_a_person_sets_them(client: SyncPrefectClient, config: Path) -> None:
    again(config)
    pools = {pool.name: pool for pool in client.read_work_pools()}
    assert (pools["gpu"].concurrency_limit, pools["cpu"].concurrency_limit) == (1, None)
    assert pools["gpu"].type == pools["cpu"].type == "process"
    client.update_work_pool("gpu", WorkPoolUpdate(concurrency_limit=4))
    again(config)
    assert client.read_work_pool("gpu").concurrency_limit == 4
    client.update_work_pool("gpu", WorkPoolUpdate(concurrency_limit=1))


def test_configurations_whose_command_asks_for_a_gpu_wait_for_one() -> None:
    deployments = deployments_of(CONFIGS)
    short, whole = deployments[::2], deployments[1::2]
    pools = {each.name: (each.pool, each.parameters["form"]["device"]) for each in short}
    assert pools["quickstart"] == ("cpu", "auto")
    assert pools["conll-de"] == pools["xtreme-crop"] == pools["wikiann-zh"] == ("gpu", "cuda")
    pools = {each.name: (each.pool, each.parameters["runtime"].get("device")) for each in whole}
    assert pools["quickstart-expert"] == ("cpu", None) and pools["conll-de-expert"] == ("gpu", "cuda")


def test_a_data_folder_that_is_given_comes_before_that_of_the_file(config: Path) -> None:
    short, whole = deployments_of([config], "mine")
    assert short.parameters["form"]["data_folder"] == whole.parameters["runtime"]["data"] == "mine"


def test_configurations_whose_files_are_not_here_are_left_out(
    client: SyncPrefectClient, config: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = tmp_path / "configs"
    away.mkdir()
    for name in ("tiny-deployed", "tiny-away"):
        command = f"# crosstag run configs/{name}.yaml --data path/to/data\n"
        (away / f"{name}.yaml").write_text(command + (data / "tiny.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit(away / "tiny-away.yaml", encoder={"checkpoint": "./no/such/encoder"})
    service = len(service_deployments())
    deploy(service_deployments())
    deploy_folder(away)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"deployments: {service} as before" and len(printed) == 2
    assert printed[1].startswith("left out: 2 configurations whose files are not here; `crosstag deploy --data FOLDER`")
    deploy_folder(away, str(data))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"deployments: 2 new, {service} as before" and printed[1].startswith(
        "left out: 1 configurations"
    )
    assert deployed(client).parameters["form"]["data_folder"] == str(data)
    with pytest.raises(ObjectNotFound):
        deployed(client, "colada/tiny-away")


@pytest.mark.parametrize(
    ("command", "folder", "device"),
    [
        ("--data 'my corpora' --device cuda", "my corpora", "cuda"),
        ("--data=corpora --device=cuda", "corpora", "cuda"),
        ("on Ada's machine --data corpora", "corpora", "auto"),
        ("--set x=1 --data", ".", "auto"),
    ],
)
def test_the_command_at_the_top_of_a_file_is_read_as_a_shell_reads_it(
    data: Path, tmp_path: Path, command: str, folder: str, device: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"# crosstag run mine.yaml {command}\n{(data / 'tiny.yaml').read_text()}", encoding="utf-8")
    form = deployments_of([path])[0].parameters["form"]
    assert (form["data_folder"], form["device"]) == (folder, device)


def test_two_files_that_would_be_one_deployment_are_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    paths = [tmp_path / name for name in ("tiny.yaml", "tiny-expert.yaml", "more/tiny.yaml")]
    for path in paths:
        shutil.copy(data / "tiny.yaml", path)
    for other, name in ((paths[1], "tiny-expert"), (paths[2], "tiny")):
        with pytest.raises(InputError, match=rf"{paths[0]} and {other} would both be the deployment colada/{name}, "):
            deployments_of([paths[0], other])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_file_that_a_configuration_names_is_looked_for(path: Path) -> None:
    def texts(value: Any) -> Iterator[str]:
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if isinstance(each, str):
                yield each
            yield from texts(each)

    config = load(path)[1]
    found = {*files_named(config), *checkpoints_named(config)}
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values.pop("takes", None)
    files = {text for text in texts(values) if "/" in text or "." in text or text.startswith("bundled:")}
    assert files <= found


def test_without_a_server_it_says_how_to_get_one(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    closed = "http://127.0.0.1:9/api"
    missing = pytest.raises(InputError, match=f"no Prefect server answers at {closed}; `make up`")
    with temporary_settings({PREFECT_API_URL: closed}), missing:
        deploy_files([config])
    unset = pytest.raises(InputError, match="PREFECT_API_URL is not set; `make up`")
    with temporary_settings(restore_defaults={PREFECT_API_URL}), unset:
        deploy_files([config])


@pytest.mark.slow
def test_prefect_deploy_by_hand_names_no_folder_either(client: SyncPrefectClient, config: Path) -> None:
    again(config)  # for the pool
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "flows/colada.py:colada"]
    named = ["--name", "tiny-deployed", "--pool", "cpu"]
    client.delete_deployment(deployed(client).id)
    done = subprocess.run([*command, *named], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = deployed(client)
    assert (made.entrypoint, made.pull_steps) == ("flows/colada.py:colada", [{"flows.commands.workplace.enter": {}}])


def test_a_file_of_corrections_is_looked_for() -> None:
    config = load(ROOT / "configs" / "quickstart.yaml", ["target.corrections=by/hand.jsonl"])[1]
    assert "by/hand.jsonl" in set(files_named(config))
