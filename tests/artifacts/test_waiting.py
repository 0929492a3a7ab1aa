"""For whom a run waits that waits for a lock."""

import subprocess
import sys
from pathlib import Path

import pytest

from artifacts.recorder import recorded
from artifacts.runtime import Runtime
from artifacts.store import Store, record_key
from artifacts.waiting import waiting_for

ROOT = Path(__file__).parents[2]
STEP = ("train_tagger", "M_src", "tagger/ab")
# Another run, which computes the step and never ends.
OTHER = """
import sys, time
from artifacts.recorder import recorded
from artifacts.runtime import Runtime
with recorded(Runtime(store=sys.argv[1], device="cpu"), "colada", {}) as run:
    run.store.locks.acquire_lock("tagger/ab/ref.json", "other")
    with run.taking([("train_tagger", "M_src", "tagger/ab")], computes=True):
        print(run.recorder.record.id, flush=True)
        time.sleep(600)
"""


def test_a_run_that_waits_names_the_run_and_the_step(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(store.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            identity = other.stdout.readline().strip()
            runtime = Runtime(store=str(store.root), device="cpu")
            with recorded(runtime, "colada", {}) as run, run.taking([STEP], computes=True):
                assert not run.store.locks.acquire_lock(record_key("tagger", "ab"), "me", acquire_timeout=1.5)
        finally:
            other.kill()
    told = capsys.readouterr().err
    assert told.startswith(f"waiting for run/{identity} (colada), which is at train_tagger · M_src since ")
    assert told.count("waiting") == 1


def test_a_holder_that_is_no_run_is_named_by_what_it_makes(store: Store) -> None:
    assert waiting_for(store, "tagger/ab/ref.json", "") == "waiting for another process that works on tagger/ab"
