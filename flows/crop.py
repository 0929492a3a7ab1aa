"""CROP: translation there and back labels raw text; one tagger for all languages (Yang et al., EMNLP 2022).

crosstag run configs/quickstart-crop.yaml
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from flows.parts.cards import student_card
from flows.parts.checks import check_runtime
from flows.parts.corpora import (
    MultilingualCorpora,
    ParallelText,
    ScoredText,
    SourceCorpus,
    TargetCorpus,
    let_go_of_readings,
    named_apart,
    read_languages,
    read_pairs,
    read_target_dev,
)
from flows.parts.corpus_checks import check_parallel, check_segmenters, check_source, check_target
from flows.parts.corrections import Corrected
from flows.parts.encoder import EncoderChoice, encoder_for
from flows.parts.encoder_checks import check_bundled_encoder, check_encoder, check_trainings, encoder_shape
from flows.parts.epochs import Epochs
from flows.parts.label_quality import LabelQuality
from flows.parts.labelled_translation import LabelledTranslation
from flows.parts.learnt_translation import MarkerQuality, PairMaking, TranslationTests, learn_translation
from flows.parts.number_formats import check_number_formats
from flows.parts.presets import WithPreset
from flows.parts.projection import Projecting, Tagging, kept_sentences
from flows.parts.scoring import Scoring, averages_of
from flows.parts.summary import Listing, Result, carry_out
from flows.parts.translator import AnyTranslator, TranslatorChoice, check_marking, check_translator, ready
from tasks.denoising.settle_labels import settle_labels
from tasks.denoising.settling import Settling
from tasks.distillation.export_student import export_student
from tasks.distillation.sampling import sample_sentences
from tasks.distillation.training_sets import training_set
from tasks.encoding.randomise import randomise_encoder
from tasks.evaluation.gather_figures import gather_figures
from tasks.evaluation.text_map import TextMap, draw_text_map
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import Inference
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.languages import UnknownLanguage
from tasks.translation.machine.translate_parallel import Direction
from tasks.translation.marked.language import language_filter
from tasks.translation.marked.markers import Marking
from tasks.translation.marked.read_markers import MarkerReading
from tasks.translation.pairs.aligned_pairs import AlignedMarking
from tasks.translation.pairs.marking_pairs import PairMarking
from tasks.translation.pairs.word_alignment import Alignment, check_aligner
from tasks.translation.projection.forward import ForwardReading
from tasks.translation.projection.project_entities import EntityProjection
from tasks.words.labels import LabelConfig

Ablation = Literal[
    "none", "without_self_training", "without_projection", "without_pretraining", "without_pretraining_and_projection"
]


class CropTarget(TargetCorpus):
    """A language that needs a tagger, and what the translator learns of it."""

    parallel: tuple[ParallelText, ...] = Field(
        (),
        title="Parallel text",
        description="In the source language and this one; the translator, and an encoder that is pretrained here, "
        "learn from it.",
    )
    translation_tests: tuple[ParallelText, ...] = Field(
        (),
        title="Translation tests",
        description="Held-out parallel text to measure BLEU on, in both directions (Table 5).",
    )
    check_language: bool = Field(
        True,
        title="Check the language",
        description="Whether reading.language_filter applies to back-translations into this language; switch it off "
        "for languages that langid does not know, such as my and yo.",
    )
    translated_as: str = Field(
        "",
        title="Translated as",
        description="Code of a language that the translator knows, near to this one, which it does not know: text, and "
        "`parallel` if there is any, is given to it as if it were in that language, and back-translations into that "
        "language are matched in this one's sentences; not in the paper. Empty: this language.",
    )

    @property
    def translator_language(self) -> str:
        """The language that the translator takes this one for."""
        return self.translated_as or self.language


class Crop(WithPreset):
    """Everything that decides the result of a CROP run."""

    upstream: ClassVar[Mapping[str, Any]] = {
        "translator.training.alpha": None,
        "translator.training.sampling_temperature": 5.0,
        "translator.training.passes_per_update": 8,
        "translator.training.schedule": "inverse_sqrt",
        "pairs.max_entities": 14,
        "pairs.marked_share": 0.85,
        "pairs.whole_sentence": True,
        "pairs.max_phrase_words": 16,  # sub-words there
        "pairs.unlinked_edges": True,
        "marking.max_entities": 14,
        "reading.one_entity": "whole",
        "projection.matching.rule": "scattered",
        "projection.matching.found_share": 0.8,
        "projection.matching.max_entity_words": 6,
        "projection.matching.overlap": "drop",
        "projection.matching.unicode": "as_is",
        "projection.max_entities": 5,  # 6 for XTREME
        "projection.repeated_words": "drop",
        "settling.rule": "agreement",  # number for XTREME
        "source_training.loss_mean": "word",
        "multilingual_training.loss_mean": "word",
        "final_training.loss_mean": "word",
        "checkpoint": "target_dev",
    }

    seed: int = Field(1, ge=0, lt=2**31, title="Seed", description="Of every training, split and draw.")
    source: SourceCorpus = Field(title="Source language", description="The language that has labels.")
    targets: tuple[CropTarget, ...] = Field(
        min_length=1, title="Target languages", description="Those that need a tagger; they get one together."
    )
    labels: LabelConfig = Field(LabelConfig(), title="Labels", description="Entity types, the same for all corpora.")
    encoder: EncoderChoice = Field(EncoderChoice(), title="Encoder", description="A pretrained one, or pretrain.")
    windows: WindowConfig = Field(WindowConfig(), title="Windows", description="How long sentences are cut.")
    inference: Inference = Field(Inference(), title="Inference", description="How taggers are run to label text.")
    translator: TranslatorChoice = Field(
        TranslatorChoice(),
        title="Translator",
        description="Theta_mt for all languages (3.3). Both directions are learnt, whatever training.both_directions "
        "says.",
    )
    alignment_guided: bool = Field(
        True,
        title="Alignment-guided",
        description="Train the translator on marked pairs too (Eq. 5); without, it sees plain pairs alone (Table 6). "
        "Only where it is trained here.",
    )
    alignment: Alignment = Field(Alignment(), title="Word alignment", description="Of the parallel text, by eflomal.")
    pairs: AlignedMarking = Field(
        AlignedMarking(), title="Training pairs", description="How aligned spans are marked to train on (3.3)."
    )
    swapped_names: PairMarking | None = Field(
        None,
        title="Swapped names",
        description="Besides aligned pairs, train on pairs in which words that come together are marked and names are "
        "exchanged for others, so that a small translator learns to copy names; not in the paper. Empty: none.",
    )
    marking: Marking = Field(Marking(), title="Marking", description="How entities are marked.")
    generation: Generation = Field(Generation(), title="Generation", description="How translations are searched.")
    forward: ForwardReading = Field(
        ForwardReading(), title="Forward translations", description="Which of them the source tagger sees (3.4)."
    )
    reading: MarkerReading = Field(
        MarkerReading(), title="Back-translations", description="Which are kept, and how they are read (3.4, 4.1)."
    )
    projection: EntityProjection = Field(
        EntityProjection(), title="Projection", description="How entities find their place in raw sentences (3.4)."
    )
    settling: Settling = Field(
        Settling(), title="Settling", description="How projected and predicted labels become one (4.1, iii)."
    )
    source_training: TaggerTraining = Field(
        TaggerTraining(), title="Source training", description="Of Theta_src, on the source corpus alone."
    )
    multilingual_training: TaggerTraining = Field(
        TaggerTraining(),
        title="Multilingual training",
        description="Of Theta_all, on source and projected labels (Eq. 9).",
    )
    final_training: TaggerTraining = Field(
        TaggerTraining(), title="Final training", description="Of the student, on source and settled labels."
    )
    max_projected_sentences: int | None = Field(
        None,
        ge=1,
        title="Most projected sentences",
        description="Sentences of all target languages together that Theta_all, and again the student, learn from, "
        "drawn at random from those that got labels (Figure 5, Table 7); empty: all.",
    )
    score_translate_train: bool = Field(
        True,
        title="Translate-Train",
        description="Also translate the source corpus with its labels into every target language, and train and score "
        "the baseline on it and the source corpus.",
    )
    marker_quality: MarkerQuality = Field(
        "off",
        title="Marker quality",
        description="Judge markers of translated development sentences by word alignment (Table 6). own: of the run's "
        "translator; both: also of one that is trained without (or with) marked pairs, to compare.",
    )
    judged_sentences: int = Field(
        250,
        ge=1,
        title="Judged sentences",
        description="Development sentences with an entity whose markers are judged, for each language, drawn at random "
        "(Table 6: 250).",
    )
    text_map: TextMap | None = Field(
        None,
        title="Map of texts",
        description="A picture of raw sentences and their back-translations by t-SNE (Figure 4); with 39 languages it "
        "takes long on a CPU. Empty: none.",
    )
    checkpoint: Literal["last", "target_dev"] = Field(
        "last",
        title="Checkpoint",
        description="Which epoch's taggers go on: the last; target_dev: the best by the mean F1 on every target's dev, "
        "by their gold labels (the published code), which is no longer zero-resource; the summary says so.",
    )
    ablation: Ablation = Field(
        "none",
        title="Ablation",
        description="What is left out. without_self_training ships Theta_all, without_projection Theta_src; without "
        "pretraining, taggers start from random weights (Table 4, rows 2 and 3).",
    )
    decoding: Decoding = Field(
        Decoding(), title="Decoding", description="From probabilities to tags, for labels and for scores."
    )

    @model_validator(mode="after")
    def _corrections_are_learnt(self) -> "Crop":
        if not self.projects and any(target.corrections for target in self.targets):
            raise ValueError(
                f"corrections are given, but ablation {self.ablation} trains nothing on the text that was corrected; "
                "leave one of both out"
            )
        return self

    @model_validator(mode="after")
    def _languages_differ(self) -> "Crop":
        counts = Counter([self.source.language, *self.languages])
        twice = [language for language, count in counts.items() if count > 1]
        if twice:
            raise ValueError(
                f"the language {twice[0]} is given more than once; name each once, as source or in targets"
            )
        for target in self.targets:
            if target.translated_as == self.source.language:
                raise ValueError(
                    f"translated_as of the language {target.language}: found {target.translated_as}, the source "
                    "language, expected another that the translator knows; name one that is near, or leave it out"
                )
        return self

    @model_validator(mode="after")
    def _has_what_checkpoints_are_chosen_by(self) -> "Crop":
        without = [target.language for target in self.targets if target.dev is None]
        if self.checkpoint == "target_dev" and without:
            raise ValueError(
                f"checkpoint is target_dev and dev is empty for {', '.join(without)}; name a labelled file of each "
                "target language under dev, or write checkpoint: last"
            )
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the target languages."""
        return tuple(target.language for target in self.targets)

    @property
    def direction(self) -> str:
        """From which language to which, for people."""
        return f"{self.source.language} -> {', '.join(self.languages)}"

    @property
    def projects(self) -> bool:
        """Whether labels are projected at all."""
        return self.ablation not in ("without_projection", "without_pretraining_and_projection")

    @property
    def pretrains(self) -> bool:
        """Whether taggers start from pretrained weights."""
        return self.ablation not in ("without_pretraining", "without_pretraining_and_projection")

    @property
    def aligns(self) -> bool:
        """Whether words of parallel text are aligned."""
        learns = self.translator.trains and (self.alignment_guided or self.marker_quality == "both")
        return self.projects and (learns or self.marker_quality != "off")

    @property
    def parallel(self) -> dict[str, tuple[ParallelText, ...]]:
        """Parallel text by the language that the translator takes it for; none that has no text."""
        texts: dict[str, tuple[ParallelText, ...]] = {}
        for target in self.targets:
            if target.parallel:
                texts[target.translator_language] = texts.get(target.translator_language, ()) + target.parallel
        return texts

    def directions(self, target: CropTarget) -> tuple[tuple[str, str], ...]:
        """In which the translator translates for a target language: there and back."""
        there = (target.translator_language, self.source.language)
        return (there, there[::-1])

    def reading_of(self, target: CropTarget) -> MarkerReading:
        """How back-translations for a target language are read."""
        return self.reading if target.check_language else self.reading.model_copy(update={"language_filter": "off"})


