"""WikiNER's bars, OpenNLP's and ENAMEX' mark-up, brat's standoff files, zips, encodings, DocBin without spaCy."""

import io
import shutil
import zipfile
import zlib
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from flows.commands.files_named import missing_files
from flows.parts.corpora import corpus_input
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.docbin import is_docbin
from tasks.corpus.formats import CorpusFile, CorpusFormat
from tasks.corpus.read import read_labelled
from tasks.words.labels import LabelConfig


def read(folder: Path, content: bytes | str, *, name: str = "x", with_tags: bool = True, **options: object) -> Corpus:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_corpus(path, CorpusFormat.model_validate(options), LabelConfig() if with_tags else None, "de")


def shown(corpus: Corpus) -> list[str]:
    assert corpus.tags is not None
    return [
        " ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))
        for words, tags in zip(corpus.words, corpus.tags, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ida|NE|I-PER Koch|NE|I-PER ruft|VV|O .|PT|O\nBonn|NE|I-LOC ruht|VV|O\n",
            ["Ida/B-PER Koch/I-PER ruft .", "Bonn/B-LOC ruht"],
        ),
        ("||PT|O Ida|NE|B-PER ruft|VV|O\n", ["| Ida/B-PER ruft"]),
        ("Ida/B-PER ruft/O an/O\n", ["Ida/B-PER ruft an"]),
        (
            "<START:person> Ida Koch <END> ruft in <START:place> Bonn <END> .\nJa .\n",
            ["Ida/B-person Koch/I-person ruft in Bonn/B-place .", "Ja ."],
        ),
        (
            '<ENAMEX TYPE="PER">Ida &amp; Uwe</ENAMEX> in <ENAMEX TYPE="LOC">Bonn</ENAMEX>.',
            ["Ida/B-PER &/I-PER Uwe/I-PER in Bonn/B-LOC ."],
        ),
        (
            '<s>Am <TIMEX TYPE="DATE">1. Mai</TIMEX> <b>ruht</b> <enamex type="LOC">Bonn</enamex></s>',
            ["Am 1/B-DATE ./I-DATE Mai/I-DATE ruht Bonn/B-LOC"],
        ),
        (
            '<ENAMEX TYPE="ORG">Amt <ENAMEX TYPE="LOC">Bonn</ENAMEX></ENAMEX> ruft',
            ["Amt/B-ORG Bonn/I-ORG ruft"],
        ),
    ],
)
def test_mark_up_is_read(tmp_path: Path, text: str, expected: list[str]) -> None:
    corpus = read(tmp_path, text)
    assert [line.replace("1/B-DATE ./I-DATE", "1./B-DATE") for line in shown(corpus)] == [
        line.replace("1/B-DATE ./I-DATE", "1./B-DATE") for line in expected
    ]
    assert read(tmp_path, text, with_tags=False).words == corpus.words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<START:a> Ida ruft\n", "line 1: <START:a> is not ended"),
        ("<START:a> Ida <START:b> Uwe <END>\n", "<START:b> at character 14 begins inside another"),
        ("<START:a> Ida <END> <END>\n", "<END> at character 20 ends nothing"),
        ('<ENAMEX TYPE="A">Ida\nUwe</ENAMEX>\n', "line 1: <ENAMEX TYPE='A'> is not ended on its line"),
        (
            "Ida|I-PER ruft|O\nBonn ruht|O a|O b|O c|O d|O e|O f|O g|O h|O i|O\n",
            "line 2: 'Bonn' is no word with 1 '|' and a tag",
        ),
    ],
)
def test_broken_mark_up_is_told_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("|", "[|]")):
        read(tmp_path, text)


BRAT_TEXT = "Ida Koch ruft.\nIn Bonn."
BRAT = "T1\tPER 0 8\tIda Koch\nT2\tLOC 18 22\tBonn\nR1\tin Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T1\tsicher\n"


