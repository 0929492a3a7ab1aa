"""Entities between brackets: marked, read in spite of damage, and told apart by their own translations."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.catalog import LABELLED, MACHINE_TRANSLATION, PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.text import split_at_spaces, word_splitter
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.brackets import cut_at_brackets, match_entities, similarities
from tasks.translation.marked.entities import list_entities
from tasks.translation.marked.markers import Marking, Read, mark, markers_in
from tasks.translation.marked.moses import detokenizer
from tasks.translation.marked.read_markers import MarkerReading, read_markers, read_translation

WORDS = ["Ada", "Maier", "lives", "in", "Munich", "."]
TAGS = ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
TYPES = ["PER", "LOC"]
TEXTS = [("Ada Maier", "Ada Maier"), ("München", "Munich")]
LABELS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
CONFIG = MarkerReading(language_filter="off")
SPLIT = word_splitter("de")


def read(output: str, types: list[str] = TYPES, texts: list[tuple[str, ...]] = TEXTS) -> Read:
    return read_translation(output, types, SPLIT, lambda text: True, CONFIG, form="brackets", texts=texts)


# --- Marking.


def test_entities_stand_between_brackets_without_spaces() -> None:
    marked = mark(WORDS, TAGS, detokenizer("en"), 10, "brackets")
    assert marked == "[Ada Maier] lives in [Munich]."
    assert markers_in(marked, "brackets") == 4
    assert mark(["Bonn", "Ulm"], ["B-LOC", "B-LOC"], detokenizer("de"), 10, "brackets") == "[Bonn] [Ulm]"
    assert mark(["艾", "达", "在"], ["B-PER", "I-PER", "O"], detokenizer("zh"), 10, "brackets") == "[艾达]在"
    assert mark(["Ulm", "Bonn"], ["B-LOC", "B-LOC"], detokenizer("de"), 1, "brackets") is None


@pytest.mark.parametrize("own", ["[1]", "［1］", "&#91;1&#93;", "【1】"])
def test_brackets_of_the_sentence_itself_become_round_ones(own: str) -> None:
    marked = mark([own, "Ulm"], ["O", "B-LOC"], detokenizer("de"), 10, "brackets")
    assert marked == "(1) [Ulm]"
    assert mark([own, "Ulm"], ["O", "O"], detokenizer("de"), 10, "brackets") == "(1) Ulm"


# --- Reading.

MENDED = {
    "[Ada Maier] wohnt in [München].": 0,
    "[ Ada Maier ] wohnt in [ München ].": 0,
    "［Ada Maier］ wohnt in [München].": 2,
    "&#91;Ada Maier&#93; wohnt in &lsqb;München&rsqb;.": 4,
    "[[Ada Maier]] wohnt in [ [München].": 3,
    "【Ada Maier】 wohnt in 【München】.": 4,
}


@pytest.mark.parametrize("output", MENDED)
def test_damaged_brackets_are_read_and_counted(output: str) -> None:
    found = read(output)
    assert found == Read(["Ada", "Maier", "wohnt", "in", "München", "."], ["B-PER", "I-PER", "O", "O", "B-LOC", "O"])
    assert (found.mended, found.entities) == (MENDED[output], [0, 1])


def test_other_brackets_are_text_where_there_is_a_square_one_and_title_marks_always_are() -> None:
    def read_characters(output: str) -> Read:
        return read_translation(output, ["PER"], list, lambda text: True, CONFIG, form="brackets")

    assert read_characters("[艾达]读【书】") == Read(list("艾达读【书】"), ["B-PER", "I-PER", "O", "O", "O", "O"])
    assert read_characters("[艾达读【书】") == Read(reason="marker_broken")
    assert read_characters("艾达读《书》") == Read(reason="marker_lost")


@pytest.mark.parametrize(("output", "types"), [("Er sagt [sic]", []), ("Er sagt [Ulm]", ["LOC"])])
def test_the_language_is_judged_without_markers(output: str, types: list[str]) -> None:
    seen: list[str] = []

    def accepts(text: str) -> bool:
        return bool(seen.append(text))

    found = read_translation(output, types, SPLIT, accepts, CONFIG, form="brackets")
    assert found == Read(reason="wrong_language")
    assert [text.split() for text in seen] == [["Er", "sagt", "Ulm" if types else "[sic]"]]


def test_a_sentence_without_entities_keeps_the_brackets_of_its_translation() -> None:
    found = read("Er sagte [sic] es", [], [])
    assert found == Read(["Er", "sagte", "[", "sic", "]", "es"], ["O"] * 6)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "no_output"),
        ("[Ada Maier] wohnt in München.", "marker_lost"),
        ("Ada Maier wohnt in München.", "marker_lost"),
        ("[Ada Maier] [wohnt] in [München].", "marker_invented"),
        ("[Ada Maier wohnt in [München].", "marker_broken"),  # One is not closed,
        ("Ada Maier] wohnt in [München].", "marker_broken"),  # one not opened,
        ("]Ada Maier[ wohnt in [München].", "marker_broken"),  # and one closes before it opens.
        ("[Ada Maier wohnt in [München] .]", "markers_nested"),
        ("[] Ada Maier wohnt in [München].", "empty_entity"),
        ("[Ada Maier] [München] " + "und " * 20, "repetition"),
        ("[Müller] und [Schulz]", "entity_unmatched"),
    ],
)
def test_what_cannot_be_read_is_dropped_with_its_reason(output: str, reason: str) -> None:
    assert read(output) == Read(reason=reason)


def test_two_entities_of_different_types_that_a_translation_turns_round() -> None:
    # In the order of the source München would be PER.
    found = read("In [München] wohnt [Ada Maier].")
    assert found == Read(["In", "München", "wohnt", "Ada", "Maier", "."], ["O", "B-LOC", "O", "B-PER", "I-PER", "O"])
    assert found.entities == [1, 0]


def test_three_entities_of_three_types_go_round() -> None:
    texts = [("Ada", "Ada"), ("München", "Munich"), ("Rotes Kreuz", "Red Cross")]
    found = read("Das [Rote Kreuz] hilft [Ada] in [München].", ["PER", "LOC", "ORG"], texts)
    assert [tag for tag in found.tags if tag[0] == "B"] == ["B-ORG", "B-PER", "B-LOC"]
    assert found.entities == [2, 0, 1]


def test_an_entity_may_stand_there_as_in_the_source() -> None:
    texts = [("Ada die Maierin von nebenan", "Ada Maier"), ("Am Ort der Mönche", "Munich")]
    assert read("In [Munich] wohnt [Ada Maier].", texts=texts).entities == [1, 0]


def test_of_one_type_nothing_is_matched() -> None:
    found = read("[Ulm] und [Bonn]", ["LOC", "LOC"], [])
    assert found == Read(["Ulm", "und", "Bonn"], ["B-LOC", "O", "B-LOC"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.text("abz[]［】_ü(.", min_size=1, max_size=5), st.sampled_from(["O", "B-LOC"])), max_size=9)
)
def test_what_is_marked_reads_back(sentence: list[tuple[str, str]]) -> None:
    words, tags = [word for word, _ in sentence], [tag for _, tag in sentence]
    marked = mark(words, tags, " ".join, 14, "brackets")
    types = [tag[2:] for tag in tags if tag != "O"]
    assert marked is not None and markers_in(marked, "brackets") == 2 * len(types)
    pieces = cut_at_brackets(marked, split_at_spaces, len(types))
    assert pieces.numbers == [number for number in range(len(types)) for _ in range(2)]
    assert not pieces.broken and pieces.mended == 0
    assert [word for segment in pieces.segments for word in segment] == [
        word.translate(str.maketrans("[]［】", "()()")) for word in words
    ]


# --- Which entity is which.


def test_similarity_is_the_share_of_matching_characters() -> None:
    # munich and münchen share m, n, ch: 2 * 4 / (6 + 7).
    assert similarities("München", ["Munich"]) == pytest.approx([8 / 13])
    assert similarities("Ｎew York", ["NEW  YORK", "", "Ulm"]) == [1, 0, 0]
    assert similarities("", ["Ulm"]) == [0]
    # abcd and dcba share their letters, of which one matches at a time, 2 / 8; with badc it is two, 4 / 8.
    assert similarities("abcd", ["dcba", "badc"]) == [0, 0]
    # No letter of a long text is too frequent to count.
    assert similarities("ab" * 150, ["x" + "ab" * 150]) == pytest.approx([600 / 601])


def match(found: list[str], texts: list[str], types: list[str]) -> tuple[list[int], str]:
    return match_entities(found, [(text,) for text in texts], types)


def test_the_sum_of_all_similarities_decides_and_not_the_first_that_is_like() -> None:
    # The first bracket is like both: 18/19 and 16/17; the second is 1 and 16/18. .947 + .889 < .941 + 1.
    found, texts = ["abcdefghi", "abcdefghij"], ["abcdefghij", "abcdefgh"]
    assert match(found, texts, ["PER", "LOC"]) == ([1, 0], "")
    assert match(["Paris Hiltons", "Paris"], ["Paris", "Paris Hilton"], ["LOC", "PER"]) == ([1, 0], "")


def test_what_is_little_alike_adds_nothing() -> None:
    # 6 characters of 10 and none as they stand, 4 and 4 the other way round, which would be more if they counted.
    found, texts = ["abcdefuvwx", "klmnqrstyz"], ["abcdefklmn", "uvwx123456"]
    assert [similarities(one, texts) for one in found] == [[0.6, 0], [0, 0]]
    assert match(found, texts, ["PER", "LOC"]) == ([0, 1], "")
    # ab and ac are .5 alike: no more than the threshold.
    assert match(["xy", "ab"], ["ac", "xz"], ["PER", "LOC"]) == ([], "entity_unmatched")


def test_the_last_one_is_told_by_what_is_left_over() -> None:
    assert match(["Deutschland", "Ulm"], ["Ulm", "Germany"], ["ORG", "LOC"]) == ([1, 0], "")
    # Two are left over: told if they are of one type.
    found, texts = ["Ulm", "xxx", "yyy"], ["aaa", "Ulm", "bbb"]
    numbers, reason = match(found, texts, ["LOC", "ORG", "LOC"])
    assert (numbers[0], sorted(numbers[1:]), reason) == (1, [0, 2], "")
    assert match(found, texts, ["LOC", "ORG", "PER"]) == ([], "entity_unmatched")


def test_two_that_are_equally_like_are_not_guessed() -> None:
    assert match(["Ulm", "Ulm"], ["Ulm", "Ulm"], ["LOC", "ORG"]) == ([], "entity_ambiguous")
    # Of one type they may be exchanged.
    numbers, reason = match(["Ulm", "Ada", "Ulm"], ["Ulm", "Ulm", "Ada"], ["LOC", "LOC", "PER"])
    assert (numbers[1], reason) == (2, "")


# --- Through the steps.


@pytest.fixture
def labelled(put_table: Callable[..., Reference]) -> Callable[..., Reference]:
    def put(*sentences: tuple[list[str], list[str]], kind: object = LABELLED) -> Reference:
        columns = {
            "sentence_id": [5 + 2 * number for number in range(len(sentences))],
            "words": [words for words, _ in sentences],
            "tags": [tags for _, tags in sentences],
        }
        return put_table(kind, columns, {"language": "en", "labels": LABELS})

    return put


# Says what it is asked, word for word; two entities of a sentence are turned round.
TURNING = """
import json, re, sys
words = {"Munich": "München", "lives": "wohnt", "beats": "schlägt", "and": "und"}
for line in sys.stdin:
    asked = json.loads(line)
    text = re.sub(r"\\w+", lambda found: words.get(found[0], found[0]), asked["text"])
    text = re.sub(r"^(\\[[^]]*\\])(.*)(\\[[^]]*\\])", r"\\3\\2\\1", text)
    print(json.dumps({"id": asked["id"], "translation": text}), flush=True)
