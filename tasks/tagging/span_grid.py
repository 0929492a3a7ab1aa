"""All spans of a text: those that begin at a word, by their length; as classes of IOB2 labels, and back.

A span is the pair of its first word and its length, so what is known of spans is an array [N, L] over words and
lengths 1 to L, whose cells beyond a sentence's end (or of words that no window scores together) are no spans.
"""

from collections.abc import Sequence

import numpy as np
import torch

from tasks.tagging.windows import Windows
from tasks.words.columns import offsets_of
from tasks.words.labels import entity_types, iob2_labels
from tasks.words.spans import Spans

OUTSIDE = 0
"""The class of a span that is no entity; the classes from 1 on are the entity types, sorted."""

NO_SPAN = -1


def span_cells(groups: np.ndarray, most_words: int) -> np.ndarray:
    """[N, L] bool: whether the words from a word on, so many of them, are a span, which lies in one group.

    Args:
        groups: [N] int, rising: the sentence or window of each word.
        most_words: L.
    """
    lengths = np.arange(most_words)
    ends = np.searchsorted(groups, groups, side="right")  # of each word's group
    cells: np.ndarray = np.arange(len(groups))[:, None] + lengths < ends[:, None]
    return cells


def window_cells(windows: Windows, most_words: int) -> np.ndarray:
    """[N, L] bool: the spans that a window scores whole. Few are lost, at the cuts of sentences that are cut."""
    return span_cells(np.repeat(np.arange(len(windows.starts)), np.diff(windows.scored)), most_words)


def torch_cells(rows: torch.Tensor, most_words: int) -> torch.Tensor:
    """[n, L] bool as `span_cells`, of the words of a batch; `rows` [n] need not rise, but words of one are together."""
    breaks = torch.cat([rows.new_zeros(min(1, len(rows))), (rows[1:] != rows[:-1]).long()]).cumsum(dim=0)
    place = torch.arange(len(rows), device=rows.device)
    columns = [breaks[(place + length).clamp(max=max(len(rows) - 1, 0))] for length in range(most_words)]
    same = torch.stack(columns, dim=1) == breaks[:, None]
    return same & (place[:, None] + torch.arange(most_words, device=rows.device) < len(rows))


def span_classes(spans: Spans, cells: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Entities as classes of spans.

    Args:
        spans: the entities; their types are numbered among the sorted ones.
        cells: [N, L] bool, which cells are spans.

    Returns:
        [N, L] int64 class of each span, `NO_SPAN` where there is none; how many entities have more than L words; how
        many others are no span for another reason.
    """
    most_words = cells.shape[1]
    classes = np.where(cells, OUTSIDE, NO_SPAN)
    fits = spans.lengths <= most_words
    starts, lengths = spans.starts[fits], spans.lengths[fits]
    there = cells[starts, lengths - 1]
    classes[starts[there], lengths[there] - 1] = spans.types[fits][there] + 1
    return classes, int((~fits).sum()), int((~there).sum())


def classes_of_types(types: Sequence[str]) -> list[str]:
    """The names of the classes: O, then the types."""
    return ["O", *sorted(types)]


def class_names(labels: Sequence[str]) -> list[str]:
    """The classes of the spans of a text with these IOB2 labels."""
    return classes_of_types(entity_types(labels))


def label_ids(words: int, starts: np.ndarray, lengths: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """[N] ids of the IOB2 labels of entities that do not overlap, among `iob2_labels` of their types.

    Args:
        words: N.
        starts: [E] first word of each entity.
        lengths: [E] its words.
        classes: [E] its class, from 1 on.
    """
    ids = np.zeros(words, dtype=np.int64)
    inside = np.repeat(2 * classes, lengths)  # O, B-1, I-1, B-2, ...: I of class c is 2c, B one less.
    ids[np.repeat(starts - offsets_of(lengths)[:-1], lengths) + np.arange(len(inside))] = inside
    ids[starts] -= 1
    return ids


def iob2_of_classes(names: Sequence[str]) -> list[str]:
    """The IOB2 labels of a list of classes; `label_ids` counts in them."""
    return iob2_labels(names[1:])
