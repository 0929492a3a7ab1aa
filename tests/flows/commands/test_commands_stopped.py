"""A command that computes and is stopped says how to go on, and its exit code is the signal's."""

import sys

import pytest
from prefect.exceptions import TerminationSignal

from artifacts.store import Store
from flows.commands import compare as comparing
from flows.commands.cli import main


@pytest.mark.parametrize(
    ("command", "at"),
    [
        (("compare", "tiny.yaml"), "cells_of"),
        (("ablate", "tiny.yaml"), "ablations_of"),
        (("runs", "compare", "3f2a", "9c01"), "runs_of"),
    ],
)
@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (TerminationSignal(signal=15), 143)])
def test_a_comparison_that_is_stopped_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    store: Store,
    command: tuple[str, ...],
    at: str,
    stop: BaseException,
    code: int,
) -> None:
    store.create()

    def stopped(*_: object) -> None:
        raise stop

    monkeypatch.setattr(comparing, at, stopped)
    monkeypatch.setattr(sys, "argv", ["crosstag", *command, "--store", str(store)])
    monkeypatch.setattr("signal.signal", lambda *_: None)  # Of the process of the tests.
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert "stopped. Run the same command again" in capsys.readouterr().err
