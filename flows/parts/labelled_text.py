"""What models say of the sentences of a target text, and how far each sentence is trusted: what people correct."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import PREDICTIONS, PROJECTION, RELIABILITY, SENTENCES, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.show import rows_beside
from artifacts.store import Store
from flows.parts.same_text import content, text_of
from tasks.corpus.corrections import Correction
from tasks.tagging.decoding import Decoding, decode_words
from tasks.words.columns import flat_numbers, flat_probabilities, list_lengths, offsets_of, tag_column

_EXPECTED = "soft_labels, reliability or predictions of a target text (`crosstag store ls`)"

CORRECTABLE = (RELIABILITY.name, SOFT_LABELS.name, PREDICTIONS.name, PROJECTION.name)
"""Kinds whose labels are, of a target text, what people correct."""


@dataclass(frozen=True)
class LabelledText:
    """Labels of the sentences of a target text; a row is a sentence.

    text      the sentences, such as sentences/3f2a...
    language  of the text
    labels    all IOB2 labels
    ids       [M] of the sentences, ascending
    words     [M] lists
    tags      [M] lists of IOB2 tags; of soft labels the most probable valid ones
    trust     [M] the weight, else the probability, of the word that is trusted least; None where nothing says it
    alike     [M] one number for all sentences with the same words
    """

    text: str
    language: str
    labels: list[str]
    ids: np.ndarray
    words: pa.ListArray
    tags: pa.ListArray
    trust: np.ndarray | None
    alike: np.ndarray

    def words_of(self, row: int) -> list[str]:
        """The words of a sentence."""
        words: list[str] = self.words[row].as_py()
        return words

    def tags_of(self, row: int) -> list[str]:
        """The labels of a sentence."""
        tags: list[str] = self.tags[row].as_py()
        return tags

    def row(self, sentence_id: int) -> int | None:
        """The row of a sentence; None if there is none of this id."""
        place = int(np.searchsorted(self.ids, sentence_id))
        return place if place < len(self.ids) and self.ids[place] == sentence_id else None

    def twins(self, row: int) -> list[int]:
        """The rows of all sentences with the words of one, itself too: what is said of one is said of all."""
        return np.flatnonzero(self.alike == self.alike[row]).tolist()

    def queue(self) -> list[int]:
        """Rows of the sentences, those that are trusted least first; of sentences with the same words the first."""
        order = np.arange(len(self.ids)) if self.trust is None else np.argsort(self.trust, kind="stable")
        _, first = np.unique(self.alike[order], return_index=True)
        return order[np.sort(first)].tolist()

    def rows_of(self, corrections: Iterable[Correction]) -> dict[int, Correction]:
        """The corrections of this text's sentences, by row; those of sentences that it has not are left out."""
        found = {}
        for each in corrections:
            row = self.row(each.sentence_id)
            if row is not None and self.words_of(row) == list(each.words):
                found[row] = each
        return found


def read_labelled_text(store: Store, reference: Reference) -> LabelledText:
    """The labels that an artifact gives the sentences of a target text.

    Raises:
        InputError: if it gives none, or is of another text, such as a translation.
    """
    text = target_text(store, reference)
    if text is None or reference.kind not in CORRECTABLE:
        raise InputError(f"artifact {reference}: it is no labels of a target text; expected {_EXPECTED}")
    said, weights = reference, None
    if reference.kind == RELIABILITY.name:
        soft = rows_beside(store, reference, RELIABILITY)
        if soft is None:
            raise InputError(f"artifact {reference}: the soft labels that it weighs are gone; run the flow again")
        said, weights = soft, flat_numbers(store.table(reference, ["weight"])["weight"])
    labels: list[str] = store.metadata(said).get("labels", [])
    read = _most_probable if said.kind == SOFT_LABELS.name else _tagged
    pieces = list(read(store, said, labels))  # A text may have millions of words.
    if not pieces:
        raise InputError(f"artifact {reference}: it has no sentences; expected {_EXPECTED}")
    ids, words, tags, trusts = zip(*pieces, strict=True)
    known = [each for each in trusts if each is not None]
    trust = np.concatenate(known) if known else None
    if weights is not None:
        trust = _least(weights, np.concatenate([list_lengths(each) for each in words]))
    joined = pa.chunked_array([pc.binary_join(each, "\0") for each in words])
    alike = joined.dictionary_encode().unify_dictionaries().combine_chunks().indices.to_numpy()
    return LabelledText(
        text,
        store.metadata(said)["language"],
        labels,
        np.concatenate(ids),
        pa.concat_arrays(words),
        pa.concat_arrays(tags),
        trust,
        alike,
    )


_Piece = tuple[np.ndarray, pa.ListArray, pa.ListArray, np.ndarray | None]
"""Some sentences: ids, words, tags, and what their least probable words have, if anything says it."""


def _most_probable(store: Store, soft_labels: Reference, labels: list[str]) -> Iterator[_Piece]:
    for batch in store.batches(soft_labels, ["sentence_id", "words", "probabilities"]):
        lengths, chances = list_lengths(batch["words"]), flat_probabilities(batch["probabilities"], len(labels))
        tags = tag_column(decode_words(chances, lengths, labels, Decoding()), lengths, labels)
        yield batch["sentence_id"].to_numpy(), batch["words"], tags, _least(chances.max(axis=1), lengths)


def _tagged(store: Store, reference: Reference, labels: list[str]) -> Iterator[_Piece]:
    for batch in store.batches(reference, ["sentence_id", "words", "tags"]):
        kept = batch.filter(pa.array(list_lengths(batch["words"]) == list_lengths(batch["tags"])))  # Some are dropped.
        yield kept["sentence_id"].to_numpy(), kept["words"], kept["tags"], None


def _least(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The least value of each sentence's words."""
    least: np.ndarray = np.minimum.reduceat(values, offsets_of(lengths)[:-1]) if len(lengths) else values
    return least


def target_text(store: Store, reference: Reference) -> str | None:
    """The raw text that an artifact's labels are of, such as sentences/3f2a...; None for labels of any other text."""
    makers = {content(manifest): manifest for manifest in store.manifests()}
    kind, _, digest = text_of(store.describe(reference), makers).partition(":")
    return Reference(kind=kind, key="", digest=digest).content if kind == SENTENCES.name else None
