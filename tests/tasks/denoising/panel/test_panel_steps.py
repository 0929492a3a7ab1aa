"""The steps from what teachers say to a joint label: what is estimated, joined and written down, and refused."""

import numpy as np
import pytest

from artifacts.catalog import GOLD, OPINIONS, PARTIAL_SOFT_LABELS, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.denoising.panel import tell_opinions as telling
from tasks.denoising.panel.estimate_teachers import estimate_teachers
from tasks.denoising.panel.estimating import Joining
from tasks.denoising.panel.join_opinions import join_opinions
from tasks.denoising.panel.tell_opinions import tell_opinions
from tasks.evaluation.teachers import measure_teacher
from tasks.tagging import opinions as reading

LABELS = ["O", "B-PER", "I-PER"]
META = {"language": "de", "labels": LABELS}
MORE = 8  # Sentences of which all say the same.
WORDS = [["Anna", "Berg", "singt"], ["Ja"], *([["Anna", "Berg", "singt"]] * MORE)]
SAME = [["B-PER", "I-PER", "O"]] * MORE
A = [["B-PER", "I-PER", "O"], ["O"], *SAME]
B = [["B-PER", "O", "O"], ["O"], *SAME]
C = [["B-PER", "I-PER", "O"], ["B-PER"], *SAME]
NAMES = ("a", "b", "c")


def soft(tags, sure=0.8):
    rest = (1 - sure) / 2
    return [[[sure if name == tag else rest for name in LABELS] for tag in row] for row in tags]


@pytest.fixture
def put_soft(put_table):
    def put(tags, words=WORDS, meta=META, sure=0.8):
        columns = {"sentence_id": list(range(len(words))), "words": words, "probabilities": soft(tags, sure)}
        return put_table(SOFT_LABELS, columns, meta)

    return put


@pytest.fixture
def panel(put_soft):
    return put_soft(A), put_soft(B), put_soft(C, sure=0.6)


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_labels_are_joined_by_what_each_is_estimated_to_mean(store, panel, monkeypatch, at_a_time):
    monkeypatch.setattr(reading, "SENTENCES_AT_A_TIME", at_a_time)
    teachers = run_alone(store, estimate_teachers, panel, NAMES, Joining())
    table, about = store.table(teachers).to_pylist(), store.metadata(teachers)
    assert [(row["teacher"], row["label"], row["words"]) for row in table] == [
        ("a", "O", 10), ("a", "B-PER", 9), ("a", "I-PER", 9),
        ("b", "O", 11), ("b", "B-PER", 9), ("b", "I-PER", 8),
        ("c", "O", 9), ("c", "B-PER", 10), ("c", "I-PER", 9),
    ]  # fmt: skip
    assert about["teachers"] == list(NAMES) and about["words"] == 28 and about["labelled"] == dict.fromkeys(NAMES, 28)
    assert sum(about["prior"]) == pytest.approx(1)
    meant = {(row["teacher"], row["label"]): row["meant"] for row in table}
    for row in table:
        assert row["right"] == pytest.approx(row["meant"][LABELS.index(row["label"])])
        assert row["found"] == pytest.approx(row["said"][LABELS.index(row["label"])])
        assert sum(row["meant"]) == pytest.approx(1) and sum(row["said"]) == pytest.approx(1)
    # B, which missed Berg, is outvoted, and its O is believed less than A's; so is C's B-PER of Ja.
    assert meant["b", "O"][0] < meant["a", "O"][0] and meant["c", "B-PER"][1] < meant["a", "B-PER"][1]

    joint = run_alone(store, join_opinions, panel, NAMES, teachers, Joining())
    given = np.array(store.table(joint)["probabilities"].to_pylist()[1][0])
    rows = {name: np.array([meant[name, label] for label in LABELS]) for name in NAMES}
    by_hand = sum(
        np.array(soft([[tag]], sure)[0][0]) @ rows[name]
        for name, tag, sure in (("a", "O", 0.8), ("b", "O", 0.8), ("c", "B-PER", 0.6))
    )
    assert given == pytest.approx(by_hand / 3, abs=1e-6)
    assert store.metadata(joint) == {**META, "teachers": list(NAMES)}

    plain = run_alone(store, join_opinions, panel, NAMES, teachers, Joining(method="mean"))
    assert store.table(plain)["probabilities"].to_pylist()[1][0] == pytest.approx([1.8 / 3, 0.8 / 3, 0.4 / 3])
    posterior = run_alone(store, join_opinions, panel, NAMES, teachers, Joining(method="posterior"))
    likely = np.array(about["prior"])  # Of Ja: A and B say O, C says B-PER.
    for name, tag in (("a", "O"), ("b", "O"), ("c", "B-PER")):
        likely *= [row["said"][LABELS.index(tag)] for row in table if row["teacher"] == name]
    assert store.table(posterior)["probabilities"].to_pylist()[1][0] == pytest.approx(likely / likely.sum(), abs=1e-6)


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_who_said_what_is_written_down(store, panel, monkeypatch, at_a_time):
    monkeypatch.setattr(reading, "SENTENCES_AT_A_TIME", at_a_time)
    monkeypatch.setattr(telling, "SENTENCES_AT_A_TIME", at_a_time)
    teachers = run_alone(store, estimate_teachers, panel, NAMES, Joining())
    mean = Joining(method="mean")
    joint = run_alone(store, join_opinions, panel, NAMES, teachers, mean)
    told = run_alone(store, tell_opinions, panel, NAMES, teachers, mean, joint)
    first, second = store.table(told).to_pylist()[:2]
    assert first["words"] == WORDS[0] and first["said"] == [["B-PER"] * 3, ["I-PER", "O", "I-PER"], ["O"] * 3]
    assert first["tags"] == ["B-PER", "I-PER", "O"] and second["tags"] == ["O"]
    assert second["said"] == [["O", "O", "B-PER"]] and second["probability"] == pytest.approx([0.6])
    assert second["read"][0] == pytest.approx([0.8, 0.8, 0.2])  # The probability of O by each; their mean is .6.
    about = store.metadata(told)
    assert about["split"] == 2 and about["outvoted"] == 0 and about["teachers"] == list(NAMES)
    assert OPINIONS.form(second, LABELS) == "[1] Ja/O(0.60)<O O B-PER>"
    assert OPINIONS.form({**second, "said": [["O", None, "O"]], "probability": [0.95]}, LABELS) == "[1] Ja<O - O>"


