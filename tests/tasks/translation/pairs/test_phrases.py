import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.translation.pairs.phrases import phrase_pairs


def pairs(links: list[tuple[int, int]], source: int, target: int, max_words: int, unlinked_edges: bool) -> list[tuple]:
    columns = np.array(links, dtype=np.int64).reshape(-1, 2).T
    sentences = np.zeros(source, dtype=np.int64), np.zeros(target, dtype=np.int64)
    return list(map(tuple, phrase_pairs(*columns, *sentences, max_words, unlinked_edges).tolist()))


# Source words a b c, target words x y z w. Links a-z, b-x: they cross. c and y, w have no link.
#      x y z w
#   a  . . o .
#   b  o . . .
#   c  . . . .
CROSSING = [(0, 2), (1, 0)]


def test_phrases_between_linked_edges() -> None:
    # a: z. b: x. a b: from x to z, and all that is linked there, a and b, lies inside. No span with c: an edge is free.
    assert pairs(CROSSING, 3, 4, 4, unlinked_edges=False) == [(0, 1, 2, 3), (0, 2, 0, 3), (1, 2, 0, 1)]


def test_phrases_may_begin_and_end_with_unlinked_words() -> None:
    # a: z, and y z, z w, y z w. b, and b c: x, x y. a b, and a b c: x y z, x y z w.
    expected = [(0, 1, *t) for t in [(1, 3), (1, 4), (2, 3), (2, 4)]]
    expected += [(0, 2, 0, 3), (0, 2, 0, 4), (0, 3, 0, 3), (0, 3, 0, 4)]
    expected += [(1, 2, 0, 1), (1, 2, 0, 2), (1, 3, 0, 1), (1, 3, 0, 2)]
    assert pairs(CROSSING, 3, 4, 4, unlinked_edges=True) == expected


def test_no_phrase_has_more_words_than_allowed_on_either_side() -> None:
    assert pairs(CROSSING, 3, 4, 2, unlinked_edges=False) == [(0, 1, 2, 3), (1, 2, 0, 1)]


def test_a_word_linked_to_both_ends_needs_all_between() -> None:
    # a-x, b-y, a-z: x y z are linked to a and b, so a alone is no phrase; b-y is one.
    assert pairs([(0, 0), (1, 1), (0, 2)], 2, 3, 3, unlinked_edges=False) == [(0, 2, 0, 3), (1, 2, 1, 2)]


def test_no_links_no_phrases() -> None:
    assert pairs([], 3, 2, 3, unlinked_edges=True) == []
    assert pairs([], 0, 0, 3, unlinked_edges=True) == []


def test_phrases_do_not_cross_sentences() -> None:
    # Two sentences of two words each, word by word; both in one row. The free word 1 of the first target sentence is
    # no edge of a phrase of the second.
    links = np.array([0, 2, 3]), np.array([0, 2, 3])
    sentences = np.array([0, 0, 1, 1])
    found = phrase_pairs(*links, sentences, sentences, 4, unlinked_edges=True).tolist()
    first = [[0, 1, 0, 1], [0, 1, 0, 2], [0, 2, 0, 1], [0, 2, 0, 2]]
    assert found == [*first, [2, 3, 2, 3], [2, 4, 2, 4], [3, 4, 3, 4]]


@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.booleans(), st.sets(st.tuples(*[st.integers(0, 4)] * 2))
)
def test_phrases_are_those_of_the_definition(
    source: int, target: int, most: int, edges: bool, links: set[tuple[int, int]]
) -> None:
    links = {(i, j) for i, j in links if i < source and j < target}
    expected = []
    for a in range(source):
        for b in range(a + 1, min(source, a + most) + 1):
            for c in range(target):
                for d in range(c + 1, min(target, c + most) + 1):
                    inside = [(i, j) for i, j in links if a <= i < b and c <= j < d]
                    leaves = any((a <= i < b) != (c <= j < d) for i, j in links)
                    ends = {("s", i) for i, _ in inside} | {("t", j) for _, j in inside}
                    linked = {("s", a), ("s", b - 1), ("t", c), ("t", d - 1)} <= ends
                    if inside and not leaves and (edges or linked):
                        expected.append((a, b, c, d))
    assert pairs(sorted(links), source, target, most, edges) == expected
