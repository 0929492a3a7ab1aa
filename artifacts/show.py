"""Rows of a table as a person reads them: words with their labels, probabilities and weights."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from artifacts.reference import Reference
from artifacts.store import Store

_VALUES_SHOWN = 6
_PLAIN = 0.9  # words that are O with at least this probability stand alone


def preview(store: Store, reference: Reference, rows: int) -> list[str]:
    """The first rows of a table, one line each; for a model, its files."""
    manifest = store.require(reference)
    if manifest.rows is None:
        return [f"{name} ({entry.bytes:,} bytes)" for name, entry in manifest.files.items()]
    return list(islice(lines(store, reference), rows))


def lines(store: Store, reference: Reference) -> Iterator[str]:
    """All rows of a table, one line each."""
    labels = store.metadata(reference).get("labels", [])
    for batch in store.batches(reference, rows=256):
        for row in batch.to_pylist():
            yield row_text(row, labels)


def row_text(row: dict[str, Any], labels: list[str]) -> str:
    """One row: `word/LABEL` for tagged words, `word/LABEL(0.93)` for probabilities, `name=value` for the rest."""
    parts = []
    if "sentence_id" in row:
        parts.append(f"[{row['sentence_id']}]")
    if "probabilities" in row:
        parts += [_soft(w, p, labels) for w, p in zip(row["words"], row["probabilities"], strict=True)]
    elif "words" in row and "tags" in row:
        parts += [w if t == "O" else f"{w}/{t}" for w, t in zip(row["words"], row["tags"], strict=True)]
    elif "words" in row and isinstance(row["words"], list):
        parts += row["words"]
    elif "tags" in row:
        parts += row["tags"]
    shown = {"sentence_id", "probabilities", "tags"} | ({"words"} if isinstance(row.get("words"), list) else set())
    parts += [f"{name}={_short(value)}" for name, value in row.items() if name not in shown]
    return " ".join(parts)


def _soft(word: str, probabilities: list[float], labels: list[str]) -> str:
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    label = labels[best] if best < len(labels) else str(best)
    return word if label == "O" and probabilities[best] >= _PLAIN else f"{word}/{label}({probabilities[best]:.2f})"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], float):
        more = "" if len(value) <= 40 else " ..."
        return "[" + " ".join(f"{v:.2f}" for v in value[: 40 if len(value) <= 40 else _VALUES_SHOWN]) + more + "]"
    if isinstance(value, list):
        return "[" + " ".join(str(v) for v in value) + "]"
    return str(value)
