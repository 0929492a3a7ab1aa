"""The command line. Imports that take long stand inside the commands, so that --help answers at once."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.commands.stopping import goes_on_when_run_again

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from artifacts.runtime import Runtime
    from flows.commands.compare import Cell, Shown

app = typer.Typer(
    name="crosstag",
    help="Labelled text in one language plus raw text in another, turned into a named-entity tagger for the second.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
store_app = typer.Typer(help="Look at the store, check it, tidy it.", no_args_is_help=True)
app.add_typer(store_app, name="store")
runs_app = typer.Typer(help="Look at the runs on record, and compare two.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")
corrections_app = typer.Typer(
    help="Labels that people correct: out to annotation tools, and back.", no_args_is_help=True
)
app.add_typer(corrections_app, name="corrections")

ConfigFile = Annotated[Path, typer.Argument(help="A configuration, such as configs/quickstart.yaml.", metavar="CONFIG")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: path.to.key=value. May be repeated.", metavar="KEY=VALUE"),
]
ReaderAndLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting of the reader, such as tag_column=3, or of the labels, such as labels.rename.PERS=PER; may be "
        "repeated.",
        metavar="KEY=VALUE",
    ),
]
DataFolder = Annotated[str, typer.Option("--data", help="Folder that relative paths in the configuration start from.")]
StoreFolder = Annotated[
    str,
    typer.Option(
        "--store",
        help="Folder of the artifacts, or a URL such as s3://bucket/prefix.",
        envvar="CROSSTAG_STORE",
        show_default=True,
    ),
]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where models compute.")]
Threads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads of whatever computes; empty: as many as there are cores that nobody else keeps busy.", min=1
    ),
]
Seeds = Annotated[str, typer.Option(help="Seeds such as 1,2,3; empty: that of each configuration.")]
EveryModel = Annotated[bool, typer.Option("--every-model", help="Also the models on the way to the students.")]
Published = Annotated[
    str, typer.Option(help="Put what the papers report beside it: a corpus such as conll-es.", metavar="CORPUS")
]
Write = Annotated[
    Path | None,
    typer.Option("--write", help="Folder for the tables as Markdown, LaTeX, CSV and JSON, and a picture."),
]
FromStep = Annotated[
    str,
    typer.Option(
        "--from-step",
        help="Make this step anew, and all that depends on it: a name, or `step · stage` as the log has it.",
        metavar="STEP",
    ),
]
RUN = Annotated[str, typer.Argument(help="The beginning of a run's id; `last` is the newest.", metavar="RUN")]
REFERENCE = Annotated[str, typer.Argument(help="kind/key; a unique beginning of the key is enough.", metavar="REF")]


@app.command()
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
        int, typer.Option(help="Trainings that may run side by side, in processes, where a method has such.", min=1)
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
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from flows.commands.again import forget_from
    from flows.commands.corpus import print_remarks
    from flows.commands.methods import load, read_duration
    from flows.commands.plan import announcement, plan_steps
    from tasks.corpus.once import reading_once

    method, checked = load(config, settings or ())
    side_by_side = {"workers": workers, "threads": threads, "teachers_pool": teachers_pool}
    runtime = _runtime(
        store, data, device, checkpoint_minutes=checkpoint_minutes, keep_taggers=keep_taggers, **side_by_side
    )
    if teachers_pool:
        from flows.commands.teachers import open_to_teachers

        open_to_teachers(teachers_pool)
    with reading_once():
        method.check(checked, runtime)
        print_remarks()
        planned = (
            forget_from(method, checked, runtime, from_step) if from_step else plan_steps(method, checked, runtime)
        )
        typer.echo(announcement(method, checked, planned, read_duration(config), changed=bool(settings)))
        wait_for_server()
        with from_command_line(config.stem):
            method.flow(checked, runtime)


@app.command()
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
    runtime = _runtime(store, data, device)
    with reading_once():
        method.check(checked, runtime)
        print_remarks()
        print_plan(plan_from(method, checked, runtime, from_step)[0])


@app.command()
def systems() -> None:
    """The methods: paper, flow, example, and the steps that they share."""
    from flows.commands.systems import find_systems, print_systems

    print_systems(find_systems(Path("configs")))


@app.command()
def adopt(
    config: ConfigFile,
    step: Annotated[str, typer.Option("--step", help="Name of the step whose code changed.")],
    why: Annotated[str, typer.Option("--why", help="Why the change cannot alter the result; kept on record.")],
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
) -> None:
    """Keep the results of a step although its code changed: you vouch that the change does not alter them."""
    from flows.commands.methods import load
    from flows.commands.plan import adopt_step

    method, checked = load(config, settings or ())
    for line in adopt_step(method, checked, _runtime(store, data, "cpu"), step, why):
        typer.echo(line)


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="Folder of a student, or its reference in the store.", metavar="MODEL")],
    sentences: Annotated[
        Path, typer.Argument(help="UTF-8 text, one sentence a line; - reads standard input.", metavar="FILE")
    ],
    format: Annotated[Literal["conll", "jsonl"], typer.Option(help="How to write the result.")] = "conll",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="With what the model gives the tag of each word, 0 to 1.")
    ] = False,
    offsets: Annotated[
        bool,
        typer.Option(
            "--offsets",
            help="With where each word starts and ends (exclusive), in characters: in its line; with --text, in all of "
            "the text.",
        ),
    ] = False,
    text: Annotated[
        Literal["sentences", "paragraphs", "wrapped"],
        typer.Option(
            help="sentences: one a line, a row for each, blank ones too. paragraphs: lines are split into sentences. "
            "wrapped: so is text whose sentences go on in the next line; blank lines end them. jsonl tells lines."
        ),
    ] = "sentences",
    read: Annotated[
        str,
        typer.Option(
            "--read", help="FILE is a corpus, in this format or auto: its words are tagged; empty: it is text."
        ),
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the text; empty: the student's own.")] = "",
    tokenized: Annotated[bool, typer.Option("--tokenized", help="Words are separated by spaces already.")] = False,
    segmenter: Annotated[
        Literal["jieba", "sudachi", "newmm", "characters"] | None,
        typer.Option(help="What finds words of zh, ja, th; empty: what the student's card names."),
    ] = None,
    store: StoreFolder = "store",
    device: Device = "auto",
    precision: Annotated[Literal["float32", "bf16"], typer.Option(help="Number format of the model.")] = "float32",
) -> None:
    """Tag text with a trained student; on stderr, how fast it was."""
    from flows.commands.predict import Answer, Question, model_folder, predict_file
    from tasks.tagging.inference import Inference

    question = Question(
        file=sentences, language=language, layout=text, tokenized=tokenized, segmenter=segmenter, read=read
    )
    answer = Answer(format=format, probabilities=probabilities, offsets=offsets)
    predict_file(model_folder(model, store), question, sys.stdout, answer, device, Inference(precision=precision))


@app.command()
@goes_on_when_run_again()
def sweep(
    config: ConfigFile,
    vary: Annotated[
        str, typer.Option("--vary", help="The setting and its values, read as YAML.", metavar="KEY=VALUE,VALUE,...")
    ],
    name: Annotated[str, typer.Option(help="What the setting is called in the picture; empty: its key.")] = "",
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a method once for each value of one setting, and compare the students: a table and a picture."""
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from flows.commands.sweep import check, variations
    from flows.commands.sweep import sweep as run_sweep
    from tasks.corpus.once import reading_once

    runtime = _runtime(store, data, device, threads=threads)
    with reading_once():
        check(variations(config, vary, settings or ()), runtime)
        wait_for_server()
        with from_command_line(config.stem):
            run_sweep(config, vary, tuple(settings or ()), name, runtime)


