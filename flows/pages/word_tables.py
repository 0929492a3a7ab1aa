"""Questions about the words of a table of labels, answered by DuckDB over the store's columns.

A table is read once, flat, and kept while it is among the last few. DuckDB sees it in memory and nothing else: no
files, no settings. What a user wrote reaches it as a bound value, never as text of a query.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import duckdb
import pyarrow as pa
import regex

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.store import Store
from flows.parts.word_table import MEASURES, NO_LABEL, word_table
from tasks.corpus.segmenters import UNSPACED_CHARACTER

_KEPT_WORDS = 3_000_000
Difference = Literal["", "any", "missed", "added", "type", "boundary"]
DIFFERENCES: dict[Difference, str] = {
    "any": "any",
    "missed": "O here, an entity there",
    "added": "an entity here, O there",
    "type": "another type",
    "boundary": "the same type, another boundary",
}
_ENTITY, _OTHER_ENTITY = (f"{name} NOT IN ('O', '{NO_LABEL}')" for name in ("w.type", "w.other_type"))
_DIFFERS = {
    "any": "w.label <> w.other",
    "missed": f"w.type = 'O' AND {_OTHER_ENTITY}",
    "added": f"{_ENTITY} AND w.other_type = 'O'",
    "type": f"w.type <> w.other_type AND {_ENTITY} AND {_OTHER_ENTITY}",
    "boundary": "w.label <> w.other AND w.type = w.other_type",
}
_COLUMNS = {name: f"w.{name}" for name in MEASURES}
_DISSENTS = {
    "any": "len(list_filter(w.said, lambda each: each <> w.label)) > 0",
    "most": "2 * len(list_filter(w.said, lambda each: each = w.label)) < list_count(w.said)",
}
"""Of what teachers said of a word; null for one that left it unlabelled."""
_UNSPACED = UNSPACED_CHARACTER.pattern
# What no splitter parts: a character of a script without spaces, letters, digits, a sign.
_ATOM = regex.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})[\p{{L}}\p{{M}}])+|\p{{N}}+|\S")


@dataclass(frozen=True)
class Question:
    """Which sentences to show: those with a word that meets all of it.

    type, label     of the word
    origin          of a translated word, or of the labels of a sentence
    lowest, highest bounds of its measures (probability, agreement, weight), both inclusive
    text            stands in the sentence, its words joined by spaces, whatever its case; spaces do not count where it
                    may be parted into more words: at Chinese, Japanese or Thai characters, signs, and digits
    shortest, longest  of the sentence, in words
    differs         how the word's label differs from the other table's
    dissent         who of a panel says another label: any; most, fewer than half say it; or one teacher, by its place
    sort            a measure: least trusted sentences first, by such a word; empty: in the table's order
    """

    type: str = ""
    label: str = ""
    origin: str = ""
    lowest: dict[str, float] = field(default_factory=dict)
    highest: dict[str, float] = field(default_factory=dict)
    text: str = ""
    shortest: int | None = None
    longest: int | None = None
    differs: Difference = ""
    dissent: str = ""
    sort: str = ""

    @property
    def chooses_words(self) -> bool:
        """Whether words must meet something, so that those that do are marked."""
        chosen = (self.type, self.label, self.origin, self.lowest, self.highest, self.differs, self.dissent)
        return any(chosen)


@dataclass(frozen=True)
class Said:
    """What a teacher of a panel says of a word.

    teacher      its name
    label        that it takes for the most probable one; `?` if it left the word unlabelled
    probability  it gives that one; None if it left the word unlabelled, or its own table is not to be had
    joint        it gives the joint label; None likewise
    read         it gives the joint label as the panel reads it, which takes the mean of these; None likewise, and where
                 it joins otherwise
    """

    teacher: str
    label: str
    probability: float | None = None
    joint: float | None = None
    read: float | None = None


@dataclass(frozen=True)
class Word:
    """A word as a page shows it; numbers are None where the table has none.

    other    the other table's label
    said     by each teacher of a panel
    """

    place: int
    word: str
    label: str
    type: str
    probability: float | None
    agreement: float | None
    weight: float | None
    other: str
    hit: bool
    said: tuple[Said, ...] = ()

    @property
    def dissent(self) -> str:
        """What teachers say otherwise, and how many of them each."""
        counts = Counter(each.label for each in self.said if each.label not in (self.label, NO_LABEL))
        return ", ".join(label if count == 1 else f"{label} {count}" for label, count in counts.most_common())


@dataclass(frozen=True)
class Sentence:
    """A sentence with its words; `row` in the table, from 0; `least` is what it was sorted by."""

    row: int
    sentence_id: int
    words: tuple[Word, ...]
    least: float | None


@dataclass(frozen=True)
class Answer:
    """Some sentences of all that were found, and how many words of all met the question."""

    sentences: tuple[Sentence, ...]
    found: int
    words: int


class WordTables:
    """Tables of labels, word by word; the last few are kept."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: OrderedDict[tuple[Reference, Reference | None], pa.Table] = OrderedDict()
        self._dissents: dict[Reference, list[tuple[str, int]]] = {}
        self._lock = Lock()

    def table(self, reference: Reference, other: Reference | None = None) -> pa.Table:
        """The words of a table; with those of another one, also `other` and `other_type`: the labels there.

        These are null for sentences that the other one has not: predictions may be on some sentences of a text.

        Raises:
            InputError: if a table has no words with labels, or the two are not about the same words.
        """
        with self._lock:
            return self._table(reference, other)

    def _table(self, reference: Reference, other: Reference | None) -> pa.Table:
        name = (reference, other)
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if other is None:
            found = word_table(self.store, reference)
        else:
            found = _beside(self._table(reference, None), self._table(other, None), f"{reference} and {other}")
        self._kept[name] = found
        while len(self._kept) > 1 and sum(len(each) for each in self._kept.values()) > _KEPT_WORDS:
            self._kept.popitem(last=False)
        return found

    def measures(self, reference: Reference) -> list[str]:
        """The numbers that the table's words have."""
        return [name for name in MEASURES if name in self.table(reference).column_names]

    def values(self, reference: Reference, column: Literal["type", "label", "origin"]) -> list[tuple[str, int]]:
        """The types, labels or origins of a table, each with its number of words, the most frequent first.

        None if the table has no such column.
        """
        if column not in self.table(reference).column_names:
            return []
        query = f"SELECT {column}, count(*) AS n FROM words w GROUP BY 1 ORDER BY n DESC, 1"
        return [(str(name), int(count)) for name, count in connect(self.table(reference)).sql(query).fetchall()]

    def dissents(self, reference: Reference) -> list[tuple[str, int]]:
        """Of how many words any teacher, most of them, and each of them say otherwise; none if nobody is asked."""
        if "said" not in self.table(reference).column_names:
            return []
        if reference not in self._dissents:
            self._dissents[reference] = self._counted(reference)
        return self._dissents[reference]

    def _counted(self, reference: Reference) -> list[tuple[str, int]]:
        ways = [*_DISSENTS, *map(str, range(self._teachers(reference)))]
        conditions = [_conditions(Question(dissent=way)) for way in ways]
        query = ", ".join(f"count(*) FILTER ({condition})" for condition, _ in conditions)
        bound = [value for _, values in conditions for value in values]
        (counts,) = connect(self.table(reference)).execute(f"SELECT {query} FROM words w", bound).fetchall()
        return list(zip(ways, map(int, counts), strict=True))

    def _teachers(self, reference: Reference) -> int:
        return len(self.table(reference)["said"][0])

    def ask(
        self,
        reference: Reference,
        question: Question,
        other: Reference | None = None,
        *,
        first: int = 0,
        rows: int = 30,
    ) -> Answer:
        """The sentences that a question finds.

        Args:
            reference: of the table.
            question: which sentences.
            other: labels of the same sentences to compare with.
            first: how many of them to leave out at the beginning.
            rows: how many to give.

        Raises:
            InputError: if a table has no words with labels, or the question does not fit them.
        """
        table = self.table(reference, other)
        needed = [*question.lowest, *question.highest, question.sort]
        needed += ["origin"] * bool(question.origin) + ["said"] * bool(question.dissent)
        unknown = [name for name in needed if name and name not in table.column_names]
        if unknown:
            raise InputError(f"{reference}: its words have no {unknown[0]}; leave that out")
        if question.text.strip() and "word" not in table.column_names:
            raise InputError(f"{reference}: it has labels alone, and no words to look for; leave text out")
        if question.sort and question.sort not in MEASURES:
            raise InputError(f"sort={question.sort}: expected one of {', '.join(MEASURES)}, or nothing")
        if question.dissent.isdecimal() and int(question.dissent) >= (teachers := self._teachers(reference)):
            raise InputError(f"{reference}: teacher {question.dissent} of {teachers}; expected one from 0 on")
        if question.differs and other is None:
            raise InputError(f"{reference}: to see where labels differ, choose the labels to compare with")
        connection = connect(table)
        conditions, values = _conditions(question)
        of_sentence, sentence_values = _sentence_conditions(question)
        connection.execute(
            f"""
            CREATE TEMP TABLE chosen AS
            SELECT w.row, count(*) AS hits, min({f"w.{question.sort}" if question.sort else "NULL"}) AS least
            FROM words w
            WHERE {conditions} {f"AND w.row IN ({of_sentence})" if of_sentence else ""}
            GROUP BY w.row
            """,
            [*values, *sentence_values],
        )
        found, words = connection.execute("SELECT count(*), coalesce(sum(hits), 0) FROM chosen").fetchall()[0]
        order = "least, row" if question.sort else "row"
        least = dict(
            connection.execute(
                f"SELECT row, least FROM chosen ORDER BY {order} LIMIT ? OFFSET ?", [rows, first]
            ).fetchall()
        )
        marks = (conditions, values) if question.chooses_words else ("false", [])
        sentences = _sentences(connection, table, least, marks)
        return Answer(sentences, int(found), int(words))

    def sentence(self, reference: Reference, sentence_id: int, other: Reference | None = None) -> Sentence | None:
        """One sentence; None if the table has none of this id."""
        table = self.table(reference, other)
        connection = connect(table)
        rows = connection.execute("SELECT min(row) FROM words WHERE sentence_id = ?", [sentence_id]).fetchall()
        if rows[0][0] is None:
            return None
        return _sentences(connection, table, {rows[0][0]: None}, ("false", []))[0]

    def differences(self, reference: Reference, other: Reference) -> list[tuple[str, str, int]]:
        """How often each pair of different labels comes, most frequent first: label here, label there, words."""
        found = connect(self.table(reference, other)).sql(
            "SELECT label, other, count(*) AS n FROM words WHERE label <> other GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
        )
        return [(str(here), str(there), int(count)) for here, there, count in found.fetchall()]

    def alone(self, reference: Reference, other: Reference) -> tuple[int, int]:
        """How many sentences the first of two tables has alone, and how many the other."""
        connection = connect(self.table(reference), others=self.table(other))
        counts = [
            connection.sql(
                f"SELECT count(DISTINCT sentence_id) FROM {one} "
                f"WHERE sentence_id NOT IN (SELECT sentence_id FROM {two})"
            ).fetchall()[0][0]
            for one, two in (("words", "others"), ("others", "words"))
        ]
        return int(counts[0]), int(counts[1])