"""


@pytest.fixture
def turning(tmp_path: Path) -> ExternalTranslator:
    (tmp_path / "turning.py").write_text(TURNING, encoding="utf-8")
    return ExternalTranslator(command=f"{sys.executable} {tmp_path / 'turning.py'}", version="1")


SENTENCES = (
    (WORDS, TAGS),
    (["Ulm", "beats", "Ulm"], ["B-LOC", "O", "B-ORG"]),  # Equal words, two types.
    (["Bonn", "and", "Ulm"], ["B-LOC", "O", "B-LOC"]),  # One type.
    (["Ada", "Maier", "[", "1", "]"], ["B-PER", "I-PER", "O", "O", "O"]),
    (["Rain", "[", "sic", "]"], ["O"] * 4),
)


@pytest.mark.parametrize("kind", [LABELLED, PREDICTIONS])
def test_entities_that_have_to_be_told_apart_are_listed_once(
    store: Store, labelled: Callable[..., Reference], kind: object
) -> None:
    data = labelled(*SENTENCES, (WORDS, TAGS), kind=kind)
    listed = run_alone(store, list_entities, data, 10)
    assert store.table(listed).to_pylist() == [
        {"sentence_id": 0, "words": ["Ada", "Maier"]},
        {"sentence_id": 1, "words": ["Munich"]},
        {"sentence_id": 2, "words": ["Ulm"]},
    ]
    assert store.metadata(listed) == {"language": "en"}
    assert store.table(run_alone(store, list_entities, data, 1)).num_rows == 0


def test_sentences_are_translated_read_and_their_entities_told_apart(
    store: Store, labelled: Callable[..., Reference], turning: ExternalTranslator
) -> None:
    data = labelled(*SENTENCES)
    rest = (turning, "en", "de")
    output = run_alone(store, translate_text, data, *rest, Marking(form="brackets"), Generation())
    alone = run_alone(store, translate_text, run_alone(store, list_entities, data, 10), *rest, None, Generation())
    assert store.table(alone)["output"].to_pylist() == ["Ada Maier", "München", "Ulm"]
    assert store.table(output)["output"].to_pylist() == [
        "[München] wohnt in [Ada Maier].", "[Ulm] schlägt [Ulm]", "[Ulm] und [Bonn]", "[Ada Maier] (1)", "Rain (sic)",
    ]  # fmt: skip
    made = run_alone(store, read_markers, data, output, CONFIG, alone)
    rows = store.table(made).to_pylist()
    assert [row["tags"] for row in rows] == [
        ["B-LOC", "O", "O", "B-PER", "I-PER", "O"], [], ["B-LOC", "O", "B-LOC"],
        ["B-PER", "I-PER", "O", "O", "O"], ["O"] * 4,
    ]  # fmt: skip
    assert [row["entities"] for row in rows] == [[1, 0], [], [0, 1], [0], []]
    about = store.metadata(made)
    assert (about["dropped"], about["mended"], about["markers"]) == ({"entity_ambiguous": 1}, 0, "brackets")


def test_brackets_are_not_read_without_the_right_translations_of_entities(
    store: Store, labelled: Callable[..., Reference], put_table: Callable[..., Reference]
) -> None:
    data = labelled((WORDS, TAGS))
    about = {"source_language": "en", "target_language": "de"}
    columns = {
        "sentence_id": [5],
        "source": ["[Ada Maier] lives in [Munich]."],
        "output": ["[Ada Maier] in [Ulm]"],
    }
    output = put_table(MACHINE_TRANSLATION, columns, {**about, "markers": "brackets"})
    with pytest.raises(InputError, match="its markers are brackets, and no translation of the entities"):
        run_alone(store, read_markers, data, output, CONFIG)
    alone = {"sentence_id": [0], "source": ["Munich"], "output": ["München"]}
    other = put_table(MACHINE_TRANSLATION, alone, about)
    with pytest.raises(InputError, match="it has not 'Ada Maier', expected every entity of the sentences"):
        run_alone(store, read_markers, data, output, CONFIG, other)
    back = put_table(MACHINE_TRANSLATION, alone, {"source_language": "de", "target_language": "en"})
    with pytest.raises(InputError, match="it is de to en, the sentences are en to de"):
        run_alone(store, read_markers, data, output, CONFIG, back)
    slots = put_table(MACHINE_TRANSLATION, columns, {**about, "markers": "slot"})
    with pytest.raises(InputError, match="its markers are slot, and a translation of the entities"):
        run_alone(store, read_markers, data, slots, CONFIG, other)
