"""Small files as people have them, each with what is in it, worked out by hand, or the error that it must give.

They lie in `cases`; each stands for a layout, and was once read as something else. All names in them are invented.
"""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.parts.corpora import corpus_input
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFile
from tasks.words.labels import LabelConfig
from tasks.words.spans import spans_of

CASES = Path(__file__).parent / "cases"

# File, number of sentences, entities as type and words.
READ: list[tuple[str, int, list[str]]] = [
    ("01_doccano_text.jsonl", 3, ["PER Anna Beispiel", "LOC Musterstadt", "ORG Nordlicht AG"]),
    ("02_nested_last_column.tsv", 2, ["ORG Nordsee Institut", "PER Pia Moll", "LOC Kiel"]),
    ("03_char_spans_with_tokens.jsonl", 2, ["PER Pia", "ORG Q"]),
    ("04_inclusive_ends.jsonl", 2, ["PER Pia Moll", "LOC New Bern", "ORG Nord Bank"]),
    ("05_no_blank_lines.conll", 1, ["PER Pia Moll", "LOC Kiel"]),
    ("06_io_tags_mostly_entities.tsv", 2, ["organization Die Nord Bank", "person Pia Moll", "place Kiel"]),
    ("07_io_tags.tsv", 1, ["ORG Nord Bank"]),
    ("08_hipe_header.tsv", 2, ["pers Pia Moll", "loc Kiel"]),
    ("09_hipe_no_header.tsv", 2, ["org Rat von Kiel", "pers Pia"]),
    ("10_lonely_bom.conll", 2, ["PER Pia", "LOC Kiel"]),
    ("12_conllu_NER.conllu", 1, ["per Pia"]),
    ("13_conllu_NE_no_O.conllu", 1, ["PERSON Pia"]),
    ("14_json_array.json", 2, ["PER Pia", "LOC Kiel"]),
    ("16_prodigy.jsonl", 1, ["PER Pia"]),
    ("18_underscore_tags.txt", 2, ["PER Pia Moll", "LOC Kiel"]),
    ("19_suffix_tags.txt", 2, ["PER Pia Moll", "LOC Kiel"]),
    ("21_wikiner_pipes.txt", 2, ["PER Pia Moll", "LOC Kiel"]),
    ("22_tag_first.bio", 2, ["ACTOR pia moll", "CITY kiel"]),
    ("23_conll2012.gold_conll", 1, ["PERSON Pia Moll"]),
    ("24_gmb.csv", 2, ["per Pia", "geo Kiel"]),
    ("26_double_hash.tsv", 1, ["PS P i a"]),
    ("27_multiconer.conll", 2, ["PER pia moll", "LOC kiel"]),
    ("28_label_studio.conll", 2, ["PER Pia", "LOC Kiel"]),
    ("29_label_studio.json", 1, ["PER Pia", "LOC Kiel"]),
    ("30_spacy_train_data.json", 1, ["PER Pia", "LOC Kiel"]),
    ("32_corpus.zip", 1, ["PER Pia"]),
    ("35_gmb.tsv", 2, ["per Pia Moll", "geo Kiel"]),
    ("36_gmb_no_header.tsv", 2, ["per Pia Moll", "geo Kiel"]),
    ("37_entity_then_clause_column.txt", 2, ["PER Pia Moll", "LOC Kiel"]),
    ("39_header_line.tsv", 2, ["PER Pia", "LOC Kiel"]),
    ("40_pipe_separated.txt", 2, ["PER Pia", "LOC Kiel"]),
    ("41_io_jsonl.jsonl", 1, ["person-actor Pia Moll"]),
    ("42_argilla_v1.jsonl", 1, ["PER Pia", "LOC Kiel"]),
    ("43_w2ner.jsonl", 1, ["PER Pia"]),
    ("44_dygie.jsonl", 2, ["PER Pia", "LOC Kiel"]),
    ("45_cluener.jsonl", 1, ["name 李 明", "address 北 京"]),
    ("48_opennlp_inline.txt", 1, ["person Pia Moll", "location Kiel"]),
    ("49_enamex.xml", 1, ["PERSON Pia Moll", "LOCATION Kiel"]),
    ("50_conllup.conllup", 2, ["PER Pia", "LOC Kiel"]),
    ("51_space_token.conll", 1, ["PER Pia", "LOC Kiel"]),
    ("53_column_file_left_as_text.conll", 2, ["PER Pia", "LOC Kiel"]),
    ("54_id_column_first.tsv", 2, ["PER Pia", "LOC Kiel"]),
]

