"""UniTrans: model transfer and data transfer teach a student on unlabelled text (Wu et al., IJCAI 2020).

crosstag run configs/quickstart-unitrans.yaml
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.reference import Reference
from artifacts.runs import Cell
from artifacts.runtime import Runtime, stage
from artifacts.store import Store
from flows.parts.aligned_labels import Reader
from flows.parts.cards import student_card
from flows.parts.checks import check_translated_target
from flows.parts.corpora import Corpora, ScoredText, read_corpora
from flows.parts.corrections import Corrected
from flows.parts.encoder import take_encoder
from flows.parts.ensemble import Ensemble, Ensembling
from flows.parts.one_target import TranslatedTarget
from flows.parts.scoring import Scoring
from flows.parts.summary import Listing, Result, carry_out
from flows.parts.teachers import check_teachers_pool
from flows.parts.translate_test import TranslateTest
from flows.parts.translation import translate
from tasks.denoising.vote_labels import vote_labels
from tasks.distillation.export_student import export_student
from tasks.distillation.train_voted_student import VotedStudentTraining, train_voted_student
from tasks.distillation.training_sets import training_set
from tasks.evaluation.votes import measure_votes
from tasks.tagging.decoding import Decoding
from tasks.tagging.train_tagger import TaggerTraining

Ablation = Literal[
    "none",
    "without_soft_labels",
    "without_hard_labels",
    "with_theta_src",
    "with_theta_trans",
    "without_unlabelled_text",
    "model_transfer",
    "data_transfer",
    "data_combination",
]

# Rows 5 to 8 of Table 3 ship a tagger that learnt nothing from unlabelled text.
_WITHOUT_STUDENT = ("without_unlabelled_text", "model_transfer", "data_transfer", "data_combination")
_SEEDS_APART = 1000  # Runs with seeds 1, 2, 3 must not share members of their ensembles.


class Unitrans(TranslatedTarget):
    """Everything that decides the result of a UniTrans run."""

    upstream: ClassVar[Mapping[str, Any]] = {
        "seed": 122,  # the first of its five: 122, 649, 705, 854, 975
        "windows.max_length_subwords": 256,
        "source_training.loss_mean": "word",
        "student.loss_mean": "word",
        "student.hard_mean": "agreed",
        "decoding.inside_at_start": True,
    }

    source_training: TaggerTraining = Field(
        TaggerTraining(), title="Teacher training", description="Of Theta_src, Theta_trans and Theta_teach (Eq. 8)."
    )
    teachers: int = Field(
        1,
        ge=1,
        le=100,
        title="Teachers M",
        description="Taggers of each kind, averaged (Eq. 14); the paper has 1 or 5.",
    )
    teacher_seeds: tuple[int, ...] = Field(
        (),
        title="Teachers' seeds",
        description="One for each teacher, instead of those derived from the run's seed; empty: derived.",
    )
    student: VotedStudentTraining = Field(
        VotedStudentTraining(), title="Student", description="Theta_stu on unlabelled text (Eq. 9-13)."
    )
    score_data_combination: bool = Field(
        True,
        title="Data combination",
        description="Also train and score the baseline on labelled corpus and translation together.",
    )
    ablation: Ablation = Field(
        "none", title="Ablation", description="A row of the paper's Table 3: one part of the method left out."
    )
    decoding: Decoding = Field(
        Decoding(), title="Decoding", description="From probabilities to tags, for scores (3.5)."
    )

    @model_validator(mode="after")
    def _seeds_and_losses_suffice(self) -> "Unitrans":
        given, different = len(self.teacher_seeds), len(set(self.teacher_seeds))
        if given and not given == different == self.teachers:
            raise ValueError(
                f"teacher_seeds has {given} seeds, {different} of them different, and teachers is {self.teachers}; "
                "give one seed for each teacher, or none"
            )
        if any(not 0 <= seed < 2**31 for seed in self.teacher_seeds):
            raise ValueError("teacher_seeds: a seed is not between 0 and 2^31 - 1; choose smaller ones")
        if self.distillation.soft_weight == self.distillation.hard_weight == 0:
            raise ValueError(
                f"ablation {self.ablation} leaves out the only loss of the student whose weight is not 0; raise "
                "student.soft_weight or student.hard_weight, or choose another ablation"
            )
        return self

    @model_validator(mode="after")
    def _corrections_are_learnt(self) -> "Unitrans":
        if self.target.corrections and self.ablation in _WITHOUT_STUDENT:
            raise ValueError(
                f"target.corrections is {self.target.corrections!r}, but ablation {self.ablation} trains no student on "
                "the text that was corrected; leave one of both out"
            )
        return self

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of Theta_*^(m); the first is that of a run with one teacher."""
        return self.teacher_seeds or tuple(self.seed + _SEEDS_APART * m for m in range(self.teachers))

    @property
    def distillation(self) -> VotedStudentTraining:
        """Settings of the student; rows 1 to 4 of Table 3 leave out a loss of Eq. 13."""
        without = {
            "without_soft_labels": {"soft_weight": 0.0},
            "without_hard_labels": {"hard_weight": 0.0},
            "with_theta_src": {"hard_weight": 0.0},  # One tagger has nobody to vote with.
            "with_theta_trans": {"hard_weight": 0.0},
        }
        return self.student.seeded(self.seed).model_copy(update=without.get(self.ablation, {}))


