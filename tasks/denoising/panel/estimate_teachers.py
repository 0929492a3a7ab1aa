"""Estimate how good each teacher of a panel is, from how far they agree."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import TEACHERS, Opinion
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.panel.estimating import Joining, estimate, joined_patterns, patterns_of
from tasks.tagging.opinions import labels_of, what_is_said
from tasks.words.hard_labels import NO_LABEL


@step(TEACHERS)
def estimate_teachers(job: Job, opinions: tuple[Opinion, ...], names: tuple[str, ...], config: Joining) -> None:
    """Estimates what each label of each teacher means, without gold labels.

    Raises:
        InputError: if there is a word of which nobody says anything.
    """
    labels = labels_of(job, opinions, names)
    parts, unheard = [], 0
    for said in what_is_said(job, opinions, names):
        parts.append(patterns_of(said.votes))
        unheard += said.unheard
    if unheard:
        raise InputError(
            f"panel: of {unheard:,} words no teacher says anything; add one that labels every word, such as source"
        )
    patterns = joined_patterns(parts)
    found = estimate(patterns, len(labels), config)
    rows = []
    for teacher, name in enumerate(names):
        said_by = patterns.labels[:, teacher]
        for label, tag in enumerate(labels):
            rows.append(
                {
                    "teacher": name,
                    "label": tag,
                    "words": int(patterns.counts[said_by == label].sum()),
                    "right": float(found.meant[teacher, label, label]),
                    "found": float(found.said[teacher, label, label]),
                    "meant": found.meant[teacher, label].astype(np.float32),
                    "said": found.said[teacher, label].astype(np.float32),
                }
            )
    spoken = {
        name: int(patterns.counts[patterns.labels[:, teacher] != NO_LABEL].sum()) for teacher, name in enumerate(names)
    }
    metadata = {
        "language": job.metadata(opinions[0])["language"],
        "labels": labels,
        "teachers": list(names),
        "prior": [float(share) for share in found.prior],
        "iterations": found.iterations,
        "settled": found.settled,
        "joining": config.method,
        "words": int(patterns.counts.sum()),
        "labelled": spoken,
    }
    job.write(pa.Table.from_pylist(rows, schema=TEACHERS.schema), metadata=metadata)
