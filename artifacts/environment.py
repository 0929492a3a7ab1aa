"""What a manifest records about where an artifact was made. None of it is in a cache key."""

import platform
from functools import lru_cache
from importlib import metadata

from artifacts.threads import thread_count

_PACKAGES = ("crosstag", "torch", "transformers", "tokenizers", "faiss-cpu", "faiss-gpu", "fasttext",
             "sacremoses", "pyarrow", "numpy", "prefect")  # fmt: skip


def environment() -> dict[str, str]:
    """What can change a result: versions of Python, of the platform and of packages, and torch's threads."""
    threads = thread_count()
    return _versions() if threads is None else {**_versions(), "threads": str(threads)}


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
