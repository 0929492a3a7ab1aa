from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import PARALLEL, WORD_ALIGNMENT
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.pairs.aligned_pairs import (
    AlignedMarking,
    mark_aligned_pairs,
    mark_batch,
    mark_pair,
    sample_phrases,
    which_rows,
)

# Source, target, words of both, links; the words of Arabic and Chinese stand in another order than the English ones.
PAIRS = [
    ("Ada lives in Ulm.", "In Ulm lebt Ada.", "Ada lives in Ulm .", "In Ulm lebt Ada .", "0-3 1-2 2-0 3-1 4-4"),
    ("Anna saw Moscow.", "Анна видела Москву.", "Anna saw Moscow .", "Анна видела Москву .", "0-0 1-1 2-2 3-3"),
    ("Anna saw Cairo.", "رأت آنا القاهرة.", "Anna saw Cairo .", "رأت آنا القاهرة .", "0-1 1-0 2-2 3-3"),
    (
        "Anna saw Beijing.",
        "安娜见过北京。",
        "Anna saw Beijing .",
        "安 娜 见 过 北 京 。",
        "0-0 0-1 1-2 1-3 2-4 2-5 3-6",
    ),
]


def tables(pairs: list[tuple[str, str, str, str, str]] = PAIRS, first_id: int = 0) -> tuple[pa.Table, pa.Table]:
    ids = list(range(first_id, first_id + len(pairs)))
    links = [[tuple(map(int, link.split("-"))) for link in pair[4].split()] for pair in pairs]
    parallel = {"pair_id": ids, "source": [pair[0] for pair in pairs], "target": [pair[1] for pair in pairs]}
    alignment = {
        "pair_id": ids,
        "source_words": [pair[2].split() for pair in pairs],
        "target_words": [pair[3].split() for pair in pairs],
        "source_links": [[i for i, _ in one] for one in links],
        "target_links": [[j for _, j in one] for one in links],
        "similarities": [[None] * len(one) for one in links],
    }
    return pa.table(parallel, schema=PARALLEL.schema), pa.table(alignment, schema=WORD_ALIGNMENT.schema)


def marked(
    config: AlignedMarking, first_id: int = 0, pairs: list[tuple[str, str, str, str, str]] = PAIRS
) -> list[dict]:
    rows: list[dict] = mark_batch(*tables(pairs, first_id), config)[0].to_pylist()
    return rows


ONE_WORD = AlignedMarking(min_entities=10, max_phrase_words=1, marked_share=1)


def test_single_words_are_marked_on_both_sides_by_source_order() -> None:
    # As many as there are: each word is its own phrase; punctuation is none.
    german, russian, arabic, _ = marked(ONE_WORD)
    assert german["source"] == (
        "__SLOT0__ Ada __SLOT0__ __SLOT1__ lives __SLOT1__ __SLOT2__ in __SLOT2__ __SLOT3__ Ulm __SLOT3__ ."
    )
    assert german["target"] == (
        "__SLOT2__ In __SLOT2__ __SLOT3__ Ulm __SLOT3__ __SLOT1__ lebt __SLOT1__ __SLOT0__ Ada __SLOT0__ ."
    )
    assert german["spans"] == 4
    assert russian["target"] == "__SLOT0__ Анна __SLOT0__ __SLOT1__ видела __SLOT1__ __SLOT2__ Москву __SLOT2__ ."
    assert arabic["target"] == "__SLOT1__ رأت __SLOT1__ __SLOT0__ آنا __SLOT0__ __SLOT2__ القاهرة __SLOT2__ ."


def test_a_chinese_word_is_several_characters() -> None:
    # With one word a side nothing fits; with two, Anna, saw and Beijing are two characters each.
    assert marked(ONE_WORD)[3]["spans"] == 0
    row = marked(ONE_WORD.model_copy(update={"max_phrase_words": 2}))[3]
    # "Anna saw" has four characters, so that no span of two English words fits.
    assert row["target"] == "__SLOT0__ 安娜 __SLOT0__ __SLOT1__ 见过 __SLOT1__ __SLOT2__ 北京 __SLOT2__ 。"


def test_phrases_taken_do_not_overlap_on_either_side() -> None:
    # Row 0 comes first. Row 1 overlaps it in the source, row 2 in the target; row 3 is apart.
    phrases = np.array([[0, 2, 0, 2], [1, 3, 4, 5], [5, 6, 1, 2], [2, 3, 2, 3]])
    rows, got = sample_phrases(phrases, np.zeros(4, dtype=np.int64), np.array([9]), np.array([0.1, 0.2, 0.3, 0.4]))
    assert (rows.tolist(), got.tolist()) == ([0, 3], [2])


def test_no_pair_gets_more_phrases_than_it_wants() -> None:
    # Pair 0 wants none, pair 1 one (the least number: row 2), pair 2 has no phrase, pair 3 wants two of three.
    phrases = np.array([[i, i + 1, i, i + 1] for i in (0, 0, 1, 0, 1, 2)])
    pairs, priorities = np.array([0, 1, 1, 3, 3, 3]), np.array([0.5, 0.9, 0.1, 0.3, 0.1, 0.2])
    rows, got = sample_phrases(phrases, pairs, np.array([0, 1, 4, 2]), priorities)
    assert (rows.tolist(), got.tolist()) == ([2, 4, 5], [0, 1, 0, 2])


