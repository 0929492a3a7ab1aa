"""CUDA 12's cuBLAS, which ctranslate2 asks the loader for by its name.

torch of today brings CUDA 13's. The extra `gpu` installs the package nvidia-cublas-cu12, whose folder no loader
searches: a library that is loaded already is found all the same.
"""

import ctypes
from collections.abc import Iterable
from pathlib import Path

from artifacts.errors import InputError

_NAMES = ("libcublasLt.so.12", "libcublas.so.12")  # The second needs the first.


def load_cublas() -> None:
    """Loads it, from the loader's folders or from the package.

    Raises:
        InputError: if it is in neither.
    """
    try:
        _load(_NAMES)
        return
    except OSError as error:
        reason = error
    for folder in _package_folders():
        try:
            _load(str(folder / name) for name in _NAMES)
            return
        except OSError as error:
            reason = error
    raise InputError(
        f"ctranslate2 on this GPU: CUDA 12's {_NAMES[1]} cannot be loaded ({reason}); expected it beside torch's own "
        "CUDA: install it with `pip install .[gpu]` (or nvidia-cublas-cu12), or set generation.engine to transformers, "
        "or to ctranslate2_or_transformers, which takes the one that can be had"
    )


def _load(names: Iterable[str]) -> None:
    for name in names:
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)


def _package_folders() -> list[Path]:
    try:
        import nvidia.cublas
    except ImportError:
        return []
    return [Path(folder) / "lib" for folder in nvidia.cublas.__path__]
