"""CoLaDa on a store in a bucket whose service fails now and then; run by `make test-all`."""

import subprocess
import sys
from pathlib import Path

import pytest
from bucket_service import SECRETS, Shelf

from artifacts.store import Store
from artifacts.upkeep import verify

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server"), pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]


def run(data: Path, url: str) -> str:
    """The command line's run, with a checkpoint after every update; what it prints."""
    command = [sys.executable, "-m", "flows.commands.cli", "run", str(data / "tiny.yaml"), "--data", str(data)]
    options = ["--store", url, "--device", "cpu", "--checkpoint-minutes", "0"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_whole_run_has_the_digests_of_one_on_a_disk_and_another_machine_computes_nothing(
    data: Path, finished: Path, shelf: Shelf
) -> None:
    expected = {f"{m.kind}/{m.key}": m.digest for m in Store(finished).manifests()}
    shelf.service.failing = 10
    told = run(data, shelf.url)
    store = Store(shelf.url)
    assert {f"{m.kind}/{m.key}": m.digest for m in store.manifests()} == expected
    assert [str(finding) for finding in verify(store)] == []
    assert not [name for name in store.place.files(".unfinished")], "checkpoints have gone"
    shelf.on_machine("two")
    again = run(data, shelf.url)
    assert "0 ran" in again
    assert not [secret for secret in SECRETS.values() if secret in told + again]
