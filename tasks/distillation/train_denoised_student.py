"""GLoDe's target model: source labels, pseudo-labels that are refined after each epoch, masked text (Eq. 4-5)."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from artifacts.catalog import TAGGER, AnySentences, Encoder, LabelledOrTranslation, SpanLabels
from artifacts.step import Job, step
from tasks.denoising.spans.refinement import Denoising, Refinement, beta_of, refine
from tasks.denoising.spans.represent import SpanVectors, span_vectors
from tasks.denoising.spans.state import DenoisingState, Text, WatchedTraining
from tasks.distillation.hidden_text import hidden_text
from tasks.distillation.span_batches import SpanBatches, SpanText
from tasks.distillation.span_objective import span_objective
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_span_tagger import SpanShape, read_source, read_windows
from tasks.tagging.inference import Inference
from tasks.tagging.span_grid import class_names, torch_cells
from tasks.tagging.span_head import SpanHead
from tasks.tagging.span_labels import check_same_spans, read_span_labels
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig
from tasks.training.checkpoint import copy_out
from tasks.training.loop import AfterEpoch
from tasks.words.agreement import check_same_labels

FOLDER = "labels"
"""Of a target model: the pseudo-labels after each epoch, which `refined_labels` makes tables of."""

_SEED_OF_DRAWS = 1


@step(TAGGER)
def train_denoised_student(
    job: Job,
    start: EncoderOrTagger,
    encoder: Encoder,
    data: LabelledOrTranslation,
    sentences: AnySentences,
    span_labels: SpanLabels,
    denoising: Denoising,
    config: SpanTraining,
    windows: WindowConfig,
) -> None:
    """Trains on source labels and on pseudo-labels of target sentences, which prototypes and neighbours refine.

    The folder keeps the labels after each epoch; checkpoints hold labels, prototypes and what is remembered of words,
    so that a training that goes on refines what it had.
    """
    labels = job.metadata(data)["labels"]
    initial = read_span_labels(job, span_labels)
    check_same_labels(class_names(labels), initial.classes, "labelled sentences", "span labels")
    shape = SpanShape(most_words=job.metadata(span_labels)["most_words"])
    model, tokenizer = start_tagger(job, start, labels, data.kind, config, windows, SpanHead(shape.most_words))
    source, classes = read_source(job, data, tokenizer, shape, windows)
    target = SpanText(read_windows(job, sentences, tokenizer, windows), shape.most_words)
    ids = job.table(sentences, columns=["sentence_id"])["sentence_id"].to_numpy()
    cells = check_same_spans(initial, ids, target.windows, shape.most_words)
    masked = None
    if config.mlm_weight > 0:
        masked = hidden_text(job, model, tokenizer, encoder, target.windows)

    refines = denoising.levels != "none"
    texts: dict[Text, SpanText] = {"source": source, "target": target}
    remembered: dict[Text, np.ndarray] = {}
    if refines and denoising.representations == "training":
        remembered = {name: text.cells for name, text in texts.items()}
    about = (denoising.dimensions, denoising.prototype_rate, config.seed, job.device)
    fixed = np.isin(initial.sentence_ids, job.metadata(span_labels).get("corrected", []))
    state = DenoisingState(initial.probabilities, remembered, model, *about, fixed)
    watch = WatchedTraining(state, lambda rows: torch_cells(rows, shape.most_words))
    represent = state.vectors if remembered else _represented_now(job, texts, state.projection, config)
    hook = _after_epoch(job, state, represent, classes[source.cells], denoising, config)
    batches = SpanBatches(source, classes, config, target, _labels_of_words(state, cells), masked)
    objective = span_objective(batches, watch if refines else None)
    train_and_save(
        job,
        model,
        tokenizer,
        labels,
        objective,
        config,
        "training on pseudo-labels",
        after_epoch=hook if refines else None,
        beside=state,
    )
    if refines:
        copy_out(job.work_folder, FOLDER, job.output_folder)


def _labels_of_words(state: DenoisingState, cells: np.ndarray) -> Callable[[np.ndarray], torch.Tensor]:
    """From word numbers [n] to the labels [n, L, K] of the spans that begin there; 0 in cells that are no span."""
    number = np.where(cells, np.cumsum(cells).reshape(cells.shape) - 1, -1)

    def of_words(words: np.ndarray) -> torch.Tensor:
        chosen = torch.from_numpy(number[words])
        return state.labels[chosen.clamp(min=0)] * (chosen >= 0)[..., None]

    return of_words


def _represented_now(
    job: Job, texts: dict[Text, SpanText], projection: torch.Tensor, config: SpanTraining
) -> Callable[[Any, Text], SpanVectors]:
    """From a model and the name of a text to its spans' representations by that model, in the training's precision."""
    inference = Inference(precision=config.precision)

    def now(model: Any, name: Text) -> SpanVectors:
        text = texts[name]
        return span_vectors(model, text.windows, text.cells, projection, inference, job.device, job.inference_subwords)

    return now


def _after_epoch(
    job: Job,
    state: DenoisingState,
    represent: Callable[[Any, Text], SpanVectors],
    source_classes: np.ndarray,
    denoising: Denoising,
    config: SpanTraining,
) -> AfterEpoch:
    """Refines the labels, and keeps them as they are after each epoch."""

    def after_epoch(epoch: int, model: Any) -> None:
        found = None
        if epoch >= denoising.first_refinement:
            beta = beta_of(denoising, epoch, config.epochs)
            noise = np.random.default_rng([config.seed, _SEED_OF_DRAWS, epoch])
            found = refine(state, partial(represent, model), source_classes, denoising, beta, noise, job.device)
        keep_labels(job.work_folder / FOLDER, epoch, state, found)

    return after_epoch


def keep_labels(folder: Path, epoch: int, state: DenoisingState, found: Refinement | None) -> None:
    """Writes the labels after an epoch, completely or not at all."""
    tensors = {"labels": state.labels, "prototypes": state.prototypes.cpu()}
    if found is not None:
        tensors["decisions"] = torch.from_numpy(found.decisions)
        tensors |= {f"thresholds.{level}": torch.from_numpy(each) for level, each in found.thresholds.items()}
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / labels_file(epoch)
    temporary = place.with_suffix(".tmp")
    try:
        save_file(tensors, temporary)
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)


def labels_file(epoch: int) -> str:
    """The name of the file of an epoch, counted from 1."""
    return f"{epoch:04d}.safetensors"
