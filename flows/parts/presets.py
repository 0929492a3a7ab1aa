"""A method as its authors' code runs it: the departures from the paper, by the keys of the configuration."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from artifacts.settings import Settings

_GIVEN = ("source.", "target.", "translation.imported.")
"""How the paths of settings begin that count where the configuration has that corpus: a preset names no file."""
_INSTEAD = {
    "warmup_fraction": "warmup_updates",
    "warmup_updates": "warmup_fraction",
    "passes_per_update": "sentences_per_batch",
}
"""Settings beside which another one is refused: where the configuration has that, a preset's does not come."""


class WithPreset(Settings):
    """A method's configuration that can be filled in from a preset.

    `upstream` has the value of each setting in which the published code departs from the paper, by its path
    (`student.targets`); a path through a corpus, or an imported translation, counts where the configuration has it.
    """

    upstream: ClassVar[Mapping[str, Any]] = {}

    preset: Literal["paper", "upstream"] = Field(
        "paper",
        title="Preset",
        description="Where the configuration is silent: the paper's settings, or upstream, those of the authors' "
        "published code. What the configuration says itself counts.",
    )

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("preset") == "upstream":
            return filled_in(values, cls.upstream)
        return values


def filled_in(values: Mapping[str, Any], preset: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `values` with those of a preset where it has none of its own.

    Args:
        values: a configuration as a YAML file gives it.
        preset: values by the path of their key.
    """
    result: dict[str, Any] = _copied(values)  # A YAML anchor is one object in several places.
    for path, value in preset.items():
        *parents, last = path.split(".")
        place: Any = result
        for name in parents:
            if not path.startswith(_GIVEN):
                place.setdefault(name, {})
            place = place.get(name)
            if not isinstance(place, dict):  # No such corpus; or a made object, whose settings all count.
                break
        else:
            if place.get(_INSTEAD.get(last, "")) is None:
                place.setdefault(last, value)
    return result


def _copied(values: Any) -> Any:
    return {key: _copied(value) for key, value in values.items()} if isinstance(values, Mapping) else values
