"""Gather the translations that were kept, of one or several ways of translating, into one table to train on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import ALIGNED_TRANSLATION, MARKED_TRANSLATION, TRANSLATION, AnyTranslation
from artifacts.errors import InputError
from artifacts.step import Job, step

ORIGINS = {MARKED_TRANSLATION.name: "marked", ALIGNED_TRANSLATION.name: "aligned"}
"""Of the words of sentences that were translated whole, by the kind of the table that they come from."""


def kept_rows(batch: pa.RecordBatch, corpus: str, origin: str) -> pa.RecordBatch:
    """The rows of a `MARKED_TRANSLATION` or `ALIGNED_TRANSLATION` batch that were kept, as `TRANSLATION`.

    `corpus` names the sentences that were translated. The sentence ids are still theirs.
    """
    kept = batch.filter(pc.equal(batch["reason"], ""))
    lengths = pc.list_value_length(kept["words"]).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    origins = pa.ListArray.from_arrays(pa.array(offsets), pa.repeat(pa.scalar(origin), int(offsets[-1])))
    came_from = [pa.repeat(pa.scalar(corpus), kept.num_rows), kept["sentence_id"]]
    columns = [kept["sentence_id"], kept["words"], kept["tags"], kept["source_words"], origins, *came_from]
    return pa.record_batch(columns, schema=TRANSLATION.schema)


def common_metadata(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Language and labels of translations, which must be the same for all.

    Raises:
        InputError: if there is no part, or one has another language or other labels than the first.
    """
    if not parts:
        raise InputError("gathering translations: there is no translation; expected at least one; name one")
    for number, part in enumerate(parts[1:], 2):
        for name, step_back in (("language", "translate into one language"), ("labels", "set labels.types for both")):
            if part[name] != parts[0][name]:
                raise InputError(
                    f"gathering translations: part {number} has {name} {_listed(part[name])}, part 1 has "
                    f"{_listed(parts[0][name])}; expected the same; {step_back}"
                )
    return {"language": parts[0]["language"], "labels": parts[0]["labels"]}


def nothing_kept(parts: Sequence[Mapping[str, Any]]) -> InputError:
    """The error for translations of which no sentence is left, with the reasons by number of sentences."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.get("dropped", {}))
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in counts.most_common()) or "there was none"
    return InputError(
        f"gathering translations: no sentence is kept ({reasons}), expected some to train on; read a few with "
        f"`crosstag store show {MARKED_TRANSLATION.name}/...`, then train the translator longer on marked pairs, take "
        "another, or loosen the filter that drops most"
    )


@step(TRANSLATION)
def gather_translations(job: Job, parts: tuple[AnyTranslation, ...]) -> None:
    """Put the kept sentences of every part into one translation, in order."""
    described = [job.metadata(part) for part in parts]
    metadata = common_metadata(described)
    rows = 0

    def gathered() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for part, about in zip(parts, described, strict=True):
            for batch in job.batches(part):
                origin = ORIGINS.get(part.kind)
                made = batch if origin is None else kept_rows(batch, about["corpus"], origin)
                numbers = pa.array(np.arange(rows, rows + made.num_rows))
                rows += made.num_rows
                yield made.set_column(0, TRANSLATION.schema.field(0), numbers)

    job.write(gathered(), metadata=metadata)
    if not rows:
        raise nothing_kept(described)


def _listed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
