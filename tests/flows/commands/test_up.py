"""What `make up` starts, and what it sees."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands import deploy, up


@pytest.fixture(autouse=True)
def same_variables() -> Iterator[None]:
    """What it sets for the processes that it starts is not for the other tests."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str | None]]:
    """Folders whose configurations were deployed, and those of their data; no server is asked."""
    found: list[tuple[Path, str | None]] = []
    monkeypatch.setattr(deploy, "deploy_folder", lambda folder, data: found.append((folder, data)))
    return found


@pytest.mark.parametrize(("gpu", "pools"), [(True, ["cpu", "gpu", "many"]), (False, ["cpu", "many"])])
def test_a_machine_with_a_gpu_gets_a_worker_for_each_pool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployed: list[Any], gpu: bool, pools: list
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert up._deploy("corpora") == pools
    assert deployed == [(Path("configs"), "corpora")]
    assert ("no GPU here" in capsys.readouterr().out) is not gpu


def test_the_worker_of_the_cpu_leaves_the_gpu_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}

    def process(name: str, *arguments: str, **environment: str) -> Any:
        started[arguments[3]] = environment
        return nullcontext()

    monkeypatch.setattr(up, "_process", process)
    for pool in ("cpu", "gpu", "many"):
        up._worker(pool)
    assert started == {"cpu": {"CUDA_VISIBLE_DEVICES": ""}, "gpu": {}, "many": {"CUDA_VISIBLE_DEVICES": ""}}


def test_a_gpu_that_is_asked_for_and_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [Runtime(device=device).resolved_device() for device in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(InputError, match="cuda is asked for, and there is no GPU; set device to auto or cpu"):
        Runtime(device="cuda").resolved_device()


def test_what_server_and_workers_say_goes_to_a_file_and_an_end_that_nobody_asked_for_is_told(
    prefect_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with up._process("some worker", "prefect", "version") as process:
        assert process.wait(timeout=300) == 0
    log = prefect_home / "crosstag" / "some-worker.log"
    assert capfd.readouterr().out == f"some worker ended by itself with exit code 0; see {log}\n"
    assert "Version" in log.read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, prefect_home: Path
) -> None:
    monkeypatch.setattr(up, "_process", lambda *arguments, **environment: pytest.fail("something was started"))
    for name in ("PREFECT_API_URL", "PREFECT_SERVER_UI_API_URL", up.ROOT_VARIABLE, up.INSPECT_VARIABLE):
        monkeypatch.setenv(name, "")
    asked = signal.getsignal(signal.SIGTERM)
    for option in ("--port", "--inspect-port"):
        free = {"--port": "0", "--inspect-port": "0"}
        try:
            with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SystemExit) as ended:
                given = {**free, option: str(other.getsockname()[1])}
                up.main([each for pair in given.items() for each in pair])
        finally:
            signal.signal(signal.SIGTERM, asked)
        assert "Address already in use" in str(ended.value.code) and f"{option} PORT" in str(ended.value.code)


@pytest.mark.parametrize("nohup", [False, True])
def test_it_ends_with_its_terminal_unless_nohup_says_otherwise_and_browsers_may_have_another_address(
    monkeypatch: pytest.MonkeyPatch, nohup: bool
) -> None:
    for name in ("PREFECT_API_URL", up.ROOT_VARIABLE, up.INSPECT_VARIABLE):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PREFECT_SERVER_UI_API_URL", "http://server:4200/api")
    monkeypatch.setattr(up, "_check_free", lambda *_: sys.exit(3))
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
        with pytest.raises(SystemExit):
            up.main(["--host", "0.0.0.0"])
        asked = signal.getsignal(signal.SIGHUP)
        assert asked == signal.SIG_IGN if nohup else callable(asked)
        assert os.environ["PREFECT_SERVER_UI_API_URL"] == "http://server:4200/api"
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)


