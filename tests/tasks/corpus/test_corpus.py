import gc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, load_corpus, make_corpus, parse_corpus
from tasks.corpus.formats import CorpusFile, CorpusFormat
from tasks.words.labels import LabelConfig

TEXT = "Ana\tB-PERS\nKoch\tI-PERS\nsingt\tO\n\nRio\tB-LOC\n\nRio\tB-LOC\n\nUN\tB-ORG\n"


def parse(text: str, format: CorpusFormat | None = None, labels: LabelConfig | None = None) -> Corpus:
    return parse_corpus(text.split("\n"), "de.conll", format or CorpusFormat(), labels or LabelConfig(), "de")


def test_a_corpus_has_words_tags_and_its_types() -> None:
    corpus = parse(TEXT)
    assert corpus.words == [["Ana", "Koch", "singt"], ["Rio"], ["Rio"], ["UN"]]
    assert corpus.tags == [["B-PERS", "I-PERS", "O"], ["B-LOC"], ["B-LOC"], ["B-ORG"]]
    assert corpus.labels == ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PERS", "I-PERS"]
    assert (corpus.word_count, corpus.entity_count, corpus.scheme, corpus.duplicates) == (6, 4, "iob2", 0)


def test_types_are_renamed_and_others_dropped_if_asked() -> None:
    labels = LabelConfig(types=("PER", "LOC"), rename={"PERS": "PER"}, other_types="drop")
    corpus = parse(TEXT, labels=labels)
    assert corpus.tags == [["B-PER", "I-PER", "O"], ["B-LOC"], ["B-LOC"], ["O"]]
    assert corpus.types == ("LOC", "PER")
    # How many became O, and of which types, is told; what is only renamed is none of them.
    assert corpus.parts[0].remarks == ("entities of other types are O, as labels.other_types says: ORG 1",)
    assert parse(TEXT).parts[0].remarks == ()


def test_listed_types_are_the_label_set_even_where_the_file_lacks_one() -> None:
    labels = LabelConfig(types=("PERS", "LOC", "ORG", "MISC"))
    assert parse(TEXT, labels=labels).types == ("LOC", "MISC", "ORG", "PERS")


def test_two_types_renamed_to_one_stay_two_entities() -> None:
    labels = LabelConfig(rename={"GPE": "LOC"})
    assert parse("Rio\tB-GPE\nSul\tB-LOC\n", labels=labels).tags == [["B-LOC", "B-LOC"]]


def test_duplicates_are_decided_on_words_alone() -> None:
    corpus = parse("Rio\tB-LOC\n\nAna\tB-PER\n\nRio\tO\n", CorpusFormat(remove_duplicates=True))
    assert corpus.words == [["Rio"], ["Ana"]]
    assert corpus.tags == [["B-LOC"], ["B-PER"]]
    assert corpus.duplicates == 1


def test_the_first_sentences_keep_the_types_of_the_whole_file() -> None:
    corpus = parse(TEXT, CorpusFormat(max_sentences=1))
    assert corpus.words == [["Ana", "Koch", "singt"]]
    assert corpus.types == ("LOC", "ORG", "PERS")


def test_the_first_sentences_are_counted_after_duplicates_went() -> None:
    corpus = parse(TEXT, CorpusFormat(max_sentences=3, remove_duplicates=True))
    assert corpus.words == [["Ana", "Koch", "singt"], ["Rio"], ["UN"]]


def test_a_found_scheme_can_be_overruled() -> None:
    text = "Ana\tI-PER\nKoch\tI-PER\n"
    assert parse(text).tags == [["B-PER", "I-PER"]]
    assert parse(text).scheme == "iob1"
    with pytest.raises(InputError, match=r"corpus de.conll, line 1: tag 'I-PER' at the start .* set scheme: iob1"):
        parse(text, CorpusFormat(scheme="iob2"))


