"""Commands that use what runs made, and the server: students, pages, notices, workers, deployments."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.cli.options import Device, Precision, StoreFolder, checked_language


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
    language: Annotated[
        str,
        typer.Option(help="Language of the text, such as de; empty: the student's own.", callback=checked_language),
    ] = "",
    tokenized: Annotated[bool, typer.Option("--tokenized", help="Words are separated by spaces already.")] = False,
    segmenter: Annotated[
        Literal["jieba", "sudachi", "newmm", "characters"] | None,
        typer.Option(help="What finds words of zh, ja, th; empty: what the student's card names."),
    ] = None,
    store: StoreFolder = "store",
    device: Device = "auto",
    precision: Precision = "float32",
) -> None:
    """Tag text with a trained student; on stderr, how fast it was."""
    from flows.commands.predict import Answer, Question, model_folder, predict_file
    from tasks.tagging.inference import Inference

    question = Question(
        file=sentences, language=language, layout=text, tokenized=tokenized, segmenter=segmenter, read=read
    )
    answer = Answer(format=format, probabilities=probabilities, offsets=offsets)
    predict_file(model_folder(model, store), question, sys.stdout, answer, device, Inference(precision=precision))


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


def notices(
    block: Annotated[
        str,
        typer.Argument(help="A block of the server that sends notices, such as slack-webhook/team.", metavar="BLOCK"),
    ],
) -> None:
    """Have the server of $PREFECT_API_URL tell people of failed runs, and of students that `refresh` warns of."""
    from flows.commands.automations import make_notices

    make_notices(block)


def worker(
    pool: Annotated[str, typer.Option(help="Work pool whose runs it makes: cpu, gpu, many, or one of yours.")],
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many runs at a time; empty: all that wait for a place.")
    ] = None,
    with_healthcheck: Annotated[
        bool,
        typer.Option("--with-healthcheck", help="Tell at /health of $PREFECT_WORKER_WEBSERVER_PORT that it polls."),
    ] = False,
) -> None:
    """Make runs of the server of $PREFECT_API_URL here; told to stop, it lets them keep a checkpoint."""
    from flows.commands.server import named_server
    from flows.commands.worker import work

    named_server("worker")
    sys.exit(work(pool, limit, with_healthcheck))


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
