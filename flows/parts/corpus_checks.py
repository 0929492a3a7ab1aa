"""Corpora of a run are looked at before it starts; see `checks`."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus, corpus_input, input_file
from flows.parts.figures import Analysis
from flows.parts.run_words import BESIDE_TEST_SETS
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.corrections import check_corrections, latest, load_corrections
from tasks.corpus.formats import CorpusFile
from tasks.corpus.once import once
from tasks.corpus.parallel import count_pairs
from tasks.corpus.segmenters import CHINESE, UNSPACED, are_characters, language_code
from tasks.words.labels import LabelConfig
from tasks.words.spans import spans_of

_WORDS_LOOKED_AT = 10_000
# Of the entities of UNER's Chinese (GSDSIMP), 4 % have more than 4 words, 24 % more than 4 characters, 6 % more than 8.
_ENOUGH_CHARACTERS = 8


def check_corpora(
    source: SourceCorpus, target: TargetCorpus, labels: LabelConfig, runtime: Runtime
) -> tuple[Corpus, Corpus]:
    """Every corpus can be read, all label sets are one, sentences and their gold labels fit.

    Returns:
        The labelled source corpus and the unlabelled target text.
    """
    train = check_source(source, labels, runtime)
    return train, check_target(source, train, target, labels, runtime)


def check_source(source: SourceCorpus, labels: LabelConfig, runtime: Runtime) -> Corpus:
    """The labelled corpus and its development corpus can be read, and have the same entity types."""
    train = labelled_corpus(source.train, labels, source.language, runtime, "source.train")
    if source.dev is not None:
        dev = labelled_corpus(source.dev, labels, source.language, runtime, "source.dev")
        _check_types(source, train, [(source.dev.shown, dev)])
    return train


def check_target(
    source: SourceCorpus,
    train: Corpus,
    target: TargetCorpus,
    labels: LabelConfig,
    runtime: Runtime,
    key: str = "target",
) -> Corpus:
    """Text and test sets of a target language can be read, have the source's entity types, and fit their gold labels.

    Corrections of the text are of its sentences as they are, in the source's label set.

    Args:
        source: the source language.
        train: its labelled corpus.
        target: the target language.
        labels: how labels are read.
        runtime: where files are looked for.
        key: of the target language in the configuration.

    Returns:
        The unlabelled text.
    """
    labelled: list[tuple[str, Corpus]] = []  # Test sets may be columns of one file.
    text = _load(target.text, None, target.language, runtime)
    if target.text_gold is not None:
        gold = labelled_corpus(target.text_gold, labels, target.language, runtime, f"{key}.text_gold")
        labelled.append((target.text_gold.shown, gold))
        _check_same_words(text, gold, target.text.shown, target.text_gold.shown)
    if target.dev is not None:
        dev = labelled_corpus(target.dev, labels, target.language, runtime, f"{key}.dev")
        labelled.append((target.dev.shown, dev))
    names = Counter(test.name for test in target.tests)
    for test in target.tests:
        if test.name in BESIDE_TEST_SETS:
            raise InputError(
                f"{key}.tests: a test set is called {test.name!r}, under which another text's scores are shown; give "
                "it another name"
            )
        if names[test.name] > 1:
            raise InputError(
                f"{key}.tests: {names[test.name]} test sets are called {test.name!r}; name each differently"
            )
        found = labelled_corpus(test, labels, target.language, runtime, f"{key}.tests, {test.name}")
        labelled.append((test.shown, found))
    _check_types(source, train, labelled)
    if target.corrections:
        lines = latest(load_corrections(Path(input_file(target.corrections, runtime).path)))
        sentences = dict(enumerate(text.words))
        check_corrections(lines, sentences.get, train.labels, target.corrections, target.text.shown)
    return text


def check_lengths_of_corrections(target: TargetCorpus, most_words: int, runtime: Runtime) -> None:
    """No entity that people marked has more words than a span may have."""
    if not target.corrections:
        return
    for line in latest(load_corrections(Path(input_file(target.corrections, runtime).path))):
        longest = max((end - start for start, end, _ in spans_of(line.correction.tags or ())), default=0)
        if longest > most_words:
            raise InputError(
                f"corrections {target.corrections}, line {line.number}: an entity of {longest} words, and spans have "
                f"at most {most_words}; raise spans.most_words, or correct the sentence again"
            )


def note_short_spans(most_words: int, target: TargetCorpus, text: Corpus) -> None:
    """Says before the run that spans are short for a text whose words are characters: a note, or in the run's log."""
    if most_words >= _ENOUGH_CHARACTERS:
        return
    first_words = list(islice(chain.from_iterable(text.words), _WORDS_LOOKED_AT))
    if not any(part.splitter == "characters" for part in text.parts) and not are_characters(first_words):
        return
    told = (
        f"spans.most_words: {most_words}, and the words of target.text {target.text.shown} are characters: names of "
        f"more than {most_words} characters are no spans, so that they are never found, and count against recall (of "
        f"Chinese ones every fourth has more than 4, every sixteenth more than 8); raise it to {_ENOUGH_CHARACTERS} or "
        "more"
    )
    note(told)


