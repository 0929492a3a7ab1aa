"""Two alignments of the same sentence pairs as one."""

from typing import Literal

import numpy as np

from artifacts.catalog import WORD_ALIGNMENT, WordAlignment
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.aligned.links import WordLinks, links_of_words
from tasks.aligned.sentence_pairs import alignment_table, links_of

Joining = Literal["union", "intersection"]


def joined_links(one: WordLinks, other: WordLinks, joining: Joining) -> WordLinks:
    """The links of either, or those of both; with the similarity that is known of each, the higher of two."""
    both = links_of_words(
        *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("source", "target", "similarities"))
    )
    if joining == "union":
        return both
    size = 1 + max(int(links.target.max(initial=0)) for links in (one, other))
    keys = [links.source * size + links.target for links in (both, one, other)]
    kept = np.isin(keys[0], keys[1]) & np.isin(keys[0], keys[2])
    return WordLinks(both.source[kept], both.target[kept], both.similarities[kept])


@step(WORD_ALIGNMENT)
def join_alignments(job: Job, one: WordAlignment, other: WordAlignment, joining: Joining) -> None:
    """Joins the links of two aligners."""
    first, second = job.table(one), job.table(other)
    columns = ["pair_id", "source_words", "target_words"]
    if not first.select(columns).equals(second.select(columns)):
        raise InputError(
            f"word alignment: {one} and {other} are not of the same sentence pairs; expected the same words under the "
            "same ids; align them again"
        )
    links = joined_links(links_of(first), links_of(second), joining)
    said, also = job.metadata(one), job.metadata(other)
    about = {side: said[side] for side in ("source_language", "target_language")}
    about |= {"aligner": f"{joining} of {said['aligner']} and {also['aligner']}", "links": len(links)}
    job.write(alignment_table(first.select(columns), links), metadata=about)
