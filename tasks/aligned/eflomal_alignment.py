"""Align sentences with their translations by eflomal, which learns from them and from parallel text beside them."""

import io

import numpy as np
import pyarrow as pa

from artifacts.catalog import WORD_ALIGNMENT, AnySentences, WordAlignment
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.aligned.sentence_pairs import languages_of, sentence_pairs
from tasks.translation.pairs.marker_quality import priors_of
from tasks.translation.pairs.word_alignment import Alignment, align, alignment_rows
from tasks.words.columns import list_lengths


@step(WORD_ALIGNMENT)
def align_by_eflomal(
    job: Job, source: AnySentences, target: AnySentences, learnt: tuple[WordAlignment, ...], config: Alignment
) -> None:
    """Aligns the words of sentences with those of their translations, which have the sentences' ids.

    `learnt` are alignments of parallel text; what they say of words is eflomal's prior.
    """
    columns = ["sentence_id", "words"]
    languages = languages_of(job.metadata(source), job.metadata(target))
    for prior in learnt:
        found = {side: job.metadata(prior)[side] for side in languages}
        if found != languages:
            raise InputError(
                f"word alignment: the sentences are {' to '.join(languages.values())}, the parallel text {prior} is "
                f"{' to '.join(found.values())}; expected the same; align parallel text of these languages"
            )
    pairs = sentence_pairs(job.table(source, columns=columns), job.table(target, columns=columns))
    words = pairs["source_words"].to_pylist(), pairs["target_words"].to_pylist()
    rows = alignment_rows(pairs["pair_id"], words, align(*words, config, _priors(job, learnt)))
    limit = config.max_length_words
    lengths = np.maximum(*(list_lengths(pairs[f"{side}_words"]) for side in ("source", "target")))
    said = {
        "aligner": "eflomal",
        "links": int(list_lengths(rows["source_links"]).sum()),
        "symmetrisation": config.symmetrisation,
        "unaligned_pairs": int((lengths > limit).sum()),
    }
    job.write(rows, metadata={**languages, **said})


def _priors(job: Job, learnt: tuple[WordAlignment, ...]) -> io.StringIO | None:
    return priors_of(pa.concat_tables([job.table(each) for each in learnt])) if learnt else None