def test_what_each_teacher_adds_to_the_joint_label_is_written_down(store, panel):
    teachers = run_alone(store, estimate_teachers, panel, NAMES, Joining())
    named = {(row["teacher"], row["label"]): row["meant"] for row in store.table(teachers).to_pylist()}
    joint = run_alone(store, join_opinions, panel, NAMES, teachers, Joining())
    told = store.table(run_alone(store, tell_opinions, panel, NAMES, teachers, Joining(), joint)).to_pylist()
    for row in told:
        for read, probability in zip(row["read"], row["probability"], strict=True):
            assert sum(read) / len(NAMES) == pytest.approx(probability, abs=1e-6)
    # Ja: A says O with .8 and the others with .1 each; what that means for O, by hand.
    by_hand = sum(p * named["a", label][0] for label, p in zip(LABELS, (0.8, 0.1, 0.1), strict=True))
    assert told[1]["tags"] == ["O"] and told[1]["read"][0][0] == pytest.approx(by_hand, abs=1e-6)
    posterior = Joining(method="posterior")
    joint = run_alone(store, join_opinions, panel, NAMES, teachers, posterior)
    made = run_alone(store, tell_opinions, panel, NAMES, teachers, posterior, joint)
    assert {each for row in store.table(made)["read"].to_pylist() for word in row for each in word} == {None}
    assert store.metadata(made)["joining"] == "posterior"


def test_estimates_stand_beside_the_truth(store, panel, put_table):
    teachers = run_alone(store, estimate_teachers, panel, NAMES, Joining())
    gold = put_table(GOLD, {"sentence_id": list(range(len(A))), "tags": A}, META)
    row = store.table(run_alone(store, measure_teacher, teachers, panel[2], "c", gold)).to_pylist()
    assert [each["type"] for each in row] == ["entities", "PER"]
    # C: 19 words of PER, of which Ja is none; both words of Anna Berg are found each time.
    assert (row[1]["words"], row[1]["gold_words"], row[1]["recall"]) == (19, 18, 1)
    assert row[1]["precision"] == pytest.approx(18 / 19)
    named = {(each["teacher"], each["label"]): each for each in store.table(teachers).to_pylist()}
    inside = sum(named["c", label]["words"] * sum(named["c", label]["meant"][1:]) for label in LABELS[1:])
    everywhere = sum(named["c", label]["words"] * sum(named["c", label]["meant"][1:]) for label in LABELS)
    assert row[1]["estimated_precision"] == pytest.approx(inside / 19, abs=1e-5)
    assert row[1]["estimated_recall"] == pytest.approx(inside / everywhere, abs=1e-5)
    (other, _) = store.table(run_alone(store, measure_teacher, teachers, panel[1], "b", gold)).to_pylist()
    assert (other["words"], other["recall"]) == (17, pytest.approx(17 / 18))
    # Without gold labels the estimates are there all the same.
    known = {"type", "teacher", "words", "estimated_precision", "estimated_recall"}
    alone = store.table(run_alone(store, measure_teacher, teachers, panel[2], "c", None)).to_pylist()
    for mine, with_gold in zip(alone, row, strict=True):
        assert {name: mine[name] for name in known} == {name: with_gold[name] for name in known}
        assert [mine[name] for name in ("precision", "recall", "gold_words")] == [None] * 3


@pytest.fixture
def put_partial(put_table):
    def put(tags):
        """Certain where there is a tag."""
        said = [[[float(name == tag) for name in LABELS] for tag in row] for row in tags]
        has = [[tag is not None for tag in row] for row in tags]
        columns = {"sentence_id": list(range(len(WORDS))), "words": WORDS, "probabilities": said, "labelled": has}
        return put_table(PARTIAL_SOFT_LABELS, columns, META)

    return put