def test_i_after_another_type_is_an_error_in_strict_iob2() -> None:
    with pytest.raises(InputError, match=r"line 3: tag 'I-LOC' after 'B-PER' is not valid in iob2; .* scheme: iob1"):
        parse("# id\nAna\tB-PER\nRio\tI-LOC\n", CorpusFormat(scheme="iob2"))


def test_a_type_outside_the_label_set_is_named_as_the_file_writes_it() -> None:
    message = r"corpus de.conll, line 3: tag 'S-PERS' is not one of O, B-LOC, I-LOC, B-PER, I-PER; fix .* labels.types"
    with pytest.raises(InputError, match=message):
        parse("Rio\tS-LOC\n\nKoch\tS-PERS\n", labels=LabelConfig(types=("PER", "LOC")))


def test_what_is_no_tag_is_named_by_line() -> None:
    with pytest.raises(InputError, match=r"corpus de.conll, line 2: 'PER' is no tag; expected O or a prefix"):
        parse("Ana\tB-PER\nKoch\tPER\n\nRio\tB-LOC\n")


@pytest.mark.parametrize("text", ["", "\n\n", "-DOCSTART-\tO\n\n", "# only a comment\n"])
@pytest.mark.parametrize("labels", [LabelConfig(), None])
def test_a_column_file_without_a_word_is_an_error(text: str, labels: LabelConfig | None) -> None:
    with pytest.raises(InputError, match=r"corpus de.conll: no sentence in it"):
        parse_corpus(text.split("\n"), "de.conll", CorpusFormat(format="columns"), labels, "de")


@pytest.mark.parametrize("text", ["", " \n\n\u3000\n"])
@pytest.mark.parametrize("format", ["auto", "text"])
def test_a_text_without_a_word_is_an_error(text: str, format: str) -> None:
    with pytest.raises(InputError, match=r"corpus de.txt: no sentence in it, expected at least one"):
        parse_corpus(text.split("\n"), "de.txt", CorpusFormat(format=format), None, "de")


def test_text_where_tags_are_needed_is_an_error() -> None:
    with pytest.raises(InputError, match=r"line 1: 'Er ging nach Hause.' and what follows has no column of tags"):
        parse("Er ging nach Hause.\nSie auch.")
    with pytest.raises(InputError, match="a text has no tags"):
        parse("Er ging nach Hause.", CorpusFormat(format="text"))


def test_a_corpus_whose_tags_are_all_o_is_an_error_unless_its_types_are_listed() -> None:
    with pytest.raises(InputError, match="every tag is O, expected entities"):
        parse("Ana\tO\n")
    assert parse("Ana\tO\n", labels=LabelConfig(types=("PER",))).tags == [["O"]]


def test_text_is_found_and_tokenised_for_its_language() -> None:
    corpus = parse_corpus(["Dr. Ana singt.", "", "Gut!"], "x", CorpusFormat(), None, "de")
    assert corpus.words == [["Dr.", "Ana", "singt", "."], ["Gut", "!"]]
    assert corpus.tags is None


def test_text_split_already_is_left_as_it_is() -> None:
    corpus = parse_corpus(["Ana's Lied ."], "x", CorpusFormat(format="text", tokenized=True), None, "de")
    assert corpus.words == [["Ana's", "Lied", "."]]


def test_words_are_read_whatever_their_tags_are() -> None:
    text = TEXT.replace("I-PERS", "?!").replace("B-ORG", "I-ORG")
    assert parse_corpus(text.split("\n"), "x", CorpusFormat(scheme="iob2"), None, "de").words == parse(TEXT).words


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.conll: no such file"):
        load_corpus(tmp_path / "none.conll", CorpusFormat(), None, "de")


def test_a_file_keeps_its_odd_words(tmp_path: Path) -> None:
    path = tmp_path / "de.conll"
    path.write_bytes('\ufeff0\t34\u00a0000\tO\r\n1\t"\tO\r\n2\tRio\u2028\tB-LOC\r\n\r\n'.encode())
    assert load_corpus(path, CorpusFormat(), LabelConfig(), "de").words == [["34\u00a0000", '"', "Rio\u2028"]]


