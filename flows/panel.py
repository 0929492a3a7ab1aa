"""Panel: teachers of every sort label raw text, are weighed by their agreement, and one student learns what they say.

Our own recipe (docs/panel.md); what each teacher is comes from the published methods.

crosstag run configs/quickstart-panel.yaml
"""

from functools import partial

from prefect import flow
from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import Runtime, stage
from artifacts.store import Store
from flows.parts.cards import student_card
from flows.parts.checks import check_translated_target
from flows.parts.corpora import ScoredText, read_corpora
from flows.parts.corpus_checks import check_neighbours, note_short_spans
from flows.parts.corrections import Corrected
from flows.parts.encoder import EncoderChoice, take_encoder
from flows.parts.encoder_checks import (
    check_bundled_encoder,
    check_compared_layers,
    check_encoder,
    check_trainings,
    encoder_shape,
)
from flows.parts.ensemble import Ensemble
from flows.parts.labeller import check_labeller, label_by_command
from flows.parts.panel_teachers import Teacher, Teaching, WithTeachers
from flows.parts.panel_trust import Calibration, Trust
from flows.parts.scoring import Scoring
from flows.parts.summary import Listing, Result, carry_out
from flows.parts.teachers import check_teachers_pool
from tasks.denoising.panel.average_by_word import average_by_word
from tasks.denoising.panel.estimate_teachers import estimate_teachers
from tasks.denoising.panel.estimating import Joining
from tasks.denoising.panel.join_opinions import join_opinions
from tasks.denoising.panel.tell_opinions import tell_opinions
from tasks.denoising.reliability import Reliability
from tasks.distillation.export_student import export_student
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.encoding.keep_layers import keep_bottom_layers
from tasks.evaluation.teachers import measure_teacher
from tasks.labelling.external import ExternalLabeller
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.keep_tagger_layers import keep_bottom_layers_of_tagger
from tasks.translation.marked.language import language_filter
from tasks.words.spans import spans_of

_SHOWN = ("words", "estimated precision", "precision", "estimated recall", "recall")


