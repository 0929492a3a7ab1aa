"""Pretrain a small encoder on the corpora's own text, with translations where there are any."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator
from tokenizers import Tokenizer
from torch import nn

from artifacts.catalog import ENCODER, AnySentences, Parallel
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.corpus.segmenters import SEGMENTERS, UNSPACED, language_code
from tasks.corpus.text import word_splitter
from tasks.encoding.masking import PAD, Examples, assemble, choose_masked, hide
from tasks.encoding.vocabulary import train_wordpiece
from tasks.training.config import TrainingConfig
from tasks.training.loop import Checkpoints, Collate, Progress, TrainingHistory, planned_updates, train


class Pretraining(TrainingConfig):
    """Settings of an encoder pretrained from scratch."""

    epochs: int = Field(20, ge=1, le=1000, title="Epochs", description="Passes over the examples.")
    learning_rate: float = Field(
        1e-3, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    subwords_per_batch: int = Field(
        4096, ge=16, title="Sub-words per batch", description="Sub-words of one update, padding included."
    )
    vocabulary_size: int = Field(6000, ge=64, title="Vocabulary", description="Most word pieces of the tokenizer.")
    layers: int = Field(3, ge=1, le=48, title="Layers", description="Transformer layers.")
    hidden_size: int = Field(192, ge=8, title="Width", description="Units of a layer; a multiple of the heads.")
    heads: int = Field(4, ge=1, title="Heads", description="Attention heads of a layer.")
    intermediate_size: int = Field(768, ge=8, title="Inner width", description="Units inside the feed-forward part.")
    max_length_subwords: int = Field(
        128, ge=8, title="Longest sentence", description="Sub-words of a sentence, [CLS] and [SEP] included."
    )
    masked_fraction: float = Field(
        0.15, gt=0, lt=1, title="Masked share", description="Share of sub-words hidden in a sentence, 0 to 1."
    )
    pair_masked_fraction: float = Field(
        0.15, gt=0, lt=1, title="Masked share of pairs", description="The same in a pair of translations, 0 to 1."
    )
    whole_words: bool = Field(False, title="Whole words", description="Hide all sub-words of a word together.")
    pair_repeats: int = Field(
        1, ge=0, le=100, title="Pair repeats", description="Times per epoch that each pair is seen as a pair."
    )

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "Pretraining":
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        return self

    @model_validator(mode="after")
    def _an_update_is_a_pass(self) -> "Pretraining":
        # Its loss is the mean over what a pass hides; the sum over several would be no mean.
        if self.passes_per_update > 1 or self.sentences_per_batch is not None:
            raise ValueError(
                f"passes_per_update is {self.passes_per_update} and sentences_per_batch {self.sentences_per_batch}; "
                "an update of a pretraining is one pass: leave both out"
            )
        return self


def make_examples(
    tokenizer: Tokenizer, lines: Sequence[str], pairs: Sequence[tuple[str, str]], config: Pretraining
) -> Examples:
    """Every line and every side of a pair alone, and each pair `pair_repeats` times as a pair.

    A line that is too long is cut into several; each side of a pair is cut off.
    """
    room = config.max_length_subwords - 2
    sides = [side for pair in pairs for side in pair]
    encoded = tokenizer.encode_batch([*lines, *sides], add_special_tokens=False)
    pieces = [np.array(encoding.ids, dtype=np.int32) for encoding in encoded]
    alone = [line[i : i + room] for line in pieces for i in range(0, len(line), room)]
    first, second = pieces[len(lines) :: 2], pieces[len(lines) + 1 :: 2]
    paired = [(a[:room], b[:room]) for a, b in zip(first, second, strict=True) if len(a) and len(b)]
    repeated = paired * config.pair_repeats
    empty = np.zeros(0, dtype=np.int32)
    return Examples([*alone, *(a for a, _ in repeated)], [*(empty for _ in alone), *(b for _, b in repeated)])


def make_encoder(config: Pretraining, vocabulary_size: int) -> Any:
    """A BertForMaskedLM with random weights, decided by the seed."""
    from transformers import BertConfig, BertForMaskedLM

    shape = BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.intermediate_size,
        max_position_embeddings=config.max_length_subwords,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout,
        pad_token_id=PAD,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return BertForMaskedLM(shape)


def masked_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross entropy of the hidden pieces, 0 where nothing is hidden; scores are computed for these alone."""
    hidden = model.bert(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        position_ids=batch["position_ids"],
    ).last_hidden_state
    if len(batch["targets"]) == 0:  # All pieces of the batch are unknown.
        return 0 * hidden.sum()
    chosen = hidden.flatten(0, 1).index_select(0, batch["masked_at"])
    return nn.functional.cross_entropy(model.cls(chosen).float(), batch["targets"])


