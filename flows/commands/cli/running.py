"""Commands that run a method, or say what a run would do."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.cli.options import ConfigFile, DataFolder, Device, FromStep, Overrides, StoreFolder, Threads
from flows.commands.cli.starting import runtime_of, server_starting
from flows.commands.stopping import goes_on_when_run_again


@goes_on_when_run_again()
def run(
    config: ConfigFile,
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    checkpoint_minutes: Annotated[
        float, typer.Option(help="Minutes between checkpoints of a training, from which a killed one goes on.", min=0)
    ] = 5.0,
    workers: Annotated[
        int,
        typer.Option(help="Trainings that may run side by side, in processes, where a method has such.", min=1, max=64),
    ] = 1,
    threads: Threads = None,
    teachers_pool: Annotated[
        str,
        typer.Option(
            "--teachers-pool",
            help="Work pool whose workers train teachers of an ensemble beside this run.",
            metavar="POOL",
        ),
    ] = "",
    keep_taggers: Annotated[
        Literal["all", "last"],
        typer.Option(help="last: drop the files of inner iterations' taggers; what needs one again trains it again."),
    ] = "all",
    from_step: FromStep = "",
) -> None:
    """Run a method: train a tagger for the target language, step by step, every step cached."""
    with server_starting(config.stem) as started:
        from flows.commands.again import forget_from
        from flows.commands.corpus import print_remarks
        from flows.commands.methods import load, read_duration
        from flows.commands.plan import announcement, plan_steps

        method, checked = load(config, settings or ())
        side_by_side = {"workers": workers, "threads": threads, "teachers_pool": teachers_pool}
        runtime = runtime_of(
            store, data, device, checkpoint_minutes=checkpoint_minutes, keep_taggers=keep_taggers, **side_by_side
        )
        if teachers_pool:
            from flows.commands.teachers import open_to_teachers

            open_to_teachers(teachers_pool)
        method.check(checked, runtime)
        print_remarks()
        planned = (
            forget_from(method, checked, runtime, from_step) if from_step else plan_steps(method, checked, runtime)
        )
        typer.echo(announcement(method, checked, planned, read_duration(config), changed=bool(settings)))
        with started():
            method.flow(checked, runtime)


def plan(
    config: ConfigFile,
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    from_step: FromStep = "",
) -> None:
    """Say what a run would do, per step: cached, to run (what changed, how long), or depends on what runs before it."""
    from flows.commands.again import plan_from
    from flows.commands.corpus import print_remarks
    from flows.commands.methods import load
    from flows.commands.plan import print_plan
    from tasks.corpus.once import reading_once

    method, checked = load(config, settings or ())
    runtime = runtime_of(store, data, device)
    with reading_once():
        method.check(checked, runtime)
        print_remarks()
        print_plan(plan_from(method, checked, runtime, from_step)[0])


def systems() -> None:
    """The methods: paper, flow, example, and the steps that they share."""
    from flows.commands.systems import find_systems, print_papers, print_systems

    configs = Path("configs")
    if configs.is_dir():
        print_systems(find_systems(configs))
    else:
        print_papers(configs)


def adopt(
    config: ConfigFile,
    step: Annotated[str, typer.Option("--step", help="Name of the step whose code changed.")],
    why: Annotated[str, typer.Option("--why", help="Why the change cannot alter the result; kept on record.")],
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
) -> None:
    """Keep the results of a step although its code changed: you vouch that the change does not alter them."""
    from flows.commands.methods import load
    from flows.commands.plan import adopt_step

    method, checked = load(config, settings or ())
    for line in adopt_step(method, checked, runtime_of(store, data, device), step, why):
        typer.echo(line)
