"""Questions about what became of entities: which rows of `outcomes` meet what is asked, and their sentences."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from artifacts.errors import InputError
from flows.pages.aligned import Piece, in_spans
from flows.pages.word_tables import connect
from tasks.evaluation.outcomes import CATEGORIES, FREQUENCIES, SEEN

SIDES = {"gold": "all gold entities", "predicted": "all predictions"}
FOUND = tuple(category for category in CATEGORIES if category != "spurious")
"""What a gold entity may be."""

_SIDES = {"gold": "a.category <> 'spurious'", "predicted": "a.category <> 'missed'"}
_SEEN = f"CASE WHEN a.as_same_type > 0 THEN '{SEEN[0]}' WHEN a.as_other_type > 0 THEN '{SEEN[1]}' ELSE '{SEEN[2]}' END"
_TIMES = "a.as_same_type + a.as_other_type"
_FREQUENCY = (
    f"CASE WHEN {_TIMES} = 0 THEN '{FREQUENCIES[0]}' WHEN {_TIMES} = 1 THEN '{FREQUENCIES[1]}' "
    f"WHEN {_TIMES} <= 5 THEN '{FREQUENCIES[2]}' ELSE '{FREQUENCIES[3]}' END"
)
_SAME_GOLD = 'b.sentence_id = a.sentence_id AND b.start = a.start AND b."end" = a."end" AND b.type = a.type'


@dataclass(frozen=True)
class Wanted:
    """Which rows to show; what is empty is not asked.

    category   one of `CATEGORIES`, or a key of `SIDES`
    seen       one of `SEEN`
    frequency  one of `FREQUENCIES`
    type       of the gold entity; of a spurious one the predicted type
    there      what became of the same gold entity in the other outcomes
    """

    category: str = ""
    seen: str = ""
    frequency: str = ""
    type: str = ""
    there: str = ""

    def check(self) -> None:
        """Looks at what an address asks.

        Raises:
            InputError: if it is nothing that a row may be.
        """
        allowed = {"category": (*CATEGORIES, *SIDES), "seen": SEEN, "frequency": FREQUENCIES, "there": FOUND}
        for name, values in allowed.items():
            said = getattr(self, name)
            if said and said not in values:
                raise InputError(f"{name}={said}: expected one of {', '.join(values)}, or nothing")


@dataclass(frozen=True)
class Line:
    """The entities of a sentence by one side: its words in pieces, with types; number 1 is what was asked for."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Judged:
    """A sentence: a line of gold, one of each model, and the rows that were asked for."""

    sentence_id: int
    lines: tuple[Line, ...]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Found:
    """Some sentences, and how many rows and sentences there are in all."""

    sentences: tuple[Judged, ...]
    rows: int
    all_sentences: int


def crossed(one: pa.Table, other: pa.Table) -> dict[tuple[str, str], int]:
    """How many gold entities are one thing in one table of outcomes and another in the other, both of the same gold."""
    found = connect(one, others=other).sql(
        f"SELECT a.category, b.category, count(*) FROM words a JOIN others b ON {_SAME_GOLD} GROUP BY 1, 2"
    )
    return {(str(here), str(there)): int(count) for here, there, count in found.fetchall()}


def types(table: pa.Table) -> list[str]:
    """The types that rows may be asked for by."""
    found = connect(table).sql("SELECT DISTINCT coalesce(type, predicted_type) FROM words ORDER BY 1").fetchall()
    return [str(name) for (name,) in found]


