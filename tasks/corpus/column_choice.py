"""Which of several columns holds words, tags, numbers of words, of sentences, of documents: by what is in them."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from artifacts.errors import InputError
from tasks.corpus.dialects import Dialect
from tasks.corpus.headers import Role

_NUMBER = re.compile(r"[0-9]{1,9}")
_NO_LETTERS = re.compile(r"[\W\d_]+")
# Values of a column of parts of speech: capitals, and signs.
_PART_OF_SPEECH = re.compile(r"[A-Z][A-Z0-9$_:|.=*()-]*|[^\w\s]+|_")
_MOST_PARTS_OF_SPEECH = 150
# A column is as good as the best where it has this share of its different words: forms and lemmas.
_NEARLY = 0.8
# Two columns of words that have next to nothing in common are no forms and lemmas: either could be meant.
_LEAST_COMMON, _LEAST_TO_DOUBT = 0.05, 50
# Chunks and clauses of CoNLL-2000, of CoNLL-2003's German, of LST20 and KLP.
_CHUNK_NAMES = "NP VP PP ADVP ADJP SBAR PRT CONJP INTJ LST UCP NX QP PNP WHNP WHPP WHADVP NC VC PC AC CLS CLAUSE"
_CHUNKS = frozenset(_CHUNK_NAMES.split())
_COVERS = 0.9
# Words of a sentence, on average, in a file whose sentences are numbered.
_LEAST_WORDS = 1.5


def index_column(columns: Sequence[Sequence[str]], counts: Mapping[str, int], least_width: int) -> bool:
    """Whether column 0 counts: most of its values are one more than the one before, or begin again at 0 or 1.

    Args:
        columns: all values of each column.
        counts: how often each value of column 0 occurs.
        least_width: of how many columns a file must have for that.
    """
    numeric = sum(count for value, count in counts.items() if _NUMBER.fullmatch(value))
    if len(columns) < least_width or 2 * numeric <= len(columns[0]):
        return False
    numbers = [int(value) if _NUMBER.fullmatch(value) else -2 for value in columns[0]]
    fitting = sum(number in (0, 1, before + 1) for before, number in zip([-1, *numbers], numbers, strict=False))
    return 2 * fitting > len(numbers)


def word_column(
    counts: Sequence[Mapping[str, int]], name: str, roles: Sequence[Role | None], taken: Collection[int]
) -> int:
    """The column that has letters and the most different values, digits left aside; of equals, the first.

    Args:
        counts: how often each value of each column occurs.
        name: what to call the file in an error.
        roles: what a header says of each column.
        taken: columns that hold something else.

    Raises:
        InputError: if two columns of words have next to nothing in common.
    """
    if list(roles).count("token") == 1:
        return list(roles).index("token")
    free = [column for column in range(len(counts)) if column not in taken and roles[column] in (None, "token")]
    if not free:
        return next((column for column in range(len(counts)) if column not in taken), 0)
    words = {column: {text for value in counts[column] if (text := _NO_LETTERS.sub("", value))} for column in free}
    parts = [column for column in free if _is_part_of_speech(counts[column])]
    free = [column for column in free if column not in parts] or free
    most = max(len(words[column]) for column in free)
    good = [column for column in free if len(words[column]) >= _NEARLY * most]
    chosen = good[0]
    for other in good[1:]:
        common = len(words[chosen] & words[other])
        # Without a column of tags, it may be no column file at all.
        if taken and most >= _LEAST_TO_DOUBT and common < _LEAST_COMMON * most:
            raise InputError(
                f"corpus {name}: columns {chosen + 1} and {other + 1} could both be the words ({len(words[chosen]):,} "
                f"and {len(words[other]):,} different ones); expected one column of words; set token_column to its "
                "number"
            )
    return chosen


def tag_column_of(
    columns: Sequence[Sequence[str]],
    counts: Sequence[Mapping[str, int]],
    dialects: Sequence[Dialect | None],
    name: str,
    roles: Sequence[Role | None],
    token: int,
) -> tuple[int | None, tuple[str, ...]]:
    """The column of entities, and what the other columns of tags are, for a person.

    A header's name comes first, then prefixes before types alone. Chunks, clauses and parts of speech are left out. Of
    nested columns the outer one counts; of columns with the same entities (coarse and fine types), the first.

    Raises:
        InputError: if two columns have entities that do not lie in each other.
    """
    found = {column: dialect for column, dialect in enumerate(dialects) if dialect is not None and column != token}
    named = {column: dialect for column, dialect in found.items() if roles[column] == "tag"}
    found = named or {column: dialect for column, dialect in found.items() if roles[column] is None}
    passed_over = {column: "chunks" for column, each in found.items() if _is_chunk(each) and column not in named}
    candidates = {column: each for column, each in found.items() if each.entity_rows and column not in passed_over}
    if any(each.name != "io" for each in candidates.values()):
        candidates = {column: each for column, each in candidates.items() if each.name != "io"}
    if not candidates:
        empty = [column for column, each in found.items() if not each.entity_rows]
        return (empty[0] if empty else None), _described(passed_over)
    inside = {column: _inside_rows(columns[column], each) for column, each in candidates.items()}
    outer = next((one for one in candidates if all(_covers(inside[one], each) for each in inside.values())), None)
    if outer is None:
        listed = "; ".join(
            f"column {column + 1}: {sum(inside[column]):,} of {len(inside[column]):,} words ({_types(each)})"
            for column, each in candidates.items()
        )
        raise InputError(
            f"corpus {name}: several columns have tags, and their entities do not lie in each other: {listed}; "
            "expected one column of tags; set tag_column to its number (and token_column to that of the words)"
        )
    for column, each in candidates.items():
        if column != outer:
            passed_over[column] = f"{sum(inside[column]):,} words in nested or finer entities, {_types(each)}"
    return outer, _described(passed_over)


def sentence_columns(
    columns: Sequence[Sequence[str]],
    counts: Sequence[Mapping[str, int]],
    roles: Sequence[Role | None],
    taken: Collection[int],
    *,
    headed: bool,
) -> tuple[int | None, int | None]:
    """The column that numbers sentences, or marks their first words, and that of documents, in which numbers restart.

    Either is None if there is none. Without a header, the first has digits, and each of its values stands in one run;
    or it is empty but at first words; or the column before it has such runs, and it counts them through from 0 or 1.

    Args:
        columns: all values of each column.
        counts: how often each value of each column occurs.
        roles: what a header says of each column.
        taken: columns that hold something else.
        headed: take none that no header names.
    """
    free = [column for column in range(len(columns)) if column not in taken]
    named = {role: column for column in reversed(free) if (role := roles[column]) is not None}
    unnamed = [column for column in free if roles[column] is None]
    if "sentence" in named:
        return named["sentence"], named.get("document")
    found = None if headed else _numbered_column(columns, counts, unnamed)
    if found is None:
        return None, None
    if found + 1 in unnamed and "" not in counts[found] and _counts_anew(columns[found], columns[found + 1]):
        return found + 1, found
    return found, named.get("document")


def _numbered_column(
    columns: Sequence[Sequence[str]], counts: Sequence[Mapping[str, int]], free: Sequence[int]
) -> int | None:
    best, most = None, 1
    for column in free:
        values = columns[column]
        runs = sum(one != other for one, other in zip(["\0", *values], values, strict=False))
        filled = [value for value in values if value]
        if values and values[0] and len(filled) < len(values) and len(set(filled)) == len(filled):
            return column
        numbered = runs == len(counts[column]) and all(any(c.isdigit() for c in value) for value in counts[column])
        if numbered and most < runs <= len(values) / _LEAST_WORDS:
            best, most = column, runs
    return best


def _counts_anew(documents: Sequence[str], values: Sequence[str]) -> bool:
    """Whether values count from the same number, 0 or 1, in each run of documents: several words each, some higher."""
    if not all(_NUMBER.fullmatch(value) for value in set(values)) or int(values[0]) > 1:
        return False
    numbers, first = [int(value) for value in values], int(values[0])
    higher = 0
    for place in range(1, len(numbers)):
        step = numbers[place] - numbers[place - 1]
        if documents[place] != documents[place - 1]:
            if numbers[place] != first:
                return False
        elif step not in (0, 1):
            return False
        else:
            higher += step
    runs = higher + 1 + sum(one != other for one, other in pairwise(documents))
    return higher > 0 and runs <= len(values) / _LEAST_WORDS


def _is_part_of_speech(counts: Mapping[str, int]) -> bool:
    return len(counts) <= _MOST_PARTS_OF_SPEECH and all(_PART_OF_SPEECH.fullmatch(value) for value in counts)


def _is_chunk(dialect: Dialect) -> bool:
    chunks = sum(count for name, count in dialect.types.items() if name.upper() in _CHUNKS)
    return 2 * chunks > dialect.entity_rows > 0


def _inside_rows(values: Sequence[str], dialect: Dialect) -> list[bool]:
    outside = {value for value in set(values) if value.strip(" ") == dialect.outside}
    return [value not in outside for value in values]


def _covers(outer: Sequence[bool], inner: Sequence[bool]) -> bool:
    both = sum(one and other for one, other in zip(outer, inner, strict=True))
    return both >= _COVERS * sum(inner)


def _types(dialect: Dialect) -> str:
    shown = sorted(dialect.types, key=lambda name: -dialect.types[name])
    return ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")


def _described(passed_over: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(f"column {column + 1} ({what})" for column, what in sorted(passed_over.items()))