def brat(folder: Path, text: str = BRAT_TEXT, annotations: str = BRAT) -> Path:
    (folder / "doc.txt").write_text(text, encoding="utf-8")
    (folder / "doc.ann").write_text(annotations, encoding="utf-8")
    return folder / "doc.ann"


def test_brats_annotations_are_read_with_the_text_beside_them(tmp_path: Path) -> None:
    brat(tmp_path)
    file = CorpusFile(path="doc.ann")
    corpus = load_corpus(corpus_input(file, Runtime(data=str(tmp_path))), file.without_path(), LabelConfig(), "de")
    assert shown(corpus) == ["Ida/B-PER Koch/I-PER ruft .", "In Bonn/B-LOC ."]
    assert [part.format for part in corpus.parts] == ["brat"]


def test_a_changed_text_beside_annotations_is_another_input_of_a_run(tmp_path: Path) -> None:
    path, store, file = brat(tmp_path), Store(tmp_path / "store"), CorpusFile(path="doc.ann")

    def key() -> str:
        source = corpus_input(file, Runtime(data=str(tmp_path)))
        return run_alone(store, read_labelled, source, file.without_path(), LabelConfig(), "de").key

    first = key()
    path.with_suffix(".txt").write_text(BRAT_TEXT + " Ja.", encoding="utf-8")
    assert key() != first


WINDOWS_TEXT = b"Ida Koch ruft.\r\nIn Bonn\r\nam Rhein."
# Behind a line's end each offset is one more where the carriage return counts.
COUNTED = "T1\tPER 0 8\tIda Koch\nT2\tLOC 19 23;28 33\tBonn Rhein\nT3\tLOC 28 33\tRhein\n"
NOT_COUNTED = "T1\tPER 0 8\tIda Koch\nT2\tLOC 18 22;26 31\tBonn Rhein\nT3\tLOC 26 31\tRhein\n"
PIECES_ALONE = "T2\tLOC 19 21;21 23\tBo nn\n"


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (COUNTED, ["Ida/B-PER Koch/I-PER ruft .", "In Bonn/B-LOC am/I-LOC Rhein/I-LOC ."]),
        (NOT_COUNTED, ["Ida/B-PER Koch/I-PER ruft .", "In Bonn/B-LOC am/I-LOC Rhein/I-LOC ."]),
        (PIECES_ALONE, ["Ida Koch ruft .", "In Bonn/B-LOC", "am Rhein ."]),
    ],
)
def test_offsets_may_count_carriage_returns(tmp_path: Path, annotations: str, expected: list[str]) -> None:
    brat(tmp_path, annotations=annotations).with_suffix(".txt").write_bytes(WINDOWS_TEXT)
    assert shown(read_path("doc.ann", tmp_path)) == expected


@pytest.mark.parametrize("paths", [["doc.ann", "doc.txt"], ["doc.txt", "doc.ann"], ["./doc.ann", "doc.txt", "a.txt"]])
def test_a_text_that_is_listed_behind_its_annotations_is_read_once(tmp_path: Path, paths: list[str]) -> None:
    brat(tmp_path)
    (tmp_path / "a.txt").write_text("Es regnet.")
    file = CorpusFile.model_validate({"path": paths})
    source = corpus_input(file, Runtime(data=str(tmp_path)))
    words = load_corpus(source, file.without_path(), None, "de").words
    assert words[:2] == [["Ida", "Koch", "ruft", "."], ["In", "Bonn", "."]]
    assert words[2:] == [["Es", "regnet", "."]] * ("a.txt" in paths)


def test_annotations_that_are_not_about_the_text_are_an_error(tmp_path: Path) -> None:
    path = brat(tmp_path, text="Uwe Koch ruft.\nIn Bonn.")
    with pytest.raises(InputError, match="is 'Uwe Koch' in the text, and 'Ida Koch' beside the offsets"):
        load_corpus(
            (InputFile(path=str(path)), InputFile(path=str(path.with_suffix(".txt")))), CorpusFormat(), None, "de"
        )


