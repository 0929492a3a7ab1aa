"""`crosstag label`: a command of the user's labels the target text of a configuration, on record as a run."""

from collections.abc import Sequence
from pathlib import Path

import typer
from prefect import flow
from pydantic import Field

from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.configuration import checked, read_yaml
from flows.commands.methods import load
from flows.parts.corpora import SourceCorpus, TargetCorpus, TargetText, named_apart, read_text
from flows.parts.corpus_checks import check_source, check_target
from flows.parts.labeller import check_labeller
from flows.parts.plain_errors import tell_plainly
from flows.parts.summary import Listing, show
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.external import ExternalLabeller
from tasks.labelling.read_answers import read_labeller_answers
from tasks.words.labels import LabelConfig

_COLUMNS: dict[str, Form] = {"words": "count", "labelled": "count", "without a probability": "count"}


class Labelling(Settings):
    """What is read of a configuration, and who labels."""

    source: SourceCorpus = Field(title="Source language", description="Its labelled corpus has the label set.")
    targets: tuple[TargetCorpus, ...] = Field(title="Target languages", description="Whose text is labelled.")
    labels: LabelConfig = Field(title="Labels", description="How labels are read.")
    labeller: ExternalLabeller = Field(title="Labeller", description="Who is asked.")


def labelling(config: Path, file: Path, settings: Sequence[str], runtime: Runtime) -> Labelling:
    """What a configuration and a labeller's file ask for, checked before anybody is asked anything.

    Args:
        config: a configuration of any method.
        file: YAML of a labeller.
        settings: changes of the configuration, as KEY=VALUE.
        runtime: data folder.

    Raises:
        InputError: if something that the user gave cannot be used.
    """
    _, method = load(config, settings)
    said = read_yaml(file, "labeller", "docs/labellers.md has examples of such a file")
    labeller = checked(ExternalLabeller, said, f"labeller {file}")
    source = check_source(method.source, method.labels, runtime)
    check_labeller(labeller, source.types, runtime)
    targets: Sequence[TargetCorpus] = getattr(method, "targets", None) or (method.target,)
    texts = tuple(each.model_copy(update={"tests": (), "dev": None, "corrections": ""}) for each in targets)
    for text in texts:
        check_target(method.source, source, text, method.labels, runtime)
    return Labelling(source=method.source, targets=texts, labels=method.labels, labeller=labeller)


@flow(name="label")
def label(asked: Labelling, runtime: Runtime) -> None:
    """Labels each target text, and tells what became of it; what is in the store is not asked again."""
    tell_plainly()
    with recorded(runtime, "label", asked.model_dump(mode="json")) as run:
        assert run.recorder is not None
        labelled = {}
        for target, prefix in named_apart(asked.targets):
            text = read_text(target, asked.labels, runtime, prefix)
            with stage(f"{prefix}labeller {asked.labeller.version}"):
                answers = ask_labeller(text.sentences, asked.labeller)
                labelled[f"{prefix}target text"] = labels = read_labeller_answers(answers)
            _print(run.store, text, answers, labels)
        table = Listing(f"labelled by {asked.labeller.version}", "text", _COLUMNS, labelled, _cells).measured(run.store)
        show(run, run.recorder.completed(None, None, (), [table]))


def _cells(store: Store, labels: Reference) -> list[Cell]:
    facts = store.metadata(labels)
    return [facts[name] for name in ("words", "labelled", "without_probability")]


def _print(store: Store, text: TargetText, answers: Reference, labels: Reference) -> None:
    asked, facts = store.describe(answers).notes, store.metadata(labels)
    told = {
        "text": f"{text.language}, {asked['texts']:,} different sentences, {asked['new_texts']:,} of them asked",
        "refused": _counts(facts["refused"]),
        "unlabelled": _counts(facts["unlabelled"]),
        "usage": _counts(asked["usage"]),
        "answers": str(answers),
        "labels": str(labels),
        "gold": str(text.gold.gold) if text.gold is not None else "",
    }
    examples = store.describe(labels).notes["examples"]
    for name, line in told.items():
        if line:
            typer.echo(f"{name:<9} {line}")
        if name == "refused":
            for reason, example in examples.items():
                typer.echo(f"{'':<9} {reason}: {example}")


def _counts(counts: dict[str, float]) -> str:
    return ", ".join(f"{number:,.{0 if number == int(number) else 4}f} {name}" for name, number in counts.items())
