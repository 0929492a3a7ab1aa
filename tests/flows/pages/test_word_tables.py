"""Questions about the words of a table, whose answers follow from `Shelved`."""

import pytest
from shelved import WORDS, Shelved, certain, put

from artifacts.catalog import SOFT_LABELS
from artifacts.errors import InputError
from artifacts.store import Store
from flows.pages.word_tables import Answer, Question, WordTables, connect


def found(answer: Answer) -> list[int]:
    return [sentence.sentence_id for sentence in answer.sentences]


def marked(answer: Answer) -> list[str]:
    return [word.word for sentence in answer.sentences for word in sentence.words if word.hit]


@pytest.fixture
def tables(shelved: Shelved) -> WordTables:
    return WordTables(shelved.store)


def test_without_a_question_all_sentences_come_in_order_and_nothing_is_marked(
    tables: WordTables, shelved: Shelved
) -> None:
    answer = tables.ask(shelved.weights, Question())
    assert (found(answer), answer.found, answer.words, marked(answer)) == ([0, 1, 2], 3, 8, [])
    ada = answer.sentences[0].words[0]
    assert (ada.word, ada.label, ada.type) == ("Ada", "B-PER", "PER")
    assert (ada.probability, ada.agreement, ada.weight) == pytest.approx((0.9, 1.0, 0.9))


@pytest.mark.parametrize(
    ("question", "sentences", "words"),
    [
        (Question(type="LOC"), [0, 2], ["Ulm", "New", "York"]),
        (Question(label="I-LOC"), [2], ["York"]),
        (Question(highest={"weight": 0.2}), [0, 2], ["Ulm", "<script>alert(1)</script>"]),
        (Question(type="LOC", highest={"weight": 0.3}), [0, 2], ["Ulm", "York"]),
        (Question(lowest={"agreement": 0.9}), [0, 2], ["Ada", "New"]),
        (Question(lowest={"weight": 0.55}, highest={"weight": 0.65}), [1], ["Nichts"]),
        (Question(lowest={"probability": 0.95}), [], []),
    ],
)
def test_words_are_chosen_by_type_label_and_numbers(
    tables: WordTables, shelved: Shelved, question: Question, sentences: list[int], words: list[str]
) -> None:
    answer = tables.ask(shelved.weights, question)
    assert (found(answer), marked(answer)) == (sentences, words)
    assert (answer.found, answer.words) == (len(sentences), len(words))


@pytest.mark.parametrize(
    ("question", "sentences"),
    [
        (Question(text="ulm"), [0]),
        (Question(text="new york"), [2]),
        (Question(text="new in"), []),
        (Question(text="a"), [0, 2]),
        (Question(text="%"), []),
        (Question(text="' OR true --"), []),
        (Question(shortest=2), [0, 2]),
        (Question(longest=1), [1]),
        (Question(shortest=2, longest=3), [0]),
        (Question(shortest=4, text="ulm"), []),
    ],
)
def test_sentences_are_chosen_by_text_and_length(
    tables: WordTables, shelved: Shelved, question: Question, sentences: list[int]
) -> None:
    assert found(tables.ask(shelved.weights, question)) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("北京", [0, 1]),
        ("北京大学", [1]),
        ("近平 在北", [0]),
        ("京在", []),
        ('ארה"ב', [2]),
        ("אר ב", []),
        ("iPhone15", [3]),
        ("COVID-19", [3]),
        ("15 covid", [3]),
        ("15 covi", [3]),
        ("phone covid", []),
    ],
)
def test_a_text_is_found_in_words_that_it_was_parted_into(store: Store, text: str, sentences: list[int]) -> None:
    words = [
        ["习", "近", "平", "在", "北", "京"],
        ["北京", "大学"],
        ["נשיא", "ארה", '"', "ב"],
        ["iPhone", "15", "covid", "-", "19"],
    ]
    tags = [["O"] * len(each) for each in words]
    columns = {"sentence_id": [0, 1, 2, 3], "words": words, "probabilities": certain(tags)}
    labels = put(store, SOFT_LABELS, "e5", columns)
    assert found(WordTables(store).ask(labels, Question(text=text))) == sentences


def test_the_least_trusted_sentence_comes_first_by_the_words_that_were_asked_for(
    tables: WordTables, shelved: Shelved
) -> None:
    assert found(tables.ask(shelved.weights, Question(sort="weight"))) == [0, 2, 1]
    answer = tables.ask(shelved.weights, Question(type="PER", sort="weight"))
    assert found(answer) == [2, 0] and answer.sentences[0].least == pytest.approx(0.2)


def test_a_page_holds_some_of_all_that_was_found(tables: WordTables, shelved: Shelved) -> None:
    answer = tables.ask(shelved.weights, Question(), first=1, rows=1)
    assert (found(answer), answer.found) == ([1], 3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("any", ["sah", "Ulm", "<script>alert(1)</script>", "York"]),
        ("missed", ["sah"]),
        ("added", ["Ulm"]),
        ("type", ["<script>alert(1)</script>"]),
        ("boundary", ["York"]),
    ],
)
def test_two_tables_differ_by_kind(tables: WordTables, shelved: Shelved, kind: str, words: list[str]) -> None:
    answer = tables.ask(shelved.first, Question(differs=kind), shelved.second)  # type: ignore[arg-type]
    assert marked(answer) == words
    assert {word.other for sentence in answer.sentences for word in sentence.words if word.word == "Ada"} <= {"B-PER"}


