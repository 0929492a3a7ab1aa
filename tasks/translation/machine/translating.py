"""Translate the texts of a step, so that nothing that was translated is lost when the step is killed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artifacts.catalog import CONVERTED_TRANSLATOR
from artifacts.digest import text_digest
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
    known_from: Iterable[Reference] = (),
) -> dict[str, str]:
    """Outputs of all texts, each distinct one translated once; the empty text is its own translation.

    Which outputs reached their longest length before their end, and were cut, is noted.

    Args:
        job: the step's.
        texts: what to translate.
        known: outputs of some of them that are known from elsewhere.
        translator: what translates.
        languages: of the texts, and to translate into.
        generation: how.
        known_from: the artifacts that `known` is from; their notes say which of these outputs were cut.

    Returns:
        The output of every text.
    """
    job.note(engine=_engine_name(translator))
    outputs = {"": "", **known}
    new = [text for text in dict.fromkeys(texts) if text not in outputs]
    cut = _cut_before(job, known_from) & set(map(_name, known))
    if new:
        made, cut_now = _translated(job, new, translator, languages, generation)
        outputs |= made
        cut |= set(map(_name, cut_now))
    job.note(cut_outputs=len(cut), cut_texts=sorted(cut))
    return outputs


def _translated(
    job: Job,
    new: list[str],
    translator: Reference | ExternalTranslator,
    languages: tuple[str, str],
    generation: Generation,
) -> tuple[dict[str, str], Iterable[str]]:
    """Outputs of distinct texts, and those texts whose outputs were cut."""
    file = job.work_folder / CUT_FILE

    def remember(cut: list[str]) -> None:
        with file.open("a", encoding="utf-8") as appended:
            appended.write(output_lines(cut, cut))

    def translate(left: list[str]) -> Iterator[tuple[np.ndarray, Sequence[str]]]:
        return _engine(job, translator, languages, generation, remember).translate(left)

    made = kept_outputs(job, new, translate, "translating")
    return made, read_outputs(file, set(new))


def _cut_before(job: Job, artifacts: Iterable[Reference]) -> set[str]:
    """What earlier artifacts note of the texts whose outputs were cut."""
    found = (job.store.manifest(reference.kind, reference.key) for reference in artifacts)
    return {name for manifest in found if manifest for name in manifest.notes.get("cut_texts", ())}


def _name(text: str) -> str:
    """A text in the notes: sentences stand in no manifest."""
    return text_digest(text)[:12]


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
