"""Read brat's standoff annotations: `T1<TAB>PER 0 8<TAB>Ida Koch` in a .ann file, about the .txt file beside it."""

import re
from collections.abc import Iterable, Sequence

from artifacts.errors import InputError
from tasks.corpus.documents import Document, Mark, parse_documents
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed

ANN, TXT = ".ann", ".txt"
_ENTITY = re.compile(r"T\S*\t(\S+) ([0-9]+(?: [0-9]+;[0-9]+)* [0-9]+)\t(.*)")
_OTHER = re.compile(r"[*#REAMN]\S*\t")


def paired(names: Iterable[str], where: str) -> list[tuple[str, str]]:
    """The .ann and .txt files of a folder or zip that belong together, in the order of their names.

    Args:
        names: of all files in it.
        where: what to call it in an error.

    Raises:
        InputError: if one has no partner; with its name.
    """
    annotations, texts = (
        {name.removesuffix(ending): name for name in names if name.endswith(ending)} for ending in (ANN, TXT)
    )
    for one, other, ending, why in (
        (annotations, texts, TXT, "its annotations count characters of a text"),
        (texts, annotations, ANN, "a text without entities has an empty one"),
    ):
        alone = sorted(one.keys() - other.keys())
        if alone:
            more = f", and {len(alone) - 1:,} more like it" if len(alone) > 1 else ""
            raise InputError(
                f"corpus {where}: {one[alone[0]]} has no {alone[0]}{ending} beside it{more}; expected brat's .ann and "
                f".txt in pairs ({why}); add it, or take the other away"
            )
    return [(annotations[stem], texts[stem]) for stem in sorted(annotations)]


def looks_like_brat(lines: Sequence[str]) -> bool:
    """Whether lines are annotations of brat."""
    sample = [line for line in lines[:200] if not is_blank(line)]
    entities = sum(_ENTITY.fullmatch(line) is not None for line in sample)
    return entities > 0 and all(_ENTITY.fullmatch(line) or _OTHER.match(line) for line in sample)


def parse_brat(lines: Sequence[str], texts: Sequence[str], name: str, format: CorpusFormat, language: str) -> Parsed:
    """Reads the annotations of one text; an entity in several pieces reaches from its first to its last character.

    Args:
        lines: of the .ann file.
        texts: readings of the .txt file, with its carriage returns or without, not in NFC; the first of those that
            most entities fit counts.
        name: what to call the .ann file in an error.
        format: how to treat entities.
        language: of the text.

    Raises:
        InputError: at a line that is no annotation, or an entity that does not lie in the text.
    """
    marks = []
    pieces: list[tuple[list[tuple[int, int]], str]] = []
    for number, line in enumerate(lines, 1):
        match = _ENTITY.fullmatch(line)
        if match is None:
            if is_blank(line) or _OTHER.match(line):
                continue
            raise InputError(
                f"corpus {name}, line {number}: {line[:40]!r} is no annotation of brat; expected T1, tab, type, start "
                "and end, tab, text; fix the line"
            )
        bounds = [int(bound) for bound in re.split("[ ;]", match[2])]
        pieces.append((list(zip(bounds[::2], bounds[1::2], strict=True)), match[3]))
        # brat joins the pieces of an entity by spaces in the last field, so that only a whole one can be compared.
        marks.append(Mark(bounds[0], bounds[-1], match[1], match[3] if len(bounds) == 2 else None))
    text = max(texts, key=lambda each: sum(_fits(each, *entity) for entity in pieces))
    document = Document(text, marks, 1)
    return parse_documents([document], name, "text", format, language, "brat's standoff annotations")


def _fits(text: str, pieces: Sequence[tuple[int, int]], surface: str) -> bool:
    """Whether an entity is what brat repeats of it: its pieces, with spaces between them and for line ends."""
    return " ".join(text[start:end] for start, end in pieces).split() == surface.split()
