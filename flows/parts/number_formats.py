"""The number formats that a configuration asks for, and the device: looked at, and chosen, before a run starts."""

from collections.abc import Iterator
from typing import Any, TypeVar

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from tasks.tagging.inference import Inference
from tasks.training.config import TrainingConfig
from tasks.training.precision import check_precision, in_place_of
from tasks.translation.machine.engines import Generation, check_format

Config = TypeVar("Config", bound=Settings)


def check_number_formats(config: Settings, runtime: Runtime) -> None:
    """Every training, labelling and translation can be computed as it is asked for.

    Raises:
        InputError: if one cannot; it names the key.
    """
    device = runtime.resolved_device()
    for key, settings in _settings_inside(config):
        try:
            if isinstance(settings, TrainingConfig | Inference):
                check_precision(device, settings.precision)
            elif isinstance(settings, Generation):
                check_format(settings, device)
        except InputError as error:
            raise InputError(f"{key}: {error}") from error


def in_formats_of(config: Config, runtime: Runtime) -> Config:
    """The configuration as its steps get it: each bf16_or_float32 is what the device has, so that keys know it."""
    chosen: Config = _chosen(config, runtime.resolved_device())
    return chosen


def format_chosen(runtime: Runtime) -> str:
    """Which format bf16_or_float32 is, and on what."""
    device = runtime.resolved_device()
    return f"{in_place_of('bf16_or_float32', device)}, by what {device} computes in"


def _chosen(value: Any, device: str) -> Any:
    """A value of a configuration with the formats that are chosen; itself if there was nothing to choose."""
    if isinstance(value, tuple):
        items = tuple(_chosen(each, device) for each in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if not isinstance(value, Settings):
        return value
    changed: dict[str, Any] = {}
    for name in type(value).model_fields:
        old = getattr(value, name)
        new = _chosen(old, device)
        if name == "precision" and isinstance(value, TrainingConfig | Inference):
            new = in_place_of(old, device)
        if new is not old:
            changed[name] = new
    return value.model_copy(update=changed) if changed else value


def _settings_inside(settings: Settings, key: str = "") -> Iterator[tuple[str, Settings]]:
    """All settings with the keys under which they stand."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        place = f"{key}.{name}" if key else name
        if isinstance(value, Settings):
            yield place, value
            yield from _settings_inside(value, place)
        elif isinstance(value, tuple):
            for number, each in enumerate(value):
                if isinstance(each, Settings):
                    yield from _settings_inside(each, f"{place}.{number}")
