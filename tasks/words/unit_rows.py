"""Vectors scaled to length 1, so that inner products are cosines."""

import numpy as np


def unit_rows(vectors: np.ndarray, *, in_place: bool = False) -> np.ndarray:
    """Divides each row by its length.

    Args:
        vectors: [N, H] float. A row of zeros stays zero: its cosine with everything is 0.
        in_place: change `vectors` itself where it is contiguous float32, which saves a copy of a large bank.

    Returns:
        [N, H] float32, contiguous.

    Raises:
        ValueError: if a row holds NaN or an infinite value.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("nh,nh->n", rows, rows))
    if not np.isfinite(lengths).all():
        first = int(np.flatnonzero(~np.isfinite(lengths))[0])
        raise ValueError(f"row {first} has a vector that is not finite; what made the vectors diverged")
    divisors = np.where(lengths > 0, lengths, 1.0).astype(np.float32)[:, None]
    if not in_place:
        return rows / divisors
    rows /= divisors
    return rows
