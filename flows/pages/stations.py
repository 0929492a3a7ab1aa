"""One sentence followed through a run: which artifacts are about it, and what each of them holds of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from artifacts.catalog import Dataset, catalogue
from artifacts.errors import StoreError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RunRecord
from artifacts.store import Store
from flows.pages.shelf import Shelf, content, reference_of
from flows.parts.same_text import TEXTS

Row = dict[str, Any]

_GATHERED = ("translation", "training_set")
"""Tables whose rows come from sentences of other tables, and say from which."""


@dataclass(frozen=True)
class Station:
    """What one artifact holds of a sentence.

    Attributes:
        manifest: of the artifact.
        stage: of the run in which it was made.
        rows: of the sentence; span labels have one for each span, others one.
        taught: whether the run's student was trained on it.
    """

    manifest: Manifest
    stage: str
    rows: tuple[Row, ...]
    taught: bool = False

    @property
    def kind(self) -> str:
        """Of the artifact."""
        return self.manifest.kind

    @property
    def reference(self) -> Reference:
        """To the artifact."""
        return reference_of(self.manifest)

    @property
    def row(self) -> Row:
        """The first row."""
        return self.rows[0]


@dataclass(frozen=True)
class Followed:
    """A sentence, and all that a run's artifacts hold of it, in the order of its steps.

    Attributes:
        text: the table in which the sentence stands.
        sentence_id: its number there.
        own: its row there; None if the table has no such sentence.
        source: what it was translated or gathered from, with the table in which that stands; None if from nothing.
        stations: what was made of it.
        copies: rows of other tables that came from it, such as its translations, each followed as well.
        unread: what is wrong with each artifact of it that could not be read, or was made anew since the run.
    """

    text: Manifest
    sentence_id: int
    own: Row | None
    source: tuple[Manifest, Row] | None
    stations: tuple[Station, ...]
    copies: tuple["Followed", ...]
    unread: tuple[str, ...]

    def of(self, *kinds: str) -> list[Station]:
        """The stations of some kinds."""
        return [station for station in self.stations if station.kind in kinds]


def follow(store: Store, shelf: Shelf, record: RunRecord | None, text: Manifest, sentence_id: int) -> Followed:
    """Follows a sentence through a run.

    Tables are about the same sentences if their recipes lead to the same one. Gold labels come from artifacts of
    evaluation alone, as these are the only ones of kind `gold`.

    Args:
        store: that all of it lies in.
        shelf: its manifests.
        record: of the run; None: everything in the store is looked through.
        text: the table in which the sentence stands.
        sentence_id: its number there.
    """
    return _Following(store, shelf, record).follow(text, sentence_id, copies=True)


def student_lessons(makers: dict[str, Manifest], record: RunRecord | None) -> set[str]:
    """The content (`kind:digest`) of all that a run's student was trained on, models aside."""
    student = next((m for m in makers.values() if record and record.student and _is(m, record.student)), None)
    tagger = student and makers.get(student.recipe.inputs.get("tagger", ""))
    while tagger and tagger.recipe.step == "choose_epoch":
        tagger = makers.get(tagger.recipe.inputs.get("tagger", ""))
    if not tagger:
        return set()
    given = {each for each in tagger.recipe.inputs.values() if each.partition(":")[0] not in ("tagger", "encoder")}
    refined = [m for m in makers.values() if m.kind == "span_labels" and content(tagger) in _inputs(m)]
    last = max((m.metadata["epoch"] for m in refined), default=0)
    return given | {content(m) for m in refined if m.metadata["epoch"] < last}  # Those of an epoch teach the next.


