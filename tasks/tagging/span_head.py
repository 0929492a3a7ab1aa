"""A head that classifies every span of up to so many words (GLoDe, 3.1; SpanNER, Fu et al. 2021)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tasks.tagging.decoding import Decoding
from tasks.tagging.span_decoding import decoded_spans
from tasks.tagging.span_grid import class_names, iob2_of_classes, label_ids, span_cells, torch_cells
from tasks.tagging.word_forms import FORMS, PIECE_COUNTS, piece_table, word_forms

_LENGTH_UNITS, _FORM_UNITS = 100, 100  # as the published code has them
_WORDS_KEY = "crosstag_span_words"
# The score of a class that a cell without a span cannot have: e^-10000 is 0, and 0 times it is 0, not NaN.
_NEVER = -1e4
_SURE = 1 - 1e-6


@dataclass(frozen=True)
class SpanMap:
    """A linear map of z = [h_b; h_e; l; m], which is never made whole: it is the sum of the maps of its parts.

    m, the sum of the forms of a span's words, is mapped to the sum of their maps. So the cost is that of words, not of
    spans, but for the sums.

    begin, end  [U, H] of the states of a span's first and last word
    length      [L, U] what each length adds, the bias with it
    form        [forms, U] what each word's form adds
    """

    begin: torch.Tensor
    end: torch.Tensor
    length: torch.Tensor
    form: torch.Tensor

    @classmethod
    def of(cls, model: Any, weight: torch.Tensor, bias: torch.Tensor | None = None) -> "SpanMap":
        """The map by `weight` [U, 2H + 200], with the embeddings of lengths and forms that a span tagger has now."""
        hidden = (weight.shape[1] - _LENGTH_UNITS - _FORM_UNITS) // 2
        begin, end, length, form = weight.split([hidden, hidden, _LENGTH_UNITS, _FORM_UNITS], dim=1)
        linear = nn.functional.linear
        lengths, forms = linear(model.span_lengths.weight, length, bias), linear(model.span_forms.weight, form)
        return cls(begin, end, lengths.float(), forms.float())

    def of_words(self, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Two [n, U] float32 of states [n, H]: what each word adds as the first of a span, and as the last."""
        return nn.functional.linear(states, self.begin).float(), nn.functional.linear(states, self.end).float()

    def of_spans(self, first: torch.Tensor, last: torch.Tensor, forms: torch.Tensor) -> torch.Tensor:
        """[n, L, U] the map of the span from each word on, by length; nonsense in cells that are no span.

        Args:
            first: [n, U] of `of_words`, words in their order.
            last: [n, U] of the same.
            forms: [n] of these words.
        """
        at = torch.arange(len(first), device=first.device)
        added, form, columns = self.form[forms], torch.zeros_like(first), []
        for length in self.length:
            form = form + added[at]
            columns.append(first + last[at] + length + form)
            at = (at + 1).clamp(max=max(len(at) - 1, 0))
        return torch.stack(columns, dim=1)


