"""What a step makes of many texts, kept text by text, so that nothing is lost when the step is killed."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from artifacts.errors import StoreError
from artifacts.job import Job
from artifacts.reference import Reference

OUTPUTS_FILE = "outputs.jsonl"
_ROWS = 4096

Made = Iterator[tuple[Iterable[int], Sequence[str]]]
"""Places of texts among those that were asked for, and the output of each, as they come."""


def kept_outputs(job: Job, texts: Sequence[str], make: Callable[[list[str]], Made], doing: str) -> dict[str, str]:
    """The output of each of some distinct texts.

    Outputs are appended to a file of the step's work folder as they come. A step that is run again after it was killed
    finds them there and makes the rest.

    Args:
        job: the step's.
        texts: distinct.
        make: makes the outputs of those that are left.
        doing: what is being done, such as translating.
    """
    file = job.work_folder / OUTPUTS_FILE
    kept = read_outputs(file, set(texts))
    left = [text for text in texts if text not in kept]
    with job.progress(doing, total=len(texts), unit="texts") as advance:
        if kept:
            advance(len(kept))
        if left:
            with file.open("a", encoding="utf-8") as appended:
                for rows, outputs in make(left):
                    sources = [left[row] for row in rows]
                    kept.update(zip(sources, outputs, strict=True))
                    appended.write(output_lines(sources, outputs))
                    appended.flush()  # To the kernel: it outlives this process.
                    advance(len(sources))
    job.note(resumed_texts=len(texts) - len(left))
    return kept


def earlier_outputs(
    job: Job,
    varying: str,
    wanted: set[str],
    columns: list[str],
    pairs: Callable[[pa.RecordBatch], Iterable[tuple[str, str]]],
) -> tuple[dict[str, str], list[Reference]]:
    """Outputs of wanted texts in what this step made before, and the artifacts they are from.

    Artifacts that say they are in another language than the texts are left out.

    Args:
        job: the step's.
        varying: the parameter whose inputs may differ.
        wanted: texts.
        columns: what `pairs` reads.
        pairs: texts and outputs in some rows of such an artifact.
    """
    known: dict[str, str] = {}
    used = []
    text = job.store.holding(job.writer.recipe.inputs[varying])
    language = job.metadata(text).get("language") if text else None
    for reference in job.earlier(varying):
        if len(known) == len(wanted):
            break
        before = len(known)
        try:
            if job.metadata(reference).get("language", language) != language:
                continue
            for batch in job.batches(reference, columns, _ROWS):
                known.update((text, output) for text, output in pairs(batch) if text in wanted and text not in known)
        except (StoreError, OSError, pa.ArrowException):
            continue  # It went, or is damaged: what was read of it before is good, the rest is made again.
        if len(known) > before:
            used.append(reference)
    return known, used


def output_lines(sources: Sequence[str], outputs: Sequence[str]) -> str:
    """Texts and their outputs as `read_outputs` reads them, one pair a line."""
    return "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in zip(sources, outputs, strict=True))


def read_outputs(path: Path, wanted: set[str]) -> dict[str, str]:
    """Outputs of wanted texts that an earlier attempt of the step appended; a torn last line is cut off.

    Whoever holds the step's lock owns the file, and its name holds the step's key: same settings, same version.
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
