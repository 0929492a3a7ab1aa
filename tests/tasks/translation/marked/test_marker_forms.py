"""Tags as markers, and how many markers were read in spite of damage."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.catalog import LABELLED, MACHINE_TRANSLATION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.translator import TranslatorChoice, check_marking
from tasks.corpus.text import split_at_spaces, word_splitter
from tasks.translation.marked.markers import Marking, Read, cut, form_of, mark, markers_in, read
from tasks.translation.marked.moses import detokenizer
from tasks.translation.marked.read_markers import MarkerReading, read_markers

WORDS = ["Ada", "Maier", "wohnt", "in", "Ulm", "."]
TAGS = ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
SPLIT = word_splitter("de")


def test_tags_enclose_entities_without_spaces() -> None:
    marked = mark(WORDS, TAGS, detokenizer("de"), 10, "xml")
    assert marked == "<a>Ada Maier</a> wohnt in <b>Ulm</b>."
    assert markers_in(marked, "xml") == 4 and form_of(marked) == "xml"
    assert read(marked, ["PER", "LOC"], SPLIT, "xml") == Read(WORDS, TAGS)
    assert mark(["艾", "达", "在"], ["B-PER", "I-PER", "O"], detokenizer("zh"), 10, "xml") == "<a>艾达</a>在"
    assert mark(["Bonn", "Ulm"], ["B-LOC", "B-LOC"], detokenizer("de"), 10, "xml") == "<a>Bonn</a> <b>Ulm</b>"


@pytest.mark.parametrize(
    "words", [["<b>", "Ulm"], ["x</a>", "Ulm"], ["&lt;a&gt;", "Ulm"], ["＜A＞", "Ulm"], ["a>", "Ulm"]]
)
def test_words_that_look_like_a_tag_do_not_count_as_one(words: list[str]) -> None:
    marked = mark(words, ["O"] * (len(words) - 1) + ["B-LOC"], detokenizer("de"), 10, "xml")
    assert marked is not None and markers_in(marked, "xml") == 2
    found = read(marked, ["LOC"], split_at_spaces, "xml")
    assert found.reason == "" and found.tags[-1] == "B-LOC"


def test_other_signs_of_more_and_less_stay() -> None:
    words, tags = ["3", "<", "5", "und", "x", ">", "y", "in", "Ulm"], ["O"] * 8 + ["B-LOC"]
    marked = mark(words, tags, detokenizer("de"), 10, "xml")
    assert marked == "3 < 5 und x > y in <a>Ulm</a>"
    assert read(marked, ["LOC"], split_at_spaces, "xml") == Read(words, tags)


MENDED = {
    "<a>Ada Maier</a> wohnt in <b>Ulm</b>.": 0,
    "<A>Ada Maier</A> wohnt in <b>Ulm</b>.": 2,
    "< a > Ada Maier </ a > wohnt in <b>Ulm</b>.": 2,
    "＜a＞Ada Maier＜/a＞ wohnt in <b>Ulm</b>.": 2,
    "&lt;a&gt;Ada Maier&lt;/a&gt; wohnt in <b>Ulm</b>.": 2,
    "<а>Ada Maier</а> wohnt in <b>Ulm</b>.": 2,  # Cyrillic
    "<a>Ada Maier<a> wohnt in <b>Ulm</b>.": 1,  # A second tag of a letter closes it.
}


@pytest.mark.parametrize("output", MENDED)
def test_damaged_tags_are_read_and_counted(output: str) -> None:
    found = read(output, ["PER", "LOC"], SPLIT, "xml")
    assert found == Read(WORDS, TAGS) and found.mended == MENDED[output]


def test_every_letter_that_a_tag_may_be_read_from_has_a_number() -> None:
    named = dict.fromkeys("\u0130\u0131", "i") | {"\u1c83": "c", "\u212a": "k"}
    named |= dict(zip("асеАСЕ", "aceace", strict=True))
    for letter in map(chr, range(0x3000)):
        found = cut(f"<{letter}>x</{letter}>", split_at_spaces, "xml")
        latin = named.get(letter, letter.lower())
        if latin in list("abcdefghijklmn"):
            exact = letter == latin
            assert (found.numbers, found.mended) == ([ord(latin) - ord("a")] * 2, 0 if exact else 2), letter
        else:
            assert found.numbers == [], letter


@pytest.mark.parametrize(
    ("output", "mended"),
    [
        ("__SLOT0__ Ada Maier __SLOT0__ wohnt in __SLOT1__ Ulm __SLOT1__.", 0),
        ("__slot0__ Ada Maier __SLOT0__ wohnt in __ SLOT1__ Ulm _SLOT1__.", 3),
        ("__SLOT٠__ Ada Maier __SLOT0__ wohnt in __SLOT1__ Ulm __SLOT1__.", 1),
    ],
)
def test_damaged_slots_are_counted(output: str, mended: int) -> None:
    found = read(output, ["PER", "LOC"], SPLIT)
    assert found == Read(WORDS, TAGS) and found.mended == mended


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("</a>Ada<a> wohnt in <b>Ulm</b>.", "marker_broken"),  # It closes before it opens.
        ("<a>Ada</a> wohnt in <b Ulm</b>.", "marker_broken"),
        ("<a>Ada</a> wohnt in Ulm.", "marker_lost"),
        ("<a>Ada</a> wohnt in <b>Ulm</b> <c>.", "marker_invented"),
        ("<a>Ada</a> <a> wohnt in <b>Ulm</b>.", "marker_doubled"),
        ("<a>Ada <b>wohnt</a> in Ulm</b>.", "markers_crossed"),
        ("<a>Ada <b>wohnt</b> in Ulm</a>.", "markers_nested"),
        ("<a></a> wohnt in <b>Ulm</b>.", "empty_entity"),
    ],
)
def test_what_cannot_be_mended_is_dropped_with_its_reason(output: str, reason: str) -> None:
    assert read(output, ["PER", "LOC"], SPLIT, "xml") == Read(reason=reason)


def test_letters_tell_types_where_a_translation_turns_entities_round() -> None:
    found = read("In <b>Ulm</b> wohnt <a>Ada</a>", ["PER", "LOC"], SPLIT, "xml")
    assert found == Read(["In", "Ulm", "wohnt", "Ada"], ["O", "B-LOC", "O", "B-PER"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("abz<>/&;_ü.", min_size=1, max_size=5), st.sampled_from(["O", "B-PER", "B-LOC"])), max_size=9
    )
)
def test_what_is_marked_reads_back(sentence: list[tuple[str, str]]) -> None:
    tags = [tag for _, tag in sentence]
    marked = mark([word for word, _ in sentence], tags, " ".join, 14, "xml")
    types = [tag[2:] for tag in tags if tag != "O"]
    assert marked is not None and markers_in(marked, "xml") == 2 * len(types)
    found = read(marked, types, split_at_spaces, "xml")
    if sentence:
        assert found.reason == "" and found.tags == tags and found.mended == 0


# --- Through the steps.


def test_the_form_goes_with_the_translation_and_mended_markers_are_told(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    data = put_table(
        LABELLED,
        {"sentence_id": [3, 4], "words": [WORDS, WORDS], "tags": [TAGS, TAGS]},
        {"language": "de", "labels": labels},
    )
    source = mark(WORDS, TAGS, detokenizer("de"), 10, "xml")
    columns = {
        "sentence_id": [3, 4], "source": [source, source],
        "output": ["< a >Ada</a> lives in <b>Ulm</b>.", "<a>Ada</a > lives in Ulm."],
    }  # fmt: skip
    about = {"source_language": "de", "target_language": "en"}
    config = MarkerReading(language_filter="off")
    translation = put_table(MACHINE_TRANSLATION, columns, {**about, "markers": "xml"})
    made = run_alone(store, read_markers, data, translation, config)
    assert store.table(made)["tags"].to_pylist() == [["B-PER", "O", "O", "B-LOC", "O"], []]
    assert store.metadata(made)["mended"] == 1  # That of a sentence that was dropped mended nothing.
    assert store.metadata(made)["dropped"] == {"marker_lost": 1}
    unsaid = put_table(MACHINE_TRANSLATION, columns, about)
    with pytest.raises(InputError, match="its source has 0 markers, its 2 entities need 4"):
        run_alone(store, read_markers, data, unsaid, config)


def test_a_translator_that_is_trained_here_learns_slots_alone() -> None:
    with pytest.raises(InputError, match=r"marking.form xml: a translator that is trained here learns slots"):
        check_marking(TranslatorChoice(), Marking(form="xml"), Runtime())
    with pytest.raises(InputError, match=r"marking.form brackets: a translator that is trained here learns slots"):
        check_marking(TranslatorChoice(checkpoint="some/nllb", fine_tune=True), Marking(form="brackets"), Runtime())
    check_marking(TranslatorChoice(checkpoint="some/nllb"), Marking(form="brackets"), Runtime())
    check_marking(TranslatorChoice(checkpoint="some/nllb"), Marking(form="xml"), Runtime())
    check_marking(TranslatorChoice(), Marking(), Runtime())


def test_a_tag_in_another_form_is_text() -> None:
    assert cut("<a>Ada</a>", split_at_spaces).numbers == []
    assert cut("__SLOT0__ Ada", split_at_spaces, "xml").numbers == []
