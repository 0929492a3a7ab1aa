"""Which definitions changed between two fingerprints, in words."""

from collections.abc import Mapping

from artifacts.code.fingerprint import Definition

Definitions = Mapping[str, Definition]


def code_changes(old: Definitions, new: Definitions) -> list[str]:
    """The definitions that changed themselves: other tokens, or a name that stands for another definition.

    What only uses a changed definition is not told, nor what moved to another module, nor what came and went with a
    change that is told.

    Args:
        old: definitions by `module:name`, of a fingerprint.
        new: those of another one of the same function.
    """
    now = _counterparts(old, new)
    lines = []
    for before, after in now.items():
        moved = f" (was {before})" if before != after else ""
        if old[before].own != new[after].own:
            lines.append(f"code of {after}{moved} changed")
            continue
        was, uses = old[before].uses, new[after].uses
        for used, instead in zip(was, uses, strict=False):
            if now.get(used) != instead:
                lines.append(f"code of {after}{moved} changed: it uses {instead} instead of {used}")
        if len(was) != len(uses):
            lines.append(f"code of {after}{moved} changed: other statements run on import")
    return lines


def _counterparts(old: Definitions, new: Definitions) -> dict[str, str]:
    """For definitions of `old` their labels in `new`: the same, or that of a definition of the same name that moved."""
    found = {label: label for label in old if label in new}
    come: dict[str, list[str]] = {}
    for label in (label for label in new if label not in old):
        come.setdefault(_name(label), []).append(label)
    for only_moved in (True, False):
        for label in (label for label in old if label not in found):
            candidates = come.get(_name(label), [])
            fits = [c for c in candidates if new[c].own == old[label].own or not only_moved]
            if len(fits) == 1:
                found[label] = fits[0]
                candidates.remove(fits[0])
    return found


def _name(label: str) -> str:
    return label.partition(":")[2]
