"""Translate the texts of a step, so that nothing that was translated is lost when the step is killed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from artifacts.catalog import CONVERTED_TRANSLATOR
from artifacts.reference import Reference
from artifacts.step import Job
from tasks.translation.machine.engines import Engine, Generation, make_engine
from tasks.translation.machine.external import ExternalEngine, ExternalTranslator

OUTPUTS_FILE = "outputs.jsonl"


def translate_all(
    job: Job,
    texts: Iterable[str],
    known: Mapping[str, str],
    translator: Reference | ExternalTranslator,
    languages: tuple[str, str],
    generation: Generation,
) -> dict[str, str]:
    """Outputs of all texts, each distinct one translated once; the empty text is its own translation.

    Outputs are appended to a file of the step's work folder as they come. A step that is run again after it was killed
    finds them there and translates the rest.

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
    file = job.work_folder / OUTPUTS_FILE
    kept = read_outputs(file, set(new))
    left = [text for text in new if text not in kept]
    with job.progress("translating", total=len(new), unit="texts") as advance:
        if kept:
            advance(len(kept))
        if left:
            engine = _engine(job, translator, languages, generation)
            with file.open("a", encoding="utf-8") as appended:
                for rows, translations in engine.translate(left):
                    sources = [left[row] for row in rows]
                    kept.update(zip(sources, translations, strict=True))
                    appended.write(lines(sources, translations))
                    appended.flush()  # To the kernel: it outlives this process.
                    advance(len(rows))
    job.note(resumed_texts=len(new) - len(left))
    return outputs | kept


def _engine_name(translator: Reference | ExternalTranslator) -> str:
    if isinstance(translator, ExternalTranslator):
        return "external"
    return "ctranslate2" if translator.kind == CONVERTED_TRANSLATOR.name else "transformers"


def _engine(
    job: Job, translator: Reference | ExternalTranslator, languages: tuple[str, str], generation: Generation
) -> Engine | ExternalEngine:
    if isinstance(translator, ExternalTranslator):
        return ExternalEngine.of(translator, languages, Path(job.runtime.data).expanduser())
    return make_engine(job.folder(translator), languages, generation, device=job.device, budget=job.inference_subwords)


def lines(sources: Sequence[str], translations: Sequence[str]) -> str:
    """Texts and their outputs as `read_outputs` reads them, one pair a line."""
    return "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in zip(sources, translations, strict=True))


def read_outputs(path: Path, wanted: set[str]) -> dict[str, str]:
    """Outputs of wanted texts that an earlier attempt of the step appended; a torn last line is cut off.

    Whoever holds the step's lock owns the file, and its name holds the step's key: same translator, same settings.
    """
    found: dict[str, str] = {}
    whole = 0
    if not path.exists():
        return found
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            try:
                source, output = json.loads(line)
            except (ValueError, TypeError):
                break  # A crash of the machine may leave a hole in it: what follows is not trusted.
            whole += len(line)
            if source in wanted:
                found[source] = output
    with path.open("r+b") as file:
        file.truncate(whole)
    return found
