import pytest

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.layout import Layout, find_layout, looks_like_columns
from tasks.corpus.lines import split_lines
from tasks.corpus.parsed import Parsed

WIKINEURAL = "0\tDas\tO\n1\tFoo\tB-ORG\n\n0\tEr\tO\n1\t#\tO\n"
UNIVERSAL_NER = (
    "# sent_id = 1\n# text = Ana e\tBia no Rio\n1\tAna\tB-PER\t-\tab\n2\te\tO\t-\t-\n3-4\tno\t_\t_\t_\n3\tem\tO\t-\t-\n"
    "4\to\tO\t-\t-\n4.1\tx\tO\t-\t-\n5\tRio\tB-LOC\t-\tab\n\n# sent_id = 2\n1\t#A\tO\t-\t-\n"
)
CONLL_2003 = "-DOCSTART- -X- -X- O\n\nU.N. NNP B-NP B-ORG\nof NN I-NP O\n\nEkeus NNP B-NP B-PER\n"


def parse(text: str, token: int | None = None, tag: int | None = None) -> Parsed:
    lines = split_lines(text.encode(), "x.conll")
    return parse_columns(lines, "x.conll", find_layout(lines, "x.conll", token, tag), with_tags=True)


def layout(text: str) -> Layout:
    return find_layout(text.split("\n"), "x", None, None)


def test_numbered_columns_from_zero_are_found() -> None:
    assert layout(WIKINEURAL) == Layout("\t", 3, 1, 2, indexed=True, checked=True)
    read = parse(WIKINEURAL)
    assert read.words == ["Das", "Foo", "Er", "#"]
    assert read.tags == ["O", "B-ORG", "O", "O"]
    assert read.starts == [0, 2]
    assert read.lines == [1, 2, 4, 5]


def test_universal_ner_has_comments_ranges_and_its_tag_in_the_third_column() -> None:
    read = parse(UNIVERSAL_NER)
    assert read.words == ["Ana", "e", "em", "o", "Rio", "#A"]
    assert read.tags == ["B-PER", "O", "O", "O", "B-LOC", "O"]
    assert read.starts == [0, 5]


def test_a_second_annotators_tags_do_not_win_over_the_first() -> None:
    assert layout("1\tAna\tB-OTH\tB-PER\t-\n2\te\tO\tO\t-").tag == 2


def test_a_chunk_column_does_not_win_over_the_tags_behind_it() -> None:
    assert layout(CONLL_2003) == Layout(" ", 4, 0, 3, indexed=False, checked=False)
    read = parse(CONLL_2003)
    assert read.words == ["U.N.", "of", "Ekeus"]
    assert read.tags == ["B-ORG", "O", "B-PER"]
    assert read.starts == [0, 2]


@pytest.mark.parametrize("start", ["-DOCSTART-", "-DOCSTART-\tO", "-DOCSTART- -X- O O", "-DOCSTART-\tO\tO\tO"])
def test_a_document_start_ends_a_sentence_and_is_no_word(start: str) -> None:
    read = parse(f"{start}\na\tO\n{start}\nb\tB-PER\n")
    assert read.words == ["a", "b"]
    assert read.starts == [0, 1]


@pytest.mark.parametrize(
    "between", ["# sent_id = 2", "# text = b c", "#sent_id=2", "# newdoc id = x", "# newpar", "# newdoc\n# sent_id = 2"]
)
@pytest.mark.parametrize("numbered", [True, False])
def test_comments_that_stand_before_a_sentence_end_the_one_before(between: str, numbered: bool) -> None:
    rows = [("1", "a", "B-PER"), ("2", "d", "O"), None, ("1", "b", "O"), ("2", "c", "O")]
    lines = [between if row is None else "\t".join(row if numbered else row[1:]) for row in rows]
    read = parse("\n".join(["# sent_id = 1", *lines, ""]))
    assert read.words == ["a", "d", "b", "c"] and read.starts == [0, 2]


def test_other_comments_inside_a_sentence_do_not_end_it() -> None:
    assert parse("a\tB-PER\n# checked = yes\nb\tO\n").starts == [0]


def test_columns_can_be_given() -> None:
    read = parse("B-PER x Ana\nO y canta\n", token=3, tag=1)
    assert (read.words, read.tags) == (["Ana", "canta"], ["B-PER", "O"])


def test_a_number_is_a_word_where_the_columns_are_word_and_tag() -> None:
    assert parse("1\tO\n2\tB-MISC\n").words == ["1", "2"]


