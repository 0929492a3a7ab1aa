"""Whether lines are running text: what speaks against it, so that a file of another kind is never split into words.

Of up to 2,000 lines, spread over the file, those are counted that are JSON, mark-up, columns between tabs or bars,
words with tags, or one word alone. More than a fifth of any one kind (half, of one word alone), and the file is no
running text. Tags, JSON and mark-up are certain signs, and so are some first lines. One word a line, or columns without
tags, may be text all the same, if a configuration says so. S-Bahn and E-Mail are no tags, <user> and <unk> no mark-up:
the lines as a whole tell.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.corpus.lines import is_blank

_SAMPLE_LINES = 2000
_MOST_SHARE = 0.2
_LEAST_LINES = 4

_JSON = re.compile(r"""\s*(?:[\[{]\s*["\[{\]}]|"\w+":\s|[\]}]\s*,?\s*$)""")
_ELEMENT = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*[\"'][^>]*)?/?)>")
_OTHER_MARKUP = re.compile(r"<\?xml|<!DOCTYPE|<START:")
# Elements of HTML that are often left open.
_LEFT_OPEN = frozenset({"br", "hr", "li", "p"})
_GLUED = re.compile(r"\S+[|/_](?:O|[BIESULM][-_][A-Za-z]\S*)(?=\s|$)")
_TAGGED_WORD = re.compile(rf"{_GLUED.pattern}|(?:^|[\s,;=\"])[BIESULM][-_][A-Z][\w.-]*(?:[\s,;|\"]|$)")
_ENDS_TAGGED = re.compile(r"(?:(?:^|[\s,;|/_\"])O|\t[BIESULM][-_][A-Z][\w.-]*)[\s,;|\"]*$")
_BEGUN_OR_INSIDE = re.compile(r"(?:^|[\s,;=\"|/_])([BI])[-_]([A-Za-z][\w.-]*)")
_STANDOFF = re.compile(r"[TREAMN#*][0-9]*\t\S+ [0-9T]|T[0-9]+\t")
# What the first line of a file says it is.
_BEGINNINGS = (
    (re.compile(r"#FORMAT=WebAnno TSV"), "INCEpTION's WebAnno TSV", "export CoNLL 2002 instead"),
    (
        re.compile(r"\s*(?:\w+\s*=\s*[\[{(]|import [\w.]+$|from [\w.]+ import \w+)"),
        "Python code",
        "write the list in it as JSON: `json.dump(TRAIN_DATA, file)`",
    ),
)
# The line below the header of a table.
_DASHES = re.compile(r"\s*\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?\s*)?")
_RASA = re.compile(r"\[[^\]]+\](?:\(\w+\)|\{\"entity\":)")
# Scripts without spaces between words: a line that has no space may be a sentence.
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SHORT_CHARACTERS = 4


@dataclass(frozen=True)
class Unlike:
    """Why lines are no running text.

    Attributes:
        what: what they look like instead, with a count.
        certain: whether there is no running text that looks like it.
        advice: what may be done.
        tagged: whether it is words with tags.
    """

    what: str
    certain: bool
    advice: str
    tagged: bool = False


def unlike_text(lines: Sequence[str]) -> Unlike | None:
    """Why a file is no running text; None if it is.

    Args:
        lines: all of the file.
    """
    filled = [line for line in lines if not is_blank(line)]
    sample = filled[:: max(1, len(filled) // _SAMPLE_LINES)][:_SAMPLE_LINES]
    if not sample:
        return None
    sign = told_by_beginning(filled)
    if sign is not None:
        return sign
    kinds = (
        (lambda line: " --> " in line and ":" in line, "subtitles with times", True, "cut out the times"),
        (lambda line: bool(_JSON.match(line)), "JSON", True, "set format: jsonl or json"),
        (lambda line: bool(_STANDOFF.match(line)), "standoff annotations of brat", True, "set format: brat"),
        (
            _marked_up(sample),
            "mark-up (XML, HTML)",
            True,
            "entities in <ENAMEX TYPE=...> or <START:...> are read with format: inline; turn other elements into these",
        ),
        (
            lambda line: bool(_RASA.search(line)),
            "Rasa's examples, [words](entity)",
            True,
            "write them as JSON, with `rasa data convert nlu -f json`",
        ),
        (
            _tagged(sample),
            "words and tags",
            True,
            "set format: columns, or format: pipes for word|tag on one line; tag_column names the column",
        ),
        (lambda line: "\t" in line.strip("\t "), "columns between tabs", False, "cut out the column of the text"),
        (lambda line: line.strip(" ").count("|") > 1, "columns between bars", False, "cut out the column of the text"),
    )
    for fits, what, certain, advice in kinds:
        count = sum(map(fits, sample))
        if count > _MOST_SHARE * len(sample):
            found = f"{what}, in {count:,} of {len(sample):,} lines looked at"
            return Unlike(found, certain, advice, what == "words and tags")
    lonely = sum(map(_is_lonely, sample))
    if len(sample) >= _LEAST_LINES and lonely > 0.5 * len(sample):
        what = f"words, one a line, in {lonely:,} of {len(sample):,} lines looked at"
        return Unlike(what, False, "set format: words (blank lines between sentences), or format: text")
    return None


def told_by_beginning(lines: Sequence[str]) -> Unlike | None:
    """What the first lines of a file that is not blank say it is; None if nothing."""
    if len(lines) > 1 and _DASHES.fullmatch(lines[1]):
        advice = "leave out the line of dashes, and put tabs where the bars between columns are"
        return Unlike("a table of Markdown", True, advice)
    found = ((what, advice) for begin, what, advice in _BEGINNINGS if begin.match(lines[0]))
    return next((Unlike(what, True, advice) for what, advice in found), None)


def _marked_up(sample: Sequence[str]) -> Callable[[str], bool]:
    """Whether a line has mark-up: elements, of which one of that name is closed, or has attributes, in some line."""
    elements = [each for line in sample for each in _ELEMENT.findall(line)]
    names = _LEFT_OPEN | {name.lower() for closing, name, rest in elements if closing or rest}

    def fits(line: str) -> bool:
        return bool(_OTHER_MARKUP.search(line)) or any(name.lower() in names for _, name, _ in _ELEMENT.findall(line))

    return fits


def _tagged(sample: Sequence[str]) -> Callable[[str], bool]:
    """Whether a line has tags.

    No line has, unless enough of them end with O, or with a tag behind a tab, or have two tags glued to words, or B-
    and I- of one type occur.
    """

    def is_sure(line: str) -> bool:
        return bool(_ENDS_TAGGED.search(line)) or len(_GLUED.findall(line)) > 1

    pairs = {pair for line in sample for pair in _BEGUN_OR_INSIDE.findall(line)}
    both = any(("I", name) in pairs for prefix, name in pairs if prefix == "B")
    if not both and sum(map(is_sure, sample)) <= _MOST_SHARE * len(sample):
        return lambda line: False
    return lambda line: bool(_TAGGED_WORD.search(line) or _ENDS_TAGGED.search(line))


def _is_lonely(line: str) -> bool:
    """Whether a line is one word."""
    word = line.strip()
    return not any(map(str.isspace, word)) and (not _NO_SPACES.search(word) or len(word) <= _SHORT_CHARACTERS)
