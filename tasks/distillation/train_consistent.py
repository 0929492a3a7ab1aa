"""ConNER: train a tagger on labelled sentences, and to say the same of what is the same (2.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from artifacts.catalog import TAGGER, AnySentences, ConjugatePairs, LabelledOrTranslation
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.distillation.consistency_losses import Divergence, divergence, mean_of_groups, total_loss
from tasks.distillation.paired_windows import PairedWindows, paired_windows, part_of
from tasks.distillation.second_views import Perturbation, noise_on_second_half, with_replaced_words
from tasks.distillation.sentence_stream import Drawn, SentenceStream
from tasks.distillation.span_probabilities import legal_alone, span_log_probabilities
from tasks.tagging.crf_head import CRF, sequence_losses
from tasks.tagging.fitting import Objective, sentence_shares
from tasks.tagging.heads import Batch
from tasks.tagging.train_crf_tagger import SequenceTraining, labelled_sequences
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, Windows, collate_words, make_windows
from tasks.words.bioes import bioes_labels

_TEXT = "text_"


class ConsistencyTraining(SequenceTraining):
    """Settings of ConNER's training (3.2: alpha = beta = 0.5, 16 labelled and 16 unlabelled sentences)."""

    sentences_per_batch: int | None = Field(
        16, ge=1, title="Labelled sentences per batch", description="Labelled sentences of one update (paper: 16)."
    )
    unlabelled_per_batch: int = Field(
        16,
        ge=1,
        title="Unlabelled sentences per batch",
        description="Sentences with a conjugate pair, each with its translation, beside them (paper: 16); and raw "
        "ones, where these are perturbed.",
    )
    alpha: float = Field(
        0.5, ge=0, le=100, title="Alpha", description="Weight of L_drop (Eq. 3-4); 0 leaves it out. Paper: 0.5."
    )
    beta: float = Field(
        0.5, ge=0, le=100, title="Beta", description="Weight of L_trans (Eq. 2, 4); 0 leaves it out. Paper: 0.5."
    )
    divergence: Divergence = Field(
        "both",
        title="Divergence",
        description="Of a span's prediction and its translation's. both: bidirectional (Eq. 5c); unlabel: the "
        "sentence's is the truth (5a); trans: the translation's is (5b).",
    )
    illegal: Literal["class", "left_out"] = Field(
        "class",
        title="Illegal labels",
        description="What BIOES does not allow a span. class: a class like any other in the divergence (Algorithm 1), "
        "so that to agree on it is rewarded, too; left_out: types and O are normalised without it (not in the paper).",
    )
    perturbation: Perturbation = Field(
        "dropout",
        title="Perturbation",
        description="What makes the second view of L_drop. dropout: another draw of it (2.4); word_replacement, "
        "gaussian_noise: baselines as Table 1 has, beside that other draw; words become sub-words of the text, "
        "not by those of a masked language model as in the paper's MLM-replace.",
    )
    perturbed: Literal["labelled", "unlabelled"] = Field(
        "labelled",
        title="Perturbed data",
        description="Which sentences have two views: the labelled ones (2.4), or raw text of the target language "
        "(Table 4, dropout-unlabel).",
    )
    replaced_share: float = Field(
        0.15, ge=0, le=1, title="Replaced words", description="Share of words, for word_replacement."
    )
    noise_deviation: float = Field(
        0.075, ge=0, le=10, title="Noise", description="Standard deviation on embeddings, for gaussian_noise."
    )
    consistency_mean: Literal["sentence", "batch"] = Field(
        "sentence",
        title="Mean of the consistencies",
        description="sentence: every sentence weighs the same (1/m and 1/n of Eq. 2 and 3); batch: every span, or "
        "word, of a batch does (the published code).",
    )
    supervised_sum: bool = Field(
        False,
        title="Sum of the supervised losses",
        description="Add the labelled sentences' losses up over the batch (the published code), so that alpha and beta "
        "weigh less the larger it is; false: their mean.",
    )

    @model_validator(mode="after")
    def _batches_have_sentences(self) -> Self:
        if self.sentences_per_batch is None:
            raise ValueError("sentences_per_batch is empty; expected a number, such as 16, beside unlabelled_per_batch")
        return self

    @property
    def noise(self) -> float:
        """Standard deviation of the noise on second views."""
        return self.noise_deviation if self.perturbation == "gaussian_noise" else 0.0

    @property
    def replaced(self) -> float:
        """Share of words that are replaced in second views."""
        return self.replaced_share if self.perturbation == "word_replacement" else 0.0

    @property
    def views_differ(self) -> bool:
        """Whether anything makes a second view another one than the first."""
        return self.dropout > 0 or self.noise > 0 or self.replaced > 0

    @property
    def reads_raw_text(self) -> bool:
        """Whether second views are of raw sentences."""
        return self.alpha > 0 and self.perturbed == "unlabelled"

    @property
    def as_read(self) -> Self:
        """The same training, with defaults where it does not read a setting."""
        read = {
            "divergence": self.beta > 0,
            "illegal": self.beta > 0,
            "unlabelled_per_batch": self.beta > 0 or self.reads_raw_text,
            "perturbation": self.alpha > 0,
            "perturbed": self.alpha > 0,
            "replaced_share": self.alpha > 0 and self.perturbation == "word_replacement",
            "noise_deviation": self.alpha > 0 and self.perturbation == "gaussian_noise",
            "consistency_mean": self.alpha > 0 or self.beta > 0,
        }
        return self.where_read(read)


