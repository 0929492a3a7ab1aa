"""Combine projected labels with those of the multilingual tagger into one training set (CROP, 4.1, iii)."""

from collections import Counter

import numpy as np
import pyarrow as pa

from artifacts.catalog import TRAINING_SET, Predictions, Projection
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.settling import LEFT_OUT, SETTLED_BY, Settling, settle
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences


@step(TRAINING_SET)
def settle_labels(job: Job, projection: Projection, predictions: Predictions, config: Settling) -> None:
    """Settles each raw sentence's labels: projected, the multilingual tagger's, or none.

    The artifact's notes count sentences that are left out, by the projection's reason; `no_agreement` is one that it
    kept.
    """
    about = job.metadata(projection)
    language, labels = about["language"], about["labels"]
    check_same_labels(labels, job.metadata(predictions)["labels"], "the projection", "the multilingual tagger")
    projected = job.table(projection, columns=["sentence_id", *SETTLED_BY])
    tagged = job.table(predictions, columns=["sentence_id", "tags"])
    pair = "projection and predictions"
    check_same_sentences(which_sentences(projected, "words"), which_sentences(tagged, "tags"), pair)
    origins, tags = settle(projected, tagged["tags"], config)
    rows = np.flatnonzero(origins != LEFT_OUT)
    reasons = np.array(projected["reason"].to_pylist(), dtype=object)[origins == LEFT_OUT]
    left_out = dict(Counter(reason or "no_agreement" for reason in reasons.tolist()).most_common())
    if not len(rows):
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in about["dropped"].items())
        raise InputError(
            f"settled labels of {language}: none of {len(origins):,} sentences is left under rule {config.rule!r}; the "
            f"projection kept {about['kept']:,} and dropped: {dropped or 'none'}; choose rule 'paper'"
        )
    columns = {
        "sentence_id": pa.array(np.arange(len(rows))),
        "words": projected["words"].take(pa.array(rows)),
        "tags": tags.take(pa.array(rows)),
        "language": pa.repeat(pa.scalar(language), len(rows)),
        "origin": pa.array(origins[rows].tolist(), pa.string()),
        "corpus": pa.repeat(pa.scalar(about["corpus"]), len(rows)),
        "source_sentence_id": projected["sentence_id"].take(pa.array(rows)),
    }
    metadata = {"language": language, "labels": labels, "sentences": {language: origin_counts(origins[rows])}}
    job.note(settled_left_out=left_out)
    job.write(pa.table(columns, schema=TRAINING_SET.schema), metadata)


def origin_counts(origins: np.ndarray) -> dict[str, int]:
    """How many sentences have each origin, by name."""
    return dict(sorted(Counter(origins.tolist()).items()))
