"""A run from a form that a person can overlook: what most people change, and KEY=VALUE for the rest."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from pydantic import Field

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from flows.commands.configuration import read_yaml
from flows.commands.methods import load_values
from flows.parts.corpora import ParallelText


class TargetForm(Settings):
    """A language that needs a tagger."""

    language: str = Field(title="Language", description="Its code, such as de.")
    text: tuple[str, ...] = Field(min_length=1, title="Unlabelled text", description="A file, or several.")
    gold: tuple[str, ...] = Field(
        (), title="Gold labels of the text", description="If there are any: to report how good pseudo-labels are."
    )
    tests: tuple[str, ...] = Field((), title="Test sets", description="Labelled files to score on; one set each.")
    parallel: tuple[ParallelText, ...] = Field(
        (), title="Parallel text", description="In both languages; may be empty."
    )


class Form(Settings):
    """What most people change of a configuration; the file says the rest."""

    data_folder: str = Field(
        ".", title="Data folder", description="Where relative paths start, on the machine of the worker."
    )
    source_language: str = Field("en", title="Source language", description="Code of the language with labels.")
    source_corpus: tuple[str, ...] = Field(min_length=1, title="Labelled corpus", description="A file, or several.")
    source_dev: tuple[str, ...] = Field(
        (), title="Development corpus", description="Labelled; empty: a part of the labelled corpus is set aside."
    )
    targets: tuple[TargetForm, ...] = Field(
        min_length=1, title="Target languages", description="One; CROP takes several."
    )
    encoder: str = Field(
        "",
        title="Encoder",
        description="A folder, a name on the hub, or pretrain: a small one, on the run's own text; empty: what the "
        "configuration says.",
    )
    seed: int = Field(1, ge=0, lt=2**31, title="Seed", description="Of every training, split and draw.")
    iterations: int | None = Field(
        None, ge=1, le=50, title="Iterations", description="Of CoLaDa; empty: what the configuration says."
    )
    settings: tuple[str, ...] = Field(
        (),
        title="Other settings",
        description="path.to.key=value, such as student.epochs=5, as --set takes them; they have the last word.",
    )


def form_of(values: dict[str, Any], data_folder: str) -> Form:
    """The form that says what a configuration says.

    Args:
        values: of the configuration's file.
        data_folder: where its relative paths start.
    """
    source, targets = values["source"], _targets(values)
    return Form(
        data_folder=data_folder,
        source_language=source.get("language", "en"),
        source_corpus=_paths(source["train"]),
        source_dev=_paths(source.get("dev")),
        targets=tuple(
            TargetForm(
                language=target.get("language", "de"),
                text=_paths(target["text"]),
                gold=_paths(target.get("text_gold")),
                tests=tuple(",".join(_paths(test)) for test in target.get("tests", ())),
                parallel=tuple(_parallel(values, target)),
            )
            for target in targets
        ),
        encoder=values.get("encoder", {}).get("checkpoint", ""),
        seed=values.get("seed", 1),
        iterations=values.get("iterations"),
    )


def filled_in(values: dict[str, Any], form: Form) -> tuple[dict[str, Any], list[str]]:
    """A configuration's values with what the form changes, and a line for each change.

    A corpus whose path is another is read anew: options of the file's entry (such as its format) belong to the old one.

    Raises:
        InputError: if the form asks for something that the method has not.
    """
    before = form_of(values, form.data_folder)
    told: list[str] = []
    result = {**values, "source": dict(values["source"])}

    def set_corpus(place: dict[str, Any], key: str, old: tuple[str, ...], new: tuple[str, ...], name: str) -> None:
        if old == new:
            return
        told.append(f"{name}: {', '.join(new) or 'none'}" + (" (format found from the file)" if new else ""))
        place[key] = {"path": list(new) if len(new) > 1 else new[0]} if new else None

    if form.source_language != before.source_language:
        result["source"]["language"] = form.source_language
        told.append(f"source.language: {form.source_language}")
    set_corpus(result["source"], "train", before.source_corpus, form.source_corpus, "source.train")
    set_corpus(result["source"], "dev", before.source_dev, form.source_dev, "source.dev")
    if form.targets != before.targets:
        _set_targets(result, before, form, set_corpus, told)
    if form.encoder not in ("", before.encoder):
        result["encoder"] = {**values.get("encoder", {}), "checkpoint": form.encoder}
        told.append(f"encoder.checkpoint: {form.encoder}")
    if form.seed != before.seed:
        result["seed"] = form.seed
        told.append(f"seed: {form.seed}")
    if form.iterations != before.iterations and form.iterations is not None:
        if values.get("method") != "colada":
            raise InputError(f"Iterations: {values.get('method')} has none; leave the field empty")
        result["iterations"] = form.iterations
        told.append(f"iterations: {form.iterations}")
    return result, [*told, *form.settings]


def _set_targets(result: dict[str, Any], before: Form, form: Form, set_corpus: Any, told: list[str]) -> None:
    several = "targets" in result
    if not several and len(form.targets) > 1:
        raise InputError(
            f"Target languages: {result.get('method')} takes one, found {len(form.targets)}; remove the others, or use "
            "a configuration of CROP"
        )
    old = {target.language: (place, target) for place, target in zip(_targets(result), before.targets, strict=True)}
    made = []
    for number, wanted in enumerate(form.targets):
        # A language that is not in the file takes the place of the one that stands there, with its other settings.
        fallback = (_targets(result)[number], before.targets[number]) if number < len(before.targets) else ({}, None)
        place, was = old.get(wanted.language, fallback)
        target = {**place, "language": wanted.language}
        name = f"targets.{number}" if several else "target"
        if was is None or was.language != wanted.language:
            told.append(f"{name}.language: {wanted.language}")
        set_corpus(target, "text", was.text if was else (), wanted.text, f"{name}.text")
        set_corpus(target, "text_gold", was.gold if was else (), wanted.gold, f"{name}.text_gold")
        if was is None or was.tests != wanted.tests:
            target["tests"] = [
                {"name": "test" if len(wanted.tests) == 1 else Path(path).stem, "path": path} for path in wanted.tests
            ]
            told.append(f"{name}.tests: {', '.join(wanted.tests) or 'none'}")
        if was is None or was.parallel != wanted.parallel:
            pairs = [pair.model_dump() for pair in wanted.parallel]
            (target if several else result)["parallel"] = pairs
            told.append(f"{'targets.' + str(number) + '.' if several else ''}parallel: {len(pairs)}")
        made.append(target)
    if several:
        result["targets"] = made
    else:
        result["target"] = made[0]


def _targets(values: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = values["targets"] if "targets" in values else [values["target"]]
    return found


def _parallel(values: dict[str, Any], target: dict[str, Any]) -> list[ParallelText]:
    given = target.get("parallel", ()) if "targets" in values else values.get("parallel", ())
    return [ParallelText.model_validate(each) for each in given]


def _paths(entry: dict[str, Any] | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    return (entry["path"],) if isinstance(entry["path"], str) else tuple(entry["path"])


@flow(name="crosstag", flow_run_name="{configuration}, seed {form.seed}")
def from_form(configuration: str, form: Form) -> Reference:
    """Run a configuration as its file has it, but for what the form changes."""
    path = Path(configuration)
    values, changes = filled_in(read_yaml(path), form)
    for line in changes:
        get_run_logger().info("changed by the form: %s", line)
    method, config = load_values(values, form.settings, str(path))
    made: Reference = method.flow.fn(config, Runtime(data=form.data_folder))
    return made