REFUSED = [
    ("11_cesu8.conll", r"line 3: .*half of a character \(the surrogate U\+D83D\) whose other half does not follow"),
    ("15_brat.ann", r"brat's annotations.*expected 15_brat\.txt beside it"),
    ("20_bare_bio.txt", r"line 1: the tag 'B' has no type.*set type_name: PER"),
    ("25_multi_label.conll", r"line 3: the cell 'B-group,B-product' holds several tags.*set label_layer: 1"),
    ("38_zero_and_small_o.conll", r"line 2: 'o' is no tag; expected O or a prefix and a type"),
    ("46_inclusive_words.jsonl", r"exclusive or inclusive cannot be told.*set span_ends"),
    ("47_numbers.jsonl", r"line 1: tag 0 of tags is the number 1; expected names of tags.*tag_names"),
]

CHOSEN: list[tuple[str, Mapping[str, object], list[str]]] = [
    ("20_bare_bio.txt", {"type_name": "PER"}, ["PER Pia Moll", "PER Kiel"]),
    ("25_multi_label.conll", {"label_layer": 1}, ["person Pia", "group Nord Licht", "location Kiel"]),
    ("46_inclusive_words.jsonl", {"span_ends": "inclusive"}, ["PER Pia Moll", "LOC Neu Kiel"]),
]


def load(name: str, labels: LabelConfig | None, language: str = "de", **settings: object) -> Corpus:
    file = CorpusFile.model_validate({"path": name, **settings})
    return load_corpus(corpus_input(file, Runtime(data=str(CASES))), file.without_path(), labels, language)


def entities(corpus: Corpus) -> list[str]:
    pairs = zip(corpus.words, corpus.tags or [], strict=True)
    return [f"{kind} {' '.join(words[a:b])}" for words, tags in pairs for a, b, kind in spans_of(tags)]


@pytest.mark.parametrize(("name", "sentences", "expected"), READ, ids=[name for name, *_ in READ])
def test_a_file_is_read_as_what_it_is(name: str, sentences: int, expected: list[str]) -> None:
    corpus = load(name, LabelConfig())
    assert len(corpus.words) == sentences
    assert entities(corpus) == expected


@pytest.mark.parametrize(("name", "message"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_can_be_meant_in_two_ways_is_asked_for(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(name, LabelConfig())


@pytest.mark.parametrize(("name", "settings", "expected"), CHOSEN, ids=[name for name, *_ in CHOSEN])
def test_what_was_asked_for_is_read_as_it_was_answered(
    name: str, settings: Mapping[str, object], expected: list[str]
) -> None:
    assert entities(load(name, LabelConfig(), **settings)) == expected


def test_halves_of_a_character_in_two_lines_cannot_be_joined() -> None:
    with pytest.raises(InputError, match=r"line 3: half of a character .the surrogate U\+D83D"):
        load("11_cesu8.conll", LabelConfig(), encoding="cesu-8")


def test_a_file_without_sentence_ends_is_told() -> None:
    (part,) = load("05_no_blank_lines.conll", LabelConfig()).parts
    assert any("1 sentence" in remark for remark in part.remarks)


def test_words_alone_are_words() -> None:
    corpus = load("31_words_only_vertical.txt", None)
    assert len(corpus.words) == 2 and corpus.tags is None
    with pytest.raises(InputError):
        load("31_words_only_vertical.txt", LabelConfig())


def test_an_id_column_is_no_word() -> None:
    corpus = load("54_id_column_first.tsv", None)
    assert [word for words in corpus.words for word in words] == ["Pia", "ruht", "Kiel", "schweigt"]


def test_joiners_and_marks_stay_with_their_letters() -> None:
    (persian,) = load("55_raw_persian.txt", None, "fa").words
    assert len(persian) == 8
    burmese = load("57_raw_burmese.txt", None, "my")
    text = (CASES / "57_raw_burmese.txt").read_text(encoding="utf-8").split()
    assert "".join(word for words in burmese.words for word in words) == "".join(text)
    assert not any(unicodedata.combining(w[0]) or unicodedata.category(w[0]) == "Mc" for s in burmese.words for w in s)


def test_every_case_is_looked_at() -> None:
    here = {name for name, *_ in (*READ, *REFUSED)}
    alone = {"31_words_only_vertical.txt", "55_raw_persian.txt", "57_raw_burmese.txt", "58_blank_lines_predict.txt"}
    assert here | alone == {path.name for path in CASES.iterdir()}
