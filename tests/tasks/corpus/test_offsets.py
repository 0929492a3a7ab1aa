"""Texts with entities by offsets, of every tool: words and tags worked out by hand."""

import json
import unicodedata
from typing import Any

import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, make_corpus, parse_corpus
from tasks.corpus.documents import Mark
from tasks.corpus.exchange import argilla
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.write import written
from tasks.words.labels import LabelConfig


def read(text: str, *, with_tags: bool = True, language: str = "de", **options: object) -> Corpus:
    format = CorpusFormat.model_validate(options)
    return parse_corpus(text.split("\n"), "x", format, LabelConfig() if with_tags else None, language)


def lines(*rows: Any) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def shown(corpus: Corpus) -> list[str]:
    assert corpus.tags is not None
    return [
        " ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))
        for words, tags in zip(corpus.words, corpus.tags, strict=True)
    ]


# Ida 0-3, Koch 4-8, ruft 9-13, Bonn 14-18, full stop 18-19.
TEXT = "Ida Koch ruft Bonn."
EXPECTED = ["Ida/B-PER Koch/I-PER ruft Bonn/B-LOC ."]
WORDS = ["Ida", "Koch", "ruft", "Bonn", "."]
TOKENS = [
    {"text": "Ida", "start": 0, "end": 3, "id": 0, "ws": True},
    {"text": "Koch", "start": 4, "end": 8, "id": 1, "ws": True},
    {"text": "ruft", "start": 9, "end": 13, "id": 2, "ws": True},
    {"text": "Bonn", "start": 14, "end": 18, "id": 3, "ws": False},
    {"text": ".", "start": 18, "end": 19, "id": 4, "ws": False},
]
RESULTS = [
    {"type": "labels", "value": {"start": 0, "end": 8, "text": "Ida Koch", "labels": ["PER"]}},
    {"type": "labels", "value": {"start": 14, "end": 18, "text": "Bonn", "labels": ["LOC"]}},
]
SPANS = [{"start": 0, "end": 8, "label": "PER"}, {"start": 14, "end": 18, "label": "LOC"}]
RECORDS: dict[str, Any] = {
    "doccano": {"text": TEXT, "label": [[0, 8, "PER"], [14, 18, "LOC"]]},
    "doccano, older": {"text": TEXT, "labels": [[14, 18, "LOC"], [0, 8, "PER"]]},
    "doccano with relations": {
        "text": TEXT,
        "entities": [
            {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 8},
            {"id": 2, "label": "LOC", "start_offset": 14, "end_offset": 18},
        ],
        "relations": [],
    },
    "CLUENER": {"text": TEXT, "label": {"PER": {"Ida Koch": [[0, 7]]}, "LOC": {"Bonn": [[14, 17]]}}},
    "inclusive ends without texts": {"text": TEXT, "label": [[0, 7, "PER"], [14, 17, "LOC"]]},
    "Label Studio": {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": RESULTS}]},
    "Label Studio, the first annotation cancelled": {
        "data": {"text": TEXT},
        "annotations": [{"result": RESULTS}, {"result": [], "was_cancelled": True}],
    },
    "Label Studio, short": {"text": TEXT, "label": [each["value"] for each in RESULTS]},
    "Prodigy": {"text": TEXT, "tokens": TOKENS, "spans": SPANS, "answer": "accept"},
    "Prodigy without tokens": {"text": TEXT, "spans": SPANS, "answer": "accept"},
    "spans beside text and words": {"text": TEXT, "tokens": WORDS, "spans": SPANS},
    "Argilla 1": {"text": TEXT, "tokens": WORDS, "annotation": [["PER", 0, 8], ["LOC", 14, 18]]},
    "Argilla 2": {
        "id": "a",
        "fields": {"text": TEXT},
        "metadata": {},
        "suggestions": {},
        "responses": {"q": [{"value": SPANS, "user_id": "u"}]},
    },
    "Argilla 2, suggested": {"fields": {"text": TEXT}, "responses": {}, "suggestions": {"q": {"value": SPANS}}},
    "Argilla 2, answered otherwise": {
        "fields": {"text": TEXT},
        "responses": {"q": [{"value": SPANS}]},
        "suggestions": {"q": {"value": SPANS[:1]}},
    },
    "spaCy 2": [TEXT, {"entities": [[0, 8, "PER"], [14, 18, "LOC"]]}],
    "GLiNER": {"tokenized_text": WORDS, "ner": [[0, 1, "PER"], [3, 3, "LOC"]]},
    "W2NER": {"sentence": WORDS, "ner": [{"index": [0, 1], "type": "PER"}, {"index": [3], "type": "LOC"}]},
    "spans that count words beside a text": {
        "text": TEXT,
        "tokens": WORDS,
        "spans": [[0, 2, "PER"], [3, 4, "LOC"], [4, 5, "X"]],
    },
}


@pytest.mark.parametrize("tool", [tool for tool in RECORDS if tool != "spans that count words beside a text"])
@pytest.mark.parametrize("array", [False, True])
def test_records_of_a_tool_are_read(tool: str, array: bool) -> None:
    record = RECORDS[tool]
    text = json.dumps([record, record], indent=1) if array else lines(record, record)
    corpus = read(text)
    assert shown(corpus) == EXPECTED * 2
    assert read(text, with_tags=False).words == corpus.words


@pytest.mark.parametrize("unlabelled", [{"id": 1, "text": "Ja."}, {"text": "Ja.", "label": []}])
@pytest.mark.parametrize("labelled_first", [True, False])
def test_short_tasks_without_a_label_have_no_entities(unlabelled: dict[str, Any], labelled_first: bool) -> None:
    # In Label Studio's short form, a task that nobody labelled has no key for it; most of a file may be such.
    labelled = RECORDS["Label Studio, short"]
    rows, expected = [labelled, *[unlabelled] * 60], [*EXPECTED, *["Ja ."] * 60]
    corpus = read(lines(*(rows if labelled_first else rows[::-1])))
    assert shown(corpus) == (expected if labelled_first else expected[::-1])


def test_spans_that_are_no_characters_count_words() -> None:
    corpus = read(lines(RECORDS["spans that count words beside a text"]))
    assert shown(corpus) == ["Ida/B-PER Koch/I-PER ruft Bonn/B-LOC ./B-X"]


def test_dygie_counts_on_over_the_sentences_of_a_document() -> None:
    row = {"sentences": [["Ida", "Koch"], ["In", "Bonn"]], "ner": [[[0, 1, "PER"]], [[3, 3, "LOC"]]]}
    assert shown(read(lines(row))) == ["Ida/B-PER Koch/I-PER", "In Bonn/B-LOC"]


def test_spacys_converted_corpora_have_sentences_of_tokens() -> None:
    def tokens(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"tokens": [{"orth": word, "ner": tag} for word, tag in pairs]}

    sentences = [tokens(("Ida", "B-PER"), ("Koch", "L-PER"), ("ruft", "O")), tokens(("Bonn", "U-LOC"))]
    document = {"id": 0, "paragraphs": [{"raw": "", "sentences": sentences}]}
    assert shown(read(json.dumps([document]))) == ["Ida/B-PER Koch/I-PER ruft", "Bonn/B-LOC"]


def test_an_object_may_hold_the_list_of_records() -> None:
    text = json.dumps({"classes": ["PER"], "annotations": [[TEXT, {"entities": [[0, 8, "PER"]]}], None]})
    assert shown(read(text)) == ["Ida/B-PER Koch/I-PER ruft Bonn ."]


def test_types_alone_are_read_in_records_too() -> None:
    row = {"tokens": ["Ida", "Koch", "ruft"], "ner_tags": ["person-actor", "person-actor", "O"]}
    assert shown(read(lines(row))) == ["Ida/B-person-actor Koch/I-person-actor ruft"]


def test_each_line_of_a_text_is_a_sentence_but_none_ends_inside_an_entity() -> None:
    # Ida 0-3, line end, Koch 4-8, line end, Ruft 9-13
    row = {"text": "Ida\nKoch\nRuft", "label": [[0, 8, "PER"]]}
    assert shown(read(lines(row))) == ["Ida/B-PER Koch/I-PER", "Ruft"]


def test_offsets_count_the_text_as_it_is_written() -> None:
    # u and a combining diaeresis are two characters: Bonn stands at 7-11 as written, at 6-10 in NFC.
    text = unicodedata.normalize("NFD", "Müller") + " Bonn"
    corpus = read(lines({"text": text, "label": [[8, 12, "LOC"]]}))
    assert text[8:12] == "Bonn"
    assert shown(corpus) == ["Müller Bonn/B-LOC"]


def test_a_text_without_entities_is_text_in_json() -> None:
    assert read(lines({"text": TEXT}), with_tags=False).words == [WORDS]
    with pytest.raises(InputError, match="its keys are 'text'; expected entities under label, entities or spans"):
        read(lines({"text": TEXT}))


def test_an_entity_inside_words_is_widened_and_counted_or_an_error() -> None:
    # och ru: 5 to 11
    text = lines({"text": TEXT, "label": [[5, 11, "X"], [14, 18, "LOC"]]})
    corpus = read(text)
    assert shown(corpus) == ["Ida Koch/B-X ruft/I-X Bonn/B-LOC ."]
    assert corpus.parts[0].remarks == (
        "1 entities begin or end inside a word, and were widened to whole words, first 'och ru' at line 1",
    )
    with pytest.raises(
        InputError, match=r"'och ru' at line 1, begins or ends inside a word; .*set misaligned: outward"
    ):
        read(text, misaligned="error")


def test_of_entities_that_overlap_the_longest_counts_or_it_is_an_error() -> None:
    text = lines({"text": TEXT, "label": [[4, 8, "A"], [0, 8, "B"], [0, 8, "B"], [14, 18, "LOC"]]})
    corpus = read(text)
    assert shown(corpus) == ["Ida/B-B Koch/I-B ruft Bonn/B-LOC ."]
    assert corpus.parts[0].remarks == (
        "1 entities inside, or over the edge of, a longer one were left out, first 'Koch' at line 1",
    )
    with pytest.raises(InputError, match=r"the entity 'A', 'Koch' at line 1, overlaps another; .* set overlaps: outer"):
        read(text, overlaps="error")


def test_spaces_in_types_become_underscores() -> None:
    corpus = read(lines({"text": TEXT, "label": [[0, 8, "a person"]]}))
    assert shown(corpus) == ["Ida/B-a_person Koch/I-a_person ruft Bonn ."]
    assert corpus.parts[0].remarks == ("spaces in types became underscores: a person",)


def test_refused_examples_of_prodigy_are_left_out_and_counted() -> None:
    corpus = read(lines(RECORDS["Prodigy"], {**RECORDS["Prodigy"], "answer": "reject"}))
    assert shown(corpus) == EXPECTED
    assert corpus.parts[0].remarks == ("1 records whose answer is reject or ignore were left out",)


def test_an_answer_of_another_sort_makes_no_example_of_prodigy() -> None:
    question = {"text": TEXT, "entities": SPANS, "answer": "Bonn"}
    assert shown(read(lines(question))) == EXPECTED
    # Prodigy's entities stand under spans; what an accepted text has elsewhere is not lost.
    assert shown(read(lines({"text": TEXT, "label": [[0, 8, "PER"], [14, 18, "LOC"]], "answer": "accept"}))) == EXPECTED


def test_refused_records_of_words_are_left_out_also_where_keys_are_named() -> None:
    rows = [{"w": ["Ida"], "t": ["B-PER"], "answer": answer} for answer in ("accept", "reject")]
    corpus = read(lines(*rows), tokens_key="w", tags_key="t")
    assert shown(corpus) == ["Ida/B-PER"]
    assert corpus.parts[0].remarks == ("1 records whose answer is reject or ignore were left out",)


def test_cancelled_tasks_are_left_out_and_those_without_annotation_are_told() -> None:
    task, cancelled = RECORDS["Label Studio"], {"result": RESULTS, "was_cancelled": True}
    rows = [task, {**task, "annotations": [cancelled, cancelled]}, {**task, "annotations": []}]
    rows.append({"data": {"text": TEXT}, "predictions": [{"result": RESULTS}]})
    rows.append({**task, "annotations": [{"result": []}]})
    corpus = read(lines(*rows))
    assert shown(corpus) == [*EXPECTED, *["Ida Koch ruft Bonn ."] * 3]
    assert corpus.parts[0].remarks == (
        "1 tasks whose annotations are all cancelled were left out",
        "2 tasks have no annotation, and count as sentences without entities",
    )
    words = read(lines(*rows), with_tags=False)
    assert words.words == corpus.words
    assert words.parts[0].remarks == corpus.parts[0].remarks[:1]


TWO_KEYS = [
    {"text": "Ida ruft", "entities": [[0, 3, "PER"]]},
    {"text": "Uwe ruht", "entities": [[0, 3, "PER"]], "label": []},
    {"text": "Bonn ruht", "entities": None, "label": [[0, 4, "LOC"]]},
]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("with_tags", [True, False])
def test_entities_under_several_keys_are_an_error(reverse: bool, with_tags: bool) -> None:
    rows = TWO_KEYS[::-1] if reverse else TWO_KEYS
    counts = "1 under 'label', 2 under 'entities'" if reverse else "2 under 'entities', 1 under 'label'"
    with pytest.raises(InputError, match=rf"several keys \(records with some: {counts}\); expected one key; .*del\(\."):
        read(lines(*rows), with_tags=with_tags)
    with pytest.raises(InputError, match="several keys"):
        read(
            lines({"text": TEXT, "spans": SPANS, "answer": "accept"}, *[{**each, "answer": "accept"} for each in rows])
        )


@pytest.mark.parametrize("beside", [[], {}, None, ["news"], [1, 0]])
def test_a_key_without_entities_does_not_stand_for_one_that_has_some(beside: object) -> None:
    rows = [{**TWO_KEYS[0], "label": beside}, {"text": "Es regnet", "label": beside, "entities": []}]
    for given in (rows, rows[::-1]):
        assert sorted(shown(read(lines(*given)))) == ["Es regnet", "Ida/B-PER ruft"]


def test_ends_of_spans_of_words_are_told_by_the_spans_or_asked_for() -> None:
    words = ["Ida", "Koch", "ruft", "Bonn", "an"]
    # [3, 5) ends behind the last word.
    assert shown(read(lines({"words": words, "entities": [[0, 1, "A"], [3, 5, "B"]]}))) == [
        "Ida/B-A Koch ruft Bonn/B-B an/I-B"
    ]
    # [3, 3] would be empty if ends were exclusive.
    assert shown(read(lines({"words": words, "entities": [[0, 1, "A"], [3, 3, "B"]]}))) == [
        "Ida/B-A Koch/I-A ruft Bonn/B-B an"
    ]
    unclear = lines({"words": words, "entities": [[0, 1, "A"]]})
    with pytest.raises(
        InputError, match=r"cannot be told .*; set span_ends: exclusive if \[0, 1\] is the first word alone"
    ):
        read(unclear)
    assert shown(read(unclear, span_ends="inclusive")) == ["Ida/B-A Koch/I-A ruft Bonn an"]
    assert shown(read(unclear, span_ends="exclusive")) == ["Ida/B-A Koch ruft Bonn an"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": TEXT, "label": [[0, 99, "A"]]}, "'A' from character 0 to 99 does not lie in the text, which has 19"),
        ({"text": TEXT, "label": [[5, 5, "A"]]}, "from character 5 to 5 does not lie in the text"),
        ({"text": TEXT, "label": [[8, 9, "A"], [0, 3, "B"]]}, "from character 8 to 9 holds no word"),
        (
            {"text": TEXT, "label": [[0, 3]]},
            "entity 0 of label is a list; expected start, end and label, in characters",
        ),
        ({"text": TEXT, "label": [[0, 3, 7]]}, "entity 0 of label: its label is 7; expected a name such as PER"),
        (
            {"text": TEXT, "label": [[0, 7, "A"], [9, 13, "B"]]},
            "1 entities end at a word's end if ends are exclusive, 1 ",
        ),
        (
            {"text": TEXT, "tokens": ["Ida", "ruft"], "label": [[0, 3, "A"]]},
            "the word 'ruft' does not follow in the text",
        ),
        (
            {
                "data": {"text": TEXT},
                "annotations": [{"result": [{**RESULTS[0], "value": {**RESULTS[0]["value"], "start": 1}}]}],
            },
            "is 'da Koch' in the text, and 'Ida Koch' beside the offsets",
        ),
        ({"sentence": WORDS, "ner": [{"index": [0, 2], "type": "A"}]}, "expected words that follow each other"),
    ],
)
def test_what_does_not_fit_its_text_is_an_error(row: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(lines(row))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"tokens": ["Ida"],\n "tags": ["B-X"}]', "line 2: no JSON .* at character 16 of the line"),
        ('{"a": [1],\n "b": {}}', "the JSON is an object with 'a', 'b', in which no list of records is"),
        (f"[{json.dumps({'text': TEXT, 'label': []})},\n 7]", "row 1: no record as the first ones are|row 1: a int"),
    ],
)
def test_broken_json_is_told_by_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text)


