"""What the Prefect UI shows of a step: what it made, and its first rows, as text that wraps."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from httpx import HTTPError
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from artifacts.links import linked, page_address
from artifacts.reference import Reference
from artifacts.runs import StepTaken
from artifacts.show import preview
from artifacts.store import Store

_ROWS_SHOWN = 5
_ROWS_LISTED = 2
_METADATA_SHOWN = 400
_CELL = 80
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>&])")


@contextmanager
def ui_may_be_away(what: str) -> Iterator[None]:
    """Inside, pages are made for the Prefect UI; a server that is away costs them and no more, and the log says so.

    Args:
        what: is shown there, and is done by now.
    """
    try:
        yield
    except HTTPError as error:
        get_run_logger().warning("%s is done, but the UI does not show it: %r", what, error)


def report_artifact(store: Store, reference: Reference, stage: str) -> None:
    """Shows rows, bytes, digest and the first rows of an artifact in the Prefect UI."""
    manifest = store.describe(reference)
    step = f"{manifest.recipe.step}{f' · {stage}' if stage else ''}"
    create_markdown_artifact(
        markdown=artifact_page(store, reference),
        key=reference.kind.replace("_", "-"),
        description=f"{step}: {_size(manifest.rows, len(manifest.files))}",
    )


def artifact_page(store: Store, reference: Reference) -> str:
    """An artifact as Markdown: its facts, what it says about itself, its first rows."""
    manifest = store.describe(reference)
    facts = {
        "artifact": str(reference),
        "digest": reference.digest[:16],
        "size": f"{_size(manifest.rows, len(manifest.files))}, {sum(f.bytes for f in manifest.files.values()):,} bytes",
        "made": f"{manifest.made}, in {manifest.seconds:,.1f} s",
    }
    beneath = []
    for name, value in manifest.metadata.items():
        text = json.dumps(_rounded(value), ensure_ascii=False)
        if len(text) <= _CELL:
            facts[name] = text
        else:  # The default UI cuts off what is wider than the page.
            beneath.append(f"**{plain(name)}** {plain(text[:_METADATA_SHOWN])}{' ...' * (len(text) > _METADATA_SHOWN)}")
    table = markdown_table(("what", "value"), ([plain(name), plain(value)] for name, value in facts.items()))
    look = page_address(f"/artifact/{reference}")
    link = [f"[all of it, what it was made of, and where it went]({look})"] if look else []
    return "\n\n".join([*link, table, *beneath, "**first rows**", *_paragraphs(preview(store, reference, _ROWS_SHOWN))])


def _rounded(value: object) -> object:
    """A value of the metadata with its numbers to four places."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value


def report_steps(store: Store, steps: Sequence[StepTaken]) -> None:
    """Lists every step of a run, cached or not, with what it made: of a cached one the UI shows nothing else."""
    create_markdown_artifact(
        markdown=steps_page(store, steps), key="steps", description="Every step of the run, and what it made"
    )


def steps_page(store: Store, steps: Sequence[StepTaken]) -> str:
    """The steps of a run as Markdown, in their order: status, artifact, rows, first rows."""
    parts = []
    for number, taken in enumerate(steps, start=1):
        manifest = store.describe(taken.reference)
        title = f"### {number}. {plain(taken.step)}{f' · {plain(taken.stage)}' if taken.stage else ''}"
        took = "cached" if taken.status == "cached" else f"ran in {taken.seconds:,.1f} s"
        size = _size(manifest.rows, len(manifest.files))
        name = linked(f"`{taken.reference}`", f"/artifact/{taken.reference}")
        parts += [title, f"{took}; {name}, {size}"]
        parts += _paragraphs(preview(store, taken.reference, _ROWS_LISTED))
    return "\n\n".join(parts)


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; cells are put in as they are."""
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _paragraphs(rows: Iterable[str]) -> list[str]:
    """Rows as paragraphs, so that long sentences wrap; lines of one row stay lines."""
    return ["  \n".join(plain(line) for line in row.splitlines()) for row in rows]


def _size(rows: int | None, files: int) -> str:
    count, what = (files, "file") if rows is None else (rows, "row")
    return f"{count:,} {what}{'' if count == 1 else 's'}"
