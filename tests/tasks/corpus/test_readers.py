import gzip
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFile, CorpusFormat
from tasks.corpus.read import read_gold, read_labelled, read_parallel, read_sentences
from tasks.words.labels import LabelConfig

COLUMNS = "Ana\tB-PER\nsingt\tO\n\nRio\tB-LOC\n"
TEXTS = {
    "columns": COLUMNS,
    "wikiann": "de:Ana\tB-PER\nde:singt\tO\n\nde:Rio\tB-LOC\n",
    "jsonl": '{"tokens": ["Ana", "singt"], "tags": ["B-PER", "O"]}\n{"tokens": ["Rio"], "tags": ["B-LOC"]}\n',
    "conllu": "\n".join(
        "\t".join([number, word, *"_______", f"name={tag}"]) if word else ""
        for number, word, tag in [("1", "Ana", "B-PER"), ("2", "singt", "O"), ("", "", ""), ("1", "Rio", "B-LOC")]
    ),
}


def written(path: Path, text: str = COLUMNS) -> InputFile:
    path.write_text(text, encoding="utf-8")
    return InputFile(path=str(path))


def read(*files: InputFile, with_tags: bool = True, **options: object) -> Corpus:
    format = CorpusFormat.model_validate(options)
    return load_corpus(files, format, LabelConfig() if with_tags else None, "de")


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_a_sentence_is_the_same_in_every_format(tmp_path: Path, kind: str, packed: bool, given: bool) -> None:
    content = TEXTS[kind].encode()
    (tmp_path / "x.gz" if packed else tmp_path / "x").write_bytes(gzip.compress(content) if packed else content)
    corpus = load_corpus(next(tmp_path.iterdir()), CorpusFormat(format=kind if given else "auto"), LabelConfig(), "de")
    assert corpus.words == [["Ana", "singt"], ["Rio"]]
    assert corpus.tags == [["B-PER", "O"], ["B-LOC"]]
    assert [part.format for part in corpus.parts] == [kind]