def test_offsets_that_mostly_miss_the_words_are_an_error() -> None:
    # Counted in bytes of UTF-8, where the face is four: Ida is 5 to 8 there, 2 to 5 in characters.
    text = lines({"text": "\U0001f600 Ida ruft", "label": [[5, 8, "PER"]]})
    with pytest.raises(InputError, match=r"1 of 1 entities begin or end inside a word, first ' ru' .* count bytes"):
        read(text)
    # " ru" is widened to its word.
    assert shown(read(text, misaligned="outward")) == ["\U0001f600 Ida ruft/B-PER"]


def test_what_is_written_for_argilla_is_what_its_record_takes() -> None:
    # argilla.Record.from_dict gives `Suggestion(question_name=..., **value)`, whose value is all it needs; a response
    # would need the id of a user.
    row = argilla.write_record(["Ida", "ruft"], "Ida ruft", [Mark(0, 3, "PER")])
    assert row["suggestions"] == {"entities": {"value": [{"start": 0, "end": 3, "label": "PER"}]}}
    assert row["responses"] == {} and row["fields"] == {"text": "Ida ruft"}


def test_who_answers_argilla_with_no_entity_says_that_there_is_none() -> None:
    suggested = {
        "fields": {"text": "Ida ruft"},
        "suggestions": {"q": {"value": [{"start": 0, "end": 3, "label": "PER"}]}},
    }
    answered = {"q": [{"value": [], "user_id": "u"}]}
    asked = lines({**suggested, "responses": {}}, {**suggested, "responses": answered})
    assert shown(read(asked)) == ["Ida/B-PER ruft", "Ida ruft"]
    # Another question, of other sorts of answers, says nothing of this one; of several answers one has an entity.
    other = {"topic": [{"value": []}], "rating": [{"value": 3}]}
    several = {"q": [{"value": []}, {"value": [{"start": 4, "end": 8, "label": "X"}]}]}
    asked = lines({**suggested, "responses": other}, {**suggested, "responses": several})
    assert shown(read(asked)) == ["Ida/B-PER ruft", "Ida ruft/B-X"]


