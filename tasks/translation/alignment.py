"""Align the word vectors of two languages (MUSE, supervised: identical strings or a dictionary as the seed)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import ALIGNMENT, Vectors
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.dictionaries import Pair, identical_pairs, known_pairs, read_dictionary
from tasks.translation.precision import precision
from tasks.translation.procrustes import Keep, Normalisation, align, map_rows, normalise
from tasks.translation.vectors import read_vectors
from tasks.words.unit_rows import unit_rows


class AlignmentConfig(Settings):
    """How to align two sets of word vectors; the defaults are those of MUSE as UniTrans' script runs it."""

    seed_words: int = Field(
        100_000,
        ge=1,
        title="Seed words",
        description="Identical strings are looked for among this many of the most frequent words of each language.",
    )
    seed_minimum_characters: int = Field(
        1, ge=1, title="Shortest identical string", description="In characters; shorter words seed nothing."
    )
    refinements: int = Field(
        3, ge=0, title="Refinements", description="Rounds of mutual neighbours and Procrustes; 0: the seed alone."
    )
    refine_words: int = Field(
        10_000,
        ge=1,
        title="Refinement words",
        description="Translations of this many of the most frequent words of each language are looked at.",
    )
    keep: Keep = Field(
        "best",
        title="Map to keep",
        description="best: the one whose translations of the most frequent source words have the highest mean cosine "
        "(MUSE with identical strings as the seed); last: the last one.",
    )
    neighbours: int = Field(10, ge=1, title="Neighbours", description="K of CSLS (Eq. 4-5).")
    normalisation: Normalisation = Field(
        "none",
        title="Normalisation",
        description="Of each language's vectors before: none (MUSE); unit length; or unit, centred, unit again.",
    )
    ignore_case: bool = Field(
        True,
        title="Ignore case in dictionaries",
        description="A dictionary word that has no vector stands for the most frequent word that differs in case only.",
    )


def check_dimensions(source: np.ndarray, target: np.ndarray) -> None:
    """Refuse vectors of different length.

    Raises:
        InputError: naming both dimensions.
    """
    if source.shape[1] != target.shape[1]:
        raise InputError(
            f"word vectors: the source language's have {source.shape[1]} dimensions, the target language's "
            f"{target.shape[1]}; expected the same; train or load both with one dimension"
        )


def seed_pairs(
    dictionary: Sequence[Pair] | None, source_words: Sequence[str], target_words: Sequence[str], config: AlignmentConfig
) -> np.ndarray:
    """Rows of the pairs to start from: those of a dictionary, or identical strings without one.

    Returns:
        [D, 2] int64 rows of source and target, D > 0.

    Raises:
        InputError: if no pair has vectors on both sides.
    """
    if dictionary is None:
        seed = identical_pairs(
            source_words[: config.seed_words], target_words[: config.seed_words], config.seed_minimum_characters
        )
        if not len(seed):
            raise InputError(
                "alignment: the two languages share no word to start from; give a seed dictionary (lexicon), or lower "
                "seed_minimum_characters"
            )
        return seed
    seed = known_pairs(dictionary, source_words, target_words, config.ignore_case)
    if not len(seed):
        raise InputError(
            f"lexicon: none of its {len(dictionary)} pairs has vectors for both words; check its languages "
            "and which side is the source"
        )
    return seed


@step(ALIGNMENT)
def align_vectors(
    job: Job,
    source: Vectors,
    target: Vectors,
    lexicon: InputFile | None,
    test_lexicon: InputFile | None,
    config: AlignmentConfig,
) -> None:
    """Learn the orthogonal map from source vectors to target vectors, and test it on a dictionary."""
    source_words, source_vectors = read_vectors(job.table(source))
    target_words, target_vectors = read_vectors(job.table(target))
    check_dimensions(source_vectors, target_vectors)
    test = read_dictionary(test_lexicon.local()) if test_lexicon else None
    dictionary = read_dictionary(lexicon.local()) if lexicon else None
    seed = seed_pairs(dictionary, source_words, target_words, config)
    source_rows = normalise(source_vectors, config.normalisation)
    target_rows = normalise(target_vectors, config.normalisation)
    with job.progress("alignment", config.refinements + 1, "maps") as advance:
        mapping, history, kept = align(
            source_rows,
            target_rows,
            seed,
            refinements=config.refinements,
            refine_words=config.refine_words,
            neighbours=config.neighbours,
            keep=config.keep,
            device=job.device,
            advance=advance,
        )
    scores = None
    if test is not None:
        mapped, unit_target = map_rows(source_rows, mapping), unit_rows(target_rows)
        scores = precision(
            test,
            source_words,
            target_words,
            mapped,
            unit_target,
            config.neighbours,
            ignore_case=config.ignore_case,
            device=job.device,
        )
    weights = pa.array(mapping.astype(np.float32).tolist(), pa.list_(pa.float32()))
    rows = pa.array(range(len(mapping)), pa.int32())
    job.write(
        pa.Table.from_arrays([rows, weights], schema=ALIGNMENT.schema),
        metadata={
            "source_language": job.metadata(source)["language"],
            "target_language": job.metadata(target)["language"],
            "normalisation": config.normalisation,
            "seed": "lexicon" if dictionary else "identical strings",
            "seed_pairs": len(seed),
            "maps": [{"pairs": tried.pairs, "mean_cosine": tried.mean_cosine} for tried in history],
            "kept": kept,
            "precision_at_1": scores and scores.at_1,
            "precision_at_5": scores and scores.at_5,
            "test_words": scores and scores.words,
            "test_pairs": scores and scores.pairs,
            "test_pairs_without_vectors": scores and scores.unknown,
        },
    )
