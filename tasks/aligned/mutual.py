"""Which words translate each other, by how similar their sub-words are to an encoder (SimAlign, awesome-align).

Source sub-word i and target sub-word j are linked if each is the other's most similar one (Jalili Sabet et al., 2020,
"argmax"):

    j = argmax_k s(i, k)  and  i = argmax_k s(k, j)

Of equally similar ones the first counts. Two words are linked if any of their sub-words are; their similarity is that
of the most similar linked sub-words.
"""

from dataclasses import dataclass

import numpy as np
import torch

from tasks.aligned.links import WordLinks, links_of_words
from tasks.training.batching import inference_batches
from tasks.words.columns import offsets_of


@dataclass(frozen=True)
class Subwords:
    """Sub-words of one side of M sentence pairs, one sentence after another.

    states   [P, hidden] what stands for each; float32, rows of length 1
    words    [P] int, the word of each, counted over all sentences
    lengths  [M] int, sub-words of each sentence
    """

    states: torch.Tensor
    words: np.ndarray
    lengths: np.ndarray


def mutual_argmax(
    similarity: torch.Tensor, source_lengths: torch.Tensor, target_lengths: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sub-words that are each other's most similar ones.

    Args:
        similarity: [B, S, T] of source and target sub-words of B sentence pairs, padded.
        source_lengths: [B] int, how many of the S are there.
        target_lengths: [B] int, how many of the T are there.

    Returns:
        Three times [L] int64: pair, source sub-word in its sentence, target sub-word in its sentence; by pair, then
        source sub-word. A pair with an empty side has none.
    """
    _, sources, targets = similarity.shape
    rows = torch.arange(sources, device=similarity.device)
    columns = torch.arange(targets, device=similarity.device)
    there = (rows < source_lengths[:, None])[:, :, None] & (columns < target_lengths[:, None])[:, None, :]
    masked = similarity.masked_fill(~there, -torch.inf)
    best_target = masked.argmax(dim=2)
    best_source = masked.argmax(dim=1)
    mutual = (best_source.gather(1, best_target) == rows) & there.any(dim=2)
    pair, source = mutual.nonzero(as_tuple=True)
    return pair, source, best_target[pair, source]


def aligned_words(source: Subwords, target: Subwords, budget: int) -> WordLinks:
    """Links between the words of sentence pairs.

    Args:
        source: sub-words of the source sentences.
        target: sub-words of their translations, on the same device.
        budget: padded sub-words of both sides that are compared at once; a pair with more is a batch of its own.
    """
    pairs = np.flatnonzero((source.lengths > 0) & (target.lengths > 0))
    firsts = offsets_of(source.lengths)[:-1], offsets_of(target.lengths)[:-1]
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for rows in inference_batches((source.lengths + target.lengths)[pairs], budget):
        batch = pairs[rows]
        states = [
            _padded(side.states, first[batch], side.lengths[batch])
            for side, first in zip((source, target), firsts, strict=True)
        ]
        similarity = states[0] @ states[1].transpose(1, 2)
        lengths = (torch.from_numpy(side.lengths[batch]).to(similarity.device) for side in (source, target))
        pair, i, j = mutual_argmax(similarity, *lengths)
        values = similarity[pair, i, j].cpu().numpy()
        at = batch[pair.cpu().numpy()]
        found.append((firsts[0][at] + i.cpu().numpy(), firsts[1][at] + j.cpu().numpy(), values))
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else [np.zeros(0, np.int64)] * 3
    return links_of_words(source.words[columns[0]], target.words[columns[1]], columns[2].astype(np.float32))


def _padded(states: torch.Tensor, firsts: np.ndarray, lengths: np.ndarray) -> torch.Tensor:
    """[B, L, hidden] the states of B sentences; what pads them is some other's, and to be masked."""
    places = firsts[:, None] + np.arange(lengths.max())[None, :]
    return states[torch.from_numpy(np.minimum(places, len(states) - 1)).to(states.device)]
