"""Languages and seeds on two workers: the same digests as one after another, each shared step computed once.

With `-s` it prints how many steps ran, and how long that took.
"""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from native import Native
from small_run import tiny_settings

from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
TARGETS, SEEDS = ("de", "es", "nl"), (1, 2, 3)


@pytest.fixture
def open_configuration(service: Native) -> Path:
    """A configuration of any language; the texts of each are the bundled German ones, in another order each."""
    data, path = service.home / "data", service.home / "configs" / "open.yaml"
    for number, target in enumerate(TARGETS):
        _turned(data / "de.txt", data / f"{target}.txt", "\n", number)
        _turned(data / "de.test.conll", data / f"{target}.test.conll", "\n\n", number)
    settings = tiny_settings(data)
    settings["target"] = {
        "language": "{target}",
        "text": {"path": "{target}.txt", "format": "text"},
        "tests": [{"name": "test", "path": "{target}.test.conll"}],
    }
    settings["parallel"] = []
    settings["iterations"] = 1
    path.write_text(f"# crosstag run configs/open.yaml --data path/to/data\n{yaml.safe_dump(settings)}")
    return path


def test_languages_and_seeds_on_two_workers_give_what_they_give_one_after_another(
    service: Native, open_configuration: Path, tmp_path: Path
) -> None:
    for number in (1, 2):
        service.start("worker-cpu", number)
    service.wait(lambda: len(_online(service)) == 2, "worker-cpu", "worker-cpu-2")
    targets, seeds = ",".join(TARGETS), ",".join(map(str, SEEDS))
    arguments = ["many", "configs/open.yaml", "--targets", targets, "--seeds", seeds, "--data", "data", "--pool", "cpu"]
    began = time.monotonic()
    printed = service.crosstag(*arguments, "--write", str(tmp_path / "tables"))
    seconds = [time.monotonic() - began]
    assert "mean of 3 seeds and standard deviation" in printed
    side_by_side = Store(service.store)
    runs = [record for record in all_runs(side_by_side) if record.method == "colada"]
    names = Counter(record.name for record in runs)
    assert names == {f"open, {target}": len(SEEDS) for target in TARGETS}
    assert len({record.machine.host for record in runs}) == 1 and all(
        record.caller.by == "deployment" for record in runs
    )
    computed = Counter(taken.reference for record in runs for taken in record.ran)
    assert set(computed.values()) == {1}, "each step by one run"
    shared = {taken.step for record in runs for taken in record.steps if taken.status == "cached"}
    assert "read_labelled" in shared
    written = json.loads((tmp_path / "tables" / "comparison.json").read_text(encoding="utf-8"))
    assert sorted(written["runs"]) == sorted(names)
    workers = [service.log(name) for name in ("worker-cpu", "worker-cpu-2")]
    assert all("submitted to infrastructure" in log for log in workers), "both made runs"
    for name in ("worker-cpu", "worker-cpu-2"):
        service.stop(name)

    # One after another, in a store of their own.
    alone = tmp_path / "alone"
    text = open_configuration.read_text(encoding="utf-8")
    began = time.monotonic()
    for target in TARGETS:
        path = service.home / "configs" / f"open-{target}.yaml"
        path.write_text(text.replace("{target}", target), encoding="utf-8")
        service.crosstag(
            "compare", f"configs/open-{target}.yaml", "--seeds", seeds, "--data", "data", "--store", str(alone),
            "--device", "cpu",
        )  # fmt: skip
    seconds.append(time.monotonic() - began)
    # Where test sets of several languages stand in one table, tests of significance have longer names.
    expected, found = (
        {(m.kind, m.key): m.digest for m in store.manifests() if m.kind != "significance"}
        for store in (Store(alone), side_by_side)
    )
    assert len(expected) > 60 and found == expected
    runs_alone = [record for record in all_runs(Store(alone)) if record.method == "colada"]
    for name, made, took in zip(("two workers", "alone"), (runs, runs_alone), seconds, strict=True):
        ran = [taken for record in made for taken in record.ran]
        print(f"{name}: {len(made)} runs, {len(ran)} of {sum(len(record.steps) for record in made)} steps ran, "
              f"{len({taken.reference for taken in ran})} of them different, {took:.0f} s")  # fmt: skip


def _turned(source: Path, target: Path, between: str, number: int) -> None:
    """The parts of a file, beginning further on."""
    parts = source.read_text(encoding="utf-8").strip().split(between)
    target.write_text(between.join([*parts[number:], *parts[:number]]) + "\n", encoding="utf-8")


def _online(service: Native) -> list[str]:
    workers = service.api("/work_pools/cpu/workers/filter")
    return [each["name"] for each in workers if each["status"] == "ONLINE"]
