"""The teachers of a panel: what each learns and how it labels the raw text; configuration and steps."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.parts.aligned_labels import Reader
from flows.parts.corpora import Corpora, ScoredText, TargetText
from flows.parts.ensemble import Ensemble, Ensembling
from flows.parts.labelled_translation import LabelledTranslation
from flows.parts.one_target import TranslatedTarget
from flows.parts.projection import Projecting
from flows.parts.scoring import Scoring, Tag
from flows.parts.translate_test import TranslateTest
from flows.parts.translation import Translating, TranslationChoice, translate
from tasks.denoising.panel.projected_opinion import projected_opinion
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.distillation.training_sets import training_set
from tasks.tagging.decoding import Decoding
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger
from tasks.tagging.train_tagger import TaggerTraining
from tasks.translation.projection.forward import ForwardReading
from tasks.translation.projection.project_entities import EntityProjection

_SEEDS_APART = 1000  # As UniTrans': runs with seeds 1, 2, 3 must not share teachers.
_BASELINES = {"source": "source-only", "translation": "translate-train"}


class Teacher(Settings):
    """One that labels the raw text."""

    learns: Literal["source", "translation", "source_then_translation", "source_and_translation", "projection"] = Field(
        title="Learns",
        description="source: the labelled corpus (UniTrans' Theta_src, CoLaDa's M_src); translation: D_trans "
        "(Theta_trans); source_then_translation: D_trans, going on from the one before (Theta_teach); "
        "source_and_translation: both at once; projection: nothing, the first teacher that learns source tags the raw "
        "text's translation, and its labels are carried back (CROP, 3.4).",
    )
    head: Literal["linear", "crf", "spans"] = Field(
        "linear",
        title="Head",
        description="linear: a label for each word; crf: sequences of labels (ConNER); spans: a class for each span "
        "(GLoDe).",
    )
    members: int = Field(
        1, ge=1, le=100, title="Members", description="Taggers that differ in their seeds, averaged (UniTrans, Eq. 14)."
    )
    translation: Literal["", "words", "marked", "aligned"] = Field(
        "",
        title="Translation",
        description="How its D_trans is made, or how projected labels are carried back: marked as CROP does, aligned "
        "by word alignment; empty: as `translation.method` says.",
    )

    @model_validator(mode="after")
    def _reads_what_it_names(self) -> "Teacher":
        if self.translation and self.learns == "source":
            raise ValueError(
                f"translation is {self.translation}, and a teacher that learns source reads no translation; leave one "
                "of both out"
            )
        if self.learns == "projection" and (self.head, self.members) != ("linear", 1):
            raise ValueError(
                f"a teacher that learns projection is not trained, and has head {self.head} and {self.members} "
                "members; leave both out: the first teacher that learns source tags for it"
            )
        if self.learns == "source_then_translation" and self.head == "spans":
            raise ValueError(
                "a tagger of spans begins from the encoder, so that none learns source_then_translation; choose "
                "source_and_translation, or another head"
            )
        return self

    @property
    def name(self) -> str:
        """What it is called in tables."""
        head = "" if self.head == "linear" else self.head
        return ", ".join(part for part in (self.learns, head, self.translation) if part)

    @classmethod
    def named(cls, name: str) -> "Teacher | None":
        """The one that a name in tables is of, with one member; None: of none."""
        learns, _, translation = name.partition(", ")
        try:
            found = cls.model_validate({"learns": learns, "translation": translation})
        except ValidationError:
            return None
        return found if found.name == name and learns != "projection" else None


class OpinionProjection(EntityProjection):
    """How entities find their place; a panel takes silence for not knowing, so a sentence without any is O."""

    all_outside: Literal["drop", "keep"] = Field(
        "keep",
        title="Without entities",
        description="What is said of sentences in whose translation the source tagger found nothing: keep, that all "
        "is O, or drop, nothing.",
    )

    @property
    def plain(self) -> EntityProjection:
        """The same settings, as the step takes them."""
        return EntityProjection.model_validate(dict(self))


class WithTeachers(TranslatedTarget):
    """What decides how the teachers of a panel label the raw text."""

    teachers: tuple[Teacher, ...] = Field(
        (
            Teacher(learns="source"),
            Teacher(learns="translation"),
            Teacher(learns="source_then_translation"),
            Teacher(learns="source_and_translation"),
        ),
        title="Teachers",
        description="Who labels the raw text.",
    )
    source_training: TaggerTraining = Field(
        TaggerTraining(), title="Teacher training", description="Of teachers with a linear head."
    )
    crf_training: SequenceTraining = Field(
        SequenceTraining(), title="Teacher training, CRF", description="Of teachers with the head crf (ConNER, 3.2)."
    )
    span_training: SpanTraining = Field(
        SpanTraining(),
        title="Teacher training, spans",
        description="Of teachers with the head spans, which learn hidden raw text beside (GLoDe, Eq. 3).",
    )
    spans: SpanShape = Field(SpanShape(), title="Spans", description="Which spans are classified by the head spans.")
    forward: ForwardReading = Field(
        ForwardReading(),
        title="Forward translations",
        description="Of a teacher that learns projection, marked: which of them are tagged (CROP, 3.4).",
    )
    projection: OpinionProjection = Field(
        OpinionProjection(),
        title="Projection",
        description="Of a teacher that learns projection, marked: how entities find their place (CROP, 3.4).",
    )
    decoding: Decoding = Field(
        Decoding(), title="Decoding", description="From probabilities to tags, for scores (CoLaDa, 4.1)."
    )

    @model_validator(mode="after")
    def _there_are_teachers(self) -> "WithTeachers":
        if not self.teachers:
            raise ValueError("teachers is empty; name at least one, such as {learns: source}")
        return self

    @model_validator(mode="after")
    def _has_what_tags_translations(self) -> "WithTeachers":
        if not self.can_teach(self.teachers):
            asking = "score_translate_test" if self.score_translate_test else "teachers: projection"
            raise ValueError(
                f"{asking}: a teacher that learns the source language tags the translations, and teachers has none; "
                "add {learns: source}, or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _projects_by_whole_sentences(self) -> "WithTeachers":
        for teacher in self.teachers:
            method = self.translation_of(teacher).method
            if teacher.learns == "projection" and method not in ("marked", "aligned"):
                raise ValueError(
                    f"teachers: projection translates whole sentences, and its translation is {method}; give it "
                    "translation: marked or aligned"
                )
        if self.projects_by_markers and self.translation.marked.marking.form == "brackets":
            raise ValueError(
                "teachers: projection, marked, tells entities by the numbers of their markers, and "
                "translation.marked.marking.form is brackets, which have none; set it to slot or xml, or give the "
                "teacher translation: aligned"
            )
        return self

    @model_validator(mode="after")
    def _starts_as_sequences_do(self) -> "WithTeachers":
        viterbi = self.decoding.method == "viterbi" and self.decoding.inside_at_start
        if viterbi and any(teacher.head == "crf" for teacher in self.teachers):
            raise ValueError(
                "decoding.inside_at_start is true, but the CRF of a teacher knows no entity without a beginning; leave "
                "it out, or choose decoding.method: argmax"
            )
        return self

    @property
    def trainings(self) -> dict[str, TaggerTrainingConfig]:
        """Those of the teachers that there are; the student may begin from another encoder."""
        places = {"linear": "source_training", "crf": "crf_training", "spans": "span_training"}
        return {places[teacher.head]: getattr(self, places[teacher.head]) for teacher in self.trained}

    @property
    def trained(self) -> tuple[Teacher, ...]:
        """The teachers that learn something."""
        return tuple(teacher for teacher in self.teachers if teacher.learns != "projection")

    @property
    def projects_by_markers(self) -> bool:
        """Whether a teacher carries labels back as CROP does."""
        return any(
            each.learns == "projection" and self.translation_of(each).method == "marked" for each in self.teachers
        )

    def can_teach(self, teachers: Sequence[Teacher]) -> bool:
        """Whether there are any, and the source's among them if another needs it."""
        translates_back = self.score_translate_test or any(each.learns == "projection" for each in teachers)
        return bool(teachers) and (not translates_back or any(each.learns == "source" for each in teachers))

    def seeds(self, members: int) -> tuple[int, ...]:
        """Of a teacher's members; the first is that of a teacher with one."""
        return tuple(self.seed + _SEEDS_APART * member for member in range(members))

    def translation_of(self, teacher: Teacher) -> TranslationChoice:
        """How the translation is made that a teacher learns from."""
        return self.translation.model_copy(update={"method": teacher.translation} if teacher.translation else {})

    def translated_back(self, choice: TranslationChoice) -> bool:
        """Whether texts of the target language are translated into the source's, by the translator of this choice."""
        if self.score_translate_test and choice.method == self.translation.method:
            return True
        projected = (self.translation_of(each) for each in self.teachers if each.learns == "projection")
        return any(choice.method == each.method for each in projected)


