"""German forms of a name: article, weak adjective, case endings, contractions of preposition and article."""

import re

ARTICLES = {
    "m": {"": "der", "a": "den", "d": "dem", "g": "des"},
    "f": {"": "die", "a": "die", "d": "der", "g": "der"},
    "n": {"": "das", "a": "das", "d": "dem", "g": "des"},
    "p": {"": "die", "a": "die", "d": "den", "g": "der"},
}
CASES = {"": "", "c": "", "x0": "", "a": "a", "d": "d", "g": "g", "zu": "g", "to": "a", "am": "d", "an": "d"}
CASES["vom"] = "d"
PREPOSITIONS = {"am": "an ", "an": "an ", "vom": "von "}
CONTRACTIONS = [
    ("von dem", "vom"),
    ("bei dem", "beim"),
    ("in dem", "im"),
    ("an dem", "am"),
    ("zu dem", "zum"),
]
CONTRACTIONS += [("zu der", "zur"), ("in das", "ins"), ("an das", "ans")]
PLURALS = re.compile(r"\b(\w*[Ss]piele|Niederlande|Republikaner|Philharmoniker)\b")
WEAK_NOUNS = re.compile(r"\b(Bär|Löwe)\b")
# Masculine and neuter names that stay bare in the genitive: `des Irak`, `des FC Barcelona`.
BARE_GENITIVE = ("country", "club", "museum")


def german_form(
    name: str, kind_type: str, kind: str, form: str, extra: tuple[str, ...], redraw: type[Exception]
) -> str:
    """One form of a German name, the entity in square brackets.

    Args:
        name: as in the tables; `f:Europäisch~ Union` has an article and a weak adjective.
        kind_type: PER, LOC, ORG or MISC.
        kind: the name's table.
        form: "" nominative, a, d, g cases, gp genitive before its noun, er adjective of a city, x untagged,
            x0 without article, to motion, am/an/vom with a preposition, e adjective used as a noun.
        extra: the adjective of a city.
        redraw: raised as an exception if the name has no such form.

    Returns:
        The text, e.g. `der [ORG Europäischen Union]`.
    """
    gender, _, stem = name.rpartition(":")
    if form == "e":
        return f"[MISC {'Lateinische' if stem == 'Latein' else stem + 'e'}]"
    if form == "er":
        if not extra or extra[0] == "-":
            raise redraw
        return f"[MISC {extra[0]}]"
    if form in ("x", "gp"):
        return _single(stem, gender, kind, kind_type, form, redraw)
    case = CASES[form]
    inflected = _inflect(stem, gender, case, kind)
    if not gender:
        return _without_article(stem, kind_type, form)
    tagged = f"[{kind_type} {inflected}]"
    if form == "x0":
        return tagged
    motion = "in " if form == "to" else PREPOSITIONS.get(form, "")
    return f"{motion}{ARTICLES[gender][case]} {tagged}"


def contract(text: str) -> str:
    """Join preposition and article before a name: `in dem [` becomes `im [`."""
    for plain, joined in CONTRACTIONS:
        for before, after in ((plain, joined), (plain.capitalize(), joined.capitalize())):
            text = re.sub(rf"\b{before} \[", f"{after} [", text)
    return text


def _single(stem: str, gender: str, kind: str, kind_type: str, form: str, redraw: type[Exception]) -> str:
    if form == "gp":
        if gender or stem.endswith(("s", "x", "z", "ß")):
            raise redraw
        return f"[{kind_type} {stem}s]"
    if " " in stem or "~" in stem or (kind == "party" and not stem.isupper()):
        raise redraw
    return stem


def _without_article(stem: str, kind_type: str, form: str) -> str:
    if form == "g":
        bare = kind_type != "LOC" or stem.endswith(("s", "x", "z", "ß"))
        return f"von [{kind_type} {stem}]" if bare else f"[{kind_type} {stem}s]"
    motion = "nach " if form == "to" else PREPOSITIONS.get(form, "")
    return f"{motion}[{kind_type} {stem}]"


def _inflect(stem: str, gender: str, case: str, kind: str) -> str:
    weak = "e" if not case or (case == "a" and gender in "fn") else "en"
    text = stem.replace("~", "en" if gender == "p" else weak)
    if gender == "p" and case == "d":
        return PLURALS.sub(r"\1n", text)
    if gender == "m" and case:
        marked = WEAK_NOUNS.sub(lambda match: match[0].rstrip("e") + "en", text)
        if marked != text:
            return marked
    if case == "g" and gender in ("m", "n") and kind not in BARE_GENITIVE:
        head = re.split(r" (?:von|für|des) ", text)[0]
        return _genitive(head) + text[len(head) :]
    return text


def _genitive(head: str) -> str:
    if head.endswith(("Kreuz", "kreuz", "Haus", "haus", "preis", "Preis", "Schloss")):
        return head + "es"
    return head if head.endswith(("s", "x", "z", "Italia", "Wald", "Platz")) else head + "s"
