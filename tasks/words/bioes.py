"""BIOES labels beside IOB2 ones: what a tagger may have inside, where the store has IOB2 alone.

Each IOB2 label stands for two: B-X for B-X and S-X, the only word of an entity; I-X for I-X and E-X, its last one.
`tasks.words.schemes` reads tags of files; these are ids of a tagger's own labels.
"""

from collections.abc import Sequence

import numpy as np

from tasks.words.columns import offsets_of

_LAST = {"B": "S", "I": "E"}


def bioes_labels(labels: Sequence[str]) -> list[str]:
    """The BIOES labels of a label list: O, B-LOC, I-LOC -> O, B-LOC, S-LOC, I-LOC, E-LOC."""
    return [each for label in labels for each in _inner(label)]


def iob2_ids(labels: Sequence[str]) -> np.ndarray:
    """[4 T + 1] the place in `labels`, IOB2 ones of T types, of each of their `bioes_labels`."""
    return np.array([place for place, label in enumerate(labels) for _ in _inner(label)], dtype=np.int64)


def bioes_ids(ids: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """IOB2 labels of whole sentences as BIOES ones.

    A word is the last of its entity if the next word of its sentence does not have the I- of its type.

    Args:
        ids: [N] places in `labels`, sentences one after another.
        lengths: [M] words of each sentence.
        labels: IOB2 labels.

    Returns:
        [N] int64 places in `bioes_labels(labels)`.
    """
    inner = bioes_labels(labels)
    types = np.array([label[2:] for label in labels])[ids]
    goes_on = np.zeros(len(ids), dtype=bool)
    goes_on[:-1] = np.array([label.startswith("I-") for label in labels])[ids][1:] & (types[1:] == types[:-1])
    ends = offsets_of(lengths)[1:][lengths > 0] - 1
    goes_on[ends] = False
    first = np.array([inner.index(label) for label in labels], dtype=np.int64)[ids]
    return first + ((types != "") & ~goes_on)


def follows(labels: Sequence[str]) -> np.ndarray:
    """[C, C] bool: whether BIOES label j may follow label i: what is begun goes on, with its type, to its end."""
    return np.array([[_fits(before, after) for after in labels] for before in labels])


def starts(labels: Sequence[str]) -> np.ndarray:
    """[C] bool: whether a sentence may start with a BIOES label."""
    return np.array([_fits("O", label) for label in labels])


def ends(labels: Sequence[str]) -> np.ndarray:
    """[C] bool: whether a sentence may end with a BIOES label."""
    return np.array([_fits(label, "O") for label in labels])


def _inner(label: str) -> tuple[str, ...]:
    return (label,) if label == "O" else (label, f"{_LAST[label[0]]}{label[1:]}")


def _fits(before: str, after: str) -> bool:
    is_open = before[0] in "BI"
    return (after[0] in "IE") == is_open and (not is_open or before[2:] == after[2:])
