import re
from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import LABELLED, LEXICON, PARALLEL
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pair, mark_pairs, marked_table, replace_ranges
from tasks.translation.pairs.prepared_pairs import Prepared, learn_translations, names_of, prepare_pairs

Put = Callable[..., Reference]
PAIRS = [
    (0, "Ada Lovelace lives in the city.", "Ada Lovelace wohnt in der Stadt."),
    (7, "Bob, 17, sees Rome.", "Bob, 17, sieht Rom."),
    (9, "it rains.", "es regnet."),
]
LEXICON_WORDS = {"city": frozenset({"stadt"}), "lives": frozenset({"wohnt"}), "Rome": frozenset({"rom"})}


def prepared(rows: list[tuple[int, str, str]] = PAIRS) -> list[Prepared]:
    split = re.compile(r"\w+|[^\w\s]").findall
    texts = [(source, target) for _, source, target in rows]
    return prepare_pairs(rows, learn_translations(texts, (split, split), LEXICON_WORDS, None))


def spans_of(text: str) -> dict[str, str]:
    return {match[1]: match[2] for match in re.finditer(r"__SLOT(\d+)__ (.+?) __SLOT\1__", text)}


def test_all_spans_marked_by_hand() -> None:
    # Without joining: [Ada Lovelace] (a name: always one span), [lives], [city]. A draw of 3 of 3 spans marks them all.
    config = PairMarking(join_share=0, name_swaps=0)
    for seed in range(20):
        source, target, number = mark_pair(prepared()[0], [], config, np.random.default_rng(seed))
        if number == 3:
            break
    assert source == "__SLOT0__ Ada Lovelace __SLOT0__ __SLOT1__ lives __SLOT1__ in the __SLOT2__ city __SLOT2__ ."
    assert target == "__SLOT0__ Ada Lovelace __SLOT0__ __SLOT1__ wohnt __SLOT1__ in der __SLOT2__ Stadt __SLOT2__ ."


def test_the_same_spans_are_marked_on_both_sides_numbered_by_the_source() -> None:
    table = marked_table(prepared(), [], PairMarking(repeats=20, name_swaps=0))
    translations = {"Ada Lovelace": "Ada Lovelace", "lives": "wohnt", "city": "Stadt", "Rome": "Rom"}
    translations |= {"Ada Lovelace lives": "Ada Lovelace wohnt", "Bob": "Bob", "17": "17"}
    for row in table.to_pylist():
        source, target = spans_of(row["source"]), spans_of(row["target"])
        assert list(source) == [str(i) for i in range(row["spans"])]
        assert {number: translations[text] for number, text in source.items()} == target


def test_each_pair_comes_plain_once_and_marked_so_many_times() -> None:
    table = marked_table(prepared(), [], PairMarking(repeats=3))
    assert table["pair_id"].to_pylist() == [0] * 4 + [7] * 4 + [9]  # "it rains." has nothing to mark.
    assert table.filter([count == 0 for count in table["spans"].to_pylist()])["source"].to_pylist() == [
        source for _, source, _ in PAIRS
    ]


def test_at_most_so_many_spans_are_marked() -> None:
    table = marked_table(prepared(), [], PairMarking(repeats=30, max_spans=2))
    assert set(table["spans"].to_pylist()) == {0, 1, 2}


def test_names_are_marked_more_often_by_their_weight() -> None:
    # Spans: a name of weight 3, two others of weight 1. With one span to draw, the name's chance is 3/5; of 1,000 draws
    # the share has a standard deviation of sqrt(.6 * .4 / 1000) = .015.
    config = PairMarking(join_share=0, max_spans=1, repeats=100, name_weight=3, name_swaps=0)
    table = marked_table(prepared([(i, *PAIRS[0][1:]) for i in range(10)]), [], config)
    named = [source for source in table["source"].to_pylist() if "__SLOT0__ Ada" in source]
    assert len(named) / 1000 == pytest.approx(0.6, abs=0.06)


def test_marking_depends_on_the_pair_and_the_seed_alone() -> None:
    one = marked_table(prepared(), ["Eve"], PairMarking(seed=1))
    assert one.equals(marked_table(prepared(), ["Eve"], PairMarking(seed=1)))
    assert not one.equals(marked_table(prepared(), ["Eve"], PairMarking(seed=2)))
    alone = marked_table(prepared()[1:2], ["Eve"], PairMarking(seed=1))
    assert alone.equals(one.filter([pair_id == 7 for pair_id in one["pair_id"].to_pylist()]))