def algorithm(config: Crop, runtime: Runtime) -> Result:
    """Section 3 of the paper, with all it needs before, and all that is measured on the way.

    Returns:
        The student, the models with their scores, those of the shipped one last, and the evidence.
    """
    corpora = read_languages(
        config.source,
        config.targets,
        config.parallel,
        config.labels,
        config.seed,
        runtime,
    )
    held_out = _translation_tests(config, runtime) if config.projects else {}
    let_go_of_readings()
    encoder = _encoder(config, corpora, runtime)
    tagging = Tagging(config.windows, config.decoding, config.inference)
    tests = tuple(test for target in corpora.targets for test in target.tests)
    averages = averages_of(corpora.targets, [[test.name for test in target.tests] for target in config.targets])
    scoring = Scoring(tests, config.windows, config.decoding, config.inference, averages)
    epochs = Epochs(_dev_sets(config, runtime), config.windows, config.decoding, config.inference)

    given = {text.language: text.corrections for text in corpora.targets if text.corrections is not None}
    corrected = Corrected(given, config.windows, config.decoding, config.inference)

    with stage("Theta_src"):  # 3.2
        source_training = epochs.kept(config.source_training.seeded(config.seed))
        theta_src = train_tagger(corpora.train, encoder, source_training, config.windows)
        theta_src = epochs.chosen("Theta_src", theta_src)
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)
    scoring.model("source-only (Theta_src)", theta_src, source_dev)
    if not config.projects:
        return _ship(config, corpora, scoring, theta_src, corrected, epochs)
    corrected.model("Theta_src", theta_src)

    # 3.3: one translator for all languages and both directions.
    learnt = learn_translation(
        config.translator,
        tuple(direction for target in config.targets for direction in config.directions(target)),
        corpora.parallel,
        PairMaking(config.alignment, config.pairs, config.swapped_names, corpora.train),
        config.alignment_guided,
        config.seed,
        runtime,
    )
    translation = LabelledTranslation(
        config.source.language,
        ready(learnt.theta_mt, config.generation, "Theta_mt"),
        config.marking,
        config.generation,
    )
    listings = (
        *learnt.translation_quality(held_out, config.source.language, config.generation),
        *learnt.marker_quality(config.marker_quality, corpora.dev, config.judged_sentences, translation),
        *learnt.training_pairs(),
    )
    if config.score_translate_train:
        _translate_train(config, corpora, encoder, translation, scoring, epochs)

    # 3.4: labels of the target languages, from the source tagger through the translator.
    projecting = Projecting(translation, partial(tagging.label, theta_src), config.forward, config.projection)
    projections = tuple(
        projecting.project(text, target.translator_language, config.reading_of(target))
        for text, target in zip(corpora.targets, config.targets, strict=True)
    )
    listings += (kept_sentences(dict(zip(config.languages, projections, strict=True))),)
    quality = LabelQuality(scoring, corpora.targets)
    pictures = _text_map(config, learnt.theta_mt, projections)
    quality.projected(projections)

    # 3.5: the multilingual tagger learns them beside the source corpus (Eq. 7-9) ...
    parts = corrected.sentences(_at_most(config, projections))
    theta_all = _train(config, "Theta_all", corpora, parts, encoder, config.multilingual_training, epochs)
    scoring.model("projected only (Theta_all)", theta_all)
    corrected.model("Theta_all", theta_all)
    if config.ablation == "without_self_training":
        figures = _figures(*pictures, *quality.draw())
        return _ship(config, corpora, scoring, theta_all, corrected, epochs, figures, listings)

    # ... and labels what was discarded (4.1, iii), for the last training.
    settled, taggings = [], []
    for target, projection in zip(corpora.targets, projections, strict=True):
        with stage(f"{target.language}, relabelling"):
            taggings.append(tagging.label(theta_all, target.sentences))
            settled.append(settle_labels(projection, taggings[-1], config.settling))
    quality.settled(projections, tuple(taggings), config.settling)
    parts = corrected.sentences(_at_most(config, tuple(settled)))
    final = _train(config, "final tagger", corpora, parts, encoder, config.final_training, epochs)
    scoring.model("CROP (final)", final)
    corrected.model("CROP (final)", final)
    return _ship(config, corpora, scoring, final, corrected, epochs, _figures(*pictures, *quality.draw()), listings)


