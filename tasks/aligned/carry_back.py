"""Labels carried back: sentences were translated and tagged in the other language; what found a place here stays."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import PREDICTIONS, AlignedTranslation, Sentences
from artifacts.step import Job, step
from tasks.translation.projection.joined import with_tags_of
from tasks.words.columns import flat_label_ids, list_lengths, offsets_of, ranges, tag_column


def carried_back(sentences: pa.Table, placed: pa.Table, labels: Sequence[str]) -> pa.Table:
    """All sentences with a tag for each word; of O alone those that have none in `placed`.

    Args:
        sentences: sentence_id, words.
        placed: sentence_id, words, tags (empty if the sentence was dropped) of some of them.
        labels: IOB2 labels of the tags, O first.

    Returns:
        A table of `PREDICTIONS`.

    Raises:
        InputError: if `placed` has other words under an id.
    """
    rows = with_tags_of(sentences, placed, "carrying labels back")
    lengths, tagged = list_lengths(rows["words"]), list_lengths(rows["tags"])
    ids = np.zeros(int(lengths.sum()), dtype=np.int64)
    ids[ranges(offsets_of(lengths)[:-1], tagged)] = flat_label_ids(rows["tags"], labels, "carrying labels back")
    tags = tag_column(ids, lengths, labels)
    return pa.table([rows["sentence_id"], rows["words"], tags], schema=PREDICTIONS.schema)


@step(PREDICTIONS)
def carry_back(job: Job, sentences: Sentences, translated: Sentences, placed: AlignedTranslation) -> None:
    """Gives every sentence the labels that `placed` has for it; one without a translation that was read stays O.

    `translated` is what `read_plain` kept of the translations: it says why the others were left out.
    """
    about = job.metadata(placed)
    rows = carried_back(
        job.table(sentences), job.table(placed, columns=["sentence_id", "words", "tags"]), about["labels"]
    )
    told = {"untranslated": job.metadata(translated)["dropped"]}
    told |= {name: about[name] for name in ("entities", "placed", "lost")}
    job.write(rows, {"language": job.metadata(sentences)["language"], "labels": about["labels"], **told})
