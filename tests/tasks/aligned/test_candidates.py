"""Spans that an entity may stand in, by hand; which of them are taken."""

import numpy as np
import pytest

from tasks.aligned.candidates import CandidateSpans, candidate_spans
from tasks.aligned.links import WordLinks
from tasks.aligned.ranking import best_candidates
from tasks.aligned.similarity import similarities
from tasks.words.spans import Spans


def candidates(
    spans: list[tuple[int, int, int]],
    lengths: list[int],
    links: str = "",
    signs: tuple[int, ...] = (),
    held: tuple[int, ...] = (),
    asked: tuple[int, ...] | None = None,
    linked_only: bool = False,
    **config: int,
) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Entity, start and end of each candidate, and how many were left out; entities are (sentence, start, end)."""
    rows, starts, ends = (np.array(side, dtype=np.int64) for side in zip(*spans, strict=True))
    pairs = np.array([[int(n) for n in each.split("-")] for each in links.split()], dtype=np.int64).reshape(-1, 2)
    usable = np.ones(sum(lengths), dtype=bool), np.ones(sum(lengths), dtype=bool)
    usable[0][list(signs)], usable[1][list(held)] = False, False
    found = candidate_spans(
        Spans(rows, starts, ends, np.zeros(len(spans), int)),
        np.isin(np.arange(len(spans)), range(len(spans)) if asked is None else asked),
        np.array(lengths),
        usable,
        WordLinks(pairs[:, 0], pairs[:, 1], np.full(len(pairs), np.nan, dtype=np.float32)),
        CandidateSpans(**config),
        linked_only,
    )
    columns = (each.tolist() for each in (found.entities, found.starts, found.ends))
    return list(zip(*columns, strict=True)), found.left_out.tolist()


def test_every_span_of_the_own_sentence_up_to_the_most_words_is_a_candidate() -> None:
    # The second sentence has words 3, 4, 5; an entity of one word may have one more.
    found, left_out = candidates([(1, 7, 8)], [3, 3, 2], max_extra_words=1)
    assert found == [(0, 3, 4), (0, 4, 5), (0, 5, 6), (0, 3, 5), (0, 4, 6)] and left_out == [0]
    assert candidates([(1, 7, 9)], [3, 3, 2], max_extra_words=0)[0][0] == (0, 3, 5), "two words as it has come first"


def test_signs_neither_begin_nor_end_a_candidate_and_words_of_others_are_in_none() -> None:
    # Words 0 to 4; 1 is a comma, 3 belongs to another entity.
    assert candidates([(0, 0, 1)], [5], signs=(1,), held=(3,))[0] == [(0, 0, 1), (0, 2, 3), (0, 4, 5), (0, 0, 3)]


def test_spans_with_linked_words_come_first_then_those_of_about_as_many_words() -> None:
    found, _ = candidates([(0, 0, 2)], [4], "1-2 5-0", max_extra_words=1)
    assert found == [(0, 1, 3), (0, 2, 4), (0, 0, 3), (0, 1, 4), (0, 2, 3), (0, 0, 2), (0, 0, 1), (0, 1, 2), (0, 3, 4)]


def test_of_an_entity_with_links_all_candidates_hold_a_linked_word_if_that_is_wanted() -> None:
    # Entity 0 is linked to word 2, entity 1 to none.
    found, _ = candidates([(0, 0, 1), (0, 4, 5)], [4], "0-2", linked_only=True, max_extra_words=0)
    assert found == [(0, 2, 3), (1, 0, 1), (1, 1, 2), (1, 2, 3), (1, 3, 4)]


def test_only_entities_that_are_asked_for_have_candidates_and_too_many_are_left_out() -> None:
    found, left_out = candidates([(0, 0, 1), (0, 1, 2)], [4], "1-3", asked=(1,), max_extra_words=0, max_candidates=3)
    assert found == [(1, 3, 4), (1, 0, 1), (1, 1, 2)] and left_out == [0, 1]
    assert candidates([(0, 0, 1)], [0, 0]) == ([], [0])


def test_similarity_is_nmtscores_mean_of_both_normalised_directions() -> None:
    logs = {
        "forward": np.log([0.3, 0.3, np.nan]),
        "forward_self": np.log([0.6, 0.6, 0.5]),
        "backward": np.log([0.2, np.nan, 0.5]),
        "backward_self": np.log([0.8, 0.8, 0.5]),
    }
    # (0.3 / 0.6 + 0.2 / 0.8) / 2; 0.3 / 0.6 where there is one direction; nothing without p(c | e).
    found = similarities(logs)
    assert found[:2].tolist() == pytest.approx([0.375, 0.5]) and np.isnan(found[2])


def chosen(rows: list[tuple[int, int, int, int, float]], minimum: float = 0.5) -> list[int]:
    """Candidates are (sentence, entity, start, end, similarity)."""
    columns = [np.array(side) for side in zip(*rows, strict=True)] if rows else [np.zeros(0, int)] * 5
    return best_candidates(*columns, minimum).tolist()


def test_the_most_similar_candidate_is_taken_if_it_reaches_the_minimum() -> None:
    rows = [(0, 0, 0, 1, 0.4), (0, 0, 1, 2, 0.6), (0, 0, 2, 3, 0.5), (3, 1, 0, 1, float("nan"))]
    assert chosen(rows) == [1]
    assert chosen(rows, 0.6) == [1] and chosen(rows, 0.61) == []
    assert chosen([]) == []


def test_a_more_similar_entity_takes_its_words_first_whatever_the_order() -> None:
    # Entity 1 wants word 0 more; entity 0 gets its second best, entity 2 of another sentence is not disturbed.
    rows = [(0, 0, 0, 1, 0.8), (0, 0, 3, 4, 0.6), (0, 1, 0, 2, 0.9), (0, 1, 5, 6, 0.7), (1, 2, 0, 1, 0.5)]
    assert chosen(rows) == [1, 2, 4]


def test_of_overlapping_candidates_one_is_taken_and_touching_ones_both() -> None:
    assert chosen([(0, 0, 0, 2, 0.9), (0, 1, 1, 3, 0.8)]) == [0]
    assert chosen([(0, 0, 0, 2, 0.9), (0, 1, 2, 3, 0.8)]) == [0, 1]
    assert chosen([(0, 0, 4, 5, 0.7), (0, 0, 1, 2, 0.7)]) == [0], "of equal ones the first"
