"""Ways in which corpora write tags, told by the values of a column, and turned into `O` and `B-PER`.

Prefix and hyphen (`B-PER`), prefix and underscore (`B_PER`), suffix (`PER_B`, `PER-B`), the prefix alone (`B`), the
type alone (IO: `PER`), brackets (CoNLL-2012: `(PERSON*`, `*`, `*)`). What stands for O is O, or, where no O is in the
column, the one value that is left over.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from artifacts.errors import InputError
from tasks.corpus.visible import quoted

DialectName = Literal["hyphen", "underscore", "suffix", "bare", "brackets", "io", "outside"]

# BMEWO writes W for S.
_PREFIX = "[BIESULMW]"
_HYPHEN = re.compile(rf"({_PREFIX})-(\S+)")
_UNDERSCORE = re.compile(rf"({_PREFIX})_(\S+)")
_SUFFIX = re.compile(rf"(\S+)[-_]({_PREFIX})")
_BARE = re.compile(rf"{_PREFIX}()")
_BRACKETS = re.compile(r"\(([A-Za-z][A-Za-z_-]*)\*?\)?|\*\)?")
_ARGUMENT = re.compile(r"(R-|C-)?(V|ARG[A-Z0-9-]*)")
_USUAL_TYPE = re.compile(r"[\w.:/&+*-]+")
_TYPE = re.compile(r"[^\W\d_][^\s|()*]*")
_PATTERNS: dict[str, re.Pattern[str]] = {
    **{"hyphen": _HYPHEN, "underscore": _UNDERSCORE, "suffix": _SUFFIX, "bare": _BARE, "brackets": _BRACKETS},
    "outside": _HYPHEN,
}
_BEGINNINGS = frozenset("BSUW")
_LAYERS = re.compile(r"[,|;+]")
# What stands for O in corpora without it. In a column that has O, these are slips, and no tags.
_OUTSIDES = ("-", "_", "0", "o", "*", "--", "OTHER", "Other", "NONE", "None", "none")
_MOST_TYPES = 200
_LEAST_OUTSIDE = 0.1


@dataclass(frozen=True)
class Dialect:
    """How a column writes tags.

    Attributes:
        name: which way.
        outside: what stands for O; empty if nothing does.
        types: how many rows have each entity type; of `bare`, the type is empty.
        rows: how many rows are tags in this dialect, O among them.
        layered: cells that hold several tags (`B-group,B-product`).
    """

    name: DialectName
    outside: str
    types: Mapping[str, int]
    rows: int
    layered: frozenset[str] = frozenset()

    @property
    def entity_rows(self) -> int:
        """How many rows are in an entity."""
        return sum(self.types.values())

    def holds(self, value: str) -> bool:
        """Whether a value is a tag in this dialect."""
        if value in ("O", self.outside) or value in self.layered:
            return True
        return value in self.types if self.name == "io" else _PATTERNS[self.name].fullmatch(value) is not None

    def in_words(self) -> str:
        """The dialect for a person; empty where it is the usual one."""
        shown = {
            "hyphen": "",
            "outside": "",
            "underscore": "tags as B_PER",
            "suffix": "tags as PER_B",
            "bare": "tags without types",
            "brackets": "tags in brackets (CoNLL-2012)",
            "io": "types without prefixes (IO)",
        }[self.name]
        outside = f"{self.outside!r} for O" if self.outside not in ("", "O") and self.name != "brackets" else ""
        return ", ".join(filter(None, (shown, outside)))


def find_dialect(counts: Mapping[str, int], *, named: bool = False) -> Dialect | None:
    """The dialect in which more than half of the rows of a column are tags; None if there is none.

    Args:
        counts: how often each value occurs.
        named: the column is known to hold tags, so that types alone (IO) may have any sign for O.
    """
    total = sum(counts.values())
    for find in (_with_prefixes, _bare, _in_brackets):
        found = find(counts)
        if found is not None and 2 * found.rows > total:
            return found
    inside = _inside(counts, named=named)
    if inside is not None:
        return inside
    if 2 * counts.get("O", 0) > total:
        return Dialect("outside", "O", {}, counts["O"])
    return None


def plain_tags(
    values: Sequence[str], starts: Sequence[int], dialect: Dialect | None, layer: int | None, type_name: str | None
) -> list[str]:
    """The tags of a column as O, and prefix, hyphen and type; what is no tag stays as it is.

    Args:
        values: all cells.
        starts: position of each sentence's first cell.
        dialect: how they are written; None or `hyphen`: as they are.
        layer: which of several tags in one cell counts, from 1; cells that have fewer are O.
        type_name: the type of tags that have none.
    """
    if dialect is None:
        return list(values)
    if dialect.name == "brackets":
        return _opened(values, starts)
    written = {value: _plain(value, dialect, layer) for value in set(values)}
    if dialect.name == "bare":
        written = {value: f"{tag}{type_name}" if tag.endswith("-") else tag for value, tag in written.items()}
    return [written[value] for value in values]


def type_remarks(types: Sequence[str]) -> list[str]:
    """What to say of names that no set of entity types has: with commas, quotes, spaces, odd characters."""
    odd = [name for name in types if not _USUAL_TYPE.fullmatch(name)]
    if not odd:
        return []
    listed = ", ".join(quoted(name, 40) for name in odd[:5])
    return [f"types with odd names: {listed}; are they several labels, or damaged? labels.rename gives them others"]


def check_choices(
    values: Sequence[str], dialect: Dialect, layer: int | None, type_name: str | None, place: Callable[[int], str]
) -> None:
    """Cells with several tags need a choice, tags without a type need one.

    Raises:
        InputError: at the first such cell, if nothing is chosen.
    """
    if dialect.name == "bare" and type_name is None:
        at = next(position for position, value in enumerate(values) if value != dialect.outside)
        raise InputError(
            f"{place(at)}: the tag {values[at]!r} has no type, as all of them; expected a prefix and a type such as "
            "B-PER; set type_name: PER, or whatever the entities are"
        )
    if layer is not None or not dialect.layered:
        return
    at = next(position for position, value in enumerate(values) if value in dialect.layered)
    raise InputError(
        f"{place(at)}: the cell {values[at]!r} holds several tags, as {len(dialect.layered):,} different ones do; "
        "expected one tag; set label_layer: 1 to take the first of them (2: the second, O where there is none)"
    )


def _with_prefixes(counts: Mapping[str, int]) -> Dialect | None:
    """Prefix and type in one cell, whichever of the three ways most rows have."""
    ways: tuple[tuple[DialectName, re.Pattern[str], int, int], ...] = (
        ("hyphen", _HYPHEN, 1, 2),
        ("underscore", _UNDERSCORE, 1, 2),
        ("suffix", _SUFFIX, 2, 1),
    )
    best: Dialect | None = None
    for name, pattern, prefix, kind in ways:
        types: dict[str, int] = {}
        layered, prefixes, rows = set(), set(), 0
        for value, count in counts.items():
            pieces = _LAYERS.split(value)
            several = len(pieces) > 1 and all(pattern.fullmatch(piece) for piece in pieces)
            match = pattern.fullmatch(pieces[0] if several else value)
            if match is None:
                continue
            rows += count
            prefixes.add(match[prefix])
            types[match[kind]] = types.get(match[kind], 0) + count
            if several:
                layered.add(value)
        # IO types such as person-I do not end in letters of a scheme all the time, and begin nothing.
        if not rows or (name != "hyphen" and _BEGINNINGS.isdisjoint(prefixes)):
            continue
        matched = {v for v in counts if pattern.fullmatch(v) or v in layered}
        outside = _outside(counts.keys() - matched)
        found = Dialect(name, outside, types, rows + counts.get(outside, 0), frozenset(layered))
        if best is None or found.entity_rows > best.entity_rows:
            best = found
    return best


def _bare(counts: Mapping[str, int]) -> Dialect | None:
    rows = {value: count for value, count in counts.items() if _BARE.fullmatch(value)}
    if _BEGINNINGS.isdisjoint(rows) and "I" not in rows:
        return None
    others = counts.keys() - rows.keys()
    outside = _outside(others)
    if others - {outside}:
        return None
    return Dialect("bare", outside, {"": sum(rows.values())}, sum(counts.values()))


def _in_brackets(counts: Mapping[str, int]) -> Dialect | None:
    """CoNLL-2012's names; its parse bits nest brackets, its predicates have arguments."""
    types: dict[str, int] = {}
    for value, count in counts.items():
        match = _BRACKETS.fullmatch(value)
        if match is None or (match[1] and _ARGUMENT.fullmatch(match[1])):
            return None
        if match[1]:
            types[match[1]] = types.get(match[1], 0) + count
    if not types or "*" not in counts:
        return None
    return Dialect("brackets", "*", types, sum(counts.values()))


