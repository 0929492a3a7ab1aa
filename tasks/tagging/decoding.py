"""From label probabilities to one label per word: batched Viterbi under the rules of IOB2."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from artifacts.settings import Settings
from tasks.training.batching import inference_batches
from tasks.words.columns import offsets_of

_WORDS_AT_A_TIME = 65_536


class Decoding(Settings):
    """How probabilities turn into labels."""

    method: Literal["viterbi", "argmax"] = Field(
        "viterbi",
        title="Method",
        description="viterbi: the most probable valid IOB2 sequence; argmax: each word's most probable label.",
    )
    inside_at_start: bool = Field(
        False,
        title="I- at the start",
        description="Allow I-X as a sentence's first label, as UniTrans' published code does; only for viterbi.",
    )


def allowed_transitions(labels: Sequence[str]) -> np.ndarray:
    """[C, C] bool: whether label j may follow label i. I-X follows only B-X and I-X; all else is allowed."""
    return np.array([[not b.startswith("I-") or a[2:] == b[2:] for b in labels] for a in labels])


def allowed_starts(labels: Sequence[str], inside_at_start: bool = False) -> np.ndarray:
    """[C] bool: whether a sentence may start with the label."""
    return np.array([inside_at_start or not label.startswith("I-") for label in labels])


def viterbi(
    log_probabilities: np.ndarray, lengths: np.ndarray, labels: Sequence[str], *, inside_at_start: bool = False
) -> np.ndarray:
    """The most probable valid label sequence of each sentence (UniTrans, 3.5): transitions cost 0 or are forbidden.

    Args:
        log_probabilities: [B, L, C]; what lies behind a sentence's end is ignored.
        lengths: [B] words of each sentence, at least 1.
        labels: [C] IOB2 labels.
        inside_at_start: allow I-X as the first label.

    Returns:
        [B, L] int64 label ids; -1 behind a sentence's end. Among equals the label that is listed first.
    """
    transitions = np.where(allowed_transitions(labels), 0.0, -np.inf)
    starts = np.where(allowed_starts(labels, inside_at_start), 0.0, -np.inf)
    return best_paths(log_probabilities, lengths, transitions, starts, np.zeros(len(labels)))


def best_paths(
    emissions: np.ndarray, lengths: np.ndarray, transitions: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """The sequence of each row whose sum of scores is highest, by Viterbi's recursion.

    Args:
        emissions: [B, L, C] score of each label at each place; what lies behind a row's end is ignored.
        lengths: [B] places of each row, at least 1.
        transitions: [C, C] score of label j behind label i; -inf forbids it.
        starts: [C] score of a label at the first place.
        ends: [C] score of a label at the last place.

    Returns:
        [B, L] int64 label ids; -1 behind a row's end. Among equals the label that is listed first.
    """
    batch, steps, count = emissions.shape
    keep = np.arange(count)
    scores = emissions[:, 0] + starts
    origins = np.empty((steps, batch, count), dtype=np.int64)
    for step in range(1, steps):
        candidates = scores[:, :, None] + transitions
        best = candidates.argmax(axis=1)
        inside = (step < lengths)[:, None]
        origins[step] = np.where(inside, best, keep)
        reached = np.take_along_axis(candidates, best[:, None], axis=1)[:, 0] + emissions[:, step]
        scores = np.where(inside, reached, scores)
    path = np.empty((batch, steps), dtype=np.int64)
    path[:, -1] = (scores + ends).argmax(axis=1)
    for step in range(steps - 1, 0, -1):
        path[:, step - 1] = np.take_along_axis(origins[step], path[:, step, None], axis=1)[:, 0]
    path[np.arange(steps) >= np.asarray(lengths)[:, None]] = -1
    return path


def best_label_paths(
    emissions: np.ndarray, lengths: np.ndarray, transitions: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """As `best_paths`, of a whole corpus: emissions [N, C], words in its order; lengths [M], some may be 0; to [N]."""
    found = np.empty(len(emissions), dtype=np.int64)
    for words, inside, rows in _padded_batches(lengths, np.flatnonzero(lengths)):
        padded = np.zeros((*inside.shape, emissions.shape[1]))
        padded[inside] = emissions[words]
        found[words] = best_paths(padded, lengths[rows], transitions, starts, ends)[inside]
    return found


def decode_words(probabilities: np.ndarray, lengths: np.ndarray, labels: Sequence[str], config: Decoding) -> np.ndarray:
    """Decodes a whole corpus.

    Args:
        probabilities: [N, C], words in the corpus' order.
        lengths: [M] words of each sentence.
        labels: [C] IOB2 labels.
        config: the method.

    Returns:
        [N] int64 label ids.
    """
    decoded = probabilities.argmax(axis=1)
    if config.method == "argmax":
        return decoded
    # Where the most probable labels already form a valid sequence, it is the one that Viterbi would find.
    invalid = _invalid_sentences(decoded, lengths, labels, config.inside_at_start)
    # A probability that underflowed to 0 stays possible, so that a valid sequence always exists.
    floor = np.finfo(np.float32).tiny
    for words, inside, rows in _padded_batches(lengths, invalid):
        padded = np.zeros((*inside.shape, len(labels)))
        padded[inside] = np.log(np.maximum(probabilities[words], floor, dtype=np.float64))
        decoded[words] = viterbi(padded, lengths[rows], labels, inside_at_start=config.inside_at_start)[inside]
    return decoded


def _padded_batches(lengths: np.ndarray, sentences: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sentences of similar length: their words [n], where these stand in a padded [B, L], and their numbers [B]."""
    starts = offsets_of(lengths)
    for batch in inference_batches(lengths[sentences], _WORDS_AT_A_TIME):
        rows = sentences[batch]
        columns = np.arange(lengths[rows].max())
        inside = columns < lengths[rows][:, None]
        yield (starts[rows][:, None] + columns)[inside], inside, rows


def _invalid_sentences(
    decoded: np.ndarray, lengths: np.ndarray, labels: Sequence[str], inside_at_start: bool
) -> np.ndarray:
    """Row numbers of the sentences in which some label is forbidden where it stands."""
    if len(decoded) == 0:
        return np.empty(0, dtype=np.int64)
    fine = np.append(True, allowed_transitions(labels)[decoded[:-1], decoded[1:]])
    firsts = offsets_of(lengths)[:-1][lengths > 0]
    fine[firsts] = allowed_starts(labels, inside_at_start)[decoded[firsts]]
    return np.unique(np.repeat(np.arange(len(lengths)), lengths)[~fine])