def test_tasks_written_for_label_studio_are_numbered_as_its_converter_wants_them() -> None:
    corpus = make_corpus([["Ida", "ruft"], ["Ja"]], [["B-PER", "O"], ["O"]], "de")
    tasks = json.loads(written(corpus, "label-studio")[""])
    assert [task["id"] for task in tasks] == [1, 2]


# Characters: two emoji, 0 and 1, Ida Koch from 3 to 11, Bonn from 20 to 24; in UTF-16 each emoji is two units.
EMOJI = "😀😀 Ida Koch ruft in Bonn an."
IN_CHARACTERS, IN_UNITS = [[3, 11, "PER"], [20, 24, "LOC"]], [[5, 13, "PER"], [22, 26, "LOC"]]
TAGGED_EMOJI = ["😀 😀 Ida/B-PER Koch/I-PER ruft in Bonn/B-LOC an ."]


@pytest.mark.parametrize(
    ("label", "unit"), [(IN_CHARACTERS, "characters"), (IN_UNITS, "UTF-16 units")], ids=["characters", "units"]
)
def test_what_offsets_count_is_told_from_where_entities_begin_and_end(label: list[Any], unit: str) -> None:
    # A text in which it makes no difference decides nothing, and is read all the same.
    corpus = read(lines({"text": EMOJI, "label": label}, {"text": "Uwe ruht.", "label": [[0, 3, "PER"]]}))
    assert shown(corpus) == [*TAGGED_EMOJI, "Uwe/B-PER ruht ."]
    assert f"offsets in {unit}, the end exclusive" in corpus.parts[0].layout


