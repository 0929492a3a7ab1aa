from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest

from artifacts.catalog import MACHINE_TRANSLATION, WORD_ALIGNMENT
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.marked.markers import cut
from tasks.translation.pairs.marker_quality import (
    Judged,
    enclosed_spans,
    judge,
    judge_translation,
    measure_markers,
    priors_of,
)
from tasks.translation.pairs.word_alignment import Alignment, Links

SAID = {"source_language": "en", "target_language": "de"}


def test_spans_are_counted_in_words_without_the_markers() -> None:
    text = "__SLOT1__ New York __SLOT1__ liegt bei __SLOT0__ Ulm __SLOT0__ . __SLOT2__ x __SLOT3__ __SLOT3__"
    # SLOT2 comes once and nothing stands between the two of SLOT3: neither encloses anything.
    assert enclosed_spans(cut(text, str.split)) == {1: (0, 2), 0: (4, 5)}


def test_brackets_cannot_be_judged(store: Store, put_table: Callable[..., Reference]) -> None:
    sentence = {"sentence_id": [0], "source": ["[Ulm]"], "output": ["[Ulm]"]}
    translation = put_table(MACHINE_TRANSLATION, sentence, {**SAID, "markers": "brackets"})
    aligned = put_table(WORD_ALIGNMENT, {name: [] for name in WORD_ALIGNMENT.schema.names}, SAID)
    with pytest.raises(InputError, match="has brackets, which do not say which entity is which"):
        run_alone(store, measure_markers, translation, aligned, Alignment())


# Source a b c d, output w x y z; a-x, b-y, d-w; c and z have no link.
LINKS: Links = {(0, 1), (1, 2), (3, 0)}


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        # a b: expected x y; enclosed x y.
        ((0, 2), (1, 3), Judged(1, exact=1, expected_words=2, enclosed_words=2, shared_words=2)),
        # z more, which has no link: still exact.
        ((0, 2), (1, 4), Judged(1, exact=1, expected_words=2, enclosed_words=2, shared_words=2)),
        # x alone: y is missing. F1 = 2 * 1 / (2 + 1).
        ((0, 2), (1, 2), Judged(1, expected_words=2, enclosed_words=1, shared_words=1)),
        # w x y: w belongs to d. F1 = 2 * 2 / (2 + 3).
        ((0, 2), (0, 3), Judged(1, expected_words=2, enclosed_words=3, shared_words=2)),
        # c has no link: around z nobody knows; around w it is wrong.
        ((2, 3), (3, 4), Judged(1, unjudged=1)),
        ((2, 3), (0, 1), Judged(1, enclosed_words=1)),
        # The marker is lost.
        ((0, 2), None, Judged(1, missing=1, expected_words=2)),
    ],
)
def test_a_span_is_judged_by_the_links(
    source: tuple[int, int], output: tuple[int, int] | None, expected: Judged
) -> None:
    assert judge({0: source}, {} if output is None else {0: output}, LINKS) == expected


def test_a_word_that_translates_two_spans_words_is_shared_but_not_exact() -> None:
    # "federal chancellor" -> "Bundeskanzler": both words are linked to one; a marker around half of it cannot be right.
    assert judge({0: (1, 2)}, {0: (0, 1)}, {(0, 0), (1, 0)}) == Judged(
        1, expected_words=1, enclosed_words=1, shared_words=1
    )


def test_scores_are_ratios_of_sums_and_null_if_there_is_nothing_to_judge() -> None:
    # 3 of 5 - 1 spans; 2 * 4 / (6 + 4).
    row = Judged(5, 1, 1, 3, 6, 4, 4).row()
    assert (row["exact_match"], row["overlap_f1"]) == (0.75, 0.8)
    assert Judged(1, unjudged=1).row()["exact_match"] is None and Judged().row()["overlap_f1"] is None
    assert Judged(1, missing=1).row()["exact_match"] == 0
    assert Judged(1, 0, 0, 1, 2, 2, 2) + Judged(4, 1, 1, 2, 4, 2, 2) == Judged(5, 1, 1, 3, 6, 4, 4)


def in_order(source: Sequence[list[str]], target: Sequence[list[str]]) -> list[Links]:
    return [{(i, i) for i in range(min(len(a), len(b)))} for a, b in zip(source, target, strict=True)]


