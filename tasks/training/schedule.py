"""The learning rate of each update, as a function of nothing but its number."""

from tasks.training.config import TrainingConfig


def learning_rate_at(update: int, total_updates: int, config: TrainingConfig) -> float:
    """Learning rate of one update.

    With W = floor(warmup_fraction * total), updates counted from 0 and peak rate r:

        update < W:   r * (update + 1) / W              # No update is wasted on a rate of 0.
        linear:       r * (total - update) / (total - W)
        constant:     r
    """
    warmup = int(config.warmup_fraction * total_updates)
    if update < warmup:
        return config.learning_rate * (update + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (total_updates - update) / (total_updates - warmup)
