"""The flow behind the short form, and the form's shape by method."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from prefect import flow, get_client, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext
from prefect.utilities.callables import parameter_schema

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.report import markdown_table
from artifacts.runtime import Run, Runtime
from flows.commands.again import forget_from, plan_from
from flows.commands.configuration import read_yaml
from flows.commands.form import Form
from flows.commands.form_changes import EXPERT, changes
from flows.commands.methods import has_setting, load_values
from flows.commands.plan import plan_rows
from flows.parts.plain_errors import tell_plainly
from tasks.corpus.once import reading_once

_NAME_LENGTH = 120


@flow(name="crosstag", flow_run_name="{configuration}, seed {form.seed}")
def from_form(configuration: str, form: Form) -> Reference | None:
    """Run a configuration as its file has it, but for what the form changes.

    Args:
        configuration: The file that says all that the form does not; a path in the worker's folder.
        form: Filled in as the file says.
    """
    path, log = Path(configuration), get_run_logger()
    if not path.is_file():
        raise InputError(
            f"Configuration {configuration}: there is no such file in {Path.cwd()}, the worker's folder; copy it "
            f"there, or use the deployment {path.stem}{EXPERT}, which holds every setting itself"
        )
    values = read_yaml(path)
    settings, given_up = changes(values, form)
    method, config = load_values(values, settings, configuration)
    for line in given_up:
        log.warning("given up, as the form names another corpus: %s", line)
    _name_after(configuration, form.seed, settings)
    words = ["crosstag", "run", configuration, "--data", form.data_folder, "--device", form.device]
    log.info("The same from a terminal: %s", shlex.join(words + [w for each in settings for w in ("--set", each)]))
    runtime = Runtime(data=form.data_folder, device=form.device)
    if form.from_step or form.plan_only:
        tell_plainly()
        with reading_once():
            method.check(config, runtime)
            _show_plan(plan_from(method, config, runtime, form.from_step)[0])
            if form.plan_only:
                return None
            forget_from(method, config, runtime, form.from_step)
    made: Reference = method.flow.fn(config, runtime)
    return made


def _show_plan(planned: Run) -> None:
    """What the run will do, as an artifact of it."""
    rows = [row for row in plan_rows(planned) if row[2] != "cached"]
    page = markdown_table(("step", "for", "status", "time", "why"), rows)
    cached = f"{len(planned.outcomes) - len(rows)} of {len(planned.outcomes)} steps are in the store."
    create_markdown_artifact(markdown=f"{cached}\n\n{page}", key="plan", description="What the run will do")


def _name_after(configuration: str, seed: int, settings: Sequence[str]) -> None:
    """Names the flow run after what the form changed, so that lists of runs tell one from another."""
    others = [setting for setting in settings if not setting.startswith("seed=")]
    if others and (run := FlowRunContext.get()) is not None and run.flow_run is not None:
        name = shorten(", ".join([configuration, f"seed {seed}", *others]), _NAME_LENGTH, placeholder=" ...")
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, name=name)


def form_schema(method: str) -> dict[str, Any]:
    """The parameters of a deployment with the short form, without what the method has not."""
    schema = parameter_schema(from_form).model_dump(mode="json", exclude_unset=True)
    schema["properties"]["configuration"]["title"] = "Configuration"
    schema["properties"]["form"]["title"] = "What most people change"
    fields = schema["definitions"]["Form"]["properties"]
    if has_setting(method, "iterations"):
        # The UI shows a choice between kinds of values as tabs, which say no more than an empty field.
        number, _ = fields["iterations"].pop("anyOf")
        fields["iterations"] |= number
    else:
        del fields["iterations"]
    if not has_setting(method, "targets"):
        fields["targets"] |= {"maxItems": 1, "title": "Target language", "description": "This method takes one."}
    return schema
