"""What a manifest records about where an artifact was made. None of it is in a cache key."""

import platform
from functools import lru_cache
from importlib import metadata

from artifacts.threads import thread_count

# All that tasks/ import of other packages; a test compares.
PACKAGES = ("charset-normalizer", "crosstag", "ctranslate2", "datasets", "eflomal", "faiss-cpu", "faiss-gpu",
            "fasttext", "huggingface-hub", "langid", "matplotlib", "numpy", "prefect", "pyarrow", "pydantic", "PyYAML",
            "pythainlp", "regex", "rjieba", "sacrebleu", "sacremoses", "safetensors", "scikit-learn", "scipy",
            "sentencepiece", "sentencex", "spacy", "sudachidict-small", "sudachipy", "tokenizers", "torch",
            "transformers")  # fmt: skip


def environment() -> dict[str, str]:
    """What can change a result: versions of Python, of the platform and of packages, and torch's threads."""
    threads = thread_count()
    return _versions() if threads is None else {**_versions(), "threads": str(threads)}


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