def test_swapped_names_are_the_same_on_both_sides_and_nothing_else_changes() -> None:
    table = marked_table(prepared(PAIRS[:1]), ["Eve Nord"], PairMarking(repeats=30, name_swaps=1))
    for row in table.to_pylist():
        marked = "Eve Nord" in spans_of(row["source"]).values()
        assert marked == ("Eve Nord" in spans_of(row["target"]).values())
        plain = re.sub(r"__SLOT\d__ ?", "", row["source"]).replace(" .", ".").replace("Eve Nord", "Ada Lovelace")
        assert plain == PAIRS[0][1]


def test_names_are_not_swapped_if_not_asked_or_if_there_are_none() -> None:
    for names, share in (["Eve"], 0.0), ([], 1.0):
        table = marked_table(prepared(), names, PairMarking(repeats=10, name_swaps=share))
        assert not any("Eve" in source for source in table["source"].to_pylist())


def test_names_of_the_text_are_those_alike_on_both_sides() -> None:
    assert names_of(prepared(), 5) == {"Ada Lovelace", "Bob"}


def test_texts_are_put_into_ranges() -> None:
    # "a bb c": b stands at 2..4. With "xyz" in its place, c moves from 5 to 6.
    assert replace_ranges("a bb c", [(5, 6), (2, 4)], [None, "xyz"]) == ("a xyz c", [(6, 7), (2, 5)])
    assert replace_ranges("a", [], []) == ("a", [])


def test_a_pair_whose_words_are_not_its_text_is_kept_plain() -> None:
    split = (lambda line: ["Ada", "&amp;"], str.split)
    odd = prepare_pairs([(0, "Ada &", "Ada &")], learn_translations([("Ada &", "Ada &")], split, {}, 0.5))
    assert marked_table(odd, [], PairMarking())["spans"].to_pylist() == [0]


def test_the_step_marks_by_lexicon_and_takes_names_of_the_labelled_corpus(store: Store, put_table: Put) -> None:
    columns = [list(column) for column in zip(*PAIRS, (11, "a __SLOT0__ b", "c"), strict=True)]
    languages = {"source_language": "en", "target_language": "de"}
    parallel = put_table(PARALLEL, dict(zip(("pair_id", "source", "target"), columns, strict=True)), languages)
    lexicon = put_table(LEXICON, {"source": ["city"], "target": ["Stadt"], "csls": [None], "rank": [0]}, languages)
    sentences = {
        "sentence_id": [0],
        "words": [["Zora", "Quill", "left", "Oslo"]],
        "tags": [["B-PER", "I-PER", "O", "B-LOC"]],
    }
    names = put_table(LABELLED, sentences, {"language": "en", "labels": ["O", "B-LOC", "B-PER", "I-PER"]})
    config = PairMarking(repeats=20, name_swaps=1, join_share=0)
    marked = run_alone(store, mark_pairs, parallel, lexicon, config, names)
    table = store.table(marked)
    text = " ".join(table["source"].to_pylist())
    assert "__SLOT0__ Zora Quill __SLOT0__" in text and "Oslo" not in text and "city __SLOT" in text
    assert 11 not in table["pair_id"].to_pylist()
    metadata = store.metadata(marked)
    assert metadata["source_language"] == "en" and metadata["target_language"] == "de"
    assert sum(metadata["pairs_by_spans"]) == table.num_rows and metadata["pairs_by_spans"][0] == 3
    without = run_alone(store, mark_pairs, parallel, None, config)
    assert "Zora" not in " ".join(store.table(without)["source"].to_pylist())


def test_it_marks_the_same_whatever_batches_it_reads(
    store: Store, put_table: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Words that come together, names and words in lower case are those of the whole text.
    rows = [*PAIRS, (10, "the city sleeps in Rome.", "die Stadt schl\u00e4ft in Rom."), (12, "city", "Stadt")]
    columns = [list(column) for column in zip(*rows, strict=True)]
    languages = {"source_language": "en", "target_language": "de"}
    parallel = put_table(PARALLEL, dict(zip(("pair_id", "source", "target"), columns, strict=True)), languages)
    config = PairMarking(repeats=5, minimum_dice=0.5)
    whole = run_alone(store, mark_pairs, parallel, None, config)
    read = Store.batches
    monkeypatch.setattr(Store, "batches", lambda self, reference, columns, _: read(self, reference, columns, 1))
    again = run_alone(store, mark_pairs, parallel, None, config.model_copy(update={"max_words": 6}))
    assert store.table(again).equals(store.table(whole))
    marked = " ".join(store.table(whole)["source"].to_pylist())
    assert "__ city __" in marked  # By Dice, over sentences of several batches.
