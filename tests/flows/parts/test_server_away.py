"""What a run gives does not depend on the server that shows it."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import ConnectError

from artifacts import report
from artifacts.runs import Caller, Machine, RunRecord
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.parts import summary


def test_a_run_that_is_done_is_done_though_the_server_is_away(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def away(**values: object) -> None:
        raise ConnectError("no route")

    for module in (summary, report):
        monkeypatch.setattr(module, "create_markdown_artifact", away)
    monkeypatch.setattr(report, "get_run_logger", lambda: logging.getLogger("run"))
    machine = Machine(host="h", platform="p", processors=1, device="cpu", versions={})
    named = {"id": "1a", "method": "colada", "name": "tiny", "configuration": {}, "runtime": {}, "revision": None}
    record = RunRecord(**named, caller=Caller(by="deployment"), machine=machine, started=datetime.now(UTC))
    summary.show(Run(store=Store(tmp_path), runtime=Runtime(store=str(tmp_path))), record)
    assert "run/1a" in capsys.readouterr().out
    assert caplog.messages == ["the run is done, but the UI does not show it: ConnectError('no route')"]