@pytest.fixture
def variables_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Gives the variables that server and workers are started with, by the options and what was set before."""
    asked = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGHUP)]

    def variables(*options: str, **before: str) -> dict[str, str]:
        for name in [name for name in os.environ if name.startswith(("PREFECT_", "CROSSTAG_"))]:
            del os.environ[name]
        os.environ.update(before)
        monkeypatch.setattr(up, "_check_free", lambda *_: sys.exit(3))
        try:
            with pytest.raises(SystemExit):
                up.main([*options])
        finally:
            for number, handler in asked:
                signal.signal(number, handler)
        return dict(os.environ)

    return variables


def test_its_server_answers_no_pages_but_its_own_unless_somebody_says_otherwise(
    variables_of: Callable[..., dict[str, str]],
) -> None:
    set_ = variables_of("--host", "10.0.0.2", "--port", "4201")
    assert set_["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == (
        "http://10.0.0.2:4201,http://127.0.0.1:4201,http://localhost:4201"
    )
    assert set_["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    mine = {
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "https://crosstag.example",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "false",
    }
    assert mine.items() <= variables_of(**mine).items()


def test_its_own_clients_know_the_password_of_the_server(variables_of: Callable[..., dict[str, str]]) -> None:
    assert "PREFECT_API_AUTH_STRING" not in variables_of()
    assert variables_of(PREFECT_SERVER_API_AUTH_STRING="a:b")["PREFECT_API_AUTH_STRING"] == "a:b"


def test_an_address_of_ipv6_is_in_brackets(variables_of: Callable[..., dict[str, str]]) -> None:
    set_ = variables_of("--host", "::1", CROSSTAG_INSPECT_TOKEN="secret")
    names = ("PREFECT_API_URL", "PREFECT_SERVER_UI_API_URL", up.INSPECT_VARIABLE)
    assert [set_[name] for name in names] == ["http://[::1]:4200/api"] * 2 + ["http://[::1]:4280"]
    assert set_["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"].startswith("http://[::1]:4200,")


@pytest.mark.parametrize(
    ("address", "host", "name"),
    [
        ("http://127.0.0.1:4280", "127.0.0.1", "127.0.0.1"),
        ("http://pages.example/crosstag", "10.0.0.2", "pages.example"),
    ],
)
def test_the_pages_are_of_the_store_of_the_workers_runs_and_answer_to_the_name_of_their_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, host: str, name: str
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(up, "_process", lambda *arguments, **environment: started.append(arguments) or nullcontext())
    monkeypatch.setenv(up.ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setenv("CROSSTAG_STORE", "store of mine")
    monkeypatch.setenv(up.INSPECT_VARIABLE, address)
    up._pages(host, 4280)
    place = tmp_path / "store of mine"
    where = ("--store", str(place), "--host", host, "--port", "4280", "--host-name", name)
    assert started == [("pages", "flows.commands.cli", "inspect", *where)]
    assert Store(place).exists(), "pages of a store without a run say so"


def test_a_store_in_the_home_folder_is_the_one_that_the_workers_write_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(up, "_process", lambda *arguments, **environment: started.append(arguments) or nullcontext())
    variables = {"HOME": str(tmp_path / "home"), up.ROOT_VARIABLE: str(tmp_path / "root"), "CROSSTAG_STORE": "~/store"}
    for name, value in {**variables, up.INSPECT_VARIABLE: "http://127.0.0.1:4280"}.items():
        monkeypatch.setenv(name, value)
    up._pages("127.0.0.1", 4280)
    assert started[0][4] == str(Store("~/store")) == str(tmp_path / "home" / "store")


def test_a_store_that_cannot_be_shown_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    monkeypatch.setenv(up.ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setenv("CROSSTAG_STORE", "store")
    monkeypatch.setenv(up.INSPECT_VARIABLE, "")
    with pytest.raises(SystemExit, match="this is a file, not a folder"):
        up._pages("127.0.0.1", 4280)
