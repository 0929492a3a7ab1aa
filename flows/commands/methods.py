"""The methods a configuration can name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from flows.commands.configuration import PLACEHOLDER, checked, is_open, override, read_yaml
from flows.parts.summary import Result


@dataclass(frozen=True)
class Method:
    """A method: its paper, its configuration, its flow, the flow's algorithm, its checks."""

    name: str
    paper: str
    config: type[Settings]
    flow: Any
    algorithm: Callable[[Any, Runtime], Result]
    check: Callable[[Any, Runtime], None]

    def steps(self, config: Any, runtime: Runtime) -> Result:
        """The steps as the flow calls them, without it: to plan them, or inside a flow of several runs."""
        from flows.parts.number_formats import in_formats_of  # It loads torch.

        return self.algorithm(in_formats_of(config, runtime), runtime)


def _colada() -> Method:
    from flows.colada import Colada, algorithm, check, colada

    return Method("colada", "CoLaDa, Ma et al., ACL 2023", Colada, colada, algorithm, check)


def _unitrans() -> Method:
    from flows.unitrans import Unitrans, algorithm, check, unitrans

    return Method("unitrans", "UniTrans, Wu et al., IJCAI 2020", Unitrans, unitrans, algorithm, check)


def _crop() -> Method:
    from flows.crop import Crop, algorithm, check, crop

    return Method("crop", "CROP, Yang et al., EMNLP 2022", Crop, crop, algorithm, check)


def _conner() -> Method:
    from flows.conner import Conner, algorithm, check, conner

    return Method("conner", "ConNER, Zhou et al., EMNLP 2022", Conner, conner, algorithm, check)


def _glode() -> Method:
    from flows.glode import Glode, algorithm, check, glode

    return Method("glode", "GLoDe, Ding et al., IJCAI 2024", Glode, glode, algorithm, check)


def _panel() -> Method:
    from flows.panel import Panel, algorithm, check, panel

    return Method("panel", "our own recipe, docs/panel.md", Panel, panel, algorithm, check)


METHODS: dict[str, Callable[[], Method]] = {
    "colada": _colada,
    "unitrans": _unitrans,
    "crop": _crop,
    "conner": _conner,
    "glode": _glode,
    "panel": _panel,
}

_TAKES = "takes"


def read_duration(path: Path) -> str:
    """How long a configuration says that it takes from an empty store, and on what; empty if it does not say.

    Raises:
        InputError: if the file cannot be read, or says it in anything but words.
    """
    found = read_yaml(path).get(_TAKES, "")
    if not isinstance(found, str):
        raise InputError(
            f"configuration {path}: {_TAKES} is {found!r}; expected words such as '2 minutes on two cores'; quote it"
        )
    return found


def load(path: Path, settings: Sequence[str] = ()) -> tuple[Method, Any]:
    """The method a configuration file names, and its checked configuration.

    Raises:
        InputError: if the file or a setting is not valid.
    """
    return load_values(read_yaml(path), settings, str(path))


def load_values(values: dict[str, Any], settings: Sequence[str], origin: str) -> tuple[Method, Any]:
    """As `load`, of values that were read from a file called `origin`.

    Raises:
        InputError: if a value or a setting is not valid.
    """
    values = override(values, settings)
    if is_open(values):
        raise InputError(
            f"configuration {origin}: it has {PLACEHOLDER} in it, so it is of several languages: run it by `crosstag "
            f"many {origin} --targets de,...`"
        )
    values.pop(_TAKES, None)
    name = values.pop("method", None)
    if name not in METHODS:
        raise InputError(f"configuration {origin}: method is {name!r}; expected one of {', '.join(METHODS)}")
    method = METHODS[name]()
    return method, checked(method.config, values, f"configuration {origin}")


def has_setting(method: str, name: str) -> bool:
    """Whether configurations of a method have this key at the top."""
    return method in METHODS and name in METHODS[method]().config.model_fields
