"""Numbers that people set in the environment."""

import os
from collections.abc import Mapping

from artifacts.errors import InputError


def positive(variable: str, default: float, environment: Mapping[str, str] = os.environ) -> float:
    """A number above 0 of the environment; `default` where it has none, or an empty one.

    Raises:
        InputError: if it is something else.
    """
    text = environment.get(variable, "")
    try:
        number = float(text) if text else default
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InputError(f"${variable}: {text!r}; expected a number above 0")
    return number
