import pyarrow as pa
import pytest

from artifacts.errors import InputError
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences


def table(ids: list[int], *counts: int) -> pa.Table:
    return pa.table({"sentence_id": ids, "tags": [["O"] * count for count in counts]})


def check(first: pa.Table, second: pa.Table) -> None:
    check_same_sentences(which_sentences(first, "tags"), which_sentences(second, "tags"), "votes and gold")


def test_the_same_sentences_pass_with_as_many_words_and_none_at_all() -> None:
    check(table([3, 4], 2, 0), table([3, 4], 2, 0))
    check(table([3, 4], 2, 0), table([3, 4], 2, 0).combine_chunks().to_batches()[0])
    check(table([]).cast(table([1], 1).schema), table([]).cast(table([1], 1).schema))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (table([3], 2), "votes and gold: 2 and 1 sentences; expected the same sentences"),
        (table([3, 5], 2, 1), "votes and gold, row 1: id 4 and 5; expected the same sentences, read from"),
        (table([3, 4], 2, 3), "votes and gold, row 1: number of words 1 and 3; expected the same sentences"),
        (table([2, 5], 2, 1), "votes and gold, row 0: id 3 and 2"),
    ],
)
def test_the_first_sentence_that_differs_is_named(other: pa.Table, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(table([3, 4], 2, 1), other)


def test_label_lists_are_the_same_in_their_order() -> None:
    check_same_labels(["O", "B-LOC"], ["O", "B-LOC"], "gold", "votes")
    with pytest.raises(InputError, match="gold has O, B-LOC; votes has B-LOC, O; choose the same types"):
        check_same_labels(["O", "B-LOC"], ["B-LOC", "O"], "gold", "votes")
