import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, parse_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.words.labels import LabelConfig

WIKIANN = "de:Rio\tB-LOC\nde:de\tI-LOC\nde:Janeiro\tI-LOC\nde::\tO\nde:10:30\tO\n\nde:de:\tO\nde:UN\tB-ORG\n"


def read(text: str, language: str = "de", format: str = "auto", *, with_tags: bool = True) -> Corpus:
    labels = LabelConfig() if with_tags else None
    return parse_corpus(text.split("\n"), "w.txt", CorpusFormat(format=format), labels, language)


@pytest.mark.parametrize("with_tags", [True, False])
def test_the_code_goes_and_colons_of_the_word_stay(with_tags: bool) -> None:
    corpus = read(WIKIANN, with_tags=with_tags)
    assert corpus.words == [["Rio", "de", "Janeiro", ":", "10:30"], ["de:", "UN"]]
    assert corpus.parts[0].format == "wikiann"


def test_tags_stay() -> None:
    assert read(WIKIANN).tags == [["B-LOC", "I-LOC", "I-LOC", "O", "O"], ["O", "B-ORG"]]


@pytest.mark.parametrize(("code", "language"), [("zh-min-nan", "zh"), ("simple", "en"), ("de", "de_AT"), ("arz", "")])
def test_longer_codes_are_codes_of_their_language(code: str, language: str) -> None:
    assert read(f"{code}:Rio\tB-LOC\n{code}:a:b\tO\n", language).words == [["Rio", "a:b"]]


def test_another_language_is_an_error_unless_the_format_is_given() -> None:
    with pytest.raises(InputError, match=r"corpus w.txt: its words begin with de:, the language is en; expected the"):
        read(WIKIANN, "en")
    assert read(WIKIANN, "en", "wikiann").words == read(WIKIANN).words


@pytest.mark.parametrize("broken", ["fr:UN\tB-ORG", "UN\tB-ORG", "de:\tO"])
def test_a_word_without_the_code_is_named(broken: str) -> None:
    lines = "de:a\tO\n" * 20 + broken
    with pytest.raises(InputError, match=r"corpus w.txt, line 21: the word is .*; expected de:word, as in most lines"):
        read(lines)


def test_words_that_all_have_colons_are_no_codes() -> None:
    text = "http://x\tO\nRio:\tB-LOC\n10:30\tO\nDE:x\tO\n"
    assert read(text).words == [["http://x", "Rio:", "10:30", "DE:x"]]


def test_a_file_without_codes_cannot_be_forced() -> None:
    with pytest.raises(InputError, match=r"line 1: the word is 'Rio'; expected a language code, a colon and a word"):
        read("Rio\tB-LOC\n", format="wikiann")


def test_columns_keep_the_words_as_they_are() -> None:
    assert read(WIKIANN, format="columns").words[1] == ["de:de:", "de:UN"]
