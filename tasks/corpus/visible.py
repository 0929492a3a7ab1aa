"""Characters that a reader does not see, or takes for a plain space: what is odd about them, and how to show them."""

import unicodedata

_REPLACEMENT = "\ufffd"
# Categories of Unicode.
_ODD = {
    "Cc": "control",
    "Cf": "zero-width or direction",
    "Cs": "half of a character",
    "Co": "private use",
    "Cn": "unassigned",
    "Zs": "space inside a word",
    "Zl": "space inside a word",
    "Zp": "space inside a word",
}


def oddness(char: str) -> str:
    """What is odd about a character; empty if nothing is."""
    return "left by a broken decoding" if char == _REPLACEMENT else _ODD.get(unicodedata.category(char), "")


def character_name(char: str) -> str:
    """Code point and Unicode name."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def visible(text: str) -> str:
    """Text with its odd characters written as code points, safe for a terminal."""
    return "".join(f"<U+{ord(char):04X}>" if char != " " and oddness(char) else char for char in text)


def quoted(text: str, most: int = 60) -> str:
    """The start of a text in quotation marks, for a message; odd characters, but for tabs, by code point and name."""
    shown = "".join(
        "\\t" if char == "\t" else f"<{character_name(char)}>" if char != " " and oddness(char) else char
        for char in text[:most]
    )
    return f"'{shown}'"
