"""GLoDe: pseudo-labels of spans, denoised by global and local information (Ding et al., IJCAI 2024).

crosstag run configs/quickstart-glode.yaml
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from flows.parts.cards import student_card
from flows.parts.checks import check_one_target
from flows.parts.corpora import Corpora, ScoredText, read_corpora
from flows.parts.corpus_checks import check_lengths_of_corrections, note_short_spans
from flows.parts.corrections import Corrected
from flows.parts.encoder import take_encoder
from flows.parts.one_target import OneTarget
from flows.parts.scoring import Scoring
from flows.parts.span_evidence import SpanEvidence
from flows.parts.summary import Model, Result, carry_out
from tasks.denoising.spans.refinement import Denoising
from tasks.distillation.export_student import export_student
from tasks.distillation.refined_labels import refined_labels
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_denoised_student import train_denoised_student
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.tagging.decoding import Decoding
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.label_spans import SpanLabelling, label_spans
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.words.spans import spans_of

Ablation = Literal[
    "none",
    "without_mlm",
    "without_denoising",
    "without_local",
    "without_global",
    "without_multiple_directions",
    "without_mlm_init",
    "language_agnostic",
]
# What rows 2 to 5 of Table 3 leave out of the denoising.
_ROWS: dict[str, dict[str, str]] = {
    "without_denoising": {"levels": "none"},
    "without_local": {"levels": "global"},
    "without_global": {"levels": "local"},
    "without_multiple_directions": {"directions": "top"},
}

_CONTRASTIVE_WEIGHT = 0.1  # Of Table 4's second row, unless the settings say another; the paper gives none.


class Glode(OneTarget):
    """Everything that decides the result of a GLoDe run."""

    upstream: ClassVar[Mapping[str, Any]] = {
        "seed": 0,
        "source_training.loss_mean": "word",
        "source_training.dropout": 0.2,
        "source_training.adam_beta2": 0.98,
        "source_training.warmup_updates": 50,
        "labelling.overlapping": "outside",
        "denoising.direction_sum": "each",
        "denoising.representations": "training",
        "denoising.outside_share": 0.03,
        "denoising.local_threshold_factor": 0.9,
        "denoising.first_refinement": 2,
        "student.epochs": 5,
        "student.loss_mean": "word",
        "student.dropout": 0.2,
        "student.adam_beta2": 0.98,
        "student.warmup_updates": 50,
    }

    spans: SpanShape = Field(SpanShape(), title="Spans", description="Which spans are classified (3.1).")
    source_training: SpanTraining = Field(
        SpanTraining(), title="Source training", description="Of M_src: L_src + omega L_mlm (Eq. 3)."
    )
    labelling: SpanLabelling = Field(
        SpanLabelling(), title="Initial labels", description="How M_src's probabilities become pseudo-labels."
    )
    denoising: Denoising = Field(
        Denoising(), title="Denoising", description="How pseudo-labels are refined after each epoch (3.2)."
    )
    student: SpanTraining = Field(
        SpanTraining(), title="Student", description="Of M_tgt: L_src + L_tgt + omega L_mlm (Eq. 5)."
    )
    start: Literal["encoder", "source"] = Field(
        "encoder",
        title="Start of the student",
        description="M_tgt begins from the encoder (the published code), or from M_src; the paper is silent.",
    )
    score_source_only: bool = Field(
        True,
        title="Source-only",
        description="Also train and score the baseline on source labels alone, the plain model of Figure 4.",
    )
    ablation: Ablation = Field(
        "none",
        title="Ablation",
        description="A row of the paper's Table 3: one part of the method left out; or language_agnostic, Table "
        "4's: a contrastive loss in the place of L_mlm.",
    )
    word_tagger: bool = Field(
        True,
        title="Word tagger",
        description="Train and ship, beside the student, a tagger of words that learns the student's labels: pipelines "
        "of transformers hold no head of spans. The summary has the F1 of both. Rows of the tables do without.",
    )
    figures: bool = Field(
        True,
        title="Figures",
        description="Draw Figure 4, and Figure 3 if gold labels of the unlabelled text are known.",
    )

    @model_validator(mode="after")
    def _rows_are_what_they_are_called(self) -> "Glode":
        for name, row in _ROWS.get(self.ablation, {}).items():
            said, default = getattr(self.denoising, name), Denoising.model_fields[name].default
            if said not in (default, row):
                raise ValueError(
                    f"denoising.{name} is {said}, but ablation {self.ablation} is the row with {row}; leave one of "
                    "both out"
                )
        return self

    @model_validator(mode="after")
    def _labels_are_moved(self) -> "Glode":
        first, epochs = self.refinement.first_refinement, self.student.epochs
        if self.refinement.levels != "none" and first >= epochs:
            raise ValueError(
                f"denoising.first_refinement is {first}, and student.epochs is {epochs}, so that no label would be "
                "learnt as it was moved; lower the first, raise the second, or choose ablation: without_denoising"
            )
        return self

    @property
    def refinement(self) -> Denoising:
        """Settings of the denoising; rows 2 to 5 of Table 3 leave out a part of it."""
        return self.denoising.model_copy(update=_ROWS.get(self.ablation, {})).as_read

    @property
    def trainings(self) -> dict[str, TaggerTrainingConfig]:
        """Of both models, as the ablation has them."""
        return {"source_training": self.masked_training, "student": self.target_training}

    @property
    def plain_training(self) -> SpanTraining:
        """Settings of the plain model's training, which learns source labels alone."""
        alone = {"mlm_weight": 0.0, "contrastive_weight": 0.0}
        return self.source_training.seeded(self.seed).model_copy(update=alone).as_read

    @property
    def masked_training(self) -> SpanTraining:
        """Settings of M_src's training."""
        return self._beside(self.source_training.seeded(self.seed)).as_read

    @property
    def target_training(self) -> SpanTraining:
        """Settings of M_tgt's training; row 1 of Table 3 leaves L_mlm out of it, not of M_src's (that is row 6)."""
        without = {"mlm_weight": 0.0} if self.ablation == "without_mlm" else {}
        return self._beside(self.student.seeded(self.seed).model_copy(update=without)).as_read

    @property
    def word_training(self) -> PanelStudentTraining:
        """Settings of the word tagger's training: the student's, of labelled and raw text alike, nothing hidden."""
        shared = self.student.seeded(self.seed).model_dump(include=set(PanelStudentTraining.model_fields))
        return PanelStudentTraining(**shared | {"labelled_weight": 1.0, "mlm_weight": 0.0}).as_read

    def _beside(self, training: SpanTraining) -> SpanTraining:
        """A training with what it learns beside labels: by Table 4's row entities' contrasts, not hidden text."""
        if self.ablation != "language_agnostic":
            return training
        weight = training.contrastive_weight or _CONTRASTIVE_WEIGHT
        return training.model_copy(update={"mlm_weight": 0.0, "contrastive_weight": weight})


