"""Rows of a table as a person reads them: words with their labels, probabilities and weights."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from artifacts.catalog import MARKED_TRANSLATION, PROJECTION, RELIABILITY, SOFT_LABELS
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
    """All rows of a table, one line each; weights stand beside the words they weigh, if those are in the store.

    A row of `marked_translation` takes several lines in one string: source, marked source, raw output, and the result.
    """
    if (form := _FORMS.get(reference.kind)) is not None:
        yield from map(form, _rows(store, reference))
        return
    labels = store.metadata(reference).get("labels", [])
    weighed = _weighed_labels(store, reference)
    rows = _rows(store, reference)
    if weighed is None:
        yield from (row_text(row, labels) for row in rows)
        return
    for row, soft in zip(rows, _rows(store, weighed), strict=True):
        triples = zip(soft["words"], soft["probabilities"], row["agreement"], row["weight"], strict=True)
        yield f"[{row['sentence_id']}] " + " ".join(
            _soft(w, p, labels, f"; λ {a:.2f}, w {v:.2f}") for w, p, a, v in triples
        )


def _rows(store: Store, reference: Reference) -> Iterator[dict[str, Any]]:
    for batch in store.batches(reference, rows=256):
        yield from batch.to_pylist()


def _weighed_labels(store: Store, reference: Reference) -> Reference | None:
    """The soft labels that a reliability table is about."""
    wanted = store.require(reference).recipe.inputs.get("soft_labels") if reference.kind == RELIABILITY.name else None
    for manifest in store.manifests_of(SOFT_LABELS.name) if wanted else ():
        if f"{manifest.kind}:{manifest.digest}" == wanted:
            return Reference(kind=manifest.kind, key=manifest.key, digest=manifest.digest)
    return None


def row_text(row: dict[str, Any], labels: list[str]) -> str:
    """One row: `word/LABEL` for tagged words, `word/LABEL(0.93)` for probabilities, `name=value` for the rest."""
    parts = []
    if "sentence_id" in row:
        parts.append(f"[{row['sentence_id']}]")
    if "probabilities" in row:
        parts += [_soft(w, p, labels) for w, p in zip(row["words"], row["probabilities"], strict=True)]
    elif "words" in row and "tags" in row:
        parts.append(_tagged(row["words"], row["tags"]))
    elif "votes" in row:
        parts.append(_tagged(row["words"], [label or "?" for label in row["votes"]]))
    elif "words" in row and isinstance(row["words"], list):
        parts += row["words"]
    elif "tags" in row:
        parts += row["tags"]
    shown = {"sentence_id", "probabilities", "tags", "votes"} | (
        {"words"} if isinstance(row.get("words"), list) else set()
    )
    parts += [f"{name}={_short(value)}" for name, value in row.items() if name not in shown]
    return " ".join(parts)


def _marked_text(row: dict[str, Any]) -> str:
    result = f"dropped  {row['reason']}" if row["reason"] else f"result   {_tagged(row['words'], row['tags'])}"
    shown = (
        f"[{row['sentence_id']}] {_tagged(row['source_words'], row['source_tags'])}",
        f"marked   {_on_one_line(row['marked_source'])}",
        f"output   {_on_one_line(row['output'])}",
        result,
    )
    return "\n    ".join(line.rstrip() for line in shown)


def _projection_text(row: dict[str, Any]) -> str:
    entities = zip(row["entities"], row["entity_types"], row["matches"], strict=True)
    found = [f"{text}/{kind} -> {f'word {at}' if at >= 0 else 'not found'}" for text, kind, at in entities]
    raw = " ".join(row["words"]) if row["reason"] else _tagged(row["words"], row["tags"])
    shown = (
        f"[{row['sentence_id']}] {raw}",
        f"forward  {_on_one_line(row['forward'])}",
        f"tagged   {_tagged(row['source_words'], row['source_tags'])}",
        f"back     {_on_one_line(row['output'])}",
        f"entities {', '.join(found)}",
        f"dropped  {row['reason']}" if row["reason"] else "kept",
    )
    return "\n    ".join(line.rstrip() for line in shown)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _tagged(words: list[str], tags: list[str]) -> str:
    return " ".join(w if t == "O" else f"{w}/{t}" for w, t in zip(words, tags, strict=True))


def _soft(word: str, probabilities: list[float], labels: list[str], more: str = "") -> str:
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    label = labels[best] if best < len(labels) else str(best)
    if label == "O" and probabilities[best] >= _PLAIN:
        return word
    return f"{word}/{label}({probabilities[best]:.2f}{more})"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], float):
        more = "" if len(value) <= 40 else " ..."
        return "[" + " ".join(f"{v:.2f}" for v in value[: 40 if len(value) <= 40 else _VALUES_SHOWN]) + more + "]"
    if isinstance(value, list):
        return "[" + " ".join(str(v) for v in value) + "]"
    return str(value)


_FORMS = {MARKED_TRANSLATION.name: _marked_text, PROJECTION.name: _projection_text}
