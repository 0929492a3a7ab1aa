"""How every step that trains a tagger begins and ends."""

from collections.abc import Sequence
from typing import Annotated, Any

from artifacts.catalog import ENCODER, TAGGER
from artifacts.reference import Reference
from artifacts.step import Job
from tasks.tagging.epochs import copy_epochs, epoch_keeper
from tasks.tagging.fitting import Objective, TaggerTrainingConfig
from tasks.tagging.heads import LINEAR, Head
from tasks.tagging.tagger import check_window_fits, load_tagger, new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig
from tasks.training.loop import AfterEpoch, Checkpoints, TrainingState, planned_updates, train
from tasks.words.agreement import check_same_labels

EncoderOrTagger = Annotated[Reference, ENCODER, TAGGER]


def start_tagger(
    job: Job,
    start: EncoderOrTagger,
    labels: Sequence[str],
    taught_by: str,
    config: TaggerTrainingConfig,
    windows: WindowConfig,
    head: Head = LINEAR,
) -> tuple[Any, Any]:
    """What a training starts from: a new head on an encoder, or another tagger.

    Args:
        job: of the step.
        start: the encoder or tagger.
        labels: that the tagger is to give.
        taught_by: what has these labels, for an error.
        config: the training's settings.
        windows: that it will see.
        head: the kind of its head.

    Returns:
        Model and tokenizer.

    Raises:
        InputError: if the tagger has other labels or another head, or the windows are too long for the encoder.
    """
    if start.kind == ENCODER.name:
        model, tokenizer = new_tagger(job.folder(start), labels, config.dropout, config.seed, head)
    else:
        model, tokenizer = load_tagger(job.folder(start), head, config.dropout)
        check_same_labels(head.labels(model), labels, "the tagger to start from", taught_by)
    check_window_fits(model, windows.max_length_subwords)
    return model, tokenizer


def train_and_save(
    job: Job,
    model: Any,
    tokenizer: Any,
    labels: Sequence[str],
    objective: Objective,
    config: TaggerTrainingConfig,
    doing: str,
    *,
    after_epoch: AfterEpoch | None = None,
    beside: TrainingState | None = None,
) -> None:
    """Trains a tagger, with checkpoints and progress, and saves it as the step's output.

    Args:
        job: of the step.
        model: the tagger, as it starts.
        tokenizer: its own.
        labels: that it gives.
        objective: what is minimised.
        config: the training's settings.
        doing: what the progress is called.
        after_epoch: see `tasks.training.loop.train`.
        beside: see there.
    """
    checkpoints = Checkpoints(job.work_folder, job.checkpoint_minutes)
    keep = epoch_keeper(job.work_folder) if config.keep_epochs else None
    with job.progress(doing, planned_updates(objective.lengths, config, objective.sentences), "updates") as advance:
        history = train(
            model,
            objective.lengths,
            objective.collate,
            objective.loss,
            config,
            device=job.device,
            checkpoints=checkpoints,
            sentences=objective.sentences,
            of_update=objective.of_update,
            progress=advance,
            after_epoch=_one_after_another(after_epoch, keep),
            beside=beside,
        )
    save_tagger(model, tokenizer, job.output_folder)
    if keep:
        copy_epochs(job.work_folder, job.output_folder)
    job.describe({"labels": list(labels)})
    job.note(losses=history.losses, updates=history.updates, subwords=history.subwords, resumed_at=history.resumed_at)
    if history.ignored_checkpoint:
        job.note(ignored_checkpoint=history.ignored_checkpoint)


def _one_after_another(first: AfterEpoch | None, second: AfterEpoch | None) -> AfterEpoch | None:
    if first is None or second is None:
        return first or second

    def both(epoch: int, model: Any) -> None:
        first(epoch, model)
        second(epoch, model)

    return both
