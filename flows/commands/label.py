"""`crosstag label`: a command of the user's labels the target text of a configuration."""

from collections.abc import Sequence
from pathlib import Path

import typer

from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone_on
from artifacts.store import Store
from flows.commands.configuration import checked, read_yaml
from flows.commands.corpus import print_remarks
from flows.commands.methods import load
from flows.parts.checks import check_source
from flows.parts.corpora import TargetCorpus, corpus_input
from flows.parts.labeller import check_labeller
from tasks.corpus.once import reading_once
from tasks.corpus.read import read_gold, read_sentences
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.external import ExternalLabeller
from tasks.labelling.read_answers import read_labeller_answers
from tasks.words.labels import LabelConfig


def label_target_text(config: Path, file: Path, settings: Sequence[str], runtime: Runtime) -> None:
    """Labels each target text, and prints what became of it; what is in the store is not asked again.

    Args:
        config: a configuration of any method.
        file: YAML of a labeller.
        settings: changes of the configuration, as KEY=VALUE.
        runtime: store and data folder.

    Raises:
        InputError: if something that the user gave cannot be used, or the command fails.
    """
    _, method = load(config, settings)
    labeller = checked(ExternalLabeller, read_yaml(file), str(file))
    targets: Sequence[TargetCorpus] = getattr(method, "targets", None) or (method.target,)
    with reading_once():
        source = check_source(method.source, method.labels, runtime)
        check_labeller(labeller, source.types, runtime)
        for target in targets:
            text = (corpus_input(target.text, runtime), target.text.without_path(), target.language)
            sentences = run_alone_on(runtime, read_sentences, *text)
            print_remarks()
            answers = run_alone_on(runtime, ask_labeller, sentences, labeller)
            _print(Store(runtime.store), target, answers, run_alone_on(runtime, read_labeller_answers, answers))
            if target.text_gold is not None:
                typer.echo(f"gold      {_gold(target, method.labels, runtime)}")


def _gold(target: TargetCorpus, labels: LabelConfig, runtime: Runtime) -> Reference:
    """The gold labels of the text, which `crosstag store show --gold` compares with."""
    assert target.text_gold is not None
    gold = corpus_input(target.text_gold, runtime)
    return run_alone_on(runtime, read_gold, gold, target.text_gold.without_path(), labels, target.language)


def _print(store: Store, target: TargetCorpus, answers: Reference, labels: Reference) -> None:
    asked, facts = store.describe(answers).notes, store.metadata(labels)
    told = {
        "text": f"{target.language}, {asked['texts']:,} different sentences, {asked['new_texts']:,} of them asked",
        "labelled": f"{facts['labelled']:,} of {facts['words']:,} words, {facts['without_probability']:,} of them "
        "without a probability",
        "refused": _counts(facts["refused"]),
        "unlabelled": _counts(facts["unlabelled"]),
        "usage": _counts(asked["usage"]),
        "answers": str(answers),
        "labels": str(labels),
    }
    examples = store.describe(labels).notes["examples"]
    for name, text in told.items():
        if text:
            typer.echo(f"{name:<9} {text}")
        if name == "refused":
            for reason, example in examples.items():
                typer.echo(f"{'':<9} {reason}: {example}")


def _counts(counts: dict[str, float]) -> str:
    return ", ".join(f"{number:,.{0 if number == int(number) else 4}f} {name}" for name, number in counts.items())
