import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.catalog import GOLD, LABELLED, SENTENCES
from tasks.corpus.corpus import Corpus
from tasks.corpus.tables import gold_table, labelled_table, sentences_table, string_lists

CORPUS = Corpus("de", [["Ana", "singt"], ["Rio"]], [["B-PER", "O"], ["B-LOC"]], ("LOC", "PER"))


@given(st.lists(st.lists(st.text())))
def test_string_lists_equal_what_arrow_makes_of_them(sentences: list[list[str]]) -> None:
    assert string_lists(sentences).equals(pa.array(sentences, type=pa.list_(pa.string())))


def test_tables_have_the_columns_of_the_catalogue() -> None:
    rows = labelled_table(CORPUS).to_pylist()
    assert rows[0] == {"sentence_id": 0, "words": ["Ana", "singt"], "tags": ["B-PER", "O"]}
    assert rows[1] == {"sentence_id": 1, "words": ["Rio"], "tags": ["B-LOC"]}
    tables = {SENTENCES: sentences_table, LABELLED: labelled_table, GOLD: gold_table}
    for dataset, make in tables.items():
        assert make(CORPUS).cast(dataset.schema).schema.names == dataset.schema.names


def test_tags_that_were_not_read_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="without its tags"):
        gold_table(Corpus("de", [["Rio"]]))