def test_annotations_without_a_text_say_what_is_missing(tmp_path: Path) -> None:
    path = brat(tmp_path)
    path.with_suffix(".txt").unlink()
    with pytest.raises(InputError, match=r"brat's annotations count characters of a text, and none follows; .*doc.txt"):
        load_corpus(corpus_input(CorpusFile(path=str(path)), Runtime()), CorpusFormat(), None, "de")


@pytest.fixture
def pairs() -> dict[str, str]:
    """Two of brat's pairs, by their order: a.ann comes first whatever the archive says."""
    return {
        "b.txt": "Uwe ruht.",
        "b.ann": "T1\tPER 0 3\tUwe\n",
        "a.ann": BRAT,
        "a.txt": BRAT_TEXT,
        ".stats_cache": "",
        "annotation.conf": "[entities]\nPER\n",
    }


def unpack(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read_path(path: str, data: Path, **options: object) -> Corpus:
    file = CorpusFile.model_validate({"path": path, **options})
    return load_corpus(corpus_input(file, Runtime(data=str(data))), file.without_path(), LabelConfig(), "de")


IN_PAIRS = ["Ida/B-PER Koch/I-PER ruft .", "In Bonn/B-LOC .", "Uwe/B-PER ruht ."]


def test_a_folder_of_brats_pairs_is_one_corpus(tmp_path: Path, pairs: dict[str, str]) -> None:
    unpack(tmp_path / "brat", pairs)
    corpus = read_path("brat", tmp_path)
    assert shown(corpus) == IN_PAIRS
    assert [Path(part.name).name for part in corpus.parts] == ["a.ann", "b.ann"]
    assert shown(read_path("brat", tmp_path, format="brat")) == IN_PAIRS
    # What `crosstag deploy` takes for missing.
    (tmp_path / "empty").mkdir()
    named = [CorpusFile(path=path) for path in ("brat", "empty")]
    assert [missing_files(file, Runtime(data=str(tmp_path))) for file in named] == [[], ["empty"]]


def test_a_zip_of_brats_pairs_is_one_corpus(tmp_path: Path, pairs: dict[str, str]) -> None:
    (tmp_path / "x.zip").write_bytes(zip_of(**{f"data/{name}": text for name, text in pairs.items()}))
    corpus = read_path("x.zip", tmp_path)
    assert shown(corpus) == IN_PAIRS
    assert [part.name.rpartition(":")[2] for part in corpus.parts] == ["data/a.ann", "data/b.ann"]
    with pytest.raises(InputError, match=r"format is columns, but the zip holds brat's .ann files"):
        read_path("x.zip", tmp_path, format="columns")
    with pytest.raises(InputError, match=r"x.zip:data/a.ann, text 1: the entity 'PER' from character 0 to 8 is"):
        (tmp_path / "x.zip").write_bytes(zip_of(**{"data/a.ann": BRAT, "data/a.txt": "Uwe Koch ruft.\nIn Bonn."}))
        read_path("x.zip", tmp_path)


def test_folders_inside_belong_to_a_folder_of_brats_pairs_as_to_a_zip(tmp_path: Path, pairs: dict[str, str]) -> None:
    unpack(tmp_path / "brat", {name: text for name, text in pairs.items() if not name.startswith("b.")})
    unpack(tmp_path / "brat" / "b", {"c.ann": pairs["b.ann"], "c.txt": pairs["b.txt"]})
    unpack(tmp_path / "brat" / ".hidden", {"d.txt": "Nein."})
    (tmp_path / "x.zip").write_bytes(
        zip_of(**{"a.ann": BRAT, "a.txt": BRAT_TEXT, "b/c.ann": pairs["b.ann"], "b/c.txt": pairs["b.txt"]})
    )
    for path in ("brat", "x.zip"):
        assert shown(read_path(path, tmp_path)) == IN_PAIRS
    assert shown(read_path(".", tmp_path / "brat" / "b")) == IN_PAIRS[2:]
    assert shown(read_path("..", tmp_path / "brat" / "b")) == IN_PAIRS
    (tmp_path / "brat" / "b" / "c.ann").unlink()
    with pytest.raises(InputError, match=r"b/c.txt has no b/c.ann beside it"):
        read_path("brat", tmp_path)


@pytest.mark.parametrize("archive", [False, True])
def test_whether_entities_fit_words_is_judged_over_all_texts_of_brats(tmp_path: Path, archive: bool) -> None:
    files = {f"{name}.txt": "Ida ruft.\n" for name in "abcdef"}
    files |= {f"{name}.ann": "T1\tPER 0 3\tIda\n" for name in "abc"} | {f"{name}.ann": "" for name in "ef"}
    files["d.ann"] = "T1\tPER 0 2\tId\n"

    def read_again() -> Corpus:
        if archive:
            (tmp_path / "x.zip").write_bytes(zip_of(**files))
            return read_path("x.zip", tmp_path)
        shutil.rmtree(tmp_path / "brat", ignore_errors=True)
        return read_path(unpack(tmp_path / "brat", files).name, tmp_path)

    corpus = read_again()
    assert shown(corpus) == ["Ida/B-PER ruft ."] * 4 + ["Ida ruft ."] * 2
    assert [len(part.remarks) for part in corpus.parts] == [0, 0, 0, 1, 0, 0]
    # Of four entities three are torn.
    files |= {f"{name}.ann": files["d.ann"] for name in "bc"}
    with pytest.raises(InputError, match=r"b.ann and the 5 other texts: 3 of 4 entities begin or end inside a word"):
        read_again()


def test_whether_entities_fit_words_is_judged_for_each_other_file(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    paths[0].write_text('{"text": "Ida ruft.", "label": [[0, 3, "PER"]]}\n' * 9, encoding="utf-8")
    paths[1].write_text('{"text": "Ida ruft.", "label": [[1, 6, "PER"]]}\n', encoding="utf-8")
    sources = tuple(InputFile(path=str(path)) for path in paths)
    with pytest.raises(InputError, match=r"corpus \S*b.jsonl: 1 of 1 entities begin or end inside a word"):
        load_corpus(sources, CorpusFormat(), LabelConfig(), "de")


@pytest.mark.parametrize(("missing", "alone"), [("a.txt", "a.ann"), ("b.ann", "b.txt")])
def test_a_file_without_its_partner_is_named(tmp_path: Path, pairs: dict[str, str], missing: str, alone: str) -> None:
    del pairs[missing]
    unpack(tmp_path / "brat", pairs)
    (tmp_path / "x.zip").write_bytes(zip_of(**pairs))
    for path in ("brat", "x.zip"):
        with pytest.raises(InputError, match=rf"{alone} has no {missing} beside it; expected brat's .ann and .txt"):
            read_path(path, tmp_path)


def test_texts_alone_in_a_zip_are_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds 2 files \(a.txt, b.txt\); expected one, brat's .ann and"):
        read(tmp_path, zip_of(**{"a.txt": "Ja.", "b.txt": "Nein."}))


def zip_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as box:
        for name, text in files.items():
            box.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def test_a_zip_with_one_file_is_read(tmp_path: Path) -> None:
    corpus = read(tmp_path, zip_of(a__conll="Ida\tB-PER\nruft\tO\n"))
    assert shown(corpus) == ["Ida/B-PER ruft"]
    assert corpus.parts[0].name.endswith("x:a.conll")


def test_of_several_files_in_a_zip_one_is_chosen(tmp_path: Path) -> None:
    content = zip_of(train__conll="Ida\tB-PER\n", test__conll="Bonn\tB-LOC\n")
    with pytest.raises(InputError, match=r"holds 2 files \(train.conll, test.conll\); .* set member"):
        read(tmp_path, content)
    assert shown(read(tmp_path, content, member="test.conll")) == ["Bonn/B-LOC"]
    with pytest.raises(InputError, match=r"the zip has no 'dev.conll'; it has train.conll, test.conll"):
        read(tmp_path, content, member="dev.conll")
    with pytest.raises(InputError, match="member is set, and the file is no zip"):
        read(tmp_path, "Ida\tB-PER\n", member="a")


def test_a_broken_zip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the zip cannot be unpacked"):
        read(tmp_path, zip_of(a__conll="Ida\tB-PER\n")[:-30])


RUSSIAN = (
    "живёт в Бонне и каждый день ходит на работу пешком через старый парк".replace(" ", "\tO\n") + "\tO\nИда\tB-PER\n"
)
JAPANESE = "これは日本語の文章です。今日はとても天気がいいので、友達と一緒に公園へ行きました\tO\n井田\tB-PER\n"


@pytest.mark.parametrize(("text", "encoding"), [(RUSSIAN, "cp1251"), (JAPANESE, "shift_jis"), (RUSSIAN, "utf-16")])
def test_other_encodings_are_read_when_asked_for(tmp_path: Path, text: str, encoding: str) -> None:
    content = text.encode(encoding)
    assert read(tmp_path, content, encoding=encoding).words == read(tmp_path, text).words
    with pytest.raises(InputError, match=r"expected UTF-8.* set encoding") as raised:
        read(tmp_path, content)
    assert "latin" not in str(raised.value)


def test_halves_of_characters_are_named_and_joined_when_asked_for(tmp_path: Path) -> None:
    # U+1F600 is the surrogates D83D DE00, which CESU-8 writes as ED A0 BD ED B8 80.
    content = b"Ida\tB-PER\n\xed\xa0\xbd\xed\xb8\x80\tO\n"
    with pytest.raises(InputError, match=r"line 2: byte 1 .*halves of characters \(surrogates.*set encoding: cesu-8"):
        read(tmp_path, content)
    assert read(tmp_path, content, encoding="cesu-8").words == [["Ida", "\U0001f600"]]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"Ida\tO\n", {"encoding": "klingon"}, "encoding is 'klingon', which Python does not know"),
        (b"\xff\tO\n", {"encoding": "ascii"}, "its bytes are no ascii"),
        (b"%PDF-1.7\n", {}, "the file is a PDF; expected text"),
        (b"\x80\x04\x95abc", {}, "a pickle, which is not read"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes, options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, content, **options)


def test_a_docbin_is_told_and_asks_for_spacy_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = zlib.compress(b"\x87\xa7version\xa30.1")
    assert is_docbin(content)
    assert not is_docbin(b"x = 1\n")
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(InputError, match=r"spaCy is not installed; install it, with `pip install 'crosstag\[spacy\]'`"):
        read(tmp_path, content)


def test_a_docbin_is_written_and_read_again(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    from tasks.corpus.docbin import docbin_bytes

    words, tags = [["Ida", "Koch", "ruft"], ["Bonn"]], [["B-PER", "I-PER", "O"], ["B-LOC"]]
    corpus = read(tmp_path, docbin_bytes(words, tags, "x"))
    assert (corpus.words, corpus.tags) == (words, tags)


def test_words_of_a_docbin_are_brought_to_nfc(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    from tasks.corpus.docbin import docbin_bytes

    corpus = read(tmp_path, docbin_bytes([["Mu\u0308ller", "ruft"]], [["B-PER", "O"]], "x"))
    assert corpus.words == [["M\u00fcller", "ruft"]]


def test_an_encoding_is_asked_for_where_few_words_do_not_tell_it(tmp_path: Path) -> None:
    words = ["\u0418\u0434\u0430", "\u0436\u0438\u0432\u0451\u0442"]
    content = "".join(f"{word}\tO\n" for word in words).encode("cp1251")
    with pytest.raises(InputError, match=r"not UTF-8; .* set encoding"):
        read(tmp_path, content)
