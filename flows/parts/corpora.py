"""The corpora of a run: what a configuration says of them, and the steps that read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field

from artifacts.inputs import DatasetFolder, HubDataset, InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime, current_run, stage
from artifacts.settings import Settings
from tasks.corpus.brat import ANN, paired
from tasks.corpus.corpus import CorpusInput
from tasks.corpus.draw_pairs import draw_pairs
from tasks.corpus.formats import CorpusFile
from tasks.corpus.language_codes import LanguageCode
from tasks.corpus.once import forget_readings
from tasks.corpus.paths import HubName, parse_hub_name, resolve
from tasks.corpus.read import read_corrections, read_gold, read_labelled, read_parallel, read_sentences
from tasks.corpus.readers import CorpusSource
from tasks.corpus.split import split_source
from tasks.words.labels import LabelConfig


class SourceCorpus(Settings):
    """The language that has labels."""

    language: LanguageCode = Field("en", title="Language", description="Its code, such as en.")
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

    language: LanguageCode = Field("de", title="Language", description="Its code, such as de.")
    text: CorpusFile = Field(
        title="Unlabelled text", description="Raw text, or a column file; labels in it are never read for training."
    )
    text_gold: CorpusFile | None = Field(
        None,
        title="Gold labels of the text",
        description="If there are any: used only to report how good the pseudo-labels are.",
    )
    corrections: str = Field(
        "",
        title="Corrections",
        description="A file of labels that people gave sentences of the text (crosstag corrections): the student "
        "learns them as hard labels, and the summary says so. Empty: none.",
    )
    dev: CorpusFile | None = Field(
        None,
        title="Development corpus",
        description="Labelled; only read where checkpoints are chosen by gold labels of the target (checkpoint: "
        "target_dev).",
    )
    tests: tuple[TestSet, ...] = Field((), title="Test sets", description="Labelled corpora to score on; any number.")


class ParallelFiles(Settings):
    """Two text files whose lines translate each other."""

    source: str = Field(title="Source file", description="One sentence a line, source language.")
    target: str = Field(title="Target file", description="As many lines, target language.")


class ParallelText(ParallelFiles):
    """The same, and how many of their pairs are taken."""

    max_pairs: int | None = Field(
        None, ge=1, title="Most pairs", description="Where there are more, so many are drawn at random; empty: all."
    )
    seed: int = Field(0, ge=0, title="Seed", description="Of that draw; it does not depend on the run's.")


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
    corrections: Reference | None = None


def input_file(path: str, runtime: Runtime) -> InputFile:
    """A file named in a configuration, found in the data folder or among the bundled ones."""
    return InputFile(path=str(resolve(path, runtime.data)))


def corpus_input(file: CorpusFile, runtime: Runtime) -> CorpusInput:
    """The file or files of a corpus, and the datasets of the Hugging Face library that stand among them.

    A text that belongs to brat's annotations is there once, behind these, also where the list of paths names it.
    """
    found = [_sources(path, file, runtime) for path in file.paths]
    beside = {text for each in found for text in each[1::2]}
    sources = tuple(source for each in found if not (len(each) == 1 and each[0] in beside) for source in each)
    return sources[0] if len(sources) == 1 else sources


def _sources(path: str, file: CorpusFile, runtime: Runtime) -> tuple[CorpusSource, ...]:
    """What a path stands for: brat's annotations stand for the text beside them, too, so that its content counts.

    A folder stands for the pairs of brat's files in it and in folders inside, as in a zip.
    """
    name = parse_hub_name(path)
    if name is not None:
        return (_dataset(name, runtime),)
    folder = corpus_folder(path, runtime)
    if folder is not None:
        pairs = paired(list(_files_in(folder)), path)
        return tuple(InputFile(path=str((folder / name).absolute())) for pair in pairs for name in pair)
    found = input_file(path, runtime)
    text = Path(found.path).with_suffix(".txt")
    if text.suffix == Path(path).suffix or not (file.format == "brat" or path.endswith(".ann")):
        return (found,)
    return (found, InputFile(path=str(text))) if text.is_file() else (found,)


def corpus_folder(path: str, runtime: Runtime) -> Path | None:
    """The folder of brat's files that a path names; None if it names something else."""
    folder = Path(runtime.data).expanduser() / Path(path).expanduser()
    return folder if folder.is_dir() and any(name.endswith(ANN) for name in _files_in(folder)) else None


def _files_in(folder: Path) -> Iterator[str]:
    """The paths of the files in a folder and the folders inside, from there on; hidden ones left out."""
    for each in folder.rglob("*"):
        path = each.relative_to(folder)
        if not any(part.startswith(".") for part in path.parts) and each.is_file():
            yield path.as_posix()


def _dataset(name: HubName, runtime: Runtime) -> CorpusSource:
    if name.is_folder:
        folder = Path(runtime.data).expanduser() / Path(name.name).expanduser()
        return DatasetFolder(path=str(folder.absolute()), config=name.config, split=name.split)
    return HubDataset.resolve(name.name, name.split, name.config, name.revision)


@dataclass(frozen=True)
class TargetText:
    """References to what was read of one target language."""

    language: str
    sentences: Reference
    gold: ScoredText | None
    tests: tuple[ScoredText, ...] = ()
    corrections: Reference | None = None


