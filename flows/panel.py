"""Panel: teachers of every sort label raw text, are weighed by their agreement, and one student learns what they say.

Our own recipe (docs/panel.md); what each teacher is comes from the published methods.

crosstag run configs/quickstart-panel.yaml
"""

from functools import partial
from typing import Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from artifacts.store import Store
from flows.parts.aligned_labels import Reader
from flows.parts.cards import student_card
from flows.parts.checks import check_translated_target
from flows.parts.corpora import Corpora, ScoredText, read_corpora
from flows.parts.corrections import Corrected
from flows.parts.encoder import take_encoder
from flows.parts.ensemble import Ensemble, Ensembling
from flows.parts.labeller import check_labeller, label_by_command
from flows.parts.one_target import TranslatedTarget
from flows.parts.scoring import Scoring
from flows.parts.summary import Listing, Result, carry_out
from flows.parts.teachers import check_teachers_pool
from flows.parts.translate_test import TranslateTest
from flows.parts.translation import Translating, TranslationChoice, translate
from tasks.denoising.panel.estimate_teachers import estimate_teachers
from tasks.denoising.panel.estimating import Joining
from tasks.denoising.panel.join_opinions import join_opinions
from tasks.denoising.panel.tell_opinions import tell_opinions
from tasks.distillation.export_student import export_student
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.distillation.training_sets import training_set
from tasks.encoding.keep_layers import keep_bottom_layers
from tasks.evaluation.teachers import measure_teacher
from tasks.labelling.external import ExternalLabeller
from tasks.tagging.decoding import Decoding
from tasks.tagging.train_tagger import TaggerTraining

_SEEDS_APART = 1000  # As UniTrans': runs with seeds 1, 2, 3 must not share teachers.
_SHOWN = ("words", "estimated precision", "precision", "estimated recall", "recall")


class Teacher(Settings):
    """One that labels the raw text."""

    learns: Literal["source", "translation", "source_then_translation", "source_and_translation"] = Field(
        title="Learns",
        description="source: the labelled corpus (UniTrans' Theta_src, CoLaDa's M_src); translation: D_trans "
        "(Theta_trans); source_then_translation: D_trans, going on from the one before (Theta_teach); "
        "source_and_translation: both at once.",
    )
    members: int = Field(
        1, ge=1, le=100, title="Members", description="Taggers that differ in their seeds, averaged (UniTrans, Eq. 14)."
    )
    translation: Literal["", "words", "marked", "aligned"] = Field(
        "", title="Translation", description="How its D_trans is made; empty: as `translation.method` says."
    )

    @model_validator(mode="after")
    def _reads_what_it_names(self) -> "Teacher":
        if self.translation and self.learns == "source":
            raise ValueError(
                f"translation is {self.translation}, and a teacher that learns source reads no translation; leave one "
                "of both out"
            )
        return self

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.learns}, {self.translation}" if self.translation else self.learns


