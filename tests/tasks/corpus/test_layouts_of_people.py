"""Column files as projects publish them: which column is the word, which the tag, where sentences end; by hand."""

from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, load_corpus, parse_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.running_text import unlike_text
from tasks.words.labels import LabelConfig

Sentence = str
"""Words with spaces between them; behind a slash, the tag of those that are in an entity."""


def read(text: str, *, with_tags: bool = True, **options: object) -> Corpus:
    format = CorpusFormat.model_validate(options)
    return parse_corpus(text.split("\n"), "x", format, LabelConfig() if with_tags else None, "de")


def shown(corpus: Corpus) -> list[Sentence]:
    assert corpus.tags is not None
    return [
        " ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))
        for words, tags in zip(corpus.words, corpus.tags, strict=True)
    ]


CASES = {
    "nested entities in the last column": (
        "Ostsee\tB-ORG\tB-LOC\nAmt\tI-ORG\tO\nlobt\tO\tO\nIda\tB-PER\tO\n\nBonn\tB-LOC\tO\nfeiert\tO\tO\n",
        ["Ostsee/B-ORG Amt/I-ORG lobt Ida/B-PER", "Bonn/B-LOC feiert"],
    ),
    "nested entities in the first column": (
        "Ostsee\tB-LOC\tB-ORG\nAmt\tO\tI-ORG\nlobt\tO\tO\nIda\tO\tB-PER\n",
        ["Ostsee/B-ORG Amt/I-ORG lobt Ida/B-PER"],
    ),
    "types alone (IO), most words in entities": (
        "Das\tORG\nGute\tORG\nAmt\tORG\nruft\tO\nIda\tPER\nKoch\tPER\n\nin\tO\nBonn\tLOC\n",
        ["Das/B-ORG Gute/I-ORG Amt/I-ORG ruft Ida/B-PER Koch/I-PER", "in Bonn/B-LOC"],
    ),
    "types alone between spaces": (
        "Gestern O\nrief O\ndas O\nGute ORG\nAmt ORG\nan O\n",
        ["Gestern rief das Gute/B-ORG Amt/I-ORG an"],
    ),
    "a header, comments behind it, EndOfSentence": (
        "TOKEN\tNE-COARSE-LIT\tNE-FINE-LIT\tNE-NESTED\tMISC\n# doc = 1\nIda\tB-pers\tB-pers.ind\tO\t_\n"
        ".\tO\tO\tO\tEndOfSentence\n# page = 2\nIn\tO\tO\tO\t_\nBonn\tB-loc\tB-loc.adm\tO\tNoSpaceAfter\n"
        ".\tO\tO\tO\tEndOfSentence\n",
        ["Ida/B-pers .", "In Bonn/B-loc ."],
    ),
    "EndOfSentence without a header": (
        "# doc = 1\nDer\tO\tO\tO\t_\nRat\tB-org\tB-org.adm\tO\t_\nvon\tI-org\tI-org.adm\tO\t_\n"
        "Bonn\tI-org\tI-org.adm\tB-loc.adm\tNoSpaceAfter\n.\tO\tO\tO\tEndOfSentence\nIda\tB-pers\tB-pers.ind\tO\t_\n",
        ["Der Rat/B-org von/I-org Bonn/I-org .", "Ida/B-pers"],
    ),
    "a byte order mark alone in a line": (
        "Ida\tB-PER\nsingt\tO\n\ufeff\nBonn\tB-LOC\n",
        ["Ida/B-PER singt", "Bonn/B-LOC"],
    ),
    "NER= in CoNLL-U": (
        "# text = Ida ruft\n1\tIda\tIda\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-per\n"
        "2\truft\trufen\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No|NER=O\n",
        ["Ida/B-per ruft"],
    ),
    "NE= in CoNLL-U, at entities alone": (
        "1\tIda\tIda\tPROPN\t_\t_\t2\tnsubj\t_\tNE=B-PERSON|SpaceAfter=Yes\n"
        "2\tKoch\tKoch\tPROPN\t_\t_\t2\tnsubj\t_\tNE=L-PERSON\n"
        "3\truft\trufen\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n",
        ["Ida/B-PERSON Koch/I-PERSON ruft"],
    ),
    "underscores, and clauses behind": (
        "Ida\tNN\tB_PER\tB_CLS\nKoch\tNN\tE_PER\tI_CLS\nruft\tVV\tO\tE_CLS\n\nBonn\tNN\tS_LOC\tB_CLS\n",
        ["Ida/B-PER Koch/I-PER ruft", "Bonn/B-LOC"],
    ),
    "suffixes, and a hyphen for O": (
        "1\tIda\tPER_B\n2\tKoch\tPER_I\n3\truft\t-\n\n1\tBonn\tLOC_B\n2\truht\t-\n",
        ["Ida/B-PER Koch/I-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "the tag before the word": (
        "B-ACTOR\tida\nI-ACTOR\tkoch\nO\tsings\n\nB-CITY\tbonn\nO\trests\n",
        ["ida/B-ACTOR koch/I-ACTOR sings", "bonn/B-CITY rests"],
    ),
    "brackets of CoNLL-2012": (
        "#begin document (a/b); part 000\na/b 0 0 Ida NNP (TOP(S(NP* - - - - (PERSON* (ARG0*\n"
        "a/b 0 1 Koch NNP *) - - - - *) *)\na/b 0 2 sings VBZ (VP* sing - - - * (V*)\n"
        "a/b 0 3 in IN (PP* - - - - * (ARG1*\na/b 0 4 Bonn NNP *)))) - - - - (GPE) *)\n\n#end document\n",
        ["Ida/B-PERSON Koch/I-PERSON sings in Bonn/B-GPE"],
    ),
    "sentence numbers filled down, CSV with a quoted comma": (
        'Sentence #,Word,POS,Tag\nSentence: 1,Ida,NNP,B-per\n,sings,VBZ,O\n,",",",",O\nSentence: 2,Bonn,NNP,B-geo\n',
        ["Ida/B-per sings ,", "Bonn/B-geo"],
    ),
    "sentence numbers filled down, without a header": (
        "Sentence: 1\tIda\tNNP\tB-per\n\tKoch\tNNP\tI-per\n\trests\tVBZ\tO\nSentence: 2\tBonn\tNNP\tB-geo\n",
        ["Ida/B-per Koch/I-per rests", "Bonn/B-geo"],
    ),
    "sentence numbers in each line": (
        "s1\tIda\tB-PER\ns1\truft\tO\ns2\tBonn\tB-LOC\ns2\truht\tO\ns2\t.\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht ."],
    ),
    "comments with two hashes, and a space for a word": (
        "## token : tag\n## id-1\t<Ida:PS> ruft\nI\tB-PS\nda\tI-PS\n \tO\nruft\tO\n",
        ["I/B-PS da/I-PS   ruft"],
    ),
    "a hash for a word": (
        "# id 77a1\tdomain=en\nida _ _ B-PER\n# _ _ O\n\n# id 77a2\tdomain=en\n# _ _ O\nbonn _ _ B-LOC\n",
        ["ida/B-PER #", "# bonn/B-LOC"],
    ),
    "sentence numbers that restart in each document": (
        "doc_id,sent_id,word,tag\n1,0,Ida,B-PER\n1,0,ruft,O\n2,0,Bonn,B-LOC\n2,0,ruht,O\n2,1,Es,O\n2,1,regnet,O\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht", "Es regnet"],
    ),
    "documents named at their first word alone": (
        "document\tsent_id\ttoken\tner\na\t0\tIda\tB-PER\n\t0\truft\tO\nb\t0\tBonn\tB-LOC\n\t0\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "sentence numbers that restart in each document, without a header": (
        "d4\t0\tIda\tB-PER\nd4\t0\truft\tO\nd5\t0\tBonn\tB-LOC\nd5\t0\truht\tO\nd5\t1\tEs\tO\nd5\t1\tregnet\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht", "Es regnet"],
    ),
    "sentence numbers, then a column that does not count": (
        "s1\t0\tIda\tB-PER\ns1\t2\truft\tO\ns2\t0\tBonn\tB-LOC\ns2\t0\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "sentence numbers, then numbers of words": (
        "s1\t0\tIda\tB-PER\ns1\t1\truft\tO\ns2\t0\tBonn\tB-LOC\ns2\t1\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "numbered sentences, and a blank line between two": (
        "sent_id\tword\ttag\n1\tIda\tB-PER\n1\truft\tO\n2\tEs\tO\n2\tregnet\tO\n\n3\tBonn\tB-LOC\n3\truht\tO\n",
        ["Ida/B-PER ruft", "Es regnet", "Bonn/B-LOC ruht"],
    ),
    "sentence numbers filled down, and a row of empty fields": (
        "Sentence #,Word,Tag\nSentence: 1,Ida,B-per\n,ruft,O\nSentence: 2,Es,O\n,regnet,O\n,,\n"
        "Sentence: 3,Bonn,B-geo\n",
        ["Ida/B-per ruft", "Es regnet", "Bonn/B-geo"],
    ),
    "numbered sentences, and a number that is missing": (
        "sentence,word,tag\n1,Ida,B-PER\n1,ruft,O\n2,Es,O\n,regnet,O\n3,Bonn,B-LOC\n3,ruht,O\n",
        ["Ida/B-PER ruft", "Es regnet", "Bonn/B-LOC ruht"],
    ),
    "marks at first words, of which two follow each other": (
        "sentence\tword\ttag\nx\tIda\tB-PER\n\truft\tO\nx\tJa\tO\nx\tBonn\tB-LOC\n\truht\tO\n",
        ["Ida/B-PER ruft", "Ja", "Bonn/B-LOC ruht"],
    ),
    "numbers of rows, as pandas writes them, and of sentences": (
        ",Sentence #,Word,Tag\n0,1,Ida,B-PER\n1,1,ruft,O\n2,2,Bonn,B-LOC\n3,2,ruht,O\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "numbers of sentences and words before each word": (
        "1-1\tIda\tB-PER\n1-2\truft\tO\n\n2-1\tBonn\tB-LOC\n2-2\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "sentence numbers with a decimal point": (
        "1.0\tIda\tB-PER\n1.0\truft\tO\n2.0\tBonn\tB-LOC\n2.0\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "document starts where the tag stands first": (
        "O\t-DOCSTART-\n\nB-PER\tIda\nO\truft\n\nO\t-DOCSTART-\nB-LOC\tBonn\nO\truht\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "a header that stands again where files were joined": (
        "word\ttag\nIda\tB-PER\nruft\tO\nword\ttag\nBonn\tB-LOC\nruht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "document starts": (
        "-DOCSTART- -X- O\nIda -X- _ B-PER\n\nBonn -X- _ B-LOC\nruht -X- _ O\n",
        ["Ida/B-PER", "Bonn/B-LOC ruht"],
    ),
    "entities, then clauses": (
        "Ida\tNN\tB-PER\tB-CLS\nKoch\tNN\tE-PER\tI-CLS\nruft\tVV\tO\tE-CLS\n\nBonn\tNN\tS-LOC\tB-CLS\n",
        ["Ida/B-PER Koch/I-PER ruft", "Bonn/B-LOC"],
    ),
    "chunks, then entities": (
        "Ida NNP B-NP B-PER\nruft VBZ B-VP O\nBonn NNP B-NP B-LOC\n",
        ["Ida/B-PER ruft Bonn/B-LOC"],
    ),
    "a header names the columns": (
        "token\tner\nIda\tB-PER\nruft\tO\n\nBonn\tB-LOC\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC"],
    ),
    "a header tells tags of words from tags of grammar": (
        "pos\tword\tner\nNE\tIda\tPER\nVV\truft\tO\nNE\tBonn\tLOC\n",
        ["Ida/B-PER ruft Bonn/B-LOC"],
    ),
    "bars between columns": ("Ida|B_PER\nruft|O\n||O\n\nBonn|B_LOC\n", ["Ida/B-PER ruft |", "Bonn/B-LOC"]),
    "CoNLL-U Plus": (
        "# global.columns = ID FORM LEMMA X:NE\n1\tIda\tIda\tB-PER\n2\truft\trufen\tO\n\n1\tBonn\tBonn\tB-LOC\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC"],
    ),
    "an id before each word": (
        "x7\tIda\tB-PER\nx7\truft\tO\n\nx8\tBonn\tB-LOC\nx8\truht\tO\n",
        ["Ida/B-PER ruft", "Bonn/B-LOC ruht"],
    ),
    "BMES": (
        "Ida B-PER\nvon M-PER\nKoch E-PER\nruft O\nBonn S-LOC\n",
        ["Ida/B-PER von/I-PER Koch/I-PER ruft Bonn/B-LOC"],
    ),
    "BMEWO": ("Ida B-PER\nKoch E-PER\nruft O\nBonn W-LOC\n", ["Ida/B-PER Koch/I-PER ruft Bonn/B-LOC"]),
    "zeros for O": ("Ida\tB-PER\nruft\t0\nBonn\tB-LOC\n", ["Ida/B-PER ruft Bonn/B-LOC"]),
}


