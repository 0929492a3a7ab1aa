import pyarrow as pa

from artifacts.catalog import LEXICON
from tasks.translation.pairs.span_pairs import SpanPair, joined_pairs, lexicon_targets, word_pairs

LEXICON_WORDS = {"city": frozenset({"stadt"}), "president": frozenset({"präsident"}), "us": frozenset({"uns"})}


def places(pairs: list[SpanPair]) -> list[tuple[int, int, bool]]:
    return [(pair.source[0], pair.target[0], pair.name) for pair in pairs]


def pair_up(source: str, target: str, common: frozenset[str] = frozenset()) -> list[tuple[int, int, bool]]:
    return places(word_pairs(source.split(), target.split(), LEXICON_WORDS, common))


def test_a_name_written_alike_is_a_pair_and_so_is_a_number() -> None:
    assert pair_up("in 1996 Ada slept", "1996 schlief Ada in") == [(1, 0, False), (2, 2, True)]


def test_lower_case_words_written_alike_are_no_pair() -> None:
    assert pair_up("we die in", "die wir in") == []


def test_a_word_that_comes_twice_on_a_side_is_no_pair() -> None:
    assert pair_up("Ada and Ada", "Ada und Bob") == []
    assert pair_up("the city and the city", "die Stadt") == []
    assert pair_up("the city", "Stadt Stadt") == []


def test_the_lexicon_is_asked_as_written_then_in_lower_case_and_the_targets_case_does_not_count() -> None:
    assert pair_up("President of a city", "PRÄSIDENT einer Stadt") == [(0, 0, False), (3, 2, False)]


def test_a_word_in_capitals_is_not_asked_in_lower_case() -> None:
    assert pair_up("US city", "uns Stadt") == [(1, 1, False)]


def test_at_the_start_of_a_sentence_a_word_that_also_comes_in_lower_case_is_no_name() -> None:
    assert pair_up("In Rome", "In Rome", frozenset({"in"})) == [(0, 0, False), (1, 1, True)]
    assert pair_up("Ada In", "Ada In", frozenset({"in"})) == [(0, 0, True), (1, 1, True)]


def join(source: str, target: str, joins: bool, max_words: int = 5) -> list[SpanPair]:
    words = source.split(), target.split()
    pairs = word_pairs(*words, {"university": frozenset({"universität"}), "old": frozenset({"alte"})}, frozenset())
    return joined_pairs(pairs, *words, [joins] * len(pairs), max_words)


def test_names_side_by_side_are_always_one_span() -> None:
    assert join("so Ada Lovelace wrote", "Ada Lovelace schrieb", False) == [SpanPair((1, 3), (0, 2), True)]


def test_words_with_a_capital_side_by_side_are_always_one_span_but_not_with_the_sentences_first() -> None:
    assert join("at Old University", "an Alte Universität", False) == [SpanPair((1, 3), (1, 3), False)]
    assert len(join("Old University", "Alte Universität", False)) == 2
    assert len(join("at old University", "an alte Universität", False)) == 2


def test_neighbours_join_over_one_word_without_a_partner() -> None:
    assert join("University of Bern", "Universität Bern", True) == [SpanPair((0, 3), (0, 2), False)]
    assert len(join("University of Bern", "Universität Bern", False)) == 2


def test_neighbours_do_not_join_over_punctuation_or_in_another_order_or_beyond_the_longest_span() -> None:
    assert len(join("University , Bern", "Universität , Bern", True)) == 2
    assert len(join("University Bern", "Bern Universität", True)) == 2
    assert len(join("Ada Lovelace Byron", "Ada Lovelace Byron", True, max_words=2)) == 2


def test_neighbours_do_not_join_over_a_word_that_has_a_partner_elsewhere() -> None:
    # old <-> alte stands last in the source, but between the other two in the target.
    pairs = join("University Bern old", "Universität alte Bern", True)
    assert SpanPair((0, 2), (0, 3)) not in pairs and len(pairs) == 3


def test_translations_count_up_to_a_rank() -> None:
    columns = {"source": ["a", "a", "a"], "target": ["X", "Y", "Z"], "csls": [None] * 3, "rank": [0, 1, 2]}
    table = pa.table(columns, schema=LEXICON.schema)
    assert lexicon_targets(table, 1) == {"a": frozenset({"x", "y"})}
    assert lexicon_targets(table, 0) == {"a": frozenset({"x"})}
