"""Runs from the short form, by a worker: the same as from the command line, with errors in the form's words."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from worker import ended, wait_for

from artifacts.runs import all_runs
from artifacts.store import Store
from flows.commands.deploy import deploy
from flows.commands.deployments import deployments_of


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    """The worker's folder: a configuration and a folder of data."""
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(data, tmp_path / "elsewhere" / "corpora")
    command = "# crosstag run tiny-form.yaml --data corpora\n"
    text = (data / "tiny.yaml").read_text(encoding="utf-8")
    (tmp_path / "elsewhere" / "tiny-form.yaml").write_text(command + text, encoding="utf-8")
    return tmp_path / "elsewhere"


@pytest.fixture
def run(
    client: SyncPrefectClient,
    folder: Path,
    start_worker: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., FlowRun]:
    """Runs the deployment with a changed form, as the button of the UI does; gives the run when it is over."""
    monkeypatch.chdir(folder)
    deploy(deployments_of([Path("tiny-form.yaml")]))
    made = client.read_deployment_by_name("colada/tiny-form")
    log = start_worker(CROSSTAG_ROOT=str(folder), CROSSTAG_STORE=str(tmp_path / "store"))

    def run_it(configuration: str = "tiny-form.yaml", **form: Any) -> FlowRun:
        parameters = {"configuration": configuration, "form": {**made.parameters["form"], **form}}
        started = client.create_flow_run_from_deployment(made.id, parameters=parameters)
        wait_for(lambda: started.id in {each.id for each in ended(client, made)}, log)
        return client.read_flow_run(started.id)

    return run_it


@pytest.mark.slow
def test_it_finds_every_step_that_the_same_settings_made_from_the_command_line(
    run: Callable[..., FlowRun], crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    settings = ["iterations=1", "target.tests=[]", "student.learning_rate=0.002"]
    command = ["run", "tiny-form.yaml", "--data", "corpora", "--store", str(store)]
    assert crosstag(*command, *(word for setting in settings for word in ("--set", setting)))[0] == 0
    form = {"language": "de", "text": ["de.txt"], "gold": ["de.gold.conll"], "tests": []}
    form["parallel"] = [{"source": "parallel.en", "target": "parallel.de"}]
    done = run(iterations=1, targets=[form], settings=["student.learning_rate=0.002"])
    assert done.state is not None and done.state.is_completed(), done.state
    assert done.name == "tiny-form.yaml, seed 1, target.tests=[], iterations=1, student.learning_rate=0.002"
    _, by_command, by_form = all_runs(Store(store))
    assert by_command.ran and not by_form.ran
    assert by_form.configuration == by_command.configuration
    assert (by_form.caller.by, by_form.name, by_form.method) == ("deployment", "tiny-form", "colada")


@pytest.mark.slow
def test_its_errors_name_the_fields_of_the_form(run: Callable[..., FlowRun], folder: Path) -> None:
    def said(**changes: Any) -> str:
        state = run(**changes).state
        assert state is not None and state.is_failed()
        return state.message or ""

    message = said(data_folder="nowhere")
    assert f"there is no file {folder}/nowhere/en.conll" in message
    assert message.endswith("check the path, or the folder it starts from (Data folder)")
    assert "Other settings: student.epochs: expected path.to.key=value" in said(settings=["student.epochs"])
    missing = said(configuration="other.yaml")
    assert f"Configuration other.yaml: there is no such file in {folder}" in missing and "other-expert" in missing