def test_what_offsets_count_is_told_by_texts_that_spans_repeat() -> None:
    # As words, both would do: "Ida" from 2 to 5 in units is "da " in characters 2 to 5 without its text.
    def task(start: int, end: int) -> dict[str, Any]:
        value = {"start": start, "end": end, "text": "Ida", "labels": ["PER"]}
        return {"data": {"text": "😀Ida, Ida"}, "annotations": [{"result": [{"value": value}]}]}

    assert shown(read(lines(task(2, 5)))) == ["😀 Ida/B-PER , Ida"]
    assert shown(read(lines(task(1, 4)))) == ["😀 Ida/B-PER , Ida"]


def test_what_offsets_count_can_be_said_and_is_not_changed_where_it_fits_nothing() -> None:
    assert shown(read(lines({"text": EMOJI, "label": IN_UNITS}), offsets="utf-16")) == TAGGED_EMOJI
    with pytest.raises(InputError, match=r"2 of 2 entities begin or end inside a word.* set offsets: utf-16"):
        read(lines({"text": EMOJI, "label": IN_UNITS}), offsets="characters")
    with pytest.raises(InputError, match="2 of 2 entities begin or end inside a word"):
        read(lines({"text": EMOJI, "label": [[4, 12, "PER"], [21, 25, "LOC"]]}))


