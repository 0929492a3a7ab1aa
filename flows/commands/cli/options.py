"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def checked_language(language: str) -> str:
    """What `--language` was given, a code; empty: nothing."""
    if language:
        from artifacts.errors import InputError
        from tasks.corpus.language_codes import EXPECTED, is_language_code

        if not is_language_code(language):
            raise InputError(f"--language {language}: {EXPECTED}; give the code of the language")
    return language


ConfigFile = Annotated[Path, typer.Argument(help="A configuration, such as configs/quickstart.yaml.", metavar="CONFIG")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: path.to.key=value. May be repeated.", metavar="KEY=VALUE"),
]
Reader = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the reader, such as tag_column=3; may be repeated.", metavar="KEY=VALUE"),
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
Language = Annotated[str, typer.Option(help="Language of the corpus, such as de.", callback=checked_language)]
Out = Annotated[Path, typer.Argument(help="The file to write.", metavar="OUT")]
ToFormat = Annotated[
    str, typer.Option("--to", help="Format to write, such as label-studio; empty: that of OUT's ending.")
]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where models compute.")]
Precision = Annotated[Literal["float32", "bf16"], typer.Option(help="Number format of the model.")]
Threads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads of whatever computes; empty: as many as there are cores that nobody else keeps busy.",
        min=1,
        max=1024,
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
RunName = Annotated[str, typer.Argument(help="The beginning of a run's id; `last` is the newest.", metavar="RUN")]
ArtifactName = Annotated[str, typer.Argument(help="kind/key; a unique beginning of the key is enough.", metavar="REF")]
