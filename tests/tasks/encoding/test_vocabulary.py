"""The vocabulary of a pretrained encoder: every character has a piece, and frequent words have one."""

import json
import random

import pytest

from artifacts.errors import InputError
from tasks.corpus.paths import bundled_folder
from tasks.encoding.bundled import PRETRAINING, bundled_text
from tasks.encoding.vocabulary import SPECIAL, train_wordpiece

ENGLISH = "the government said on Monday that the president would travel"
CHINESE = [chr(0x4E00 + i) for i in range(4000)]


def chinese(characters: int) -> list[str]:
    """Each character twice, twenty in a line, in an order that has nothing to do with their numbers."""
    drawn = random.Random(1).sample(CHINESE[:characters] * 2, 2 * characters)
    return ["".join(drawn[i : i + 20]) for i in range(0, len(drawn), 20)]


def test_chinese_characters_have_a_piece_each_and_leave_room_for_words() -> None:
    tokenizer = train_wordpiece([*chinese(4000), *[ENGLISH] * 300], 6000)
    vocabulary = tokenizer.get_vocab()
    assert all(character in vocabulary and f"##{character}" not in vocabulary for character in CHINESE)
    assert tokenizer.encode(ENGLISH, add_special_tokens=False).tokens == ENGLISH.split()
    assert tokenizer.encode("他们去Monday", add_special_tokens=False).tokens == ["他", "们", "去", "Monday"]


def test_a_vocabulary_that_characters_fill_is_refused() -> None:
    # 300 characters that stand alone, a and b at the start of words and inside; 5 special pieces: 309, 3 / 4 of 412.
    lines = [*chinese(300), "ab ba"]
    with pytest.raises(InputError, match=r"vocabulary_size is 411; .* are 304 pieces, .* expected at least 412"):
        train_wordpiece(lines, 411)
    assert len(SPECIAL) + 304 <= train_wordpiece(lines, 412).get_vocab_size() <= 412


def test_the_bundled_encoder_has_the_vocabulary_that_its_text_gives() -> None:
    lines, pairs = bundled_text()
    made = train_wordpiece([*lines, *(side for pair in pairs for side in pair)], PRETRAINING.vocabulary_size)
    frozen = json.loads((bundled_folder("bundled:encoder") / "tokenizer.json").read_text(encoding="utf-8"))
    assert made.get_vocab() == frozen["model"]["vocab"]
