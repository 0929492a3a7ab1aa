"""The corpora of a run: what a configuration says of them, and the steps that read them."""

from dataclasses import dataclass

from pydantic import Field

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from tasks.corpus.formats import CorpusFile
from tasks.corpus.labels import LabelConfig
from tasks.corpus.paths import resolve
from tasks.corpus.read import read_gold, read_labelled, read_parallel, read_sentences
from tasks.corpus.split import split_source


class SourceCorpus(Settings):
    """The language that has labels."""

    language: str = Field("en", title="Language", description="Its code, such as en.")
    train: CorpusFile = Field(title="Labelled corpus", description="What the source tagger learns from.")
    dev: CorpusFile | None = Field(
        None, title="Development corpus", description="Labelled; empty: a part of the labelled corpus is set aside."
    )
    dev_fraction: float = Field(
        0.1, gt=0, lt=1, title="Development share", description="Share of sentences set aside where no file is given."
    )


class TestSet(CorpusFile):
    """A labelled corpus of the target language that only evaluation sees."""

    name: str = Field("test", min_length=1, title="Name", description="What its scores are shown under.")


class TargetCorpus(Settings):
    """The language that needs a tagger."""

    language: str = Field("de", title="Language", description="Its code, such as de.")
    text: CorpusFile = Field(
        title="Unlabelled text", description="Raw text, or a column file; labels in it are never read for training."
    )
    text_gold: CorpusFile | None = Field(
        None,
        title="Gold labels of the text",
        description="If there are any: used only to report how good the pseudo-labels are.",
    )
    tests: tuple[TestSet, ...] = Field((), title="Test sets", description="Labelled corpora to score on; any number.")


class ParallelText(Settings):
    """Two text files whose lines translate each other."""

    source: str = Field(title="Source file", description="One sentence a line, source language.")
    target: str = Field(title="Target file", description="As many lines, target language.")


@dataclass(frozen=True)
class ScoredText:
    """Sentences and their gold labels, to be joined in evaluation only."""

    name: str
    sentences: Reference
    gold: Reference


@dataclass(frozen=True)
class Corpora:
    """References to everything that was read."""

    train: Reference
    dev: Reference
    target: Reference
    target_gold: ScoredText | None
    tests: tuple[ScoredText, ...]
    parallel: tuple[Reference, ...]


def input_file(path: str, runtime: Runtime) -> InputFile:
    """A file named in a configuration, found in the data folder or among the bundled ones."""
    return InputFile(path=str(resolve(path, runtime.data)))


def read_corpora(
    source: SourceCorpus,
    target: TargetCorpus,
    parallel: tuple[ParallelText, ...],
    labels: LabelConfig,
    seed: int,
    runtime: Runtime,
) -> Corpora:
    """Reads all corpora; sentences and gold labels of the target language become separate artifacts."""
    with stage("source train"):
        whole = _labelled(source.train, labels, source.language, runtime)
        train = split_source(whole, "train", source.dev_fraction, seed) if source.dev is None else whole
    with stage("source dev"):
        dev = (
            split_source(whole, "dev", source.dev_fraction, seed)
            if source.dev is None
            else _labelled(source.dev, labels, source.language, runtime)
        )
    with stage("target text"):
        text = _sentences(target.text, target.language, runtime)
        text_gold = None
        if target.text_gold is not None:
            text_gold = ScoredText("target text", text, _gold(target.text_gold, labels, target.language, runtime))
    tests = []
    for test in target.tests:
        with stage(test.name):
            sentences = _sentences(test, target.language, runtime)
            tests.append(ScoredText(test.name, sentences, _gold(test, labels, target.language, runtime)))
    with stage("parallel text"):
        pairs = tuple(
            read_parallel(
                input_file(each.source, runtime), input_file(each.target, runtime), source.language, target.language
            )
            for each in parallel
        )
    return Corpora(train, dev, text, text_gold, tuple(tests), pairs)


def _labelled(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime) -> Reference:
    return read_labelled(input_file(file.path, runtime), file.without_path(), labels, language)


def _sentences(file: CorpusFile, language: str, runtime: Runtime) -> Reference:
    return read_sentences(input_file(file.path, runtime), file.without_path(), language)


def _gold(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime) -> Reference:
    return read_gold(input_file(file.path, runtime), file.without_path(), labels, language)