def algorithm(config: Unitrans, runtime: Runtime) -> Result:
    """Section 3 of the paper, with all it needs before, and all that is measured on the way.

    Returns:
        The student, the models with their scores, those of the shipped one last, and how good the votes are.
    """
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    reader = Reader(encoder, config.windows, config.inference)
    translating = config.translating(corpora, runtime)
    with stage("D_trans"):  # 3.1
        d_trans = translate(translating, config.labels, reader)
    scoring = Scoring(corpora.tests, config.windows, config.decoding, config.inference)
    corrected = Corrected.of(corpora, config.windows, config.decoding, config.inference)
    taggers = Ensembling(config.seeds, config.source_training, config.windows, config.inference)

    # 3.3: model transfer, data transfer, and the teacher that unifies them.
    theta_src = taggers.train("Theta_src", corpora.train, encoder)
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)
    taggers.score(scoring, "source-only (Theta_src)", theta_src, source_dev)
    theta_trans = taggers.train("Theta_trans", d_trans, encoder)
    taggers.score(scoring, "translate-train (Theta_trans)", theta_trans)
    if config.score_translate_test:
        by_theta_src = partial(taggers.tag, scoring, theta_src)
        TranslateTest(translating, reader).score(scoring, "Theta_src", by_theta_src)
    baselines = {"model_transfer": theta_src, "data_transfer": theta_trans}
    if config.score_data_combination or config.ablation == "data_combination":
        with stage("source and D_trans"):
            both = training_set((corpora.train, d_trans))
        combined = baselines["data_combination"] = taggers.train("data combination", both, encoder)
        taggers.score(scoring, "data combination", combined)
    theta_teach = baselines["without_unlabelled_text"] = taggers.train("Theta_teach", d_trans, theta_src)
    taggers.score(scoring, "teacher (Theta_teach)", theta_teach)

    listings: tuple[Listing, ...] = ()
    if config.ablation in baselines:  # Rows 5 to 8 of Table 3; of an ensemble the first member is shipped.
        shipped = baselines[config.ablation]
        final = shipped.members[0]
        if len(shipped.members) > 1:  # What was scored before is their mean.
            scoring.model(f"student ({shipped.name}^1)", final)
    else:
        teacher = {"with_theta_src": theta_src, "with_theta_trans": theta_trans}.get(config.ablation, theta_teach)
        voters = (theta_teach, theta_src, theta_trans)
        final, listings = _distil(config, corpora, encoder, taggers, scoring, teacher, voters, corrected)
        scoring.model("student (Theta_stu)", final)
        corrected.model("Theta_stu", final)
    with stage("student"):
        card = student_card("UniTrans", config, config.source, (config.target,), config.parallel, config.encoder)
        last = [model for model in scoring.models if model.reference == final][-1]
        models = sorted(scoring.models, key=lambda model: model is last)
        scores = tuple(models[-1].scores.values())
        student = export_student(final, scores, card, (corpora.target,), corrected.references)
    outcomes = scoring.outcomes(models[-1], corpora.train)
    return Result(student, models, outcomes=outcomes, listings=corrected.listings + listings)


def _distil(
    config: Unitrans,
    corpora: Corpora,
    encoder: Reference,
    taggers: Ensembling,
    scoring: Scoring,
    teacher: Ensemble,
    voters: tuple[Ensemble, Ensemble, Ensemble],
    corrected: Corrected,
) -> tuple[Reference, tuple[Listing, ...]]:
    """3.4: the student learns soft labels of the teacher, and hard labels that all three taggers agree on."""
    training, votes = config.distillation, None
    listings: tuple[Listing, ...] = ()
    with stage(f"{teacher.name} on D_T"):
        soft_labels = taggers.label(teacher, corpora.target)
    scoring.pseudo_labels(f"soft labels of {teacher.name}", soft_labels, corpora.target_gold)
    if training.hard_weight > 0:
        with stage("vote on D_T"):
            votes = vote_labels(*(taggers.label(voter, corpora.target) for voter in voters))
            listings = _vote_quality(votes, corpora.target_gold)
            votes = corrected.votes(votes)
    several = len(teacher.members) > 1
    corrected.model(f"{teacher.name}^1" if several else teacher.name, teacher.members[0])
    with stage("Theta_stu"):
        learnt = corrected.labels(soft_labels)
        return train_voted_student(encoder, learnt, votes, training, config.windows), listings


def _vote_quality(votes: Reference, gold: ScoredText | None) -> tuple[Listing, ...]:
    """How many words got a vote, and how many votes are right, where gold labels are known."""
    if gold is None:
        return ()
    names = ("words with a vote", "O words", "entity words", "votes that are right", "for an entity")
    rows = {gold.name: measure_votes(votes, gold.gold)}
    return (Listing("votes, in %", "text", dict.fromkeys(names, "percent"), rows, _vote_cells),)


def _vote_cells(store: Store, reference: Reference) -> list[Cell]:
    rows = {row["label"]: row for row in store.table(reference).to_pylist()}
    covered = [rows[name]["coverage"] for name in ("overall", "O", "entities")]
    return [*covered, *(rows[name]["precision"] for name in ("overall", "entities"))]


def check(config: Unitrans, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    check_translated_target(config, runtime)
    if config.teachers > 1:
        check_teachers_pool(runtime)


@flow(name="unitrans")
def unitrans(config: Unitrans, runtime: Runtime | None = None) -> Reference:
    """UniTrans: train a tagger for a language without labels; two ways of transfer teach it, and vote."""
    return carry_out("unitrans", config, runtime, check, algorithm)
