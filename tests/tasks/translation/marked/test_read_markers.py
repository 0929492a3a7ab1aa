from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from artifacts.catalog import LABELLED, MACHINE_TRANSLATION, MARKED_TRANSLATION, PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.text import split_at_spaces
from tasks.translation.marked.markers import REASONS, Read
from tasks.translation.marked.read_markers import MarkerReading, joined, read_markers, read_translation, repeats

CONFIG = MarkerReading()
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
LANGUAGES = {"source_language": "en", "target_language": "de"}
PLAIN = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von heute ."
ENGLISH = "This is quite an ordinary English sentence about the weather of today ."

Put = Callable[..., Reference]


def test_a_phrase_must_stand_four_times_in_a_row() -> None:
    # "a b" three times in a row is 6 words and honest; four times are 8 words.
    assert not repeats(["x", "a", "b", "a", "b", "a", "b", "y", "z", "u", "v", "w"], CONFIG)
    assert repeats(["x", "a", "b", "a", "b", "a", "b", "a", "b", "y"], CONFIG)


def test_a_repeated_word_must_stand_eight_times() -> None:
    # One word four times makes 4 words only, fewer than the 8 that a repetition must have.
    assert not repeats(["no", "no", "no", "no", "no", "no", "no", ",", "he", "said"], CONFIG)
    assert repeats(["no", "no", "no", "no", "no", "no", "no", "no", ",", "he", "said"], CONFIG)


def test_a_phrase_of_three_words_needs_four_and_not_two_and_two_thirds() -> None:
    # 8 words would be reached by three copies (9 words); four in a row are needed all the same.
    assert not repeats(["a", "b", "c"] * 3, CONFIG)
    assert repeats(["a", "b", "c"] * 4, CONFIG)


def test_phrases_longer_than_the_longest_are_not_looked_at() -> None:
    six, seven = list("abcdef") * 4, list("abcdefg") * 4
    assert repeats(six, CONFIG)
    assert not repeats(seven, CONFIG)
    assert repeats(seven, MarkerReading(repeated_ngram_words=7))
    assert repeats([str(n) for n in range(12)] * 4, MarkerReading(repeated_ngram_words=12))


def test_honest_words_that_come_often_are_no_repetition() -> None:
    # Not in a row: something else stands between them each time.
    assert not repeats(
        ["the", "a", "the", "b", "the", "c", "the", "d", "the", "e", "the", "f", "the", "g", "the", "h"], CONFIG
    )
    assert not repeats([], CONFIG)


def test_a_row_of_different_markers_is_no_repetition() -> None:
    text = " , ".join(f"__SLOT{n}__ Ulm __SLOT{n}__" for n in range(10))
    found = read_translation(text, ["LOC"] * 10, split_at_spaces, lambda text: True, CONFIG)
    assert found.reason == ""
    assert found.tags == ["B-LOC", *["O", "B-LOC"] * 9]


def test_an_endless_marker_is_a_repetition_not_a_doubled_marker() -> None:
    found = read_translation("__SLOT0__ Ulm " * 30, ["LOC"], split_at_spaces, lambda text: True, CONFIG)
    assert found == Read(reason="repetition")


def test_length_counts_words_without_markers() -> None:
    output, types = "__SLOT0__ a b __SLOT0__ c", ["LOC"]
    reading = [MarkerReading(max_length_words=most) for most in (2, 3)]
    found = [read_translation(output, types, split_at_spaces, lambda text: True, config) for config in reading]
    assert [each.reason for each in found] == ["too_long", ""]


@pytest.mark.parametrize(
    ("output", "words", "reason"),
    [
        ("__SLOT0__ Bad Ems __SLOT0__", ["Bad", "Ems"], ""),
        ("Bad __SLOT0__ Ems", ["Bad", "Ems"], ""),
        ("Bad Ems", ["Bad", "Ems"], ""),
        ("__SLOT3__ Bad __SLOT0__ Ems", ["Bad", "Ems"], ""),
        ("Bad __SLOT0__ Ems __SLOT", [], "marker_broken"),
        ("__SLOT0__ __SLOT0__", [], "no_output"),
    ],
)
def test_a_sentence_that_is_one_entity_may_stay_one_wherever_its_markers_went(
    store: Store, put_table: Put, output: str, words: list[str], reason: str
) -> None:
    sources = ["__SLOT0__ Bad Ems __SLOT0__", "__SLOT0__ Bad __SLOT0__ Ems"]
    data = {"sentence_id": [1, 2], "words": [["Bad", "Ems"]] * 2, "tags": [["B-LOC", "I-LOC"], ["B-LOC", "O"]]}
    outputs = {"sentence_id": [1, 2], "source": sources, "output": [output, "Bad Ems"]}
    references = (
        put_table(LABELLED, data, {"language": "en", "labels": LABELS}),
        put_table(MACHINE_TRANSLATION, outputs, LANGUAGES),
    )
    table = store.table(run_alone(store, read_markers, *references, MarkerReading(one_entity="whole")))
    # The second sentence has a word beside its entity: it is read as ever.
    assert table["reason"].to_pylist() == [reason, "marker_lost"]
    assert table["words"].to_pylist()[0] == words
    assert table["tags"].to_pylist()[0] == ["B-LOC", "I-LOC"][: len(words)]
    if output != sources[0]:
        read = store.table(run_alone(store, read_markers, *references, MarkerReading()))
        assert read["reason"].to_pylist()[0] in ("marker_lost", "marker_broken", "marker_invented", "empty_entity")


