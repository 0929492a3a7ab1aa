import pytest

from tasks.corpus.text import translation_splitter
from tasks.translation.pairs.word_places import insert_markers, word_places

SENTENCES = [
    ("de", "Ada wohnt in Ulm, sagt sie.", ["Ulm", ","]),
    ("ru", "Анна живёт в Москве.", ["Москве", "."]),
    ("ar", "تعيش آنا في القاهرة.", ["القاهرة", "."]),
    ("zh", "安娜住在北京。", ["北", "京"]),
]


@pytest.mark.parametrize(("language", "text", "some"), SENTENCES)
def test_words_are_found_where_they_stand(language: str, text: str, some: list[str]) -> None:
    words = translation_splitter(language)(text)
    places = word_places(text, words)
    assert places is not None
    assert [text[start:end] for start, end in places] == words
    assert set(some) <= set(words)


def test_a_word_that_comes_twice_has_two_places() -> None:
    assert word_places("a  b a", ["a", "b", "a"]) == [(0, 1), (3, 4), (5, 6)]


def test_words_that_do_not_make_up_the_text_have_no_places() -> None:
    assert word_places("it's", ["it", "&apos;s"]) is None
    assert word_places("a b c", ["a", "c"]) is None
    assert word_places("a b", ["a"]) is None
    assert word_places("", []) == []


def test_markers_stand_between_single_spaces_and_the_rest_stays() -> None:
    assert insert_markers("in (Ulm).", [(4, 7)]) == "in ( __SLOT0__ Ulm __SLOT0__ )."
    assert insert_markers("安娜住在北京。", [(4, 6)]) == "安娜住在 __SLOT0__ 北京 __SLOT0__ 。"
    assert insert_markers("as  it is", []) == "as  it is"


def test_markers_are_numbered_as_the_spans_are_given() -> None:
    assert insert_markers("a b", [(2, 3), (0, 1)]) == "__SLOT1__ a __SLOT1__ __SLOT0__ b __SLOT0__"


@pytest.mark.parametrize("spans", [[(0, 2), (1, 3)], [(1, 1)], [(2, 9)], [(1, 2)]])
def test_spans_that_overlap_or_hold_nothing_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="span"):
        insert_markers("a b", spans)
