"""ConNER: consistency on translated spans and under dropout (Zhou et al., EMNLP 2022).

crosstag run configs/quickstart-conner.yaml
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from prefect import flow
from pydantic import Field, model_validator

from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from flows.parts.cards import student_card
from flows.parts.checks import check_one_target
from flows.parts.conjugate_pairs import PairsChoice, check_pairs, make_pairs, pairs_listing, take_pairs
from flows.parts.corpora import Corpora, ScoredText, read_corpora
from flows.parts.corpus_checks import check_segmenters
from flows.parts.encoder import take_encoder
from flows.parts.epochs import Epochs
from flows.parts.one_target import OneTarget
from flows.parts.pair_agreement import agreement_listing
from flows.parts.scoring import Scoring
from flows.parts.summary import Listing, Model, Result, carry_out
from tasks.corpus.split import split_source
from tasks.distillation.export_student import export_student
from tasks.distillation.pair_agreement import measure_pair_agreement
from tasks.distillation.train_consistent import ConsistencyTraining, train_consistent_tagger
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.predict import predict_words
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger

Ablation = Literal[
    "none",
    "vanilla",
    "trans_unlabel",
    "dropout_label",
    "trans_label",
    "dropout_unlabel",
    "word_replacement",
    "gaussian_noise",
]
_SECOND_VIEWS = ("perturbation", "perturbed")
# What each row leaves out of Eq. 4, or takes it on: Table 4, and the consistency baselines of Table 1.
_ROWS: dict[str, dict[str, Any]] = {
    "none": {},
    "vanilla": {"alpha": 0.0, "beta": 0.0},
    "trans_unlabel": {"alpha": 0.0},
    "dropout_label": {"beta": 0.0, "perturbation": "dropout", "perturbed": "labelled"},
    "trans_label": {"alpha": 0.0},
    "dropout_unlabel": {"beta": 0.0, "perturbation": "dropout", "perturbed": "unlabelled"},
    "word_replacement": {"beta": 0.0, "perturbation": "word_replacement"},
    "gaussian_noise": {"beta": 0.0, "perturbation": "gaussian_noise"},
}


class Conner(OneTarget):
    """Everything that decides the result of a ConNER run."""

    upstream: ClassVar[Mapping[str, Any]] = {
        "seed": 42,
        "source_training.weight_decay": 0.0,
        "source_training.warmup_fraction": 0.0,
        "student.weight_decay": 0.0,
        "student.warmup_fraction": 0.0,
        "student.consistency_mean": "batch",
        "student.supervised_sum": True,
        "pairs.spans.spans": "inside",
        "pairs.incomplete": "sentence",
    }

    source_share: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Share of the source",
        description="Labelled sentences that everything learns from, drawn by the seed; Table 2: 0.05, 0.1 and 0.25.",
    )
    source_training: SequenceTraining = Field(
        SequenceTraining(),
        title="Source training",
        description="Of the vanilla model, which is the baseline and the weak tagger of 2.3.",
    )
    pairs: PairsChoice = Field(
        PairsChoice(), title="Conjugate pairs", description="Spans of raw text and of its translation (2.3)."
    )
    student: ConsistencyTraining = Field(
        ConsistencyTraining(), title="Student", description="Of ConNER: supervised and consistency losses (2.5)."
    )
    checkpoint: Literal["source_dev", "last"] = Field(
        "source_dev",
        title="Checkpoint",
        description="Which epoch of a training goes on: the best on the source's dev set (3.2), or the last.",
    )
    measured_pairs: int = Field(
        500,
        ge=1,
        le=1_000_000,
        title="Measured pairs",
        description="Of how many conjugate pairs the summary tells what the vanilla model and the student say, and how "
        "often that is `illegal`; sentences are drawn by the seed, and whole.",
    )
    ablation: Ablation = Field(
        "none",
        title="Ablation",
        description="A row of Table 4: trans_unlabel and dropout_label keep one consistency, trans_label and "
        "dropout_unlabel take it on the other data; or a baseline of Table 1, such as vanilla.",
    )
    decoding: Decoding = Field(
        Decoding(), title="Decoding", description="From scores of words to tags: by the CRF, or by the emissions alone."
    )

    @model_validator(mode="after")
    def _something_is_left(self) -> "Conner":
        if self.ablation == "trans_label" and self.pairs.imported is not None:
            raise ValueError(
                "ablation trans_label translates labelled sentences, and pairs.imported names pairs of raw ones; leave "
                "pairs.imported out, so that a translator makes them"
            )
        learnt = self.consistency
        if self.ablation != "vanilla" and learnt.alpha == learnt.beta == 0:
            raise ValueError(
                f"ablation {self.ablation} leaves no consistency whose weight is not 0; raise student.alpha or "
                "student.beta, or choose ablation: vanilla"
            )
        return self

    @model_validator(mode="after")
    def _has_no_pseudo_labels_to_correct(self) -> "Conner":
        if self.target.corrections:
            raise ValueError(
                f"target.corrections is {self.target.corrections!r}, but ConNER gives the target text no labels that "
                "could be corrected; leave it out, or choose CoLaDa, UniTrans, CROP or GLoDe"
            )
        return self

    @model_validator(mode="after")
    def _rows_are_what_they_are_called(self) -> "Conner":
        for name in _SECOND_VIEWS:
            said, row = getattr(self.student, name), _ROWS[self.ablation].get(name)
            default = ConsistencyTraining.model_fields[name].default
            if row is not None and said not in (default, row):
                raise ValueError(
                    f"student.{name} is {said}, but ablation {self.ablation} is the row with {row}; leave one of both "
                    "out"
                )
        return self

    @model_validator(mode="after")
    def _second_views_are_others(self) -> "Conner":
        learnt = self.consistency
        if learnt.alpha > 0 and not learnt.views_differ:
            raise ValueError(
                f"student.dropout is {learnt.dropout}, and {learnt.perturbation} makes no second view, so that both "
                "views of L_drop are the same; raise it, or set student.alpha to 0"
            )
        for name, perturbation in (("replaced_share", "word_replacement"), ("noise_deviation", "gaussian_noise")):
            said = getattr(self.student, name)
            is_default = said == ConsistencyTraining.model_fields[name].default
            if learnt.alpha > 0 and learnt.perturbation != perturbation and not is_default:
                raise ValueError(
                    f"student.{name} is {said}, but second views are made by {learnt.perturbation}; leave it out, or "
                    f"choose {perturbation} under ablation or student.perturbation"
                )
        return self

    @model_validator(mode="after")
    def _decodes_what_a_crf_knows(self) -> "Conner":
        if self.decoding.method == "viterbi" and self.decoding.inside_at_start:
            raise ValueError(
                "decoding.inside_at_start is true, but a CRF under BIOES knows no entity without a beginning; leave it "
                "out, or choose decoding.method: argmax"
            )
        return self

    @property
    def consistency(self) -> ConsistencyTraining:
        """Settings of the student's training, as its row of the tables has them."""
        return self.student.seeded(self.seed).model_copy(update=_ROWS[self.ablation]).as_read

    @property
    def translates(self) -> tuple[str, str]:
        """From which language into which sentences are translated: into the source's, but in one row of Table 4."""
        both = (self.target.language, self.source.language)
        return both[::-1] if self.ablation == "trans_label" else both


