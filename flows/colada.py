"""CoLaDa: two models that clean each other's labels (Ma et al., ACL 2023).

crosstag run configs/quickstart.yaml
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.dropping import drop_models
from artifacts.reference import Reference
from artifacts.runtime import Runtime, current_run, stage
from artifacts.settings import Settings
from flows.parts.aligned_labels import Reader
from flows.parts.cards import student_card
from flows.parts.checks import check_translated_target
from flows.parts.corpora import Corpora, ScoredText, read_corpora, read_target_dev
from flows.parts.corpus_checks import check_analysis, check_neighbours
from flows.parts.corrections import Corrected
from flows.parts.encoder import take_encoder
from flows.parts.encoder_checks import check_compared_layers, encoder_shape
from flows.parts.epochs import Epochs
from flows.parts.figures import Analysis, Evidence, encoder_depth
from flows.parts.one_target import TranslatedTarget
from flows.parts.previous import check_previous, take_previous
from flows.parts.scoring import Scoring
from flows.parts.summary import Result, carry_out
from flows.parts.translate_test import TranslateTest
from flows.parts.translation import translate
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.distillation.export_student import export_student
from tasks.distillation.train_collaborator import CollaborationWeights, CollaboratorTraining, train_collaborator
from tasks.distillation.train_student import StudentTraining, train_student
from tasks.evaluation.changed import measure_change
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.labelling import label_words
from tasks.tagging.one_pass import one_pass
from tasks.tagging.predict import predict_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger

Ablation = Literal[
    "none",
    "no_instance_collaboration",
    "no_translation_denoising",
    "no_iteration",
    "no_model_collaboration",
    "no_collaboration",
]


class EarlyStop(Settings):
    """When to end before the last iteration."""

    on: Literal["never", "source_dev", "unchanged"] = Field(
        "never",
        title="Stop on",
        description="source_dev: F1 of M_tgt on the source dev set falls; unchanged: few pseudo-labels change.",
    )
    changed_share_below: float = Field(
        0.002, ge=0, le=1, title="Changed share", description="For unchanged: stop when fewer labels than this change."
    )


class Colada(TranslatedTarget):
    """Everything that decides the result of a CoLaDa run."""

    upstream: ClassVar[Mapping[str, Any]] = {
        "seed": 122,  # the first of its five: 122, 42, 666, 22, 705
        "source.train.remove_duplicates": True,
        "target.text.remove_duplicates": True,
        "target.text_gold.remove_duplicates": True,
        "translation.imported.remove_duplicates": True,
        "translation.marked.reading.one_entity": "whole",  # CROP's script, for WikiAnn
        "translation.marked.marking.max_entities": 14,
        "source_training.loss_mean": "word",
        "source_training.clip_separately": True,
        "collaborator.loss_mean": "word",
        "collaborator.clip_separately": True,
        "student.loss_mean": "word",
        "student.clip_separately": True,
        "student.targets": "viterbi",
        "reliability.layers": "last3",
        "reliability.pooling": "mean",
        "reliability.match": "type",
        "reliability.normaliser": "class_maximum",
        "reliability.rescale": "class_maximum",
        "reliability.exclude_duplicates": True,
        "checkpoint": "target_dev",
    }

    source_training: TaggerTraining = Field(
        TaggerTraining(), title="Source training", description="Of M_src, and of the baseline M_trans^0."
    )
    reliability: Reliability = Field(
        Reliability(), title="Reliability", description="Instance collaboration (Eq. 1-3)."
    )
    collaborator: CollaboratorTraining = Field(
        CollaboratorTraining(), title="Collaborator", description="Step 1: M_trans on translation data (Eq. 4-5)."
    )
    collaboration: CollaborationWeights = Field(
        CollaborationWeights(), title="Collaboration", description="How much each supervision of D_trans counts."
    )
    student: StudentTraining = Field(
        StudentTraining(), title="Student", description="Step 2: M_tgt on unlabelled text (Eq. 6)."
    )
    previous: str = Field(
        "",
        title="Previous student",
        description="For student.start: previous. student/KEY or tagger/KEY of an earlier run, such as one on less "
        "text: the first collaborator learns its labels instead of M_src's, and every student starts from it.",
    )
    iterations: int = Field(8, ge=1, le=50, title="Iterations", description="T of Algorithm 1; the paper has 8.")
    stop: EarlyStop = Field(EarlyStop(), title="Early stop", description="The paper has none.")
    checkpoint: Literal["last", "target_dev"] = Field(
        "last",
        title="Checkpoint",
        description="Which epoch's M_trans and M_tgt go on: the last; target_dev: the best on target.dev, by the "
        "target's gold labels (the published code), which is no longer zero-resource; the summary says so.",
    )
    ablation: Ablation = Field(
        "none", title="Ablation", description="A row of the paper's Table 3: one part of the method left out."
    )
    decoding: Decoding = Field(Decoding(), title="Decoding", description="From probabilities to tags, for scores.")
    analysis: Analysis = Field(
        Analysis(), title="Analysis", description="What is measured and drawn beside the method; it changes no result."
    )

    @model_validator(mode="after")
    def _names_what_it_starts_from(self) -> "Colada":
        if (self.student.start == "previous") != bool(self.previous):
            raise ValueError(
                f"student.start is {self.student.start!r} and previous is {self.previous!r}; to go on from an earlier "
                "student write student.start: previous and previous: student/KEY, else leave both out"
            )
        return self

    @model_validator(mode="after")
    def _has_what_cases_compare(self) -> "Colada":
        if self.analysis.cases and self.previous:
            raise ValueError(
                "analysis.cases compares with M_trans^0, which a run that goes on from an earlier student does not "
                "train; leave analysis.cases or previous out"
            )
        return self

    @model_validator(mode="after")
    def _has_what_tags_translations(self) -> "Colada":
        if self.score_translate_test and self.previous:
            raise ValueError(
                "score_translate_test: M_src tags the translations, which a run that goes on from an earlier student "
                "does not train; leave score_translate_test or previous out"
            )
        return self

    @model_validator(mode="after")
    def _translation_teaches_something(self) -> "Colada":
        for iteration, name in enumerate(("first", "later")[: self.rounds], start=1):
            soft, hard = self.betas(iteration)
            if soft == hard == 0:
                raise ValueError(
                    f"collaboration: from iteration {iteration} on, M_trans would learn nothing, as both its losses "
                    f"have weight 0: beta_soft_{name} is {soft} (ablation: {self.ablation}) and beta_hard_{name} "
                    f"{hard}; raise collaboration.beta_hard_{name}, or choose another ablation"
                )
        return self

    @model_validator(mode="after")
    def _has_what_checkpoints_are_chosen_by(self) -> "Colada":
        if self.checkpoint == "target_dev" and self.target.dev is None:
            raise ValueError(
                "checkpoint is target_dev and target.dev is empty; name a labelled file of the target language there, "
                "or write checkpoint: last"
            )
        return self

    @property
    def trainings(self) -> dict[str, TaggerTrainingConfig]:
        """None where all begin from an earlier student."""
        return {} if self.previous else super().trainings

    @property
    def denoises_instances(self) -> bool:
        """Whether weights come from neighbours (Table 3, rows 1 and 5 leave it out; so does K = 0)."""
        left_out = self.ablation in ("no_instance_collaboration", "no_collaboration")
        return self.reliability.enabled and self.reliability.neighbours > 0 and not left_out

    @property
    def denoises_translation(self) -> bool:
        """Whether M_tgt labels the translation data (Table 3, rows 2, 4 and 5 set beta_1 to 0)."""
        return self.ablation not in ("no_translation_denoising", "no_model_collaboration", "no_collaboration")

    def betas(self, iteration: int) -> tuple[float, float]:
        """beta_1 and beta_2 of an iteration, counted from 1."""
        soft, hard = self.collaboration.at(iteration)
        return (soft if self.denoises_translation else 0.0), hard

    @property
    def trusted_labels(self) -> Reliability:
        """Reliability of step 2: of the labels that the student learns, decoded ones if it learns those."""
        return self.reliability.model_copy(
            update={"labels_from": "viterbi"} if self.student.targets == "viterbi" else {}
        )

    @property
    def rounds(self) -> int:
        """Iterations to make (Table 3, rows 3, 4 and 5 make one)."""
        once = ("no_iteration", "no_model_collaboration", "no_collaboration")
        return 1 if self.ablation in once else self.iterations


def algorithm(config: Colada, runtime: Runtime) -> Result:
    """Algorithm 1 of the paper, with all it needs before, and all that is measured on the way.

    Returns:
        The student, the models with their scores, and the evidence.
    """
    previous = take_previous(config.previous, runtime) if config.previous else None
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    reader = Reader(encoder, config.windows, config.inference)
    translating = config.translating(corpora, runtime)
    with stage("D_trans"):
        d_trans = translate(translating, config.labels, reader)
    chooses = config.checkpoint == "target_dev"
    dev = read_target_dev(config.target, config.labels, runtime) if chooses else None
    epochs = Epochs(dev, config.windows, config.decoding, config.inference)
    scoring = Scoring(corpora.tests, config.windows, config.decoding, config.inference)
    names = tuple(test.name for test in corpora.tests)
    evidence = Evidence(config.analysis, config.windows, config.inference, names)
    corrected = Corrected.of(corpora, config.windows, config.decoding, config.inference)

    if previous is not None:
        m_tgt = previous
        evidence.model("M_tgt", 0, scoring.model("previous student (M_tgt^0)", m_tgt))
    else:
        m_tgt = _baselines(config, corpora, d_trans, encoder, scoring, evidence)
        if config.score_translate_test:
            TranslateTest(translating, reader).score(scoring, "M_src", partial(scoring.tag, m_tgt))
    corrected.model("M_tgt^0" if previous is not None else "M_src", m_tgt)

    before, source_dev_f1 = None, None
    for i in range(1, config.rounds + 1):
        teacher = m_tgt
        with stage(f"iteration {i}, D_trans"):
            _, p_u, w = _pseudo_labels(config, m_tgt, d_trans, config.reliability)
            collaborator = epochs.kept(config.collaborator.seeded(config.seed + i))
            m_trans = train_collaborator(m_tgt, d_trans, p_u, w, *config.betas(i), collaborator, config.windows)
            m_trans = epochs.chosen(f"M_trans^{i}", m_trans)
        evidence.model("M_trans", i, scoring.model(f"M_trans^{i}", m_trans))
        with stage(f"iteration {i}, D_tgt"):
            # People's labels stand in for M_trans' before neighbours vote, so that they speak for other words, too.
            said, p_t, w = _pseudo_labels(config, m_trans, corpora.target, config.trusted_labels, corrected)
            start = previous or (m_trans if config.student.start == "collaborator" else encoder)
            student = epochs.kept(config.student.seeded(config.seed + i))
            m_tgt = epochs.chosen(
                f"M_tgt^{i}", train_student(start, p_t, corrected.weights(p_t, w), student, config.windows)
            )
            evidence.pseudo_labels(i, scoring.pseudo_labels(f"pseudo-labels^{i}", said, corpora.target_gold))
            _look_closely(config, corpora, evidence, i, m_trans, p_t, w, encoder, corrected.remark)
        evidence.model("M_tgt", i, scoring.model(f"M_tgt^{i}", m_tgt))
        corrected.model(f"M_trans^{i}", m_trans)
        corrected.model(f"M_tgt^{i}", m_tgt)
        with stage(f"iteration {i}, early stop"):
            stop, source_dev_f1 = _stop(config, corpora, before, p_t, m_tgt, source_dev_f1)
        if config.analysis.cases and (stop or i == config.rounds):
            evidence.compared_on(d_trans, m_trans, config.decoding)
        drop_models(m_trans, *([teacher] if i > 1 else []))  # Other methods start from M_src, too.
        if stop:
            break
        before = p_t
    with stage("student"):
        about = (config.source, (config.target,), config.parallel, config.encoder)
        card = student_card("CoLaDa", config, *about, chosen_by_gold=chooses, previous=config.previous)
        scores = tuple(scoring.models[-1].scores.values())
        exported = export_student(m_tgt, scores, card, (corpora.target,), corrected.references)
    outcomes = scoring.outcomes(scoring.models[-1], corpora.train)
    listings = corrected.listings + epochs.listings + evidence.listings
    return Result(exported, scoring.models, evidence.draw(), evidence.detections, outcomes, listings)


def _baselines(
    config: Colada, corpora: Corpora, d_trans: Reference, encoder: Reference, scoring: Scoring, evidence: Evidence
) -> Reference:
    """Trains M_src, from which the iterations start, and M_trans^0, which is only measured; gives M_src."""
    with stage("M_src"):
        m_src = train_tagger(corpora.train, encoder, config.source_training.seeded(config.seed), config.windows)
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)
    evidence.model("M_tgt", 0, scoring.model("source-only (M_src)", m_src, source_dev))
    with stage("M_trans^0"):
        m_trans = train_tagger(d_trans, encoder, config.source_training.seeded(config.seed), config.windows)
    evidence.model("M_trans", 0, scoring.model("translate-train (M_trans^0)", m_trans))
    return m_src


def _look_closely(
    config: Colada,
    corpora: Corpora,
    evidence: Evidence,
    i: int,
    m_trans: Reference,
    p_t: Reference,
    w: Reference | None,
    encoder: Reference,
    remark: str,
) -> None:
    """Measures how far weights tell wrong pseudo-labels from right ones, where that is known (5.3)."""
    if corpora.target_gold is None:
        return
    gold = corpora.target_gold.gold
    if w is not None:
        evidence.binned(p_t, w, gold, config.trusted_labels.labels_from)
        evidence.reliability(f"iteration {i}{remark}", p_t, w, gold, config.trusted_labels.labels_from)
    if i == 1:
        evidence.compared(m_trans, p_t, gold, remark)
    if i == 1 and config.denoises_instances and config.analysis.layers:
        depth = encoder_depth(encoder, config.encoder.pretraining.layers)
        evidence.by_layer(m_trans, p_t, gold, config.trusted_labels, depth)


def _pseudo_labels(
    config: Colada,
    tagger: Reference,
    sentences: Reference,
    reliability: Reliability,
    corrected: Corrected | None = None,
) -> tuple[Reference, Reference, Reference | None]:
    """A model's soft labels of a text, as it says them and as people corrected them, and the weights of the latter.

    These are w of Eq. 3; None, which is 1, without instance collaboration.
    """
    if not config.denoises_instances:
        said = label_words(tagger, sentences, config.windows, config.inference)
        return said, corrected.labels(said) if corrected else said, None
    with one_pass(reliability.layers, reliability.pooling):
        said = label_words(tagger, sentences, config.windows, config.inference)
        labels = corrected.labels(said) if corrected else said
        return said, labels, score_reliability(tagger, labels, reliability, config.windows, config.inference)


def _stop(
    config: Colada,
    corpora: Corpora,
    before: Reference | None,
    now: Reference,
    m_tgt: Reference,
    best_f1: float | None,
) -> tuple[bool, float | None]:
    """Whether to end early, and the best F1 on the source dev set so far. While planning, iterations go on."""
    run = current_run()
    if run is None or config.stop.on == "never":
        return False, best_f1
    if config.stop.on == "unchanged":
        if before is None:
            return False, None
        change = measure_change(before, now)
        share = run.store.table(change)["share"][0].as_py() if change.known else 1.0
        return share < config.stop.changed_share_below, None
    tags = predict_words(m_tgt, corpora.dev, config.windows, config.decoding, config.inference)
    scores = score(tags, corpora.dev, "source dev")
    f1 = run.store.table(scores)["f1"][0].as_py() if scores.known else None
    if f1 is None or best_f1 is None:
        return False, f1
    return f1 < best_f1, max(f1, best_f1)


def check(config: Colada, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    source, target = check_translated_target(config, runtime)
    if config.denoises_instances:
        compared = {"labelled corpus": source, "target text": target}
        check_neighbours(config.reliability.neighbours, compared)
    if not config.previous:
        compared_by = {"reliability": config.reliability} if config.denoises_instances else {}
        compared_by |= {f"analysis.compare.{place}": other for place, other in enumerate(config.analysis.compare)}
        check_compared_layers(compared_by, encoder_shape(config.encoder, runtime))
    check_analysis(config.analysis, config.target, target)
    if config.previous:
        check_previous(config.previous, config.target.language, source.types, runtime)


@flow(name="colada")
def colada(config: Colada, runtime: Runtime | None = None) -> Reference:
    """CoLaDa: train a tagger for a language without labels; two models clean each other's pseudo-labels."""
    return carry_out("colada", config, runtime, check, algorithm)
