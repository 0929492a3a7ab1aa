"""Words are spelt as in text, whatever the tokenizer makes of the space between them."""

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tasks.tagging.subwords import tokenised_words

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
    ],
)
def test_there_is_no_space_beside_scripts_that_have_none(
    byte_level: PreTrainedTokenizerFast, words: list[str], text: str
) -> None:
    ids, counts = tokenised_words(byte_level, [words])
    spelt = [byte_level.decode(ids[end - count : end]) for end, count in zip(counts.cumsum(), counts, strict=True)]
    assert "".join(spelt) == text and [word.strip() for word in spelt] == words
