"""Sentences that come back from an annotation tool: which labels people changed."""

from collections.abc import Sequence

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus
from tasks.corpus.corrections import Correction, correction

_NAMED = 5


def corrections_of(
    annotated: Corpus,
    ids: Sequence[int],
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    text: str,
    author: str,
    *,
    reviewed: bool = False,
) -> list[Correction]:
    """What a person changed; sentences are known by their words, so that every one with the same words is corrected.

    Args:
        annotated: what came back.
        ids: [M] of the sentences of the text that went out.
        words: [M] their words.
        tags: [M] their labels as they went out.
        text: which text it is, such as sentences/3f2a...
        author: who annotated.
        reviewed: sentences whose labels came back as they were count as corrections, too: somebody looked at them.

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
    made = []
    for sentence, its_tags in said.items():
        for row in rows[sentence]:
            if reviewed or list(tags[row]) != its_tags:
                made.append(
                    correction(
                        sentence_id=ids[row],
                        words=sentence,
                        tags=tuple(its_tags),
                        before=tuple(tags[row]),
                        author=author,
                        sentences=text,
                    )
                )
    return made
