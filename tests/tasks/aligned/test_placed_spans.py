import numpy as np
import pytest

from tasks.aligned.links import WordLinks
from tasks.aligned.spans import CODES, SpanPlacing, place_spans
from tasks.words.spans import Spans


def placed(spans: list[tuple[int, int]], links: str, words: int = 30, signs: tuple[int, ...] = (), **config):
    """Start, end, share, mean similarity and reason of each entity; links are written source-target or with :value."""
    parts = [link.partition(":") for link in links.split()]
    pairs = np.array([[int(n) for n in pair.split("-")] for pair, _, _ in parts], dtype=np.int64).reshape(-1, 2)
    values = np.array([float(value) if value else np.nan for _, _, value in parts], dtype=np.float32)
    starts, ends = (np.array(side, dtype=np.int64) for side in zip(*spans, strict=True))
    wordlike = np.ones(words, dtype=bool)
    wordlike[list(signs)] = False
    found = place_spans(
        Spans(np.zeros(len(spans), int), starts, ends, np.zeros(len(spans), int)),
        WordLinks(pairs[:, 0], pairs[:, 1], values),
        np.ones(words, dtype=bool),
        wordlike,
        SpanPlacing(**config),
    )
    return [
        (start, end, round(share, 3), None if np.isnan(similarity) else round(similarity, 3), CODES[reason])
        for start, end, share, similarity, reason in zip(*(each.tolist() for each in vars(found).values()), strict=True)
    ]


def test_an_entity_stands_from_its_first_to_its_last_linked_word() -> None:
    # Words 1, 2, 3 of the source; 1 -> 6, 2 -> 4, nothing for 3; 4 and 6 have one word between them.
    assert placed([(1, 4)], "0-0:0.1 1-6:0.5 2-4:0.7 9-5:0.9") == [(4, 7, 0.667, 0.6, "")]


def test_without_a_link_it_is_unaligned_and_links_of_other_words_do_not_count() -> None:
    assert placed([(1, 3)], "0-0 3-1") == [(-1, -1, 0, None, "unaligned")]
    assert placed([(1, 3), (5, 6)], "")[1] == (-1, -1, 0, None, "unaligned")


def test_a_sign_that_is_linked_to_a_word_counts_as_not_linked() -> None:
    # Target word 5 is a comma.
    assert placed([(1, 3)], "1-3 2-4 2-5", signs=(5,)) == [(3, 5, 1, None, "")]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ("1-3 2-6", (3, 7, 0.667, None, "")),  # two words between: still one group
        ("1-3 2-4 3-9", (3, 5, 0.667, None, "")),  # two words against one: the larger group
        ("1-3 1-4 2-9 3-10", (9, 11, 0.667, None, "")),  # words of the entity count, not links
        ("1-3 2-9", (-1, -1, 0, None, "split")),  # one word against one
    ],
)
def test_of_groups_that_stand_apart_the_one_with_most_words_is_taken(links: str, expected: tuple) -> None:
    assert placed([(1, 4)], links) == [expected]


def test_a_smaller_gap_splits_more() -> None:
    assert placed([(1, 3)], "1-3 2-5", max_gap_words=0) == [(-1, -1, 0, None, "split")]
    assert placed([(1, 3)], "1-3 2-5", max_gap_words=1) == [(3, 6, 1, None, "")]


def test_the_share_of_linked_words_has_a_least_value() -> None:
    assert placed([(1, 4)], "1-3") == [(-1, -1, 0.333, None, "few_links")]
    assert placed([(1, 5)], "1-3 2-4") == [(3, 5, 0.5, None, "")]
    assert placed([(1, 4)], "1-3", min_share=0.3) == [(3, 4, 0.333, None, "")]


def test_a_place_of_too_many_words_is_dropped() -> None:
    # One word has 2 + 3 words, five of them linked: 1 + 4 is the most.
    assert placed([(1, 2)], "1-3 1-5 1-7") == [(3, 8, 1, None, "")]
    assert placed([(1, 2)], "1-3 1-5 1-8") == [(-1, -1, 1, None, "too_long")]
    assert placed([(1, 2)], "1-3 1-5 1-7", max_extra_words=3) == [(-1, -1, 1, None, "too_long")]


def test_another_entitys_word_inside_drops_the_outer_one_alone() -> None:
    # Entity 0 -> 3, 5; entity 1 -> 4.
    assert placed([(0, 2), (4, 5)], "0-3 1-5 4-4") == [(-1, -1, 1, None, "interrupted"), (4, 5, 1, None, "")]


def test_of_two_that_share_a_word_the_one_with_the_larger_share_keeps_it() -> None:
    # Both hold word 4. Entity 0: 1 of 2 words linked; entity 1: all.
    assert placed([(0, 2), (4, 5)], "0-4:0.9 4-4:0.1") == [(-1, -1, 0.5, 0.9, "overlap"), (4, 5, 1, 0.1, "")]
    # Equal shares: the higher mean similarity. Equal ones, or none: the one further left.
    assert [each[-1] for each in placed([(0, 1), (4, 5)], "0-4:0.3 4-4:0.6")] == ["overlap", ""]
    assert [each[-1] for each in placed([(0, 1), (4, 5)], "0-4 4-4")] == ["", "overlap"]


def test_what_overlaps_a_dropped_entity_alone_keeps_its_place() -> None:
    # Shares 1, 0.5 + 0.5: entity 0 on 3-4, entity 1 on 4-6 (share 2/4), entity 2 on 6 (1/2, lower similarity).
    # 0 beats 1, and 2 would lose to 1, which is gone.
    found = placed([(0, 1), (2, 6), (8, 10)], "0-3:0.9 0-4:0.9 2-4:0.8 3-6:0.8 8-6:0.2")
    assert [each[-1] for each in found] == ["", "overlap", ""]
