"""Progress of long steps: a bar in a terminal, a progress artifact in the Prefect UI."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_UI_EVERY_SECONDS = 5.0
_SHOW_AFTER_SECONDS = 3.0


@contextmanager
def progress(description: str, total: int, unit: str, *, in_flow: bool) -> Iterator[Callable[[int], None]]:
    """Gives `advance(n)`. The UI hears of it at most every five seconds, and not at all from short steps."""
    console = Console(file=sys.stderr)
    columns = [
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    ]
    started = reported = time.monotonic()
    done = 0
    artifact: UUID | None = None
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(description, total=total)

        def advance(count: int) -> None:
            nonlocal done, reported, artifact
            done += count
            bar.advance(line, count)
            now = time.monotonic()
            if not in_flow or now - started < _SHOW_AFTER_SECONDS or now - reported < _UI_EVERY_SECONDS:
                return
            reported = now
            share = 100.0 * min(done / max(total, 1), 1.0)
            if artifact is None:
                created = create_progress_artifact(progress=share, description=f"{description} ({total:,} {unit})")
                artifact = created if isinstance(created, UUID) else None
            else:
                update_progress_artifact(artifact_id=artifact, progress=share)

        yield advance
        if artifact is not None:
            update_progress_artifact(artifact_id=artifact, progress=100.0)