def _inside(counts: Mapping[str, int], *, named: bool) -> Dialect | None:
    """Types alone. The sign for O must be there, and be frequent, for any column of few values looks like types."""
    outside = "O" if "O" in counts else ""
    if not outside and named:
        outside = next((each for each in _OUTSIDES if each in counts), "")
    types = {value: count for value, count in counts.items() if value != outside}
    total = sum(counts.values())
    if not outside or not types or len(types) > _MOST_TYPES or counts[outside] < _LEAST_OUTSIDE * total:
        return None
    if not all(_TYPE.fullmatch(value) and value not in _OUTSIDES for value in types):
        return None
    return Dialect("io", outside, types, total)


def _outside(others: set[str]) -> str:
    """What stands for O among values that are no entity's."""
    if "O" in others:
        return "O"
    return next(iter(others)) if len(others) == 1 and others <= set(_OUTSIDES) else ""


def _plain(value: str, dialect: Dialect, layer: int | None) -> str:
    if value == dialect.outside:
        return "O"
    if value in dialect.layered and layer is not None:
        pieces = _LAYERS.split(value)
        return _plain(pieces[layer - 1], dialect, None) if layer <= len(pieces) else "O"
    if layer is not None and layer > 1:
        return "O"
    if dialect.name == "io":
        # Two words of one type beside each other are one entity: an I- that follows nothing begins one.
        return f"I-{value}"
    match = _PATTERNS[dialect.name].fullmatch(value)
    if match is None:
        return value
    prefix, kind = (match[2], match[1]) if dialect.name == "suffix" else (match[0][0], match[match.re.groups])
    return f"{'S' if prefix == 'W' else prefix}-{kind}"


def _opened(values: Sequence[str], starts: Sequence[int]) -> list[str]:
    """Tags of brackets: `(PERSON*` opens, `*)` closes, `*` is whatever is open."""
    tags, begun, inside = [], set(starts), ""
    for position, value in enumerate(values):
        if position in begun:
            inside = ""
        match = _BRACKETS.fullmatch(value)
        if match is None:
            tags.append(value)
            continue
        kind = match[1]
        if kind:
            tags.append(f"B-{kind}")
        else:
            tags.append(f"I-{inside}" if inside else "O")
        inside = "" if value.endswith(")") else kind or inside
    return tags
