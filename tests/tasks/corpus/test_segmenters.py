"""Words of Chinese, Japanese and Thai: what finds them, and that nothing is found silently in another way."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.segmenters import segmenter_name
from tasks.corpus.text import word_places, word_splitter
from tasks.words.labels import LabelConfig

# Language, package, text, and the words that a reader finds in it.
CASES = [
    ("zh", "rjieba", "张伟在北京大学学习。", ["张伟", "在", "北京大学", "学习", "。"]),
    ("ja", "sudachipy", "東京で iPhone を買う。", ["東京", "で", "iPhone", "を", "買う", "。"]),
    ("th", "pythainlp", "ผมรักกรุงเทพ iPhone", ["ผม", "รัก", "กรุงเทพ", "iPhone"]),
]
PACKAGES = {"zh": "rjieba", "ja": "sudachipy", "th": "pythainlp"}


def read(tmp_path: Path, text: str, language: str, *, with_tags: bool = False, **settings: str) -> Corpus:
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return load_corpus(path, CorpusFormat.model_validate(settings), LabelConfig() if with_tags else None, language)


@pytest.mark.parametrize(("language", "package", "text", "words"), CASES)
def test_a_segmenter_finds_words_and_not_characters(
    tmp_path: Path, language: str, package: str, text: str, words: list[str]
) -> None:
    pytest.importorskip(package)
    corpus = read(tmp_path, f"{text}\n", language)
    assert corpus.words == [words] and corpus.splitter == segmenter_name(language)
    assert corpus.parts[0].layout.endswith(f"split into words by {segmenter_name(language)}")


@pytest.mark.parametrize(("language", "package", "text", "words"), CASES)
def test_without_its_package_the_error_names_the_extra_and_the_alternative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, package: str, text: str, words: list[str]
) -> None:
    from tasks.corpus import segmenters

    name = segmenter_name(language)
    # An earlier test may have loaded it.
    segmenters._KEPT[name].load.cache_clear()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.tokenize", None)
    extra = {"zh": "chinese", "ja": "japanese", "th": "thai"}[language]
    said = rf"text.txt: text in {language}: its words are found by {name}, which is not installed.*crosstag\[{extra}\]"
    with pytest.raises(InputError, match=rf"{said}.*characters"):
        read(tmp_path, f"{text}\n", language)
    corpus = read(tmp_path, f"{text}\n", language, segmenter="characters")
    assert "".join(corpus.words[0]) == text.replace(" ", "") and corpus.splitter == "characters"


def test_japanese_without_its_dictionary_is_the_same_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sudachipy = pytest.importorskip("sudachipy")
    from tasks.corpus import segmenters

    def missing(dict: str) -> None:
        raise ModuleNotFoundError(f"Package `sudachidict_{dict}` does not exist.")

    segmenters._sudachi.cache_clear()
    monkeypatch.setattr(sudachipy, "Dictionary", missing)
    with pytest.raises(InputError, match=r"crosstag\[japanese\]"):
        read(tmp_path, "東京\n", "ja")


def test_a_segmenter_of_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"segmenter is jieba, which splits .*zh.*, and the language is 'ja'"):
        read(tmp_path, "東京で買う。\n", "ja", segmenter="jieba")
    with pytest.raises(InputError, match=r"segmenter is characters, .* and the language is 'de'"):
        read(tmp_path, "Es regnet.\n", "de", segmenter="characters")


def test_a_segmenter_that_has_nothing_to_do_gets_a_note(tmp_path: Path) -> None:
    columns = "张伟\tB-PER\n来\tO\n\n他\tO\n走\tO\n"
    corpus = read(tmp_path, columns, "zh", with_tags=True, segmenter="jieba")
    assert corpus.words == [["张伟", "来"], ["他", "走"]] and corpus.splitter == ""
    assert corpus.parts[0].remarks == ("segmenter is jieba, and has nothing to do: the words are given",)


def test_entities_by_characters_are_tagged_on_the_words_of_the_segmenter(tmp_path: Path) -> None:
    pytest.importorskip("rjieba")
    # 0-1 the person, 3-6 the university.
    record = '{"text": "张伟在北京大学学习。", "label": [[0, 2, "PER"], [3, 7, "ORG"]]}\n'
    corpus = read(tmp_path, record, "zh", with_tags=True)
    assert corpus.words == [["张伟", "在", "北京大学", "学习", "。"]]
    assert corpus.tags == [["B-PER", "O", "B-ORG", "O", "O"]] and corpus.splitter == "jieba"


@pytest.mark.parametrize("language", PACKAGES)
def test_no_character_is_lost_or_torn(language: str) -> None:
    pytest.importorskip(PACKAGES[language])
    split = word_splitter(language)
    # An accent on its own, an emoji of three characters, half-width voicing, marks of Thai, full-width spaces.
    text = "e\u0301a\u3000ｶﾞ👩\u200d💻 ที่\u0e33 𠮷 か\u3099。\x07x"
    words = split(text)
    assert [text[start:end] for start, end in word_places(text, words)] == words
    assert any("👩\u200d💻" in word for word in words) and any("e\u0301" in word for word in words)
    assert split("") == split(" \u3000") == []


@pytest.mark.parametrize("language", PACKAGES)
@given(text=st.text(alphabet="张伟京東かガｶﾞผมที่ aZ9.,。！\u3000\u200d\u0301👩é", max_size=30))
def test_every_word_of_a_segmenter_stands_at_its_place(language: str, text: str) -> None:
    pytest.importorskip(PACKAGES[language])
    words = word_splitter(language)(text)
    assert [text[start:end] for start, end in word_places(text, words)] == words
    assert "".join(words) == "".join(character for character in text if not character.isspace())


def test_a_line_longer_than_sudachi_takes_is_split_in_pieces() -> None:
    pytest.importorskip("sudachipy")
    split = word_splitter("ja")
    assert split("東京で買う。" * 5000) == ["東京", "で", "買う", "。"] * 5000


@pytest.mark.parametrize(("language", "said"), [("", "no language is named"), ("de", "the language is 'de'")])
def test_text_without_spaces_in_another_language_gets_a_note(tmp_path: Path, language: str, said: str) -> None:
    corpus = read(tmp_path, "ผมรักกรุงเทพ มาก\nสวัสดี iPhone\n", language)
    (remark,) = corpus.parts[0].remarks
    assert corpus.words == [["ผมรักกรุงเทพ", "มาก"], ["สวัสดี", "iPhone"]]
    assert remark.startswith("3 of 4 words, such as 'ผมรักกรุงเทพ', are in a script without spaces")
    assert said in remark
    assert read(tmp_path, "Der Ort heißt 北京大学 seit langer Zeit.\n", "de").parts[0].remarks == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("km", "រាជធានីភ្នំពេញ គឺជារដ្ឋធានី។"),
        ("lo", "ນະຄອນຫຼວງວຽງຈັນ ເປັນເມືອງຫຼວງ"),
        ("my", "ရန်ကုန်မြို့သည် မြန်မာနိုင်ငံ၏။"),
    ],
)
def test_phrases_that_pass_for_words_get_a_note_that_names_characters(tmp_path: Path, language: str, text: str) -> None:
    (remark,) = read(tmp_path, f"{text}\n", language).parts[0].remarks
    assert f"such as {text.split()[0]!r}, are in a script without spaces" in remark
    assert f"the language is {language!r}" in remark and "set segmenter: characters" in remark
    assert read(tmp_path, f"{text}\n", language, segmenter="characters").parts[0].remarks == ()
    (remark,) = read(tmp_path, f"{text}\n", "de").parts[0].remarks
    assert "is the language right?" in remark
