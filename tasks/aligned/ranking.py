"""Which candidates become places: the most similar first, none that shares a word with one that is taken."""

import numpy as np
from pydantic import Field

from artifacts.settings import Settings

# Why an entity that was ranked has no place.
REASONS = {
    "no_candidate": "the translation has no span of free words that the entity could stand in",
    "unlikely": "the translator finds no candidate likely enough to translate the entity",
    "taken": "every candidate that is likely enough shares words with the place of a more similar entity",
}


class PlaceRanking(Settings):
    """When the best candidate of an entity becomes its place."""

    min_similarity: float = Field(
        0.3,
        ge=0,
        title="Least similarity",
        description="Of an entity and its place: 1 if the translator finds each as probable given the other as given "
        "itself, 0.5 if half as probable, by sub-word. 0: the best candidate is always taken, as in T-Projection.",
    )


def best_candidates(
    rows: np.ndarray, entities: np.ndarray, starts: np.ndarray, ends: np.ndarray, values: np.ndarray, minimum: float
) -> np.ndarray:
    """[K] candidates that become places, ascending: again and again the most similar one of each sentence.

    T-Projection takes the entities of a sentence in their order; here the order is that of similarity, so that a name
    that is certain takes its words before one that is not.

    Args:
        rows: [C] the sentence of each.
        entities: [C] its entity, counted over all sentences.
        starts: [C] its first word.
        ends: [C] the word behind its last.
        values: [C] similarities; of equal ones the first counts; NaN is never taken.
        minimum: of those that are taken.
    """
    order = np.lexsort((np.arange(len(values)), -values, rows))
    left = order[values[order] >= minimum]
    chosen: list[np.ndarray] = []
    while len(left):
        fresh = np.diff(rows[left], prepend=-1) != 0
        best = left[fresh]
        chosen.append(best)
        taken = best[np.cumsum(fresh) - 1]
        apart = (ends[left] <= starts[taken]) | (starts[left] >= ends[taken])
        left = left[apart & (entities[left] != entities[taken])]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, dtype=np.int64)
