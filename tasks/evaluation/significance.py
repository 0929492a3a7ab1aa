"""Whether two models' F1 differ by more than the choice of test sentences: approximate randomisation (Noreen, 1989).

Under the null hypothesis it makes no difference which of the two models said which of the two labellings of a sentence.
So they are swapped at random, sentence by sentence, and the p-value is how often F1 then differs at least as much.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from artifacts.catalog import SIGNIFICANCE, Gold, Predictions
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids
from tasks.words.labels import entity_types
from tasks.words.spans import Spans, entity_spans

_BLOCK = 256
_ROUNDING = 1e-12


class Difference(NamedTuple):
    """Mean F1 over the seeds of each side, in [0, 1], and the two-sided p-value of their difference."""

    first: float
    second: float
    p_value: float


def sentence_counts(truth: Spans, guess: Spans, sentences: int, types: int) -> np.ndarray:
    """What each sentence adds to the scores.

    Args:
        truth: gold entities.
        guess: entities that a model found.
        sentences: M.
        types: C, of entities.

    Returns:
        [M, C, 3] int: entities that are right, that were predicted, that are gold.
    """
    last = 1 + max(int(spans.ends.max(initial=0)) for spans in (truth, guess))
    keys = [(spans.starts * last + spans.ends) * types + spans.types for spans in (truth, guess)]
    right = np.isin(*keys)
    places = [
        (truth.rows[right], truth.types[right]),
        (guess.rows, guess.types),
        (truth.rows, truth.types),
    ]
    counts = [np.bincount(rows * types + kinds, minlength=sentences * types) for rows, kinds in places]
    return np.stack(counts, axis=-1).reshape(sentences, types, 3)


def randomised(first: np.ndarray, second: np.ndarray, samples: int, seed: int) -> Difference:
    """Approximate randomisation over sentences; all seeds of a sentence are swapped together.

    Args:
        first: [S, M, 3] int, of one side for each of its S seeds: right, predicted, gold entities of each sentence.
        second: the same of the other side.
        samples: how many random swaps.
        seed: of these.

    Returns:
        Means over the seeds; p is (swaps that differ at least as much + 1) / (samples + 1).
    """
    totals = first.sum(axis=1), second.sum(axis=1)
    one, other = (float(_f1(total).mean()) for total in totals)
    observed = abs(one - other)
    change = (second - first).transpose(1, 0, 2)
    differs = change[change.any(axis=(1, 2))].astype(np.float64)
    seeds, generator = len(first), np.random.default_rng(seed)
    extreme = 0
    for start in range(0, samples, _BLOCK):
        swaps = generator.integers(0, 2, (min(_BLOCK, samples - start), len(differs))).astype(np.float64)
        moved = (swaps @ differs.reshape(len(differs), 3 * seeds)).reshape(-1, seeds, 3)
        found = _f1(totals[0] + moved).mean(axis=1) - _f1(totals[1] - moved).mean(axis=1)
        extreme += int((np.abs(found) >= observed - _ROUNDING).sum())
    return Difference(one, other, (extreme + 1) / (samples + 1))


def _f1(counts: np.ndarray) -> np.ndarray:
    """F1 of right, predicted and gold entities in the last dimension; 0 where nothing is right."""
    right, predicted, gold = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return np.divide(2 * right, predicted + gold, out=np.zeros_like(right), where=right > 0)


@step(SIGNIFICANCE)
def compare_labels(
    job: Job,
    first: tuple[Predictions, ...],
    second: tuple[Predictions, ...],
    gold: Gold,
    name: str,
    samples: int = 9999,
    seed: int = 0,
) -> None:
    """Compares the labels of two models, or of two methods with several seeds each, on one test set.

    Args:
        job: of the step.
        first: labels of one model, one artifact for each seed.
        second: labels of the other one, as many.
        gold: of the same sentences.
        name: what is compared.
        samples: random swaps.
        seed: of these.

    Raises:
        InputError: if one side has more seeds, or the labels or the sentences are not the same.
    """
    if len(first) != len(second) or not first:
        raise InputError(
            f"{name}: {len(first)} and {len(second)} seeds; expected as many of both, at least one; run both with the "
            "same seeds"
        )
    labels = job.metadata(gold)["labels"]
    types = entity_types(labels)
    truth = job.table(gold)
    sentences = which_sentences(truth, "tags")
    lengths = sentences.word_counts
    entities = entity_spans(flat_label_ids(truth["tags"], labels, "gold"), lengths, labels)

    def counts(side: Sequence[Predictions]) -> np.ndarray:
        found = []
        for each in side:
            check_same_labels(labels, job.metadata(each)["labels"], "gold", "predictions")
            table = job.table(each, columns=["sentence_id", "tags"])
            check_same_sentences(sentences, which_sentences(table, "tags"), f"{name}: gold and predictions")
            guess = entity_spans(flat_label_ids(table["tags"], labels, "predictions"), lengths, labels)
            found.append(sentence_counts(entities, guess, len(lengths), len(types)))
        return np.stack(found)

    both = counts(first), counts(second)
    rows = [("overall", randomised(both[0].sum(axis=2), both[1].sum(axis=2), samples, seed))]
    rows += [(kind, randomised(both[0][:, :, i], both[1][:, :, i], samples, seed)) for i, kind in enumerate(types)]
    table = [
        {"type": kind, "f1_first": found.first, "f1_second": found.second, "p_value": found.p_value}
        for kind, found in rows
    ]
    metadata = {"name": name, "seeds": len(first), "samples": samples}
    job.write(pa.Table.from_pylist(table, schema=SIGNIFICANCE.schema), metadata=metadata)
