"""Fill placeholders with the translations of their spans: one sentence's conjugate pairs, or why there are none."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasks.translation.conjugate.placeholders import Placeholder, Span, cut_at_placeholders, inside_brackets
from tasks.translation.marked.read_markers import MarkerReading, repeats

NOWHERE = (-1, -1)
TOO_MANY, INCOMPLETE = "too_many_spans", "sentence_incomplete"

# Why a pair is dropped. The first three are of whole translations, and drop all their pairs.
REASONS = {
    "no_output": "the translator gave no word back for the sentence, or it was too long for it",
    "repetition": "the translation repeats the same words over and over",
    "placeholder_invented": "a placeholder stands in the translation that the sentence does not have",
    TOO_MANY: "the sentence has more spans than placeholders; this one had none",
    "placeholder_lost": "its placeholder does not stand in the translation",
    "placeholder_doubled": "its placeholder stands in the translation more than once",
    "no_span_output": "the translator gave no word back for the span",
    "missing_in_translation": "imported: no word of the translation has its number",
    "missing_in_original": "imported: no word of the sentence has its number",
    "in_several_places": "imported: words with its number do not stand side by side",
    INCOMPLETE: "another span of the sentence has no translation, and whole sentences were asked for",
}
_REPETITION = MarkerReading()


@dataclass(frozen=True)
class Conjugate:
    """A sentence's translation and its pairs.

    words    of the translation, spans filled in
    spans    per span of the sentence its place in `words`; `NOWHERE` where the pair was dropped
    reasons  per span; "" if kept
    """

    words: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def filled(
    output: str, span_texts: Sequence[str], spans: int, form: Placeholder, split: Callable[[str], list[str]]
) -> Conjugate:
    """The translation of a sentence with the translated spans in place of its placeholders.

    Args:
        output: the translator's, with placeholders.
        span_texts: of the spans that have placeholders, their translations.
        spans: how many spans the sentence has; those beyond `span_texts` had no placeholder.
        form: of the placeholders.
        split: makes words of text, from `tasks.corpus.text.word_splitter`.
    """
    segments, numbers = cut_at_placeholders(output, form)
    own = [split(text) for text in span_texts]
    words: list[str] = []
    places: list[Span] = [NOWHERE] * spans
    for place, segment in enumerate(segments):
        words += split(segment)
        if place < len(numbers) and numbers[place] < len(own):
            translated = own[numbers[place]]
            places[numbers[place]] = (len(words), len(words) + len(translated))
            words += translated
    counts = Counter(numbers)
    whole = _fault(words, numbers, len(own))
    reasons = [whole or _reason(number, counts, own) for number in range(spans)]
    places = [NOWHERE if reason else place for place, reason in zip(places, reasons, strict=True)]
    return Conjugate([] if whole in ("no_output", "placeholder_invented") else words, places, reasons)


def span_text(alone: str, inside: str | None, form: Placeholder) -> str:
    """A span's translation: what stands between the brackets of its translated sentence, or else by itself."""
    return (inside_brackets(inside, form) if inside is not None else "") or alone


def _fault(words: Sequence[str], numbers: Sequence[int], placeholders: int) -> str:
    if not words:
        return "no_output"
    if any(number >= placeholders for number in numbers):
        return "placeholder_invented"
    return "repetition" if repeats(words, _REPETITION) else ""


def _reason(number: int, counts: Counter[int], own: Sequence[list[str]]) -> str:
    if number >= len(own):
        return TOO_MANY
    if counts[number] != 1:
        return "placeholder_lost" if counts[number] == 0 else "placeholder_doubled"
    return "" if own[number] else "no_span_output"