def algorithm(config: Conner, runtime: Runtime) -> Result:
    """Section 2 of the paper, with all it needs before, and all that is measured on the way.

    Returns:
        The student, the models with their scores, those of the shipped one last, and the pairs counted.
    """
    corpora = read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
    encoder = take_encoder(config.encoder, corpora, config.seed, runtime)
    scoring = Scoring(corpora.tests, config.windows, config.decoding, config.inference)
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)
    dev = source_dev if config.checkpoint == "source_dev" else None
    epochs = Epochs(dev, config.windows, config.decoding, config.inference)
    with stage("D_l^src"):
        d_src = _drawn(corpora.train, config)

    with stage("vanilla"):
        training = epochs.kept(config.source_training.seeded(config.seed))
        vanilla = epochs.chosen("vanilla", train_crf_tagger(d_src, encoder, training, config.windows))
    scoring.model("source-only (vanilla)", vanilla, source_dev)

    student, name, listings = vanilla, "source-only (vanilla)", []
    if config.ablation != "vanilla":
        learnt, pairs, text = epochs.kept(config.consistency), None, None
        if learnt.beta > 0:  # 2.3: translation-based consistency.
            pairs = _conjugate_pairs(config, corpora, d_src, vanilla, scoring, runtime)
            listings.append(pairs_listing("D_l^src" if config.ablation == "trans_label" else "D_u^tgt", pairs))
        if learnt.reads_raw_text:
            text = corpora.target
        name = "student (ConNER)"
        with stage("ConNER"):  # 2.4 and 2.5: from the encoder, as vanilla does.
            trained = train_consistent_tagger(d_src, pairs, text, encoder, learnt, config.windows)
            student = epochs.chosen("ConNER", trained)
        scoring.model(name, student, source_dev)
        if pairs is not None:
            listings.append(_agreement({"source-only (vanilla)": vanilla, name: student}, pairs, config))

    emissions = _by_emissions(config, corpora, student, name)
    scoring.models.sort(key=lambda model: model.reference == student)
    with stage("student"):
        card = student_card(
            "ConNER",
            config,
            config.source,
            (config.target,),
            config.parallel,
            config.encoder,
            beside_labels=_learnt_beside_labels(config),
        )
        scores = tuple(scoring.models[-1].scores[text.name] for text in corpora.tests)
        shipped = export_student(student, (*scores, *emissions.scores.values()), card, (corpora.target,))
    models = [*scoring.models[:-1], emissions, scoring.models[-1]]
    outcomes = scoring.outcomes(scoring.models[-1], d_src)
    return Result(shipped, models, outcomes=outcomes, listings=(*listings, *epochs.listings))


