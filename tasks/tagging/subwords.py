"""Words as sub-word ids, tokenised in batches; every word has at least one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from artifacts.errors import InputError
from tasks.words.columns import offsets_of, ranges

_SENTENCES_AT_A_TIME = 4096


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
    """All sub-word ids, and how many each word has (at least one)."""
    all_ids, all_counts = [], []
    for start in range(0, len(sentences), _SENTENCES_AT_A_TIME):
        chunk = [list(words) for words in sentences[start : start + _SENTENCES_AT_A_TIME]]
        filled = [words for words in chunk if words]
        if not filled:
            continue
        encoded = tokenizer(filled, is_split_into_words=True, add_special_tokens=False, verbose=False)
        first_word = 0
        places = []
        for words, encoding in zip(filled, encoded.encodings, strict=True):
            places.append(np.array(encoding.word_ids, dtype=np.int64) + first_word)
            all_ids.append(np.array(encoding.ids, dtype=np.int64))
            first_word += len(words)
        all_counts.append(np.bincount(np.concatenate(places), minlength=first_word))
    if not all_counts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return _with_unknown(np.concatenate(all_ids), np.concatenate(all_counts), tokenizer)


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