@pytest.mark.parametrize("case", CASES)
def test_columns_are_read_right(case: str) -> None:
    text, expected = CASES[case]
    assert shown(read(text)) == expected


@pytest.mark.parametrize("case", CASES)
def test_words_are_the_same_without_their_tags(case: str) -> None:
    text, _ = CASES[case]
    assert read(text, with_tags=False).words == read(text).words


@pytest.mark.parametrize("case", CASES)
def test_no_labels_leak_into_a_text(case: str) -> None:
    text, _ = CASES[case]
    with pytest.raises(InputError, match=r"format is text, but the file looks like .* labels would be taken for words"):
        read(text, with_tags=False, format="text")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ida\tB\nKoch\tI\nruft\tO\n", "line 1: the tag 'B' has no type, as all of them; .* set type_name: PER"),
        ("Ida\tB-a\nruft\tO\nOst\tB-b,B-c\n", "line 3: the cell 'B-b,B-c' holds several tags.* set label_layer: 1"),
        ("Ida\tB-PER\nruft\to\n\nBonn\tB-LOC\nruht\t0\nlang\tO\n", "line 2: 'o' is no tag"),
        ("Ida\tB-PER\n \u200b\nruft\tO\n", "line 2: 1 column .* fix the line, ' <U[+]200B ZERO WIDTH SPACE>'"),
        (
            "Ida\tB-A\tO\nruft\tO\tB-B\nan\tO\tO\nBonn\tB-A\tO\n",
            "several columns have tags.* column 2: 2 of 4 words .A.; column 3: 1 of 4 words .B.; .* set tag_column",
        ),
        (
            "Ida\tNNP\tB-NP\nruft\tVBZ\tB-VP\nBonn\tNNP\tB-NP\n",
            r"has no column of tags of entities \(there are column 3 \(chunks\)\); .* set tag_column",
        ),
    ],
)
def test_what_cannot_be_told_is_asked_for(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text)