@pytest.mark.parametrize("unit", ["characters", "UTF-16 units"])
def test_what_offsets_count_is_told_of_inclusive_ends_too(unit: str) -> None:
    label = [[start, end - 1, kind] for start, end, kind in (IN_CHARACTERS if unit == "characters" else IN_UNITS)]
    corpus = read(lines({"text": EMOJI, "label": label}))
    assert shown(corpus) == TAGGED_EMOJI and f"offsets in {unit}, the end inclusive" in corpus.parts[0].layout


# In units, 阿花 is 2 to 4 in the first text, 2 to 4 in the second; in characters 1 to 3 in the first.
CHINESE_IN_UNITS = [
    {"text": "😀阿花在北京见阿明", "label": [[2, 4, "PER"], [5, 7, "LOC"], [8, 10, "PER"]]},
    {"text": "我爱北京", "label": [[2, 4, "LOC"]]},
]
CHINESE_TAGGED = ["😀 阿/B-PER 花/I-PER 在 北/B-LOC 京/I-LOC 见 阿/B-PER 明/I-PER", "我 爱 北/B-LOC 京/I-LOC"]


def test_where_each_character_is_a_word_it_is_asked_what_offsets_count() -> None:
    rows, asked = lines(*CHINESE_IN_UNITS), {"segmenter": "characters", "language": "zh"}
    said = (
        "corpus x, line 1: the entity 'PER' from 2 to 4 is '花在' if offsets count characters, and '阿花' if they "
        "count UTF-16 units; of 3 entities behind .* 2 begin and end with a word in the first case, 3 in the second; "
        ".*; set offsets to characters or utf-16"
    )
    with pytest.raises(InputError, match=said):
        read(rows, **asked)
    assert shown(read(rows, offsets="utf-16", **asked)) == CHINESE_TAGGED
    # The same in characters is asked about, too; where both are the same, nothing is.
    in_characters = {"text": "😀阿花在北京见阿明", "label": [[1, 3, "PER"], [4, 6, "LOC"], [7, 9, "PER"]]}
    with pytest.raises(InputError, match="is '阿花' if offsets count characters, and '阿' if they count"):
        read(lines(in_characters), **asked)
    behind = {"text": "我爱北京😀", "label": [[2, 4, "LOC"]]}
    assert shown(read(lines(behind), **asked)) == ["我 爱 北/B-LOC 京/I-LOC 😀"]


