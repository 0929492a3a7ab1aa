"""What a cached step costs, on a real Prefect server."""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
STEPS = 20
LIMIT_SECONDS = 0.15


def measure() -> list[dict[str, Any]]:
    """Seconds per cached step of a flow of 20; the fastest of three runs, the flow's own start included."""
    for folder in (str(TESTS), str(TESTS / "artifacts"), str(TESTS.parent)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    from live_server import SETTINGS, serving

    os.environ.update(SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        (home := Path(folder) / "prefect").mkdir()
        os.environ["PREFECT_HOME"] = str(home)
        with serving(home):
            seconds = _seconds_per_step(Path(folder))
    value = round(seconds, 4)
    return [
        {
            "name": "a cached step",
            "value": value,
            "unit": "s",
            "against": LIMIT_SECONDS,
            "ratio": round(value / LIMIT_SECONDS, 3),
            "limit": LIMIT_SECONDS,
        }
    ]


def _seconds_per_step(folder: Path) -> float:
    import toy
    from prefect import flow

    import artifacts.code.fingerprint
    import artifacts.code.sources
    from artifacts.runtime import Runtime, running

    os.environ["TOY_TRACE"] = str(folder / "trace.txt")
    sys.path.insert(0, str(toy.write_project(folder / "project")))
    followed, artifacts.code.sources.PROJECT_PACKAGES = artifacts.code.sources.PROJECT_PACKAGES, ("toysteps",)
    artifacts.code.fingerprint.forget()  # the project was written after this process started
    from toysteps import steps

    @flow(name="cached", validate_parameters=False)
    def cached() -> list[str]:
        with running(Runtime(store=str(folder / "store"), device="cpu")) as run:
            for n in range(STEPS // 2):
                steps.transform(steps.make(steps.Size(unused=str(n))), tag=str(n))
        return [outcome.status for outcome in run.outcomes]

    try:
        cached()
        times = []
        for _ in range(3):
            started = time.perf_counter()
            if set(cached()) != {"cached"}:
                raise RuntimeError("a step of the second run was not cached")
            times.append(time.perf_counter() - started)
    finally:
        artifacts.code.sources.PROJECT_PACKAGES = followed
        sys.path.pop(0)
    return min(times) / STEPS


if __name__ == "__main__":
    for row in measure():
        print(row)