def _beside(table: pa.Table, against: pa.Table, names: str) -> pa.Table:
    """A table with the labels of another one, null for sentences that this one has not.

    Raises:
        InputError: if sentences that both have are of other words, or there are none.
    """
    keys = [name for name in ("sentence_id", "place", "word") if name in table.column_names]
    keys = [name for name in keys if name in against.column_names]
    if not all(table[name].equals(against[name]) for name in keys):
        differing = " OR a.word <> w.word" if "word" in keys else ""
        connection = connect(table, others=against)
        joined = "FROM words w LEFT JOIN others a ON a.sentence_id = w.sentence_id AND a.place = w.place"
        words, strange = connection.sql(
            f"SELECT count(*), count(*) FILTER (a.label IS NULL{differing}) {joined} "
            "WHERE w.sentence_id IN (SELECT sentence_id FROM others)"
        ).fetchall()[0]
        if strange or not words:
            told = f"{strange:,} of {words:,} words of sentences that are in both differ"
            told = told if words else "no sentence is in both"
            raise InputError(f"{names}: {told}, so they are no labels of the same sentences; choose one of the list")
        against = connection.sql(f"SELECT a.label, a.type {joined} ORDER BY w.row, w.place").to_arrow_table()
    return table.append_column("other", against["label"]).append_column("other_type", against["type"])


