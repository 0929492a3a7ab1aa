"""The learning rate of each update, as a function of nothing but its number."""

import math

from artifacts.errors import InputError
from tasks.training.config import TrainingConfig


def warmup_of(total_updates: int, config: TrainingConfig) -> int:
    """W: how many updates the rate rises.

    Raises:
        InputError: if it would rise to the end and beyond.
    """
    if config.warmup_fraction is not None:
        return int(config.warmup_fraction * total_updates)
    assert config.warmup_updates is not None
    if config.warmup_updates > total_updates:
        raise InputError(
            f"training: warmup_updates is {config.warmup_updates}, but there are {total_updates} updates in all, and "
            "the rate would never reach learning_rate; lower warmup_updates, or give warmup_fraction instead"
        )
    return config.warmup_updates


def learning_rate_at(update: int, total_updates: int, config: TrainingConfig) -> float:
    """Learning rate of one update.

    With W = warmup_updates or floor(warmup_fraction * total), updates counted from 0 and peak rate r:

        update < W:   r * (update + 1) / W              # No update is wasted on a rate of 0.
        linear:       r * (total - update) / (total - W)
        constant:     r
        inverse_sqrt: r * sqrt(W / (update + 1)), W at least 1 (Vaswani et al., 2017)
    """
    warmup = warmup_of(total_updates, config)
    if update < warmup:
        return config.learning_rate * (update + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "inverse_sqrt":
        return float(config.learning_rate * math.sqrt(max(warmup, 1) / (update + 1)))
    return config.learning_rate * (total_updates - update) / (total_updates - warmup)
