"""Pages over a store in a bucket that one may only read, in which a run goes on, or was killed."""

from datetime import UTC, datetime

import pytest
from bucket_service import Shelf
from fastapi.testclient import TestClient
from httpx import Response

from artifacts.runs import Caller, Machine, RunRecord, save_run
from artifacts.store import Store, run_lock
from flows.commands.runs import print_runs
from flows.pages.app import create_app


def look(url: str, path: str) -> Response:
    """A page, at first sight."""
    return TestClient(create_app(Store(url)), base_url="http://127.0.0.1:4280").get(path)


def test_runs_are_listed_and_nothing_is_written(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(shelf.url)
    store.create()
    record = RunRecord(
        id="ab" * 10, method="toy", name="", configuration={}, runtime={}, caller=Caller(by="python"), revision=None,
        machine=Machine(host="here", platform="linux", processors=1, device="cpu", versions={}),
        started=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    save_run(store, record)
    store.locks.acquire_lock(run_lock(record.id), "me")
    shelf.service.read_only = True
    monkeypatch.setenv("AWS_SESSION_TOKEN", "that of a reader")  # A client that has written nothing yet.
    for path in ("/runs", f"/run/{record.id}"):
        answer = look(shelf.url, path)
        assert answer.status_code == 200 and "running" in answer.text
    print_runs(shelf.url)
    assert "running" in capsys.readouterr().out
    shelf.service.read_only = False
    store.locks.release_lock(run_lock(record.id), "me")
    shelf.service.read_only = True
    assert "killed" in look(shelf.url, "/runs").text