@app.command()
def compare(
    configs: Annotated[list[Path], typer.Argument(help="Configurations of the same languages.", metavar="CONFIG...")],
    seeds: Seeds = "",
    settings: Overrides = None,
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run several methods with the same seeds, and compare them: means, significance, cost; what is there is cached."""
    from flows.commands.compare import Shown, cells_of

    cells = cells_of(configs, _numbers(seeds), settings or ())
    shown = Shown(every_model=every_model, published=published, folder=write)
    asked = {"configs": list(map(str, configs)), "seeds": seeds, "settings": settings or []}
    _compare(
        "-".join(path.stem for path in configs), cells, shown, asked, _runtime(store, data, device, threads=threads)
    )


@app.command()
def ablate(
    config: ConfigFile,
    rows: Annotated[
        str, typer.Option(help="Rows of the paper's table, such as no_iteration,no_translation; empty: all.")
    ] = "",
    seeds: Seeds = "",
    settings: Overrides = None,
    published: Published = "",
    write: Write = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a method without each of its parts: the paper's table of ablations, by the switch `ablation`."""
    from flows.commands.compare import Shown, ablations_of

    named = _listed(rows)
    cells = ablations_of(config, named, _numbers(seeds), settings or ())
    shown = Shown(baselines=False, published=published, folder=write)
    asked = {"configs": [str(config)], "rows": named, "seeds": seeds, "settings": settings or []}
    _compare(config.stem, cells, shown, asked, _runtime(store, data, device, threads=threads))


@app.command()
@goes_on_when_run_again()
def many(
    configs: Annotated[list[Path], typer.Argument(help="Configurations.", metavar="CONFIG...")],
    targets: Annotated[
        str, typer.Option(help="Target languages such as de,es,nl; empty: those that each configuration names.")
    ] = "",
    seeds: Seeds = "",
    pool: Annotated[
        str, typer.Option(help="Work pool whose workers make the runs; empty: as each configuration's command says.")
    ] = "",
    settings: Overrides = None,
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    data: Annotated[
        str, typer.Option(help="Folder on the workers' machines that relative paths start from; empty: as each says.")
    ] = "",
    store: StoreFolder = "store",
) -> None:
    """Run every configuration, target language and seed on the workers of the server of $PREFECT_API_URL; compare."""
    from artifacts.recorder import from_command_line
    from flows.commands.compare import Shown, check
    from flows.commands.many import Grid, check_workers, grid_of
    from flows.commands.many import many as run_many

    grid = Grid(
        configurations=tuple(map(str, configs)),
        targets=tuple(_listed(targets)),
        seeds=tuple(_numbers(seeds)),
        pool=pool,
        data_folder=data,
        settings=tuple(settings or ()),
    )
    shown = Shown(every_model=every_model, published=published, folder=write)
    check((), shown, _runtime(store, ".", "cpu"))
    check_workers(grid_of(grid))
    with from_command_line("-".join(path.stem for path in configs)):
        run_many(grid, shown, store)


@app.command()
@goes_on_when_run_again()
def refresh(
    config: ConfigFile,
    lost_points: Annotated[
        float, typer.Option(help="An event is sent if the student has so many points of F1 less on source dev.", min=0)
    ] = 1.0,
    changed_percent: Annotated[
        float,
        typer.Option(help="An event is sent if it labels more of the target text's words otherwise, in %.", min=0),
    ] = 5.0,
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a configuration again if what it reads has changed; tell what was new, and what that changed."""
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from flows.commands.refresh import Limits
    from flows.commands.refresh import refresh as run_refresh

    limits = Limits(lost_points=lost_points, changed_percent=changed_percent)
    runtime = _runtime(store, data, device, threads=threads)
    wait_for_server()
    with from_command_line(config.stem):
        run_refresh(str(config), tuple(settings or ()), runtime, limits)


@app.command()
def notices(
    block: Annotated[
        str,
        typer.Argument(help="A block of the server that sends notices, such as slack-webhook/team.", metavar="BLOCK"),
    ],
) -> None:
    """Have the server of $PREFECT_API_URL tell people of failed runs, and of students that `refresh` warns of."""
    from flows.commands.automations import make_notices

    make_notices(block)


@app.command()
def inspect(
    what: Annotated[
        str, typer.Argument(help="A run or an artifact to begin with; empty: all runs.", metavar="[RUN or REF]")
    ] = "",
    store: StoreFolder = "store",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any free one.", min=0, max=65535)] = 4280,
    host: Annotated[str, typer.Option(help="Address of this machine to listen at.")] = "127.0.0.1",
    host_name: Annotated[
        list[str] | None,
        typer.Option("--host-name", help="Name of a proxy that asks for the pages; may be repeated.", metavar="NAME"),
    ] = None,
    token: Annotated[
        str, typer.Option(help="A secret that everybody who looks must give.", envvar="CROSSTAG_INSPECT_TOKEN")
    ] = "",
) -> None:
    """Look at runs, artifacts and pseudo-labels in the browser: a local page over the store."""
    from flows.commands.store import existing
    from flows.pages.server import serve

    serve(existing(store), host=host, port=port, names=host_name or (), token=token, what=what)


@app.command("corpus")
def show_corpus(
    files: Annotated[
        list[str],
        typer.Argument(help="A file, bundled:NAME, or hf:NAME:SPLIT; several are read as one.", metavar="FILE"),
    ],
    language: Annotated[str, typer.Option(help="Language of the corpus, such as de.")] = "",
    format: Annotated[str, typer.Option(help="How it is written; auto finds it.")] = "auto",
    rows: Annotated[int, typer.Option(help="How many sentences to print.", min=0)] = 5,
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="Read the words alone.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the reader, such as tag_column=3; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
    data: DataFolder = ".",
) -> None:
    """Show how a corpus is understood: format, columns, scheme, counts, odd characters, first sentences."""
    from flows.commands.corpus import print_corpus

    print_corpus(files, [f"format={format}", *(settings or ())], language, rows, data, unlabelled=unlabelled)


@app.command()
def convert(
    source: Annotated[str, typer.Argument(help="A file, bundled:NAME, or hf:NAME:SPLIT.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="The file to write.", metavar="OUT")],
    to: Annotated[
        str, typer.Option("--to", help="Format to write, such as doccano; empty: that of OUT's ending.")
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the corpus, such as de.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the reader, such as tag_column=3; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
    data: DataFolder = ".",
) -> None:
    """Write a corpus in another format; it is read again before it is there, so that nothing is lost."""
    from flows.commands.convert import convert as convert_corpus

    convert_corpus(source, target, to, settings or (), language, data)


@app.command()
def suspects(
    corpus: Annotated[
        list[str],
        typer.Argument(help="A file, bundled:NAME, or hf:NAME:SPLIT; several are read as one.", metavar="CORPUS..."),
    ],
    model: Annotated[
        str, typer.Option(help="Folder of a student or tagger, or its reference in the store.", metavar="MODEL")
    ],
    by: Annotated[
        Literal["probability", "agreement"],
        typer.Option(help="Order by what the model gives the label, or by the share of neighbours with the same one."),
    ] = "probability",
    neighbours: Annotated[
        int,
        typer.Option(
            help="Compare each word with so many of the most similar words of the corpus (λ of CoLaDa, Eq. 2); takes "
            "minutes from 100,000 words on. 0: do not.",
            min=0,
        ),
    ] = 0,
    rows: Annotated[int, typer.Option(help="How many sentences.", min=1)] = 30,
    out: Annotated[
        Path | None, typer.Option(help="Also write these sentences, with their labels.", metavar="FILE")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="Format to write, such as label-studio; empty: that of the file's ending.")
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the corpus, such as de.")] = "",
    settings: ReaderAndLabels = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    precision: Annotated[Literal["float32", "bf16"], typer.Option(help="Number format of the model.")] = "float32",
) -> None:
    """Show the labels of a corpus that are most likely wrong, least trusted first, and write them for annotators.

    A model that was trained on the same labels agrees with them, wrong ones, too: take one that has not seen them.
    """
    from flows.commands.predict import model_folder
    from flows.commands.suspects import Asked, print_suspects
    from tasks.tagging.inference import Inference

    asked = Asked(tuple(corpus), tuple(settings or ()), language, data, by, neighbours, rows)
    print_suspects(asked, model_folder(model, store), device, Inference(precision=precision), out, to)


@app.command()
def align(
    source: Annotated[str, typer.Argument(help="Labelled sentences.", metavar="SOURCE")],
    target: Annotated[
        str, typer.Argument(help="Their translations, line by line, with gold labels.", metavar="TARGET")
    ],
    languages: Annotated[str, typer.Option(help="Of both.", metavar="SOURCE,TARGET")] = "en,de",
    encoder: Annotated[str, typer.Option(help="Folder of a multilingual encoder; empty: none.")] = "",
    layers: Annotated[
        list[int] | None,
        typer.Option(
            "--layer",
            help="Whose states are compared; 0: two thirds of the way up; may be repeated.",
            min=0,
            metavar="N",
        ),
    ] = None,
    eflomal: Annotated[bool, typer.Option(help="Align by eflomal, too, and by both joined.")] = True,
    parallel: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two text files that eflomal reads beside the sentences.", metavar="SOURCE TARGET"),
    ] = None,
    settings: ReaderAndLabels = None,
    data: DataFolder = ".",
    device: Device = "auto",
    precision: Annotated[Literal["float32", "bf16"], typer.Option(help="Number format of the encoder.")] = "float32",
    translator: Annotated[
        str, typer.Option(help="Folder of a translator that ranks candidates for places, too; empty: none.")
    ] = "",
    one_direction: Annotated[
        bool, typer.Option("--one-direction", help="The translator knows SOURCE to TARGET alone.")
    ] = False,
    min_similarity: Annotated[
        float | None, typer.Option(help="Of an entity and the candidate that becomes its place.", min=0)
    ] = None,
) -> None:
    """Measure labels that word alignment places on translations, where gold labels of these are known."""
    from artifacts.job import INFERENCE_SUBWORDS
    from artifacts.runtime import Runtime
    from flows.commands.placing import Asked, print_placing
    from flows.parts.checkpoints import checkpoint_folder
    from tasks.tagging.inference import Inference

    folder, ranking = (checkpoint_folder(name, Runtime(data=data)) for name in (encoder, translator))
    if encoder and folder is None:
        raise typer.BadParameter(f"{encoder} is no folder; expected one with an encoder", param_hint="--encoder")
    if translator and ranking is None:
        raise typer.BadParameter(f"{translator} is no folder; expected one of a translator", param_hint="--translator")
    one, _, other = languages.partition(",")
    if not one or not other or "," in other:
        raise typer.BadParameter(f"{languages!r}; expected two languages, such as en,de", param_hint="--languages")
    asked = Asked(
        (source, target),
        (one, other),
        folder,
        tuple(layers or (0,)),
        eflomal,
        parallel,
        tuple(settings or ()),
        data,
        ranking,
        not one_direction,
        min_similarity,
    )
    resolved = Runtime(device=device).resolved_device()
    print_placing(asked, resolved, INFERENCE_SUBWORDS[resolved], Inference(precision=precision))


@app.command()
@goes_on_when_run_again()
def label(
    config: ConfigFile,
    labeller: Annotated[
        Path,
        typer.Option(help="A YAML file: command, version and types of a labeller (docs/labellers.md).", metavar="FILE"),
    ],
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
) -> None:
    """Have a command of yours label the target text of a configuration: what it says is kept, and asked once."""
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from flows.commands.corpus import print_remarks
    from flows.commands.label import label as label_texts
    from flows.commands.label import labelling
    from tasks.corpus.once import reading_once

    runtime = _runtime(store, data, "cpu")
    with reading_once():
        asked = labelling(config, labeller, settings or (), runtime)
        print_remarks()
        wait_for_server()
        with from_command_line(config.stem):
            label_texts(asked, runtime)


@app.command()
def deploy(
    configs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Configurations; none: those of the folder configs whose corpora and models are here.",
            metavar="[CONFIG]...",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder that relative paths in the configurations start from; empty: as the command in each says."
        ),
    ] = None,
) -> None:
    """Make deployments of each configuration on the server of $PREFECT_API_URL; what was changed there stays."""
    from flows.commands.deploy import deploy_files, deploy_folder

    if configs:
        deploy_files(configs, data)
    else:
        deploy_folder(Path("configs"), data)


@runs_app.command("ls")
def list_runs(store: StoreFolder = "store") -> None:
    """List the runs, the newest last: status, F1 of the student, what was cached, and where one ended that did not."""
    from flows.commands.runs import print_runs

    print_runs(store)


@runs_app.command("show")
def show_run(
    run: RUN,
    everything: Annotated[bool, typer.Option("--all", help="Every setting, defaults too.")] = False,
    store: StoreFolder = "store",
) -> None:
    """Print a run: who started it, on what, with which settings; its steps, scores and student."""
    from flows.commands.runs import print_run

    print_run(store, run, everything=everything)


@runs_app.command("diff")
def compare_two_runs(run: RUN, other: RUN, store: StoreFolder = "store") -> None:
    """Print where two runs differ: settings, steps that made something else (and why), scores."""
    from flows.commands.runs import print_difference

    print_difference(store, run, other)


@runs_app.command("compare")
def compare_runs_on_record(
    runs: Annotated[
        list[str],
        typer.Argument(help="Runs that are done; those of one configuration with all its seeds.", metavar="RUN..."),
    ],
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    store: StoreFolder = "store",
) -> None:
    """Put runs side by side as `crosstag compare` does; nothing is run again."""
    from flows.commands.compare import Shown, check, runs_of
    from flows.commands.compare import compare_runs as compare_records
    from flows.commands.store import existing

    shown = Shown(every_model=every_model, published=published, folder=write)
    runtime = _runtime(store, ".", "cpu")
    runs_of(existing(store), runs)
    _start_comparison(
        lambda: check((), shown, runtime), lambda: compare_records(tuple(runs), shown, runtime), "compare"
    )


@corrections_app.command("queue")
def write_queue(
    reference: REFERENCE,
    target: Annotated[Path, typer.Argument(help="The file to write.", metavar="OUT")],
    rows: Annotated[int, typer.Option(help="How many sentences.", min=1)] = 100,
    to: Annotated[
        str, typer.Option("--to", help="Format to write, such as label-studio; empty: that of OUT's ending.")
    ] = "",
    done: Annotated[Path | None, typer.Option(help="Corrections whose sentences are left out.", metavar="FILE")] = None,
    store: StoreFolder = "store",
) -> None:
    """Write the sentences whose labels are trusted least, with these labels, for an annotation tool."""
    from flows.commands.corrections import write_queue

    write_queue(store, reference, target, to, rows, done)


@corrections_app.command("import")
def import_corrections(
    annotated: Annotated[
        str, typer.Argument(help="What came back, in any format that a corpus can have.", metavar="IN")
    ],
    file: Annotated[Path, typer.Argument(help="The corrections to add to; made if it is not there.", metavar="FILE")],
    of: Annotated[str, typer.Option("--of", help="The artifact whose sentences and labels went out.", metavar="REF")],
    author: Annotated[str, typer.Option(help="Who annotated; kept with each correction.")],
    reviewed: Annotated[
        bool,
        typer.Option("--reviewed", help="Also keep sentences whose labels came back as they were: they are right."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the reader, such as format=json; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
) -> None:
    """Add what people changed in an annotation tool to a file of corrections, which `target.corrections` names."""
    from flows.commands.corrections import import_corrections

    import_corrections(store, annotated, file, of, author, settings or (), data, reviewed=reviewed)


@corrections_app.command("export")
def export_corrections(
    file: Annotated[Path, typer.Argument(help="A file of corrections.", metavar="FILE")],
    target: Annotated[Path, typer.Argument(help="The file to write.", metavar="OUT")],
    to: Annotated[
        str, typer.Option("--to", help="Format to write, such as label-studio; empty: that of OUT's ending.")
    ] = "",
) -> None:
    """Write the corrected sentences with their labels, for an annotation tool or another program."""
    from flows.commands.corrections import export_corrections

    export_corrections(file, target, to)


@store_app.command("ls")
def list_artifacts(
    kind: Annotated[str, typer.Argument(help="Only this kind.")] = "", store: StoreFolder = "store"
) -> None:
    """List the artifacts, newest last."""
    from flows.commands.store import print_artifacts

    print_artifacts(store, kind)


@store_app.command("show")
def show_artifact(
    reference: REFERENCE,
    rows: Annotated[int, typer.Option(help="How many rows to print.", min=0)] = 20,
    sort: Annotated[
        str, typer.Option(help="Least trusted sentences first, by probability, agreement or weight.", metavar="NUMBER")
    ] = "",
    where: Annotated[
        str, typer.Option(help="Only sentences with such words: type == 'PER' and weight < 0.2", metavar="COMPARISON")
    ] = "",
    sentence: Annotated[int | None, typer.Option(help="Only the sentence with this id.")] = None,
    diff: Annotated[
        str, typer.Option(help="Labels of the same sentences: where they differ, by type.", metavar="REF")
    ] = "",
    gold: Annotated[
        str, typer.Option(help="Gold labels of the same sentences: what is wrong, by type.", metavar="REF")
    ] = "",
    store: StoreFolder = "store",
) -> None:
    """Print what an artifact is, how it was made, and its rows: words with labels, probabilities, weights.

    The options ask for sentences instead. Behind a label stand its probability, and λ and w if weights are shown.
    """
    from flows.commands.store import print_artifact, print_sentences

    if sort or where or sentence is not None or diff or gold:
        print_sentences(store, reference, rows, sort=sort, where=where, sentence=sentence, diff=diff, gold=gold)
    else:
        print_artifact(store, reference, rows)


@store_app.command("why")
def explain_weight(
    reference: REFERENCE,
    sentence: Annotated[int, typer.Option(help="Id of the sentence, as `store show` prints it in brackets.")],
    word: Annotated[str, typer.Option(help="The word, or its place in the sentence from 0.")],
    rows: Annotated[int, typer.Option(help="How many of the nearest words to print.", min=0)] = 20,
    device: Device = "auto",
    store: StoreFolder = "store",
) -> None:
    """Print why a word's label has its weight in a reliability table: λ, μ, w and the words nearest to it."""
    from flows.commands.store import existing
    from flows.commands.why import print_reason

    runtime = _runtime(store, ".", device)
    print_reason(existing(store), reference, sentence, word, rows, runtime.resolved_device())


@store_app.command("export")
def export_artifact(
    reference: REFERENCE,
    path: Annotated[
        Path,
        typer.Argument(help="A file that ends with .csv, .jsonl or .parquet, or in text; a folder for a model."),
    ],
    store: StoreFolder = "store",
) -> None:
    """Write a table in the format of the path's ending, labelled sentences as a column file; copy a model's folder."""
    from flows.commands.store import export_artifact

    export_artifact(store, reference, path)


@store_app.command("verify")
def verify_store(store: StoreFolder = "store") -> None:
    """Read every byte of every artifact and compare digests; exit code 1 if something is wrong."""
    from flows.commands.store import print_verification

    if not print_verification(store):
        raise typer.Exit(1)


@store_app.command("gc")
def tidy_store(
    keep_runs: Annotated[
        int | None,
        typer.Option(help="Forget all runs but the newest so many that went well, and what only they used.", min=0),
    ] = None,
    older_than: Annotated[
        str, typer.Option(help="Forget runs that ended longer ago, and what only they used.", metavar="30d")
    ] = "",
    unreachable: Annotated[
        bool, typer.Option("--unreachable", help="Remove artifacts that belong to no run on record, too.")
    ] = False,
    grace: Annotated[
        str, typer.Option(help="Whatever is chosen, leave alone what was made or used since.", metavar="24h")
    ] = "24h",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    store: StoreFolder = "store",
) -> None:
    """Remove what crashed runs and questions left; on demand old runs, with the artifacts that only they reach."""
    from flows.commands.garbage import print_collection

    print_collection(store, keep_runs, older_than, grace, unreachable=unreachable, dry_run=dry_run)


def _compare(name: str, cells: "Sequence[Cell]", shown: "Shown", asked: dict[str, Any], runtime: "Runtime") -> None:
    from flows.commands.compare import check
    from flows.commands.compare import compare as run_comparison

    _start_comparison(
        lambda: check(cells, shown, runtime), lambda: run_comparison(tuple(cells), asked, shown, runtime), name
    )


def _start_comparison(check: "Callable[[], None]", compare: "Callable[[], None]", name: str) -> None:
    """Checks while the server starts, then compares."""
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from tasks.corpus.once import reading_once

    with reading_once():
        check()
        wait_for_server()
        with from_command_line(name):
            compare()


def _listed(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[int]:
    """Seeds from a list such as 1,2,3."""
    from artifacts.errors import InputError

    parts = _listed(text)
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"--seeds {text}: expected whole numbers with commas between, such as 1,2,3")
    return [int(part) for part in parts]


def _runtime(store: str, data: str, device: Literal["auto", "cpu", "cuda"], **settings: Any) -> "Runtime":
    from artifacts.runtime import Runtime

    return Runtime(store=store, data=data, device=device, **settings)


def main() -> None:
    """Runs the command line; what a user can mend ends with one clear message and exit code 2."""
    from artifacts.errors import InputError, RunsFailed, StoreError

    # Prefect's temporary server is stopped while it may still be writing, and then prints a traceback about events it
    # could not record. What goes wrong in a run is told by the flow.
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    try:
        app()
    except InputError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(2)
    except (StoreError, RunsFailed) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
