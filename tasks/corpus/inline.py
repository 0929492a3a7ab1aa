"""Read text with entities in mark-up: OpenNLP's `<START:person> Ida <END>`, and `<ENAMEX TYPE="PER">Ida</ENAMEX>`.

A line is a sentence. Other XML tags (`<s>`, `<p>`, `<TIMEX>`) are left out, and their text stays.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape

from artifacts.errors import InputError
from tasks.corpus.documents import Document, Mark, parse_documents
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed

_OPENNLP = re.compile(r"<START(?::([^>\s]+))?>|<END>")
_ENAMEX = re.compile(
    r"<(/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>|<\?[^>]*>|<!--.*?-->"
)
_TYPE = re.compile(r"\b(?:TYPE|type|cat|label)\s*=\s*[\"']([^\"']+)[\"']")
_ENTITIES = frozenset({"ENAMEX", "NUMEX", "TIMEX", "TIMEX3", "NE"})


def looks_like_inline(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether lines have OpenNLP's or ENAMEX' marks."""
    return any(re.search(r"<START:[^>\s]+>|(?i:<ENAMEX\s|<NE\s[^>]*TYPE)", line) for line in lines)


def parse_inline(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the sentences. OpenNLP's words are separated by spaces already; ENAMEX' text is split for its language.

    Raises:
        InputError: at a mark that is not opened, not closed, or has no type.
    """
    opennlp = any("<START" in line for line in lines)
    read = _read_opennlp if opennlp else _read_enamex
    documents = []
    for number, line in enumerate(lines, 1):
        if not is_blank(line):
            text, marks = read(line, f"corpus {name}, line {number}", format.type_name)
            documents += [Document(text, marks, number)] * bool(text.strip())
    layout = "OpenNLP's marks, words separated by spaces" if opennlp else "ENAMEX"
    how = format.model_copy(
        update={"tokenized": format.tokenized or opennlp, "span_ends": "exclusive", "offsets": "characters"}
    )
    parsed = parse_documents(documents, name, "line", how, language, layout)
    parsed = replace(parsed, layout=layout)
    return parsed if with_tags else replace(parsed, tags=None)


def _read_opennlp(line: str, place: str, type_name: str | None) -> tuple[str, list[Mark]]:
    text, marks, opened, at = "", [], None, 0
    for found in _OPENNLP.finditer(line):
        text += line[at : found.start()]
        at = found.end()
        if found[0] == "<END>":
            if opened is None:
                raise InputError(
                    f"{place}: <END> at character {found.start()} ends nothing; expected <START:type>; fix it"
                )
            marks.append(_mark(text, *opened))
            opened = None
        else:
            label = found[1] or type_name
            if opened is not None or label is None:
                what = "begins inside another" if opened is not None else "has no type"
                raise InputError(f"{place}: {found[0]} at character {found.start()} {what}; fix it, or set type_name")
            opened = (len(text), label)
    if opened is not None:
        raise InputError(f"{place}: <START:{opened[1]}> is not ended; expected <END>; fix the line")
    return text + line[at:], marks


def _read_enamex(line: str, place: str, type_name: str | None) -> tuple[str, list[Mark]]:
    text, marks, at = "", [], 0
    opened: list[tuple[int, str, str]] = []
    for found in _ENAMEX.finditer(line):
        text += unescape(line[at : found.start()])
        at = found.end()
        tag = (found[2] or "").upper()
        if tag not in _ENTITIES or found[0].endswith("/>"):
            continue
        if found[1]:
            if not opened or opened[-1][2] != tag:
                raise InputError(f"{place}: {found[0]} at character {found.start()} ends nothing; fix the line")
            start, label, _ = opened.pop()
            marks.append(_mark(text, start, label))
            continue
        kind = _TYPE.search(found[3] or "")
        if kind is None:
            raise InputError(f'{place}: {found[0]} has no TYPE; expected one such as TYPE="PERSON"; fix it')
        opened.append((len(text), kind[1], tag))
    if opened:
        raise InputError(f"{place}: <{opened[-1][2]} TYPE={opened[-1][1]!r}> is not ended on its line; fix the line")
    return text + unescape(line[at:]), marks


def _mark(text: str, start: int, label: str) -> Mark:
    """An entity from `start` to the end of the text so far, without the spaces at its edges."""
    inside = text[start:]
    return Mark(start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip()), label)
