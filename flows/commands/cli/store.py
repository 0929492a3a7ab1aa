"""`crosstag store`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.cli.options import ArtifactName, Device, StoreFolder
from flows.commands.cli.starting import runtime_of


def ls(kind: Annotated[str, typer.Argument(help="Only this kind.")] = "", store: StoreFolder = "store") -> None:
    """List the artifacts, newest last."""
    from flows.commands.store import print_artifacts

    print_artifacts(store, kind)


def show(
    reference: ArtifactName,
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


def why(
    reference: ArtifactName,
    sentence: Annotated[int, typer.Option(help="Id of the sentence, as `store show` prints it in brackets.")],
    word: Annotated[str, typer.Option(help="The word, or its place in the sentence from 0.")],
    rows: Annotated[int, typer.Option(help="How many of the nearest words to print.", min=0)] = 20,
    device: Device = "auto",
    store: StoreFolder = "store",
) -> None:
    """Print why a word's label has its weight in a reliability table: λ, μ, w and the words nearest to it."""
    from flows.commands.store import existing
    from flows.commands.why import print_reason

    runtime = runtime_of(store, ".", device)
    print_reason(existing(store), reference, sentence, word, rows, runtime.resolved_device())


def export(
    reference: ArtifactName,
    path: Annotated[
        Path,
        typer.Argument(
            help="A file that ends with .csv, .jsonl or .parquet, or, for text, .conll or .txt; a folder for a model."
        ),
    ],
    store: StoreFolder = "store",
) -> None:
    """Write a table in the format of the path's ending, labelled sentences as a column file; copy a model's folder."""
    from flows.commands.store import export_artifact

    export_artifact(store, reference, path)


def verify(store: StoreFolder = "store") -> None:
    """Read every byte of every artifact and compare digests; exit code 1 if something is wrong."""
    from flows.commands.store import print_verification

    if not print_verification(store):
        raise typer.Exit(1)


def gc(
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
