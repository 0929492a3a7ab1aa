"""A head that scores whole label sequences: a CRF under BIOES over a linear layer (ConNER, 3.2)."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from artifacts.errors import InputError
from tasks.tagging.crf import Crf
from tasks.tagging.decoding import Decoding, best_label_paths
from tasks.tagging.heads import Batch, first_subword_logits
from tasks.words.bioes import bioes_labels, ends, follows, iob2_ids, starts


class CrfHead:
    """Emissions of BIOES labels at a word's first sub-word, and a CRF over them.

    The folder is what AutoModelForTokenClassification loads, without the CRF: `id2label` names each BIOES label by its
    IOB2 label, so that a pipeline gives well-formed labels by the emissions alone. W is 4 T + 1 for T types.
    """

    name = "crf"
    in_pipelines = False  # It loads the folder, but labels by the emissions alone.

    def load(self, folder: Path, labels: Sequence[str] | None, **options: Any) -> Any:
        """The model in a folder; labels make its head a new one."""
        from transformers import AutoConfig, AutoModelForTokenClassification

        if labels is not None:
            names = dict(enumerate(np.array(labels)[iob2_ids(labels)].tolist()))
            options |= {"id2label": names, "label2id": {label: i for i, label in reversed(names.items())}}
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        kind = AutoModelForTokenClassification._model_mapping[type(config)]
        return with_crf(kind).from_pretrained(folder, **options)

    def labels(self, model: Any) -> list[str]:
        """[C] the IOB2 labels, by id."""
        return list(dict.fromkeys(model.config.id2label[i] for i in range(model.config.num_labels)))

    def width(self, model: Any) -> int:
        """W."""
        return int(model.config.num_labels)

    def outputs(self, model: Any, batch: Batch) -> torch.Tensor:
        """[n, W] the emissions of the words."""
        return first_subword_logits(model, batch)

    def label_logits(self, model: Any, outputs: torch.Tensor) -> torch.Tensor:
        """[n, C] whose softmax are the emission probabilities, ConNER's token-level ones, summed by IOB2 label."""
        of = torch.from_numpy(iob2_ids(self.labels(model))).to(outputs.device)
        return torch.stack([outputs[:, of == label].logsumexp(dim=1) for label in range(int(of.max()) + 1)], dim=1)

    def losses(self, model: Any, outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        """[n] losses whose mean over a sentence's words is its -log p(y | x), the sum of those of its windows.

        The words that a window scores are one sequence. `bioes`, not `hard`, has the labels: [n] from
        `tasks.words.bioes.bioes_ids`, which sees whole sentences; `widening`, [n], is words of the sentence over those
        of the window.
        """
        sequences = sequence_losses(model, outputs, batch["bioes"], batch["word_rows"])
        return sequences[_numbered(batch["word_rows"])] * batch["widening"]

    def decode(self, model: Any, outputs: torch.Tensor, lengths: np.ndarray, decoding: Decoding) -> np.ndarray:
        """[N] the best of all sequences that BIOES allows, as IOB2.

        By argmax each word's best BIOES label, by its emissions alone, as a pipeline of transformers has them.

        Raises:
            InputError: if sentences may start with I-, which no BIOES sequence does.
        """
        labels = self.labels(model)
        if decoding.method == "argmax":
            return iob2_ids(labels)[outputs.numpy().argmax(axis=1)]
        if decoding.inside_at_start:
            raise InputError(
                "decoding.inside_at_start is true, but the tagger's CRF knows no entity without a beginning; expected "
                "false; leave it out"
            )
        weights = [weight.detach().double().cpu().numpy() for weight in model.crf.parameters()]
        inner = bioes_labels(labels)
        allowed = (follows(inner), starts(inner), ends(inner))
        moves = tuple(np.where(legal, weight, -np.inf) for legal, weight in zip(allowed, weights, strict=True))
        return iob2_ids(labels)[best_label_paths(outputs.double().numpy(), lengths, *moves)]


CRF = CrfHead()


def sequence_losses(model: Any, outputs: torch.Tensor, labels: torch.Tensor, word_rows: torch.Tensor) -> torch.Tensor:
    """-log p(y | x) of the sequences of a batch, all in one recursion.

    Args:
        model: with a CRF.
        outputs: [n, W] emissions of words.
        labels: [n] int, BIOES ids.
        word_rows: [n] int, rising; the words with one number are a sequence.

    Returns:
        [S] in nats; S sequences with at least one word, in their order.
    """
    row = _numbered(word_rows)
    lengths = torch.bincount(row)
    place = torch.arange(len(row), device=row.device) - (lengths.cumsum(0) - lengths)[row]
    shape = (len(lengths), int(lengths.max()))
    emissions = outputs.new_zeros((*shape, outputs.shape[1])).index_put((row, place), outputs)
    losses: torch.Tensor = model.crf.losses(emissions, labels.new_zeros(shape).index_put((row, place), labels), lengths)
    return losses


def _numbered(rows: torch.Tensor) -> torch.Tensor:
    """[n] rising row numbers, counted from 0 without gaps."""
    return (torch.diff(rows, prepend=rows[:1]) > 0).cumsum(0)


@lru_cache(maxsize=8)
def with_crf(kind: type[Any]) -> type[Any]:
    """A class of transformers for token classification, with a CRF beside its linear layer."""

    class WithCrf(kind):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.crf = Crf(config.num_labels)
            self.post_init()

        def _init_weights(self, module: nn.Module) -> None:
            super()._init_weights(module)
            if isinstance(module, Crf):
                module.reset()

    WithCrf.__name__ = WithCrf.__qualname__ = kind.__name__  # Its name gets into config.json.
    return WithCrf