class Panel(WithTeachers):
    """Everything that decides the result of a run."""

    labellers: tuple[ExternalLabeller, ...] = Field(
        (), title="Labellers", description="Commands that label the raw text, too (docs/labellers.md)."
    )
    calibration: Calibration = Field(
        "none",
        title="Calibration",
        description="temperature: each teacher's probabilities are read at the temperature that suits the source dev "
        "set best (Guo et al., 2017); projected labels and labellers' as they are.",
    )
    joining: Joining = Field(Joining(), title="Joining", description="How their opinions become one.")
    same_word: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Same word",
        description="Share s of a joint label that is the mean of the joint labels of all occurrences of its word in "
        "the text (Krishnan and Manning, 2006); 0: each stands by itself.",
    )
    reliability: Reliability = Field(
        Reliability(enabled=False),
        title="Reliability",
        description="Weighs each joint label in the student's loss by the labels of its nearest neighbours (CoLaDa, "
        "Eq. 1-3).",
    )
    represented_by: str = Field(
        "",
        title="Represented by",
        description="Which teacher's encoder says what words are near, by its name in tables; empty: the first that "
        "is trained.",
    )
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
    student_start: str = Field(
        "",
        title="Student's start",
        description="The teacher that it goes on from, by its name in tables: one with a linear head, such as "
        "source_then_translation, be it on the panel or not; empty: it begins from an encoder.",
    )
    student_encoder: EncoderChoice | None = Field(
        None,
        title="Student's encoder",
        description="Another one that the student begins from, such as a smaller one; empty: that of the teachers.",
    )
    student_layers: int = Field(
        0,
        ge=0,
        le=1000,
        title="Student's layers",
        description="Bottom layers that it keeps, of its encoder or its start; 0: all.",
    )
    ablation: str = Field(
        "none",
        title="Ablation",
        description="What is left out: without_NAME leaves out a teacher or labeller, spaces and commas of its name "
        "as +; labels_mean_themselves joins by the mean; others leave out what they name, such as without_labelled.",
    )

    @model_validator(mode="after")
    def _teachers_are_told_apart(self) -> "Panel":
        names = self.names
        versions = [labeller.version for labeller in self.labellers]
        if alike := next((version for version in versions if versions.count(version) > 1), None):
            raise ValueError(
                f"two labellers have the version {alike!r}, by which answers are kept, so that one would be given the "
                "other's; name model and prompt in each version, or leave one out"
            )
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice!r} is twice on the panel; leave one of them out, or raise a teacher's members")
        told: dict[tuple[str, ...], str] = {}
        for teacher in self.teachers:
            read = "" if teacher.learns == "source" else self.translation_of(teacher).method
            other = told.setdefault((teacher.learns, teacher.head, read), teacher.name)
            if other != teacher.name:
                raise ValueError(
                    f"{other!r} and {teacher.name!r} are one teacher, as translation.method is "
                    f"{self.translation.method}; leave one of them out"
                )
        return self

    @model_validator(mode="after")
    def _knows_who_represents(self) -> "Panel":
        known = [teacher.name for teacher in self.trained]
        if self.represented_by and self.represented_by not in known:
            raise ValueError(
                f"represented_by is {self.represented_by!r}; expected a teacher: {'; '.join(known)}; or leave it out"
            )
        if self.represented_by and not self.weighs_words:
            raise ValueError(
                f"represented_by is {self.represented_by!r}, and reliability, which compares words by that teacher, is "
                "off; set reliability.enabled: true, with neighbours, or leave represented_by out"
            )
        return self

    @model_validator(mode="after")
    def _knows_whom_the_student_goes_on_from(self) -> "Panel":
        if self.student_start and self.starter is None:
            able = [each.name for each in self.trained if each.head == "linear"]
            raise ValueError(
                f"student_start is {self.student_start!r}; expected a teacher with a linear head: {'; '.join(able)}; "
                "another one that is trained alike, such as source_and_translation; or leave it out"
            )
        other = {
            "student_encoder": self.student_encoder is not None,
            "student.mlm_weight": self.student.mlm_weight > 0,  # Its head for hidden text is the encoder's.
        }
        if self.student_start and (given := [name for name, is_given in other.items() if is_given]):
            raise ValueError(
                f"student_start is {self.student_start!r}, and {given[0]} asks for a student that begins from an "
                "encoder; leave one of both out"
            )
        return self

    @model_validator(mode="after")
    def _joins_what_calibration_changes(self) -> "Panel":
        if self.calibration != "none" and self.joining.method == "posterior":
            raise ValueError(
                f"calibration is {self.calibration}, and joining.method posterior reads nothing but each teacher's "
                "most probable label, which no temperature changes; leave calibration out, or join by meaning or mean"
            )
        return self

    @model_validator(mode="after")
    def _ablation_is_a_row(self) -> "Panel":
        if self.ablation not in self.ablations:
            raise ValueError(f"ablation is {self.ablation!r}; expected one of: {', '.join(self.ablations)}")
        return self

    @property
    def ablations(self) -> dict[str, "Panel"]:
        """The whole panel, and without each of its parts, by the names that `ablation` has for them."""
        whole = self.model_copy(update={"ablation": "none"})
        rows = {"none": whole}
        for place, teacher in enumerate(self.teachers):
            others = self.teachers[:place] + self.teachers[place + 1 :]
            if self.can_teach(others):  # A student that goes on from it still does: that is a row of its own.
                by = "" if self.represented_by == teacher.name else self.represented_by
                rows[_row(teacher.name)] = whole.model_copy(update={"teachers": others, "represented_by": by})
        for place, name in enumerate(self.names[len(self.teachers) :]):
            others_asked = self.labellers[:place] + self.labellers[place + 1 :]
            rows[_row(name)] = whole.model_copy(update={"labellers": others_asked})
        if self.joining.method == "meaning":
            mean = self.joining.model_copy(update={"method": "mean"})
            rows["labels_mean_themselves"] = whole.model_copy(update={"joining": mean})
        if self.student_start:  # As long, and at the rate, that a teacher learns which begins there.
            begins = {"epochs": self.source_training.epochs, "learning_rate": self.source_training.learning_rate}
            anew = {"student_start": "", "student": self.student.model_copy(update=begins)}
            rows["student_from_the_encoder"] = whole.model_copy(update=anew)
        if self.rounds > 1:
            rows["one_round"] = whole.model_copy(update={"rounds": 1})
        if self.same_word:
            rows["without_same_word"] = whole.model_copy(update={"same_word": 0.0})
        if self.calibration != "none":
            rows["without_calibration"] = whole.model_copy(update={"calibration": "none"})
        if self.weighs_words:
            trusting = self.reliability.model_copy(update={"enabled": False})
            rows["without_reliability"] = whole.model_copy(update={"reliability": trusting, "represented_by": ""})
        if self.student.labelled_weight:
            alone = self.student.model_copy(update={"labelled_weight": 0.0})
            rows["without_labelled"] = whole.model_copy(update={"student": alone})
        if self.student.mlm_weight:
            seen = self.student.model_copy(update={"mlm_weight": 0.0})
            rows["without_masked_text"] = whole.model_copy(update={"student": seen})
        return rows

    @property
    def ablated(self) -> "Panel":
        """Without what `ablation` leaves out."""
        return self.ablations[self.ablation]

    @property
    def weighs_words(self) -> bool:
        """Whether joint labels are weighed by their neighbours; 0 of these weigh nothing."""
        return self.reliability.enabled and self.reliability.neighbours > 0

    @property
    def represents(self) -> str:
        """The teacher whose encoder says which words are near."""
        return self.represented_by or self.trained[0].name

    @property
    def starter(self) -> Teacher | None:
        """The teacher that the student goes on from, on the panel or beside it."""
        on_panel = (each for each in self.trained if each.name == self.student_start and each.head == "linear")
        return next(on_panel, None) or Teacher.named(self.student_start)

    @property
    def trainings(self) -> dict[str, TaggerTrainingConfig]:
        """Those of the teachers, and of the one that the student goes on from."""
        own = {"source_training": self.source_training} if self.student_start else {}
        return {**super().trainings, **own}

    @property
    def names(self) -> tuple[str, ...]:
        """What the teachers are called in tables, and behind them the labellers."""
        told = (f"labeller {labeller.version}" for labeller in self.labellers)
        return (*(teacher.name for teacher in self.teachers), *told)