def _dev_sets(config: Crop, runtime: Runtime) -> tuple[ScoredText, ...] | None:
    """What epochs are chosen by, if they are."""
    if config.checkpoint == "last":
        return None
    return tuple(
        read_target_dev(target, config.labels, runtime, prefix) for target, prefix in named_apart(config.targets)
    )


def _text_map(config: Crop, theta_mt: AnyTranslator, projections: tuple[Reference, ...]) -> tuple[Reference, ...]:
    """Figure 4, if it is wanted."""
    if config.text_map is None:
        return ()
    assert isinstance(theta_mt, Reference)  # As `check` found.
    chosen = config.text_map.model_copy(update={"seed": config.text_map.seed + config.seed})
    with stage("map of texts"):
        taken_for = tuple(target.translator_language for target in config.targets)
        return (draw_text_map(theta_mt, projections, taken_for, chosen),)


def _figures(*drawn: Reference) -> Reference | None:
    """All pictures of the run together; None if there are none."""
    if len(drawn) < 2:
        return drawn[0] if drawn else None
    with stage("figures"):
        return gather_figures(drawn)


def _encoder(config: Crop, corpora: MultilingualCorpora, runtime: Runtime) -> Reference:
    """The encoder that all taggers start from; of the pretrained one's shape, but random, without pretraining."""
    texts = (corpora.train, *(target.sentences for target in corpora.targets))
    parallel = tuple(each for texts in corpora.parallel.values() for each in texts)
    encoder = encoder_for(config.encoder, texts, parallel, config.seed, runtime)
    if config.pretrains:
        return encoder
    with stage("random"):
        return randomise_encoder(encoder, config.seed)