def test_half_of_the_rows_are_plain_if_alpha_is_a_half() -> None:
    rows = marked(AlignedMarking())
    assert [row["pair_id"] for row in rows] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [row["source"] for row in rows[::2]] == [pair[0] for pair in PAIRS]
    assert {row["spans"] for row in rows[::2]} == {0}


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.85, 1.0])
def test_marked_rows_have_their_share(share: float) -> None:
    # Of 20,000 pairs the share of the rarer rows has a standard deviation below .005.
    plain, with_markers = which_rows(np.arange(20000), AlignedMarking(marked_share=share))
    assert with_markers.sum() / (plain.sum() + with_markers.sum()) == pytest.approx(share, abs=0.02)
    assert (plain | with_markers).all()


def test_the_number_of_spans_is_uniform_from_0_to_the_most() -> None:
    # Ten words that are each a phrase; 0 to 4 spans, a fifth each; standard deviation of a share of 2,000: .009.
    text = "a b c d e f g h i j"
    pair = (text, text, text, text, " ".join(f"{i}-{i}" for i in range(10)))
    config = AlignedMarking(max_entities=4, max_phrase_words=1, marked_share=1)
    spans = [row["spans"] for row in marked(config, pairs=[pair] * 2000)]
    assert np.bincount(spans) / 2000 == pytest.approx([0.2] * 5, abs=0.045)


def test_a_pair_is_marked_the_same_whatever_stands_before_it() -> None:
    config = AlignedMarking(min_entities=1, marked_share=1)
    alone = mark_batch(*(table.slice(2, 1) for table in tables()), config)[0].to_pylist()
    assert alone == marked(config)[2:3]
    others = [marked(config.model_copy(update={"seed": seed}))[0]["source"] for seed in range(8)]
    assert len(set(others)) > 1


def test_the_whole_sentence_is_one_more_span_where_there_is_another() -> None:
    # One span of two: "Ada" or the whole; each as likely. A pair without a phrase gets none.
    config = AlignedMarking(min_entities=1, max_entities=1, marked_share=1, whole_sentence=True)
    some = ("Ada !", "Ada !", "Ada !", "Ada !", "0-0")
    rows = marked(config, pairs=[*[some] * 400, ("Ada", "Eda", "Ada", "Eda", "")])
    sources = [row["source"] for row in rows[:-1]]
    assert set(sources) == {"__SLOT0__ Ada __SLOT0__ !", "__SLOT0__ Ada ! __SLOT0__"}
    # A half of 400, standard deviation 10.
    assert sources.count("__SLOT0__ Ada ! __SLOT0__") == pytest.approx(200, abs=50)
    assert all(row["target"] == row["source"] for row in rows[:-1])
    assert rows[-1]["spans"] == 0
    assert "__SLOT0__ Ada ! __SLOT0__" not in [
        row["source"] for row in marked(config.model_copy(update={"whole_sentence": False}), pairs=[some] * 50)
    ]


def test_beside_the_whole_sentence_nothing_is_marked() -> None:
    config = AlignedMarking(min_entities=9, max_phrase_words=1, marked_share=1, whole_sentence=True)
    rows = marked(config, pairs=[PAIRS[0]] * 100)
    whole = [row for row in rows if row["spans"] == 1]
    assert {row["target"] for row in whole} == {"__SLOT0__ In Ulm lebt Ada. __SLOT0__"}
    assert {row["spans"] for row in rows} == {1, 4} and 0 < len(whole) < 100


def test_a_text_whose_words_cannot_be_found_stays_plain() -> None:
    assert mark_pair(("it's", "es"), (["it", "is"], ["es"]), [[0, 1, 0, 1]]) == ("it's", "es", 0)
    # Of the two pairs the first stays plain for that, and is counted; the second has no span.
    pairs = [("it's", "es", "it is", "es", "0-0"), ("Ada", "Eda", "Ada", "Eda", "")]
    config = AlignedMarking(min_entities=1, marked_share=1)
    batch, unplaced = mark_batch(*tables(pairs), config)
    assert (batch["spans"].to_pylist(), unplaced) == ([0, 0], 1)
    assert mark_batch(*tables(), config)[1] == 0


def test_markers_removed_the_text_is_as_before_but_for_spaces() -> None:
    for row, pair in zip(marked(AlignedMarking(marked_share=1, min_entities=2)), PAIRS, strict=True):
        bare = [word for word in row["target"].split() if "SLOT" not in word]
        assert "".join(bare) == pair[1].replace(" ", "")


SAID = {"source_language": "en", "target_language": "de"}


def test_the_step_counts_pairs_by_spans(store: Store, put_table: Callable[..., Reference]) -> None:
    parallel, alignment = tables()
    references = (
        put_table(PARALLEL, parallel.to_pydict(), SAID),
        put_table(WORD_ALIGNMENT, alignment.to_pydict(), SAID),
    )
    done = run_alone(store, mark_aligned_pairs, *references, ONE_WORD)
    # Four words in the first sentence, three in the next two, none in the last.
    assert store.metadata(done) == {**SAID, "pairs_by_spans": [1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]}
    assert store.table(done).num_rows == 4


def test_an_alignment_of_another_text_is_refused(store: Store, put_table: Callable[..., Reference]) -> None:
    parallel = put_table(PARALLEL, tables()[0].to_pydict(), SAID)
    alignment = put_table(WORD_ALIGNMENT, tables(first_id=1)[1].to_pydict(), SAID)
    with pytest.raises(InputError, match="word alignment of the same parallel text"):
        run_alone(store, mark_aligned_pairs, parallel, alignment, AlignedMarking())
