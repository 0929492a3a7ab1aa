"""Train a translator on plain and marked sentence pairs (CROP, 3.3)."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import nn
from torch.utils.checkpoint import checkpoint

from artifacts.catalog import TRANSLATOR, MarkedPairs, Translator
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.training.config import TrainingConfig
from tasks.training.loop import Checkpoints, Progress, TrainingHistory, planned_updates, train
from tasks.translation.machine.card import TranslatorCard, read_card, write_card
from tasks.translation.machine.languages import known_language, m2m100_languages
from tasks.translation.machine.marker_symbols import add_markers, markers_needed, spelt_markers
from tasks.translation.machine.subword_model import model_vocabulary_size, save_tokenizer, train_subwords
from tasks.translation.machine.translation_rows import IGNORED, Pair, Rows, encode_rows, make_collate, turned
from tasks.translation.machine.translator import languages_of, load_tokenizer, load_translator
from tasks.translation.marked.markers import PAPER_MARKERS

_MOST_SCORES = 2**26  # 256 MB in float32: 523 sub-words at a time of M2M100, all of a small translator's
_POSITIONS = 1024  # As M2M100 has; they are computed, not learnt.


class TranslatorTraining(TrainingConfig):
    """Settings of a translator: of its training, and of its shape if it starts from nothing."""

    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over plain and marked pairs.")
    learning_rate: float = Field(
        1e-3, gt=0, le=1, title="Learning rate", description="Peak of AdamW, per update; 1e-4 to fine-tune (paper)."
    )
    subwords_per_batch: int = Field(
        4096,
        ge=16,
        title="Sub-words per batch",
        description="Sub-words of one update, source and target together, padding included.",
    )
    vocabulary_size: int = Field(8000, ge=300, title="Vocabulary", description="Most sub-words, of all languages.")
    encoder_layers: int = Field(4, ge=1, le=48, title="Encoder layers", description="Transformer layers that read.")
    decoder_layers: int = Field(2, ge=1, le=48, title="Decoder layers", description="Transformer layers that write.")
    hidden_size: int = Field(256, ge=8, title="Width", description="Units of a layer; a multiple of the heads.")
    heads: int = Field(4, ge=1, title="Heads", description="Attention heads of a layer.")
    intermediate_size: int = Field(1024, ge=8, title="Inner width", description="Units inside the feed-forward part.")
    max_length_subwords: int = Field(
        128,
        ge=8,
        le=_POSITIONS,
        title="Longest sentence",
        description="Sub-words of a side, special ones included; longer pairs are left out.",
    )
    label_smoothing: float = Field(
        0.1, ge=0, lt=1, title="Label smoothing", description="Share of the target spread over all sub-words."
    )
    alpha: float | None = Field(
        0.5,
        gt=0,
        lt=1,
        title="Weight of plain pairs",
        description="Alpha of CROP's Eq. 6 (paper: 0.5); empty: every sub-word counts alike, so alpha is the share of "
        "plain pairs' sub-words (published code).",
    )
    sampling_temperature: float = Field(
        1.0,
        ge=1,
        title="Sampling temperature",
        description="T: pairs of languages come in proportion to n^(1/T) of their n training pairs, an epoch staying "
        "as long as it is. 1: as they are (the paper says nothing); the published code takes 5.",
    )
    both_directions: bool = Field(
        False, title="Both directions", description="Also learn to translate from the target to the source language."
    )

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "TranslatorTraining":
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        return self


def translation_loss(
    model: nn.Module, batch: dict[str, torch.Tensor], smoothing: float, most_scores: int = _MOST_SCORES
) -> torch.Tensor:
    """Label-smoothed cross entropy in float32, weighted mean over the update's sub-words; padding is not scored.

    Of one sub-word y with smoothing e and V sub-words: -(1 - e) log p_y - (e / V) sum_v log p_v.

    Scores of all sub-words over the whole vocabulary are the dearest part: with M2M100's 128,112 they take 1.5 MB a
    sub-word, gradients included. So they are computed of some sub-words at a time, and again in the backward pass; if
    all have room at once, once.

    Args:
        model: an M2M100.
        batch: from `make_collate`, with `learnt`, the sub-words to learn of all passes of the update.
        smoothing: e.
        most_scores: how many are computed at a time.
    """
    m2m: Any = model
    hidden = m2m.model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        decoder_input_ids=batch["decoder_input_ids"],
        use_cache=False,
    ).last_hidden_state
    labels = batch["labels"].flatten()
    real = (labels != IGNORED).nonzero().squeeze(1)
    learnt = hidden.flatten(0, 1).index_select(0, real)
    weights = batch["weights"].repeat_interleave(batch["labels"].shape[1]).index_select(0, real)
    size = max(1, most_scores // m2m.config.vocab_size)
    parts = list(zip(learnt.split(size), labels[real].split(size), weights.split(size), strict=True))
    if len(parts) == 1:
        return _weighted_losses(m2m.lm_head, *parts[0], smoothing) / batch["learnt"]
    sums = [
        checkpoint(_weighted_losses, m2m.lm_head, *part, smoothing, use_reentrant=False, preserve_rng_state=False)
        for part in parts
    ]
    return torch.stack(sums).sum() / batch["learnt"]


def _weighted_losses(
    head: nn.Module, hidden: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """The sum of the losses of some sub-words, each times its weight."""
    scores = head(hidden).float()
    losses = nn.functional.cross_entropy(scores, labels, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum()


def make_model(config: TranslatorTraining, pieces: int) -> Any:
    """An M2M100ForConditionalGeneration with random weights by the seed; output scores share the embeddings'."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    shape = M2M100Config(
        vocab_size=model_vocabulary_size(pieces),
        d_model=config.hidden_size,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        encoder_attention_heads=config.heads,
        decoder_attention_heads=config.heads,
        encoder_ffn_dim=config.intermediate_size,
        decoder_ffn_dim=config.intermediate_size,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        dropout=config.dropout,
        attention_dropout=config.dropout,
        max_position_embeddings=_POSITIONS,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return M2M100ForConditionalGeneration(shape)


