"""Sentence frames: alternatives in angle brackets, slots in braces, entities in square brackets.

`<a|b>` is a free choice, `<1:a|b>` one that both languages of a pair share, `{city}` a drawn name,
`{city2.d}` another one in the dative, `{num:3-9}` a number, `{p!er/sie}` a word that agrees with the name.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from tasks.corpus.sample.german import contract
from tasks.corpus.sample.names import Name, Redraw

INNERMOST = re.compile(r"<(?:(\d):)?([^<>]*)>")
SLOT = re.compile(r"\{([a-z]+)(\d?)(?:\.([a-z0-9]+)|:(\d+)-(\d+)|!([^{}]*))?\}")
ENTITY = re.compile(r"\[([A-Z]+) ([^\]]*)\]")
SENTENCE_START = re.compile(r'^["„]?(?:\[[A-Z]+ )?[^\W\d_]')
ENGLISH_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
GERMAN_DAYS = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"
ENGLISH_MONTHS = "January February March April May June July August September October November December"
GERMAN_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
DAYS = list(zip(ENGLISH_DAYS.split(), GERMAN_DAYS.split(), strict=True))
MONTHS = list(zip(ENGLISH_MONTHS.split(), GERMAN_MONTHS.split(), strict=True))
PEOPLE = {"p": "mf", "pm": "m", "pf": "f"}
TENTHS, THOUSANDS = ("dec",), ("k",)


@dataclass(frozen=True)
class Frame:
    """One sentence pattern; a language it does not exist in is missing."""

    texts: dict[str, str]

    @property
    def plain(self) -> bool:
        """True if no sentence of the frame has an entity."""
        bases = [slot[1] for text in self.texts.values() for slot in SLOT.finditer(text)]
        return not any("[" in text for text in self.texts.values()) and all(
            base in ("num", "k", "dec", "day", "month") for base in bases
        )


@dataclass
class Draw:
    """The choices made for one sentence or pair of sentences."""

    rng: random.Random
    names: dict[str, list[Name]]
    groups: str
    choices: dict[str, int] = field(default_factory=dict)
    filled: dict[str, Name | tuple[str, str]] = field(default_factory=dict)

    def sentence(self, frame: Frame, language: str) -> str:
        """The frame in one language with entities still in square brackets."""
        text = frame.texts[language]
        while INNERMOST.search(text):
            text = INNERMOST.sub(self._alternative, text, count=1)
        text = SLOT.sub(lambda slot: self._slot(slot, language), text)
        if language == "de" and text.endswith(("0].", "4].", "5].", "6].")):
            raise Redraw  # The tokenizer takes `Schalke 04.` for an ordinal.
        return _capitalised(contract(_quoted(text)) if language == "de" else text)

    def _alternative(self, match: re.Match[str]) -> str:
        options = match[2].split("|")
        if not match[1]:
            return str(self.rng.choice(options))
        index = self.choices.setdefault(str(match[1]), self.rng.randrange(len(options)))
        return str(options[index])

    def _slot(self, slot: re.Match[str], language: str) -> str:
        kind, form = slot[1], slot[3] or ""
        key = kind + slot[2] + (f":{slot[4]}-{slot[5]}" if slot[4] else "")
        if key not in self.filled:
            self.filled[key] = self._fill(kind, slot)
        value = self.filled[key]
        if isinstance(value, tuple):
            return value[1] if language == "de" else value[0]
        if slot[6] is not None:
            first, second = slot[6].split("/")
            return value.choose(first, second)
        return value.form(language, form)

    def _fill(self, kind: str, slot: re.Match[str]) -> Name | tuple[str, str]:
        if kind in ("num", "k", "dec"):
            return self._number(kind, int(slot[4]), int(slot[5]))
        if kind in ("day", "month"):
            return self.rng.choice([pair for pair in (DAYS if kind == "day" else MONTHS) if not self._used(pair)])
        group = self.rng.choice(self.groups)
        pool = [name for name in self.names["person" if kind in PEOPLE else kind] if name.group in (group, "S")]
        pool = [name for name in pool if name.group == group] or pool
        pool = [name for name in pool if self._fits(name, kind)]
        if not pool:
            raise Redraw
        return self.rng.choice(pool)

    def _number(self, kind: str, low: int, high: int) -> tuple[str, str]:
        number = self.rng.randrange(low, high + 1)
        if kind in THOUSANDS:
            return f"{number},000", f"{number}.000"
        if kind in TENTHS:
            tenth = self.rng.randrange(1, 10)
            return f"{number}.{tenth}", f"{number},{tenth}"
        return str(number), str(number)

    def _used(self, pair: tuple[str, str]) -> bool:
        return pair in self.filled.values()

    def _fits(self, name: Name, kind: str) -> bool:
        if name.gender not in PEOPLE.get(kind, name.gender):
            return False
        last = name.english.split()[-1]
        names = [value for value in self.filled.values() if isinstance(value, Name)]
        return all(last != other.english.split()[-1] for other in names)


def load_frames() -> list[Frame]:
    """All frames of frames/*.txt, in the order of the files."""
    frames = []
    for path in sorted((Path(__file__).parent / "frames").glob("*.txt")):
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            lines = {line[0]: line[2:] for line in block.splitlines()}
            frames.append(Frame({code: lines[mark] for mark, code in (("E", "en"), ("D", "de")) if mark in lines}))
    return frames


def unmarked(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Raw text and the entities in it as (start, end, type) of characters."""
    raw, spans, position = "", [], 0
    for entity in ENTITY.finditer(text):
        raw += text[position : entity.start()]
        spans.append((len(raw), len(raw) + len(entity[2]), entity[1]))
        raw += entity[2]
        position = entity.end()
    return raw + text[position:], spans


def _quoted(text: str) -> str:
    return re.sub(r'"([^"]*)"', "„\\1“", text)


def _capitalised(text: str) -> str:
    return SENTENCE_START.sub(lambda match: match[0][:-1] + match[0][-1].upper(), text)