def _row(name: str) -> str:
    return f"without_{name.replace(', ', '+').replace(' ', '+')}"


def algorithm(config: Panel, runtime: Runtime) -> Result:
    """Teachers label, are weighed, and teach; a student of an earlier round may sit among them.

    Returns:
        The student, the models with their scores, that of the student last, and how good the teachers are.
    """
    asked, config = config, config.ablated
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    scoring = Scoring(corpora.tests, config.windows, config.decoding, config.inference)
    corrected = Corrected.of(corpora, config.windows, config.decoding, config.inference)
    teaching = Teaching(config, corpora, encoder, scoring, runtime)
    trust = Trust(config.calibration, config.reliability, corpora, teaching.taggers(1))
    other = config.student_encoder
    with stage("student's encoder"):
        start = encoder if other is None else take_encoder(other, corpora, config.seed, runtime)
        if config.student_layers and config.starter is None:  # Now: one that cannot be cut is known before hours.
            start = keep_bottom_layers(start, config.student_layers)

    answered: tuple[Reference, ...] = ()
    for labeller in config.labellers:  # First: what a command fails at is known before hours of training.
        with stage(f"labeller {labeller.version}"):
            answered += (label_by_command(labeller, corpora.target),)
    names = config.names
    opinions: tuple[Reference, ...] = ()
    for teacher in config.teachers:
        said = teaching.opinion(teacher)
        opinions += (trust.calibrated(said, teaching.taught.get(teacher.name)),)
    opinions += answered
    if config.score_translate_test:
        teaching.score_translate_test()
    listings: tuple[Listing, ...] = ()
    if config.starter is not None:
        start = teaching.learner(config.starter).members[0]
        if config.student_layers:
            with stage("student's bottom layers"):
                start = keep_bottom_layers_of_tagger(start, config.student_layers)
    labelled = teaching.labelled() if config.student.labelled_weight else None
    student = start
    for number in range(1, config.rounds + 1):
        called = f"^{number}" if config.rounds > 1 else ""
        with stage(f"panel{called}"):
            teachers = estimate_teachers(opinions, names, config.joining)
            joint = join_opinions(opinions, names, teachers, config.joining)
            joint = average_by_word(joint, config.same_word) if config.same_word else joint
            tell_opinions(opinions, names, teachers, config.joining, joint)
            scoring.pseudo_labels(f"joint labels{called}", joint, corpora.target_gold)
            quality = _teacher_quality(f"teachers{called}", teachers, opinions, names, corpora.target_gold)
            listings += (quality,)
        with stage(f"student{called}"):
            learnt, weights = corrected.labels(joint), None
            if config.weighs_words:
                near = teaching.taught[config.represents].members[0]
                found = trust.weights(f"joint labels{called}{corrected.remark}", learnt, near)
                weights = corrected.weights(learnt, found)
            training = config.student.as_read.seeded(config.seed + number - 1)
            student = train_panel_student(start, learnt, weights, labelled, training, config.windows)
        scoring.model(f"student{called}", student)
        corrected.model(f"student{called}", student)
        if number < config.rounds:
            names = (*config.names, f"student{called}")
            sitting = Ensemble(f"student{called}", (student,))
            said = trust.calibrated(teaching.taggers(1).label(sitting, corpora.target), sitting)
            opinions = (*opinions[: len(config.names)], said)
    with stage("student"):
        fine_tuned = other or config.encoder
        card = student_card("Panel", asked, config.source, (config.target,), config.parallel, fine_tuned)
        models = scoring.models
        exported = export_student(
            student, tuple(models[-1].scores.values()), card, (corpora.target,), corrected.references
        )
    outcomes = scoring.outcomes(models[-1], corpora.train)
    listings = corrected.listings + trust.listings + listings
    return Result(exported, models, None, trust.detections, outcomes, listings)


