"""The model card of a run's student."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from artifacts.asking import Command
from artifacts.settings import Settings
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from tasks.corpus.formats import CorpusFile
from tasks.corpus.paths import parse_hub_name
from tasks.distillation.export_student import StudentCard
from tasks.tagging.decoding import Decoding
from tasks.tagging.windows import WindowConfig

# As in a shell: what begins so is a path; any other may be a name on the hub.
_PATH = re.compile(r"(?:/|~|\.\.?/).*", re.DOTALL)


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
    """The card's facts. Paths are shortened to names: where files lay says nothing of the model, nor does a command.

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
    shown = _told(config, config.model_dump(mode="json", exclude=left_out, exclude_defaults=True))
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


def _told(value: Any, dumped: Any) -> Any:
    """Settings, or one of them, as a card has them.

    Of a command that is what its answers' keys know: version, and languages or types. Of a path it is the name.

    Args:
        value: the settings.
        dumped: the same as JSON, without defaults.
    """
    if isinstance(value, Command):
        return {name: each for name, each in dumped.items() if name == "version" or name not in Command.model_fields}
    if isinstance(value, CorpusFile):
        paths = [path if _is_on_the_hub(path) else Path(path).name for path in value.paths]
        return {**dumped, "path": paths[0] if isinstance(value.path, str) else paths}
    if isinstance(dumped, dict):
        of = value if isinstance(value, dict) else dict(value)
        return {name: _told(of[name], each) for name, each in dumped.items()}
    if isinstance(dumped, list):
        return [_told(*both) for both in zip(value, dumped, strict=True)]
    return Path(dumped).name if isinstance(dumped, str) and _PATH.fullmatch(dumped) else dumped


def _is_on_the_hub(path: str) -> bool:
    name = parse_hub_name(path)
    return name is not None and not name.is_folder
