"""Commands that read corpora: how they are understood, written, doubted, aligned, labelled."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.cli.options import (
    ConfigFile,
    DataFolder,
    Device,
    Language,
    Out,
    Overrides,
    Precision,
    Reader,
    ReaderAndLabels,
    StoreFolder,
)
from flows.commands.cli.starting import runtime_of, server_starting
from flows.commands.stopping import goes_on_when_run_again


def corpus(
    files: Annotated[
        list[str],
        typer.Argument(help="A file, bundled:NAME, or hf:NAME:SPLIT; several are read as one.", metavar="FILE"),
    ],
    language: Language = "",
    format: Annotated[str, typer.Option(help="How it is written; auto finds it.")] = "auto",
    rows: Annotated[int, typer.Option(help="How many sentences to print.", min=0)] = 5,
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="Read the words alone.")] = False,
    settings: Reader = None,
    data: DataFolder = ".",
) -> None:
    """Show how a corpus is understood: format, columns, scheme, counts, odd characters, first sentences."""
    from flows.commands.corpus import print_corpus

    print_corpus(files, [f"format={format}", *(settings or ())], language, rows, data, unlabelled=unlabelled)


def convert(
    source: Annotated[str, typer.Argument(help="A file, bundled:NAME, or hf:NAME:SPLIT.", metavar="IN")],
    target: Out,
    to: Annotated[
        str, typer.Option("--to", help="Format to write, such as doccano; empty: that of OUT's ending.")
    ] = "",
    language: Language = "",
    settings: Reader = None,
    data: DataFolder = ".",
) -> None:
    """Write a corpus in another format; it is read again before it is there, so that nothing is lost."""
    from flows.commands.convert import convert as convert_corpus

    convert_corpus(source, target, to, settings or (), language, data)


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
    language: Language = "",
    settings: ReaderAndLabels = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    precision: Precision = "float32",
) -> None:
    """Show the labels of a corpus that are most likely wrong, least trusted first, and write them for annotators.

    A model that was trained on the same labels agrees with them, wrong ones, too: take one that has not seen them.
    """
    from flows.commands.predict import model_folder
    from flows.commands.suspects import Asked, print_suspects
    from tasks.tagging.inference import Inference

    asked = Asked(tuple(corpus), tuple(settings or ()), language, data, by, neighbours, rows)
    print_suspects(asked, model_folder(model, store), device, Inference(precision=precision), out, to)


def align(
    source: Annotated[
        str,
        typer.Argument(
            help="Labelled sentences; or, without TARGET, marked_translation/KEY: labels by markers are its gold.",
            metavar="SOURCE",
        ),
    ],
    target: Annotated[
        str, typer.Argument(help="Their translations, line by line, with gold labels.", metavar="[TARGET]")
    ] = "",
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
    store: StoreFolder = "store",
    device: Device = "auto",
    precision: Annotated[Literal["float32", "bf16"], typer.Option(help="Number format of the encoder.")] = "float32",
    translator: Annotated[
        str, typer.Option(help="Folder of a translator that ranks candidates for places, too; empty: none.")
    ] = "",
    family: Annotated[
        Literal["m2m100", "small100", "nllb", "marian", "madlad"] | None,
        typer.Option(help="Of the translator; by default as its files tell."),
    ] = None,
    one_direction: Annotated[
        bool, typer.Option("--one-direction", help="The translator knows SOURCE to TARGET alone.")
    ] = False,
    min_similarity: Annotated[
        float | None, typer.Option(help="Of an entity and the candidate that becomes its place.", min=0)
    ] = None,
) -> None:
    """Measure labels that word alignment places on translations, where gold labels of these are known.

    Of a marked_translation the same translated words are labelled by markers and by alignment, and both compared.
    """
    from artifacts.job import INFERENCE_SUBWORDS
    from artifacts.runtime import Runtime
    from artifacts.store import Store
    from flows.commands.placing import Asked, print_placing
    from flows.parts.checkpoints import checkpoint_folder
    from tasks.corpus.language_codes import EXPECTED, is_language_code
    from tasks.tagging.inference import Inference

    folder, ranking = (checkpoint_folder(name, Runtime(data=data)) for name in (encoder, translator))
    if encoder and folder is None:
        raise typer.BadParameter(f"{encoder} is no folder; expected one with an encoder", param_hint="--encoder")
    if translator and ranking is None:
        raise typer.BadParameter(f"{translator} is no folder; expected one of a translator", param_hint="--translator")
    if not target and not source.startswith("marked_translation/"):
        raise typer.BadParameter(
            f"missing beside {source}; expected its translations with gold labels, or marked_translation/KEY alone",
            param_hint="TARGET",
        )
    one, _, other = languages.partition(",")
    if not one or not other or "," in other:
        raise typer.BadParameter(f"{languages!r}; expected two languages, such as en,de", param_hint="--languages")
    for language in (one, other):
        if not is_language_code(language):
            raise typer.BadParameter(f"{language!r}; {EXPECTED}", param_hint="--languages")
    asked = Asked(
        (source, target) if target else Store(store).find(source),
        (one, other),
        folder,
        tuple(layers or (0,)),
        eflomal,
        parallel,
        tuple(settings or ()),
        data,
        ranking,
        family,
        not one_direction,
        min_similarity,
        store,
    )
    resolved = Runtime(device=device).resolved_device()
    print_placing(asked, resolved, INFERENCE_SUBWORDS[resolved], Inference(precision=precision))


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
    with server_starting(config.stem) as started:
        from flows.commands.corpus import print_remarks
        from flows.commands.label import label as label_texts
        from flows.commands.label import labelling

        runtime = runtime_of(store, data, "cpu")
        asked = labelling(config, labeller, settings or (), runtime)
        print_remarks()
        with started():
            label_texts(asked, runtime)
