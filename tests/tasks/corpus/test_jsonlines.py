import pytest

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.jsonlines import looks_like_json_lines, parse_json_lines

LINES = ['{"tokens": ["Ana", "in"], "tags": ["B-PER", "O"]}', "", '{"tags": ["B-LOC"], "tokens": ["Rio"]}']


def test_each_line_is_a_sentence() -> None:
    read = parse_json_lines(LINES, "x", CorpusFormat(), "de", with_tags=True)
    assert (read.words, read.tags) == (["Ana", "in", "Rio"], ["B-PER", "O", "B-LOC"])
    assert (read.lines, read.starts, read.unit) == ([1, 1, 3], [0, 2], "line")


def test_words_are_read_whatever_the_tags_are() -> None:
    read = parse_json_lines(['{"words": ["Ana"], "tags": 5}'], "x", CorpusFormat(), "de", with_tags=False)
    assert (read.words, read.tags) == (["Ana"], None)


def test_numbers_are_named_by_the_configuration() -> None:
    format = CorpusFormat(tag_names=("O", "B-PER"))
    lines = ['{"tokens": ["Ana", "x"], "ner_tags": [1, 0]}']
    assert parse_json_lines(lines, "x", format, "de", with_tags=True).tags == ["B-PER", "O"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"tokens": ["Ana"', r"no JSON \(Expecting .* at character"),
        ("[1]", "a list"),
        ('"Ana"', "a string"),
        ("7", "a int"),
        ("[" * 100_000, "no JSON that can be read"),
        ('{"tokens": [' + "9" * 5000 + "]}", "no JSON that can be read"),
    ],
)
def test_a_line_that_is_no_object_is_named(line: str, found: str) -> None:
    with pytest.raises(InputError, match=f"corpus x, line 4: {found}.*expected a JSON object"):
        parse_json_lines([*LINES, line], "x", CorpusFormat(), "de", with_tags=True)


def test_a_line_without_tags_is_named() -> None:
    with pytest.raises(InputError, match="corpus x, line 4: tags is missing"):
        parse_json_lines([*LINES, '{"tokens": ["UN"]}'], "x", CorpusFormat(), "de", with_tags=True)


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (LINES, True),
        (["", *LINES, "{broken"], True),
        (['{"words": []}'], True),
        (['{"text": "Ana"}'], True),
        (['["Ana", {"entities": []}]'], True),
        (["[1]"], False),
        (["{ O", "} O"], False),
        (["Ana\tB-PER"], False),
        ([], False),
    ],
)
def test_json_lines_are_told_from_columns_and_text(lines: list[str], answer: bool) -> None:
    assert looks_like_json_lines(lines, CorpusFormat()) is answer


def test_a_given_key_tells_json_lines_too() -> None:
    assert looks_like_json_lines(['{"text": ["Ana"]}'], CorpusFormat(tokens_key="text"))
