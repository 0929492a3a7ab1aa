"""The command line, in this process."""

from collections.abc import Callable

import pytest

from flows.commands.cli import main


@pytest.fixture
def crosstag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a command; gives its exit code and what it printed: the error if the input was bad, else its result."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["crosstag", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, code = capsys.readouterr(), int(ended.value.code or 0)
        return code, printed.err if code == 2 else printed.out

    return run
