import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.corpus.text import split_at_spaces, word_splitter
from tasks.translation.marked.markers import (
    MARKER,
    MAX_MARKERS,
    REASONS,
    Marking,
    Read,
    cut,
    mark,
    markers_in,
    read,
)
from tasks.translation.marked.moses import detokenizer
from tasks.words.spans import spans_of

WORDS = ["Ada", "Maier", "wohnt", "in", "Ulm", "."]
TAGS = ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]


def test_entities_stand_between_markers_numbered_in_order() -> None:
    marked = mark(WORDS, TAGS, detokenizer("de"), MAX_MARKERS)
    assert marked == "__SLOT0__ Ada Maier __SLOT0__ wohnt in __SLOT1__ Ulm __SLOT1__ ."


def test_one_space_stands_on_both_sides_of_a_marker_also_between_two_entities() -> None:
    # Moses joins ( with what follows and ) with what is before; the markers stay apart all the same.
    marked = mark(["(", "Bonn", "Ulm", ")", "."], ["O", "B-LOC", "B-LOC", "O", "O"], detokenizer("de"), 10)
    assert marked == "( __SLOT0__ Bonn __SLOT0__ __SLOT1__ Ulm __SLOT1__ )."
    assert mark(["艾", "达", "在"], ["B-PER", "I-PER", "O"], detokenizer("zh"), 10) == "__SLOT0__ 艾达 __SLOT0__ 在"


def test_a_quotation_that_ends_behind_an_entity_is_closed() -> None:
    # Each piece on its own would open a quotation there: `"sagte`.
    words, tags = ['"', "Hier", "ist", "Ulm", '"', "sagte", "sie"], ["O", "O", "O", "B-LOC", "O", "O", "O"]
    assert mark(words, tags, detokenizer("de"), 10) == '"Hier ist __SLOT0__ Ulm __SLOT0__ " sagte sie'


def test_a_sentence_without_entities_is_plain_text() -> None:
    assert mark(["Es", "regnet", "."], ["O", "O", "O"], detokenizer("de"), 10) == "Es regnet."


def test_too_many_entities_give_none_and_just_enough_give_text() -> None:
    words, tags = ["Ulm", "Bonn"], ["B-LOC", "B-LOC"]
    assert mark(words, tags, detokenizer("de"), 1) is None
    assert mark(words, tags, detokenizer("de"), 2) is not None
    assert (Marking().max_entities, MAX_MARKERS) == (10, 14)


@pytest.mark.parametrize("words", [["__SLOT0__", "Ulm"], ["__", "SLOT1__", "Ulm"], ["x__slot3__y", "Ulm"]])
def test_words_that_look_like_a_marker_do_not_count_as_one(words: list[str]) -> None:
    marked = mark(words, ["O"] * (len(words) - 1) + ["B-LOC"], detokenizer("de"), 10)
    assert marked is not None
    assert markers_in(marked) == 2
    assert read(marked, ["LOC"], split_at_spaces).tags[-1] == "B-LOC"


def test_reading_is_the_inverse_of_marking() -> None:
    marked = mark(WORDS, TAGS, detokenizer("de"), 10)
    assert marked is not None
    assert read(marked, ["PER", "LOC"], word_splitter("de", tokenized=False)) == Read(WORDS, TAGS)


def test_the_number_gives_the_type_whatever_the_order() -> None:
    found = read("__SLOT1__ Ulm __SLOT1__ mag __SLOT0__ Ada __SLOT0__", ["PER", "LOC"], split_at_spaces)
    assert found == Read(["Ulm", "mag", "Ada"], ["B-LOC", "O", "B-PER"])


def test_a_sentence_without_entities_is_kept_without_markers() -> None:
    assert read("Es regnet .", [], split_at_spaces) == Read(["Es", "regnet", "."], ["O", "O", "O"])


def test_a_word_ends_where_an_entity_ends() -> None:
    # Read as one text, `Berlins` would be one word.
    split = word_splitter("de", tokenized=False)
    found = read("__SLOT0__ Berlin __SLOT0__s Mitte.", ["LOC"], split)
    assert found == Read(["Berlin", "s", "Mitte", "."], ["B-LOC", "O", "O", "O"])