class Panel(TranslatedTarget):
    """Everything that decides the result of a run."""

    source_training: TaggerTraining = Field(
        TaggerTraining(), title="Teacher training", description="Of every teacher that is trained here."
    )
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
    labellers: tuple[ExternalLabeller, ...] = Field(
        (), title="Labellers", description="Commands that label the raw text, too (docs/labellers.md)."
    )
    joining: Joining = Field(Joining(), title="Joining", description="How their opinions become one.")
    rounds: int = Field(
        1,
        ge=1,
        le=10,
        title="Rounds",
        description="Students that are trained one after the other; each but the last joins the panel.",
    )
    student: PanelStudentTraining = Field(
        PanelStudentTraining(), title="Student", description="On the unlabelled text."
    )
    student_layers: int = Field(
        0, ge=0, le=1000, title="Student's layers", description="Bottom layers of the encoder that it keeps; 0: all."
    )
    decoding: Decoding = Field(
        Decoding(), title="Decoding", description="From probabilities to tags, for scores (CoLaDa, 4.1)."
    )

    @model_validator(mode="after")
    def _teachers_are_told_apart(self) -> "Panel":
        if not self.teachers:
            raise ValueError("teachers is empty; name at least one, such as {learns: source}")
        names = self.names
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice!r} is twice on the panel; leave one of them out, or raise a teacher's members")
        return self

    @model_validator(mode="after")
    def _has_what_tags_translations(self) -> "Panel":
        if self.score_translate_test and not any(teacher.learns == "source" for teacher in self.teachers):
            raise ValueError(
                "score_translate_test: a teacher that learns the source language tags the translations, and teachers "
                "has none; add {learns: source}, or leave score_translate_test out"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What the teachers are called in tables, and behind them the labellers."""
        told = (f"labeller {labeller.version}" for labeller in self.labellers)
        return (*(teacher.name for teacher in self.teachers), *told)

    def seeds(self, members: int) -> tuple[int, ...]:
        """Of a teacher's members; the first is that of a teacher with one."""
        return tuple(self.seed + _SEEDS_APART * member for member in range(members))

    def translation_of(self, teacher: Teacher) -> TranslationChoice:
        """How the translation is made that a teacher learns from."""
        return self.translation.model_copy(update={"method": teacher.translation} if teacher.translation else {})


def algorithm(config: Panel, runtime: Runtime) -> Result:
    """Teachers label, are weighed, and teach; a student of an earlier round may sit among them.

    Returns:
        The student, the models with their scores, that of the student last, and how good the teachers are.
    """
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    scoring = Scoring(corpora.tests, config.windows, config.decoding, config.inference)
    corrected = Corrected.of(corpora, config.windows, config.decoding, config.inference)
    teaching = _Teaching(config, corpora, encoder, scoring, runtime)

    names = config.names
    opinions = tuple(teaching.opinion(teacher) for teacher in config.teachers)
    if config.score_translate_test:
        teaching.score_translate_test()
    for labeller in config.labellers:
        with stage(f"labeller {labeller.version}"):
            opinions += (label_by_command(labeller, corpora.target),)
    listings: tuple[Listing, ...] = ()
    with stage("student's encoder"):
        start = keep_bottom_layers(encoder, config.student_layers) if config.student_layers else encoder
    labelled = teaching.labelled() if config.student.labelled_weight else None
    student = encoder
    for number in range(1, config.rounds + 1):
        called = f"^{number}" if config.rounds > 1 else ""
        with stage(f"panel{called}"):
            teachers = estimate_teachers(opinions, names, config.joining)
            joint = join_opinions(opinions, names, teachers, config.joining)
            tell_opinions(opinions, names, joint)
            scoring.pseudo_labels(f"joint labels{called}", joint, corpora.target_gold)
            listings += _teacher_quality(f"teachers{called}", teachers, opinions, names, corpora.target_gold)
        with stage(f"student{called}"):
            training = config.student.seeded(config.seed + number - 1)
            student = train_panel_student(start, corrected.labels(joint), labelled, training, config.windows)
        scoring.model(f"student{called}", student)
        corrected.model(f"student{called}", student)
        if number < config.rounds:
            names = (*config.names, f"student{called}")
            said = teaching.taggers(1).label(Ensemble(f"student{called}", (student,)), corpora.target)
            opinions = (*opinions[: len(config.names)], said)
    with stage("student"):
        card = student_card("Panel", config, config.source, (config.target,), config.parallel, config.encoder)
        models = scoring.models
        exported = export_student(
            student, tuple(models[-1].scores.values()), card, (corpora.target,), corrected.references
        )
    outcomes = scoring.outcomes(models[-1], corpora.train)
    return Result(exported, models, outcomes=outcomes, listings=corrected.listings + listings)


class _Teaching:
    """Where teachers are trained, each once, scored, and asked."""

    def __init__(self, config: Panel, corpora: Corpora, encoder: Reference, scoring: Scoring, runtime: Runtime) -> None:
        self.config, self.corpora, self.encoder, self.scoring = config, corpora, encoder, scoring
        self.runtime = runtime
        self.reader = Reader(encoder, config.windows, config.inference)
        self._source: dict[int, Ensemble] = {}
        self._translating: dict[str, Translating] = {}

    def taggers(self, members: int) -> Ensembling:
        """How so many taggers are trained and asked."""
        config = self.config
        return Ensembling(config.seeds(members), config.source_training, config.windows, config.inference)

    def opinion(self, teacher: Teacher) -> Reference:
        """Soft labels of the raw text, by a teacher that is trained and scored for it."""
        trained = self._trained(teacher)
        baseline = {"source": "source-only", "translation": "translate-train"}.get(teacher.learns)
        name = f"{baseline} ({teacher.name})" if baseline else teacher.name
        more = (ScoredText("source dev", self.corpora.dev, self.corpora.dev),) if teacher.learns == "source" else ()
        taggers = self.taggers(teacher.members)
        taggers.score(self.scoring, name, trained, *more)
        with stage(f"{teacher.name} on D_T"):
            said = taggers.label(trained, self.corpora.target)
        self.scoring.pseudo_labels(f"labels of {teacher.name}", said, self.corpora.target_gold)
        return said

    def score_translate_test(self) -> None:
        """The baseline whose translations the source teacher tags."""
        teacher = next(each for each in self.config.teachers if each.learns == "source")
        tag = partial(self.taggers(teacher.members).tag, self.scoring, self._of_source(teacher.members))
        own = self._translating_for(Teacher(learns="translation"))
        TranslateTest(own, self.reader).score(self.scoring, teacher.name, tag)

    def labelled(self) -> Reference:
        """The labelled corpus, and its translation as `translation.method` says, one after the other."""
        d_trans = self._translated(Teacher(learns="translation"))
        with stage("source and D_trans"):
            return training_set((self.corpora.train, d_trans))

    def _trained(self, teacher: Teacher) -> Ensemble:
        if teacher.learns == "source":
            return self._of_source(teacher.members)
        d_trans = self._translated(teacher)
        taggers = self.taggers(teacher.members)
        if teacher.learns == "source_then_translation":
            return taggers.train(teacher.name, d_trans, self._of_source(teacher.members))
        if teacher.learns == "source_and_translation":
            with stage("source and D_trans"):
                d_trans = training_set((self.corpora.train, d_trans))
        return taggers.train(teacher.name, d_trans, self.encoder)

    def _of_source(self, members: int) -> Ensemble:
        if members not in self._source:
            self._source[members] = self.taggers(members).train("source", self.corpora.train, self.encoder)
        return self._source[members]

    def _translated(self, teacher: Teacher) -> Reference:
        translating = self._translating_for(teacher)
        with stage(f"D_trans, {translating.choice.method}"):
            return translate(translating, self.config.labels, self.reader)

    def _translating_for(self, teacher: Teacher) -> Translating:
        """How a teacher's translation is made; that of the configuration serves translate-test, too."""
        choice, own = self.config.translation_of(teacher), self.config.translation.method
        if choice.method not in self._translating:
            back = self.config.score_translate_test and choice.method == own
            asked = self.config.model_copy(update={"translation": choice, "score_translate_test": back})
            self._translating[choice.method] = asked.translating(self.corpora, self.runtime)
        return self._translating[choice.method]


def _teacher_quality(
    title: str,
    teachers: Reference,
    opinions: tuple[Reference, ...],
    names: tuple[str, ...],
    gold: ScoredText | None,
) -> tuple[Listing, ...]:
    """How good each teacher was estimated to be, and is, where gold labels are known."""
    if gold is None:
        return ()
    rows = {
        name: measure_teacher(teachers, opinion, name, gold.gold) for name, opinion in zip(names, opinions, strict=True)
    }
    forms: dict[str, Form] = {name: "count" if name == "words" else "percent" for name in _SHOWN}
    return (Listing(f"{title}: entity words, in %; estimated without gold", "teacher", forms, rows, _teacher_cells),)


def _teacher_cells(store: Store, reference: Reference) -> list[Cell]:
    row = store.table(reference).to_pylist()[0]
    return [row[name] for name in ("words", "estimated_precision", "precision", "estimated_recall", "recall")]


def check(config: Panel, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    source, _ = check_translated_target(config, runtime)
    if any(teacher.members > 1 for teacher in config.teachers):
        check_teachers_pool(runtime)
    for labeller in config.labellers:
        check_labeller(labeller, source.types, runtime)
    for teacher in config.teachers:
        if teacher.translation and teacher.translation != config.translation.method:
            asked = config.model_copy(update={"translation": config.translation_of(teacher)})
            check_translated_target(asked, runtime)


@flow(name="panel")
def panel(config: Panel, runtime: Runtime | None = None) -> Reference:
    """Panel: train a tagger for a language without labels; teachers weighed by their agreement teach it together."""
    return carry_out("panel", config, runtime, check, algorithm)
