from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import PREDICTIONS, SENTENCES, WORD_ALIGNMENT
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.aligned.carry_back import carry_back
from tasks.aligned.keep_translated import keep_translated
from tasks.aligned.place_labels import LabelPlacing, place_labels

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
GERMAN = {
    3: "In Ulm wohnt Ada Byron .",
    4: "Bonn schweigt .",  # without a translation
    5: "Er sah Köln , nicht Kiel .",  # Kiel has no link
    6: "Es regnet .",  # no entity
    8: "Ada geht nach Bad Ems .",
    9: "Kiel",
}
# The translations with their predicted labels, and their links to the German words.
ENGLISH = {
    8: ("Ada/B-PER goes to Ems/B-LOC .", "0-0 1-1 2-2 3-3 3-4 4-5"),
    3: ("Ada/B-PER Byron/I-PER lives in Ulm/B-LOC .", "0-3 1-4 2-2 3-0 4-1 5-5"),
    5: ("He saw Cologne/B-LOC , not Kiel/B-LOC .", "0-0 1-1 2-2 3-3 4-4 6-6"),
    6: ("It rains .", "0-0 1-1 2-2"),
    9: ("Kiel/B-LOC", "0-0"),
}
EXPECTED = {
    3: "In Ulm/B-LOC wohnt Ada/B-PER Byron/I-PER .",
    4: "Bonn schweigt .",
    5: "Er sah Köln/B-LOC , nicht Kiel .",
    6: "Es regnet .",
    8: "Ada/B-PER geht nach Bad/B-LOC Ems/I-LOC .",
    9: "Kiel/B-LOC",
}
Put = Callable[..., Reference]


def taken_apart(text: str) -> tuple[list[str], list[str]]:
    cut = [word.partition("/") for word in text.split()]
    return [word for word, _, _ in cut], [tag or "O" for _, _, tag in cut]


def plain(put_table: Put, texts: dict[int, list[str]], language: str, **about: Any) -> Reference:
    return put_table(
        SENTENCES, {"sentence_id": list(texts), "words": list(texts.values())}, {"language": language, **about}
    )


@pytest.fixture
def german(put_table: Put) -> Reference:
    return plain(put_table, {key: text.split() for key, text in GERMAN.items()}, "de")


@pytest.fixture
def carried(store: Store, put_table: Put, german: Reference) -> Callable[..., Reference]:
    def run(english: dict[int, tuple[str, str]], onto: Reference | None = None) -> Reference:
        words = {key: taken_apart(text)[0] for key, (text, _) in english.items()}
        translated = plain(put_table, words, "en", dropped={"repetition": 1, "wrong_language": 2})
        tags = [taken_apart(text)[1] for text, _ in english.values()]
        columns = {"sentence_id": list(words), "words": list(words.values()), "tags": tags}
        tagged = put_table(PREDICTIONS, columns, {"language": "en", "labels": LABELS})
        links = [[tuple(map(int, link.split("-"))) for link in each.split()] for _, each in english.values()]
        alignment = {
            "pair_id": list(words),
            "source_words": list(words.values()),
            "target_words": [GERMAN[key].split() for key in words],
            "source_links": [[i for i, _ in each] for each in links],
            "target_links": [[j for _, j in each] for each in links],
            "similarities": [[0.5] * len(each) for each in links],
        }
        aligned = put_table(WORD_ALIGNMENT, alignment, {"source_language": "en", "target_language": "de"})
        placed = run_alone(store, place_labels, tagged, german, aligned, LabelPlacing(incomplete="keep"))
        return run_alone(store, carry_back, onto or german, translated, placed)

    return run


def test_labels_predicted_in_english_end_at_the_words_that_they_are_linked_to(store: Store, carried) -> None:
    done = carried(ENGLISH)
    rows = store.table(done).to_pylist()
    assert [row["sentence_id"] for row in rows] == list(GERMAN)  # in their own order, all of them
    assert [(row["words"], row["tags"]) for row in rows] == [taken_apart(text) for text in EXPECTED.values()]


def test_what_got_no_label_is_counted(store: Store, carried) -> None:
    said = store.metadata(carried(ENGLISH))
    assert (said["language"], said["labels"]) == ("de", LABELS)
    assert said["untranslated"] == {"repetition": 1, "wrong_language": 2}
    # Ada, Ems; Ada Byron, Ulm; Cologne, Kiel, which has no link; Kiel, which has one.
    assert (said["entities"], said["placed"], said["lost"]) == (7, 6, {"unaligned": 1})


def test_without_a_translation_all_words_are_o(store: Store, carried) -> None:
    rows = store.table(carried({})).to_pylist()
    assert [row["words"] for row in rows] == [text.split() for text in GERMAN.values()]
    assert [row["tags"] for row in rows] == [["O"] * len(text.split()) for text in GERMAN.values()]


@pytest.mark.parametrize("word", ["Ulm", "Kiel"])  # One is the whole sentence.
def test_labels_are_not_carried_to_other_words(put_table: Put, carried, word: str) -> None:
    other = {
        key: ["Bonn" if each == word and key != 5 else each for each in text.split()] for key, text in GERMAN.items()
    }
    with pytest.raises(InputError, match="expected places in these very sentences"):
        carried(ENGLISH, plain(put_table, other, "de"))


def test_sentences_with_a_translation_are_kept_under_their_ids(store: Store, put_table: Put, german: Reference) -> None:
    translated = plain(put_table, {key: ["x"] for key in ENGLISH}, "en")
    kept = run_alone(store, keep_translated, german, translated)
    assert {row["sentence_id"]: row["words"] for row in store.table(kept).to_pylist()} == {
        key: GERMAN[key].split() for key in (3, 5, 6, 8, 9)
    }
    assert store.metadata(kept) == {"language": "de"}
    assert store.table(run_alone(store, keep_translated, german, plain(put_table, {}, "en"))).num_rows == 0