def make_collate(examples: Examples, continues: torch.Tensor, config: Pretraining) -> Collate:
    """The batches of `train`: which pieces are hidden, and which side of a pair is first, is drawn each time."""
    is_pair = np.array([len(second) > 0 for second in examples.second])
    fractions = torch.where(torch.from_numpy(is_pair), config.pair_masked_fraction, config.masked_fraction)

    def collate(rows: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        swapped = torch.rand(len(rows), generator=noise).numpy() < 0.5
        batch = assemble(examples, rows, swapped)
        whole = continues if config.whole_words else None
        masked = choose_masked(batch["input_ids"], fractions[torch.from_numpy(rows)], whole, noise)
        batch["masked_at"] = masked.flatten().nonzero().squeeze(1)
        batch["targets"] = batch["input_ids"][masked]
        batch["input_ids"] = hide(batch["input_ids"], masked, len(continues), noise)
        return batch

    return collate


def pretrain(
    tokenizer: Tokenizer,
    examples: Examples,
    config: Pretraining,
    *,
    device: str,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
) -> tuple[Any, TrainingHistory]:
    """Masked language modelling over sentences, translation language modelling over pairs, in mixed batches."""
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    continues = torch.tensor([piece.startswith("##") for piece, _ in vocabulary])
    model = make_encoder(config, len(vocabulary))
    collate = make_collate(examples, continues, config)
    history = train(
        model,
        examples.lengths(),
        collate,
        masked_loss,
        config,
        device=device,
        checkpoints=checkpoints,
        progress=progress,
    )
    return model, history


def save_encoder(model: Any, tokenizer: Tokenizer, config: Pretraining, folder: Path) -> None:
    """Saves the encoder with its masked-language head, and the tokenizer, as transformers' Auto classes load them."""
    from transformers import PreTrainedTokenizerFast

    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=config.max_length_subwords,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)


@step(ENCODER)
def pretrain_encoder(
    job: Job, texts: tuple[AnySentences, ...], parallel: tuple[Parallel, ...], config: Pretraining
) -> None:
    """Trains a tokenizer and a small encoder on sentences and, if there are any, their translations.

    Sides in a language without spaces are split as the sentences in it are, into characters where these came as words.
    """
    lines = [" ".join(words) for text in texts for words in job.table(text, columns=["words"])["words"].to_pylist()]
    split_by = {language_code(about["language"]): about.get("splitter") for about in map(job.metadata, texts)}
    pairs: list[tuple[str, str]] = []
    for reference in parallel:
        pairs += zip(*(_side(job, reference, side, split_by) for side in ("source", "target")), strict=True)
    tokenizer = train_wordpiece([*lines, *(side for pair in pairs for side in pair)], config.vocabulary_size)
    examples = make_examples(tokenizer, lines, pairs, config)
    updates = planned_updates(examples.lengths(), config)
    checkpoints = Checkpoints(job.work_folder, job.checkpoint_minutes)
    with job.progress("pretraining", total=updates, unit="updates") as advance:
        model, history = pretrain(
            tokenizer, examples, config, device=job.device, checkpoints=checkpoints, progress=advance
        )
    save_encoder(model.cpu(), tokenizer, config, job.output_folder)
    job.describe({"masked_language_head": "pretrained"})
    job.note(
        losses=history.losses,
        updates=history.updates,
        subwords=history.subwords,
        resumed_at=history.resumed_at,
        examples=len(examples.first),
    )


def _side(job: Job, parallel: Reference, side: str, split_by: Mapping[str, Any]) -> list[str]:
    """The sentences of one side, with spaces between words; `split_by` says by language what splits its sentences."""
    sentences: list[str] = job.table(parallel, columns=[side])[side].to_pylist()
    language = job.metadata(parallel)[f"{side}_language"]
    code = language_code(language)
    if code not in UNSPACED:
        return sentences
    segmenter = split_by.get(code)
    split = word_splitter(language, segmenter=segmenter if segmenter in SEGMENTERS else "characters")
    return [" ".join(split(sentence)) for sentence in sentences]
