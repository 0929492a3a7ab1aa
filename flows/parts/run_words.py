"""A run in words: who ran what where, and how it went."""

from datetime import UTC, datetime

from artifacts.runs import RunRecord

BASELINES = ("source-only", "translate-train", "translate-test")
"""How the names of the models begin that a method is measured against, in every method."""

BESIDE_TEST_SETS = ("source dev", "target text")
"""Under what models are scored that is no test set."""


def languages(record: RunRecord) -> str:
    """Source and targets of a run, such as `en-de`."""
    config = record.configuration
    targets = config.get("targets") or [config.get("target")]
    places = [config.get("source"), *targets]
    return "-".join(place["language"] for place in places if isinstance(place, dict) and "language" in place)


def about(record: RunRecord, status: str) -> dict[str, str]:
    """Who ran what where, and how it went, in words."""
    caller, machine = record.caller, record.machine
    about = {
        "run": str(record),
        "method": f"{record.method}, {languages(record)}".rstrip(", "),
        "configuration": record.name or "-",
        "status": f"{status}, at {at}" if (at := place_in_run(record)) else status,
        "started": moment(record.started),
        "took": f"{seconds} s" if (seconds := seconds_taken(record, status)) else "-",
        "called by": " ".join((caller.by, *caller.command)) + (f" {caller.deployment}" if caller.deployment else ""),
        "flow run": f"{caller.flow_run_name} ({caller.flow_run})" if caller.flow_run else "-",
        "revision": record.revision or "-",
        "machine": f"{machine.host}, {machine.platform}, {machine.processors} processors, {machine.device}",
        "versions": ", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        "runtime": ", ".join(f"{name} {value}" for name, value in record.runtime.items() if value is not None),
    }
    if record.error is not None:
        about["error"] = f"{record.error.type}: {record.error.message}".removesuffix(": ")
    return about


def place_in_run(record: RunRecord) -> str:
    """The step that a run is at, or ended at, if it did not end well; and what ended it."""
    steps = [f"{step.step} · {step.stage}".rstrip(" ·") for step in record.under_way]
    return ", ".join([*steps, *([record.error.type] if record.error else [])])


def seconds_taken(record: RunRecord, status: str) -> str:
    """From start to end, or until now, in whole seconds; empty for a killed run, whose end nobody knows."""
    return "" if status == "killed" else f"{record.seconds:,.0f}"


def moment(value: datetime | str | None) -> str:
    """A moment of UTC as this machine's clock shows it."""
    if value is None or value == "":
        return ""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