def _at_most(config: Crop, parts: tuple[Reference, ...]) -> tuple[Reference, ...]:
    """The labelled sentences of all languages; a random part of them together, if there is a limit."""
    if config.max_projected_sentences is None:
        return parts
    with stage(f"at most {config.max_projected_sentences:,} projected sentences"):
        return (sample_sentences(training_set(parts), config.max_projected_sentences, config.seed),)


def _train(
    config: Crop,
    name: str,
    corpora: MultilingualCorpora,
    parts: tuple[Reference, ...],
    encoder: Reference,
    training: TaggerTraining,
    epochs: Epochs,
) -> Reference:
    """A tagger trained on the source corpus and all target languages, each sentence counting alike."""
    with stage(name):
        data = training_set((corpora.train, *parts))
        tagger = train_tagger(data, encoder, epochs.kept(training.seeded(config.seed)), config.windows)
        return epochs.chosen(name, tagger)


def _translate_train(
    config: Crop,
    corpora: MultilingualCorpora,
    encoder: Reference,
    translation: LabelledTranslation,
    scoring: Scoring,
    epochs: Epochs,
) -> None:
    """The baseline of 4.2: source corpus and its translations, labels carried over by markers."""
    by_language: dict[str, CropTarget] = {}
    for target in config.targets:
        by_language.setdefault(target.translator_language, target)
    parts = []
    for language, target in by_language.items():
        with stage(f"Translate-Train, {language}"):
            parts.append(translation.labelled(corpora.train, language, config.reading_of(target)))
    tagger = _train(config, "Translate-Train", corpora, tuple(parts), encoder, config.multilingual_training, epochs)
    scoring.model("translate-train", tagger)