def test_two_columns_of_words_are_asked_about_by_number() -> None:
    # 60 words of each language, none in common; letters differ.
    pairs = [(f"w{chr(97 + i // 26)}{chr(97 + i % 26)}", f"{chr(65 + i % 26)}{chr(65 + i // 26)}x") for i in range(60)]
    text = "\n".join(f"{one}\t{other}\tB-X" for one, other in pairs)
    with pytest.raises(InputError, match=r"columns 1 and 2 could both be the words \(60 and 60 .* set token_column"):
        read(text)
    assert read(text, token_column=2).words == [[other for _, other in pairs]]


def test_forms_and_lemmas_are_told_by_what_they_share() -> None:
    pairs = [(f"w{chr(97 + i // 26)}{chr(97 + i % 26)}", f"w{chr(97 + i // 26)}{chr(97 + i % 26)}") for i in range(60)]
    text = "\n".join(f"{one}\t{other}\tB-X" for one, other in pairs)
    assert read(text).words == [[one for one, _ in pairs]]


def test_a_type_is_given_to_tags_without_one() -> None:
    assert shown(read("Ida\tB\nKoch\tI\nruft\tO\n", type_name="PER")) == ["Ida/B-PER Koch/I-PER ruft"]


def test_a_layer_is_chosen_among_several_labels() -> None:
    text = "Ost\tB-b,B-c\nLicht\tI-b,I-c\nruft\tO\nIda\tB-a\n"
    assert shown(read(text, label_layer=1)) == ["Ost/B-b Licht/I-b ruft Ida/B-a"]
    assert shown(read(text, label_layer=2)) == ["Ost/B-c Licht/I-c ruft Ida"]


