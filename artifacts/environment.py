"""What a manifest records about where an artifact was made. None of it is in a cache key."""

import platform
from functools import lru_cache
from importlib import metadata

_PACKAGES = ("crosstag", "torch", "transformers", "tokenizers", "faiss-cpu", "faiss-gpu", "fasttext",
             "sacremoses", "pyarrow", "numpy", "prefect")  # fmt: skip


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Versions of Python, the platform and the packages that can change a result."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