class _Following:
    """The artifacts of a run, and what has been learnt of them."""

    def __init__(self, store: Store, shelf: Shelf, record: RunRecord | None) -> None:
        self.store, self.shelf = store, shelf
        self.makers = shelf.by_content()
        self.lessons = student_lessons(self.makers, record)
        self.made = list(_made(shelf, record))
        self.made_anew = [] if record is None else list(_made_anew(shelf, record))

    def follow(self, text: Manifest, sentence_id: int, *, copies: bool) -> Followed:
        unread: list[str] = []
        own = self._rows(text, "sentence_id", sentence_id, unread)
        stations, copied = [], []
        gold = {content(m) for m in self.shelf.gold_of(content(text)) if m.kind == "gold"}
        for stage, manifest in self.made:
            own_text = content(manifest) == content(text)
            if manifest.dropped or manifest.rows is None or (own_text and text.kind in TEXTS):
                continue
            if own_text:
                rows = own
            elif manifest.kind in _GATHERED:
                rows = self._came_from(manifest, text, sentence_id, unread)
            elif not _has_sentences(manifest.kind):
                continue
            elif content(manifest) in gold or self.shelf.text_of(manifest, self.makers) == content(text):
                rows = self._rows(manifest, "sentence_id", sentence_id, unread)
            else:
                continue
            if rows:
                stations.append(Station(manifest, stage, tuple(rows), content(manifest) in self.lessons))
            if copies and manifest.kind in _GATHERED and not own_text:
                copied += [self.follow(manifest, row["sentence_id"], copies=False) for row in rows]
        if copies:
            unread += [
                f"{m.name}: it was made anew since this run, with other content"
                for m in self.made_anew
                if content(text) in (self.shelf.text_of(m, self.makers), *_inputs(m))
            ]
        taught = content(text) in self.lessons
        if own and taught and "tags" in own[0]:
            stations.insert(0, Station(text, "", tuple(own), taught))
        source = self._source(own[0], unread) if own else None
        return Followed(
            text, sentence_id, own[0] if own else None, source, tuple(stations), tuple(copied), tuple(unread)
        )

    def _came_from(self, manifest: Manifest, text: Manifest, sentence_id: int, unread: list[str]) -> list[Row]:
        rows = self._rows(manifest, "source_sentence_id", sentence_id, unread)
        return [row for row in rows if row["corpus"] == reference_of(text).content]

    def _source(self, row: Row, unread: list[str]) -> tuple[Manifest, Row] | None:
        """The sentence that a row of a gathered table came from."""
        kind, _, start = row.get("corpus", "").partition("/")
        found = next((m for m in self.makers.values() if start and m.kind == kind and m.digest.startswith(start)), None)
        if found is None or found.dropped:
            return None
        rows = self._rows(found, "sentence_id", row["source_sentence_id"], unread)
        return (found, rows[0]) if rows else None

    def _rows(self, manifest: Manifest, column: str, value: int, unread: list[str]) -> list[Row]:
        try:
            return self.store.rows_where(reference_of(manifest), column, value)
        except (StoreError, OSError, pa.ArrowException) as error:
            unread.append(f"{manifest.kind}/{manifest.key}: {error}")
            return []


def _made(shelf: Shelf, record: RunRecord | None) -> Iterator[tuple[str, Manifest]]:
    """Stage and manifest of each artifact of a run, each content once; without one, of all that there is."""
    if record is None:
        found: Sequence[tuple[str, Manifest | None]] = [
            (m.label, m) for m in sorted(shelf.by_content().values(), key=lambda m: (m.made, m.key))
        ]
    else:
        found = [(step.stage, shelf.taken(step.reference)) for step in record.steps]
    seen = set()
    for stage, manifest in found:
        if manifest is not None and content(manifest) not in seen:
            seen.add(content(manifest))
            yield stage, manifest


def _made_anew(shelf: Shelf, record: RunRecord) -> Iterator[Manifest]:
    """What stands now in the place of tables of sentences that a run made; its recipe is theirs."""
    for reference in dict.fromkeys(step.reference for step in record.steps):
        there = shelf.manifest(reference.kind, reference.key)
        if there is not None and there.digest != reference.digest and _has_sentences(there.kind):
            yield there


def _has_sentences(kind: str) -> bool:
    described = catalogue()[kind]
    return isinstance(described, Dataset) and "sentence_id" in described.schema.names


def _inputs(manifest: Manifest) -> list[str]:
    return list(manifest.recipe.inputs.values())


def _is(manifest: Manifest, reference: Reference) -> bool:
    return (manifest.kind, manifest.digest) == (reference.kind, reference.digest)
