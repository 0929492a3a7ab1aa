"""`crosstag convert`: any words in any format and back, and the command itself."""

import tempfile
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from flows.commands.cli import main
from flows.commands.convert import convert, write_corpus
from tasks.corpus.corpus import Corpus, load_corpus, make_corpus
from tasks.corpus.docbin import docbin_bytes
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.write import WRITERS, written
from tasks.words.labels import LabelConfig

COLUMNS = "Ida\tB-PER\nKoch\tI-PER\nruft\tO\n.\tO\n\nBonn\tB-LOC\nruht\tO\n"
WORDS = [["Ida", "Koch", "ruft", "."], ["Bonn", "ruht"]]
TAGS = [["B-PER", "I-PER", "O", "O"], ["B-LOC", "O"]]

# Words of several scripts, with joiners, marks, quotes, signs that formats use; no space, which few formats can hold.
SCRIPTS = "abZÄßőй中文日本あ한글العربيةहिन्दीไทยမြန်မာ"
SIGNS = "\"'“”„«»&<>|/\\#-_*()[]{}:;,.!?%@0123456789\u200c\u200d\u0301\u00ad€😀"
words = st.text(alphabet=SCRIPTS + SIGNS, min_size=1, max_size=7).map(lambda word: unicodedata.normalize("NFC", word))
types = st.sampled_from(["PER", "LOC", "person-actor"])


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    its_words = ["Ida", *draw(st.lists(words, min_size=1, max_size=5))]
    tags: list[str] = []
    for _ in its_words:
        kind = draw(types)
        go_on = [f"I-{tags[-1][2:]}"] if tags and tags[-1] != "O" else []
        tags.append(draw(st.sampled_from(["O", f"B-{kind}", *go_on])))
    return its_words, tags


def read_again(corpus: Corpus, to: str) -> Corpus:
    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for ending, content in written(corpus, to).items():
            path = Path(folder) / f"corpus{ending}"
            path.write_bytes(content)
            sources.append(InputFile(path=str(path)))
        return load_corpus(tuple(sources), CorpusFormat.model_validate(WRITERS[to].read), LabelConfig(), "de")


def joined(sentences: list[list[str]] | None) -> list[list[str]]:
    """Tags whose neighbours of one type are one entity, as types without prefixes have it."""
    return [
        [f"I-{tag[2:]}" if tag != "O" and before[2:] == tag[2:] else tag for before, tag in pairwise(["O", *tags])]
        for tags in sentences or []
    ]


LABELLED = [name for name in WRITERS if name not in ("text", "words")]


@pytest.mark.parametrize("to", LABELLED)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.lists(sentences(), min_size=1, max_size=4))
def test_any_corpus_is_written_and_read_again_or_refused(to: str, drawn: list[tuple[list[str], list[str]]]) -> None:
    if to == "spacy":
        pytest.importorskip("spacy")
    # The first sentence has an entity, and several words, as any corpus has.
    drawn = [(["Ida", "Koch", "ruft"], ["B-PER", "I-PER", "O"]), *drawn]
    corpus = make_corpus([each for each, _ in drawn], [tags for _, tags in drawn], "de")
    try:
        again = read_again(corpus, to)
    except InputError:
        # A word may look like what parts words, or comments, in formats without quotes.
        assert to in ("columns", "few-nerd", "csv", "pipes", "opennlp", "enamex"), to
        return
    if to in (
        "jsonl",
        "json",
        "parquet",
        "doccano",
        "label-studio",
        "prodigy",
        "argilla",
        "spacy-json",
        "brat",
        "conllu",
        "spacy",
    ):
        assert (again.words, again.tags) == (corpus.words, corpus.tags)
    elif (again.words, again.tags) != (corpus.words, joined(corpus.tags) if to == "few-nerd" else corpus.tags):
        assert any(set("|/<>#") & set(word) or word.startswith("-") for sentence in corpus.words for word in sentence)


@pytest.mark.parametrize("to", LABELLED)
def test_every_format_is_found_again_by_itself(to: str, tmp_path: Path) -> None:
    if to == "spacy":
        pytest.importorskip("spacy")
    corpus = make_corpus(WORDS, TAGS, "de")
    sources = []
    for ending, content in written(corpus, to).items():
        (tmp_path / f"x{ending}").write_bytes(content)
        sources.append(InputFile(path=str(tmp_path / f"x{ending}")))
    again = load_corpus(tuple(sources), CorpusFormat(), LabelConfig(), "de")
    assert (again.words, again.tags) == (WORDS, TAGS)


