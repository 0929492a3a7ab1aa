"""A run of CoLaDa that takes seconds: a few bundled sentences, an encoder of one layer."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_once import MadeOnce
from recording import Recording
from small_run import tiny_settings, write_tiny_corpora
from tiny_methods import METHODS, echoing

from artifacts.runtime import Runtime, running
from artifacts.step import Step


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny corpora and `tiny.yaml`."""
    folder = tmp_path_factory.mktemp("data")
    write_tiny_corpora(folder)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny_settings(folder)), encoding="utf-8")
    return folder


@pytest.fixture
def runtime(data: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A run in a store that stays empty, for tests that record what a method asks for."""
    chosen = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu")
    with running(chosen):
        yield chosen
    assert not (tmp_path / "store").exists()


@contextmanager
def counted_readings() -> Iterator[list[str]]:
    """Inside, the list gets a line for every time that a file is parsed: which, and how."""
    import tasks.corpus.corpus
    import tasks.corpus.parallel

    told: list[str] = []
    parse, pair = tasks.corpus.corpus.parse_source, tasks.corpus.parallel.pair_lines

    def parse_source(source: Any, format: Any, language: str, *, with_tags: bool, following: Any) -> Any:
        told.append(f"{Path(source.path).name} {language} {'with' if with_tags else 'without'} tags")
        return parse(source, format, language, with_tags=with_tags, following=following)

    def pair_lines(source: Any, target: Any, source_name: str, target_name: str) -> Any:
        told.append(f"{Path(source_name).name} {Path(target_name).name}")
        return pair(source, target, source_name, target_name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.corpus.corpus, "parse_source", parse_source)
        patch.setattr(tasks.corpus.parallel, "pair_lines", pair_lines)
        yield told


@pytest.fixture(scope="session")
def finished(data: Path, made_once: MadeOnce, server: str) -> Path:
    """A store in which the tiny run has ended; do not change it. Beside it lies `readings.txt`, what was parsed."""
    from flows.commands.methods import load

    def fill(folder: Path) -> None:
        method, config = load(data / "tiny.yaml")
        # Corpora of its own: whichever process fills it, a test's run reads from elsewhere.
        corpora = shutil.copytree(data, folder / "data")
        with counted_readings() as told:
            method.flow(config, Runtime(store=str(folder / "store"), data=str(corpora), device="cpu"))
        (folder / "readings.txt").write_text("\n".join(told), encoding="utf-8")

    return made_once("finished", fill) / "store"


@pytest.fixture(scope="session")
def tiny_config(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the tiny configuration of a method by its name."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    made: dict[str, Path] = {}

    def config(method: str) -> Path:
        if method not in made:
            folder = tmp_path_factory.mktemp(method)
            made[method] = folder / f"tiny-{method}.yaml"
            made[method].write_text(yaml.safe_dump(METHODS[method](tiny, data, folder)), encoding="utf-8")
        return made[method]

    return config


@pytest.fixture(scope="session")
def finished_with(
    tiny_config: Callable[[str], Path], data: Path, finished: Path, made_once: MadeOnce
) -> Callable[[str], Path]:
    """Gives a store in which a method has ended, by its name; do not change it.

    UniTrans, with two teachers, GLoDe and the panel ended where CoLaDa had; ConNER and CROP in stores of their own.
    """
    from flows.commands.methods import load

    @cache
    def store_of(method: str) -> Path:
        def fill(folder: Path) -> None:
            if method in ("unitrans", "glode", "panel"):
                shutil.copytree(finished, folder / "store")
            described, config = load(tiny_config(method), ["teachers=2"] if method == "unitrans" else [])
            with echoing() if method == "crop" else nullcontext():
                described.flow(config, Runtime(store=str(folder / "store"), data=str(data), device="cpu"))

        return made_once(f"finished-{method}", fill) / "store"

    return store_of


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """From now on, steps are recorded instead of run."""
    made = Recording()

    def call(step: Step[...], *args: Any, **kwargs: Any) -> Any:
        return made.call(step, *args, **kwargs)

    monkeypatch.setattr(Step, "__call__", call)
    return made
