"""Records whose spans count words, their ends inclusive: each shape, and what is none."""

from typing import Any

import pytest

from artifacts.errors import InputError
from tasks.corpus.exchange.word_spans import is_record, sentences_of


def turned(row: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(each["tokens"], each["spans"]) for each in sentences_of(row, "record 7")]


def test_ends_become_exclusive() -> None:
    words = ["In", "Ulm", "an", "der", "Donau"]
    assert turned({"tokenized_text": words, "ner": [[1, 4, "LOC"], [0, 0, "X"]]}) == [
        (words, [[1, 5, "LOC"], [0, 1, "X"]])
    ]
    runs = [{"index": [1, 2, 3, 4], "type": "LOC"}, {"index": [0], "type": "X"}]
    assert turned({"sentence": words, "ner": runs}) == [(words, [[1, 5, "LOC"], [0, 1, "X"]])]


def test_a_document_counts_on_over_all_its_sentences() -> None:
    row = {"sentences": [["Ida", "Koch"], ["In", "Bonn"], ["Ja", "Ulm"]], "ner": [[[0, 1, "PER"]], [], [[5, 5, "LOC"]]]}
    assert turned(row) == [(["Ida", "Koch"], [[0, 2, "PER"]]), (["In", "Bonn"], []), (["Ja", "Ulm"], [[1, 2, "LOC"]])]
    # Words that are none are told where words are read; they count for nothing.
    assert turned({"sentences": ["?", ["Ulm"]], "ner": [[], [[0, 0, "LOC"]]]})[1] == (["Ulm"], [[0, 1, "LOC"]])


def test_records_are_told_by_their_fields() -> None:
    for row in (
        {"tokenized_text": [], "ner": []},
        {"sentences": [], "ner": []},
        {"sentence": [], "ner": []},
    ):
        assert is_record(row), row
    for row in ([], "ner", {"tokenized_text": []}, {"ner": []}, {"sentences": [], "ner": "x"}, {"sentence": "x"}):
        assert not is_record(row), row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokenized_text": ["a"], "ner": "x"}, "record 7: ner is 'x'; expected a list"),
        (
            {"tokenized_text": ["a"], "ner": [[0, 0]]},
            "record 7: ner has a list; expected .first word, last word, label.",
        ),
        ({"tokenized_text": ["a"], "ner": ["PER"]}, "record 7: ner has 'PER'; expected .first word"),
        ({"tokenized_text": ["a"], "ner": [[0, "0", "PER"]]}, "record 7: ner has a list; expected .first word"),
        ({"sentences": "x", "ner": []}, "record 7: sentences is 'x'; expected a list"),
        ({"sentences": [], "ner": "x"}, "record 7: ner is 'x'; expected a list"),
        ({"sentences": [["a"]], "ner": ["PER"]}, "record 7: ner has 'PER'; expected .first word"),
        ({"sentences": [["a"]], "ner": []}, "record 7: 1 sentences, 0 lists under ner"),
        ({"sentence": ["a"], "ner": "x"}, "record 7: ner is 'x'; expected a list"),
        ({"sentence": ["a"], "ner": ["PER"]}, "record 7: the entity has words missing; expected words"),
        ({"sentence": ["a"], "ner": [{"index": 0}]}, "record 7: the entity has words 0; expected words"),
        ({"sentence": ["a"], "ner": [{"index": ["0"]}]}, r"record 7: the entity has words \['0'\]; expected words"),
        ({"sentence": ["a"], "ner": [{"index": [0, 2]}]}, r"record 7: the entity has words \[0, 2\]; expected words"),
        ({"sentence": ["a"], "ner": [{"index": []}]}, r"record 7: the entity has words \[\]; expected words"),
    ],
)
def test_what_is_no_span_is_named(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        turned(row)