class Teaching:
    """Where teachers are trained, each once, scored, and asked."""

    def __init__(
        self, config: WithTeachers, corpora: Corpora, encoder: Reference, scoring: Scoring, runtime: Runtime
    ) -> None:
        self.config, self.corpora, self.encoder, self.scoring = config, corpora, encoder, scoring
        self.runtime = runtime
        self.reader = Reader(encoder, config.windows, config.inference)
        self.taught: dict[str, Ensemble] = {}
        self._source: dict[tuple[str, int], Ensemble] = {}
        self._translating: dict[str, Translating] = {}

    def taggers(self, members: int) -> Ensembling:
        """How so many taggers are trained and asked."""
        config = self.config
        return Ensembling(config.seeds(members), config.source_training, config.windows, config.inference)

    def opinion(self, teacher: Teacher) -> Reference:
        """What a teacher says of the raw text; it is trained and scored for it, if it is one that is trained."""
        if teacher.learns == "projection":
            with stage(teacher.name):
                return projected_opinion(self.corpora.target, self._projected(teacher))
        learnt = self.learner(teacher)
        with stage(f"{teacher.name} on D_T"):
            said = self.taggers(teacher.members).label(learnt, self.corpora.target)
        self.scoring.pseudo_labels(f"labels of {teacher.name}", said, self.corpora.target_gold)
        return said

    def learner(self, teacher: Teacher) -> Ensemble:
        """A teacher that is trained; trained and scored once."""
        if teacher.name not in self.taught:
            learnt = Ensemble(teacher.name, self._trained(teacher).members)
            baseline = _BASELINES.get(teacher.learns)
            name = f"{baseline} ({teacher.name})" if baseline else teacher.name
            more = (ScoredText("source dev", self.corpora.dev, self.corpora.dev),) if teacher.learns == "source" else ()
            self.taggers(teacher.members).score(self.scoring, name, learnt, *more)
            self.taught[teacher.name] = learnt
        return self.taught[teacher.name]

    def score_translate_test(self) -> None:
        """The baseline whose translations the first teacher of the source language tags."""
        teacher, tag = self._source_tags()
        self._translate_test(self._translating_by(self.config.translation)).score(self.scoring, teacher.name, tag)

    def labelled(self) -> Reference:
        """The labelled corpus, and its translation as `translation.method` says, one after the other."""
        with stage("source and D_trans"):
            return training_set((self.corpora.train, self._translated(self.config.translation)))

    def _trained(self, teacher: Teacher) -> Ensemble:
        if teacher.learns == "source":
            return self._of_source(teacher)
        d_trans = self._translated(self.config.translation_of(teacher))
        if teacher.learns == "source_then_translation":
            return self._train(teacher, d_trans, self._of_source(teacher))
        if teacher.learns == "source_and_translation":
            with stage("source and D_trans"):
                d_trans = training_set((self.corpora.train, d_trans))
        return self._train(teacher, d_trans, self.encoder)

    def _of_source(self, teacher: Teacher) -> Ensemble:
        which = (teacher.head, teacher.members)
        if which not in self._source:
            learner = Teacher(learns="source", head=teacher.head, members=teacher.members)
            self._source[which] = self._train(learner, self.corpora.train, self.encoder)
        return self._source[which]

    def _train(self, teacher: Teacher, data: Reference, start: Reference | Ensemble) -> Ensemble:
        config, taggers = self.config, self.taggers(teacher.members)
        if teacher.head == "linear":
            return taggers.train(teacher.name, data, start)
        if teacher.head == "crf":

            def of_crf(begin: Reference, seed: int) -> tuple[Any, ...]:
                return data, begin, config.crf_training.seeded(seed), config.windows

            return taggers.train_by(train_crf_tagger, of_crf, teacher.name, start)

        def of_spans(begin: Reference, seed: int) -> tuple[Any, ...]:
            training = config.span_training.seeded(seed).as_read
            hidden = self.corpora.target if training.mlm_weight > 0 else None
            return data, hidden, begin, config.spans, training, config.windows

        return taggers.train_by(train_span_tagger, of_spans, teacher.name, start)

    def _source_tags(self) -> tuple[Teacher, Tag]:
        """The first teacher that learns the source language, and its labels of sentences in it."""
        teacher = next(each for each in self.config.teachers if each.learns == "source")
        return teacher, partial(self.taggers(teacher.members).tag, self.scoring, self._of_source(teacher))

    def _projected(self, teacher: Teacher) -> Reference:
        """The raw text with the labels of its translation, which the source teacher tagged."""
        choice, (_, tag) = self.config.translation_of(teacher), self._source_tags()
        translating, target = self._translating_by(choice), self.corpora.target
        if choice.method == "aligned":
            return self._translate_test(translating).place(tag, target, choice.aligned.placing.incomplete)[1]
        source, language = translating.languages
        whole = choice.marked
        there, back = translating.translator((language, source)), translating.translator((source, language))
        translation = LabelledTranslation(source, back, whole.marking, whole.generation, there)
        projecting = Projecting(translation, tag, self.config.forward, self.config.projection.plain)
        return projecting.project(TargetText(language, target, None, ()), language, whole.reading)

    def _translate_test(self, translating: Translating) -> TranslateTest:
        return TranslateTest(translating, self.reader)

    def _translated(self, choice: TranslationChoice) -> Reference:
        translating = self._translating_by(choice)
        with stage(f"D_trans, {choice.method}"):
            return translate(translating, self.config.labels, self.reader)

    def _translating_by(self, choice: TranslationChoice) -> Translating:
        """How sentences are translated: the same translator for all that need this translation."""
        if choice.method not in self._translating:
            languages = (self.config.source.language, self.config.target.language)
            back = self.config.translated_back(choice)
            self._translating[choice.method] = Translating(
                self.corpora, choice, languages, self.config.seed, self.runtime, back
            )
        return self._translating[choice.method]
