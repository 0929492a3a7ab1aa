"""Translate the texts of a step, so that nothing that was translated is lost when the step is killed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artifacts.catalog import CONVERTED_TRANSLATOR
from artifacts.kept_outputs import kept_outputs, output_lines, read_outputs
from artifacts.reference import Reference
from artifacts.step import Job
from tasks.translation.machine.engines import Engine, Generation, make_engine
from tasks.translation.machine.external import ExternalEngine, ExternalTranslator

CUT_FILE = "cut.jsonl"
"""Texts whose outputs were cut, in the step's work folder."""


def translate_all(
    job: Job,
    texts: Iterable[str],
    known: Mapping[str, str],
    translator: Reference | ExternalTranslator,
    languages: tuple[str, str],
    generation: Generation,
) -> dict[str, str]:
    """Outputs of all texts, each distinct one translated once; the empty text is its own translation.

    How many outputs reached their longest length before their end, and were cut, is noted.

    Args:
        job: the step's.
        texts: what to translate.
        known: outputs that are known from elsewhere.
        translator: what translates.
        languages: of the texts, and to translate into.
        generation: how.

    Returns:
        The output of every text.
    """
    job.note(engine=_engine_name(translator))
    outputs = {"": "", **known}
    new = [text for text in dict.fromkeys(texts) if text not in outputs]
    if not new:
        return outputs

    file = job.work_folder / CUT_FILE

    def remember(cut: list[str]) -> None:
        with file.open("a", encoding="utf-8") as appended:
            appended.write(output_lines(cut, cut))

    def translate(left: list[str]) -> Iterator[tuple[np.ndarray, Sequence[str]]]:
        return _engine(job, translator, languages, generation, remember).translate(left)

    made = kept_outputs(job, new, translate, "translating")
    job.note(cut_outputs=len(read_outputs(file, set(new))))
    return outputs | made


def _engine_name(translator: Reference | ExternalTranslator) -> str:
    if isinstance(translator, ExternalTranslator):
        return "external"
    return "ctranslate2" if translator.kind == CONVERTED_TRANSLATOR.name else "transformers"


def _engine(
    job: Job,
    translator: Reference | ExternalTranslator,
    languages: tuple[str, str],
    generation: Generation,
    cut: Callable[[list[str]], None],
) -> Engine | ExternalEngine:
    if isinstance(translator, ExternalTranslator):
        return ExternalEngine.of(translator, languages, Path(job.runtime.data).expanduser())
    how: dict[str, Any] = {"device": job.device, "budget": job.inference_subwords}
    return make_engine(job.folder(translator), languages, generation, **how, cut=cut)
