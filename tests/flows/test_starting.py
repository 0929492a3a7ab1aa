"""However Crosstag is started, threads are told how to wait before torch is loaded: afterwards nobody listens."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from flows.commands.methods import METHODS

ROOT = Path(__file__).parents[2]
# Stands where torch is looked for: writes down what torch would have found, and ends the process.
TORCH = """
import json, os, sys
names = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME")
with open(os.environ["SEEN"], "w") as file:
    json.dump({name: os.environ.get(name) for name in names}, file)
os._exit(7)
"""
FROM_THE_UI = "from prefect.flows import load_flow_from_entrypoint; load_flow_from_entrypoint('flows/crop.py:crop')"
WAYS = {
    "console script": ["-c", "from flows.commands.cli import main; main()", "run", "configs/quickstart.yaml"],
    "module": ["-m", "flows.commands.cli", "run", "configs/quickstart-unitrans.yaml"],
    "flow run of a worker": ["-c", FROM_THE_UI],
    "notebook": ["-c", "from flows.colada import colada"],
    "tests": ["-m", "pytest", "-q", "tests/tasks/training/test_loop.py"],
    "benchmarks": ["-m", "tests.benchmarks", "training"],
}


@pytest.mark.parametrize(
    "way", [pytest.param(each, marks=[pytest.mark.slow] * (each in ("notebook", "benchmarks"))) for each in WAYS]
)
def test_threads_are_told_how_to_wait_before_torch_is_loaded(way: str, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(TORCH, encoding="utf-8")
    unset = {name: text for name, text in os.environ.items() if not name.startswith(("OMP_", "KMP_", "GOMP_"))}
    environment = {**unset, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "SEEN": str(tmp_path / "seen")}
    ended = subprocess.run([sys.executable, *WAYS[way]], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 7, ended.stderr
    assert json.loads((tmp_path / "seen").read_text()) == {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}


def test_what_few_steps_use_is_not_loaded_with_the_methods() -> None:
    # Together they take longer to load than a run whose steps are all cached takes without them.
    rare = ("transformers", "sklearn", "scipy", "matplotlib", "pandas", "datasets", "sacrebleu", "faiss", "langid")
    methods = ", ".join(f"flows.{name}" for name in METHODS)
    told = f"import sys, {methods}; print(*(m for m in sys.argv[1:] if m in sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", told, *rare], cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert ended.stdout.split() == []


@pytest.mark.slow
def test_a_first_run_in_a_terminal_says_nothing_of_what_prefect_reports_to_its_makers(tmp_path: Path) -> None:
    # A terminal, and a PREFECT_HOME that nobody used, are what Prefect's notice asks for. The run itself is refused.
    config = tmp_path / "bad.yaml"
    config.write_text("method: colada\nzzz: 1\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(tmp_path / "home")}
    reader, terminal = os.openpty()
    command = [sys.executable, "-m", "flows.commands.cli", "run", str(config)]
    done = subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    printed = b""
    with suppress(OSError):  # Linux's way to say that nobody writes there any more.
        while read := os.read(reader, 4096):
            printed += read
    os.close(reader)
    assert done.wait(timeout=60) == 2
    text = printed.decode()
    assert "error: configuration " in text and "zzz: unknown key" in text
    assert "anonymous usage data" not in text and "DO_NOT_TRACK" not in text


@pytest.mark.parametrize(
    ("variables", "words", "store"),
    [
        ({}, [], "store"),
        ({"CROSSTAG_STORE": "/shared/mine"}, [], "/shared/mine"),
        ({"CROSSTAG_STORE": "/shared/mine"}, ["STORE=other"], "other"),
        ({"CROSSTAG_STORE": "/shared/mine", "STORE": "third"}, [], "third"),
    ],
)
def test_make_has_the_store_that_the_environment_names(variables: dict[str, str], words: list[str], store: str) -> None:
    unset = {name: text for name, text in os.environ.items() if name not in ("CROSSTAG_STORE", "STORE", "MAKEFLAGS")}
    command = ["make", "--silent", "--eval", "show: ; echo $$CROSSTAG_STORE", "show", *words]
    done = subprocess.run(command, env={**unset, **variables}, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{store}\n"