def set_dropout(model: nn.Module, dropout: float) -> None:
    """Gives every layer of a loaded translator this dropout, attention included, and drops no whole layers."""
    module: Any
    for module in model.modules():
        if isinstance(getattr(module, "dropout", None), float):
            module.dropout = dropout
        if hasattr(module, "layerdrop"):
            module.layerdrop = 0.0


def fit(
    model: Any,
    rows: Rows,
    config: TranslatorTraining,
    *,
    device: str,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
) -> TrainingHistory:
    """Trains a translator in place; plain and marked pairs come mixed in every batch (Eq. 6)."""
    return train(
        model,
        rows.lengths(),
        make_collate(rows, model.config.pad_token_id),
        partial(translation_loss, smoothing=config.label_smoothing),
        config,
        device=device,
        checkpoints=checkpoints,
        of_update=lambda chosen: {"learnt": torch.tensor(sum(len(rows.target[i]) - 1 for i in chosen))},
        progress=progress,
    )


@step(TRANSLATOR)
def train_translator(
    job: Job, pairs: tuple[MarkedPairs, ...], start: Translator | None, config: TranslatorTraining
) -> None:
    """Trains a translator from scratch, or fine-tunes `start`.

    `start` keeps its shape, and its tokenizer but for markers of the pairs that this one spells in pieces: they become
    symbols of their own.
    """
    codes = m2m100_languages()
    known: tuple[Literal["slot"], ...] | None = ()
    if start is not None:
        card = read_card(job.folder(start))
        if card.family != "m2m100":
            raise InputError(f"artifact {start}: a {card.family}, and an M2M100 alone can be trained further; give one")
        codes, known = languages_of(job.folder(start), card.family), card.markers
    text = partial(_read, job, pairs, config.both_directions, codes)
    markers = markers_needed(pair.source for pair in text())
    spelt: list[str] = []
    if start is None:
        lines = chain((pair.source for pair in text()), (pair.target for pair in text()))
        model_bytes = train_subwords(lines, config.vocabulary_size, max(markers, PAPER_MARKERS))
        pieces = save_tokenizer(model_bytes, job.output_folder, config.max_length_subwords)
        tokenizer = load_tokenizer(job.output_folder)
        model = make_model(config, pieces)
    else:
        model, tokenizer = load_translator(job.folder(start))
        set_dropout(model, config.dropout)
        if spelt := spelt_markers(tokenizer, markers):
            tokenizer = add_markers(model, tokenizer, spelt, job.output_folder)
        else:
            tokenizer.save_pretrained(job.output_folder)
    drawing = (config.sampling_temperature, config.seed)
    rows = encode_rows(tokenizer, text(), config.max_length_subwords, config.alpha, *drawing)
    updates = planned_updates(rows.lengths(), config)
    checkpoints = Checkpoints(job.work_folder, job.checkpoint_minutes)
    with job.progress("training a translator", total=updates, unit="updates") as advance:
        history = fit(model, rows, config, device=job.device, checkpoints=checkpoints, progress=advance)
    model.config._name_or_path = ""  # Where `start` was loaded from says nothing about this model.
    model.cpu().save_pretrained(job.output_folder)
    if known is not None and rows.marked.any():  # What another was trained on elsewhere, nobody knows.
        known = ("slot",)
    write_card(TranslatorCard(family="m2m100", languages=codes, markers=known), job.output_folder)
    languages = sorted({each for reference in pairs for each in _languages(job, reference, codes)})
    kept = {"plain": int(np.count_nonzero(~rows.marked)), "marked": int(np.count_nonzero(rows.marked))}
    job.describe({"languages": languages, "pairs": kept, "left_out": rows.left_out})
    job.note(
        losses=history.losses,
        updates=history.updates,
        subwords=history.subwords,
        resumed_at=history.resumed_at,
        seconds=history.seconds,
        pairs=len(rows.source),
        pairs_too_long=sum(rows.left_out.values()),
        markers_added=len(spelt),
        plain_subwords_share=rows.plain_share,
    )


def _read(
    job: Job, references: tuple[MarkedPairs, ...], both_directions: bool, codes: tuple[str, ...]
) -> Iterator[Pair]:
    """All pairs of all references; turned round, too, if asked: all in one direction, then all in the other."""
    for turn in (False, True)[: 1 + both_directions]:
        for reference in references:
            languages = _languages(job, reference, codes)
            for batch in job.batches(reference, ["source", "target", "spans"]):
                for source, target, spans in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    pair = Pair(source, target, languages, spans > 0)
                    yield turned(pair) if turn else pair


def _languages(job: Job, reference: MarkedPairs, codes: tuple[str, ...]) -> tuple[str, str]:
    """The translator's names of the languages of pairs."""
    metadata = job.metadata(reference)
    return known_language(metadata["source_language"], codes), known_language(metadata["target_language"], codes)
