"""What `crosstag store gc` removes and says."""

import re
from collections import Counter
from datetime import timedelta

from rich.table import Table

from artifacts.errors import InputError
from artifacts.garbage import LEFTOVER, Choice, Collection, collect_garbage
from artifacts.runs import RUN_KIND
from flows.commands.store import existing
from flows.parts.console import text_console

_AGE = re.compile(r"(\d+(?:\.\d+)?)([dhm])")
_HOURS = {"d": 24.0, "h": 1.0, "m": 1 / 60}
_NAMES = {LEFTOVER: "leftovers", RUN_KIND: "records of runs"}


def print_collection(
    root: str, keep_runs: int | None, older_than: str, grace: str, *, unreachable: bool, dry_run: bool
) -> None:
    """Removes what is chosen, and says how many of each kind went, and their bytes."""
    choice = Choice(
        keep_runs=keep_runs,
        older_than=age(older_than, "--older-than") if older_than else None,
        unreachable=unreachable,
        grace=age(grace, "--grace"),
    )
    found = collect_garbage(existing(root), choice, dry_run=dry_run)
    console = text_console()
    if found.removed:
        console.print(_table(found))
    total = sum(removal.bytes for removal in found.removed)
    console.print(f"{len(found.removed)} {'would be ' if dry_run else ''}removed, {total:,} bytes")
    if found.young_runs:
        console.print(f"{found.young_runs} runs stay for now: they ended since the grace of {grace} (--grace)")
    if found.spared:
        console.print(f"{len(found.spared)} artifacts stay for now: in use, or made or used since the grace of {grace}")


def age(text: str, option: str) -> timedelta:
    """A duration such as 30d, 12h or 90m.

    Raises:
        InputError: if it is none.
    """
    match = _AGE.fullmatch(text)
    if match is None:
        raise InputError(f"{option} {text}: expected a number and d, h or m, such as 30d")
    return timedelta(hours=float(match[1]) * _HOURS[match[2]])


def _table(found: Collection) -> Table:
    """Leftovers and runs first, then the kinds of artifacts that take most room."""
    number = Counter(removal.kind for removal in found.removed)
    sizes: Counter[str] = Counter()
    for removal in found.removed:
        sizes[removal.kind] += removal.bytes
    table = Table("", "number", "bytes", box=None, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for kind in sorted(number, key=lambda kind: (kind not in _NAMES, -sizes[kind], kind)):
        table.add_row(_NAMES.get(kind, kind), f"{number[kind]:,}", f"{sizes[kind]:,}")
    return table
