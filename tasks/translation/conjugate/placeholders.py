"""Placeholders for spans, and brackets around them, in a sentence and in its translation (ConNER, 2.3).

Bruce Willis wurde in Westdeutschland geboren.   ->   SPAN0 wurde in SPAN1 geboren.

Placeholders are numbered from 0 in the order of the sentence; a translation may put them in another order.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from tasks.translation.marked.markers import MARKER, cut, marker_fault

Placeholder = Literal["span", "slot"]
"""span: SPAN0, and [ ] for brackets; slot: __SLOT0__, the symbol of translators that learnt markers, for both."""

Span = tuple[int, int]
_NAMES = {"span": "SPAN{}", "slot": MARKER}
_FOUND = {
    "span": re.compile(r"(?<![A-Za-z])SPAN ?_?(\d{1,9})"),
    "slot": re.compile(r"(?:[_＿]\s?){1,2}SLOT\s?(\d{1,9})(?:\s?[_＿]){1,2}", re.IGNORECASE),
}
_LIKE_A_PLACEHOLDER = re.compile(r"SPAN(?=[ _]?\d)|[_＿](?=SLOT)|(?<=\d)[_＿]", re.IGNORECASE)
_SLOT = re.compile(r" *(__SLOT\d+__) *")
_IN_BRACKETS = re.compile(r"[^\[\]]*\[([^\[\]]*\S[^\[\]]*)\][^\[\]]*")

Detokenize = Callable[[Sequence[str]], str]


def with_placeholders(words: Sequence[str], spans: Sequence[Span], form: Placeholder, detokenize: Detokenize) -> str:
    """A sentence as text with a placeholder for each span.

    Words of its own that look like a placeholder lose what makes them so: SPAN3 becomes Span3, and so does SPAN before
    a number; __SLOT3__ becomes _-SLOT3-_.

    Args:
        words: of the sentence.
        spans: first word and the word behind the last, in order, without overlap.
        form: of the placeholders.
        detokenize: from `tasks.translation.marked.moses.detokenizer`; it sees placeholders as words.
    """
    tokens, done = [], 0
    for number, (start, end) in enumerate(spans):
        tokens += [*_harmless(words[done:start]), _NAMES[form].format(number)]
        done = end
    return _spaced(detokenize([*tokens, *_harmless(words[done:])]))


def with_brackets(words: Sequence[str], span: Span, form: Placeholder, detokenize: Detokenize) -> str:
    """A sentence as text, one span between brackets, or between two slots of number 0."""
    opening, closing = ("[", "]") if form == "span" else (MARKER.format(0),) * 2
    kept = [word.replace("[", "(").replace("]", ")") for word in _harmless(words)]
    start, end = span
    return _spaced(detokenize([*kept[:start], opening, *kept[start:end], closing, *kept[end:]]))


def cut_at_placeholders(output: str, form: Placeholder) -> tuple[list[str], list[int]]:
    """The texts before, between and behind the placeholders of a translation, and the numbers of these."""
    parts = _FOUND[form].split(output)
    return parts[::2], [int(number) for number in parts[1::2]]


def inside_brackets(output: str, form: Placeholder) -> str:
    """What stands between the brackets of a translation; "" unless it has just one pair with a word in it."""
    if form == "span":
        found = _IN_BRACKETS.fullmatch(output)
        return found[1].strip() if found else ""
    pieces = cut(output, str.split)
    return "" if marker_fault(pieces, 1) else " ".join(pieces.segments[1])


def _harmless(words: Sequence[str]) -> list[str]:
    """The words, as long as before; `SPAN` before a number is looked at together with it."""
    return [
        _LIKE_A_PLACEHOLDER.sub(lambda found: "Span" if len(found[0]) > 1 else "-", f"{word} {after}")[: len(word)]
        for word, after in zip(words, [*words[1:], ""], strict=False)
    ]


def _spaced(text: str) -> str:
    """Single spaces around slots, as translators have learnt them."""
    return _SLOT.sub(r" \1 ", text).replace("  ", " ").strip()
