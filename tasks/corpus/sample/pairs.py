"""Pairs of spans in the bundled parallel text, in ConNER's format: names that both sides write alike."""

from collections.abc import Sequence

from tasks.corpus.text import word_splitter

SENTENCES = 1500


def pair_files(pairs: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """The first sentences with such a name, English and German: word, number of its span or 0, tag (always O).

    Args:
        pairs: English and German sentences.
    """
    split = [word_splitter(language, tokenized=False) for language in ("en", "de")]
    blocks: tuple[list[str], list[str]] = ([], [])
    for pair in pairs:
        english, german = (cut(side) for cut, side in zip(split, pair, strict=True))
        spans = same_names(english, german)
        if spans and len(blocks[0]) < SENTENCES:
            for side, (block, words) in enumerate(zip(blocks, (english, german), strict=True)):
                numbers = [0] * len(words)
                for number, (starts, length) in enumerate(spans, start=1):
                    numbers[starts[side] : starts[side] + length] = [number] * length
                block.append("".join(f"{word}\t{n}\tO\n" for word, n in zip(words, numbers, strict=True)))
    return {f"pairs.{name}.txt": "\n".join(block).encode() for name, block in zip(("en", "de"), blocks, strict=True)}


def same_names(english: Sequence[str], german: Sequence[str]) -> list[tuple[tuple[int, int], int]]:
    """Runs of capitalised words of both sentences, not at their beginning: where they stand, and their length."""
    found, at = [], 1
    while at < len(german):
        length = 0
        for end in range(at + 1, len(german) + 1):
            run = list(german[at:end])
            if not all(word[0].isupper() for word in run) or len(_places(english, run)) != 1:
                break
            length = end - at
        if length:
            (start,) = _places(english, list(german[at : at + length]))
            found.append(((start, at), length))
        at += max(length, 1)
    return found


def _places(words: Sequence[str], run: list[str]) -> list[int]:
    return [start for start in range(1, len(words)) if list(words[start : start + len(run)]) == run]
