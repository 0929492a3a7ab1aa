"""Words are spelt as in text, whatever the tokenizer makes of the space between them."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from tasks.tagging.subwords import spaces_alone, tokenised_words
from tasks.tagging.windows import make_windows

LINES = ["Am Samstag gewann Werder Bremen gegen den FC Barcelona .", "Werder gewann in Bremen .", "他是中国人 。"] * 50
SENTENCES = [["Am", "Samstag", "gewann", "Werder", "Bremen", "."], [], ["Werder"], ["FC", "Barcelona"]]


def trained(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["[UNK]"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


@pytest.fixture(scope="module")
def byte_level() -> PreTrainedTokenizerFast:
    """As RoBERTa's and ModernBERT's: ` Bremen` is ĠBremen."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return trained(tokenizer)


@pytest.fixture(scope="module")
def replacing() -> PreTrainedTokenizerFast:
    """As Gemma's: spaces become ▁, and a text has none at its start."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    return trained(tokenizer)


@pytest.fixture(scope="module")
def prefixing() -> PreTrainedTokenizerFast:
    """As XLM-R's: every word has ▁, the first one too."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    return trained(tokenizer)


@pytest.mark.parametrize("kind", ["byte_level", "replacing", "prefixing"])
def test_words_are_spelt_as_in_the_text_that_they_stand_in(kind: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(kind)
    ids, counts = tokenised_words(tokenizer, SENTENCES)
    assert ids.tolist() == [i for words in SENTENCES if words for i in tokenizer(" ".join(words))["input_ids"]]
    assert counts.tolist() == [1] * 9


def test_a_tokenizer_that_needs_no_space_is_given_none(tokenizer: PreTrainedTokenizerFast) -> None:
    given = tokenizer(["Anna", "abc"], is_split_into_words=True, add_special_tokens=False)
    ids, counts = tokenised_words(tokenizer, [["Anna", "abc"]])
    assert ids.tolist() == given["input_ids"] and counts.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["他", "是", "中国人", "。"], "他是中国人。"),
        (["中国", "FC", "Barcelona", "，", "Bremen"], "中国FC Barcelona，Bremen"),
        (["ไป", "ลอนดอน"], "ไปลอนดอน"),
        (["한국", "사람"], "한국 사람"),
        (["習近平", "주석", "』", "方"], "習近平 주석 』方"),
        (["スーパー", "J", "・", "NHK"], "スーパーJ・NHK"),
    ],
)
def test_there_is_no_space_beside_scripts_that_have_none(
    byte_level: PreTrainedTokenizerFast, words: list[str], text: str
) -> None:
    ids, counts = tokenised_words(byte_level, [words])
    spelt = [byte_level.decode(ids[end - count : end]) for end, count in zip(counts.cumsum(), counts, strict=True)]
    assert "".join(spelt) == text and [word.strip() for word in spelt] == words


PIECES = ["<unk>", "<s>", "</s>", "▁", "▁Am", "▁L", "▁上", "EF", "E", ",", "台", "大", "海", "的"]


@pytest.fixture(scope="module")
def pieces() -> PreTrainedTokenizerFast:
    """As XLM-R's: of many words, of most in Chinese, it makes `▁` and the rest."""
    tokenizer = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(PIECES)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


def spelt(tokenizer: PreTrainedTokenizerFast, words: list[str]) -> list[list[str]]:
    ids, counts = tokenised_words(tokenizer, [[], words])
    ends = counts.cumsum()
    return [tokenizer.convert_ids_to_tokens(ids[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def test_a_space_alone_is_left_out_where_the_script_has_none(pieces: PreTrainedTokenizerFast) -> None:
    # The first word of a text has it, as text has; so has a word between two of other scripts.
    words = ["台", "大", "L", "上海", "EFE", "Am", "EFE", "的"]
    assert spelt(pieces, words) == [
        ["▁", "台"],
        ["大"],
        ["▁L"],
        ["▁上", "海"],
        ["EF", "E"],
        ["▁Am"],
        ["▁", "EF", "E"],
        ["的"],
    ]


def test_a_space_alone_stays_beside_korean(pieces: PreTrainedTokenizerFast) -> None:
    # Newspapers write 台 in Korean, too, with spaces around it; the Hangul is unknown to this tokenizer.
    assert spelt(pieces, ["台", "한", "台"])[2] == ["▁", "台"]


def test_a_word_is_read_at_its_first_sub_word_with_text(pieces: PreTrainedTokenizerFast) -> None:
    windows = make_windows(pieces, [["Am", "EFE", ","], ["台", "大"]], 16, 4)
    # ▁Am ▁ EF E ▁ , and ▁ 台 大; the vectors of words are those of EF and E, of the comma, of 台, without ▁.
    assert windows.word_positions.tolist() == [0, 2, 5, 1, 2]
    assert windows.word_pieces.tolist() == [1, 2, 1, 1, 1]


def test_a_space_is_read_where_a_window_has_no_room_for_more(pieces: PreTrainedTokenizerFast) -> None:
    windows = make_windows(pieces, [["EFE", "Am"]], 1, 0)
    assert windows.word_positions.tolist() == [0, 0] and windows.word_pieces.tolist() == [1, 1]


def test_a_letter_that_other_tokenizers_write_for_a_space_stays_the_first(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "Ġ", "##or", "▁", "##a"])
    )
    maltese = BertTokenizerFast(str(tmp_path / "vocab.txt"), do_lower_case=False, strip_accents=False)
    ids, counts = tokenised_words(maltese, [["Ġor"]])
    assert maltese.convert_ids_to_tokens(ids) == ["Ġ", "##or"] and not spaces_alone(maltese, ids, counts).any()