def test_a_corpus_is_made_from_sentences_in_memory() -> None:
    corpus = make_corpus([["Ana", "Koch"], [], ["Rio"]], [["I-PER", "I-PER"], [], ["I-LOC"]], "pt", scheme="iob1")
    assert corpus.tags == [["B-PER", "I-PER"], [], ["B-LOC"]]
    assert corpus.types == ("LOC", "PER")


def test_words_and_tags_of_different_length_are_an_error() -> None:
    with pytest.raises(InputError, match="sentence 1: 2 words, 1 tags; expected one tag per word"):
        make_corpus([["a"], ["b", "c"]], [["O"], ["O"]], "de")
    with pytest.raises(InputError, match="2 sentences of words, 1 of tags"):
        make_corpus([["a"], ["b"]], [["O"]], "de")


def test_a_wrong_tag_in_memory_is_named_by_sentence() -> None:
    with pytest.raises(InputError, match=r"corpus, sentence 2: tag 'I-PER' at the start of a sentence"):
        make_corpus([["a"], [], ["b"]], [["O"], [], ["I-PER"]], "de")


def test_a_file_without_its_path_is_the_same_wherever_it_lies() -> None:
    here, there = (CorpusFile(path=path, scheme="iob1") for path in ("a/x", "b/x"))
    assert here.without_path() == there.without_path() == CorpusFormat(scheme="iob1")


words = st.text(st.characters(exclude_characters=" \t\r\n\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
plain_words = words.filter(lambda word: not word.isspace() and word[0] not in "#-" and not word[0].isdigit())


@given(st.lists(st.lists(plain_words, min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_words_written_as_columns_are_read_back(sentences: list[list[str]]) -> None:
    sentences = [[unicodedata.normalize("NFC", word) for word in sentence] for sentence in sentences]
    lines = [line for sentence in sentences for line in [*(f"{word}\tB-X" for word in sentence), ""]]
    assert parse("\n".join(lines)).words == sentences


def test_cycles_are_collected_again_behind_a_reading_also_one_that_fails(tmp_path: Path) -> None:
    seen: list[bool] = []

    def reading(*arguments: object, **options: object) -> None:
        seen.append(gc.isenabled())
        raise InputError("no corpus")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.corpus.corpus.parse_source", reading)
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            try:
                with pytest.raises(InputError, match="no corpus"):
                    load_corpus(tmp_path / "x", CorpusFormat(), None, "de")
                assert gc.isenabled() == enabled
            finally:
                gc.enable()
    assert seen == [False, False]


def test_byte_order_marks_of_files_that_were_joined_are_no_part_of_words() -> None:
    joined = ["Ida\tB-PER", "ruft\tO", "", "\ufeff-DOCSTART-\tO", "", "\ufeffUlm\tB-LOC", "\ufeff\tO", ""]
    corpus = parse_corpus(joined, "x", CorpusFormat(), LabelConfig(), "de")
    # The last one is a word of its own, as a tokeniser made it one.
    assert corpus.words == [["Ida", "ruft"], ["Ulm", "\ufeff"]]
    assert corpus.parts[0].remarks == (
        "byte order marks at the beginning of 2 lines, where files were joined, were left out",
    )
    text = parse_corpus(["Ida ruft.", "\ufeffUlm ruht."], "x", CorpusFormat(), None, "de")
    assert text.words == [["Ida", "ruft", "."], ["Ulm", "ruht", "."]]
    records = ['{"tokens": ["Ida"], "tags": ["B-PER"]}', '\ufeff{"tokens": ["\ufeffUlm"], "tags": ["B-LOC"]}']
    assert parse_corpus(records, "x", CorpusFormat(), LabelConfig(), "de").words == [["Ida"], ["\ufeffUlm"]]