def test_a_word_may_start_with_a_hash_and_a_comment_may_stand_before_a_sentence() -> None:
    text = "# sent_id = 1\n#Tatort\tB-MISC\n#\tO\n# 1\tO\nim\tO\n\n# \tO\n"
    assert parse(text).words == ["#Tatort", "#", "# 1", "im", "#"]


def test_a_hash_is_a_word_between_spaces_too() -> None:
    assert parse("# sent_id = 1\n# O\n#1 B-MISC\nim O\n").words == ["#", "#1", "im"]


@pytest.mark.parametrize(
    "word",
    [
        '"',
        "''",
        "'",
        '""',
        ",",
        "34 470",
        "34\u00a0470",
        "\u00a0",
        "a\u2028b",
        "a\u0085b",
        "\u3000",
        "毒\u200b物",
        "NA",
    ],
)
def test_odd_words_survive_between_tabs(word: str) -> None:
    read = parse(f"0\tvor\tO\n1\t{word}\tB-MISC\n2\tnach\tO\n")
    assert read.words == ["vor", word, "nach"]
    assert read.tags == ["O", "B-MISC", "O"]


@pytest.mark.parametrize("word", ['"', "34\u00a0470", "\u00a0", "a\u2028b", "a\u0085b", "\u3000"])
def test_odd_words_survive_between_spaces(word: str) -> None:
    assert parse(f"vor O\n{word}   B-MISC \nnach\t O\n").words == ["vor", word, "nach"]


def test_blank_lines_may_hold_spaces_and_stand_anywhere() -> None:
    read = parse("\n \na\tO\n\t\n\u00a0\n\nb\tB-PER\n\n\n")
    assert read.starts == [0, 1]


def test_spaces_at_the_end_of_columns_and_lines_do_not_matter() -> None:
    read = parse("a \tO\nb\tB-PER \nc\tO\t\n")
    assert (read.words, read.tags) == (["a", "b", "c"], ["O", "B-PER", "O"])


def test_a_file_without_tags_gives_words() -> None:
    lines = ["Ana", "canta", "", "Rio"]
    read = parse_columns(lines, "x", find_layout(lines, "x", None, None), with_tags=False)
    assert (read.words, read.tags, read.starts) == (["Ana", "canta", "Rio"], None, [0, 2])


def test_one_wrong_tag_does_not_hide_the_tag_column() -> None:
    assert layout("a\tx\tO\nb\ty\tPERS\nc\tz\tB-PER").tag == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tO\nb\nc\tO\n", "x.conll, line 2: 1 column separated by tabs, expected 2 as in most lines; fix the line"),
        ("a\tO\nb\tO\nc\tx\tO\n", "line 3: 3 columns separated by tabs, expected 2"),
        ("a O\nb\nc O\n", "line 2: 1 column separated by spaces, expected 2"),
        ("a\tO\n#\tb\tO\nc\tO\n", "line 2: 3 columns"),
        ("a\tO\n\tO\nc\tO\n", "line 2: the word in column 1 is empty"),
        ("1\ta\tO\n3\tb\tO\n4\tc\tO\n", "line 2: word number '3', expected '2'; is a blank line .* missing"),
        ("0\ta\tO\n1\tb\tO\n0\tc\tO\n1\td\tO\n", "line 3: word number '0', expected '2'.* set token_column: 2"),
    ],
)
def test_a_misfit_is_named_by_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text)


def test_numbers_are_not_checked_where_the_word_column_is_given() -> None:
    assert parse("# c\n1\ta\tO\n1-2\tab\t_\n3\tb\tO\n4\tc\tO\n", token=2).words == ["a", "b", "c"]


@pytest.mark.parametrize(("token", "tag"), [(3, None), (None, 9)])
def test_a_column_that_does_not_exist_is_an_error(token: int | None, tag: int | None) -> None:
    with pytest.raises(InputError, match=r"_column is \d, but its lines have 2 columns"):
        parse("a\tO\n", token, tag)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (WIKINEURAL, True),
        (UNIVERSAL_NER, True),
        (CONLL_2003, True),
        ("a\tO\nb\nc\tB-PER", True),
        ("\t".join(["1", "Er", "er", "PRON", "_", "_", "0", "root", "_", "_"]), True),
        ("Er ging nach Hause .\nSie auch .", False),
        ("1\tEr ging nach Hause.\n2\tSie auch.", False),
        ("看似简单", False),
        ("", False),
    ],
)
def test_a_column_file_is_told_from_text(text: str, answer: bool) -> None:
    assert looks_like_columns(text.split("\n")) is answer
