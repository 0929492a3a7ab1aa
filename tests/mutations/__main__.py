"""`make mutations`: every small change of the equations and of the wiring must make a test fail.

python -m tests.mutations [PART-OF-A-PATH ...] [--workers 2] [--minutes 15]

Mutants that no test notices are listed in survivors.txt, each under a reason. The run fails at one that is not listed,
and at a listed one that is noticed by now or is no mutant any more. Each mutant runs in a process of its own, forked
from one that has loaded the libraries, on a copy of the project.
"""

import gc
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live_server import SETTINGS
from tests.mutations.modules import SKIPPED, TESTS
from tests.mutations.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.txt")
_COPIED = ("flows", "tasks", "artifacts", "tests", "pyproject.toml")
_LIBRARIES = (
    "datasets", "hypothesis", "langid", "matplotlib.figure", "pandas", "prefect.artifacts", "prefect.transactions",
    "pyarrow.parquet", "sacrebleu", "sacremoses", "scipy.stats", "sentencepiece", "sklearn.metrics", "torch",
)  # fmt: skip
_CPU_SECONDS, _SECONDS = 180, 1800  # A mutant that loops or waits for ever is noticed; on a busy machine all is slow.
_place = Path()


def load_libraries() -> None:
    """What takes long to import, and is the same for every mutant. Nothing of ours: it may be what is mutated."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    transformers = importlib.import_module("transformers")  # It loads a class when one is asked for.
    assert transformers.BertForTokenClassification and transformers.M2M100ForConditionalGeneration
    ours = [name for name in sys.modules if name.split(".")[0] in ("flows", "tasks", "artifacts")]
    assert not ours, f"already imported: {ours}"
    gc.collect()
    gc.freeze()  # A collection in a child would look at all of this again.


def copy_project(folder: Path) -> Path:
    """A copy of the project, compiled."""
    for name in _COPIED:
        copy: Callable[..., Any] = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        skip = {"ignore": shutil.ignore_patterns("__pycache__")} if (ROOT / name).is_dir() else {}
        copy(ROOT / name, folder / name, **skip)
    return folder


def check_without_mutants(folder: Path, paths: list[str]) -> None:
    """Runs the tests of all modules once on the real ones: they have to pass, and leave what they compiled."""
    tests = tuple(dict.fromkeys(test for path in paths for test in TESTS[path]))
    sys.dont_write_bytecode = False
    child = os.fork()
    if child == 0:
        _test(folder, tests)
    if not _passes(child, seconds=600):
        raise SystemExit(f"the tests fail without any mutant; run them: pytest {' '.join(tests)}")
    sys.dont_write_bytecode = True


def prepare_worker(folder: Path, original: Path) -> None:
    """Gives a worker a copy of the project of its own."""
    global _place
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _place = Path(shutil.copytree(original, Path(tempfile.mkdtemp(dir=folder)) / "project"))


def survives(mutant: Mutant) -> tuple[Mutant, bool]:
    """Whether all tests of the mutant's module pass on it."""
    module = _place / mutant.path
    original, times = module.read_bytes(), module.stat()
    module.write_text(mutant.source, encoding="utf-8")  # Younger than what is compiled of it, so that is not used.
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        _test(_place, TESTS[mutant.path])
    try:
        return mutant, _passes(child, _SECONDS)
    finally:
        module.write_bytes(original)
        os.utime(module, ns=(times.st_atime_ns, times.st_mtime_ns))


def _test(folder: Path, tests: tuple[str, ...]) -> None:
    """The life of a child process: tests until the first fails."""
    os.setpgid(0, 0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path or ".").resolve() not in (ROOT, folder))]
    options = ["-x", "-q", f"--basetemp={folder / 'tmp'}"]
    needless = ("cacheprovider", "faulthandler", "unraisableexception", "threadexception", "anyio", "playwright")
    os._exit(int(pytest.main([*options, *(f"-pno:{name}" for name in needless), *tests]) != 0))


def _passes(child: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def known_survivors() -> list[str]:
    """The lines of survivors.txt that are no reasons."""
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def main() -> int:
    """Runs the mutants of the chosen modules; the exit status is 1 if survivors.txt says something else."""
    parser = ArgumentParser(prog="python -m tests.mutations", description="Mutants of the equations and the wiring.")
    parser.add_argument("parts", nargs="*", help="parts of the paths to mutate; none: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--minutes", type=float, default=15, help="begin no mutant after that time")
    chosen = parser.parse_args()
    paths = [path for path in TESTS if not chosen.parts or any(part in path for part in chosen.parts)]
    started = time.monotonic()
    load_libraries()
    found: list[Mutant] = []
    ran = 0
    with tempfile.TemporaryDirectory(prefix="crosstag-mutations-") as name:
        folder = Path(name)
        (folder / "original").mkdir()
        original = copy_project(folder / "original")
        check_without_mutants(original, paths)
        forking = multiprocessing.get_context("fork")
        with forking.Pool(chosen.workers, prepare_worker, (folder, original)) as pool:
            made = [
                mutant
                for each in pool.starmap(mutants, [(original, path, SKIPPED.get(path, ())) for path in paths], 1)
                for mutant in each
            ]
            print(f"{len(made)} mutants of {len(paths)} modules", flush=True)
            results = pool.imap_unordered(survives, made)
            for mutant, survived in results:
                ran += 1
                if survived:
                    found.append(mutant)
                    print(f"survived  {mutant}", flush=True)
                if time.monotonic() - started > 60 * chosen.minutes:
                    pool.terminate()
                    break
    seconds = time.monotonic() - started
    print(
        f"{ran - len(found)} of {ran} mutants killed in {seconds:.0f} s; {len(made) - ran} did not run for want of time"
    )
    return _compared({str(mutant) for mutant in found}, {str(mutant) for mutant in made}, ran == len(made), paths)


def _compared(found: set[str], made: set[str], all_ran: bool, paths: list[str]) -> int:
    known = {line for line in known_survivors() if line.split(" ")[0] in paths}
    for line in sorted(found - known):
        print(f"new survivor, to be killed by a test or explained in {SURVIVORS.name}: {line}")
    gone = sorted(known - made) + (sorted((known & made) - found) if all_ran else [])
    for line in gone:
        print(f"listed in {SURVIVORS.name} and no survivor any more; take it out: {line}")
    return int(bool(found - known or gone))


if __name__ == "__main__":
    os.environ.update(SETTINGS, OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    sys.exit(main())
