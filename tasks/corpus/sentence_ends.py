"""Where sentences end in running text: by sentencex, the splitter of Wikimedia, with abbreviations of its languages."""

from collections.abc import Callable

from tasks.corpus.segmenters import language_code

Span = tuple[int, int]
"""Where a sentence starts and ends in the text, in characters; the end is exclusive."""


def sentence_splitter(language: str) -> Callable[[str], list[Span]]:
    """The function that finds the sentences of a text; together they hold all of it but the spaces between them.

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at. Languages that sentencex does
            not know are split as a related one, or as English.
    """
    # Here, because `crosstag --help` does not need it.
    from sentencex import get_sentence_boundaries

    code = language_code(language)
    return lambda text: _spans(text, [each["end_index"] for each in get_sentence_boundaries(code, text)])


def _spans(text: str, ends: list[int]) -> list[Span]:
    """The pieces of a text between some places, without the spaces around them; none is empty."""
    spans = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        piece = text[start:end]
        if filled := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(filled)))
    return spans