def connect(words: pa.Table, **others: pa.Table) -> Any:
    """A connection that sees these tables alone."""
    connection = duckdb.connect(":memory:", config={"memory_limit": "256MB", "threads": 2})
    for name, table in {"words": words, **others}.items():
        connection.register(name, table)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _sentences(
    connection: Any,
    table: pa.Table,
    least: dict[int, float | None],
    marks: tuple[str, Sequence[Any]],
) -> tuple[Sentence, ...]:
    """The words of some sentences, by row in the order of `least`; marked where they meet a condition."""
    there = set(table.column_names)
    numbers = ", ".join(f"w.{name}" if name in there else "NULL" for name in MEASURES)
    condition, values = marks
    found = connection.execute(
        f"""
        SELECT w.row, w.sentence_id, w.place, {"w.word" if "word" in there else "NULL"}, w.label, w.type, {numbers},
            {"w.other" if "other" in there else "NULL"}, coalesce({condition}, false)
        FROM words w
        WHERE w.row IN (SELECT unnest(?)) ORDER BY w.row, w.place
        """,
        [*values, list(least)],
    )
    by_row: dict[int, list[tuple[Any, ...]]] = {row: [] for row in least}
    for row in found.fetchall():
        by_row[row[0]].append(row)
    return tuple(
        Sentence(row, words[0][1], tuple(_word(each) for each in words), least[row])
        for row, words in by_row.items()
        if words
    )