def _learnt_beside_labels(config: Conner) -> list[tuple[str, tuple[str, ...]]]:
    """Kinds and paths of what the student, and the encoder and translator that are made for it, learn from."""
    learnt, imported = config.consistency, config.pairs.imported
    read: list[tuple[str, tuple[str, ...]]] = []
    if learnt.beta > 0 and imported is not None:
        read.append(("conjugate pairs", (imported.original, imported.translated)))
    elif learnt.beta > 0 and config.ablation == "trans_label":
        read.append(("pairs of the labelled sentences with their translations", config.source.train.paths))
    elif learnt.beta > 0:
        read.append(("pairs of unlabelled text with its translation", config.target.text.paths))
    if learnt.reads_raw_text or config.encoder.pretrains:
        read.append(("unlabelled text", config.target.text.paths))
    if config.encoder.pretrains or (learnt.beta > 0 and config.pairs.trains):
        read += [("parallel text", (each.source,)) for each in config.parallel]
    return read


def _drawn(labelled: Reference, config: Conner) -> Reference:
    """D_l^src, or of a low-resource run (3.4) the part that a split of that share sets aside."""
    return labelled if config.source_share == 1 else split_source(labelled, "dev", config.source_share, config.seed)


def _conjugate_pairs(
    config: Conner, corpora: Corpora, d_src: Reference, weak: Reference, scoring: Scoring, runtime: Runtime
) -> Reference:
    """2.3: spans that the weak tagger finds in raw text, and their translations; only its boundaries are used."""
    if config.pairs.imported is not None:
        with stage("imported pairs"):
            return take_pairs(config.pairs, config.translates, runtime)
    parallel = config.parallel
    if config.ablation == "trans_label":
        tagged = d_src
    else:
        turned = ({"source": each.target, "target": each.source} for each in parallel)
        parallel = tuple(each.model_copy(update=sides) for each, sides in zip(parallel, turned, strict=True))
        with stage("candidate spans"):
            tagged = predict_words(weak, corpora.target, config.windows, config.decoding, config.inference)
            if (gold := corpora.target_gold) is not None:
                name = f"candidate spans on {gold.name}"
                scoring.remember(Model("candidate spans", tagged, {gold.name: score(tagged, gold.gold, name)}))
    with stage("conjugate pairs"):
        return make_pairs(config.pairs, tagged, config.translates, parallel, d_src, config.seed, runtime)


def _agreement(models: dict[str, Reference], pairs: Reference, config: Conner) -> Listing:
    """What models say of both sides of pairs, by the emissions that L_trans is of."""
    measured = {}
    for name, model in models.items():
        with stage(f"{name} on pairs"):
            how = (config.measured_pairs, config.seed, config.windows, config.inference)
            measured[name] = measure_pair_agreement(model, pairs, *how)
    return agreement_listing(measured, config.consistency)


def _by_emissions(config: Conner, corpora: Corpora, student: Reference, name: str) -> Model:
    """The labels that a pipeline of transformers gives words, as it cannot hold the student's CRF; scored strictly."""
    alone = Scoring((), config.windows, Decoding(method="argmax"), config.inference)
    return alone.model(f"{name}, emissions alone", student, *corpora.tests)


def check(config: Conner, runtime: Runtime) -> None:
    """Looks at everything the user gave.

    Raises:
        InputError: at the first thing that would stop the run.
    """
    source, target = check_one_target(config, runtime)
    if config.consistency.beta > 0:
        check_pairs(config.pairs, config.parallel, config.translates, runtime)
        if config.pairs.imported is None:
            # The tagger reads the translations, too.
            check_segmenters({"target.text": target} if config.ablation == "trans_label" else {"source.train": source})


@flow(name="conner")
def conner(config: Conner, runtime: Runtime | None = None) -> Reference:
    """ConNER: a tagger learns labels, and to say the same of spans and their translations, and under two dropouts."""
    return carry_out("conner", config, runtime, check, algorithm)
