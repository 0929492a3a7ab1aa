"""Group rows of similar length into updates, and into passes of a bounded number of sub-words."""

import numpy as np

_TOLERANCE = 1.08  # Lengths within 8 % count as equal: rows mix between epochs, and at most 8 % is padding.


def length_batches(lengths: np.ndarray, budget: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches of one epoch, in the order in which to train on them.

    Every row is in exactly one batch. Only the rows of a batch and the order of the batches depend on
    `(seed, epoch)`; the number of batches and their sizes depend on the lengths alone.

    Args:
        lengths: [N] int, sub-words of each row, special ones included.
        budget: sub-words of a batch, padding included; a row longer than that is a batch of its own.
        seed: of the training.
        epoch: counted from 0.

    Returns:
        Arrays of row numbers; in each, rows times the longest row is at most `budget`.

    Raises:
        ValueError: if there are no rows, a length is below 1, or the budget is below 1.
    """
    tops = _rounded_up(_checked(lengths, budget))
    noise = np.random.default_rng([seed, epoch])
    rows = np.lexsort((noise.permutation(len(tops)), -tops))
    batches = _cut(rows, tops, budget)
    return [batches[i] for i in noise.permutation(len(batches))]


def updates_per_epoch(lengths: np.ndarray, budget: int) -> int:
    """Number of batches that `length_batches` makes, whatever the seed and the epoch."""
    tops = _rounded_up(_checked(lengths, budget))
    return len(_cut(np.argsort(-tops, kind="stable"), tops, budget))


def sentence_updates(
    lengths: np.ndarray, sentences: np.ndarray | None, per_update: int, budget: int, seed: int, epoch: int
) -> list[list[np.ndarray]]:
    """The updates of one epoch on whole sentences, in the order in which to train on them.

    Each update has exactly `per_update` sentences of similar length, but for one: what is left over when these are
    counted out, a sample of all lengths that `(seed, epoch)` decides. Its number of passes depends on the budget.

    Args:
        lengths: [R] int, sub-words of each row, special ones included.
        sentences: [R] int, the sentence of each row, rising; None: each row is one.
        per_update: sentences of one update.
        budget: sub-words of a pass, padding included; a row longer than that is a pass of its own.
        seed: of the training.
        epoch: counted from 0.

    Returns:
        The passes of each update: arrays of row numbers. All rows of a sentence are in the same update.

    Raises:
        ValueError: if there are no rows, or a length, `per_update` or the budget is below 1.
    """
    exact = _checked(lengths, budget)
    if per_update < 1:
        raise ValueError(f"an update has at least 1 sentence; found {per_update}")
    sentence_of = _numbered(exact, sentences)
    longest = np.zeros(sentence_of[-1] + 1, dtype=np.int64)
    np.maximum.at(longest, sentence_of, exact)
    tops = _rounded_up(longest)
    noise = np.random.default_rng([seed, epoch])
    shuffled = noise.permutation(len(tops))
    left, rest = np.split(shuffled, [len(tops) % per_update])
    similar = np.append(rest[np.argsort(-tops[rest], kind="stable")], left)
    updates = -(-len(tops) // per_update)
    update_of = np.empty(len(tops), dtype=np.int64)
    update_of[similar] = noise.permutation(updates)[np.arange(len(tops)) // per_update]
    rows = np.lexsort((-exact, update_of[sentence_of]))
    ends = np.cumsum(np.bincount(update_of[sentence_of], minlength=updates))
    return [_cut(update, exact, budget) for update in np.split(rows, ends[:-1])]


def sentence_count(lengths: np.ndarray, sentences: np.ndarray | None) -> int:
    """Number of sentences that rows are of; None: each row is one.

    Raises:
        ValueError: if there are no rows.
    """
    return int(_numbered(_checked(lengths, 1), sentences)[-1]) + 1


def _numbered(lengths: np.ndarray, sentences: np.ndarray | None) -> np.ndarray:
    """[R] the sentence of each row, counted from 0."""
    if sentences is None:
        return np.arange(len(lengths))
    return np.cumsum(np.diff(sentences, prepend=sentences[:1]) > 0)


def inference_batches(lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """Batches without shuffling, longest first, so that running out of memory shows at once.

    Args:
        lengths: [N] int, sub-words of each row; N may be 0.
        budget: sub-words of a batch, padding included.
    """
    if len(lengths) == 0:
        return []
    exact = _checked(lengths, budget)
    return _cut(np.argsort(-exact, kind="stable"), exact, budget)


def _checked(lengths: np.ndarray, budget: int) -> np.ndarray:
    exact = np.asarray(lengths, dtype=np.int64)
    if exact.size == 0:
        raise ValueError("there are no rows to make batches of")
    if exact.min() < 1 or budget < 1:
        raise ValueError(f"lengths and budget are at least 1; found lengths from {exact.min()}, budget {budget}")
    return exact


def _rounded_up(lengths: np.ndarray) -> np.ndarray:
    """Each length's place on a ladder whose steps are about 8 % apart."""
    ladder = [1]
    while ladder[-1] < lengths.max():
        ladder.append(max(ladder[-1] + 1, int(ladder[-1] * _TOLERANCE)))
    steps = np.array(ladder)
    return steps[np.searchsorted(steps, lengths)]


def _cut(rows: np.ndarray, tops: np.ndarray, budget: int) -> list[np.ndarray]:
    """Cuts rows, sorted by falling `tops`, into batches whose first row decides how many fit."""
    batches, start = [], 0
    while start < len(rows):
        end = start + max(1, budget // int(tops[rows[start]]))
        batches.append(rows[start:end])
        start = end
    return batches
