"""Read entities between square brackets, which do not say which entity is which (EasyProject, Chen et al. 2023).

Ada wohnt in Ulm .   ->   [Ada] wohnt in [Ulm].   ->   In [Ulm] lives [Ada].

Where the entities of a sentence have several types, each is translated by itself, too; what stands between brackets is
the entity whose own translation, or whose text in the source, it is most like.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from tasks.translation.marked.markers import OTHER_BRACKETS, SQUARE_BRACKETS, Pieces

LEAST_SIMILARITY = 0.5  # The published code's threshold: what is less like an entity says nothing.

Bracket = tuple[int, int, bool, bool]
"""Where it starts and ends in a text, whether it opens, and whether it is damaged."""


def need_matching(types: Sequence[str]) -> bool:
    """Whether entities of these types have to be told apart: of one type, each has the same label."""
    return len(set(types)) > 1


def cut_at_brackets(output: str, split: Callable[[str], list[str]], entities: int) -> Pieces:
    """Cuts an output at its brackets, pairs numbered in the order in which they open.

    Brackets are read in spite of damage: full-width ones, HTML's, one written twice; where there are none of these,
    black lenticular ones, which Chinese and Japanese texts have in their place. The published code reads title marks
    《》, too; but these stand around titles that are no entity. Where the source has no entity, brackets are text.

    Args:
        output: what the translator gave back.
        split: from `tasks.corpus.text.translation_splitter`.
        entities: of the source.
    """
    kinds = (SQUARE_BRACKETS, OTHER_BRACKETS) if entities else ()
    found = next(filter(None, (list(_brackets(output, kind)) for kind in kinds)), [])
    numbers, parts, still_open = list[int](), list[str](), list[int]()
    done, pairs, broken = 0, 0, False
    for start, end, opens, _ in found:
        parts.append(output[done:start])
        done = end
        if opens:
            still_open.append(pairs)
            pairs += 1
        broken |= not still_open
        numbers.append(still_open[-1] if still_open else pairs)
        if not opens:
            still_open = still_open[:-1]
    parts.append(output[done:])
    broken |= bool(still_open)
    return Pieces(numbers, [split(part) for part in parts], " ".join(parts), broken, sum(each[3] for each in found))


def similarities(found: str, texts: Sequence[str]) -> list[float]:
    """How alike a text is to each of others, [0, 1]: 2 M / T, M matching characters of T in both.

    Case and spaces aside. What is no more than the threshold says nothing, and is 0.
    """
    matcher = SequenceMatcher(None, "", _plain(found), autojunk=False)

    def similarity(text: str) -> float:
        matcher.set_seq1(_plain(text))
        ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)  # Two bounds from above come sooner.
        return matcher.ratio() if all(ratio() > LEAST_SIMILARITY for ratio in ratios) else 0.0

    return [similarity(text) for text in texts]


def match_entities(found: Sequence[str], texts: Sequence[Sequence[str]], types: Sequence[str]) -> tuple[list[int], str]:
    """Which entity stands between which brackets: one to one, the sum of their similarities as large as can be.

    What is left over, like nothing, is told where it is of one type. If another choice with other types has the same
    sum, nothing is told.

    Args:
        found: [E] what stands between the brackets.
        texts: [E, T] per entity the texts that it may stand there as; the one that is most alike counts.
        types: [E] of the entities, more than one.

    Returns:
        Per pair of brackets the number of its entity; and a reason of `markers.REASONS`, empty if they are told.
    """
    # Here, because importing scipy takes a quarter of a second that `crosstag --help` does not have.
    from scipy.optimize import linear_sum_assignment

    every = [text for several in texts for text in several]
    alike = np.array([similarities(one, every) for one in found]).reshape(len(types), len(types), -1).max(axis=2)
    rows, entities = linear_sum_assignment(alike, maximize=True)
    best = alike[rows, entities].sum()
    kinds = np.unique(types, return_inverse=True)[1]
    for row, entity in enumerate(entities):
        others = alike.copy()
        others[row, kinds == kinds[entity]] = -np.inf
        if np.isclose(others[linear_sum_assignment(others, maximize=True)].sum(), best):
            return [], "entity_unmatched" if (alike[rows, entities] == 0).any() else "entity_ambiguous"
    return entities.tolist(), ""


def told_apart(pieces: Pieces, texts: Sequence[Sequence[str]], types: Sequence[str]) -> tuple[Pieces, str]:
    """Pieces without a fault, with the numbers of their entities; and a reason, if these cannot be told.

    Args:
        pieces: from `cut_at_brackets`.
        texts: as in `match_entities`; not looked at if all entities are of one type.
        types: of the entities.
    """
    if not need_matching(types):
        return pieces, ""
    numbers, fault = match_entities([" ".join(segment) for segment in pieces.segments[1::2]], texts, types)
    return replace(pieces, numbers=[number for number in numbers for _ in range(2)]), fault


def _brackets(text: str, kinds: tuple[str, str]) -> Iterator[Bracket]:
    opening, closing = (rf"(?:{kind})(?:\s?(?:{kind}))*" for kind in kinds)
    for found in re.finditer(f"(?P<opening>{opening})|{closing}", text):
        opens = found["opening"] is not None
        yield found.start(), found.end(), opens, found[0] != "[]"[not opens]


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
