import pytest

from tasks.translation.pairs.cooccurrence import word_associations

SOURCE = [["red", "house"], ["red", "car"], ["house", "."]]
TARGET = [["rotes", "Haus"], ["rotes", "Auto"], ["Haus", "."]]


def test_words_that_come_together_are_partners() -> None:
    # n(red) = n(rotes) = n(both) = 2, dice 4/4 = 1; the same for house and haus. car and auto come together once only;
    # red and haus once only; "." has no letter.
    assert word_associations(zip(SOURCE, TARGET, strict=True), 0.9) == {
        "red": frozenset({"rotes"}),
        "house": frozenset({"haus"}),
    }


def test_a_pair_below_the_least_dice_is_left_out() -> None:
    # a: 4 sentences, x: 2 of these, dice = 2*2 / (4+2) = 2/3.
    source, target = [["a"]] * 4, [["x"], ["x"], ["y"], ["z"]]
    assert word_associations(zip(source, target, strict=True), 0.66) == {"a": frozenset({"x"})}
    assert word_associations(zip(source, target, strict=True), 0.67) == {}


@pytest.mark.parametrize(("most", "partners"), [(1, {"x"}), (2, {"x", "y"}), (3, {"x", "y", "z"})])
def test_a_word_has_at_most_so_many_partners_the_best_first(most: int, partners: set[str]) -> None:
    # n(a) = 9; n(x) = 4, n(y) = 3, n(z) = 2: dice 8/13, 6/12, 4/11.
    source, target = [["a"]] * 9, [["x"]] * 4 + [["y"]] * 3 + [["z"]] * 2
    assert word_associations(zip(source, target, strict=True), 0.0, most) == {"a": frozenset(partners)}


def test_both_words_must_choose_each_other() -> None:
    # x comes with a (dice 1) and b (2*2/(3+2) = .8): x chooses a, so b has nobody.
    source, target = [["a", "b"], ["a", "b"], ["a"]], [["x"], ["x"], ["x"]]
    assert word_associations(zip(source, target, strict=True), 0.0, 1) == {"a": frozenset({"x"})}


def test_no_text_has_no_partners() -> None:
    assert word_associations([], 0.1) == {}
    assert word_associations([(["a"], ["x"]), (["."], ["."])], 0.1) == {}
