"""Where a worker's runs take place: the folder on its machine that relative paths start from."""

import os
from pathlib import Path

from artifacts.errors import InputError

ROOT_VARIABLE = "CROSSTAG_ROOT"


def enter() -> dict[str, str]:
    """The pull step of every deployment: it names no folder itself, so that a worker may be anywhere.

    Returns:
        The folder of $CROSSTAG_ROOT, which Prefect makes the current one before the flow starts.

    Raises:
        InputError: if the worker was started without that variable, or there is no such folder.
    """
    named = os.environ.get(ROOT_VARIABLE, "")
    if not named or not Path(named).is_dir():
        raise InputError(
            f"worker: {ROOT_VARIABLE} is {named!r}, expected the folder on its machine that relative paths of corpora, "
            f"models and the store start from; start the worker again: {ROOT_VARIABLE}=$PWD crosstag worker ..."
        )
    os.chdir(named)
    return {"directory": named}