def ask(
    words: pa.Table,
    tables: dict[str, pa.Table],
    wanted: Wanted,
    *,
    first: int = 0,
    rows: int = 20,
) -> Found:
    """The sentences with rows of the first table that meet what is wanted.

    Args:
        words: `sentence_id`, `place` and `word` of the sentences.
        tables: outcomes of the same gold labels by the name of the model; the first is asked, the others stand beside.
        wanted: which rows; `there` is of the second table.
        first: how many sentences to leave out at the beginning.
        rows: how many to give.

    Raises:
        InputError: if `there` is asked without a second table.
    """
    wanted.check()
    names = list(tables)
    if wanted.there and len(names) < 2:
        raise InputError(f"there={wanted.there}: choose a model to stand beside, too")
    outcomes = {f"t{number}": table for number, table in enumerate(tables.values())}
    connection = connect(words, **outcomes)
    condition, values = _conditions(wanted)
    connection.execute(f"CREATE TEMP TABLE hits AS SELECT a.* FROM t0 a WHERE {condition}", values)
    counted = connection.execute("SELECT count(*), count(DISTINCT sentence_id) FROM hits").fetchall()[0]
    chosen = connection.execute(
        "SELECT DISTINCT sentence_id FROM hits ORDER BY 1 LIMIT ? OFFSET ?", [rows, first]
    ).fetchall()
    ids = [int(identity) for (identity,) in chosen]
    texts = dict(
        connection.execute(
            "SELECT sentence_id, list(word ORDER BY place) FROM words "
            "WHERE sentence_id IN (SELECT unnest(?)) GROUP BY sentence_id",
            [ids],
        ).fetchall()
    )
    of_all = [_by_sentence(connection, name, ids) for name in outcomes]
    hits = _by_sentence(connection, "hits", ids)
    sentences = [
        _judged(identity, texts[identity], names, [table.get(identity, []) for table in of_all], hits[identity])
        for identity in ids
    ]
    return Found(tuple(sentences), int(counted[0]), int(counted[1]))


def _conditions(wanted: Wanted) -> tuple[str, list[str]]:
    """What a row must meet, and the values that are bound in it."""
    parts: list[str] = []
    values: list[str] = []
    if wanted.category in _SIDES:
        parts.append(_SIDES[wanted.category])
    expressions = {
        "category": "a.category",
        "seen": _SEEN,
        "frequency": _FREQUENCY,
        "type": "coalesce(a.type, a.predicted_type)",
    }
    for name, expression in expressions.items():
        if (value := getattr(wanted, name)) and value not in _SIDES:
            parts.append(f"{expression} = ?")
            values.append(value)
    if wanted.there:
        parts.append(f"EXISTS (SELECT 1 FROM t1 b WHERE {_SAME_GOLD} AND b.category = ?)")
        values.append(wanted.there)
    return " AND ".join(parts) or "true", values


def _by_sentence(connection: Any, table: str, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Rows of some sentences; `table` is a name of ours."""
    found = connection.sql(
        f"SELECT * FROM {table} WHERE sentence_id IN (SELECT unnest(?)) ORDER BY coalesce(start, predicted_start)",
        params=[ids],
    )
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in found.to_arrow_table().to_pylist():
        rows.setdefault(row["sentence_id"], []).append(row)
    return rows


def _judged(
    identity: int,
    words: list[str],
    names: list[str],
    tables: list[list[dict[str, Any]]],
    hits: list[dict[str, Any]],
) -> Judged:
    gold = {(row["start"], row["end"], row["type"]) for rows in tables for row in rows if row["start"] is not None}
    asked = {(row["start"], row["end"]) for row in hits} | {
        (row["predicted_start"], row["predicted_end"]) for row in hits
    }
    lines = [_line("gold", words, gold, asked)]
    for name, rows in zip(names, tables, strict=True):
        said = {(row["predicted_start"], row["predicted_end"], row["predicted_type"]) for row in rows}
        lines.append(_line(name, words, {span for span in said if span[0] is not None}, asked))
    return Judged(identity, tuple(lines), tuple(hits))


def _line(name: str, words: list[str], spans: set[tuple[int, int, str]], asked: set[tuple[int, int]]) -> Line:
    return Line(name, in_spans(words, [(start, end, int((start, end) in asked), kind) for start, end, kind in spans]))