def test_words_that_a_labeller_left_out_are_the_others(store, panel, put_partial):
    some = put_partial([["B-PER", "I-PER", None], ["B-PER"], *([[None] * 3] * MORE)])
    names, opinions = ("a", "b", "d"), (*panel[:2], some)
    teachers = run_alone(store, estimate_teachers, opinions, names, Joining())
    assert store.metadata(teachers)["labelled"] == {"a": 28, "b": 28, "d": 3}
    mean = Joining(method="mean")
    joint = run_alone(store, join_opinions, opinions, names, teachers, mean)
    first, second, third = store.table(joint)["probabilities"].to_pylist()[:3]
    assert first[0] == pytest.approx([0.2 / 3, 2.6 / 3, 0.2 / 3]) and first[2] == pytest.approx([0.8, 0.1, 0.1])
    assert second[0] == pytest.approx([1.6 / 3, 1.2 / 3, 0.2 / 3]) and third[0] == pytest.approx([0.1, 0.8, 0.1])
    made = run_alone(store, tell_opinions, opinions, names, teachers, mean, joint)
    told = store.table(made).to_pylist()
    assert told[0]["read"][2] == [pytest.approx(0.8), pytest.approx(0.8), None]
    assert told[0]["said"] == [["B-PER"] * 3, ["I-PER", "O", "I-PER"], ["O", "O", None]]
    # Anna Berg is named once, and in each of the sentences that the fixture adds; d spoke of the first and of Ja.
    about = store.metadata(made)
    assert about["words"] == [10, 18]
    assert about["spoke"] == {"a": [10, 18], "b": [10, 18], "d": [1, 2]}


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_split_and_outvoted_words_are_counted(store, put_soft, put_table, monkeypatch, at_a_time):
    """Anna and Berg: one of three says B-PER, and so surely that it is; Lee: one of two; So: all say O."""
    monkeypatch.setattr(reading, "SENTENCES_AT_A_TIME", at_a_time)
    monkeypatch.setattr(telling, "SENTENCES_AT_A_TIME", at_a_time)
    words = [["Anna"], ["Berg"], ["Lee"], ["So"]]
    sure = put_soft([["B-PER"], ["B-PER"], ["B-PER"], ["O"]], words, sure=0.9)
    unsure = put_soft([["O"]] * 4, words, sure=0.5)
    columns = {"sentence_id": list(range(4)), "words": words, "probabilities": soft([["O"]] * 4, 0.5)}
    columns["probabilities"][2] = [[0.0] * 3]
    some = put_table(PARTIAL_SOFT_LABELS, {**columns, "labelled": [[True], [True], [False], [True]]}, META)
    opinions, mean = (sure, unsure, some), Joining(method="mean")
    teachers = run_alone(store, estimate_teachers, opinions, NAMES, mean)
    joint = run_alone(store, join_opinions, opinions, NAMES, teachers, mean)
    told = run_alone(store, tell_opinions, opinions, NAMES, teachers, mean, joint)
    assert store.table(told)["tags"].to_pylist() == [["B-PER"], ["B-PER"], ["B-PER"], ["O"]]
    about = store.metadata(told)
    assert (about["split"], about["outvoted"]) == (3, 2)  # By half of those that speak is not outvoted.


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_a_word_of_which_nobody_says_anything_is_refused(store, put_partial, monkeypatch, at_a_time):
    monkeypatch.setattr(reading, "SENTENCES_AT_A_TIME", at_a_time)
    some = put_partial([["B-PER", None, None], [None], *([["O"] * 3] * MORE)])
    with pytest.raises(InputError, match="of 3 words no teacher says anything; add one that labels every word"):
        run_alone(store, estimate_teachers, (some,), ("d",), Joining())


def test_opinions_that_do_not_belong_together_are_refused(store, panel, put_soft):
    renamed = put_soft(A, meta={**META, "labels": ["O", "B-LOC", "I-LOC"]})
    with pytest.raises(InputError, match="a has O, B-PER, I-PER; d has O, B-LOC, I-LOC"):
        run_alone(store, estimate_teachers, (panel[0], renamed), ("a", "d"), Joining())
    short = put_soft(A[:1], words=WORDS[:1])
    with pytest.raises(InputError, match=r"different numbers of sentences \(a 10, d 1\)"):
        run_alone(store, estimate_teachers, (panel[0], short), ("a", "d"), Joining())
    longer = put_soft([["O"] * 4, *A[1:]], words=[["Anna", "Berg", "singt", "."], *WORDS[1:]])
    with pytest.raises(InputError, match="opinions of a and d, row 0: number of words 3 and 4"):
        run_alone(store, estimate_teachers, (panel[0], longer), ("a", "d"), Joining())
    with pytest.raises(InputError, match="found 3 tables and 2 names"):
        run_alone(store, estimate_teachers, panel, ("a", "b"), Joining())
    teachers = run_alone(store, estimate_teachers, panel, NAMES, Joining())
    with pytest.raises(InputError, match="the estimate is of a, b, c; expected c, b, a"):
        run_alone(store, join_opinions, panel[::-1], NAMES[::-1], teachers, Joining())
