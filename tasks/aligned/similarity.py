"""How well a span of a translation translates an entity, by the translator's own probabilities.

NMTScore's direct translation probability (Vamvas and Sennrich 2022), which T-Projection ranks candidates by
(García-Ferrero, Agerri and Rigau 2023):

    s(c | e) = p(c | e) / p(c | c)        s(e, c) = ( s(c | e) + s(e | c) ) / 2

with probabilities that are normalised by length.
"""

from collections.abc import Mapping

import numpy as np

NAMES = ("forward", "forward_self", "backward", "backward_self")


def similarities(logs: Mapping[str, np.ndarray]) -> np.ndarray:
    """[C] s(e, c), from 0 upwards, higher is better; NaN where it is not known.

    Args:
        logs: by each of `NAMES`, [C] log p(c|e), log p(c|c), log p(e|c) and log p(e|e), means over sub-words; NaN if
            not known. Where the second two are not, as with a translator of one direction, the first two alone count.
    """
    # The published code of NMTScore raises each p to the power ln 2, as it takes 2 to the power of a natural logarithm.
    forward, backward = (np.exp(logs[name] - logs[f"{name}_self"]) for name in ("forward", "backward"))
    both: np.ndarray = np.where(np.isnan(backward), forward, (forward + backward) / 2)
    return both
