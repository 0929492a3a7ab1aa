"""Hard labels of words as numbers, their places among the labels: the most probable one of each word, or none."""

import numpy as np

NO_LABEL = -1


def most_probable(probabilities: np.ndarray) -> np.ndarray:
    """The label with the highest probability (UniTrans, Eq. 10).

        y_i = argmax_c p(x_i, Theta)_c

    Args:
        probabilities: [N, C].

    Returns:
        [N] int32 label ids; among equals the label that is listed first.
    """
    return probabilities.argmax(axis=1).astype(np.int32)
