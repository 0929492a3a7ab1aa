"""Run a configuration again where its corpora or models have changed, and tell what was new and what became of it.

crosstag refresh configs/quickstart.yaml

What changed is told by content: files by their bytes, names on the hub by the commit that they stand for now. The steps
that depend on it run; the rest is in the store. A corpus that is again what it was before the last run has changed,
too.
"""

from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event
from prefect.utilities.callables import parameter_schema
from pydantic import Field, ValidationError

from artifacts.catalog import LABELLED, SENTENCES
from artifacts.errors import StoreError
from artifacts.recorder import named, recorded
from artifacts.report import markdown_table, ui_may_be_away
from artifacts.run_difference import compare_runs
from artifacts.runs import Measurements, RunRecord, all_runs
from artifacts.runtime import Run, Runtime
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.automations import RELABELLED, WORSE
from flows.commands.deployments import CPU_POOL, GPU_POOL, Deployment
from flows.commands.methods import Method, load
from flows.commands.plan import plan_steps
from flows.commands.runs import score_rows
from flows.parts.plain_errors import tell_plainly
from flows.parts.run_tables import cells, plain_table, wide_console
from flows.parts.student_change import StudentChange, change_table, compare_students
from flows.parts.what_was_new import changed_corpora, corpora_table, first_causes, translated_anew
from tasks.corpus.once import reading_once

_TEXT = "target text"
_NIGHTLY = {"cron": "0 2 * * *", "timezone": "UTC"}


class Limits(Settings):
    """From when on people are told of a student: an event is sent, which an automation may act on."""

    lost_points: float = Field(
        1.0, ge=0, title="Lost on source dev", description="Points of F1 that it has less than the student before."
    )
    changed_percent: float = Field(
        5.0, ge=0, le=100, title="Words labelled otherwise", description="Of the target text, in %."
    )


@flow(name="refresh", flow_run_name="{configuration}")
def refresh(configuration: str, settings: tuple[str, ...], runtime: Runtime, limits: Limits) -> None:
    """Run a configuration again if something it reads has changed.

    Args:
        configuration: Its file; a path in the worker's folder.
        settings: path.to.key=value, such as student.epochs=5, as --set takes them.
        runtime: Where it computes.
        limits: When to send an event.
    """
    tell_plainly()
    path, log = Path(configuration), get_run_logger()
    method, config = load(path, settings)
    store, name = Store(runtime.store), path.stem
    earlier = newest(store, name, method, config)
    with reading_once():
        method.check(config, runtime)
        planned = plan_steps(method, config, runtime)
        if earlier is not None and not is_new(planned, earlier):
            log.info("nothing is new since run %s: all %d steps are in the store", earlier.id, len(planned.outcomes))
            return
        with named(name):
            method.flow.fn(config, runtime)
    later = newest(store, name, method, config)
    if earlier is None or later is None:
        log.info("there was no run of %s before to compare with", name)
        return
    tell_changes(earlier, later, name, runtime, limits)


def is_new(planned: Run, earlier: RunRecord) -> bool:
    """Whether a run would give anything else than an earlier one, be it that the store has all of it from before."""
    had = {taken.reference.content for taken in earlier.steps}
    return any(step.status != "cached" or step.reference.content not in had for step in planned.outcomes)


def newest(store: Store, name: str, method: Method, config: Settings) -> RunRecord | None:
    """The last run of a configuration that was done with these settings; if none was, the last with any.

    A sweep, an ablation or another seed in between tells nothing of a corpus.
    """
    if not store.exists():
        return None
    runs = [run for run in all_runs(store) if (run.name, run.method, run.state) == (name, method.name, "done")]
    alike = [run for run in runs if _has_settings(run, method, config)]
    return next(reversed(alike or runs), None)


def _has_settings(run: RunRecord, method: Method, config: Settings) -> bool:
    try:
        return bool(method.config.model_validate(run.configuration) == config)
    except ValidationError:  # Of an older Crosstag.
        return False