def test_the_language_is_judged_without_markers() -> None:
    seen = []

    def accepts(text: str) -> bool:
        seen.append(text.split())
        return False

    found = read_translation("a __SLOT0__ b __SLOT0__ c", ["LOC"], split_at_spaces, accepts, CONFIG)
    assert found == Read(reason="wrong_language")
    assert seen == [["a", "b", "c"]]


def marked(tags: list[str]) -> str:
    """A source of one-word entities; its words are `x`."""
    parts, number = [], 0
    for tag in tags:
        parts.append("x" if tag == "O" else f"__SLOT{number}__ x __SLOT{number}__")
        number += tag != "O"
    return " ".join(parts)


TWO = ["B-PER", "O", "B-LOC"]
OF_BRACKETS = {"entity_unmatched", "entity_ambiguous"}  # Numbers are never in doubt.
# Reason -> tags of the source, output; every word of the source is x.
CASES: dict[str, tuple[list[str], str]] = {
    "": (TWO, f"{PLAIN[:-2]} in __SLOT1__ Ulm __SLOT1__ und __SLOT0__ Ada Maier __SLOT0__."),
    "too_many_entities": (["B-PER"] * 11, ""),
    "no_output": (TWO, " "),
    "repetition": (TWO, "__SLOT0__ Ada __SLOT0__ __SLOT1__ Ulm __SLOT1__ " + "und " * 20),
    "marker_broken": (TWO, "__SLOT Ada __SLOT0__ in __SLOT1__ Ulm __SLOT1__"),
    "marker_invented": (TWO, "__SLOT0__ Ada __SLOT0__ __SLOT1__ Ulm __SLOT1__ __SLOT7__"),
    "marker_doubled": (TWO, "__SLOT0__ Ada __SLOT0__ __SLOT1__ Ulm __SLOT1__ __SLOT1__"),
    "marker_lost": (TWO, "__SLOT0__ Ada __SLOT0__ in Ulm"),
    "markers_crossed": (TWO, "__SLOT0__ Ada __SLOT1__ in __SLOT0__ Ulm __SLOT1__"),
    "markers_nested": (TWO, "__SLOT0__ Ada __SLOT1__ in __SLOT1__ Ulm __SLOT0__"),
    "empty_entity": (TWO, "__SLOT0__ Ada __SLOT0__ in __SLOT1__ __SLOT1__ Ulm"),
    "too_long": (TWO, "__SLOT0__ Ada __SLOT0__ in __SLOT1__ Ulm __SLOT1__ " + " ".join(map(str, range(127)))),
    "wrong_language": (TWO, f"{ENGLISH} __SLOT0__ Ada __SLOT0__ __SLOT1__ Ulm __SLOT1__"),
}


