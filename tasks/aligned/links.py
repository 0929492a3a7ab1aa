"""Links between the words of sentences and of their translations, whoever found them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WordLinks:
    """Links of sentence pairs whose words are counted over all sentences of a side.

    source        [L] source word of each link, ascending
    target        [L] target word; ascending among the links of a source word
    similarities  [L] float32; NaN where nothing says how similar the two are
    """

    source: np.ndarray
    target: np.ndarray
    similarities: np.ndarray

    def __len__(self) -> int:
        return len(self.source)


def links_of_words(source: np.ndarray, target: np.ndarray, similarities: np.ndarray) -> WordLinks:
    """Each pair of words once, sorted, with the highest of its similarities; all arrays are [L]."""
    order = np.lexsort((target, source))
    source, target, similarities = source[order], target[order], similarities[order]
    fresh = np.flatnonzero((np.diff(source, prepend=-1) != 0) | (np.diff(target, prepend=-1) != 0))
    highest = np.fmax.reduceat(similarities, fresh) if len(fresh) else similarities
    return WordLinks(source[fresh], target[fresh], highest)