def algorithm(config: Glode, runtime: Runtime) -> Result:
    """Section 3 of the paper, with all it needs before, and all that is measured on the way.

    Returns:
        The student, the models with their scores, those of the student last, and the evidence.
    """
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    scoring = Scoring(corpora.tests, config.windows, Decoding(), config.inference)
    evidence = SpanEvidence(scoring, corpora.target_gold)
    corrected = Corrected.of(corpora, config.windows, Decoding(), config.inference)

    # 3.1: the source model learns source labels beside hidden target text, and labels the text.
    m_src, plain = _source_models(config, corpora, encoder, scoring)
    with stage("initial labels"):
        said = label_spans(m_src, corpora.target, config.labelling, config.windows, config.inference)
        evidence.pseudo_labels("initial labels", 0, said, corpora.target, shown=True)
        labels = corrected.span_labels(said)
    corrected.model("M_src", m_src)

    # 3.2: the target model learns them while prototypes and neighbours refine them, epoch by epoch.
    with stage("M_tgt"):
        start = m_src if config.start == "source" else encoder
        training, denoising = config.target_training, config.refinement
        m_tgt = train_denoised_student(
            start,
            encoder,
            corpora.train,
            corpora.target,
            labels,
            denoising,
            training,
            config.windows,
        )
    if denoising.levels != "none":
        for epoch in range(1, training.epochs + 1):
            with stage(f"labels after epoch {epoch}"):
                refined = refined_labels(m_tgt, labels, epoch)
                last = epoch == training.epochs
                name = f"labels after epoch {epoch}{corrected.remark}"
                evidence.pseudo_labels(name, epoch, refined, corpora.target, shown=last)
    of_words = None
    if config.word_tagger and config.ablation == "none":  # Pipelines of transformers hold no head of spans.
        with stage("word tagger"):
            said = corrected.labels(label_words(m_tgt, corpora.target, config.windows, config.inference))
            words = train_panel_student(encoder, said, None, corpora.train, config.word_training, config.windows)
        of_words = scoring.model("word tagger (of M_tgt)", words)
    spans = scoring.model("student (M_tgt)", m_tgt)
    corrected.model("M_tgt", m_tgt)

    _measure(config, corpora, evidence, plain, m_src)
    parallel = config.parallel if config.encoder.pretrains else ()  # Nothing else reads it.
    card = student_card("GLoDe", config, config.source, (config.target,), parallel, config.encoder)

    def shipped(model: Model, *beside: Model) -> Reference:
        scores = tuple(score for each in (model, *beside) for score in each.scores.values())
        return export_student(model.reference, scores, card, (corpora.target,), corrected.references)

    with stage("student"):
        student = shipped(spans)
    word_student = None
    if of_words is not None:
        with stage("word tagger"):
            word_student = shipped(of_words, spans)
    figures = evidence.draw() if config.figures else None
    outcomes = scoring.outcomes(spans, corpora.train)
    listings = corrected.listings + evidence.listings
    return Result(student, scoring.models, figures, outcomes=outcomes, listings=listings, word_student=word_student)