def tell_changes(earlier: RunRecord, later: RunRecord, name: str, runtime: Runtime, limits: Limits) -> None:
    """What was new and what it changed in the student: on record, in the terminal, in the UI, and as events."""
    asked = {"earlier": earlier.id, "later": later.id}
    with recorded(runtime, "refresh", asked, name) as run:
        found = compare_runs(run.store, earlier, later)
        lines = [*(f"{key}: {one} -> {other}" for key, (one, other) in found.settings.items())]
        lines += [*first_causes(found.steps), *translated_anew(run.store, later)]
        tables, change = [], None
        try:
            corpora = changed_corpora(run.store, earlier, later)
            tables += [corpora_table(corpora)] if corpora else []
            change = _change(run.store, earlier, later, runtime)
            tables += [change_table(change, later.student)] if change is not None and later.student else []
        except StoreError as error:  # Such as a student that `crosstag store gc` removed.
            lines.append(f"not all can be compared: {error}")
        if run.recorder is not None:
            run.recorder.completed(None, None, (), tables)
        lines += [" ".join(row) for row in score_rows(found) if row[0] == later.models[-1].name]
        _show(lines, tables, earlier, later)
    if change is not None:
        _send(change, name, later, limits)


def _change(store: Store, earlier: RunRecord, later: RunRecord, runtime: Runtime) -> StudentChange | None:
    """The two students on the same words; None if they are the same, or of other entity types."""
    before, now = earlier.student, later.student
    if before is None or now is None or before.digest == now.digest:
        return None
    made_before, made = (
        {(taken.stage, taken.reference.kind): taken.reference for taken in run.steps} for run in (earlier, later)
    )
    labels = [store.describe(each["source dev", LABELLED.name]).metadata["labels"] for each in (made_before, made)]
    if labels[0] != labels[1]:
        return None
    texts = [made[key] for key in made if key[0].endswith(_TEXT) and key[1] == SENTENCES.name]
    return compare_students(store, before, now, made["source dev", LABELLED.name], texts, runtime)


def _show(lines: list[str], tables: list[Measurements], earlier: RunRecord, later: RunRecord) -> None:
    sheets = [(table.title, *cells(table)) for table in tables]
    console = wide_console()
    console.print(f"\nrun {later.id} against run {earlier.id}")
    for line in lines:
        console.print(f"  {line}")
    for title, header, rows in sheets:
        console.print(plain_table(title, header, rows))
    page = [f"## {title}\n\n{markdown_table(header, rows)}" for title, header, rows in sheets]
    page.insert(0, "\n".join(f"- {line}" for line in lines))
    with ui_may_be_away("the comparison"):
        create_markdown_artifact(
            markdown="\n\n".join(page), key="refresh", description="What was new, and what it changed"
        )


def _send(change: StudentChange, name: str, later: RunRecord, limits: Limits) -> None:
    """Events of a student that crosses a limit."""
    said = {
        WORSE: (
            round(100 * change.lost, 6) > limits.lost_points,
            f"{name}: the new student has F1 {100 * change.dev_now:.1f} on source dev, the one before had "
            f"{100 * change.dev_before:.1f} (run {later.id})",
        ),
        RELABELLED: (
            round(100 * change.share, 6) > limits.changed_percent,
            f"{name}: the new student labels {100 * change.share:.1f} % of {change.words:,} words of the target text "
            f"otherwise than the one before (run {later.id})",
        ),
    }
    for event, (crossed, message) in said.items():
        if crossed:
            get_run_logger().warning(message)
            resource = {"prefect.resource.id": f"crosstag.configuration.{name}", "prefect.resource.name": name}
            emit_event(event, resource, payload={"message": message, "run": later.id})


def refresh_deployments() -> list[Deployment]:
    """`refresh` in the Prefect UI, by pool; a schedule of one says which configuration it is for, and when."""
    return [
        Deployment(
            name=pool,
            flow="refresh",
            entrypoint="flows.commands.refresh.refresh",
            schema=parameter_schema(refresh).model_dump(mode="json", exclude_unset=True),
            description="A configuration again, if a corpus or a model of it has changed; what was new, and what "
            "it changed in the student. From a terminal: crosstag refresh CONFIG",
            tags=("refresh",),
            parameters={"configuration": "configs/quickstart.yaml", "settings": [], "runtime": {}, "limits": {}},
            cron=(_NIGHTLY,) if pool == CPU_POOL else (),
            pool=pool,
        )
        for pool in (CPU_POOL, GPU_POOL)
    ]
