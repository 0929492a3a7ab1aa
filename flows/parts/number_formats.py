"""Whether the device computes in every number format that a configuration asks for, looked at before a run starts."""

from collections.abc import Iterator

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from tasks.tagging.inference import Inference
from tasks.training.config import TrainingConfig
from tasks.training.precision import check_precision
from tasks.translation.machine.engines import Generation, check_format


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
