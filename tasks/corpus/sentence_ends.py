"""Where sentences end in running text: the rule of Moses' split-sentences.perl, with sacremoses' abbreviations.

No library of ours splits sentences (sacremoses' own splitter raises NotImplementedError), so the rule stands here. A
sentence ends at `.`, `!`, `?` or `…` and the quotation marks and brackets that close behind it, if a space follows and
then something that may start one: a capital, a digit, or a letter of a script without capitals. A single full stop does
not end one behind a listed abbreviation, behind a word that has a full stop inside (z.B., U.S.), and, in German, behind
a number of one or two digits (3. Oktober). What it gets wrong is what any such rule gets wrong: a sentence that ends
with an abbreviation, or that starts with a small letter, is not seen to end.
"""

import re
from collections.abc import Callable

from tasks.corpus.text import CHARACTER_LANGUAGES

Span = tuple[int, int]
"""Where a sentence starts and ends in the text, in characters; the end is exclusive."""

_OPENING = "\"'([{¿¡«»„‚“‘‹›–—-"
_CLOSING = "\"')\\]}»«”’“‘›‹"
_END = re.compile(rf"([.!?…؟।]+)([{_CLOSING}]*)(?=\s+(\S+))")
_END_OF_CHARACTERS = re.compile(r"[。！？!?…]+[」』”’）)\]》〉]*")
_NUMERIC_ONLY = " #NUMERIC_ONLY#"


def sentence_splitter(language: str) -> Callable[[str], list[Span]]:
    """The function that finds the sentences of a text; together they hold all of it but the spaces between them.

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at. Languages that Moses has no
            abbreviations for are split with those of English. zh and ja end at their own marks, without spaces. Thai
            has none, and is split where it uses the Latin ones.
    """
    code = language.lower().replace("_", "-").split("-")[0]
    if code in CHARACTER_LANGUAGES - {"th"}:
        return lambda text: _spans(text, [match.end() for match in _END_OF_CHARACTERS.finditer(text)])
    # Here, because importing sacremoses takes a fifth of a second that `crosstag --help` does not have.
    from sacremoses.corpus import NonbreakingPrefixes

    listed = frozenset(NonbreakingPrefixes().words(code))

    def split(text: str) -> list[Span]:
        return _spans(text, [match.end() for match in _END.finditer(text) if _ends(text, match, listed)])

    return split


def _ends(text: str, match: re.Match[str], abbreviations: frozenset[str]) -> bool:
    """Whether a sentence ends at such marks."""
    marks, closing, following = match.groups()
    first = following.lstrip(_OPENING)[:1]
    if not first.isalnum() or first.islower():
        return False
    if marks != "." or closing:
        return True
    start = max((text.rfind(space, 0, match.start()) for space in " \t\n\u00a0"), default=-1) + 1
    word = text[start : match.start()].lstrip(_OPENING)
    if word in abbreviations or ("." in word and any(c.isalpha() for c in word)):
        return False
    return not (word + _NUMERIC_ONLY in abbreviations and first.isdigit())


def _spans(text: str, ends: list[int]) -> list[Span]:
    """The pieces of a text between some places, without the spaces around them; none is empty."""
    spans = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        piece = text[start:end]
        if filled := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(filled)))
    return spans
