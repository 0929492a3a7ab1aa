"""Which form a word has, capital letters or digits, read from its sub-words: the morphology of a span's words.

SpanNER (Fu et al., 2021) knows five: all letters capitals; none; the first alone; digits; anything else.
"""

from typing import Any

import numpy as np
import torch

FORMS = ("upper", "lower", "title", "digit", "other")
PIECE_COUNTS = ("upper", "lower", "digits", "characters", "titled")
"""What is known of a sub-word: characters of each sort, at most 255; 1 if it reads as the beginning of a title."""

_MOST = 255


def piece_table(tokenizer: Any, vocabulary: int) -> torch.Tensor:
    """[vocabulary, 5] uint8 `PIECE_COUNTS` of every sub-word; zeros of special ones, and of what has no text.

    Args:
        tokenizer: a fast tokenizer of transformers.
        vocabulary: rows of the encoder's embedding; the tokenizer may have fewer sub-words.
    """
    table = np.zeros((vocabulary, len(PIECE_COUNTS)), dtype=np.uint8)
    special = set(tokenizer.all_special_ids)
    known = range(min(len(tokenizer), vocabulary))
    for number, piece in enumerate(tokenizer.convert_ids_to_tokens(list(known))):
        if piece is None or number in special:
            continue
        text = tokenizer.convert_tokens_to_string([piece.removeprefix("##") or piece]).strip()
        sorts = (sum(map(sort, text)) for sort in (str.isupper, str.islower, str.isdigit))
        table[number] = [min(count, _MOST) for count in (*sorts, len(text), text.istitle())]
    return torch.from_numpy(table)


def word_forms(
    table: torch.Tensor, input_ids: torch.Tensor, rows: torch.Tensor, positions: torch.Tensor
) -> torch.Tensor:
    """The form of each word of a batch: Python's isupper, islower, istitle, isdigit, in this order, else other.

    A word has the sub-words from its first one to the next word's. Of a sentence that is cut, the last word that a
    window scores has those of the words behind it as well. A title has no capital but in its first sub-word.

    Args:
        table: [V, 5] of `piece_table`.
        input_ids: [B, L] with special sub-words, which count for nothing.
        rows: [n] the row of each word, words of a row one after another.
        positions: [n] place of its first sub-word.

    Returns:
        [n] int64 places in `FORMS`.
    """
    counts = table[input_ids][..., :4].long()
    before = torch.cat([counts.new_zeros(len(counts), 1, 4), counts.cumsum(dim=1)], dim=1)
    last_of_row = torch.cat([rows[1:] != rows[:-1], rows.new_ones(min(1, len(rows)), dtype=torch.bool)])
    ends = torch.where(last_of_row, input_ids.shape[1], positions.roll(-1))
    upper, lower, digits, characters = (before[rows, ends] - before[rows, positions]).unbind(dim=-1)
    first = table[input_ids[rows, positions]].long()
    titled = (first[:, 4] > 0) & (first[:, 0] == upper)
    forms = torch.full_like(upper, FORMS.index("other"))
    for name, is_so in (
        ("digit", (digits == characters) & (characters > 0)),
        ("title", titled),
        ("lower", (upper == 0) & (lower > 0)),
        ("upper", (upper > 0) & (lower == 0)),
    ):
        forms[is_so] = FORMS.index(name)
    return forms
