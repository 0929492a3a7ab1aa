"""The model card of a run's student."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from artifacts.settings import Settings
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from tasks.distillation.export_student import StudentCard
from tasks.tagging.decoding import Decoding
from tasks.tagging.windows import WindowConfig


def student_card(
    title: str,
    config: Settings,
    source: SourceCorpus,
    targets: tuple[TargetCorpus, ...],
    parallel: tuple[ParallelText, ...],
    encoder: EncoderChoice,
    *,
    chosen_by_gold: bool = False,
    previous: str = "",
    beside_labels: Sequence[tuple[str, tuple[str, ...]]] | None = None,
) -> StudentCard:
    """The card's facts. Paths are shortened to names: where files lay says nothing of the model.

    Args:
        title: the method's name as its paper writes it.
        config: the run's configuration: `windows` and `decoding` if it has any, corpora under `source`, `target` or
            `targets`, and `parallel`.
        source: the labelled language.
        targets: the student's language, or languages.
        parallel: parallel text.
        encoder: what the student was fine-tuned from.
        chosen_by_gold: whether gold labels of the target language chose its epochs.
        previous: an earlier student that it goes on from.
        beside_labels: kinds and paths of what it learnt from beside the labels; None: all text of the targets, their
            corrections, and all parallel text.
    """
    method = title.lower()
    if beside_labels is None:
        beside_labels = [
            *(("unlabelled text", target.text.paths) for target in targets),
            *(("corrections by people", (target.corrections,)) for target in targets if target.corrections),
            *(("parallel text", (each.source,)) for each in parallel),
        ]
    fine_tuned = "pretrained on these texts" if encoder.pretrains else encoder.checkpoint
    data = [("labels", source.train.paths), *beside_labels, ("encoder", (fine_tuned,))]
    left_out = {
        "source",
        "target",
        "targets",
        "parallel",
        "analysis",
    }  # What is measured says nothing of the model either.
    shown = config.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
    return StudentCard(
        name="-".join(("crosstag", method, source.language, *(target.language for target in targets))),
        method=title,
        source_language=source.language,
        target_languages=tuple(target.language for target in targets),
        data=tuple(f"{kind}: {', '.join(Path(path).name for path in paths)}" for kind, paths in data),
        config_text=yaml.safe_dump({"method": method, **shown}, sort_keys=False, allow_unicode=True),
        chosen_by_gold=chosen_by_gold,
        previous=previous,
        windows=WindowConfig.model_validate(config.model_dump().get("windows", {})),
        decoding=Decoding.model_validate(config.model_dump().get("decoding", {})),
    )
