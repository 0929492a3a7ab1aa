"""Induce a bilingual lexicon: for each frequent source word its best translations by CSLS."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import LEXICON, Alignment, Vectors
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.alignment import check_dimensions
from tasks.translation.csls import csls_neighbours, local_means
from tasks.translation.dictionaries import Pair, read_dictionary
from tasks.translation.procrustes import map_rows, normalise
from tasks.translation.vectors import read_vectors
from tasks.words.unit_rows import unit_rows


class LexiconConfig(Settings):
    """Which translations to keep."""

    max_source_words: int = Field(
        100_000, ge=1, title="Source words", description="Translate this many of the most frequent source words."
    )
    max_target_words: int = Field(
        100_000, ge=1, title="Target words", description="Into this many of the most frequent target words."
    )
    candidates: int = Field(5, ge=1, title="Candidates", description="Translations to keep of each source word.")
    neighbours: int = Field(10, ge=1, title="Neighbours", description="K of CSLS (Eq. 4-5).")
    minimum_csls: float | None = Field(
        None,
        ge=-4,
        le=4,
        title="Minimum CSLS",
        description="Translations below are left out (their source words are then copied); empty: all are kept.",
    )


def induce(
    mapped: np.ndarray,
    target: np.ndarray,
    config: LexiconConfig,
    *,
    device: str = "cpu",
    advance: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the best target rows for each source row by CSLS (Eq. 3).

    Args:
        mapped: [N, d] float32 rows P s of length 1.
        target: [M, d] float32 rows t of length 1.
        config: candidates and K.
        device: where similarities are taken.
        advance: called with the number of rows done, N + M in total.

    Returns:
        [N, C] int64 rows of target, best first, and [N, C] float32 their CSLS, higher is better.
    """
    means = local_means(target, mapped, config.neighbours, device=device, advance=advance)
    return csls_neighbours(mapped, target, means, config.neighbours, config.candidates, device=device, advance=advance)


def lexicon_table(
    source_words: Sequence[str],
    target_words: Sequence[str],
    rows: np.ndarray,
    scores: np.ndarray,
    *,
    minimum_csls: float | None = None,
    supplied: Sequence[Pair] = (),
) -> pa.Table:
    """The table of `LEXICON`: supplied pairs first, then what was induced for each source word.

    Args:
        source_words: N words, most frequent first.
        target_words: the words that `rows` names.
        rows: [N, C] int rows of target_words, best first.
        scores: [N, C] float CSLS.
        minimum_csls: leave out pairs below.
        supplied: pairs that take precedence: they come first among their word's translations, without a CSLS. A word
            that is not among them has those of its lower case, unless it is in capitals (US).
    """
    given: dict[str, list[str]] = {}
    for source, target in dict.fromkeys(supplied):
        given.setdefault(source, []).append(target)
    for word in source_words:
        if word not in given and word.lower() in given and not (len(word) > 1 and word.isupper()):
            given[word] = given[word.lower()]
    count, candidates = rows.shape
    first_rank = np.array([len(given.get(word, ())) for word in source_words], dtype=np.int64)
    keep = np.ones(rows.shape, dtype=bool) if minimum_csls is None else scores >= minimum_csls
    for row in np.flatnonzero(first_rank).tolist():
        repeated = set(given[source_words[row]])
        keep[row] &= [target_words[target] not in repeated for target in rows[row]]
    ranks = first_rank[:, None] + np.cumsum(keep, axis=1) - 1
    kept = keep.ravel()
    sources = pa.array(source_words, pa.string()).take(pa.array(np.repeat(np.arange(count), candidates)[kept]))
    targets = pa.array(target_words, pa.string()).take(pa.array(rows.ravel()[kept]))
    csls = pa.array(scores.ravel()[kept].astype(np.float32))
    induced = [sources, targets, csls, pa.array(ranks.ravel()[kept].astype(np.int32))]
    pairs = [(source, target, rank) for source, targets in given.items() for rank, target in enumerate(targets)]
    front = [
        pa.array([pair[0] for pair in pairs], pa.string()),
        pa.array([pair[1] for pair in pairs], pa.string()),
        pa.nulls(len(pairs), pa.float32()),
        pa.array([pair[2] for pair in pairs], pa.int32()),
    ]
    return pa.Table.from_arrays(
        [pa.chunked_array([a, b]) for a, b in zip(front, induced, strict=True)], schema=LEXICON.schema
    )


@step(LEXICON)
def induce_lexicon(
    job: Job,
    source: Vectors,
    target: Vectors,
    alignment: Alignment,
    config: LexiconConfig,
    lexicon: InputFile | None = None,
) -> None:
    """Translate the most frequent source words by their mapped vectors; pairs of a supplied lexicon come first."""
    supplied = read_dictionary(lexicon.local()) if lexicon else []
    about = job.metadata(alignment)
    source_words, source_vectors = read_vectors(job.table(source))
    target_words, target_vectors = read_vectors(job.table(target))
    check_dimensions(source_vectors, target_vectors)
    mapping = np.array(job.table(alignment)["weights"].to_pylist(), dtype=np.float32)
    if mapping.shape[1] != source_vectors.shape[1]:
        raise InputError(
            f"alignment: it maps {mapping.shape[1]} dimensions, the word vectors have {source_vectors.shape[1]}; align "
            "these vectors first"
        )
    # Normalised as a whole before the cut, as in the alignment: the mean that is taken away must be the same.
    mapped = map_rows(normalise(source_vectors, about["normalisation"])[: config.max_source_words], mapping)
    bank = unit_rows(normalise(target_vectors, about["normalisation"])[: config.max_target_words])
    with job.progress("lexicon", len(mapped) + len(bank), "words") as advance:
        rows, scores = induce(mapped, bank, config, device=job.device, advance=advance)
    table = lexicon_table(
        source_words[: len(mapped)],
        target_words,
        rows,
        scores,
        minimum_csls=config.minimum_csls,
        supplied=supplied,
    )
    languages = {"source_language": about["source_language"], "target_language": about["target_language"]}
    job.write(table, metadata={**languages, "supplied_pairs": len(dict.fromkeys(supplied))})