@pytest.mark.parametrize(
    "marker",
    [
        "__slot0__",
        "__ SLOT0 __",
        "__SLOT 0__",
        "__ Slot 0 __",
        "_ _ SLOT0 _ _",
        "_SLOT0_",
        "＿＿SLOT0＿＿",
        "__SLOT٠__",
    ],
)
def test_damage_that_tokenisers_make_is_repaired(marker: str) -> None:
    expected = Read(["in", "Ulm", "."], ["O", "B-LOC", "O"])
    assert read(f"in {marker} Ulm {marker} .", ["LOC"], split_at_spaces) == expected
    assert read(f"in {marker}Ulm{marker}.", ["LOC"], split_at_spaces) == expected


def test_two_markers_side_by_side_are_two() -> None:
    for between in ("", " "):
        assert cut(f"__SLOT0__{between}__SLOT1__", split_at_spaces).numbers == [0, 1]


FAULTS = {
    "no_output": ["", "   "],
    "marker_broken": ["__SLOT a b __SLOT0__ c __SLOT1__ d __SLOT1__", "SLOT0__ a __SLOT0__ __SLOT1__ b __SLOT1__"],
    "marker_invented": ["__SLOT0__ a __SLOT0__ __SLOT1__ b __SLOT1__ __SLOT2__ c __SLOT2__"],
    "marker_doubled": ["__SLOT0__ a __SLOT0__ b __SLOT0__ __SLOT1__ c __SLOT1__"],
    "marker_lost": ["a b", "__SLOT0__ a __SLOT0__ b", "__SLOT0__ a __SLOT1__ b __SLOT1__"],
    "markers_crossed": ["__SLOT0__ a __SLOT1__ b __SLOT0__ c __SLOT1__"],
    "markers_nested": ["__SLOT0__ a __SLOT1__ b __SLOT1__ c __SLOT0__"],
    "empty_entity": ["__SLOT0__ __SLOT0__ a __SLOT1__ b __SLOT1__", "__SLOT0__ a __SLOT0__ __SLOT1__  __SLOT1__ b"],
}


@pytest.mark.parametrize(("reason", "output"), [(reason, o) for reason, outputs in FAULTS.items() for o in outputs])
def test_each_fault_has_its_reason(reason: str, output: str) -> None:
    assert read(output, ["PER", "LOC"], split_at_spaces) == Read(reason=reason)
    assert reason in REASONS


def test_of_two_faults_the_first_in_the_list_is_the_reason() -> None:
    # Marker 0 is lost, 2 is invented; invented is checked first.
    assert read("__SLOT2__ a __SLOT2__ b", ["PER"], split_at_spaces).reason == "marker_invented"
    # 0 and 1 cross, and marker 2 lies inside 0.
    crossed = "__SLOT0__ a __SLOT2__ b __SLOT2__ __SLOT1__ c __SLOT0__ d __SLOT1__"
    assert read(crossed, ["A", "B", "C"], split_at_spaces).reason == "markers_crossed"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["__SLOT0__", "__SLOT1__", "__slot", "_", "a", ".", "__SLOT9__", "0__"]), max_size=12))
def test_what_is_kept_has_valid_tags_and_all_entities(parts: list[str]) -> None:
    found = read(" ".join(parts), ["PER", "LOC"], split_at_spaces)
    assert len(found.words) == len(found.tags)
    if found.reason:
        assert found == Read(reason=found.reason)
    else:
        assert sorted(name for _, _, name in spans_of(found.tags)) == ["LOC", "PER"]
        assert not any("slot" in word.lower() for word in found.words)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_marked_sentence_reads_back_with_its_types(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["Ada", "(", '"', "_", "'s", "x-y", "3", "%"]), min_size=1, max_size=12))
    tags = data.draw(st.lists(st.sampled_from(["O", "B-PER", "B-LOC"]), min_size=len(words), max_size=len(words)))
    marked = mark(words, tags, detokenizer("en"), 12)
    assert marked is not None
    types = [name for _, _, name in spans_of(tags)]
    assert markers_in(marked) == 2 * len(types)
    found = read(marked, types, word_splitter("en", tokenized=False))
    assert [name for _, _, name in spans_of(found.tags)] == types


def test_a_marker_is_written_with_its_number() -> None:
    assert MARKER.format(3) == "__SLOT3__"
