"""Where to cut sentences that are longer than a window, and which window scores which word."""

import numpy as np


def cut_sentences(
    word_starts: np.ndarray, sentence_starts: np.ndarray, room: int, overlap: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First word, word after the last, and scored words of every window; a short sentence is one window."""
    firsts, lasts = sentence_starts[:-1], sentence_starts[1:]
    filled = lasts > firsts
    firsts, lasts = firsts[filled], lasts[filled]
    is_long = word_starts[lasts] - word_starts[firsts] > room
    parts = [np.stack([firsts, lasts, firsts], axis=1)[~is_long]]
    for first, last in zip(firsts[is_long].tolist(), lasts[is_long].tolist(), strict=True):
        parts.append(_cut_sentence(word_starts[first : last + 1], room, overlap) + first)
    windows = np.concatenate(parts)
    windows = windows[np.argsort(windows[:, 2], kind="stable")]
    return windows[:, 0], windows[:, 1], np.append(windows[:, 2], sentence_starts[-1])


def _cut_sentence(starts: np.ndarray, room: int, overlap: int) -> np.ndarray:
    """The windows of one long sentence: [w, 3] first word, word after the last, first scored word.

    Args:
        starts: [n + 1] first sub-word of each word, and the end of the last.
        room: sub-words of a window.
        overlap: sub-words shared by neighbouring windows.
    """
    words = len(starts) - 1
    bounds = []
    first = 0
    while True:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + room, side="right")) - 1)
        if last == words:
            break
        bounds.append((first, last))
        # The next window has to show at least one more word, even where that leaves less overlap.
        next_first = np.searchsorted(starts, max(starts[last] - overlap, starts[last + 1] - room))
        first = min(int(next_first), last)
    bounds.append((min(first, int(np.searchsorted(starts, starts[-1] - room))), words))
    spans = np.array(bounds)
    return np.column_stack([spans, _first_scored(spans, starts)])[_scores_any(spans, starts)]


def _best_window(spans: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """[n] the window that shows most context on the shorter side of each word; it never decreases along words."""
    words = np.arange(len(starts) - 1)
    first, last = spans[:, :1], spans[:, 1:]
    # A window that shows the sentence's beginning or end lacks nothing on that side.
    left = np.where(first == 0, starts[-1], starts[:-1] - starts[first])
    right = np.where(last == len(words), starts[-1], starts[last] - starts[1:])
    context = np.where((words >= first) & (words < last), np.minimum(left, right), -starts[-1] - 1)
    return context.argmax(axis=0)


def _first_scored(spans: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """[w] first word that each window scores."""
    return np.searchsorted(_best_window(spans, starts), np.arange(len(spans)))


def _scores_any(spans: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """[w] whether a window scores a word at all."""
    return np.bincount(_best_window(spans, starts), minlength=len(spans)) > 0
