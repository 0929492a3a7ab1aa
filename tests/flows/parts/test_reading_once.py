"""How often a run reads its corpora: once, whatever checks and steps want of them."""

from pathlib import Path
from typing import Any

import pytest

import flows.colada
from artifacts.runtime import current_run
from flows.commands.cli import main
from flows.parts.corpora import read_corpora
from tasks.corpus import once
from tests.flows.conftest import counted_readings

# Test sets are read without tags for the sentences, and with tags for gold: two artifacts, two readings. Parallel text
# is counted, and read again as it is written: it may be too large to be kept.
READINGS = [
    "de.gold.conll de with tags",
    "de.test.conll de with tags",
    "de.test.conll de without tags",
    "de.txt de without tags",
    "en.conll en with tags",
    "en.dev.conll en with tags",
    "parallel.en parallel.de",
    "parallel.en parallel.de",
]


def test_a_whole_run_parses_every_file_once_for_each_way_of_reading_it(finished: Path) -> None:
    assert sorted((finished.parent / "readings.txt").read_text(encoding="utf-8").splitlines()) == READINGS


class Enough(Exception):
    pass


def test_from_the_command_line_too_and_nothing_stays_in_memory_when_all_is_in_the_store(
    data: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []

    def reads_corpora(config: Any, runtime: Any) -> Any:
        kept.append(len(once._READINGS.get() or ()))
        read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)
        kept.append(len(once._READINGS.get() or ()))
        if not current_run().planning:
            raise Enough

    monkeypatch.setattr(flows.colada, "algorithm", reads_corpora)
    command = ["crosstag", "run", str(data / "tiny.yaml"), "--data", str(data), "--store", str(tmp_path / "store")]
    monkeypatch.setattr("sys.argv", command)
    with counted_readings() as told, pytest.raises(Enough):
        main()
    assert sorted(told) == READINGS
    # The checks read all but the test set's sentences without tags; a plan reads nothing, and forgets nothing.
    assert kept == [6, 6, 6, 0]
