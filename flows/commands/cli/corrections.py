"""`crosstag corrections`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.cli.options import ArtifactName, DataFolder, Out, StoreFolder, ToFormat


def queue(
    reference: ArtifactName,
    target: Out,
    rows: Annotated[int, typer.Option(help="How many sentences.", min=1)] = 100,
    to: ToFormat = "",
    done: Annotated[Path | None, typer.Option(help="Corrections whose sentences are left out.", metavar="FILE")] = None,
    store: StoreFolder = "store",
) -> None:
    """Write the sentences whose labels are trusted least, with these labels, for an annotation tool."""
    from flows.commands.corrections import write_queue

    write_queue(store, reference, target, to, rows, done)


def import_(
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


def export(
    file: Annotated[Path, typer.Argument(help="A file of corrections.", metavar="FILE")],
    target: Out,
    to: ToFormat = "",
) -> None:
    """Write the corrected sentences with their labels, for an annotation tool or another program."""
    from flows.commands.corrections import export_corrections

    export_corrections(file, target, to)
