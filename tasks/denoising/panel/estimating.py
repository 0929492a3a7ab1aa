"""How good teachers are, from their agreement alone (Dawid and Skene, 1979), and one opinion made of theirs."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from artifacts.settings import Settings
from tasks.words.hard_labels import NO_LABEL


class Joining(Settings):
    """How the opinions of several teachers become one."""

    method: Literal["meaning", "mean", "posterior"] = Field(
        "meaning",
        title="Method",
        description="meaning: each teacher's probabilities are read as what its labels are estimated to mean, then "
        "averaged; mean: averaged as they are; posterior: of Dawid and Skene's model, from the most probable labels.",
    )
    iterations: int = Field(
        100, ge=1, le=10_000, title="Iterations", description="Of expectation and maximisation, at most."
    )
    tolerance: float = Field(
        1e-6,
        ge=0,
        le=1,
        title="Tolerance",
        description="Ends when the mean change of a word's probabilities is no larger.",
    )
    smoothing: float = Field(
        1.0,
        gt=0,
        le=1000,
        title="Smoothing",
        description="Words added for each label of a teacher: to what it means, as if it were right; to what it says "
        "of a true label, spread over all labels.",
    )


class Estimate(NamedTuple):
    """What is estimated of T teachers and C labels.

    prior       [C] how often each label is true
    said        [T, C, C] P(teacher says j | i is true), rows i
    meant       [T, C, C] P(i is true | teacher says j), rows j
    iterations  that it took
    settled     whether it came to rest in these
    """

    prior: np.ndarray
    said: np.ndarray
    meant: np.ndarray
    iterations: int
    settled: bool


class Patterns(NamedTuple):
    """The different answers of a panel.

    labels  [P, T] what each teacher said, NO_LABEL where it said nothing
    counts  [P] number of words with these answers
    """

    labels: np.ndarray
    counts: np.ndarray


def patterns_of(votes: np.ndarray) -> Patterns:
    """Counts the different columns of [T, N] label ids."""
    return Patterns(*np.unique(votes.T, axis=0, return_counts=True))


def joined_patterns(parts: Sequence[Patterns]) -> Patterns:
    """The patterns of several parts of a text together."""
    labels, where = np.unique(np.concatenate([part.labels for part in parts]), axis=0, return_inverse=True)
    counts = np.concatenate([part.counts for part in parts])
    return Patterns(labels, np.bincount(where.ravel(), counts))


def estimate(patterns: Patterns, labels: int, config: Joining) -> Estimate:
    """Confusion of each teacher, by expectation and maximisation (Dawid and Skene, 1979, Eq. 2.3-2.5).

    It begins with the shares of the votes. Teachers are taken for independent of each other given the true label; those
    that learnt from the same sentences are not, and are thought better than they are where they err alike.

    Args:
        patterns: at least one, in each of which at least one teacher speaks.
        labels: C.
        config: when to end, and how much is added to the counts.
    """
    spoken = patterns.labels != NO_LABEL
    posterior = _votes(patterns.labels, labels) / spoken.sum(axis=1, keepdims=True)
    iterations, settled = 0, False
    while iterations < config.iterations and not settled:
        iterations += 1
        prior = patterns.counts @ posterior / patterns.counts.sum()
        said = _said(patterns, posterior, config.smoothing)
        before, posterior = posterior, posterior_of(patterns.labels, prior, said)
        moved = np.abs(posterior - before).sum(axis=1) / 2
        settled = bool(patterns.counts @ moved / patterns.counts.sum() <= config.tolerance)
    return Estimate(prior, said, _meant(patterns, posterior, config.smoothing), iterations, settled)


def posterior_of(labels: np.ndarray, prior: np.ndarray, said: np.ndarray) -> np.ndarray:
    """P(i is true | what the teachers said), prior_i prod_t said_t[i, label_t], scaled to sum to 1.

    Args:
        labels: [P, T], NO_LABEL where a teacher says nothing.
        prior: [C].
        said: [T, C, C].

    Returns:
        [P, C] float64.
    """
    logs = np.log(np.maximum(prior, np.finfo(np.float64).tiny))[None].repeat(len(labels), axis=0)
    for teacher, likely in enumerate(np.log(said)):
        spoke = labels[:, teacher] != NO_LABEL
        logs[spoke] += likely.T[labels[spoke, teacher]]
    likelihood: np.ndarray = np.exp(logs - logs.max(axis=1, keepdims=True))
    return likelihood / likelihood.sum(axis=1, keepdims=True)


def pooled(opinions: Sequence[np.ndarray], spoke: Sequence[np.ndarray], meant: np.ndarray | None) -> np.ndarray:
    """One opinion on each word: the mean over the teachers that said something of it.

        q(i) = 1/|T_n| sum_{t in T_n} sum_j p_t(j) meant_t[j, i]

    Args:
        opinions: T arrays [N, C] of probabilities.
        spoke: T arrays [N] whether the teacher said something of the word; of each word at least one did.
        meant: [T, C, C], rows what was said; None: labels mean themselves.

    Returns:
        [N, C] float32; rows sum to 1.
    """
    total = np.zeros(opinions[0].shape)
    for teacher, (opinion, has) in enumerate(zip(opinions, spoke, strict=True)):
        read = opinion if meant is None else opinion @ meant[teacher]
        total += np.where(has[:, None], read, 0.0)
    return (total / total.sum(axis=1, keepdims=True)).astype(np.float32)


def _votes(labels: np.ndarray, count: int) -> np.ndarray:
    """[P, C] how many teachers said each label."""
    return np.stack([(labels == label).sum(axis=1) for label in range(count)], axis=1)


def _together(patterns: Patterns, posterior: np.ndarray, teacher: int) -> np.ndarray:
    """[C, C] expected number of words that are i (rows) and of which the teacher said j."""
    said = patterns.labels[:, teacher]
    spoke = said != NO_LABEL
    together = np.zeros((posterior.shape[1],) * 2)
    np.add.at(together.T, said[spoke], (patterns.counts[:, None] * posterior)[spoke])
    return together


def _said(patterns: Patterns, posterior: np.ndarray, smoothing: float) -> np.ndarray:
    teachers = range(patterns.labels.shape[1])
    count = posterior.shape[1]
    together = np.stack([_together(patterns, posterior, teacher) for teacher in teachers]) + smoothing / count
    return together / together.sum(axis=2, keepdims=True)


def _meant(patterns: Patterns, posterior: np.ndarray, smoothing: float) -> np.ndarray:
    teachers = range(patterns.labels.shape[1])
    together = np.stack([_together(patterns, posterior, teacher).T for teacher in teachers])
    together += smoothing * np.eye(posterior.shape[1])
    return together / together.sum(axis=2, keepdims=True)
