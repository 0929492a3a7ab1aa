"""What the names in our source files stand for: definitions of ours, or things of other packages by their full name."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from artifacts.code.sources import Imported, Module, Sources, is_ours

WHOLE = "<module>"
"""In an address, stands for a module itself: one that is used as a value, or has no such name."""

Address = tuple[str, str]
"""A definition of ours: module and name."""


@dataclass(frozen=True)
class Meaning:
    """What a dotted name may stand for: an address of ours or a full name, and the attributes behind it."""

    address: Address | None = None
    full_name: str = ""
    attributes: tuple[str, ...] = ()


def dotted(node: ast.AST) -> list[str] | None:
    """`a.b.c` as ["a", "b", "c"]; None for what does not start at a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


class Names:
    """Follows names through imports and re-exports. Where a name can stand for several things, it gives them all."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def in_module(self, module: Module, names: list[str]) -> list[Meaning]:
        """Meanings of a dotted name at the top level of a module; none for a builtin, or a name that is unknown."""
        return list(self._in_module(module, names, frozenset()))

    def imported(self, target: Imported, attributes: list[str]) -> list[Meaning]:
        """Meanings of a name that an import binds, with attributes behind it."""
        return list(self._imported(target, attributes, frozenset()))

    def _in_module(self, module: Module, names: list[str], seen: frozenset[Address]) -> Iterator[Meaning]:
        first, rest = names[0], names[1:]
        address = (module.name, first)
        if address in seen:
            return
        for target in module.imports.get(first, []):
            yield from self._imported(target, rest, seen | {address})
        if first in module.definitions:
            yield Meaning(address=address, attributes=tuple(rest))

    def _imported(self, target: Imported, attributes: list[str], seen: frozenset[Address]) -> Iterator[Meaning]:
        module, name = target
        names = attributes if name is None else [name, *attributes]
        if is_ours(module):
            yield from self._in_package(module, names, seen)
        elif module.partition(".")[0] == "artifacts":
            # Left out behind STORE_FORMAT: where in it a name is defined does not matter.
            while names and self.sources.is_module(f"{module}.{names[0]}"):
                module, names = f"{module}.{names[0]}", names[1:]
            yield Meaning(full_name=".".join(["artifacts", *names] if names else [module]))
        else:
            yield Meaning(full_name=".".join([module, *names]))

    def _in_package(self, module: str, names: list[str], seen: frozenset[Address]) -> Iterator[Meaning]:
        """Meanings of names behind a module of ours; a name in it, a module below it, or both."""
        if not names:
            yield Meaning(address=(module, WHOLE))
            return
        found = list(self._in_module(self.sources.load(module), names, seen))
        if self.sources.is_module(f"{module}.{names[0]}"):
            found += self._in_package(f"{module}.{names[0]}", names[1:], seen)
        yield from found or [Meaning(address=(module, WHOLE), attributes=tuple(names))]