def test_a_type_with_an_odd_name_is_remarked() -> None:
    corpus = read("Ida\tB-per,son\nruft\tO\nBonn\tB-LOC\n")
    assert corpus.types == ("LOC", "per,son")
    assert corpus.parts[0].remarks == (
        "types with odd names: 'per,son'; are they several labels, or damaged? labels.rename gives them others",
    )


def test_other_columns_of_tags_are_told() -> None:
    part = read(CASES["nested entities in the last column"][0]).parts[0]
    assert part.layout.endswith("not read: column 3 (1 words in nested or finer entities, LOC)")


def test_a_header_that_stands_again_is_told() -> None:
    text, _ = CASES["a header that stands again where files were joined"]
    said = ("the header stands in 1 more lines, where files were joined; left out",)
    assert read(text).parts[0].remarks == read(text, with_tags=False).parts[0].remarks == said


def test_words_without_a_number_of_their_sentence_are_told() -> None:
    part = read(CASES["numbered sentences, and a number that is missing"][0]).parts[0]
    assert part.remarks == ("1 words without a number of their sentence were left in the one before",)


def test_the_columns_that_part_sentences_are_told() -> None:
    part = read(CASES["sentence numbers that restart in each document"][0]).parts[0]
    assert part.layout.endswith("header in line 1, sentences numbered in column 2, documents in column 1")


