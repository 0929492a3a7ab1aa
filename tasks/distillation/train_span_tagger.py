"""GLoDe's source model: spans of labelled sentences, beside masked text of the target language (Eq. 3)."""

from typing import Any

import numpy as np
from pydantic import Field

from artifacts.catalog import TAGGER, AnySentences, Encoder, LabelledOrTranslation
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.distillation.hidden_text import hidden_text
from tasks.distillation.span_batches import SpanBatches, SpanText
from tasks.distillation.span_objective import span_objective
from tasks.distillation.span_training import SpanTraining
from tasks.tagging.span_grid import span_classes
from tasks.tagging.span_head import SpanHead
from tasks.tagging.training_shell import start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, Windows, make_windows
from tasks.words.columns import flat_label_ids, list_lengths
from tasks.words.spans import entity_spans


class SpanShape(Settings):
    """Which spans there are."""

    most_words: int = Field(
        4,
        ge=1,
        le=32,
        title="Longest span",
        description="In words; longer entities cannot be found, and count against recall. The published code has 4. "
        "Where each character is a word (segmenter: characters), 8 or more.",
    )


def read_windows(job: Job, sentences: Reference, tokenizer: Any, windows: WindowConfig) -> Windows:
    """A text cut into windows; labels that may be there are not read."""
    words = job.table(sentences, columns=["words"])["words"].to_pylist()
    return make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)


def read_source(
    job: Job, data: LabelledOrTranslation, tokenizer: Any, shape: SpanShape, windows: WindowConfig
) -> tuple[SpanText, np.ndarray]:
    """Labelled sentences, and [N, L] the classes of their spans; notes how many entities are no span."""
    labels = job.metadata(data)["labels"]
    table = job.table(data, columns=["words", "tags"])
    cut = make_windows(tokenizer, table["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    text = SpanText(cut, shape.most_words)
    spans = entity_spans(flat_label_ids(table["tags"], labels, data.kind), list_lengths(table["tags"]), labels)
    classes, too_long, across = span_classes(spans, text.cells)
    job.note(entities=len(spans), entities_too_long=too_long, entities_across_windows=across)
    return text, classes


@step(TAGGER)
def train_span_tagger(
    job: Job,
    data: LabelledOrTranslation,
    masked: AnySentences | None,
    encoder: Encoder,
    shape: SpanShape,
    config: SpanTraining,
    windows: WindowConfig,
) -> None:
    """Trains M_src: L_src + omega L_mlm on a text of the target language; without a text L_src alone."""
    labels = job.metadata(data)["labels"]
    head = SpanHead(shape.most_words)
    model, tokenizer = start_tagger(job, encoder, labels, data.kind, config, windows, head)
    source, classes = read_source(job, data, tokenizer, shape, windows)
    hidden = None
    if masked is not None and config.mlm_weight > 0:
        hidden = hidden_text(job, model, tokenizer, encoder, read_windows(job, masked, tokenizer, windows))
    objective = span_objective(SpanBatches(source, classes, config, masked=hidden))
    train_and_save(job, model, tokenizer, labels, objective, config, "training on spans")
