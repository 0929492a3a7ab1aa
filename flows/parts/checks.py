"""What is looked at before a run starts: everything a user gave, so that bad input costs seconds and leaves nothing.

The checks use the same readers as the steps, which inside `reading_once` take over what was read here; each raises
`InputError` with what, where, found, expected, next step.
"""

from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.parts.corpus_checks import check_corpora, check_parallel
from flows.parts.encoder_checks import check_bundled_encoder, check_encoder, check_trainings, encoder_shape
from flows.parts.number_formats import check_number_formats
from flows.parts.one_target import OneTarget, TranslatedTarget
from flows.parts.translation_checks import check_alignment_layer, check_translate_test, check_translation
from tasks.corpus.corpus import Corpus


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
    check_alignment_layer(config, runtime)
    check_translation(config.translation, config.parallel, config.labels, source, target, runtime)
    if config.score_translate_test:
        check_translate_test(config, source, runtime)
    return source, target
