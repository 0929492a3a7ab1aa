"""What is compared when an entity is looked for in a raw sentence: characters without spaces, or words."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.translation.projection.entities import Entities
from tasks.words.columns import list_column, offsets_of

UnicodeForm = Literal["as_is", "NFC", "NFKC"]

# Composed and decomposed texts are equal in the same cases; decomposed, a letter and its accent may also stand in two
# words without a change to what they make together.
_DECOMPOSED = {"NFC": "NFD", "NFKC": "NFKD"}
_INVISIBLE = r"[\s\p{Z}\p{Cc}\p{Cf}]+"


@dataclass(frozen=True)
class RawText:
    """M raw sentences of N words, as what is compared.

    codes    [C] int, of each character or word
    bounds   [N + 1] where each word begins among the codes, and the end of the last
    lengths  [M] words of each sentence
    """

    codes: np.ndarray
    bounds: np.ndarray
    lengths: np.ndarray

    @property
    def words(self) -> int:
        """N."""
        return len(self.bounds) - 1


def as_characters(
    words: pa.Array, lengths: np.ndarray, entity_words: pa.Array, entities: Entities, form: UnicodeForm, case: bool
) -> tuple[RawText, Entities]:
    """Both sides as characters, without spaces and invisible ones: how a text was split into words does not count.

    Args:
        words: [N] of the raw sentences, one sentence after another.
        lengths: [M] words of each sentence.
        entity_words: [W] of the entities.
        entities: their `codes` are left out of account, their `lengths` are in words.
        form: what is the same character.
        case: whether upper and lower case differ.
    """
    codes, sizes = _characters(words, form, case)
    entity_codes, entity_sizes = _characters(entity_words, form, case)
    ends = offsets_of(entity_sizes)[offsets_of(entities.lengths)]
    return RawText(codes, offsets_of(sizes), lengths), replace(entities, codes=entity_codes, lengths=np.diff(ends))


def as_words(
    words: pa.Array, lengths: np.ndarray, entity_words: pa.Array, entities: Entities, form: UnicodeForm, case: bool
) -> tuple[RawText, Entities]:
    """As `as_characters`, but both sides as words."""
    codes = word_codes(pa.concat_arrays([words, entity_words]), form, case)
    raw = RawText(codes[: len(words)], np.arange(len(words) + 1), lengths)
    return raw, replace(entities, codes=codes[len(words) :])


def word_codes(words: pa.Array, form: UnicodeForm, case: bool) -> np.ndarray:
    """[N] numbers that are equal where the words are, as far as case and encoding count."""
    indices = _normalised(words, form, case).dictionary_encode().indices
    codes: np.ndarray = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _normalised(words: pa.Array, form: UnicodeForm, case: bool) -> pa.Array:
    if form != "as_is":
        words = pc.utf8_normalize(words, form=_DECOMPOSED[form])
    return words if case else pc.utf8_lower(words)


def _characters(words: pa.Array, form: UnicodeForm, case: bool) -> tuple[np.ndarray, np.ndarray]:
    """[C] code points of all words, and [N] how many each has."""
    shown = pc.replace_substring_regex(_normalised(words, form, case), pattern=_INVISIBLE, replacement="")
    text = pc.binary_join(list_column(np.array([len(shown)]), shown), "")[0].as_py()
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.int64)
    return codes, pc.utf8_length(shown).to_numpy(zero_copy_only=False).astype(np.int64)
