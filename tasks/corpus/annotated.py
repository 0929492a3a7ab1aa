"""Sentences that come back from an annotation tool: which labels people changed."""

from collections.abc import Mapping, Sequence

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus
from tasks.corpus.corrections import Correction, correction

_NAMED = 5


def corrections_of(
    annotated: Corpus,
    ids: Sequence[int],
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    earlier: Mapping[int, Sequence[str]],
    text: str,
    author: str,
    *,
    reviewed: bool = False,
) -> tuple[list[Correction], int]:
    """What a person changed; sentences are known by their words, so that every one with the same words is corrected.

    Args:
        annotated: what came back.
        ids: [M] of the sentences of the text that went out.
        words: [M] their words.
        tags: [M] their labels as they went out.
        earlier: labels that people gave some of them before, by their place in `ids`.
        text: which text it is, such as sentences/3f2a...
        author: who annotated.
        reviewed: sentences whose labels came back as they were count as corrections, too: somebody looked at them.

    Returns:
        The corrections; and how many sentences came back as they went out, and so keep what was corrected before.

    Raises:
        InputError: if a sentence came back that is not in the text, or one twice with different labels.
    """
    assert annotated.tags is not None
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, sentence in enumerate(words):
        rows.setdefault(tuple(sentence), []).append(row)
    strange = [sentence for sentence in annotated.words if tuple(sentence) not in rows]
    if strange:
        shown = "; ".join(repr(" ".join(sentence)[:60]) for sentence in strange[:_NAMED])
        more = f" and {len(strange) - _NAMED:,} more" if len(strange) > _NAMED else ""
        raise InputError(
            f"corrections import: {len(strange):,} of {len(annotated.words):,} sentences came back with words that no "
            f"sentence of {text} has: {shown}{more}; expected the words as they went out; correct labels alone, or "
            "name the artifact that was exported under --of"
        )
    said: dict[tuple[str, ...], list[str]] = {}
    for sentence, its_tags in zip(annotated.words, annotated.tags, strict=True):
        before = said.setdefault(tuple(sentence), its_tags)
        if before != its_tags:
            raise InputError(
                f"corrections import: the sentence {' '.join(sentence)[:60]!r} came back twice, with different labels; "
                "expected each once; leave one out"
            )
    made, kept = [], 0
    for sentence, its_tags in said.items():
        for row in rows[sentence]:
            seen = list(earlier.get(row, tags[row]))
            if reviewed or its_tags not in (seen, list(tags[row])):
                made.append(
                    correction(
                        sentence_id=ids[row],
                        words=sentence,
                        tags=tuple(its_tags),
                        before=tuple(seen),
                        author=author,
                        sentences=text,
                    )
                )
            elif its_tags != seen:
                kept += 1
    return made, kept