@pytest.mark.parametrize(("unit", "more"), [("characters", 0), ("UTF-16 units", 1)])
def test_what_offsets_count_is_told_by_the_words_that_a_segmenter_finds(unit: str, more: int) -> None:
    pytest.importorskip("rjieba")
    label = [[start + more, end + more, kind] for start, end, kind in ((1, 3, "PER"), (4, 8, "ORG"))]
    corpus = read(lines({"text": "😀张伟在北京大学学习。", "label": label}), language="zh")
    assert shown(corpus) == ["😀 张伟/B-PER 在 北京大学/B-ORG 学习 。"]
    assert f"offsets in {unit}, the end exclusive" in corpus.parts[0].layout


@pytest.mark.parametrize(
    ("label", "said"),
    [("B-PER", "'B-PER' is a tag, not an entity type; write 'PER'"), ("I-PER", "'I-PER'"), ("O", "'O' is no entity")],
)
def test_spans_are_labelled_with_types_not_with_tags(label: str, said: str) -> None:
    advice = "; expected one span with a type .* none for O; join .*aggregation_strategy='first'"
    # As transformers' pipelines write words under `entity`; Ida is 0 to 3, ruft 4 to 8.
    texts = lines({"text": "Ida ruft", "entities": [{"entity": "PER", "start": 0, "end": 3}]})
    texts += "\n" + lines({"text": "Ida ruft", "entities": [{"entity": label, "start": 0, "end": 3}]})
    words = lines({"tokens": ["Ida", "ruft"], "spans": [[0, 1, label], [1, 2, "X"]]})
    gliner = lines({"tokenized_text": ["Ida", "ruft"], "ner": [[0, 0, label]]})
    for given, place in ((texts, "line 2"), (words, "line 1: span 0 of spans"), (gliner, "line 1: span 0 of spans")):
        with pytest.raises(InputError, match=f"{place}: {said}.*{advice}"):
            read(given)
