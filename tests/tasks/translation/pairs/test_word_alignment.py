from collections.abc import Callable

import pytest

from artifacts.catalog import PARALLEL
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.pairs.word_alignment import (
    Alignment,
    align,
    align_words,
    as_line,
    as_lists,
    check_aligner,
    read_links,
    symmetrised,
)

# F: forward alone, B: backward alone, X: both.
#      0 1 2 3
#   0  X . . .
#   1  F F . .
#   2  . . . B
#   3  . . B F
FORWARD = {(0, 0), (1, 0), (1, 1), (3, 3)}
BACKWARD = {(0, 0), (2, 3), (3, 2)}


def test_intersection_and_union() -> None:
    assert symmetrised(FORWARD, BACKWARD, "intersection") == {(0, 0)}
    assert symmetrised(FORWARD, BACKWARD, "union") == FORWARD | BACKWARD


def test_grow_diag_final_and() -> None:
    # Grow, from (0, 0): below it is (1, 0), whose source word is free: added. On the diagonal is (1, 1): target word 1
    # is free: added. Around (1, 0) and (1, 1) there is nothing else, so it ends.
    # Final: of forward, (3, 3) has both words free: added. Of backward, (2, 3) shares target 3 with it, and (3, 2)
    # shares source 3: neither is added.
    assert symmetrised(FORWARD, BACKWARD, "grow-diag-final-and") == {(0, 0), (1, 0), (1, 1), (3, 3)}


def test_growing_never_adds_a_link_between_two_linked_words() -> None:
    # (0, 1) is a neighbour of (0, 0) and of (1, 1), but both its words have links.
    assert symmetrised({(0, 0), (1, 1), (0, 1)}, {(0, 0), (1, 1)}, "grow-diag-final-and") == {(0, 0), (1, 1)}


def test_without_a_common_link_only_the_final_step_adds_and_forward_goes_first() -> None:
    assert symmetrised({(0, 0)}, {(0, 1), (2, 2)}, "grow-diag-final-and") == {(0, 0), (2, 2)}
    assert symmetrised(set(), set(), "grow-diag-final-and") == set()


def test_links_are_read_and_listed() -> None:
    assert read_links("10-2 0-0\n") == {(0, 0), (10, 2)}
    assert read_links("\n") == set()
    source, target = as_lists([{(2, 0), (0, 1)}, set()])
    assert (source.to_pylist(), target.to_pylist()) == ([[0, 2], []], [[1, 0], []])


def test_a_space_inside_a_word_does_not_make_it_two() -> None:
    assert as_line(["10\u00a0000", "Euro", "\u2003"]) == "10_000 Euro _"


def test_an_aligner_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_aligner()
    monkeypatch.setattr("tasks.translation.pairs.word_alignment.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"eflomal is not installed; install it with `pip install \.\[align\]`$"):
        check_aligner()
    with pytest.raises(InputError, match=r"^a\.setting: .*`, or leave it out$"):
        check_aligner("a.setting", "leave it out")


SOURCE = ["red house", "red tree", "old house", "old tree", "red car", "old car", "new car", "new house"]
TARGET = ["Haus rot", "Baum rot", "Haus alt", "Baum alt", "Auto rot", "Auto alt", "Auto neu", "Haus neu"]


def test_pairs_that_are_empty_or_too_long_have_no_links() -> None:
    source = [text.split() for text in SOURCE * 10]
    target = [text.split() for text in TARGET * 10]
    links = list(align([*source, [], ["red"] * 9], [*target, ["rot"], ["rot"]], Alignment(max_length_words=8), None))
    assert len(links) == 82 and links[-2:] == [set(), set()]
    assert all(i < 2 and j < 2 for one in links for i, j in one)
    assert list(align([[]], [["a"]], Alignment(), None)) == [set()]


def test_the_step_aligns_words_in_crossed_order(store: Store, put_table: Callable[..., Reference]) -> None:
    rows = {"pair_id": list(range(5, 165)), "source": SOURCE * 20, "target": TARGET * 20}
    parallel = put_table(PARALLEL, rows, {"source_language": "en", "target_language": "de"})
    done = run_alone(store, align_words, parallel, Alignment())
    table = store.table(done)
    assert table["pair_id"].to_pylist() == rows["pair_id"]
    assert table["source_words"].to_pylist()[0] == ["red", "house"]
    # Each word goes with one other word throughout, so its links can only cross; the sampler may miss a few.
    crossed = sum(
        one == [0, 1] and other == [1, 0]
        for one, other in zip(table["source_links"].to_pylist(), table["target_links"].to_pylist(), strict=True)
    )
    assert crossed > 120
    said = store.metadata(done)
    assert said["symmetrisation"] == "grow-diag-final-and" and said["unaligned_pairs"] == 0
    assert said["links"] == sum(map(len, table["source_links"].to_pylist()))