@step(TAGGER)
def train_consistent_tagger(
    job: Job,
    data: LabelledOrTranslation,
    pairs: ConjugatePairs | None,
    text: AnySentences | None,
    start: EncoderOrTagger,
    config: ConsistencyTraining,
    windows: WindowConfig,
) -> None:
    """Trains a tagger with a CRF by L_CE + alpha L_drop + beta L_trans (Eq. 4).

    `pairs` are needed if beta is not 0, `text` if it is perturbed; labels that `text` may have are not read.

    Raises:
        InputError: if what a loss is computed on is not given, or is given to none.
    """
    _check_given(config, pairs, text)
    labels = job.metadata(data)["labels"]
    model, tokenizer = start_tagger(job, start, labels, data.kind, config, windows, CRF)
    cut, targets = labelled_sequences(job, data, labels, tokenizer, windows)
    paired = paired_windows(job.table(pairs), tokenizer, windows) if pairs else None
    raw = None
    if text is not None:
        words = [each for each in job.table(text, columns=["words"])["words"].to_pylist() if each]
        raw = make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)
    drawn = Drawn()
    objective = Consistency(config, bioes_labels(labels), cut, targets["bioes"], paired, raw, drawn).objective()
    train_and_save(job, model, tokenizer, labels, objective, config, "consistency training", beside=drawn)
    if paired is not None:
        job.note(pairs=len(paired.sentences), sentences_with_pairs=len(paired.original.word_counts))


