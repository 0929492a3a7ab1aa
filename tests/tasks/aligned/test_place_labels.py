from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import ALIGNED_TRANSLATION, LABELLED, SENTENCES, WORD_ALIGNMENT
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.aligned.place_labels import LabelPlacing, place_labels
from tasks.translation.marked.gather import gather_translations

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
# Source words with tags; translation; links.
CASES = [
    ("Ada/B-PER Byron/I-PER sees Ulm/B-LOC .", "In Ulm sieht Ada Byron .", "0-3 1-4 2-2 3-1 4-5"),
    ("It rains .", "Es regnet .", "0-0"),
    ("Ada/B-PER loves Bonn/B-LOC", "Ada liebt es", "0-0 1-1"),  # Bonn has no link
    ("Ulm/B-LOC", None, ""),  # no translation
    ("Ada/B-PER Ulm/B-LOC", "Ada, Ulm", "0-0 1-1"),
]
Run = Callable[..., Reference]


@pytest.fixture
def placed(store: Store, put_table: Run) -> Run:
    def run(config: LabelPlacing | None = None, cases: list = CASES, words: str | None = None, first: int = 10):
        ids = [first + n for n in range(len(cases))]
        tokens = [[word.partition("/") for word in case[0].split()] for case in cases]
        source = [[word for word, _, _ in sentence] for sentence in tokens]
        tags = [[tag or "O" for _, _, tag in sentence] for sentence in tokens]
        there = [(first + n, case[1].split(), pairs(case[2]), source[n]) for n, case in enumerate(cases) if case[1]]
        data = put_table(
            LABELLED, {"sentence_id": ids, "words": source, "tags": tags}, {"language": "en", "labels": LABELS}
        )
        translated = {"sentence_id": [n for n, *_ in there], "words": [each for _, each, _, _ in there]}
        links: dict[str, list[Any]] = {
            "pair_id": translated["sentence_id"],
            "source_words": [each for *_, each in there],
            "target_words": [words.split() if words else each for _, each, _, _ in there],
            "source_links": [[i for i, _ in each] for _, _, each, _ in there],
            "target_links": [[j for _, j in each] for _, _, each, _ in there],
            "similarities": [[0.5] * len(each) for _, _, each, _ in there],
        }
        about = {"language": "de", "dropped": {"repetition": 1}}
        said = {"source_language": "en", "target_language": "de"}
        return run_alone(
            store,
            place_labels,
            data,
            put_table(SENTENCES, translated, about),
            put_table(WORD_ALIGNMENT, links, said),
            config or LabelPlacing(),
        )

    return run


def pairs(links: str) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, _, j in (link.partition("-") for link in links.split())]


def test_entities_stand_where_their_words_have_links_to(store: Store, placed: Run) -> None:
    first = store.table(placed()).to_pylist()[0]
    assert first["sentence_id"] == 10
    assert first["tags"] == ["O", "B-LOC", "O", "B-PER", "I-PER", "O"]
    assert (first["starts"], first["ends"]) == ([3, 1], [5, 2])
    assert (first["shares"], first["similarities"]) == ([1, 1], [0.5, 0.5])
    assert (first["reasons"], first["reason"]) == (["", ""], "")


def test_a_sentence_of_which_an_entity_is_lost_is_dropped_with_its_reason_and_counted(
    store: Store, placed: Run
) -> None:
    done = placed()
    rows = store.table(done).to_pylist()
    assert [row["reason"] for row in rows] == ["", "", "unaligned", "untranslated", ""]
    assert rows[1]["tags"] == ["O", "O", "O"]
    lost = rows[2]
    assert lost["words"] == ["Ada", "liebt", "es"] and lost["tags"] == []
    assert (lost["starts"], lost["reasons"]) == ([0, -1], ["", "unaligned"])
    assert rows[3]["words"] == [] and rows[3]["reasons"] == ["unaligned"]
    said = store.metadata(done)
    assert said["kept"] == 3 and said["dropped"] == {"unaligned": 1, "untranslated": 1}
    # Of translated sentences: 2 + 2 + 2 entities, one of them without a link.
    assert (said["entities"], said["placed"], said["lost"]) == (6, 5, {"unaligned": 1})
    assert said["untranslated"] == {"repetition": 1} and said["language"] == "de" and said["labels"] == LABELS


def test_an_incomplete_sentence_may_be_kept_with_the_entities_that_have_a_place(store: Store, placed: Run) -> None:
    done = placed(LabelPlacing(incomplete="keep"))
    rows = store.table(done).to_pylist()
    assert rows[2]["tags"] == ["B-PER", "O", "O"] and rows[2]["reasons"] == ["", "unaligned"]
    assert store.metadata(done)["dropped"] == {"untranslated": 1}


def test_only_kept_sentences_are_gathered(store: Store, placed: Run) -> None:
    rows = store.table(run_alone(store, gather_translations, (placed(),))).to_pylist()
    assert [row["source_sentence_id"] for row in rows] == [10, 11, 14]
    assert rows[0]["tags"] == ["O", "B-LOC", "O", "B-PER", "I-PER", "O"]
    assert rows[0]["origin"] == ["aligned"] * 6 and rows[0]["source_words"][0] == "Ada"


def test_an_alignment_of_other_words_is_refused(placed: Run) -> None:
    with pytest.raises(InputError, match="expected an alignment of both"):
        placed(words="In Bonn sieht Ada Byron .")


def test_a_row_is_shown_with_the_places_of_its_entities(store: Store, placed: Run) -> None:
    rows = store.table(placed()).to_pylist()
    assert ALIGNED_TRANSLATION.form(rows[2], LABELS).splitlines() == [
        "[12] Ada/B-PER loves Bonn/B-LOC",
        "    translation Ada liebt es",
        "    entities    Ada -> Ada (100%, similarity 0.50), Bonn -> unaligned (0%)",
        "    dropped     unaligned",
    ]
    assert ALIGNED_TRANSLATION.form(rows[0], LABELS).splitlines()[-1] == "    kept"


def test_without_sentences_nothing_is_placed(store: Store, placed: Run) -> None:
    done = placed(cases=[])
    assert store.table(done).num_rows == 0
    said = store.metadata(done)
    assert (said["kept"], said["dropped"], said["entities"], said["lost"]) == (0, {}, 0, {})
    assert store.table(placed(cases=CASES[3:4])).num_rows == 1  # all of its sentences untranslated