def test_one_sentence_that_ends_twice_is_remarked_and_split_if_asked() -> None:
    text = "Ida B-PER\nruft O\n. O\nBonn B-LOC\nruht O\n. O\n"
    corpus = read(text)
    assert len(corpus.words) == 1
    assert (
        corpus.parts[0].remarks[0].startswith("the whole file is 1 sentence, in which 2 words end one; are blank lines")
    )
    split = read(text, split_sentences=True)
    assert shown(split) == ["Ida/B-PER ruft .", "Bonn/B-LOC ruht ."]
    assert split.parts[0].remarks == ("sentences split by sentencex: 2, from 1",)
    assert read(text, with_tags=False, split_sentences=True).words == [["Ida", "ruft", "."], ["Bonn", "ruht", "."]]


def test_a_sentence_of_more_than_a_thousand_words_is_remarked() -> None:
    text = "Ida\tB-PER\n\n" + "und\tO\n" * 1001
    assert read(text).parts[0].remarks == (
        "1 sentence has more than 1,000 words, the first at line 3 (1,001 words); are blank lines between sentences "
        "missing? set split_sentences: true to split where sentencex finds their ends",
    )
    assert read("Ida\tB-PER\n\n" + "und\tO\n" * 1000).parts[0].remarks == ()


def test_an_entity_that_goes_on_over_a_split_begins_again_and_is_counted() -> None:
    corpus = read("Ach O\n! O\nYa B-ORG\n! I-ORG\nBonn I-ORG\nruft O\n", split_sentences=True)
    assert shown(corpus) == ["Ach !", "Ya/B-ORG !/I-ORG", "Bonn/B-ORG ruft"]
    assert corpus.parts[0].remarks[-1] == "1 entities were cut in two where sentences were split"


def test_words_one_a_line_are_words() -> None:
    text = "Ida\nruft\nBonn\n.\n\nEs\nregnet\n.\n"
    corpus = read(text, with_tags=False)
    assert corpus.words == [["Ida", "ruft", "Bonn", "."], ["Es", "regnet", "."]]
    assert corpus.parts[0].format == "words"
    with pytest.raises(InputError, match="it has words, one a line, and no column of tags"):
        read(text)


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ('{"a": 1}\n{"a": 2}\n', "auto", "its keys are 'a'; expected words under one of"),
        ("<p>Ida ruft.</p>\n<p>Bonn ruht.</p>\n", "auto", "it looks like mark-up .XML, HTML., in 2 of 2 lines"),
        (
            "1\n00:00:01,000 --> 00:00:03,000\nIda ruft.\n",
            "auto",
            "it looks like subtitles with times, in 1 of 3 lines",
        ),
        ("1\tIda ruft.\n2\tBonn ruht.\n", "auto", "it looks like columns between tabs, in 2 of 2 lines"),
        ("Ida\nruft\nBonn\nruht\n", "auto", "it looks like words, one a line, in 4 of 4 lines.* set format: words"),
        ("Ida|ruft|an\nBonn|ruht|nie\n", "auto", "it looks like columns between bars"),
        ("Ida B-PER ruft O\nBonn B-LOC\nEr O ruft O an O\n", "auto", "line 2: 2 columns separated by spaces"),
        ("Ida ruft.\nBonn ruht.\n", "columns", "format is columns, but the file looks like running text;"),
        ('{"tokens": ["Ida"]}\n', "columns", "format is columns, but the file looks like format jsonl;"),
        ('{"tokens": ["Ida"]}\n', "text", "format is text, but the file looks like format jsonl,"),
        ("Ida\tB-PER\nruft\tO\n", "jsonl", "format is jsonl, but the file looks like format columns; .*change format"),
    ],
)
def test_text_is_no_fallback_and_a_named_format_is_checked(text: str, format: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text, with_tags=False, format=format)


