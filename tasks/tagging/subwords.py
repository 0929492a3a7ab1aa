"""Words as sub-word ids, tokenised in batches; every word has at least one."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from artifacts.errors import InputError
from tasks.corpus.segmenters import no_space_between
from tasks.words.columns import offsets_of, ranges

_SENTENCES_AT_A_TIME = 4096
_SPACES = ("▁", "Ġ")


def special_subwords(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special sub-words that the tokenizer puts before and after a sentence."""
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"encoder: its tokenizer {type(tokenizer).__name__} is a slow one; expected a fast one (tokenizer.json)"
        )
    encoded = tokenizer(["a"], is_split_into_words=True, return_special_tokens_mask=True)
    ids, special = encoded["input_ids"], encoded["special_tokens_mask"]
    before = special.index(0) if 0 in special else len(special)
    after = before + special[before:].count(0)
    return tuple(ids[:before]), tuple(ids[after:])


def tokenised_words(tokenizer: Any, sentences: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """All sub-word ids, and how many each word has (at least one).

    Where a tokenizer writes a word differently behind a space (byte-level ones: ` Bremen` is `ĠBremen`), words get the
    space that text has before them, so that they are spelt as in text. Where it makes a sub-word of the space alone
    (XLM-R: `▁` and `台`) and the script has none between words, that sub-word is left out.
    """
    all_ids, all_counts = [], []
    spaces = _tells_spaces(tokenizer)
    for start in range(0, len(sentences), _SENTENCES_AT_A_TIME):
        chunk = [list(words) for words in sentences[start : start + _SENTENCES_AT_A_TIME]]
        filled = [words for words in chunk if words]
        if not filled:
            continue
        given = [_as_in_text(words) for words in filled] if spaces else filled
        encoded = tokenizer(given, is_split_into_words=True, add_special_tokens=False, verbose=False)
        first_word = 0
        places = []
        for words, encoding in zip(filled, encoded.encodings, strict=True):
            places.append(np.array(encoding.word_ids, dtype=np.int64) + first_word)
            all_ids.append(np.array(encoding.ids, dtype=np.int64))
            first_word += len(words)
        all_counts.append(np.bincount(np.concatenate(places), minlength=first_word))
    if not all_counts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ids, counts = _without_spaces(np.concatenate(all_ids), np.concatenate(all_counts), tokenizer, sentences)
    return _with_unknown(ids, counts, tokenizer)


def spaces_alone(tokenizer: Any, ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[N] whether a word's first sub-word is the space before it and nothing else, and more follow.

    Args:
        tokenizer: a fast tokenizer of transformers.
        ids: [S] of all sub-words.
        counts: [N] sub-words of each word.
    """
    several = np.flatnonzero(counts > 1)
    alone = np.zeros(len(counts), dtype=bool)
    alone[several] = np.isin(ids[offsets_of(counts)[several]], space_ids(tokenizer))
    return alone


def space_ids(tokenizer: Any) -> list[int]:
    """The ids of sub-words that are a space and nothing else; none where ▁ or Ġ is no space, but a letter (Maltese)."""
    known = ((piece, tokenizer.convert_tokens_to_ids(piece)) for piece in _SPACES)
    return [
        number
        for piece, number in known
        if number is not None
        and tokenizer.convert_ids_to_tokens(number) == piece
        and not tokenizer.convert_tokens_to_string([piece]).strip()
    ]


def _without_spaces(
    ids: np.ndarray, counts: np.ndarray, tokenizer: Any, sentences: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Leaves out the spaces alone between characters of scripts without spaces, as they are not in text."""
    alone = np.flatnonzero(spaces_alone(tokenizer, ids, counts))
    first_words = offsets_of(np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences)))
    rows = np.searchsorted(first_words, alone, side="right") - 1
    places = alone - first_words[rows]
    left_out = np.zeros(len(counts), dtype=bool)
    for word, row, place in zip(alone.tolist(), rows.tolist(), places.tolist(), strict=True):
        if place and no_space_between(sentences[row][place - 1], sentences[row][place]):
            left_out[word] = True
    return np.delete(ids, offsets_of(counts)[:-1][left_out]), counts - left_out


def _tells_spaces(tokenizer: Any) -> bool:
    """Whether a word that is given alone lacks the space before it (RoBERTa, ModernBERT; not BERT, XLM-R)."""
    words = tokenizer(["a", "a"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return bool(tokenizer("a a", add_special_tokens=False)["input_ids"] != words)


def _as_in_text(words: Sequence[str]) -> list[str]:
    """The words of a sentence, each but the first behind a space; none beside characters of scripts without spaces."""
    behind = (word if no_space_between(before, word) else f" {word}" for before, word in pairwise(words))
    return [*words[:1], *behind]


def _with_unknown(ids: np.ndarray, counts: np.ndarray, tokenizer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Gives each word without a sub-word the unknown one."""
    if counts.all():
        return ids, counts
    if tokenizer.unk_token_id is None:
        word = int(np.flatnonzero(counts == 0)[0])
        raise InputError(
            f"corpus, word {word + 1}: the encoder's tokenizer makes no sub-word of it and has no unknown one; "
            "remove that word (it may consist of control characters)"
        )
    pieces = np.maximum(counts, 1)
    filled = np.full(pieces.sum(), tokenizer.unk_token_id, dtype=np.int64)
    filled[ranges(offsets_of(pieces)[:-1], counts)] = ids
    return filled, pieces
