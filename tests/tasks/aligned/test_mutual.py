import numpy as np
import torch

from tasks.aligned.links import links_of_words
from tasks.aligned.mutual import Subwords, aligned_words, mutual_argmax


def links(similarity: list, sources: list[int], targets: list[int]) -> list[tuple[int, ...]]:
    found = mutual_argmax(torch.tensor(similarity), torch.tensor(sources), torch.tensor(targets))
    return list(zip(*(each.tolist() for each in found), strict=True))


def test_two_are_linked_if_each_is_the_others_most_similar() -> None:
    # Rows: 0 likes 1, 1 likes 0, 2 likes 1. Columns: 0 likes 1, 1 likes 0 (0.9 > 0.8), 2 likes 2. Source 2 stays alone.
    similarity = [[[0.2, 0.9, 0.1], [0.7, 0.3, 0.2], [0.1, 0.8, 0.6]]]
    assert links(similarity, [3], [3]) == [(0, 0, 1), (0, 1, 0)]


def test_of_equally_similar_ones_the_first_counts() -> None:
    # All alike: both sources choose target 0, both targets source 0.
    assert links([[[0.5, 0.5], [0.5, 0.5]]], [2], [2]) == [(0, 0, 0)]


def test_what_pads_a_pair_is_never_linked_and_an_empty_side_has_no_link() -> None:
    # In pair 0 the highest of all stands in the padding; similarities below 0 are links, too. Pairs 1, 2: a side empty.
    similarity = [[[-0.5, 0.9], [0.9, 0.9]]] * 3
    assert links(similarity, [1, 0, 1], [1, 1, 0]) == [(0, 0, 0)]


def test_words_are_linked_if_any_of_their_subwords_are_with_the_highest_similarity() -> None:
    # Words 0 and 1 to words 4 and 5: 0-4 by two pairs of sub-words, NaN where nobody knows.
    found = links_of_words(
        np.array([1, 0, 0, 0]), np.array([5, 4, 5, 4]), np.array([np.nan, 0.3, 0.5, 0.8], dtype=np.float32)
    )
    assert found.source.tolist() == [0, 0, 1] and found.target.tolist() == [4, 5, 5]
    np.testing.assert_allclose(found.similarities, [0.8, 0.5, np.nan], rtol=1e-6)


def unit(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows), dim=1)


def test_subwords_become_words_counted_over_all_pairs() -> None:
    # Pair 0: source word 0 = sub-words x, y; target words 0 = y, 1 = x: both link to word 0.
    # Pair 1: no source word, target word 2. Pair 2: source word 1 = z, target word 3 = z' at 45 degrees.
    x, y, z, halfway = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)
    source = Subwords(unit(x, y, z), np.array([0, 0, 1]), np.array([2, 0, 1]))
    target = Subwords(unit(y, x, y, halfway), np.array([0, 1, 2, 3]), np.array([2, 1, 1]))
    for budget in (1, 1000):
        found = aligned_words(source, target, budget)
        assert found.source.tolist() == [0, 0, 1] and found.target.tolist() == [0, 1, 3]
        np.testing.assert_allclose(found.similarities, [1, 1, 0.5**0.5], rtol=1e-6)


def test_nothing_has_no_links() -> None:
    nothing = Subwords(torch.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(2, np.int64))
    assert len(aligned_words(nothing, nothing, 10)) == 0
