"""What all tests share: a store in a folder or in a bucket, and one real Prefect server for those that need one."""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bucket_service import Service, Shelf, environment, make_bucket, serving_bucket
from hypothesis import HealthCheck, settings
from live_server import SETTINGS, copy_database, serving
from made_once import MadeOnce

from artifacts.threads import most_threads, prepare

if TYPE_CHECKING:
    from artifacts.store import Store

# Whatever else runs: some tests compare bits. Processes that run tests side by side share the cores; they inherit what
# the one that starts them has set, which runs no test.
_OURS, _SIDE_BY_SIDE = "CROSSTAG_TESTS_THREADS", int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if os.environ.get("OMP_NUM_THREADS") == os.environ.get(_OURS):
    os.environ["OMP_NUM_THREADS"] = os.environ[_OURS] = str(max(1, most_threads() // _SIDE_BY_SIDE))
prepare()  # Before the first import of torch, as a run does.

# Started in the background by a shell, as machines do it, the tests and what they start would not hear a ctrl-c.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before the first import of prefect, which reads its settings once.
_HOME = tempfile.mkdtemp(prefix="crosstag-prefect-")
os.environ.update(SETTINGS, PREFECT_HOME=_HOME)
os.environ.pop("PREFECT_API_URL", None)

# A busy machine is no fault of the code: in a fresh clone, hypothesis first makes its table of characters.
settings.register_profile("crosstag", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crosstag")


@pytest.fixture(scope="session", autouse=True)
def prefect_home() -> Iterator[Path]:
    """A home of Prefect's that goes when the tests end."""
    yield Path(_HOME)
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def bf16_everywhere() -> Iterator[None]:
    """A CPU that only emulates bf16 will do for models of tests, which ask for it to see that it gets there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.training.precision.cpu_has_bf16", lambda: True)
        yield


@pytest.fixture(scope="session")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """What takes long to make and is only read."""
    return MadeOnce(tmp_path_factory, side_by_side=hasattr(request.config, "workerinput"))


@pytest.fixture(scope="session")
def served(prefect_home: Path, made_once: MadeOnce) -> Iterator[tuple[str, Path]]:
    """The address of a server, and a home with its database as it was after the start."""
    urls: list[str] = []
    with ExitStack() as running:

        def start(folder: Path) -> None:
            urls.append(running.enter_context(serving(prefect_home)))
            copy_database(prefect_home, folder)

        started = made_once("database", start)
        if not urls:
            copy_database(started, prefect_home)
            urls.append(running.enter_context(serving(prefect_home)))
        yield urls[0], started


@pytest.fixture(scope="session")
def server(served: tuple[str, Path]) -> str:
    """The API address of a real Prefect server, which this process and its children use from now on."""
    return served[0]


@pytest.fixture
def home(served: tuple[str, Path], tmp_path: Path) -> Path:
    """A home of Prefect's with an empty database: to make its tables takes longer than all else in a server's start."""
    (tmp_path / "home").mkdir()
    copy_database(served[1], tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def store(tmp_path: Path) -> "Store":
    """An empty store."""
    from artifacts.store import Store

    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def s3() -> Iterator[Service]:
    """An S3 service."""
    with serving_bucket() as service:
        yield service


@pytest.fixture
def shelf(s3: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """A bucket of its own, on a service that does as it should until the test says otherwise."""
    bucket = f"shelf-{uuid.uuid4().hex[:12]}"
    make_bucket(s3, bucket)
    for name, value in environment(s3).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CROSSTAG_LEASE_SECONDS", "1.5")
    shelf = Shelf(s3, f"s3://{bucket}/some/place", tmp_path / "machines", monkeypatch)
    shelf.on_machine("one")
    yield shelf
    s3.failing, s3.seconds, s3.forgetful, s3.down, s3.read_only = 0, 0.0, "", False, False