@dataclass(frozen=True)
class Consistency:
    """What ConNER minimises on labelled windows, conjugate pairs and raw windows; `drawn` counts its updates."""

    config: ConsistencyTraining
    labels: list[str]
    cut: Windows
    bioes: np.ndarray
    paired: PairedWindows | None
    raw: Windows | None
    drawn: Drawn

    def objective(self) -> Objective:
        """Batches of labelled sentences with, in the first pass of each update, their share of the other two."""
        config = self.config
        targets = {"bioes": self.bioes, "share": sentence_shares(self.cut.word_counts, 1.0)}
        streams: list[Callable[[int, torch.Generator], dict[str, torch.Tensor]]] = []
        if self.paired is not None:
            streams.append(self._pairs(self.paired))
        if self.raw is not None:
            streams.append(self._text(self.raw))
        waiting: list[int] = []

        def of_update(rows: np.ndarray) -> dict[str, torch.Tensor]:
            waiting[:] = [self.drawn.batches]
            self.drawn.batches += 1
            words, _, _ = self.cut.scored_words(rows)
            counts = {"words": len(words), "in_update": len(np.unique(self.cut.sentences[rows]))}
            return {name: torch.tensor(count) for name, count in counts.items()}

        def collate(rows: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
            batch = collate_words(self.cut, targets, rows)
            if config.perturbed == "labelled" and config.alpha > 0:
                batch["second_ids"] = self._second_ids(self.cut, rows, batch["input_ids"], noise)
            for number in waiting:
                for stream in streams:
                    batch |= stream(number, noise)
            waiting.clear()
            return batch

        return Objective(self.cut.lengths, self.cut.sentences, collate, of_update, self.loss)

    def loss(self, model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """L_total of a pass; those of an update's passes add up to its own."""
        config, nothing = self.config, torch.zeros((), device=batch["input_ids"].device)
        first, second = self._views(model, batch)
        supervised = sequence_losses(model, first, batch["bioes"], batch["word_rows"]).sum()
        if not config.supervised_sum:
            supervised = supervised / batch["in_update"]
        drop, trans = nothing, nothing
        if second is not None:
            each = token_divergence(first, second)
            drop = each.sum() / batch["words"]
            if config.consistency_mean == "sentence":
                drop = (each * batch["share"]).sum() / batch["in_update"]
        if raw := {name.removeprefix(_TEXT): part for name, part in batch.items() if name.startswith(_TEXT)}:
            one, other = self._views(model, raw)
            assert other is not None
            drop = self._mean(token_divergence(one, other), raw["sentences"])
        if pairs := part_of(batch):
            trans = self._mean(self.span_divergence(CRF.outputs(model, pairs), pairs), pairs["sentences"])
        return total_loss(supervised, drop, trans, config.alpha, config.beta)

    def span_divergence(self, logits: torch.Tensor, pairs: Batch) -> torch.Tensor:
        """[P] D_div of every pair (the summand of Eq. 2), by the emissions of the words of both sides."""
        first, second = (
            span_log_probabilities(logits, pairs[f"{side}_starts"], pairs[f"{side}_ends"], self.labels)
            for side in ("first", "second")
        )
        if self.config.illegal == "left_out":
            first, second = legal_alone(first), legal_alone(second)
        return divergence(first, second, self.config.divergence)

    def _mean(self, values: torch.Tensor, sentences: torch.Tensor) -> torch.Tensor:
        return values.mean() if self.config.consistency_mean == "batch" else mean_of_groups(values, sentences)

    def _views(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Emissions of the words of one view, or of two in one pass of the encoder."""
        if "second_ids" not in batch:
            return CRF.outputs(model, batch), None
        rows, count = batch["word_rows"], len(batch["input_ids"])
        twice = {
            "input_ids": torch.cat([batch["input_ids"], batch["second_ids"]]),
            "attention_mask": batch["attention_mask"].repeat(2, 1),
            "word_rows": torch.cat([rows, rows + count]),
            "word_positions": batch["word_positions"].repeat(2),
        }
        with noise_on_second_half(model, self.config.noise):
            first, second = CRF.outputs(model, twice).chunk(2)
        return first, second

    def _second_ids(
        self, windows: Windows, rows: np.ndarray, ids: torch.Tensor, noise: torch.Generator
    ) -> torch.Tensor:
        share = self.config.replaced
        return with_replaced_words(windows, rows, ids, share, noise) if share > 0 else ids

    def _pairs(self, paired: PairedWindows) -> Callable[[int, torch.Generator], dict[str, torch.Tensor]]:
        config, original = self.config, paired.original
        stream = SentenceStream(original.lengths, original.sentences, config.unlabelled_per_batch, config.seed)
        return lambda number, noise: paired.collate(stream.batch(number))

    def _text(self, raw: Windows) -> Callable[[int, torch.Generator], dict[str, torch.Tensor]]:
        stream = SentenceStream(raw.lengths, raw.sentences, self.config.unlabelled_per_batch, self.config.seed)

        def of_text(number: int, noise: torch.Generator) -> dict[str, torch.Tensor]:
            rows = stream.batch(number)
            batch = collate_words(raw, {"sentences": raw.word_sentences}, rows)
            batch["second_ids"] = self._second_ids(raw, rows, batch["input_ids"], noise)
            return {f"{_TEXT}{name}": tensor for name, tensor in batch.items()}

        return of_text


def token_divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """[n] bidirectional KL of two predictions of each word (the summand of Eq. 3), by emissions [n, W]."""
    return divergence(first.log_softmax(dim=-1), second.log_softmax(dim=-1))


def _check_given(config: ConsistencyTraining, pairs: ConjugatePairs | None, text: AnySentences | None) -> None:
    perturbed = f"alpha is {config.alpha} and {config.perturbed} sentences are perturbed"
    for given, needed, name, why in (
        (pairs, config.beta > 0, "conjugate pairs", f"beta is {config.beta}"),
        (text, config.reads_raw_text, "raw text", perturbed),
    ):
        if needed != (given is not None):
            found, expected = ("none", "some") if needed else ("some", "none")
            raise InputError(f"consistency training: found {found} {name}, expected {expected}, as {why}")