def _source_models(
    config: Glode, corpora: Corpora, encoder: Reference, scoring: Scoring
) -> tuple[Reference, Reference | None]:
    """M_src, and the plain model on source labels alone, if it is wanted or is M_src itself (Table 3, row 6)."""
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)

    def trained(name: str, masked: Reference | None, training: SpanTraining) -> Reference:
        with stage(name):
            model = train_span_tagger(corpora.train, masked, encoder, config.spans, training, config.windows)
        scoring.model(name, model, source_dev)
        return model

    plain = None
    if config.score_source_only or config.ablation == "without_mlm_init":
        plain = trained("source-only (L_src)", None, config.plain_training)
    if plain is not None and config.ablation == "without_mlm_init":
        return plain, plain
    training = config.masked_training
    masked = corpora.target if training.mlm_weight > 0 else None
    return trained("source model (M_src)", masked, training), plain


def _measure(
    config: Glode, corpora: Corpora, evidence: SpanEvidence, plain: Reference | None, m_src: Reference
) -> None:
    """Gold entities out of reach, and the types of Figure 4; of the unlabelled text gold labels are used if known."""
    known = {corpora.target_gold.name: corpora.target_gold.gold} if corpora.target_gold is not None else {}
    golds = {"source train": corpora.train} | known | {test.name: test.gold for test in corpora.tests}
    evidence.out_of_reach(golds, config.spans.most_words)
    models = {"plain model": plain, "M_src": m_src} if plain not in (None, m_src) else {"M_src": m_src}
    labels = {"source, gold": corpora.train} | {f"{name}, gold": gold for name, gold in known.items()}
    for name, model in models.items():
        if model is not None:
            with stage(f"{name} on target text"):
                predicted = predict_words(model, corpora.target, config.windows, Decoding(), config.inference)
                labels[f"target text, {name}"] = predicted
    evidence.distribution(labels)


def check(config: Glode, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    source, text = check_one_target(config, runtime)
    lengths = [end - start for tags in source.tags or () for start, end, _ in spans_of(tags)]
    if lengths and min(lengths) > config.spans.most_words:
        raise InputError(
            f"spans.most_words: {config.spans.most_words}, but every entity of {config.source.train.shown} has "
            f"{min(lengths)} words or more, so that there is nothing to learn; raise it"
        )
    check_lengths_of_corrections(config.target, config.spans.most_words, runtime)
    note_short_spans(config.spans.most_words, config.target, text)


@flow(name="glode")
def glode(config: Glode, runtime: Runtime | None = None) -> Reference:
    """GLoDe: train a tagger for a language without labels; prototypes and neighbours clean its pseudo-labels."""
    return carry_out("glode", config, runtime, check, algorithm)
