"""Conjugate pairs that somebody already has: two column files, spans that belong together by their numbers.

El       0  O          The      0  O
PP       1  B-ORG      Galician 1  B-ORG
gallego  1  E-ORG      PP       1  E-ORG

The columns are those of ConNER's published data: word, number of the span within the sentence or 0, BIOES tag of the
weak tagger, which is not read. Sentence i of one file belongs to sentence i of the other.
"""

from collections.abc import Sequence
from typing import NamedTuple

from artifacts.catalog import CONJUGATE_PAIRS
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import Job, step
from tasks.corpus.layout import DOCUMENT_START
from tasks.corpus.lines import is_blank, read_lines
from tasks.corpus.once import once
from tasks.translation.conjugate.find_pairs import Incomplete, PairedSentence, kept_pairs, write_pairs
from tasks.translation.conjugate.placeholders import Span
from tasks.translation.conjugate.reading import NOWHERE

_ADVICE = "number the spans of both files from 1"
_LEAST_SHARE = 0.5  # The published files match in 98 % of their spans; what matches in fewer than half is another text.


class Numbered(NamedTuple):
    """A sentence of one file: its first line, its words, and the number of the span of each; 0 for none."""

    line: int
    words: list[str]
    numbers: list[int]


def read_numbered(lines: Sequence[str], name: str) -> list[Numbered]:
    """The sentences of a file; words that only mark a document's start are left out.

    Raises:
        InputError: at a line that has other columns, or a number that is none.
    """
    sentences: list[Numbered] = []
    opened = False
    for number, line in enumerate(lines, 1):
        if is_blank(line):
            opened = False
            continue
        fields = line.rstrip().split("\t")
        if len(fields) != 3 or not fields[0] or not (fields[1].isascii() and fields[1].isdigit()):
            raise InputError(
                f"pairs {name}, line {number}: {line[:40]!r}; expected a word, the number of its span or 0, and a tag, "
                "separated by tabs; fix the line"
            )
        if not opened:
            sentences.append(Numbered(number, [], []))
            opened = True
        if fields[0] != DOCUMENT_START:
            sentences[-1].words.append(fields[0])
            sentences[-1].numbers.append(int(fields[1]))
    return sentences


def matched(sentence: Numbered, translation: Numbered) -> tuple[list[Span], list[Span], list[str]]:
    """Spans of a sentence, those of its translation with the same numbers, and why pairs of them are dropped."""
    mine, theirs = _places(sentence.numbers), _places(translation.numbers)
    spans, translated, reasons = [], [], []
    for number in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(number, []), theirs.get(number, [])
        if not one or not other:
            reason = "missing_in_original" if not one else "missing_in_translation"
        else:
            reason = "in_several_places" if len(one) + len(other) > 2 else ""
        spans.append(one[0] if one else NOWHERE)
        translated.append(NOWHERE if reason else other[0])
        reasons.append(reason)
    return spans, translated, reasons


def pair_files(
    original: Sequence[Numbered], translated: Sequence[Numbered], names: tuple[str, str]
) -> list[PairedSentence]:
    """The sentences of two files side by side.

    Raises:
        InputError: if the files have not as many sentences, or most of their spans do not match.
    """
    if len(original) != len(translated):
        raise InputError(
            f"pairs: {names[0]} has {len(original)} sentences, {names[1]} has {len(translated)}; expected as many, "
            "each the translation of the other; give two files that belong together (a blank line ends a sentence)"
        )
    rows: list[PairedSentence] = []
    first = ""
    for number, (one, other) in enumerate(zip(original, translated, strict=True)):
        spans, places, reasons = matched(one, other)
        if any(reasons) and not first:
            first = f"first in the sentences at line {one.line} and {other.line}: spans {_told(one)} and {_told(other)}"
        rows.append(PairedSentence(number, one.words, other.words, spans, places, reasons))
    every = [reason for row in rows for reason in row.reasons]
    if every.count("") < _LEAST_SHARE * len(every):
        raise InputError(
            f"pairs: of {len(every)} spans of {names[0]} and {names[1]}, {every.count('')} have the same number in "
            f"both ({first}); expected most of them; give two files that belong together"
        )
    return rows


def load_pair_files(original: InputFile, translated: InputFile) -> list[PairedSentence]:
    """Reads two files; inside `reading_once` they are read once, and shared.

    Raises:
        InputError: if a file cannot be read, or the two do not belong together.
    """

    def read() -> list[PairedSentence]:
        paths = (original.local(), translated.local())
        one, other = (read_numbered(read_lines(path), str(path)) for path in paths)
        return pair_files(one, other, (str(paths[0]), str(paths[1])))

    return once((original, translated, original.digest(), translated.digest()), read)


def check_pair_files(original: InputFile, translated: InputFile, incomplete: Incomplete) -> None:
    """Looks whether the step below would find a pair.

    Raises:
        InputError: as it would.
    """
    kept_pairs(load_pair_files(original, translated), incomplete, _ADVICE)


@step(CONJUGATE_PAIRS)
def import_pairs(
    job: Job,
    original: InputFile,
    translated: InputFile,
    language: str,
    translated_language: str,
    incomplete: Incomplete = "pair",
) -> None:
    """Reads pairs from two files; those whose numbers do not match are dropped, and counted.

    Args:
        job: of the step.
        original: sentences of the language that needs a tagger.
        translated: their translations.
        language: of the first file.
        translated_language: of the second one.
        incomplete: what goes where numbers do not match.

    Raises:
        InputError: if a file cannot be read, or the two do not belong together.
    """
    rows = load_pair_files(original, translated)
    write_pairs(job, rows, (language, translated_language), "import", incomplete, _ADVICE)


def _places(numbers: Sequence[int]) -> dict[int, list[Span]]:
    """Where each number stands: runs of words."""
    found: dict[int, list[Span]] = {}
    for place, number in enumerate(numbers):
        if number == 0:
            continue
        runs = found.setdefault(number, [])
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return found


def _told(sentence: Numbered) -> str:
    return ", ".join(map(str, _places(sentence.numbers))) or "none"
