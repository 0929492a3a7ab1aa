"""Questions about labels, on tables that are worked by hand."""

from typing import Any

import pyarrow as pa
import pytest

from artifacts.catalog import GOLD, PREDICTIONS, RELIABILITY, SENTENCES, SOFT_LABELS, VOTES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.store import Store
from flows.commands.questions import print_answer
from flows.commands.words import by_type, chosen, compared, differences, ordered_sentences, read_words

LABELS = ["O", "B-LOC", "B-PER"]
WORDS = [["In", "Ulm"], ["Ada", "lacht", "."]]
# In/O .9, Ulm/B-LOC .6; Ada/B-PER .5, lacht/O .4, ./O 1.
FIRST = [[[0.9, 0.1, 0.0], [0.4, 0.6, 0.0]], [[0.3, 0.2, 0.5], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0]]]
# Ada is B-LOC here.
SECOND = [[[0.9, 0.1, 0.0], [0.4, 0.6, 0.0]], [[0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [1.0, 0.0, 0.0]]]


@pytest.fixture
def put(store: Store) -> Any:
    from artifacts.manifest import Recipe
    from artifacts.store import STORE_FORMAT

    def write(kind: Any, key: str, rows: list[dict[str, Any]], inputs: dict[str, str] | None = None) -> Reference:
        recipe = Recipe.model_validate(
            {
                "step": "test",
                "parameters": {},
                "inputs": inputs or {},
                "code": "" if Recipe.model_fields["code"].annotation is str else {},
                "schemas": {},
                "store_format": STORE_FORMAT,
            }
        )
        with store.writing(kind, key, recipe) as writer:
            writer.write(pa.Table.from_pylist(rows, schema=kind.schema), {"language": "de", "labels": LABELS})
        assert writer.reference is not None
        return writer.reference

    return write


@pytest.fixture
def first(put: Any) -> Reference:
    return soft(put, "a1", FIRST)


def soft(put: Any, key: str, probabilities: list[Any]) -> Reference:
    return put(
        SOFT_LABELS,
        key,
        [
            {"sentence_id": n, "words": words, "probabilities": each}
            for n, (words, each) in enumerate(zip(WORDS, probabilities, strict=True))
        ],
    )


@pytest.fixture
def weights(put: Any, first: Reference) -> Reference:
    rows = [
        {"sentence_id": 0, "agreement": [1.0, 0.5], "weight": [0.5, 0.25]},
        {"sentence_id": 1, "agreement": [0.0, 1.0, 1.0], "weight": [0.125, 0.5, 0.5]},
    ]
    return put(RELIABILITY, "b1", rows, {"soft_labels": f"soft_labels:{first.digest}"})


@pytest.fixture
def gold(put: Any) -> Reference:
    return put(
        GOLD, "c1", [{"sentence_id": 0, "tags": ["O", "B-LOC"]}, {"sentence_id": 1, "tags": ["B-LOC", "O", "O"]}]
    )


def test_soft_labels_give_each_word_its_most_probable_label_with_that_ones_probability(store, first) -> None:
    words = read_words(store, first).words
    assert words["label"].tolist() == ["O", "B-LOC", "B-PER", "O", "O"]
    assert words["type"].tolist() == ["O", "LOC", "PER", "O", "O"]
    assert words["probability"].tolist() == pytest.approx([0.9, 0.6, 0.5, 0.4, 1.0])
    assert (words["sentence_id"].tolist(), words["place"].tolist()) == ([0, 0, 1, 1, 1], [0, 1, 0, 1, 2])


def test_weights_stand_beside_the_labels_that_they_weigh(store, weights) -> None:
    words = read_words(store, weights).words
    assert words["label"].tolist()[1:3] == ["B-LOC", "B-PER"]
    assert words["weight"].tolist() == [0.5, 0.25, 0.125, 0.5, 0.5]


def test_sentences_come_by_their_least_trusted_word(store, first, weights) -> None:
    assert ordered_sentences(read_words(store, first), "probability") == [1, 0]
    found = read_words(store, weights)
    assert ordered_sentences(found, "weight", chosen(found, "type == 'LOC'")) == [0]
    with pytest.raises(InputError, match="expected one of: probability"):
        ordered_sentences(read_words(store, first), "weight")


def test_differences_are_counted_by_type_and_by_pair(store, put, first) -> None:
    joined = compared(read_words(store, first), read_words(store, soft(put, "a2", SECOND)))
    assert by_type(joined).values.tolist() == [["LOC", 1, 0], ["O", 3, 0], ["PER", 1, 1]]
    assert differences(joined).values.tolist() == [["B-PER", "B-LOC", 1]]


def test_tables_of_other_sentences_do_not_compare(store, put, first) -> None:
    other = put(PREDICTIONS, "d1", [{"sentence_id": 0, "words": ["In", "Bonn"], "tags": ["O", "O"]}])
    with pytest.raises(InputError, match=r"3 of 5 words are not in both; .*store ls predictions` says of which text"):
        compared(read_words(store, first), read_words(store, other))
    renamed = [{"sentence_id": n, "words": ["x"] * len(w), "tags": ["O"] * len(w)} for n, w in enumerate(WORDS)]
    with pytest.raises(InputError, match="their words differ"):
        compared(read_words(store, first), read_words(store, put(PREDICTIONS, "d2", renamed)))


def test_wrong_labels_are_shown_in_their_sentences(store, first, gold, capsys) -> None:
    print_answer(store, first, 10, gold=str(gold))
    out = capsys.readouterr().out
    assert "1 of 5 words are labelled otherwise in gold" in out
    assert "[1] »Ada/B-PER(0.50, not B-LOC)« lacht ." in out
    assert "[0]" not in out


def test_where_marks_the_words_that_meet_it(store, weights, capsys) -> None:
    print_answer(store, weights, 10, where="type != 'O' and weight < 0.2")
    out = capsys.readouterr().out
    assert "1 words meet" in out and "»Ada/B-PER(0.50; λ 0.00, w 0.12)«" in out and "[0]" not in out


def test_one_sentence_and_how_many_are_left_out(store, first, capsys) -> None:
    print_answer(store, first, 10, sentence=0)
    assert capsys.readouterr().out == "[0] In Ulm/B-LOC(0.60)\n"
    print_answer(store, first, 1, sort="probability")
    assert capsys.readouterr().out.splitlines() == ["[1] Ada/B-PER(0.50) lacht .", "... and 1 more sentences (--rows)"]
    with pytest.raises(InputError, match="no such sentence"):
        print_answer(store, first, 10, sentence=7)


def test_one_sentence_is_compared_without_the_counts_of_all_and_it_is_told_if_nothing_differs(
    store, put, first, capsys
) -> None:
    other = soft(put, "a2", SECOND)
    print_answer(store, first, 10, sentence=1, diff=str(other))
    # Ada is B-LOC there, and lacht O in both.
    assert capsys.readouterr().out == "[1] »Ada/B-PER(0.50, not B-LOC)« lacht .\n"
    print_answer(store, first, 10, sentence=0, diff=str(other))
    assert capsys.readouterr().out == "[0] In Ulm/B-LOC(0.60)\nno word of it is labelled otherwise there\n"


def test_votes_have_a_question_mark_where_taggers_differ(store, put) -> None:
    votes = put(VOTES, "e1", [{"sentence_id": 0, "words": ["In", "Ulm"], "votes": ["O", None]}])
    assert read_words(store, votes).words["label"].tolist() == ["O", "?"]


def test_what_cannot_be_asked_is_told(store, put, first) -> None:
    plain = put(SENTENCES, "f1", [{"sentence_id": 0, "words": ["a"]}])
    with pytest.raises(InputError, match="sentences has no labels of words"):
        read_words(store, plain)
    for wrong in ("nothing < 1", "probability <", "probability + 1"):
        with pytest.raises(InputError, match="--where"):
            print_answer(store, first, 10, where=wrong)
    with pytest.raises(InputError, match="expected gold or labelled"):
        print_answer(store, first, 10, gold=str(first))
