"""Read dictionary files and find their words in a vocabulary."""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from artifacts.errors import InputError

Pair = tuple[str, str]


def read_dictionary(path: Path) -> list[Pair]:
    """Read word pairs, one a line: source word, tab or spaces, target word (as MUSE writes them).

    Words are brought to Unicode NFC; empty lines are skipped.

    Raises:
        InputError: if the file is not UTF-8, has no pair, or has a line that is not two words.
    """
    pairs: list[Pair] = []
    with open(path, "rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"dictionary {path.name}, line {number}: byte {error.start + 1} is not UTF-8; "
                    "convert the file to UTF-8"
                ) from None
            if not line:
                continue
            words = [unicodedata.normalize("NFC", word) for word in line.replace("\t", " ").split(" ") if word]
            if len(words) != 2:
                raise InputError(
                    f"dictionary {path.name}, line {number}: found {len(words)} words, expected a source word and "
                    "a target word with a tab or space between them; correct or delete the line"
                )
            pairs.append((words[0], words[1]))
    if not pairs:
        raise InputError(f"dictionary {path.name}: it holds no word pair; give another file or leave it out")
    return pairs


def identical_pairs(source: Sequence[str], target: Sequence[str], minimum_characters: int = 1) -> np.ndarray:
    """Pair the words that both languages write alike (UniTrans, 3.1).

    Args:
        source: source words, most frequent first.
        target: target words, most frequent first.
        minimum_characters: shorter words are left out.

    Returns:
        [D, 2] int64 rows of source and target, most frequent source word first.
    """
    rows = {word: row for row, word in enumerate(target)}
    pairs = [(row, rows[word]) for row, word in enumerate(source) if len(word) >= minimum_characters and word in rows]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def find_rows(words: Iterable[str], vocabulary: Sequence[str], ignore_case: bool) -> list[int]:
    """Find each word's row in a vocabulary.

    Args:
        words: the words to look up.
        vocabulary: most frequent first.
        ignore_case: take the most frequent word that differs in case only, where the word itself is not there.

    Returns:
        One row per word; -1 where the vocabulary does not have it.
    """
    exact = {word: row for row, word in enumerate(vocabulary)}
    folded: dict[str, int] = {}
    if ignore_case:
        for row, word in enumerate(vocabulary):
            folded.setdefault(word.lower(), row)
    return [exact.get(word, folded.get(word.lower(), -1)) for word in words]


def known_pairs(
    pairs: Sequence[Pair], source: Sequence[str], target: Sequence[str], ignore_case: bool = True
) -> np.ndarray:
    """Rows of the pairs of which both words are known.

    Returns:
        [D, 2] int64 rows of source and target, in the order of the pairs.
    """
    source_rows = find_rows((pair[0] for pair in pairs), source, ignore_case)
    target_rows = find_rows((pair[1] for pair in pairs), target, ignore_case)
    rows = np.array([source_rows, target_rows], dtype=np.int64).T
    return rows[(rows >= 0).all(axis=1)]
