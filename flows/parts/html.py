"""How records become HTML: templates in which every value is escaped, and how times, sizes and types are shown."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from flows.parts.run_words import moment

TEMPLATES = Path(__file__).parent / "templates"
STYLE_OF_WORDS = TEMPLATES / "words.css"


def environment(folders: Sequence[Path]) -> Environment:
    """Templates of some folders; a name that a template uses and nobody gives is an error."""
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(moment=moment, size=size, hue=hue)
    return made


def size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def hue(kind: str) -> str:
    """The class of the style sheet that colours an entity type: the common ones have theirs, others get one by name."""
    known = {"PER": 0, "LOC": 1, "ORG": 2, "MISC": 3}
    return f"type-{known.get(kind, 4 + sum(map(ord, kind)) % 8)}"