@pytest.mark.parametrize(
    "text",
    [
        "Ida ruft.",
        "Hallo\n",
        'Er sagte: "Ja!"\nSie [lachte].\n',
        "看似简单\n其实很难的一件事情\n他们说不行\n我们也没有办法\n",
        "O gato dorme\nO cão come\nEla é feliz\n",
        "Ein Satz | ein zweiter.\nNoch einer.\n",
        "a < b und c > d\n",
        "In B-Dur\nund so weiter.\nEin Lied\nvon Ida.\nUnd noch eins\nvon Uwe.\n",
        "Die S-Bahn S1 ruht.\nDie Straße ist gesperrt.\nIm Zoo hält die U-Bahn\nund noch eine.\n"
        "Bitte eine E-Mail an uns.\nDas E-Auto fährt.\nDie S-/U-Bahn kommt.\nNichts geht mehr.\n",
        "Our E-Commerce unit grew a lot.\nHe sent it.\nThe B-Team won.\nNothing else.\nThe M-Class is new.\n",
        "O E-Commerce cresce muito.\nO B-Team venceu.\nEla é feliz.\n",
        "<user> danke!\nGuten Morgen.\nSchau mal <url>\n",
        "the <unk> of <unk>\n",
    ],
)
def test_running_text_is_text(text: str) -> None:
    for format in ("auto", "text"):
        corpus = read(text, with_tags=False, format=format)
        assert corpus.parts[0].format == "text"


@pytest.mark.parametrize("line", ["Das U-Boot lag in Kiel.", "Die S-/U-Bahn ruht.", "E-Mail an <user>", "O B-Team"])
def test_a_line_alone_is_text(line: str) -> None:
    assert unlike_text([line]) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Ida|B-PER ruft|O .|O\n", "words and tags"),
        ("Ida|B-PER ruft|O\nUwe|B-PER\n", "words and tags"),
        ("Ida/B-PER ruft/O aus/O Bonn/B-LOC\n", "words and tags"),
        ("Ida/B-PER Koch/I-PER ruft\nUwe ruht\n", "words and tags"),
        ("Ida NN B-PER _\nKoch NN I-PER _\nruft V O _\n", "words and tags"),
        ("Ida\tB-PER\nUwe\tB-PER\n", "words and tags"),
        ("Ida B-PER\n" + "ruft O\n" * 30, "words and tags"),
        ("<user>Ida</user> ruft.\n", "mark-up"),
        ("Ida ruft.<br>\n", "mark-up"),
        ("<doc>\nIda ruft.\n</doc>\n", "mark-up"),
        ('<name type="PER">Ida ruft.\n', "mark-up"),
        ("Ida <lb/> ruft.\n", "mark-up"),
    ],
)
def test_tags_and_mark_up_are_certainly_no_text(text: str, what: str) -> None:
    unlike = unlike_text(text.split("\n"))
    assert unlike is not None and unlike.certain and unlike.what.startswith(what)


def test_what_only_might_be_no_text_is_text_where_the_configuration_says_so() -> None:
    assert read("Ida\nruft\nBonn\nruht\n", with_tags=False, format="text").words == [
        ["Ida"],
        ["ruft"],
        ["Bonn"],
        ["ruht"],
    ]


def test_a_wrong_file_is_told_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "tags.txt").write_text("Ida\tB-PER\nruft\tO\n")
    with pytest.raises(InputError, match=r"tags.txt: format is text, but the file looks like format columns"):
        load_corpus(tmp_path / "tags.txt", CorpusFormat(format="text"), None, "de")
