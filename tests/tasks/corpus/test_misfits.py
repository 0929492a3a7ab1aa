"""Files that are nearly of a format: what they look like, and the next step; never words that are none."""

import json
import zipfile
from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.words.labels import LabelConfig


def read(folder: Path, content: str, *, with_tags: bool = True, **options: object) -> Corpus:
    path = folder / "x"
    path.write_text(content, encoding="utf-8")
    return load_corpus(path, CorpusFormat.model_validate(options), LabelConfig() if with_tags else None, "de")


SENTENCES_IN_CELLS = [
    'sentence,word_labels\n"Ida Koch ruft in Bonn .","B-PER,I-PER,O,O,B-LOC,O"\n"Uwe ruht .","B-PER,O,O"\n',
    'id,text,label\n1,"Ida Koch ruft, heute.",news\n2,Uwe ruht in Bonn.,sport\n',
    'text,entities\n"Ida Koch ruft.","[(0, 8, \'PER\')]"\n"Uwe Moll ruht.","[(0, 8, \'PER\')]"\n',
    "text;label\nIda Koch ruft.;news\nUwe Moll ruht.;sport\n",
]


@pytest.mark.parametrize("with_tags", [True, False])
@pytest.mark.parametrize("content", SENTENCES_IN_CELLS)
def test_sentences_in_the_cells_of_a_csv_file_are_no_words(tmp_path: Path, content: str, with_tags: bool) -> None:
    with pytest.raises(InputError, match=r"column [12] has whole sentences in it, such as 'Ida Koch ruft.*to_json"):
        read(tmp_path, content, with_tags=with_tags)


def test_sentences_between_tabs_are_no_words_either(tmp_path: Path) -> None:
    content = "id\ttoken\tner\n1\tIda Koch ruft.\tB-PER\n2\tUwe ruht in Bonn.\tO\n"
    with pytest.raises(InputError, match="column 2 has whole sentences in it"):
        read(tmp_path, content)


def test_words_with_a_space_in_some_of_them_stay_words(tmp_path: Path) -> None:
    corpus = read(tmp_path, "Thành phố\tB-LOC\nHồ Chí Minh\tI-LOC\nlớn\tO\nvà\tO\nđẹp\tO\n")
    assert corpus.words == [["Thành phố", "Hồ Chí Minh", "lớn", "và", "đẹp"]]


@pytest.mark.parametrize(("row", "shown"), [(',"ruft,O', ',"ruft,O'), (',",O', ',",O')])
def test_a_quotation_mark_left_open_is_told_with_its_line(tmp_path: Path, row: str, shown: str) -> None:
    lines = ["Sentence #,Word,Tag"]
    for number in range(1, 20):
        lines += [f"Sentence: {number},Ida,B-PER", ",ruft,O", ",.,O"]
    lines[20] = row
    with pytest.raises(InputError, match=rf"x, line 21: a quotation mark in '{shown}' is open at the end of the line"):
        read(tmp_path, "\n".join(lines) + "\n")
    # The advice: the mark as a word, in quotes and doubled.
    lines[20] = ',"""",O'
    assert read(tmp_path, "\n".join(lines) + "\n").words[6] == ["Ida", '"', "."]


RASA = {
    "rasa_nlu_data": {
        "common_examples": [
            {
                "text": "fahr nach berlin",
                "intent": "drive",
                # A synonym's value is not what stands in the text.
                "entities": [{"start": 10, "end": 16, "value": "Hauptstadt", "entity": "city"}],
            },
            {"text": "hallo", "intent": "greet"},
        ],
        "regex_features": [{"name": "zip", "pattern": "[0-9]{5}"}],
        "lookup_tables": [],
    }
}


def test_rasas_json_is_read(tmp_path: Path) -> None:
    corpus = read(tmp_path, json.dumps(RASA, indent=1))
    assert corpus.words == [["fahr", "nach", "berlin"], ["hallo"]]
    assert corpus.tags == [["O", "O", "B-city"], ["O"]]


def test_rasas_yaml_is_no_text(tmp_path: Path) -> None:
    lines = ["- intent: drive", "  examples: |", "    - fahr nach [berlin](city)", "    - nach [Bonn](city) bitte"]
    with pytest.raises(InputError, match=r"looks like Rasa's examples, .*rasa data convert nlu -f json"):
        read(tmp_path, "\n".join(lines) + "\n", with_tags=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"meta": {"v": 1}, "corpus": {"my docs": [{"text": "Ida", "spans": []}], "other": [{"a": 1}, {"a": 2}]}},
            r"2 lists of objects inside \(.corpus.\"my docs\": 1, with 'text', 'spans'; .corpus.other: 2, with 'a'\); "
            r".*jq '.corpus.\"my docs\"'",
        ),
        ({"a": 1, "b": {"c": []}}, "an object with 'a', 'b', in which no list of records is"),
    ],
)
def test_json_without_records_at_its_top_says_where_lists_are(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, json.dumps(value, indent=1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'TRAIN_DATA = [\n    ("Ida ruft", {"entities": [(0, 3, "PER")]}),\n]\n',
            r"looks like Python code; .*json.dump\(TRAIN_DATA",
        ),
        (
            "#FORMAT=WebAnno TSV 3.3\n\n#Text=Ida ruft.\n1-1\t0-3\tIda\t*\tPER\t\n1-2\t4-8\truft\t_\t_\t\n",
            r"looks like INCEpTION's WebAnno TSV; .* export CoNLL 2002 instead",
        ),
        (
            "| word | tag |\n|---|:---|\n| Ida | B-PER |\n| ruft | O |\n| Bonn | B-LOC |\n",
            "looks like a table of Markdown; .* leave out the line of dashes, and put tabs",
        ),
        (
            '<?xml version="1.0"?>\n<p><persName>Ida</persName> ruft.</p>\n<p>Ja.</p>\n',
            r"looks like mark-up \(XML, HTML\), .* turn other elements into these",
        ),
    ],
)
def test_what_a_file_is_and_what_to_do_is_told(tmp_path: Path, content: str, message: str) -> None:
    for with_tags in (True, False):
        with pytest.raises(InputError, match=message):
            read(tmp_path, content, with_tags=with_tags)
    with pytest.raises(InputError, match="format is text, but the file looks like"):
        read(tmp_path, content, with_tags=False, format="text")


def test_a_spreadsheet_is_no_zip_of_corpora(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as box:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            box.writestr(name, "<x/>")
    with pytest.raises(InputError, match=r"is a spreadsheet or document of an office program; .* save it as CSV"):
        load_corpus(tmp_path / "x.xlsx", CorpusFormat(), LabelConfig(), "de")
