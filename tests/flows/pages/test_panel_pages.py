"""What a panel's teachers said: their sentences, filters, and a word's page, as they follow from `Panelled`."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from shelved import TEACHERS, Panelled

from artifacts.errors import InputError
from artifacts.store import Store
from flows.pages.app import create_app
from flows.pages.word_tables import Difference, Question, WordTables

OWN = "http://127.0.0.1:4280"


@pytest.fixture
def panelled(store: Store) -> Panelled:
    return Panelled(store)


@pytest.fixture
def pages(panelled: Panelled) -> TestClient:
    return TestClient(create_app(panelled.store), base_url=OWN)


def titles(text: str) -> dict[str, list[str]]:
    """What stands at each word, line by line."""
    found = re.findall(r'<span class="word[^"]*" title="([^"]*)">([^<]*)', text)
    return {unescape(word): unescape(title).split("\n") for title, word in found}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (Question(dissent="any"), ["محمد", "القاهرة", "Ulm"]),
        (Question(dissent="most"), ["Ulm"]),
        (Question(dissent="0"), []),
        (Question(dissent="1"), ["محمد", "Ulm"]),
        (Question(dissent="2"), ["القاهرة", "Ulm"]),
        (Question(dissent="2", type="LOC", highest={"probability": 0.5}), ["Ulm"]),
        (Question(dissent="1", type="PER"), ["محمد"]),
    ],
)
def test_words_are_chosen_by_who_says_otherwise(panelled: Panelled, question: Question, words: list[str]) -> None:
    answer = WordTables(panelled.store).ask(panelled.panel, question)
    assert [word.word for sentence in answer.sentences for word in sentence.words if word.hit] == words


def test_words_of_which_teachers_say_otherwise_are_counted(panelled: Panelled) -> None:
    tables = WordTables(panelled.store)
    assert tables.dissents(panelled.panel) == [("any", 3), ("most", 1), ("0", 0), ("1", 2), ("2", 2)]
    assert tables.dissents(panelled.source) == []


def test_teachers_that_are_not_there_are_refused(panelled: Panelled, pages: TestClient) -> None:
    tables = WordTables(panelled.store)
    with pytest.raises(InputError, match="teacher 3 of 3"):
        tables.ask(panelled.panel, Question(dissent="3"))
    with pytest.raises(InputError, match="its words have no said"):
        tables.ask(panelled.source, Question(dissent="any"))
    assert pages.get(f"/sentences/{panelled.panel}?dissent=1 or true").status_code == 422


def test_each_word_says_who_said_what_with_which_probability(pages: TestClient, panelled: Panelled) -> None:
    text = pages.get(f"/sentences/{panelled.panel}").text
    assert titles(text)["محمد"] == [
        "B-PER, probability 0.60",
        "source: B-PER 0.90",
        "<b>spans</b>: O 0.60",
        "labeller م: ?",
    ]
    assert titles(text)["Ulm"][3] == "labeller م: B-PER 1.00"
    assert text.count(" split") == 3 and "<sup>B-PER 2</sup>" in text and "<sup>O</sup>" in text
    assert "<b>spans</b>" not in text and "&lt;b&gt;spans&lt;/b&gt; says otherwise (2)" in text
    assert "one of them says otherwise (3)" in text and "fewer than half say it (1)" in text


def test_the_filter_stands_in_the_address_and_the_form(pages: TestClient, panelled: Panelled) -> None:
    text = pages.get(f"/sentences/{panelled.panel}", params={"dissent": "1", "type": "LOC"}).text
    assert "1 sentences, 1 such words" in text and '<option value="1" selected>' in text
    assert titles(text)["Ulm"][1] == "source: B-LOC 0.90", "the last row, by itself"


def test_a_words_page_has_a_row_for_each_teacher_with_what_it_gives_the_joint_label(
    pages: TestClient, panelled: Panelled
) -> None:
    text = pages.get(f"/word/{panelled.panel}/7/0").text
    table = text[text.index('<table class="panel">') :].partition("</table>")[0]
    rows = [re.sub(r"\s+", " ", unescape(re.sub("<[^>]*>", " ", row))).strip() for row in table.split("<tr>")[2:]]
    # The rest of a teacher's probability is shared by four labels: .4 / 4 = .1.
    # What is read of each has the mean .625; the joint label was made .5 of it by the same word elsewhere.
    assert rows == [
        "source B-LOC 0.900 0.900 0.625",
        "<b>spans</b> B-PER 0.600 0.100 0.625",
        "labeller م B-PER 1.000 0.000 0.625",
        "mean; 0.500 with the same word elsewhere (same_word) 0.625",
    ]
    text = pages.get(f"/word/{panelled.panel}/5/1").text
    assert "nothing said" in text and "<b>spans" not in text and "A panel weighs teachers" in text


def test_a_teacher_whose_labels_are_gone_has_no_probabilities_and_the_pages_say_so(panelled: Panelled) -> None:
    panelled.store.remove(panelled.spans.kind, panelled.spans.key)
    pages = TestClient(create_app(panelled.store), base_url=OWN)
    text = pages.get(f"/sentences/{panelled.panel}").text
    assert titles(text)["Ulm"][1:] == ["source: B-LOC 0.90", "<b>spans</b>: B-PER", "labeller م: B-PER 1.00"]
    assert "&lt;b&gt;spans&lt;/b&gt;: the table of this teacher's soft labels is gone or damaged" in text
    assert "its soft labels are not in this store" in pages.get(f"/word/{panelled.panel}/7/0").text


@pytest.mark.parametrize(
    ("here", "there", "differs", "words"),
    [
        # The labeller gives محمد and Nichts no label: they are no entities, and no other ones.
        ("labeller", "source", "any", ["محمد", "القاهرة", "Nichts", "Ulm"]),
        ("labeller", "source", "added", []),
        ("labeller", "source", "type", ["القاهرة", "Ulm"]),
        ("source", "labeller", "missed", []),
        ("source", "labeller", "type", ["القاهرة", "Ulm"]),
        ("spans", "source", "missed", ["محمد"]),
        ("source", "spans", "added", ["محمد"]),
    ],
)
def test_a_word_without_a_label_is_no_entity_where_labels_differ(
    panelled: Panelled, here: str, there: str, differs: Difference, words: list[str]
) -> None:
    one, other = getattr(panelled, here), getattr(panelled, there)
    answer = WordTables(panelled.store).ask(one, Question(differs=differs), other)
    assert [word.word for sentence in answer.sentences for word in sentence.words if word.hit] == words


def test_joint_labels_compare_with_each_teachers(pages: TestClient, panelled: Panelled) -> None:
    text = pages.get(f"/sentences/{panelled.panel}", params={"other": str(panelled.spans), "differs": "type"}).text
    assert "2 words are labelled otherwise" in text and "1 sentences, 1 such words" in text
    assert len(TEACHERS) == 3
