"""Where the words of a sentence stand in its text, and markers around parts of that text."""

from collections.abc import Sequence

from tasks.translation.marked.markers import MARKER


def word_places(text: str, words: Sequence[str]) -> list[tuple[int, int]] | None:
    """The character range of each word in the untokenised sentence.

    Args:
        text: the sentence as it was written.
        words: its words in order, as a word splitter of `tasks.corpus.text` gives them.

    Returns:
        (start, end) per word, end exclusive; None if the words do not make up the text, because the splitter changed a
        character. Between words only spaces and invisible characters may be left out.
    """
    places = []
    end = 0
    for word in words:
        start = text.find(word, end)
        if start < 0 or (start > end and not _blank(text[end:start])):
            return None
        end = start + len(word)
        places.append((start, end))
    return places if _blank(text[end:]) else None


def insert_markers(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Puts the i-th span between two markers of number i, each between single spaces; other text stays as it is.

    Example: "in Munich." with the span (3, 9) -> "in __SLOT0__ Munich __SLOT0__ ."

    Args:
        text: the sentence.
        spans: character ranges, end exclusive, in the order of the markers' numbers (the order in the text may differ).

    Raises:
        ValueError: if a span is empty or blank, or two overlap, or one ends outside the text.
    """
    pieces = []
    done = 0
    for (start, end), number in sorted((span, number) for number, span in enumerate(spans)):
        if not done <= start < end <= len(text) or not text[start:end].strip():
            raise ValueError(f"span ({start}, {end}) is empty, or overlaps another, or ends outside the text")
        marker = MARKER.format(number)
        pieces += [text[done:start].strip(), marker, text[start:end].strip(), marker]
        done = end
    if not pieces:
        return text
    pieces.append(text[done:].strip())
    return " ".join(piece for piece in pieces if piece)


def _blank(text: str) -> bool:
    return not any(character.isprintable() and not character.isspace() for character in text)