def test_sentences_without_markers_are_left_out_and_swapped_markers_are_wrong() -> None:
    rows = [
        (
            3,
            "__SLOT0__ Ada __SLOT0__ sees __SLOT1__ Ulm __SLOT1__",
            "__SLOT0__ Ада __SLOT0__ видит __SLOT1__ Ульм __SLOT1__",
        ),
        (4, "no marker", "без"),
        (
            5,
            "__SLOT0__ Ada __SLOT0__ sees __SLOT1__ Ulm __SLOT1__",
            "__SLOT1__ آدا __SLOT1__ ترى __SLOT0__ أولم __SLOT0__",
        ),
        (6, "__SLOT0__ Ada __SLOT0__", ""),
    ]
    table = pa.Table.from_pylist(
        [{"sentence_id": i, "source": s, "output": o} for i, s, o in rows], schema=MACHINE_TRANSLATION.schema
    )
    ids, judged = judge_translation(table, str.split, str.split, in_order)
    assert ids == [3, 5, 6]
    assert [one.exact for one in judged] == [2, 0, 0] and [one.missing for one in judged] == [0, 0, 1]
    # Expected of both spans one word each, enclosed one each, none shared.
    assert judged[1] == Judged(2, expected_words=2, enclosed_words=2)


WORDS = {"red": "rot", "old": "alt", "new": "neu", "house": "Haus", "tree": "Baum", "car": "Auto"}
PHRASES = [(a, b) for a in ("red", "old", "new") for b in ("house", "tree", "car")]


def alignment_rows(copies: int) -> dict[str, list]:
    """Two words a pair, their translations in the other order."""
    pairs = PHRASES * copies
    return {
        "pair_id": list(range(len(pairs))),
        "source_words": [list(pair) for pair in pairs],
        "target_words": [[WORDS[b], WORDS[a]] for a, b in pairs],
        "source_links": [[0, 1]] * len(pairs),
        "target_links": [[1, 0]] * len(pairs),
        "similarities": [[None, None]] * len(pairs),
    }


def test_priors_count_links() -> None:
    lines = priors_of(pa.table(alignment_rows(2), schema=WORD_ALIGNMENT.schema)).read().splitlines()
    # Each adjective comes with 3 nouns in 2 copies.
    assert "LEX\tred\trot\t6" in lines
    assert sum(line.startswith("LEX") for line in lines) == 6


def test_the_step_judges_by_what_the_parallel_text_taught(store: Store, put_table: Callable[..., Reference]) -> None:
    alignment = put_table(WORD_ALIGNMENT, alignment_rows(60), SAID)
    # Nine sentences alone teach little: the links come from the priors. Even ids are right, odd ones enclose the other.
    sources = [f"__SLOT0__ {a} __SLOT0__ {b}" for a, b in PHRASES]
    right = [f"{WORDS[b]} __SLOT0__ {WORDS[a]} __SLOT0__" for a, b in PHRASES]
    wrong = [f"__SLOT0__ {WORDS[b]} __SLOT0__ {WORDS[a]}" for a, b in PHRASES]
    rows = {"sentence_id": list(range(18)), "source": [s for s in sources for _ in "12"]}
    rows["output"] = [text for both in zip(right, wrong, strict=True) for text in both]
    translation = put_table(MACHINE_TRANSLATION, rows, SAID)
    done = run_alone(store, measure_markers, translation, alignment, Alignment(symmetrisation="intersection"))
    exact = store.table(done)["exact"].to_pylist()
    assert sum(exact[::2]) >= 8 and sum(exact[1::2]) <= 1
    total = store.metadata(done)["total"]
    assert total["spans"] == 18 and total["exact"] == sum(exact) and total["missing"] == 0


def test_an_alignment_of_other_languages_and_a_translation_without_markers_are_refused(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    plain = put_table(MACHINE_TRANSLATION, {"sentence_id": [0], "source": ["a"], "output": ["b"]}, SAID)
    alignment = put_table(WORD_ALIGNMENT, alignment_rows(1), SAID)
    with pytest.raises(InputError, match="has a marker"):
        run_alone(store, measure_markers, plain, alignment, Alignment())
    other = put_table(WORD_ALIGNMENT, alignment_rows(1), {**SAID, "target_language": "nl"})
    with pytest.raises(InputError, match="target_language 'nl'"):
        run_alone(store, measure_markers, plain, other, Alignment())