@pytest.fixture
def crosstag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["crosstag", "convert", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, code = capsys.readouterr(), int(ended.value.code or 0)
        return code, printed.err if code == 2 else printed.out

    return run


def test_the_command_writes_what_the_ending_says(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text(COLUMNS)
    code, out = crosstag(tmp_path / "in.tsv", tmp_path / "out.csv")
    assert (code, out.strip()) == (0, f"{tmp_path / 'out.csv'}: csv, 2 sentences, 6 words, 2 entities")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[:3] == ["Sentence #,Word,Tag", "Sentence: 1,Ida,B-PER", "Sentence: 1,Koch,I-PER"]


def test_the_command_writes_a_named_format_and_brat_in_two_files(
    crosstag: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "in.tsv").write_text(COLUMNS)
    code, _ = crosstag(tmp_path / "in.tsv", tmp_path / "out.jsonl", "--to", "doccano")
    assert code == 0
    assert (tmp_path / "out.jsonl").read_text().splitlines()[1] == (
        '{"text": "Bonn ruht", "label": [[0, 4, "LOC"]], "tokens": ["Bonn", "ruht"]}'
    )
    code, out = crosstag(tmp_path / "in.tsv", tmp_path / "doc.ann")
    assert code == 0 and "read it again with tokenized: true" in out
    assert (tmp_path / "doc.txt").read_text() == "Ida Koch ruft .\nBonn ruht\n"
    assert (tmp_path / "doc.ann").read_text() == "T1\tPER 0 8\tIda Koch\nT2\tLOC 16 20\tBonn\n"


def test_what_was_written_is_read_by_characters(tmp_path: Path) -> None:
    # 阿 花 is 8 to 11 in characters; in UTF-16 units that would be 爱 阿, two whole words as well.
    (tmp_path / "in.jsonl").write_text(
        '{"tokens": ["😀", "😀", "我", "爱", "阿", "花"], "tags": ["O", "O", "O", "O", "B-PER", "I-PER"]}\n'
    )
    convert(str(tmp_path / "in.jsonl"), tmp_path / "out.jsonl", "doccano", [], "de", ".")
    assert '"label": [[8, 11, "PER"]]' in (tmp_path / "out.jsonl").read_text()
    with pytest.raises(InputError, match="set offsets to characters or utf-16"):
        convert(str(tmp_path / "out.jsonl"), tmp_path / "again.tsv", "", [], "de", ".")
    convert(str(tmp_path / "out.jsonl"), tmp_path / "again.tsv", "", ["offsets=characters"], "de", ".")


def test_what_a_format_cannot_hold_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"tokens": ["New York", "ruft"], "tags": ["B-LOC", "O"]}\n')
    with pytest.raises(InputError, match=r"convert: pipes cannot hold .*jsonl holds every corpus"):
        convert(str(tmp_path / "in.jsonl"), tmp_path / "out.txt", "pipes", [], "de", ".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


@pytest.mark.parametrize(
    ("target", "to", "message"),
    [
        ("in.tsv", "", "is there already; name a new place"),
        ("out.xyz", "", "the ending of .*out.xyz tells no format; expected .conll"),
        ("none/out.csv", "", "there is no folder"),
        ("out.txt", "klingon", "there is no format 'klingon' to write; expected one of columns"),
    ],
)
def test_a_wrong_target_is_refused(
    crosstag: Callable[..., tuple[int, str]], tmp_path: Path, target: str, to: str, message: str
) -> None:
    (tmp_path / "in.tsv").write_text(COLUMNS)
    code, error = crosstag(tmp_path / "in.tsv", tmp_path / target, "--to", to)
    assert code == 2
    assert pytest.importorskip("re").search(message, error), error


def test_a_text_without_tags_is_no_labelled_corpus(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Ida ruft.\n")
    with pytest.raises(InputError, match="doccano has tags, and the corpus has none"):
        convert(str(tmp_path / "in.txt"), tmp_path / "out.jsonl", "doccano", [], "de", ".")
    convert(str(tmp_path / "in.txt"), tmp_path / "out.jsonl", "", [], "de", ".")
    assert (tmp_path / "out.jsonl").read_text() == '{"tokens": ["Ida", "ruft", "."]}\n'


def test_docbin_asks_for_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(InputError, match="spaCy is not installed"):
        docbin_bytes(WORDS, TAGS, "x")


def test_types_without_prefixes_are_refused_where_neighbours_would_become_one_entity(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("Ida\tB-person-actor\nUwe\tB-person-actor\nruft\tO\n")
    with pytest.raises(InputError, match=r"convert: few-nerd cannot hold sentence 1"):
        convert(str(tmp_path / "in.tsv"), tmp_path / "out.txt", "few-nerd", [], "de", ".")
    (tmp_path / "in.tsv").write_text("Ida\tB-person-actor\nKoch\tI-person-actor\nruft\tO\n\nBonn\tB-loc-city\n")
    convert(str(tmp_path / "in.tsv"), tmp_path / "out.txt", "few-nerd", [], "de", ".")
    assert (tmp_path / "out.txt").read_text() == "Ida\tperson-actor\nKoch\tperson-actor\nruft\tO\n\nBonn\tloc-city\n"


def test_that_text_has_no_labels_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled = Corpus("", [["Ada", "sings"]], [["B-PER", "O"]], types=("PER",))
    write_corpus(labelled, tmp_path / "a.txt", "text", "")
    assert "1 sentences, 2 words, without their labels\n" in capsys.readouterr().out
    write_corpus(labelled, tmp_path / "a.conll", "columns", "")
    assert "1 sentences, 2 words, 1 entities\n" in capsys.readouterr().out