def test_pairs_of_labels_are_counted(tables: WordTables, shelved: Shelved) -> None:
    pairs = [("B-LOC", "O", 1), ("B-PER", "B-LOC", 1), ("I-LOC", "B-LOC", 1), ("O", "B-PER", 1)]
    assert tables.differences(shelved.first, shelved.second) == pairs
    assert tables.differences(shelved.first, shelved.gold) == []


def test_types_are_counted(tables: WordTables, shelved: Shelved) -> None:
    assert tables.values(shelved.first, "type") == [("LOC", 3), ("O", 3), ("PER", 2)]


def test_labels_of_other_sentences_do_not_compare(tables: WordTables, shelved: Shelved) -> None:
    columns = {"sentence_id": [0], "words": [["Ada", "sah", "Bonn"]], "probabilities": certain([["O", "O", "O"]])}
    strange = put(shelved.store, SOFT_LABELS, "ee", columns)
    with pytest.raises(InputError, match="1 of 3 words of sentences that are in both differ"):
        tables.ask(shelved.first, Question(), strange)
    longer = {"sentence_id": [1], "words": [["Nichts", "da"]], "probabilities": certain([["O", "O"]])}
    with pytest.raises(InputError, match="1 of 2 words of sentences that are in both differ"):
        tables.ask(put(shelved.store, SOFT_LABELS, "e1", longer), Question(), shelved.first)
    elsewhere = put(shelved.store, SOFT_LABELS, "ef", {**columns, "sentence_id": [7]})
    with pytest.raises(InputError, match="no sentence is in both"):
        tables.ask(shelved.first, Question(), elsewhere)


def test_of_a_part_of_the_sentences_those_in_both_are_compared(tables: WordTables, shelved: Shelved) -> None:
    columns = {"sentence_id": [2, 9], "words": [WORDS[2], ["mehr"]]}
    tags = [["B-LOC", "O", "B-LOC", "O"], ["O"]]
    part = put(shelved.store, SOFT_LABELS, "ee", {**columns, "probabilities": certain(tags)})
    assert tables.alone(shelved.first, part) == (2, 1) and tables.alone(part, shelved.first) == (1, 2)
    assert tables.alone(shelved.first, shelved.second) == (0, 0)
    assert tables.differences(shelved.first, part) == [("B-PER", "B-LOC", 1), ("I-LOC", "O", 1)]
    assert tables.differences(part, shelved.first) == [("B-LOC", "B-PER", 1), ("O", "I-LOC", 1)]
    answer = tables.ask(shelved.first, Question(), part)
    others = [[word.other for word in sentence.words] for sentence in answer.sentences]
    assert others == [["", "", ""], [""], tags[0]]
    assert found(tables.ask(shelved.first, Question(differs="any"), part)) == [2]
    assert marked(tables.ask(shelved.first, Question(differs="added"), part)) == ["York"]
    assert found(tables.ask(shelved.first, Question(differs="missed"), part)) == []


def test_labels_in_another_order_are_joined_by_sentence_and_place(tables: WordTables, shelved: Shelved) -> None:
    columns = {"sentence_id": [2, 0, 1], "words": [WORDS[2], WORDS[0], WORDS[1]]}
    tags = [["O", "O", "B-LOC", "I-LOC"], ["B-PER", "O", "B-LOC"], ["O"]]
    turned = put(shelved.store, SOFT_LABELS, "ee", {**columns, "probabilities": certain(tags)})
    assert tables.differences(shelved.first, turned) == [("B-PER", "O", 1)]
    answer = tables.ask(shelved.first, Question(differs="any"), turned)
    assert (found(answer), marked(answer)) == ([2], ["<script>alert(1)</script>"])
    assert [word.other for word in answer.sentences[0].words] == tags[0]


def test_a_number_that_the_table_does_not_have_is_refused(tables: WordTables, shelved: Shelved) -> None:
    with pytest.raises(InputError, match="its words have no weight"):
        tables.ask(shelved.first, Question(sort="weight"))
    with pytest.raises(InputError, match="choose the labels to compare with"):
        tables.ask(shelved.first, Question(differs="any"))


def test_the_database_reads_no_file(tables: WordTables, shelved: Shelved) -> None:
    connection = connect(tables.table(shelved.first))
    with pytest.raises(Exception, match="disabled"):
        connection.execute("SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(Exception, match="locked"):
        connection.execute("SET enable_external_access = true")


def test_the_tables_of_few_words_stay_and_the_oldest_goes(
    tables: WordTables, shelved: Shelved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.pages.word_tables._KEPT_WORDS", 16)
    one = tables.table(shelved.first)
    assert tables.table(shelved.first) is one
    tables.table(shelved.second)
    assert tables.table(shelved.first) is one
    tables.table(shelved.weights)
    assert list(tables._kept) == [(shelved.first, None), (shelved.weights, None)]