def _word(row: tuple[Any, ...]) -> Word:
    _, _, place, word, label, kind, probability, agreement, weight, other, hit = row
    shown = str(place) if word is None else word
    return Word(place, shown, label, kind, probability, agreement, weight, other or "", hit)


def _conditions(question: Question) -> tuple[str, list[Any]]:
    """What a word must meet, and the values that are bound in it."""
    parts: list[str] = []
    values: list[Any] = []
    for name in ("type", "label", "origin"):
        if wanted := getattr(question, name):
            parts.append(f"w.{name} = ?")
            values.append(wanted)
    for sign, bounds in ((">=", question.lowest), ("<=", question.highest)):
        for name, bound in bounds.items():
            parts.append(f"{_COLUMNS[name]} {sign} CAST(? AS FLOAT)")  # As the words have them: 0.3 includes 0.3.
            values.append(bound)
    if question.dissent.isdecimal():
        parts.append("w.said[?] <> w.label")
        values.append(int(question.dissent) + 1)
    elif question.dissent:
        parts.append(_DISSENTS[question.dissent])
    if question.differs:
        parts.append(_DIFFERS[question.differs])
    return " AND ".join(f"({part})" for part in parts) or "true", values


def _sentence_conditions(question: Question) -> tuple[str, list[Any]]:
    """A query of the sentences to choose among, and the values that are bound in it; empty for all."""
    parts: list[str] = []
    values: list[Any] = []
    for sign, bound in ((">=", question.shortest), ("<=", question.longest)):
        if bound is not None:
            parts.append(f"count(*) {sign} ?")
            values.append(bound)
    groups = f"SELECT row FROM words GROUP BY row HAVING {' AND '.join(parts)}" if parts else ""
    if not question.text.strip():
        return groups, values
    # The longest piece must stand in a word: only such sentences are put together to look for the whole text.
    pieces, atoms = question.text.split(), _ATOM.findall(question.text)
    space = "" if len(atoms) > len(pieces) else " "
    having = "SELECT row FROM words WHERE contains(lower(word), lower(?))"
    if len(atoms) > 1:
        having = (
            f"SELECT row FROM words WHERE row IN ({having}) GROUP BY row "
            f"HAVING contains(lower(string_agg(word, '{space}' ORDER BY place)), lower(?))"
        )
    wanted = [max(atoms, key=len), *([space.join(pieces)] if len(atoms) > 1 else [])]
    return f"{groups} INTERSECT {having}" if groups else having, [*values, *wanted]