def _teacher_quality(
    title: str,
    teachers: Reference,
    opinions: tuple[Reference, ...],
    names: tuple[str, ...],
    known: ScoredText | None,
) -> Listing:
    """How good each teacher was estimated to be, and is, where gold labels are known."""
    gold = None if known is None else known.gold
    rows = {name: measure_teacher(teachers, opinion, name, gold) for name, opinion in zip(names, opinions, strict=True)}
    shown = [name for name in _SHOWN if gold is not None or name == "words" or name.startswith("estimated")]
    forms: dict[str, Form] = {name: "count" if name == "words" else "percent" for name in shown}
    cells = partial(_teacher_cells, columns=tuple(name.replace(" ", "_") for name in shown))
    return Listing(f"{title}: entity words, in %; estimated without gold", "teacher", forms, rows, cells)


def _teacher_cells(store: Store, reference: Reference, columns: tuple[str, ...]) -> list[Cell]:
    row = store.table(reference).to_pylist()[0]
    return [row[name] for name in columns]


def check(config: Panel, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    config = config.ablated
    source, target = check_translated_target(config, runtime)
    shape = encoder_shape(config.encoder, runtime)
    if config.weighs_words:
        check_neighbours(config.reliability.neighbours, {"target text": target})
        check_compared_layers({"reliability": config.reliability}, shape)
    if any(teacher.members > 1 and teacher.head == "linear" for teacher in config.teachers):
        check_teachers_pool(runtime)
    if config.projects_by_markers:
        languages = (config.target.language, config.source.language)
        language_filter(*languages, config.forward.language_filter, config.forward.min_language_letters)
    if config.student_encoder is not None:
        check_bundled_encoder(config.student_encoder, config.source, {"target": config.target})
        check_encoder(config.student_encoder, config.windows, runtime)
        shape = encoder_shape(config.student_encoder, runtime)
    if shape.layers is not None and config.student_layers > shape.layers:
        raise InputError(
            f"student_layers is {config.student_layers}, but the encoder has {shape.layers} layers; choose at most that"
        )
    check_trainings({"student": config.student}, shape.cut(config.student_layers))
    for labeller in config.labellers:
        check_labeller(labeller, source.types, runtime)
    lengths = [end - start for tags in source.tags or () for start, end, _ in spans_of(tags)]
    of_spans = any(each.head == "spans" for each in config.teachers)
    if lengths and min(lengths) > config.spans.most_words and of_spans:
        raise InputError(
            f"spans.most_words: {config.spans.most_words}, but every entity of {config.source.train.shown} has "
            f"{min(lengths)} words or more, so that a teacher of spans has nothing to learn; raise it"
        )
    if of_spans:
        note_short_spans(config.spans.most_words, config.target, target)
    checked = {(config.translation.method, config.score_translate_test)}
    for teacher in (*config.teachers, *filter(None, [config.starter])):
        choice = config.translation_of(teacher)
        which = (choice.method, config.translated_back(choice))
        if teacher.learns != "source" and which not in checked:
            checked.add(which)
            check_translated_target(
                config.model_copy(update={"translation": choice, "score_translate_test": which[1]}), runtime
            )


@flow(name="panel")
def panel(config: Panel, runtime: Runtime | None = None) -> Reference:
    """Panel: train a tagger for a language without labels; teachers weighed by their agreement teach it together."""
    return carry_out("panel", config, runtime, check, algorithm)
