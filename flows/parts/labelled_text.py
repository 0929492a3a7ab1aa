"""What models say of the sentences of a target text, and how far each sentence is trusted: what people correct."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import RELIABILITY, SENTENCES, SOFT_LABELS, Dataset, catalogue
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.show import rows_beside
from artifacts.store import Store
from tasks.tagging.decoding import Decoding, decode_words
from tasks.words.columns import flat_numbers, flat_probabilities, list_lengths, offsets_of, tag_column

_EXPECTED = "soft_labels, reliability or predictions of a target text (`crosstag store ls`)"


@dataclass(frozen=True)
class LabelledText:
    """Labels of the sentences of a target text.

    text    the sentences, such as sentences/3f2a...
    labels  all IOB2 labels
    ids     [M] of the sentences, in their order
    words   [M] lists
    tags    [M] lists of IOB2 tags; of soft labels the most probable valid ones
    trust   [M] the weight, else the probability, of the word that is trusted least; None where nothing says it
    """

    text: str
    labels: list[str]
    ids: list[int]
    words: list[list[str]]
    tags: list[list[str]]
    trust: np.ndarray | None

    def queue(self) -> list[int]:
        """Rows of the sentences, those that are trusted least first; of sentences with the same words the first."""
        order = range(len(self.ids)) if self.trust is None else np.argsort(self.trust, kind="stable").tolist()
        first: dict[tuple[str, ...], int] = {}
        for row in order:
            first.setdefault(tuple(self.words[row]), row)
        return list(first.values())


def read_labelled_text(store: Store, reference: Reference) -> LabelledText:
    """The labels that an artifact gives the sentences of a target text.

    Raises:
        InputError: if it gives none, or is of another text, such as a translation.
    """
    text = text_of(store, reference)
    kind = catalogue()[reference.kind]
    if text is None or not isinstance(kind, Dataset):
        raise InputError(f"artifact {reference}: it is no labels of a target text; expected {_EXPECTED}")
    labels: list[str] = store.metadata(reference).get("labels", [])
    trust = None
    table = store.table(reference)
    if reference.kind == RELIABILITY.name:
        soft = rows_beside(store, reference, RELIABILITY)
        if soft is None:
            raise InputError(f"artifact {reference}: the soft labels that it weighs are gone; run the flow again")
        trust = flat_numbers(table["weight"])
        table = store.table(soft)
    if "probabilities" in table.column_names and reference.kind in (RELIABILITY.name, SOFT_LABELS.name):
        probabilities, lengths = flat_probabilities(table["probabilities"], len(labels)), list_lengths(table["words"])
        ids = decode_words(probabilities, lengths, labels, Decoding())
        trust = probabilities.max(axis=1) if trust is None else trust
        tags = tag_column(ids, lengths, labels)
    elif "tags" in table.column_names and "words" in table.column_names:
        table = table.filter(pa.array(list_lengths(table["words"]) == list_lengths(table["tags"])))  # Some are dropped.
        tags, lengths = table["tags"], list_lengths(table["words"])
    else:
        raise InputError(
            f"artifact {reference}: a table of {reference.kind} has no tags of words; expected {_EXPECTED}"
        )
    least = None if trust is None else np.minimum.reduceat(trust, offsets_of(lengths)[:-1]) if len(lengths) else trust
    columns = (table["sentence_id"].to_pylist(), table["words"].to_pylist(), tags.to_pylist())
    return LabelledText(text, labels, *columns, least)


def text_of(store: Store, reference: Reference) -> str | None:
    """The target text that an artifact's labels are of, such as sentences/3f2a..., by what it was made from."""
    inputs = store.describe(reference).recipe.inputs.values()
    for content in inputs:
        kind, _, digest = content.partition(":")
        if kind == SENTENCES.name:
            return Reference(kind=kind, key="", digest=digest).content
    for content in inputs:
        of = catalogue().get(content.partition(":")[0])
        made_from = store.holding(content) if isinstance(of, Dataset) and _has_words(of) else None
        if made_from is not None and (text := text_of(store, made_from)) is not None:
            return text
    return None


def _has_words(kind: Dataset) -> bool:
    return "words" in kind.schema.names and kind.name != "corrections"
