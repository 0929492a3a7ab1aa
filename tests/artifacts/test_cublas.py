"""cuBLAS of CUDA 12 where torch brings another, and where there is none."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts import cublas
from artifacts.errors import InputError
from artifacts.runtime import Runtime, running
from flows.parts.translator import TranslatorChoice, check_translator, ready, take_translator
from tasks.translation.machine.engines import Generation, uses_ctranslate2

LOOK = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from artifacts.cublas import load_cublas
load_cublas()
assert ctypes.CDLL("libcublas.so.12").answer() == 42  # By its name alone, as ctranslate2 does.
"""


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the loader nor a package has it."""

    def refuse(name: str, mode: int = 0) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    monkeypatch.setattr(cublas, "_package_folders", lambda: [])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")
def test_a_library_of_the_package_is_found_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("libcublasLt.so.12", "libcublas.so.12"):
        source = tmp_path / f"{name}.c"
        source.write_text("int answer(void) { return 42; }")
        subprocess.run(
            ["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", str(source), "-o", str(folder / name)], check=True
        )
    subprocess.run([sys.executable, "-c", LOOK, str(tmp_path)], check=True)


@pytest.mark.usefixtures("missing")
def test_without_it_the_message_says_what_to_install_and_what_to_set() -> None:
    with pytest.raises(InputError, match=r"libcublas.so.12 cannot be loaded .*pip install .\[gpu\].*to transf"):
        uses_ctranslate2(Generation(), "cuda")
    assert uses_ctranslate2(Generation(), "cpu")


@pytest.mark.usefixtures("missing")
def test_the_other_engine_is_taken_only_where_the_setting_says_so() -> None:
    assert not uses_ctranslate2(Generation(engine="ctranslate2_or_transformers"), "cuda")
    assert uses_ctranslate2(Generation(engine="ctranslate2_or_transformers"), "cpu")
    assert not uses_ctranslate2(Generation(engine="transformers"), "cuda")


@pytest.mark.usefixtures("missing")
def test_a_run_hears_of_it_before_it_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Runtime, "resolved_device", lambda self: "cuda")
    runtime, choice = Runtime(store=str(tmp_path)), TranslatorChoice(checkpoint="./here")
    (tmp_path / "here").mkdir()
    with pytest.raises(InputError, match=r"libcublas.so.12 cannot be loaded"):
        check_translator(choice, (("en", "de"),), Generation(), runtime)
    runtime = Runtime(store=str(tmp_path), data=str(tmp_path))
    with running(runtime, planning=True) as run:
        translator = take_translator(choice, (("en", "de"),), (), 1, runtime)
        assert ready(translator, Generation(engine="ctranslate2_or_transformers")) == translator
    assert [outcome.step for outcome in run.outcomes] == ["import_translator"]
