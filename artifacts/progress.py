"""Progress of long steps: a bar in a terminal, lines elsewhere and in the run's log, an artifact in the Prefect UI."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from httpx import HTTPError, HTTPStatusError, codes
from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 30.0
_UI_EVERY_SECONDS = 5.0
_UI_AWAY_SECONDS = 60.0  # Before it is tried again.
_SHOW_AFTER_SECONDS = 3.0


class Advance(Protocol):
    """Tells that something was done, and if asked how it stands, such as `epoch 2 of 8, loss 0.31`."""

    def __call__(self, count: int, standing: Callable[[], str] | None = None, /) -> None:
        """Adds `count` units to what is done."""


class Pace:
    """How much of a long step is done, and how fast it goes."""

    def __init__(self, description: str, total: int, unit: str, now: float) -> None:
        """Starts at `now`, in seconds of any clock that does not go back."""
        self.description, self.total, self.unit = description, total, unit
        self.started = self.told = now
        self.done = 0
        self._first: tuple[float, int] | None = None

    def advance(self, count: int, now: float) -> bool:
        """Adds `count` units done by `now`; says whether it is time for the next line."""
        self.done += count
        if self._first is None:
            # What a resumed training had made before comes at once, as its first advance: it says nothing of the rate.
            in_time = now - self.started < _LINE_EVERY_SECONDS
            self._first = (now, self.done) if in_time else (self.started, 0)
        if now - self.told < _LINE_EVERY_SECONDS:
            return False
        self.told = now
        return True

    def line(self, now: float, standing: str = "") -> str:
        """Done, total, rate and time left: `training: 120 of 960 updates, 4.0 a second, 3 min 30 s left`."""
        text = f"{self.description}: {self.done:,} of {self.total:,} {self.unit}".rstrip()
        text += f", {standing}" if standing else ""
        since, before = self._first or (now, self.done)
        if now <= since or self.done <= before:
            return text
        rate = (self.done - before) / (now - since)
        pace = f"{rate:,.1f} a second" if rate >= 1 else f"{60 * rate:,.1f} a minute"
        return f"{text}, {pace}, {duration(max(self.total - self.done, 0) / rate)} left"


@contextmanager
def progress(
    step: str,
    description: str,
    total: int,
    unit: str,
    *,
    in_flow: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Gives `advance(n)`, or `advance(n, standing)`.

    The UI hears of it at most every five seconds, and not at all from short steps: under an artifact named after the
    step. Every thirty seconds a line goes to the log of the Prefect run, and so to its console; outside a flow to the
    standard error, if no bar is drawn there. What tells how it stands also tells how it ended.

    Args:
        step: whose progress it is, as lines name it: the step and its stage.
        description: what is being done.
        total: how many units there are to do.
        unit: what is counted.
        in_flow: whether the caller is a task run of Prefect.
        clock: seconds, for tests.
    """
    console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
    columns = [
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    ]
    reported = clock()
    pace = Pace(description, total, unit, reported)
    logger = get_run_logger() if in_flow else None
    artifact: UUID | None = None
    stands: Callable[[], str] | None = None
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(description, total=total)

        def tell(text: str) -> None:
            if logger is not None:
                bar.stop()  # The log writes to the same terminal, past the bar.
                logger.info("%s", text)
                bar.start()
            elif not console.is_terminal:
                console.print(text, markup=False)

        def advance(count: int, standing: Callable[[], str] | None = None, /) -> None:
            nonlocal reported, stands
            stands = standing
            bar.advance(line, count)
            now = clock()
            if pace.advance(count, now):
                tell(f"{step}: {pace.line(now, standing() if standing else '')}")
            if not in_flow or now - pace.started < _SHOW_AFTER_SECONDS or now - reported < _UI_EVERY_SECONDS:
                return
            reported = now
            share = 100.0 * min(pace.done / max(total, 1), 1.0)
            show(share, f"{step}: {pace.line(now, standing() if standing else '')}")

        def show(share: float, told: str) -> None:
            """In the UI, which may be away: what is computed does not wait for it."""
            nonlocal reported, artifact
            try:
                if artifact is not None:
                    update_progress_artifact(artifact_id=artifact, progress=share, description=told)
                    return
                created = create_progress_artifact(progress=share, key=_key(step), description=told)
                artifact = created if isinstance(created, UUID) else None
            except HTTPError as error:
                reported = clock() + _UI_AWAY_SECONDS
                if isinstance(error, HTTPStatusError) and error.response.status_code == codes.NOT_FOUND:
                    artifact = None  # Somebody deleted it there.
                if logger is not None:
                    logger.warning("%s goes on, but the UI does not show it for now: %r", step, error)

        yield advance
        took = clock() - pace.started
        parts = [f"{pace.done:,} {unit}".rstrip(), *([stands()] if stands else []), f"in {duration(took)}"]
        ended = f"{step}: {description}: {', '.join(parts)}"
        if stands is not None and took >= _SHOW_AFTER_SECONDS:
            tell(ended)
        if artifact is not None:
            show(100.0, ended)


def _key(step: str) -> str:
    """The name of a step's progress in the UI, which takes letters, digits and dashes alone."""
    return "progress-" + re.sub("[^a-z0-9]+", "-", step.lower()).strip("-")


def duration(seconds: float) -> str:
    """Seconds for a reader: `40 s`, `3 min 30 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
