"""What is looked at before a run starts: everything a user gave, so that bad input costs seconds and leaves nothing.

The checks use the same readers as the steps, which inside `reading_once` take over what was read here; each raises
`InputError` with what, where, found, expected, next step.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from artifacts.errors import InputError
from artifacts.inputs import HubModel
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.parts.checkpoints import checkpoint_folder
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus, corpus_input, input_file
from flows.parts.encoder import BUNDLED_ENCODER, EncoderChoice
from flows.parts.figures import Analysis
from flows.parts.number_formats import check_number_formats
from flows.parts.one_target import OneTarget, TranslatedTarget
from flows.parts.run_words import BESIDE_TEST_SETS
from flows.parts.translation import TranslationChoice, check_ranking
from flows.parts.translator import check_marking, check_translator
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.corrections import check_corrections, latest, load_corrections
from tasks.corpus.formats import CorpusFile
from tasks.corpus.once import once
from tasks.corpus.parallel import count_pairs
from tasks.corpus.paths import BUNDLED, bundled_folder, resolve
from tasks.corpus.segmenters import CHINESE, UNSPACED, are_characters, language_code
from tasks.denoising.reliability import Reliability
from tasks.encoding.bundled import LANGUAGES
from tasks.encoding.load import check_encoder_folder
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.tagger import usable_positions
from tasks.tagging.windows import WindowConfig
from tasks.translation.dictionaries import known_pairs, read_dictionary
from tasks.translation.marked.language import language_filter
from tasks.translation.pairs.marking_pairs import PairMarking
from tasks.translation.pairs.word_alignment import check_aligner
from tasks.translation.vector_files import read_vector_file
from tasks.translation.words import WordTranslation
from tasks.words.labels import LabelConfig
from tasks.words.spans import spans_of

_VECTORS_READ = 1000
_WORDS_LOOKED_AT = 10_000
# Of the entities of UNER's Chinese (GSDSIMP), 4 % have more than 4 words, 24 % more than 4 characters, 6 % more than 8.
_ENOUGH_CHARACTERS = 8


def check_runtime(runtime: Runtime) -> None:
    """The store can be opened, and is not from a newer Crosstag; the device is there."""
    Store(runtime.store)
    runtime.resolved_device()


def check_one_target(config: OneTarget, runtime: Runtime) -> tuple[Corpus, Corpus]:
    """Everything that the methods with one target language are given alike.

    Returns:
        The labelled source corpus and the unlabelled target text.
    """
    check_runtime(runtime)
    check_number_formats(config, runtime)
    check_bundled_encoder(config.encoder, config.source, {"target": config.target})
    check_encoder(config.encoder, config.windows, runtime)
    check_trainings(config.trainings, encoder_shape(config.encoder, runtime))
    source, target = check_corpora(config.source, config.target, config.labels, runtime)
    check_parallel(config.parallel, runtime)
    return source, target


def check_translated_target(config: TranslatedTarget, runtime: Runtime) -> tuple[Corpus, Corpus]:
    """The same, and the translation of the labelled corpus.

    Returns:
        The labelled source corpus and the unlabelled target text.
    """
    source, target = check_one_target(config, runtime)
    _check_alignment_layer(config, runtime)
    check_translation(config.translation, config.parallel, config.labels, source, target, runtime)
    if config.score_translate_test:
        _check_translate_test(config, source, runtime)
    return source, target


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
    train = _labelled(source.train, labels, source.language, runtime, "source.train")
    if source.dev is not None:
        dev = _labelled(source.dev, labels, source.language, runtime, "source.dev")
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
        gold = _labelled(target.text_gold, labels, target.language, runtime, f"{key}.text_gold")
        labelled.append((target.text_gold.shown, gold))
        _check_same_words(text, gold, target.text.shown, target.text_gold.shown)
    if target.dev is not None:
        dev = _labelled(target.dev, labels, target.language, runtime, f"{key}.dev")
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
        found = _labelled(test, labels, target.language, runtime, f"{key}.tests, {test.name}")
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
    once(("note", told), lambda: _note(told))


def _note(told: str) -> None:
    try:
        get_run_logger().warning(told)
    except MissingContextError:
        print(f"note: {told}", file=sys.stderr)


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


def check_bundled_encoder(choice: EncoderChoice, source: SourceCorpus, targets: Mapping[str, TargetCorpus]) -> None:
    """The bundled encoder is used on what it has read: the bundled English and German, alone or with more text.

    Args:
        choice: the encoder.
        source: the source language.
        targets: the target languages, by their keys in the configuration.

    Raises:
        InputError: if a language is another one, or a corpus has nothing of the bundled ones.
    """
    if choice.checkpoint != BUNDLED_ENCODER:
        return
    advice = (
        "set encoder.checkpoint to pretrain, which makes a small one from the run's own text, or to a folder or a name "
        f"on the hub; to use the bundled one all the same, name its folder: {bundled_folder(BUNDLED_ENCODER)}"
    )
    corpora = {"source": (source.language, "train", source.train)}
    corpora |= {key: (target.language, "text", target.text) for key, target in targets.items()}
    for key, (language, name, file) in corpora.items():
        if language not in LANGUAGES:
            raise InputError(
                f"encoder.checkpoint: {BUNDLED_ENCODER} knows {' and '.join(LANGUAGES)} alone, and {key}.language is "
                f"{language}; {advice}"
            )
        if not any(path.startswith(BUNDLED) for path in file.paths):
            raise InputError(
                f"encoder.checkpoint: {BUNDLED_ENCODER} has read the few sentences of the bundled corpora and nothing "
                f"else, and {key}.{name} is {file.shown}; {advice}"
            )


@dataclass(frozen=True)
class EncoderShape:
    """What is known of an encoder before a run.

    positions  sub-words that it takes; None: any number
    layers     its depth; None: its configuration does not say
    hides      whether it has a head for hidden text
    """

    positions: int | None
    layers: int | None
    hides: bool

    def cut(self, layers: int) -> "EncoderShape":
        """Of its bottom layers alone; 0: all."""
        known = [depth for depth in (self.layers, layers or None) if depth is not None]
        return replace(self, layers=min(known, default=None))


def encoder_shape(choice: EncoderChoice, runtime: Runtime) -> EncoderShape:
    """The shape of an encoder, whose checkpoint is looked at; of a name on the hub all but the weights is fetched.

    Raises:
        InputError: if there is no checkpoint.
    """
    if choice.pretrains:
        return EncoderShape(choice.pretraining.max_length_subwords, choice.pretraining.layers, True)
    folder = checkpoint_folder(choice.checkpoint, runtime)
    if folder is None:
        return _shape_on_the_hub(choice)
    from transformers import AutoConfig

    check_encoder_folder(folder)
    return _shape_of(AutoConfig.from_pretrained(folder))


def check_encoder(choice: EncoderChoice, windows: WindowConfig, runtime: Runtime) -> None:
    """What is named as the encoder holds a checkpoint, and a window is not longer than it takes."""
    positions = encoder_shape(choice, runtime).positions
    if positions is not None and windows.max_length_subwords > positions:
        raise InputError(
            f"windows.max_length_subwords: {windows.max_length_subwords} sub-words are asked for, the encoder "
            f"{'to be pretrained' if choice.pretrains else choice.checkpoint} takes {positions}; lower it to at most "
            "that, or raise encoder.pretraining.max_length_subwords"
        )


def check_trainings(trainings: Mapping[str, TaggerTrainingConfig], shape: EncoderShape) -> None:
    """Each training, by its place, changes a layer of its encoder, which has the head that it asks for."""
    for place, training in trainings.items():
        if shape.layers is not None and training.frozen_layers >= shape.layers:
            raise InputError(
                f"{place}.frozen_layers: {training.frozen_layers} layers are to stay as they are, and the encoder has "
                f"{shape.layers}, so that the classifier alone would be trained; expected fewer; lower it (0 trains "
                "everything), or choose a deeper encoder"
            )
        if getattr(training, "mlm_weight", 0) > 0 and not shape.hides:
            raise InputError(
                f"{place}.mlm_weight: hidden text is to be learnt, and the encoder is of a kind without a "
                "masked-language head; set it to 0, or choose another encoder"
            )


def check_compared_layers(settings: Mapping[str, Reliability], shape: EncoderShape) -> None:
    """The encoder has the layer whose vectors say which words are near; settings by their places."""
    for place, reliability in settings.items():
        layer, depth = reliability.layers, shape.layers
        if depth is not None and isinstance(layer, int) and not -depth - 1 <= layer <= depth:
            raise InputError(
                f"{place}.layers: layer {layer} is asked for, and the encoder has {depth}; expected 0 (embeddings) to "
                f"{depth}, a negative number from the top, last or last3"
            )


def _shape_of(config: Any) -> EncoderShape:
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    depth = getattr(config, "num_hidden_layers", None)
    return EncoderShape(usable_positions(config), depth, type(config) in MODEL_FOR_MASKED_LM_MAPPING)


def _shape_on_the_hub(choice: EncoderChoice) -> EncoderShape:
    from transformers import AutoConfig

    model = HubModel.resolve(choice.checkpoint, choice.revision)

    def read() -> EncoderShape:
        names = model.names()
        if names is not None and not any(name.endswith(".safetensors") for name in names):
            raise InputError(
                f"encoder {choice.checkpoint} at {model.commit[:12]}: the repository has no safetensors weights, but "
                f"{', '.join(names[:8])}; name another, or a folder that holds it, saved by "
                "`model.save_pretrained(folder)`"
            )
        try:
            return _shape_of(AutoConfig.from_pretrained(model.local(weights=False)))
        except (OSError, ValueError) as error:
            raise InputError(
                f"encoder {choice.checkpoint} at {model.commit[:12]}: transformers cannot read its configuration: "
                f"{error}; name another"
            ) from error

    return once(("encoder", model.name, model.commit), read)


def _check_alignment_layer(config: TranslatedTarget, runtime: Runtime) -> None:
    """The encoder has the layer that words are aligned by, as far as it is known before the run."""
    aligned = config.translation.aligned
    layer = aligned.encoder.layer
    aligns = config.translation.places_labels or config.score_translate_test
    if layer is None or aligned.aligner == "eflomal" or not aligns:
        return
    depth = encoder_shape(config.encoder, runtime).layers
    if depth is not None and layer > depth:
        raise InputError(
            f"translation.aligned.encoder.layer: layer {layer} is asked for, and the encoder has {depth}; choose "
            "one of these, or leave it out"
        )


def check_translation(
    choice: TranslationChoice,
    parallel: tuple[ParallelText, ...],
    labels: LabelConfig,
    source: Corpus,
    target: Corpus,
    runtime: Runtime,
) -> None:
    """Files of the translation stage can be read and fit each other; the translator can be had."""
    if choice.by_translator or parallel:
        check_segmenters({"source.train": source, "target.text": target})
    if choice.by_translator:
        _check_whole(choice, parallel, (source.language, target.language), runtime)
    if choice.imported is not None and choice.method == "import":
        imported = _labelled(choice.imported, labels, target.language, runtime, "translation.imported")
        if imported.types != source.types:
            raise InputError(
                f"corpus {choice.imported.shown}: its entity types are {', '.join(imported.types)}, those of the "
                f"labelled corpus are {', '.join(source.types)}; map names under labels.rename"
            )
        return
    if choice.by_words:
        _check_named(choice.words.copy_types, WordTranslation().copy_types, "translation.words.copy_types", source)
    if choice.by_markers and choice.marked.translator.trains:
        names, default = choice.marked.pairs.name_types, PairMarking().name_types
        _check_named(names, default, "translation.marked.pairs.name_types", source)
    if not choice.needs_lexicon:
        return
    files = (choice.vectors.source_file, choice.vectors.target_file)
    sizes = [_dimension(path, choice, runtime) for path in files]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"word vectors: the source side ({files[0] or 'trained'}) has dimension {sizes[0]}, the target side "
            f"({files[1] or 'trained'}) {sizes[1]}; expected the same; give other files, or set "
            "translation.vectors.training.dimension"
        )
    vocabularies: tuple[list[str], list[str]] | None = None
    for key in ("seed_lexicon", "supplied_lexicon", "test_lexicon"):
        path = getattr(choice, key)
        pairs = read_dictionary(resolve(path, runtime.data)) if path else []
        if not path or key == "supplied_lexicon":
            continue
        if vocabularies is None:
            corpora = zip(files, (source, target), strict=True)
            first, second = (_vocabulary(file, corpus, choice, runtime) for file, corpus in corpora)
            vocabularies = first, second
        if len(known_pairs(pairs, *vocabularies)) == 0:
            raise InputError(
                f"translation.{key} {path}: of its {len(pairs)} pairs, none has both words in the vocabularies "
                f"({len(vocabularies[0])} and {len(vocabularies[1])} words); expected source word, space, target "
                "word on each line; check the order of the languages"
            )


def _check_named(types: Sequence[str], default: Sequence[str], setting: str, source: Corpus) -> None:
    """One of some types that a person named is among the labels; more may be there for other corpora."""
    if types and types != default and not set(types) & set(source.types):
        raise InputError(
            f"{setting}: {', '.join(types)}, and the entity types are {', '.join(source.types)}; expected at least one "
            "of these; name some, or none: []"
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


def _check_whole(
    choice: TranslationChoice, parallel: tuple[ParallelText, ...], languages: tuple[str, str], runtime: Runtime
) -> None:
    """What translates sentences whole can be had, and what places their labels."""
    whole = choice.marked
    if choice.by_markers:
        check_marking(whole.translator, whole.marking)
    if whole.translator.trains and not parallel:
        raise InputError(
            f"translation.method {choice.method}: whole sentences need a translator, which is trained on parallel "
            "text, and `parallel` names none; add two files there, or name a trained one under "
            "translation.marked.translator.checkpoint"
        )
    if choice.places_labels and choice.aligned.asks_eflomal:
        check_aligner()
    if choice.ranks_places:
        check_ranking(choice)
    language_filter(*languages, whole.reading.language_filter, whole.reading.min_language_letters)
    back = choice.ranks_places and whole.translator.by_direction
    check_translator(whole.translator, (languages, languages[::-1])[: 1 + back], whole.generation, runtime)


def _check_translate_test(config: TranslatedTarget, source: Corpus, runtime: Runtime) -> None:
    """What translates test sentences into the source language can be had, and what carries their labels back."""
    choice, languages = config.translation, (config.target.language, config.source.language)
    whole = choice.marked
    check_segmenters({"source.train": source})
    if whole.translator.trains and not config.parallel:
        raise InputError(
            "score_translate_test: test sentences need a translator, which is trained on parallel text, and `parallel` "
            "names none; add two files there, name a trained one under translation.marked.translator.checkpoint, or "
            "leave score_translate_test out"
        )
    if choice.aligned.asks_eflomal:
        check_aligner()
    language_filter(*languages, whole.reading.language_filter, whole.reading.min_language_letters)
    ranks = choice.aligned.ranking != "off"
    if ranks:
        check_ranking(choice)
    directions = (languages[::-1], languages) if choice.by_translator or ranks else (languages,)
    check_translator(whole.translator, directions, whole.generation, runtime)


def _load(file: CorpusFile, labels: LabelConfig | None, language: str, runtime: Runtime) -> Corpus:
    return load_corpus(corpus_input(file, runtime), file.without_path(), labels, language)


def _labelled(file: CorpusFile, labels: LabelConfig, language: str, runtime: Runtime, key: str) -> Corpus:
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


def _dimension(path: str, choice: TranslationChoice, runtime: Runtime) -> int:
    if not path:
        return choice.vectors.training.dimension
    _, vectors, _ = read_vector_file(resolve(path, runtime.data), _VECTORS_READ)
    return int(vectors.shape[1])


def _vocabulary(path: str, corpus: Corpus, choice: TranslationChoice, runtime: Runtime) -> list[str]:
    if not path:
        return sorted({word for sentence in corpus.words for word in sentence})
    words, _, _ = read_vector_file(Path(resolve(path, runtime.data)), choice.vectors.loading.max_words)
    return words