def test_packed_text_is_text(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"Ana singt.\n"))
    corpus = load_corpus(tmp_path / "x.gz", CorpusFormat(), None, "de")
    assert corpus.words == [["Ana", "singt", "."]]
    assert corpus.parts[0].format == "text"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (TEXTS["jsonl"], {"tag_column": 2, "format": "jsonl"}, "tag_column is set, but format jsonl does not know it"),
        (COLUMNS, {"tags_key": "x", "format": "columns"}, "tags_key is set, but format columns does not know it"),
        (TEXTS["conllu"], {"token_column": 3, "format": "conllu"}, "token_column is set, but format conllu"),
    ],
)
def test_an_option_that_a_format_does_not_know_is_an_error(
    tmp_path: Path, text: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(written(tmp_path / "x", text), **options)


def test_given_columns_are_taken_at_their_word(tmp_path: Path) -> None:
    assert read(written(tmp_path / "x", TEXTS["wikiann"]), token_column=1).words[1] == ["de:Rio"]


def test_sentences_of_several_files_follow_each_other(tmp_path: Path) -> None:
    files = written(tmp_path / "b"), written(tmp_path / "a", TEXTS["jsonl"].replace("Ana", "Ida"))
    corpus = read(*files)
    assert corpus.words == [["Ana", "singt"], ["Rio"], ["Ida", "singt"], ["Rio"]]
    assert [(part.format, part.sentences) for part in corpus.parts] == [("columns", 2), ("jsonl", 2)]


def test_duplicates_and_the_most_sentences_count_over_all_files(tmp_path: Path) -> None:
    files = written(tmp_path / "a"), written(tmp_path / "b", COLUMNS + "\nUN\tB-ORG\n")
    whole = read(*files, remove_duplicates=True)
    assert (whole.words, whole.duplicates) == ([["Ana", "singt"], ["Rio"], ["UN"]], 2)
    assert read(*files, max_sentences=3).words == [["Ana", "singt"], ["Rio"], ["Ana", "singt"]]


def test_each_file_may_have_its_own_scheme(tmp_path: Path) -> None:
    # An I- at a sentence's start makes the first file IOB1; the second is IOB2.
    files = written(tmp_path / "a", "Ana\tI-PER\nKoch\tI-PER\n"), written(tmp_path / "b")
    corpus = read(*files)
    assert corpus.tags == [["B-PER", "I-PER"], ["B-PER", "O"], ["B-LOC"]]
    assert ([part.scheme for part in corpus.parts], corpus.scheme) == (["iob1", "iob2"], None)


def test_a_file_without_entities_may_stand_beside_others(tmp_path: Path) -> None:
    files = written(tmp_path / "a", "nichts\tO\n"), written(tmp_path / "b")
    assert read(*files).types == ("LOC", "PER")
    with pytest.raises(InputError, match="every tag is O"):
        read(files[0], files[0])


def test_an_error_names_the_file_of_several(tmp_path: Path) -> None:
    files = written(tmp_path / "a"), written(tmp_path / "bad", "Ana\tB-PER\nKoch\n\n")
    with pytest.raises(InputError, match=r"bad, line 2: 1 column"):
        read(*files)
    with pytest.raises(InputError, match=r"empty: no sentence in it"):
        read(files[0], written(tmp_path / "empty", ""))


def test_a_step_reads_several_files_and_knows_them_by_content(tmp_path: Path) -> None:
    store, format = Store(tmp_path / "store"), CorpusFormat()
    one, two = written(tmp_path / "a"), written(tmp_path / "b", TEXTS["jsonl"])
    labelled = run_alone(store, read_labelled, (one, two), format, LabelConfig(), "de")
    sentences = run_alone(store, read_sentences, (one, two), format, "de")
    gold = run_alone(store, read_gold, (one, two), format, LabelConfig(), "de")
    assert store.table(sentences)["words"].to_pylist() == [["Ana", "singt"], ["Rio"]] * 2
    assert store.table(gold)["tags"] == store.table(labelled)["tags"]
    assert run_alone(store, read_labelled, (two, one), format, LabelConfig(), "de").key != labelled.key
    moved = written(tmp_path / "c"), two
    assert run_alone(store, read_labelled, moved, format, LabelConfig(), "de").key == labelled.key
    assert run_alone(store, read_labelled, one, format, LabelConfig(), "de").key != labelled.key


def test_parallel_text_may_be_packed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (tmp_path / "de.gz").write_bytes(gzip.compress(b"Ja.\nNein.\n"))
    source, target = written(tmp_path / "en", "Yes.\nNo.\n"), InputFile(path=str(tmp_path / "de.gz"))
    pairs = run_alone(store, read_parallel, source, target, "en", "de")
    assert store.table(pairs)["target"].to_pylist() == ["Ja.", "Nein."]


def test_a_configuration_names_one_path_or_a_list() -> None:
    one, several = CorpusFile(path="a"), CorpusFile.model_validate({"path": ["a", "b"]})
    assert (one.paths, several.paths) == (("a",), ("a", "b"))
    assert (one.shown, several.shown) == ("a", "a, b")
    assert several.without_path() == one.without_path() == CorpusFormat()
    for wrong in ("", [], ["a", ""]):
        with pytest.raises(ValueError, match="path"):
            CorpusFile.model_validate({"path": wrong})


@pytest.mark.parametrize("content", ["Ana\tB-PER\nsingt\tO\n\nRio\tB-LOC\n", "B-PER\tAna\nO\tsingt\n\nB-LOC\tRio\n"])
def test_line_ends_with_several_carriage_returns_are_line_ends_and_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_bytes(content.replace("\n", "\r\r\n").encode())
    corpus = read(InputFile(path=str(tmp_path / "x")))
    assert (corpus.words, corpus.tags) == ([["Ana", "singt"], ["Rio"]], [["B-PER", "O"], ["B-LOC"]])
    assert corpus.parts[0].remarks == ("4 line ends have several carriage returns, which were left out",)
    (tmp_path / "x").write_bytes(content.replace("\n", "\r\n").encode())
    assert read(InputFile(path=str(tmp_path / "x"))).parts[0].remarks == ()
