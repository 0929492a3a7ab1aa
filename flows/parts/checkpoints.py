"""Where a pretrained model that a configuration names lies."""

from pathlib import Path

from artifacts.runtime import Runtime
from tasks.corpus.paths import BUNDLED, bundled_folder


def checkpoint_folder(checkpoint: str, runtime: Runtime) -> Path | None:
    """The folder that a name stands for, or None if it names the hub or nothing.

    What looks like a path (it begins with . or / or ~, or exists in the data folder) is a folder; so is
    `bundled:NAME`, a model that comes with Crosstag.

    Raises:
        InputError: if no such model comes with Crosstag.
    """
    if not checkpoint:
        return None
    if checkpoint.startswith(BUNDLED):
        return bundled_folder(checkpoint)
    place = Path(runtime.data).expanduser() / Path(checkpoint).expanduser()
    looks_like_path = checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1
    return place.absolute() if looks_like_path or place.exists() else None
