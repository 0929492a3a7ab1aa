"""The translation of a run is looked at before it starts; see `checks`."""

from collections.abc import Sequence
from pathlib import Path

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.parts.corpora import ParallelText
from flows.parts.corpus_checks import check_segmenters, labelled_corpus
from flows.parts.encoder_checks import encoder_shape
from flows.parts.one_target import TranslatedTarget
from flows.parts.translation import TranslationChoice, check_ranking
from flows.parts.translator import check_marking, check_translator
from tasks.corpus.corpus import Corpus
from tasks.corpus.paths import resolve
from tasks.translation.dictionaries import known_pairs, read_dictionary
from tasks.translation.marked.language import language_filter
from tasks.translation.pairs.marking_pairs import PairMarking
from tasks.translation.pairs.word_alignment import check_aligner
from tasks.translation.vector_files import read_vector_file
from tasks.translation.words import WordTranslation
from tasks.words.labels import LabelConfig

_VECTORS_READ = 1000


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
        imported = labelled_corpus(choice.imported, labels, target.language, runtime, "translation.imported")
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


def check_translate_test(config: TranslatedTarget, source: Corpus, runtime: Runtime) -> None:
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
        check_aligner(f"translation.aligned.aligner {choice.aligned.aligner}", "set it to encoder")
    language_filter(*languages, whole.reading.language_filter, whole.reading.min_language_letters)
    ranks = choice.aligned.ranking != "off"
    if ranks:
        check_ranking(choice)
    directions = (languages[::-1], languages) if choice.by_translator or ranks else (languages,)
    check_translator(whole.translator, directions, whole.generation, runtime, "translation.marked.")


def check_alignment_layer(config: TranslatedTarget, runtime: Runtime) -> None:
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


def _check_named(types: Sequence[str], default: Sequence[str], setting: str, source: Corpus) -> None:
    """One of some types that a person named is among the labels; more may be there for other corpora."""
    if types and types != default and not set(types) & set(source.types):
        raise InputError(
            f"{setting}: {', '.join(types)}, and the entity types are {', '.join(source.types)}; expected at least one "
            "of these; name some, or none: []"
        )


def _check_whole(
    choice: TranslationChoice, parallel: tuple[ParallelText, ...], languages: tuple[str, str], runtime: Runtime
) -> None:
    """What translates sentences whole can be had, and what places their labels."""
    whole = choice.marked
    if choice.by_markers:
        check_marking(whole.translator, whole.marking, runtime)
    if whole.translator.trains and not parallel:
        raise InputError(
            f"translation.method {choice.method}: whole sentences need a translator, which is trained on parallel "
            "text, and `parallel` names none; add two files there, or name a trained one under "
            "translation.marked.translator.checkpoint"
        )
    if choice.places_labels and choice.aligned.asks_eflomal:
        check_aligner(f"translation.aligned.aligner {choice.aligned.aligner}", "set it to encoder")
    if choice.ranks_places:
        check_ranking(choice)
    language_filter(*languages, whole.reading.language_filter, whole.reading.min_language_letters)
    back = choice.ranks_places and whole.translator.by_direction
    directions = (languages, languages[::-1])[: 1 + back]
    check_translator(whole.translator, directions, whole.generation, runtime, "translation.marked.")


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