@dataclass(frozen=True)
class SpanHead:
    """A linear classifier over the classes O and the entity types, of z = [h_b; h_e; l; m] of each span.

    h is the state of a word's first sub-word; l a learnt vector of the span's length in words; m the sum of learnt
    vectors of its words' forms. W = L K scores of a word are those of the spans that begin there: K classes of each
    length. A cell that is no span scores O alone. Dropout hits h, once for all spans of a word.

    most_words is L of a new tagger; a saved one knows its own.
    """

    most_words: int = 4

    name = "spans"
    in_pipelines = False

    def load(self, folder: Path, labels: Sequence[str] | None, **options: Any) -> Any:
        """The model in a folder; labels make its head a new one."""
        from transformers import AutoConfig, AutoTokenizer

        local = {"local_files_only": True, "trust_remote_code": False}
        kept = ("dtype", "use_safetensors", "local_files_only", "trust_remote_code")
        config = AutoConfig.from_pretrained(
            folder, **local, **{name: value for name, value in options.items() if name not in kept}
        )
        if labels is not None:
            names = dict(enumerate(class_names(labels)))
            config.id2label, config.label2id = names, {name: i for i, name in names.items()}
            setattr(config, _WORDS_KEY, self.most_words)
        model = _model_class(config).from_pretrained(
            folder, config=config, **{name: value for name, value in options.items() if name in kept}
        )
        if labels is not None:
            tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **local)
            model.piece_counts.copy_(piece_table(tokenizer, config.vocab_size))
        return model

    def classes(self, model: Any) -> list[str]:
        """[K] the classes, O first."""
        return [model.config.id2label[i] for i in range(model.config.num_labels)]

    def lengths(self, model: Any) -> int:
        """L."""
        return int(getattr(model.config, _WORDS_KEY))

    def labels(self, model: Any) -> list[str]:
        """[C] the IOB2 labels of the types, by id."""
        return iob2_of_classes(self.classes(model))

    def width(self, model: Any) -> int:
        """L K."""
        return self.lengths(model) * int(model.config.num_labels)

    def outputs(self, model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """[n, L K] the scores of the spans."""
        encoded = model.base_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        states = encoded.last_hidden_state[batch["word_rows"], batch["word_positions"]]
        return self.scores(model, states, self.forms(model, batch), batch["word_rows"]).flatten(1)

    def forms(self, model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """[n] the form of each word of a batch."""
        return word_forms(model.piece_counts, batch["input_ids"], batch["word_rows"], batch["word_positions"])

    def scores(self, model: Any, states: torch.Tensor, forms: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """[n, L, K] float32 scores of the spans of a batch's words.

        Args:
            model: the tagger.
            states: [n, H] of the words.
            forms: [n] of the words.
            rows: [n] the row of each word in the batch.
        """
        layer = SpanMap.of(model, model.span_classifier.weight, model.span_classifier.bias)
        scores = layer.of_spans(*layer.of_words(model.span_dropout(states)), forms)
        nothing = scores.new_full((scores.shape[2],), _NEVER)
        nothing[0] = 0.0
        return torch.where(torch_cells(rows, self.lengths(model))[..., None], scores, nothing)

    def label_logits(self, model: Any, outputs: torch.Tensor) -> torch.Tensor:
        """[n, C] logarithms of a word's probabilities, which spans do not have: the surest span that says so.

        B-X is as probable as the surest span of class X that begins there, I-X as the surest one that goes on there;
        O has what is left by the surest entity of all. They are divided by their sum.
        """
        lengths = self.lengths(model)
        spans = outputs.unflatten(1, (lengths, -1)).softmax(dim=-1)[..., 1:]
        begins = spans.amax(dim=1)
        inside = torch.zeros_like(begins)
        # A span that began so many words before, and is longer than that.
        for back in range(1, min(lengths, len(spans))):
            inside[back:] = torch.maximum(inside[back:], spans[: len(spans) - back, back:].amax(dim=1))
        both = torch.stack([begins, inside], dim=-1).flatten(1)
        outside = 1 - both.amax(dim=1, keepdim=True).clamp(max=_SURE)
        said = torch.cat([outside, both], dim=1)
        return (said / said.sum(dim=1, keepdim=True)).clamp(min=torch.finfo(torch.float32).tiny).log()

    def losses(self, model: Any, outputs: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """[n] cross-entropies of the spans that begin at each word, times words over spans of its window (Eq. 1).

        So their mean over the words of a window is the mean over its spans.
        """
        lengths, rows = self.lengths(model), batch["word_rows"]
        cells = torch_cells(rows, lengths)
        classes = classes_of_labels(batch["hard"], rows, cells)
        summed = span_losses(outputs.unflatten(1, (lengths, -1)), classes)
        _, group, words = rows.unique_consecutive(return_inverse=True, return_counts=True)
        spans = torch.zeros_like(words).index_add_(0, group, cells.sum(dim=1))
        return summed * (words / spans)[group]

    def decode(self, model: Any, outputs: torch.Tensor, lengths: np.ndarray, decoding: Decoding) -> np.ndarray:
        """[N] labels of the spans that are most probably entities, the surest first; `decoding` says nothing here."""
        words = len(outputs)
        probabilities = outputs.unflatten(1, (self.lengths(model), -1)).softmax(dim=-1).numpy()
        cells = span_cells(np.repeat(np.arange(len(lengths)), lengths), self.lengths(model))
        return label_ids(words, *decoded_spans(probabilities, cells))


def span_width(model: Any) -> int:
    """Units of z."""
    return int(model.span_classifier.in_features)


def classes_of_labels(label_ids: torch.Tensor, rows: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """[n, L] int64 class of each span by its words' IOB2 label ids [n]: O, B-1, I-1, B-2, ...; -1 where no span is.

    A span is an entity if it begins with B-X, goes on with I-X, and the word behind it, in its row, is no I-X.
    """
    kinds, begins = (label_ids + 1) // 2, label_ids % 2 == 1
    inside = ~begins & (label_ids > 0)
    followed = torch.cat([rows[1:] == rows[:-1], rows.new_zeros(min(1, len(rows)), dtype=torch.bool)])
    last = torch.arange(len(label_ids), device=label_ids.device)
    whole, columns = begins, []
    for _ in range(cells.shape[1]):
        behind = (last + 1).clamp(max=max(len(last) - 1, 0))
        goes_on = whole & followed[last] & inside[behind] & (kinds[behind] == kinds)
        columns.append(torch.where(whole & ~goes_on, kinds, 0))
        whole, last = goes_on, behind
    return torch.where(cells, torch.stack(columns, dim=1), -1)


def span_losses(scores: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """[n] sums of CE(p_i, y_i) over the spans that begin at each word (the summands of GLoDe, Eq. 1).

    Args:
        scores: [n, L, K].
        classes: [n, L] int64; -1 where no span is.
    """
    losses = cross_entropy(scores.flatten(0, 1), classes.flatten(), reduction="none", ignore_index=-1)
    return losses.view(classes.shape).sum(dim=1)


def _model_class(config: Any) -> Any:
    """A span tagger above the encoder of a configuration, built as transformers builds its own taggers."""
    from transformers import MODEL_MAPPING, PreTrainedModel

    encoder = MODEL_MAPPING[type(config)]
    parent: Any = next(base for base in encoder.__mro__[1:] if issubclass(base, PreTrainedModel))

    class SpanTagger(parent):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            setattr(self, self.base_model_prefix, encoder(config))
            dropouts = (
                getattr(config, name, None) for name in ("classifier_dropout", "hidden_dropout_prob", "dropout")
            )
            self.span_dropout = nn.Dropout(next((each for each in dropouts if each is not None), 0.0))
            self.span_lengths = nn.Embedding(getattr(config, _WORDS_KEY), _LENGTH_UNITS)
            self.span_forms = nn.Embedding(len(FORMS), _FORM_UNITS)
            width = 2 * config.hidden_size + _LENGTH_UNITS + _FORM_UNITS
            self.span_classifier = nn.Linear(width, config.num_labels)
            counts = torch.zeros(config.vocab_size, len(PIECE_COUNTS), dtype=torch.uint8)
            self.register_buffer("piece_counts", counts)
            self.post_init()
            if getattr(self.base_model, "pooler", None) is not None:
                self.base_model.pooler = None

    return SpanTagger


SPANS = SpanHead()