@dataclass(frozen=True)
class MultilingualCorpora:
    """References to everything that was read of several target languages; parallel texts by their language."""

    train: Reference
    dev: Reference
    targets: tuple[TargetText, ...]
    parallel: Mapping[str, tuple[Reference, ...]]


def read_corpora(
    source: SourceCorpus,
    target: TargetCorpus,
    parallel: tuple[ParallelText, ...],
    labels: LabelConfig,
    seed: int,
    runtime: Runtime,
) -> Corpora:
    """Reads all corpora; sentences and gold labels of the target language become separate artifacts."""
    train, dev = read_source(source, labels, seed, runtime)
    text = read_target(target, train, labels, runtime)
    with stage("parallel text"):
        pairs = read_pairs(parallel, (source.language, target.language), runtime)
    let_go_of_readings()
    return Corpora(train, dev, text.sentences, text.gold, text.tests, pairs, text.corrections)


def read_languages(
    source: SourceCorpus,
    targets: Sequence[TargetCorpus],
    parallel: Mapping[str, tuple[ParallelText, ...]],
    labels: LabelConfig,
    seed: int,
    runtime: Runtime,
) -> MultilingualCorpora:
    """As `read_corpora` for several target languages; of more than one, test sets have the language in their names.

    Parallel texts are given, and returned, by the language that they have beside the source language.
    """
    train, dev = read_source(source, labels, seed, runtime)
    texts = tuple(read_target(target, train, labels, runtime, prefix) for target, prefix in named_apart(targets))
    pairs = {}
    for language, given in parallel.items():
        with stage(f"{language} parallel text" if len(targets) > 1 else "parallel text"):
            pairs[language] = read_pairs(given, (source.language, language), runtime)
    return MultilingualCorpora(train, dev, texts, pairs)


def named_apart(targets: Sequence[TargetCorpus]) -> list[tuple[TargetCorpus, str]]:
    """Target languages, and what the names of their texts begin with; nothing, where there is one."""
    return [(target, f"{target.language} " if len(targets) > 1 else "") for target in targets]


def let_go_of_readings() -> None:
    """Forgets what was read for the checks: it is in the store. A plan reads nothing, and the run after it wants it."""
    run = current_run()
    if run is not None and not run.planning:
        forget_readings()


def read_source(source: SourceCorpus, labels: LabelConfig, seed: int, runtime: Runtime) -> tuple[Reference, Reference]:
    """The labelled corpus to train on, and the one to look at."""
    with stage("source train"):
        whole = _labelled(source.train, labels, source.language, runtime)
        train = split_source(whole, "train", source.dev_fraction, seed) if source.dev is None else whole
    with stage("source dev"):
        dev = (
            split_source(whole, "dev", source.dev_fraction, seed)
            if source.dev is None
            else _labelled(source.dev, labels, source.language, runtime)
        )
    return train, dev


def read_text(target: TargetCorpus, labels: LabelConfig, runtime: Runtime, prefix: str = "") -> TargetText:
    """The text of a target language and its gold labels, if there are any; without test sets and corrections."""
    name = f"{prefix}target text"
    with stage(name):
        text = _sentences(target.text, target.language, runtime)
        gold = None
        if target.text_gold is not None:
            gold = ScoredText(name, text, _gold(target.text_gold, labels, target.language, runtime))
    return TargetText(target.language, text, gold)


def read_target(
    target: TargetCorpus, train: Reference, labels: LabelConfig, runtime: Runtime, prefix: str = ""
) -> TargetText:
    """Text and test sets of a target language; their names begin with `prefix` where a run has several languages.

    Corrections of the text are in the label set of the labelled corpus, `train`.
    """
    text = read_text(target, labels, runtime, prefix)
    corrections = None
    if target.corrections:
        with stage(f"{prefix}corrections"):
            corrections = read_corrections(input_file(target.corrections, runtime), text.sentences, train)
    tests = []
    for test in target.tests:
        name = f"{prefix}{test.name}"
        with stage(name):
            sentences = _sentences(test, target.language, runtime)
            tests.append(ScoredText(name, sentences, _gold(test, labels, target.language, runtime)))
    return replace(text, tests=tuple(tests), corrections=corrections)


def read_target_dev(target: TargetCorpus, labels: LabelConfig, runtime: Runtime, prefix: str = "") -> ScoredText:
    """The target language's development corpus, for a choice that only evaluation makes."""
    assert target.dev is not None
    name = f"{prefix}target dev"
    with stage(name):
        sentences = _sentences(target.dev, target.language, runtime)
        return ScoredText(name, sentences, _gold(target.dev, labels, target.language, runtime))


def read_pairs(
    parallel: tuple[ParallelText, ...], languages: tuple[str, str], runtime: Runtime
) -> tuple[Reference, ...]:
    """Parallel texts, in the order given."""

    def read(each: ParallelText) -> Reference:
        whole = read_parallel(input_file(each.source, runtime), input_file(each.target, runtime), *languages)
        return whole if each.max_pairs is None else draw_pairs(whole, each.max_pairs, each.seed)

    return tuple(read(each) for each in parallel)


def _labelled(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime) -> Reference:
    return read_labelled(corpus_input(file, runtime), file.without_path(), labels, language)


def _sentences(file: CorpusFile, language: str, runtime: Runtime) -> Reference:
    return read_sentences(corpus_input(file, runtime), file.without_path(), language)


def _gold(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime) -> Reference:
    return read_gold(corpus_input(file, runtime), file.without_path(), labels, language)