def _translation_tests(config: Crop, runtime: Runtime) -> TranslationTests:
    """Held-out parallel texts by a name for the table."""
    tests: dict[str, tuple[Reference, Direction]] = {}
    for target in config.targets:
        for given in target.translation_tests:
            with stage(f"{target.language} translation test"):
                pairs = read_pairs((given,), (config.source.language, target.translator_language), runtime)
            names = (given.target.rpartition("/")[2], given.target, f"{given.source} and {given.target}")
            name = next(each for each in names if f"{each}, {config.source.language} to {target.language}" not in tests)
            tests[f"{name}, {config.source.language} to {target.language}"] = (pairs[0], "forward")
            tests[f"{name}, {target.language} to {config.source.language}"] = (pairs[0], "backward")
    return tests


def _ship(
    config: Crop,
    corpora: MultilingualCorpora,
    scoring: Scoring,
    tagger: Reference,
    corrected: Corrected,
    epochs: Epochs,
    figures: Reference | None = None,
    listings: tuple[Listing, ...] = (),
) -> Result:
    parallel = tuple(each for target in config.targets for each in target.parallel)
    with stage("student"):
        about = (config.source, config.targets, parallel, config.encoder)
        card = student_card("CROP", config, *about, chosen_by_gold=config.checkpoint == "target_dev")
        scores = tuple(scoring.models[-1].scores.values())
        texts = tuple(text.sentences for text in corpora.targets)
        student = export_student(tagger, scores, card, texts, corrected.references)
    outcomes = scoring.outcomes(scoring.models[-1], corpora.train)
    listings = corrected.listings + epochs.listings + listings
    return Result(student, scoring.models, figures, outcomes=outcomes, listings=listings)


