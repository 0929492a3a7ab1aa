"""The names of the sample corpora: read from names/*.txt, with their forms in both languages."""

import random
from dataclasses import dataclass
from pathlib import Path

from tasks.corpus.sample.german import german_form

KINDS = {
    "LOC": "city country region water sea mountain sight airport continent",
    "ORG": "company carmaker airline club team inst party media uni museum theatre orchestra journal",
    "PER": "person writer musician scientist statesman",
    "MISC": "nation language event league festival prize work car aircraft os",
}
TYPES = {kind: entity_type for entity_type, kinds in KINDS.items() for kind in kinds.split()}
# Every word of a closed class is in every file; the other kinds are shared out below.
CLOSED = ("nation", "language", "continent", "os")
# Share of the names that all files use, English labelled and parallel, German raw, German test only.
GROUPS = "SEGTSEGSTESGTSSETGSG"
PEOPLE = 560


class Redraw(Exception):
    """This name has no such form; another one must be drawn."""


@dataclass(frozen=True)
class Name:
    """One name: English and German spelling, gender of people, further columns of its table."""

    kind: str
    english: str
    german: str
    gender: str = ""
    extra: tuple[str, ...] = ()
    group: str = "S"

    def form(self, language: str, form: str) -> str:
        """The name in one form, the entity in square brackets: `in der [LOC Schweiz]`."""
        if form in ("l", "lg", "lx", "fx"):
            return self._part(language, form)
        if self.kind == "nation" and language == "de":
            return f"[MISC {self.extra[0] if form == 'pp' else self.german + form}]"
        if self.kind == "nation":
            return f"[MISC {self.extra[1] if form == 'pp' else self.english}]"
        if language == "de":
            return german_form(self.german, TYPES[self.kind], self.kind, form, self.extra, Redraw)
        return self._english(form)

    def _part(self, language: str, form: str) -> str:
        first, _, last = self.english.partition(" ")
        if form == "fx":
            return first
        if form == "lx":
            return last
        if form == "l":
            return f"[PER {last}]"
        return f"[PER {last}]'s" if language == "en" else german_genitive(last)

    def _english(self, form: str) -> str:
        article, name = ("the ", self.english[4:]) if self.english.startswith("the ") else ("", self.english)
        if form == "x0":
            return f"[{TYPES[self.kind]} {name}]"
        return f"{article}[{TYPES[self.kind]} {name}]" + ("'s" if form == "gp" else "")

    def choose(self, first: str, second: str) -> str:
        """The second text for women and plurals, else the first."""
        return second if self.gender == "f" or self.german.startswith("p:") else first


def german_genitive(last: str) -> str:
    """`[PER Kochs]`, but `[PER Schulz]'` after a hissing sound."""
    return f"[PER {last}]'" if last.endswith(("s", "x", "z", "ß")) else f"[PER {last}s]"


def load_names() -> dict[str, list[Name]]:
    """All names by kind, shared out over the files with fixed seeds."""
    names: dict[str, list[Name]] = {}
    parts: list[list[str]] = []
    for path in sorted((Path(__file__).parent / "names").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if line.startswith("#"):
                continue
            if cells[0] not in TYPES:
                parts.append(cells)
                continue
            names.setdefault(cells[0], []).append(_name(cells))
    names["person"] = _people(parts, random.Random(11))
    for kind in sorted(names):
        if kind not in CLOSED:
            names[kind] = _share_out(names[kind], random.Random(f"names of kind {kind}"))
    names["company"] = [*names["company"], *names["carmaker"], *names["airline"]]
    return names


def _name(cells: list[str]) -> Name:
    kind = cells[0]
    if TYPES[kind] == "PER":
        return Name(kind, cells[2], cells[-1], gender=cells[1])
    if kind == "nation":
        return Name(kind, cells[1], cells[3], extra=(cells[4], cells[2]))
    return Name(kind, cells[1], cells[2], extra=tuple(cells[3:]))


def _people(parts: list[list[str]], rng: random.Random) -> list[Name]:
    table = {(origin, part): listed.split(", ") for origin, part, listed in parts}
    origins = ["german"] * 8 + ["british"] * 5 + [origin for origin, part in table if part == "last"]
    people: dict[str, Name] = {}
    while len(people) < PEOPLE:
        origin, gender = rng.choice(origins), rng.choice("mf")
        full = f"{rng.choice(table[origin, gender])} {rng.choice(table[origin, 'last'])}"
        people.setdefault(full, Name("person", full, full, gender=gender))
    return list(people.values())


def _share_out(names: list[Name], rng: random.Random) -> list[Name]:
    order = list(names)
    rng.shuffle(order)
    return [
        Name(name.kind, name.english, name.german, name.gender, name.extra, GROUPS[row % len(GROUPS)])
        for row, name in enumerate(order)
    ]