def columns_of(cases: list[tuple[list[str], str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the data and of its machine translation."""
    ids = [7 + 2 * number for number in range(len(cases))]
    too_many = [sum(tag != "O" for tag in tags) > 10 for tags, _ in cases]
    data = {"sentence_id": ids, "words": [["x"] * len(tags) for tags, _ in cases], "tags": [tags for tags, _ in cases]}
    sources = ["" if many else marked(tags) for many, (tags, _) in zip(too_many, cases, strict=True)]
    return data, {"sentence_id": ids, "source": sources, "output": [output for _, output in cases]}


@pytest.mark.parametrize("kind", [LABELLED, PREDICTIONS])
def test_every_reason_is_found_counted_and_kept_with_its_row(store: Store, put_table: Put, kind: Any) -> None:
    found = [reason for reason in REASONS if reason not in OF_BRACKETS]
    assert [reason for reason in CASES if reason] == found and len(found) + len(OF_BRACKETS) == len(REASONS)
    data, translation = columns_of([*CASES.values(), (["O", "O"], PLAIN)])
    references = (
        put_table(kind, data, {"language": "en", "labels": LABELS}),
        put_table(MACHINE_TRANSLATION, translation, LANGUAGES),
    )
    made = run_alone(store, read_markers, *references, CONFIG)
    table = store.table(made)
    assert made.kind == MARKED_TRANSLATION.name
    assert table["reason"].to_pylist() == [*CASES, ""]
    metadata = store.metadata(made)
    corpus = references[0].content
    told = {"markers": "slot", "dropped": dict.fromkeys(found, 1), "mended": 0}
    assert metadata == {"language": "de", "labels": LABELS, "corpus": corpus, **told}
    assert table["sentence_id"].to_pylist() == data["sentence_id"]
    assert table["source_words"].to_pylist() == data["words"]
    assert table["source_tags"].to_pylist() == data["tags"]
    assert table["marked_source"].to_pylist() == translation["source"]
    assert table["output"].to_pylist() == translation["output"]
    assert table["entities"].to_pylist() == [[1, 0], *[[]] * (len(CASES) - 1), []]
    kept, *dropped, plain = table.select(["words", "tags"]).to_pylist()
    assert kept["words"] == [*PLAIN.split()[:-1], "in", "Ulm", "und", "Ada", "Maier", "."]
    assert kept["tags"] == ["O"] * 13 + ["B-LOC", "O", "B-PER", "I-PER", "O"]
    assert all(row == {"words": [], "tags": []} for row in dropped)
    # Without entities there are no markers to lose.
    assert plain == {"words": PLAIN.split(), "tags": ["O"] * 13}


def test_the_language_filter_can_be_off(store: Store, put_table: Put) -> None:
    data, translation = columns_of([CASES["wrong_language"]])
    references = (
        put_table(LABELLED, data, {"language": "en", "labels": LABELS}),
        put_table(MACHINE_TRANSLATION, translation, LANGUAGES),
    )
    made = run_alone(store, read_markers, *references, MarkerReading(language_filter="off"))
    assert store.metadata(made)["dropped"] == {}


def test_marks_of_direction_are_no_words_and_no_entity_begins_with_one(store: Store, put_table: Put) -> None:
    name, lives, here = "\u05e2\u05d3\u05d4", "\u05d2\u05e8\u05d4", "\u05db\u05d0\u05df"
    data, translation = columns_of(
        [
            (["B-PER", "O"], f"\u200f__SLOT0__ \u200e{name}\u200e __SLOT0__ \u202b{lives} {here}.\u202c"),
            (["B-PER", "O"], f"__SLOT0__ \u200f __SLOT0__ {lives}"),
        ]
    )
    references = (
        put_table(LABELLED, data, {"language": "en", "labels": LABELS}),
        put_table(MACHINE_TRANSLATION, translation, {"source_language": "en", "target_language": "he"}),
    )
    made = store.table(run_alone(store, read_markers, *references, MarkerReading(language_filter="off")))
    assert made["words"].to_pylist() == [[name, lives, here, "."], []]
    assert made["tags"].to_pylist() == [["B-PER", "O", "O", "O"], []]
    assert made["reason"].to_pylist() == ["", "empty_entity"]


def test_a_translation_without_marking_is_refused(store: Store, put_table: Put) -> None:
    data, translation = columns_of([(TWO, "Ada in Ulm")])
    references = (
        put_table(LABELLED, data, {"language": "en", "labels": LABELS}),
        put_table(MACHINE_TRANSLATION, {**translation, "source": ["Ada in Ulm"]}, LANGUAGES),
    )
    with pytest.raises(InputError, match="sentence 7: its source has 0 markers, its 2 entities need 4"):
        run_alone(store, read_markers, *references, CONFIG)


def batches(sizes: list[int], **columns: list[Any]) -> list[pa.RecordBatch]:
    """The rows in batches of these sizes."""
    table = pa.table(columns)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return [table.slice(a, n).to_batches()[0] for a, n in zip(starts, sizes, strict=True)]


def test_tables_join_whatever_their_batches_are() -> None:
    data = batches([1, 2], sentence_id=[4, 5, 9], words=[["a"], ["b"], ["c"]], tags=[["O"]] * 3)
    translation = batches([2, 1], sentence_id=[4, 5, 9], source=["a", "b", "c"], output=["A", "B", "C"])
    found = [(s.sentence_id, s.words, s.marked, s.output) for s in joined(data, translation)]
    assert found == [(4, ["a"], "a", "A"), (5, ["b"], "b", "B"), (9, ["c"], "c", "C")]


@pytest.mark.parametrize(
    ("ids", "message"),
    [([4, 6], "row 1: found sentence_id 6, expected that of the data, 5"), ([4], "row 1: found sentence_id none")],
)
def test_translations_of_other_sentences_are_refused(ids: list[int], message: str) -> None:
    data = batches([2], sentence_id=[4, 5], words=[["a"], ["b"]], tags=[["O"]] * 2)
    translation = batches([len(ids)], sentence_id=ids, source=["a"] * len(ids), output=["a"] * len(ids))
    with pytest.raises(InputError, match=message):
        list(joined(data, translation))
