"""A store whose contents are known."""

from typing import Any

import pyarrow as pa

from artifacts.catalog import GOLD, OPINIONS, PARTIAL_SOFT_LABELS, RELIABILITY, SENTENCES, SOFT_LABELS, Dataset
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Ada", "sah", "Ulm"], ["Nichts"], ["<script>alert(1)</script>", "in", "New", "York"]]


def put(
    store: Store,
    kind: Dataset,
    key: str,
    columns: dict[str, Any],
    *,
    about: dict[str, Any] | None = None,
    **inputs: Reference,
) -> Reference:
    """An artifact with these columns, made of these others; `about`: more of its metadata."""
    named = {name: f"{each.kind}:{each.digest}" for name, each in inputs.items()}
    recipe = Recipe(step="a_step", parameters={}, inputs=named, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe, label=f"label {key}") as writer:
        writer.write(pa.table(columns, schema=kind.schema), {"labels": LABELS, "language": "de", **(about or {})})
    assert writer.reference is not None
    return writer.reference


def certain(tags: list[list[str]], probability: float = 0.9) -> list[list[list[float]]]:
    """Probabilities of sentences: each word has its label with that one, the others share the rest."""
    rest = (1 - probability) / (len(LABELS) - 1)
    return [[[probability if each == tag else rest for each in LABELS] for tag in sentence] for sentence in tags]


class Shelved:
    """Three sentences, the soft labels of two taggers, how far to trust the first, and gold labels.

    first   Ada/B-PER sah/O Ulm/B-LOC | Nichts/O | <script>/B-PER in/O New/B-LOC York/I-LOC
    second  Ada/B-PER sah/B-PER Ulm/O | Nichts/O | <script>/B-LOC in/O New/B-LOC York/B-LOC
    weight  .9 .5 .1 | .6 | .2 .5 .8 .3
    """

    def __init__(self, store: Store, class_mean: dict[str, float | None] | None = None) -> None:
        ids = [0, 1, 2]
        self.store = store
        self.text = put(store, SENTENCES, "aa", {"sentence_id": ids, "words": WORDS})
        one = [["B-PER", "O", "B-LOC"], ["O"], ["B-PER", "O", "B-LOC", "I-LOC"]]
        other = [["B-PER", "B-PER", "O"], ["O"], ["B-LOC", "O", "B-LOC", "B-LOC"]]
        columns = {"sentence_id": ids, "words": WORDS}
        self.first = put(store, SOFT_LABELS, "b1", {**columns, "probabilities": certain(one)}, sentences=self.text)
        self.second = put(
            store, SOFT_LABELS, "b2", {**columns, "probabilities": certain(other, 0.8)}, sentences=self.text
        )
        weights = [[0.9, 0.5, 0.1], [0.6], [0.2, 0.5, 0.8, 0.3]]
        agreements = [[1.0, 0.5, 0.0], [0.5], [0.0, 0.5, 1.0, 0.5]]
        self.weights = put(
            store,
            RELIABILITY,
            "cc",
            {"sentence_id": ids, "agreement": agreements, "weight": weights},
            about={"class_mean": class_mean or {}, "neighbours": 2},
            soft_labels=self.first,
        )
        self.gold = put(store, GOLD, "dd", {"sentence_id": ids, "tags": one})


TEACHERS = ["source", "<b>spans</b>", "labeller \u0645"]


class Panelled:
    """Three sentences, what three teachers say of their words, and what was made of it.

    source          زار/O محمد/B-PER القاهرة/B-LOC | Nichts/O | Ulm/B-LOC
    <b>spans</b>    زار/O محمد/O     القاهرة/B-LOC | Nichts/O | Ulm/B-PER
    labeller م      زار/O محمد/?     القاهرة/B-PER | Nichts/? | Ulm/B-PER, certain
    joint           زار/O محمد/B-PER القاهرة/B-LOC | Nichts/O | Ulm/B-LOC, of .9 .6 .7 | .95 | .5
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        columns = {"sentence_id": [5, 6, 7], "words": [["زار", "محمد", "القاهرة"], ["Nichts"], ["Ulm"]]}
        self.text = put(store, SENTENCES, "aa", columns)
        source = [["O", "B-PER", "B-LOC"], ["O"], ["B-LOC"]]
        spans = [["O", "O", "B-LOC"], ["O"], ["B-PER"]]
        told: list[list[str | None]] = [["O", None, "B-PER"], [None], ["B-PER"]]
        self.source = put(store, SOFT_LABELS, "b1", {**columns, "probabilities": certain(source)}, sentences=self.text)
        self.spans = put(
            store, SOFT_LABELS, "b2", {**columns, "probabilities": certain(spans, 0.6)}, sentences=self.text
        )
        sure = [[[float(each == tag) for each in LABELS] for tag in sentence] for sentence in told]
        known = [[tag is not None for tag in sentence] for sentence in told]
        self.labeller = put(
            store, PARTIAL_SOFT_LABELS, "b3", {**columns, "probabilities": sure, "labelled": known}, sentences=self.text
        )
        said = [
            [list(word) for word in zip(*sentence, strict=True)] for sentence in zip(source, spans, told, strict=True)
        ]
        tags, probability = source, [[0.9, 0.6, 0.7], [0.95], [0.5]]
        read = [[[None if each is None else 0.625 for each in word] for word in sentence] for sentence in said]
        opinions = {"opinions.0": self.source, "opinions.1": self.spans, "opinions.2": self.labeller}
        self.panel = put(
            store,
            OPINIONS,
            "cc",
            {**columns, "said": said, "read": read, "tags": tags, "probability": probability},
            about={"teachers": TEACHERS, "split": 3, "outvoted": 1},
            **opinions,
        )