def note(told: str) -> None:
    """Tells the user something, once: in the run's log, or before a run on the terminal."""

    def tell() -> None:
        try:
            get_run_logger().warning(told)
        except MissingContextError:
            print(f"note: {told}", file=sys.stderr)

    once(("note", told), tell)


def _check_types(source: SourceCorpus, train: Corpus, labelled: Sequence[tuple[str, Corpus]]) -> None:
    for path, corpus in labelled:
        if corpus.types != train.types:
            raise InputError(
                f"corpus {path}: its entity types are {', '.join(corpus.types)}, those of {source.train.shown} are "
                f"{', '.join(train.types)}; list the types to keep under labels.types, map names under labels.rename, "
                "and set labels.other_types: drop for the rest"
            )


def check_parallel(parallel: tuple[ParallelText, ...], runtime: Runtime) -> None:
    """Parallel files have as many lines on both sides."""
    for each in parallel:
        count_pairs(input_file(each.source, runtime), input_file(each.target, runtime))


def check_neighbours(neighbours: int, texts: Mapping[str, Corpus]) -> None:
    """There are more words in each text, given by name, than neighbours wanted."""
    for name, corpus in texts.items():
        if neighbours >= corpus.word_count:
            raise InputError(
                f"reliability.neighbours: {neighbours} neighbours of each word are asked for, the {name} has "
                f"{corpus.word_count} words; expected fewer neighbours than words: lower reliability.neighbours, or "
                "give more text"
            )


def check_analysis(analysis: Analysis, text: TargetCorpus, target: Corpus) -> None:
    """What is measured on pseudo-labels has gold labels, and fewer neighbours than words."""
    wanted = [name for name in ("layers", "compare") if getattr(analysis, name)]
    if wanted and text.text_gold is None:
        raise InputError(
            f"analysis.{wanted[0]}: pseudo-labels are compared with gold labels, and target.text_gold is empty; name "
            f"the file of the gold labels there, or leave analysis.{wanted[0]} out"
        )
    for place, other in enumerate(analysis.compare):
        if other.neighbours >= target.word_count:
            raise InputError(
                f"analysis.compare.{place}.neighbours: {other.neighbours} neighbours of each word are asked for, the "
                f"target text has {target.word_count} words; expected fewer neighbours than words"
            )


def check_segmenters(corpora: Mapping[str, Corpus]) -> None:
    """Text in a language without spaces is split as translations and parallel text are: into characters, or at spaces.

    Args:
        corpora: by their place in the configuration.
    """
    for key, corpus in corpora.items():
        splitters = {part.splitter for part in corpus.parts}
        if found := sorted(splitters & set(UNSPACED.values())):
            raise InputError(
                f"{key}: its words were found by {found[0]}, and translations and parallel text in {corpus.language} "
                f"are split into characters; expected both alike; set {key}.segmenter: characters"
            )
        if "characters" in splitters and language_code(corpus.language) not in {*UNSPACED, *CHINESE}:
            raise InputError(
                f"{key}: its words are characters, and translations and parallel text in {corpus.language} are split "
                f"at spaces, and joined with them; expected both alike; leave {key}.segmenter out"
            )


def _load(file: CorpusFile, labels: LabelConfig | None, language: str, runtime: Runtime) -> Corpus:
    return load_corpus(corpus_input(file, runtime), file.without_path(), labels, language)


def labelled_corpus(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime, key: str) -> Corpus:
    """A labelled corpus that has an entity: from one without nothing is learnt, and against one nothing measured."""
    corpus = _load(file, labels, language, runtime)
    if corpus.entity_count == 0:
        others = "; ".join(dict.fromkeys(remark for part in corpus.parts for remark in part.remarks))
        raise InputError(
            f"{key} {file.shown}: its {len(corpus.words):,} sentences have no entity of {', '.join(corpus.types)}"
            + (f" ({others})" if others else "")
            + "; expected some; give a labelled file, or name the types that it has under labels.types, or under "
            "labels.rename what they are called here"
        )
    return corpus


def _check_same_words(text: Corpus, gold: Corpus, text_path: str, gold_path: str) -> None:
    if len(text.words) != len(gold.words):
        raise InputError(
            f"target.text_gold {gold_path}: it has {len(gold.words)} sentences, {text_path} has {len(text.words)}; "
            "expected the same sentences; read both with the same options, or set target.text_gold to null: it only "
            "serves to report how good pseudo-labels are"
        )
    for number, (words, gold_words) in enumerate(zip(text.words, gold.words, strict=True)):
        if words != gold_words:
            raise InputError(
                f"target.text_gold {gold_path}, sentence {number}: its words are {' '.join(gold_words[:8])!r}, those "
                f"of {text_path} {' '.join(words[:8])!r}; expected the same words"
            )
