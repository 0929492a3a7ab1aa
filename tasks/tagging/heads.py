"""What stands above a tagger's encoder: how words are scored, how labels are learnt, how scores become labels.

A head is an object of the protocol below. The linear one is here; another has a module of its own and an entry in
`tasks.tagging.known_heads`. Its name stands in the configuration of every checkpoint, so that steps which label or
predict find it there. Steps that train name their head themselves: a new head, or a change of another one, trains
nothing anew.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from artifacts.errors import InputError
from tasks.tagging.decoding import Decoding, decode_words

Batch = Mapping[str, torch.Tensor]
"""input_ids and attention_mask [B, L]; word_rows and word_positions [n], the places of its words' first sub-words; what
else a training needs of each word, such as `hard`, [n] label ids."""

CONFIG_KEY = "crosstag_head"


class Head(Protocol):
    """A kind of head; it keeps nothing itself, all weights are in the model.

    A model has `config` and `base_model`, the encoder, as transformers' own, and is saved by `save_pretrained` so that
    `AutoModel` finds the encoder in its folder. C is the number of a tagger's labels, W what the head needs per word.
    """

    @property
    def name(self) -> str:
        """Stands in the configuration of checkpoints."""

    @property
    def in_pipelines(self) -> bool:
        """Whether transformers.pipeline loads a folder, and labels as the tagger does."""

    def load(self, folder: Path, labels: Sequence[str] | None, **options: Any) -> Any:
        """The model in a folder, whose head is a new one for the given labels, if there are any.

        Args:
            folder: of an encoder, or of a tagger with this head.
            labels: in the order of their ids; None: those that the folder's tagger has.
            options: for `from_pretrained`; weights that the folder lacks are drawn by the model's `_init_weights`.
        """

    def labels(self, model: Any) -> list[str]:
        """[C] the IOB2 labels, by id."""

    def width(self, model: Any) -> int:
        """W."""

    def outputs(self, model: Any, batch: Batch) -> torch.Tensor:
        """[n, W] float32 scores of the batch's words."""

    def label_logits(self, model: Any, outputs: torch.Tensor) -> torch.Tensor:
        """[n, C] of outputs [n, W]: their softmax is a word's probabilities; what is learnt from soft labels."""

    def losses(self, model: Any, outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        """[n] losses in nats of outputs [n, W] against `hard`; the mean over a sentence's words is its loss."""

    def decode(self, model: Any, outputs: torch.Tensor, lengths: np.ndarray, decoding: Decoding) -> np.ndarray:
        """[N] int64 label ids of a corpus: outputs [N, W] on the CPU, lengths [M] words of each sentence."""


class LinearHead:
    """One score per label from a word's first sub-word; the folder is what AutoModelForTokenClassification loads."""

    name = "linear"
    in_pipelines = True

    def load(self, folder: Path, labels: Sequence[str] | None, **options: Any) -> Any:
        """The model in a folder; labels make its head a new one."""
        from transformers import AutoModelForTokenClassification

        if labels is not None:
            names = dict(enumerate(labels))
            options |= {"id2label": names, "label2id": {name: i for i, name in names.items()}}
        return AutoModelForTokenClassification.from_pretrained(folder, **options)

    def labels(self, model: Any) -> list[str]:
        """[C] the labels, by id."""
        return [model.config.id2label[i] for i in range(model.config.num_labels)]

    def width(self, model: Any) -> int:
        """C."""
        return int(model.config.num_labels)

    def outputs(self, model: Any, batch: Batch) -> torch.Tensor:
        """[n, C] the logits of the words."""
        return first_subword_logits(model, batch)

    def label_logits(self, model: Any, outputs: torch.Tensor) -> torch.Tensor:
        """[n, C] the logits themselves."""
        return outputs

    def losses(self, model: Any, outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        """[n] cross-entropy of every word with its label (the summand of UniTrans, Eq. 8)."""
        return cross_entropy(outputs, batch["hard"], reduction="none")

    def decode(self, model: Any, outputs: torch.Tensor, lengths: np.ndarray, decoding: Decoding) -> np.ndarray:
        """[N] by Viterbi under the rules of IOB2, or word by word."""
        return decode_words(outputs.softmax(dim=-1).numpy(), lengths, self.labels(model), decoding)


LINEAR = LinearHead()


def word_logits(head: Head, model: Any, batch: Batch) -> torch.Tensor:
    """[n, C] logits of the batch's words over the labels: their softmax is a word's probabilities."""
    return head.label_logits(model, head.outputs(model, batch))


def first_subword_logits(model: Any, batch: Batch) -> torch.Tensor:
    """[n, W] float32 logits of the batch's words by a model of transformers, each read at its first sub-word."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    chosen: torch.Tensor = logits[batch["word_rows"], batch["word_positions"]].float()
    return chosen


def head_named_in(folder: Path) -> str:
    """The name of the head that a tagger's folder has.

    Raises:
        InputError: if its configuration cannot be read.
    """
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get(CONFIG_KEY, LINEAR.name))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"model folder {folder.name}: {error}; expected config.json, model.safetensors and tokenizer.json"
        ) from error
