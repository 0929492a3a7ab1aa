import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, parse_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.words.labels import LabelConfig


def word(number: str, form: str, misc: str) -> str:
    return "\t".join([number, form, form, "NOUN", "_", "Case=Nom", "0", "root", "_", misc])


NORNE = "\n".join(
    [
        "# sent_id = 1",
        word("1", "Oslo", "name=B-GPE_LOC|SpaceAfter=No"),
        word("2-3", "iNord", "name=B-PER"),
        word("2", "i", "name=O"),
        word("3", "Nord", "SpaceAfter=No|name=O"),
        word("3.1", "er", "name=B-PER"),
        "",
        "# sent_id = 2",
        word("1", "Kari", "name=B-PER"),
        word("2", "#", "name=I-PER"),
    ]
)


def read(text: str, format: str = "auto", *, with_tags: bool = True) -> Corpus:
    labels = LabelConfig() if with_tags else None
    return parse_corpus(text.split("\n"), "no.conllu", CorpusFormat(format=format), labels, "no")


@pytest.mark.parametrize("format", ["auto", "conllu"])
def test_tags_stand_behind_name_in_the_last_column(format: str) -> None:
    corpus = read(NORNE, format)
    assert corpus.words == [["Oslo", "i", "Nord"], ["Kari", "#"]]
    assert corpus.tags == [["B-GPE_LOC", "O", "O"], ["B-PER", "I-PER"]]
    assert corpus.parts[0].format == "conllu"


def test_words_are_the_same_without_tags_and_as_columns() -> None:
    words = read(NORNE).words
    assert read(NORNE, with_tags=False).words == read(NORNE, "columns", with_tags=False).words == words


def test_a_word_without_a_name_is_named() -> None:
    with pytest.raises(InputError, match=r"no.conllu, line 11: column 10 is 'SpaceAfter=No'; expected name= and a tag"):
        read(NORNE + "\n" + word("3", "x", "SpaceAfter=No"))


def test_an_empty_name_is_named() -> None:
    with pytest.raises(InputError, match=r"no.conllu, line 11: the tag is empty; expected O"):
        read(NORNE + "\n" + word("3", "x", "name="))


def test_conllu_without_names_has_words_alone() -> None:
    plain = word("1", "Oslo", "_") + "\n" + word("2", "ja", "_")
    assert read(plain, with_tags=False).words == [["Oslo", "ja"]]
    with pytest.raises(InputError, match="has no column of tags"):
        read(plain)
    with pytest.raises(InputError, match="line 1: column 10 is '_'; expected name="):
        read(plain, "conllu")


def test_a_number_out_of_turn_is_named() -> None:
    with pytest.raises(InputError, match="line 2: word number '3', expected '2'"):
        read(word("1", "a", "name=O") + "\n" + word("3", "b", "name=B-X"), "conllu")