def check(config: Crop, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    check_runtime(runtime)
    check_number_formats(config, runtime)
    targets = {f"targets.{place}": target for place, target in enumerate(config.targets)}
    check_bundled_encoder(config.encoder, config.source, targets)
    check_encoder(config.encoder, config.windows, runtime)
    trainings = {name: value for name, value in config if isinstance(value, TaggerTraining)}
    check_trainings(trainings, encoder_shape(config.encoder, runtime))
    if config.projects:
        _check_translation(config, runtime)
    train = check_source(config.source, config.labels, runtime)
    read = {"source.train": train}
    for key, target in targets.items():
        read[f"{key}.text"] = check_target(config.source, train, target, config.labels, runtime, key)
        check_parallel(target.parallel, runtime)
        check_parallel(target.translation_tests, runtime)
        _check_different(target.translation_tests, key)
    if config.projects:
        check_segmenters(read)


def _check_different(texts: tuple[ParallelText, ...], key: str) -> None:
    """Texts to translate are named by their files in the table."""
    files = [(each.source, each.target) for each in texts]
    for place, pair in enumerate(files):
        if pair in files[:place]:
            raise InputError(
                f"{key}.translation_tests.{place}: {pair[0]} and {pair[1]} stand there twice; expected each pair of "
                "files once; take one of them away"
            )


def _check_translation(config: Crop, runtime: Runtime) -> None:
    """The translator can be had and knows all languages; so does the language filter; the tools are installed."""
    for place, target in enumerate(config.targets):
        languages = (config.source.language, target.translator_language)
        names = f"targets.{place}.parallel: the language {languages[1]} has no parallel text"
        if not config.translator.is_given and languages[1] not in config.parallel:
            raise InputError(
                f"{names}, expected some for a translator that is trained here; add two files, name a trained one "
                f"under translator.checkpoint, name a near language that has some under targets.{place}.translated_as, "
                "or leave the language out"
            )
        if config.marker_quality != "off" and languages[1] not in config.parallel:
            raise InputError(f"{names}, expected some for marker_quality; add two files, or set marker_quality: off")
        reading = config.reading_of(target)
        language_filter(*languages, reading.language_filter, reading.min_language_letters)
        language_filter(*languages[::-1], config.forward.language_filter, config.forward.min_language_letters)
    if config.translator.fine_tune and not any(target.parallel for target in config.targets):
        raise InputError(
            "translator.fine_tune: the checkpoint is to be trained further, and no target has parallel text; add two "
            "files under targets.0.parallel, or leave fine_tune out"
        )
    if config.aligns:
        check_aligner("alignment_guided or marker_quality", "set alignment_guided to false and marker_quality to off")
    check_marking(config.translator, config.marking, runtime)
    if config.marking.form == "brackets":
        raise InputError(
            "marking.form brackets: CROP judges markers, and projects entities, by their numbers, which brackets do "
            "not have; set marking.form to slot or xml"
        )
    for place, target in enumerate(config.targets):
        try:
            family = check_translator(config.translator, config.directions(target), config.generation, runtime)
        except UnknownLanguage as error:
            raise InputError(f"{error}; or name a near language under targets.{place}.translated_as") from error
        if config.text_map is not None and family != "m2m100":  # Others read another language token.
            raise InputError(
                f"text_map: texts are placed by an M2M100's encoder, and {config.translator.name} is of the "
                f"family {family}; leave text_map out"
            )


@flow(name="crop")
def crop(config: Crop, runtime: Runtime | None = None) -> Reference:
    """CROP: train one tagger for languages without labels; translation there and back labels their raw text."""
    return carry_out("crop", config, runtime, check, algorithm)
