"""What the teachers of a panel said of words, and how probable each of them takes its own label and the joint one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from artifacts.errors import StoreError
from artifacts.manifest import Manifest
from artifacts.store import Store
from flows.pages.shelf import content, reference_of
from flows.pages.stations import Followed, Row, Station
from flows.pages.word_tables import Answer, Said
from flows.parts.word_table import NO_LABEL


def said_by_teachers(panel: Manifest, row: Row, opinions: Sequence[Row | None]) -> list[tuple[Said, ...]]:
    """Per word of a sentence what each teacher said of it.

    Args:
        panel: of a table of `opinions`.
        row: of the sentence there.
        opinions: its row in the table of each teacher; None where that is not to be had.
    """
    labels = {label: place for place, label in enumerate(panel.metadata["labels"])}

    def said(place: int, teacher: str, label: str | None, read: float | None, opinion: Row | None) -> Said:
        if label is None or opinion is None:
            return Said(teacher, label or NO_LABEL, read=read)
        shares = opinion["probabilities"][place]
        return Said(teacher, label, shares[labels[label]], shares[labels[row["tags"][place]]], read)

    teachers = panel.metadata["teachers"]
    unread = [[None] * len(teachers)] * len(row["said"])  # Of a table that an older panel made.
    return [
        tuple(said(place, *each) for each in zip(teachers, given, read, opinions, strict=True))
        for place, (given, read) in enumerate(zip(row["said"], row.get("read", unread), strict=True))
    ]


def with_teachers(
    store: Store, makers: Mapping[str, Manifest], panel: Manifest, answer: Answer
) -> tuple[Answer, list[str]]:
    """The sentences that a question found in a table of `opinions`, with what each teacher said of their words.

    Args:
        store: that the tables lie in.
        makers: an artifact of each content.
        panel: of the table.
        answer: whose sentences to look up; a sentence is in the same row of all tables.

    Returns:
        The answer, and the teachers whose own tables are not to be had, so that their probabilities are not.
    """
    rows = [sentence.row for sentence in answer.sentences]
    own = store.rows_at(reference_of(panel), rows, ["said", "tags"])
    opinions, missing = [], []
    for teacher, made in zip(panel.metadata["teachers"], _opinions_of(panel), strict=True):
        try:
            opinions.append(store.rows_at(reference_of(makers[made]), rows, ["probabilities"]))
        except (KeyError, StoreError, OSError, pa.ArrowException):
            opinions.append({})
            missing.append(teacher)
    found = []
    for sentence in answer.sentences:
        said = said_by_teachers(panel, own[sentence.row], [each.get(sentence.row) for each in opinions])
        words = tuple(replace(word, said=said[word.place]) for word in sentence.words)
        found.append(replace(sentence, words=words))
    return replace(answer, sentences=tuple(found)), missing


def panels(followed: Followed, place: int) -> list[tuple[Station, tuple[Said, ...]]]:
    """What the teachers of each panel of a run, one for every round, said of a word of a sentence."""
    rows = {content(station.manifest): station.row for station in followed.stations}
    return [
        (
            station,
            said_by_teachers(station.manifest, station.row, list(map(rows.get, _opinions_of(station.manifest))))[place],
        )
        for station in followed.of("opinions")
    ]


def _opinions_of(panel: Manifest) -> list[str]:
    """The content of the table of each teacher, in their order."""
    return [panel.recipe.inputs.get(f"opinions.{n}", "") for n in range(len(panel.metadata["teachers"]))]
