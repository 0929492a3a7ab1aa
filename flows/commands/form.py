"""A form that a person can overlook: what most people change of a configuration, and KEY=VALUE for the rest."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from artifacts.settings import Settings
from flows.parts.corpora import ParallelFiles

_ANEW = "Another path than the file's is read anew: its format is found."


class TargetForm(Settings):
    """A language that needs a tagger."""

    language: str = Field(title="Language", description="Its code, such as de.")
    text: tuple[str, ...] = Field(min_length=1, title="Unlabelled text", description=f"A file, or several. {_ANEW}")
    gold: tuple[str, ...] = Field(
        (), title="Gold labels of the text", description="If there are any: to report how good pseudo-labels are."
    )
    tests: tuple[str, ...] = Field((), title="Test sets", description="Labelled files to score on; one set each.")
    parallel: tuple[ParallelFiles, ...] = Field(
        (), title="Parallel text", description="In both languages; may be empty."
    )


class Form(Settings):
    """What most people change of a configuration; its file says the rest."""

    data_folder: str = Field(
        ".", title="Data folder", description="Where relative paths start, on the machine of the worker."
    )
    source_language: str = Field("en", title="Source language", description="Code of the language with labels.")
    source_corpus: tuple[str, ...] = Field(
        min_length=1, title="Labelled corpus", description=f"A file, or several. {_ANEW}"
    )
    source_dev: tuple[str, ...] = Field(
        (), title="Development corpus", description="Labelled; empty: a part of the labelled corpus is set aside."
    )
    types: tuple[str, ...] = Field(
        (), title="Entity types", description="Such as PER; empty: those of the labelled corpus."
    )
    targets: tuple[TargetForm, ...] = Field(min_length=1, title="Target languages", description="One or more.")
    encoder: str = Field(
        "",
        title="Encoder",
        description="A folder, a name on the hub, or pretrain: a small one, on the run's own text; empty: as the file.",
    )
    seed: int = Field(1, ge=0, lt=2**31, title="Seed", description="Of every training, split and draw.")
    iterations: int | None = Field(None, ge=1, le=50, title="Iterations", description="Empty: as the file.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", title="Device", description="Where models compute; auto takes a CUDA GPU if there is one."
    )
    settings: tuple[str, ...] = Field(
        (),
        title="Other settings",
        description="path.to.key=value, such as student.epochs=5, as --set takes them; they have the last word.",
    )
    from_step: str = Field(
        "",
        title="Again from step",
        description="Its name, such as train_student, or as logs have it: train_student · student. It and what depends "
        "on it are made anew. Empty: what the store has is taken.",
    )
    plan_only: bool = Field(
        False, title="Only show what would run", description="As the artifact `plan` of the run; nothing is computed."
    )


def form_of(values: Mapping[str, Any], data_folder: str, device: Literal["auto", "cpu", "cuda"] = "auto") -> Form:
    """The form that says what a configuration says.

    Args:
        values: of the configuration's file.
        data_folder: where its relative paths start.
        device: where models compute.
    """
    source = values["source"]
    return Form(
        data_folder=data_folder,
        source_language=source.get("language", "en"),
        source_corpus=paths_of(source["train"]),
        source_dev=paths_of(source.get("dev")),
        types=tuple(values.get("labels", {}).get("types") or ()),
        targets=tuple(
            TargetForm(
                language=target.get("language", "de"),
                text=paths_of(target["text"]),
                gold=paths_of(target.get("text_gold")),
                tests=tuple(shown(test) for test in target.get("tests", ())),
                parallel=tuple(ParallelFiles(source=each["source"], target=each["target"]) for each in pairs),
            )
            for target, pairs in targets_of(values)
        ),
        encoder=values.get("encoder", {}).get("checkpoint", ""),
        seed=values.get("seed", 1),
        iterations=values.get("iterations"),
        device=device,
    )


def targets_of(values: Mapping[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """Each target language, and its parallel text."""
    if "targets" in values:
        return [(target, target.get("parallel", ())) for target in values["targets"]]
    return [(values["target"], values.get("parallel", ()))]


def shown(test: Mapping[str, Any]) -> str:
    """The files of a test set as one text."""
    return ",".join(paths_of(test))


def paths_of(entry: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The files of a corpus; none if there is no such corpus."""
    if entry is None:
        return ()
    return (entry["path"],) if isinstance(entry["path"], str) else tuple(entry["path"])
