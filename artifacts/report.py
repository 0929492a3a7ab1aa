"""What the Prefect UI shows of a step: a table of what it made, and its first rows."""

import json
from typing import Any

from prefect.artifacts import create_table_artifact

from artifacts.reference import Reference
from artifacts.show import preview
from artifacts.store import Store

_ROWS_SHOWN = 5


def report_artifact(store: Store, reference: Reference, stage: str) -> None:
    """Shows rows, bytes, digest and the first rows of an artifact in the Prefect UI."""
    manifest = store.require(reference)
    facts: list[dict[str, Any]] = [
        {"": "artifact", "value": str(reference)},
        {"": "digest", "value": reference.digest[:16]},
        {"": "rows", "value": "" if manifest.rows is None else f"{manifest.rows:,}"},
        {"": "bytes", "value": f"{sum(f.bytes for f in manifest.files.values()):,}"},
        {"": "seconds", "value": manifest.seconds},
    ]
    facts += [
        {"": name, "value": json.dumps(value, ensure_ascii=False)[:400]} for name, value in manifest.metadata.items()
    ]
    facts += [{"": f"row {n}", "value": text} for n, text in enumerate(preview(store, reference, _ROWS_SHOWN))]
    create_table_artifact(
        table=facts,
        key=reference.kind.replace("_", "-"),
        description=f"{manifest.recipe.step}{f' · {stage}' if stage else ''}: {manifest.rows or len(manifest.files)} "
        f"{'rows' if manifest.rows is not None else 'files'}",
    )
