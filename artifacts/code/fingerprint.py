"""The fingerprint of a step's code: one hash that changes when something changes that the step can run.

Starting from a step's function, every definition of flows/ and tasks/ that can be reached through names is hashed: its
own tokens, and the hashes of the definitions that the names in it stand for. So a name that comes to stand for another
definition changes the hash, and a definition that moves to another module does not. Where definitions use each other in
a circle, they are hashed together. artifacts/ is left out: `STORE_FORMAT` stands for it, and the schemas that a step
declares enter its key on their own.
"""

import hashlib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from artifacts.code.names import WHOLE, Address, Names
from artifacts.code.sources import Module, Sources, is_ours
from artifacts.code.tokens import DEFAULTS, Writer, Written

_BODY = "<module body>"
_SHOWN_DIGITS = 16


@dataclass(frozen=True)
class Definition:
    """One definition that a step reaches: the hash of its own tokens, and labels of what it uses."""

    own: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Fingerprint:
    """The hash of all that a step can run, and the definitions behind it by `module:name`, to explain it."""

    code: str
    definitions: Mapping[str, Definition]


class Fingerprints:
    """Fingerprints of functions; each definition is written and hashed once, whoever reaches it."""

    def __init__(self, sources: Sources) -> None:
        self.written: dict[Address, Written] = {}
        self._sources = sources
        self._writer = Writer(Names(sources))
        self._hashes: dict[Address, str] = {}
        self._bodies: dict[str, tuple[Address, ...]] = {}
        self._taken: dict[Address, Fingerprint] = {}
        self._lock = Lock()

    def of(self, module: str, function: str) -> Fingerprint:
        """The fingerprint of a function; its hash does not depend on where the function lies.

        Raises:
            FingerprintError: if code that it reaches cannot be followed.
        """
        known = function in self._sources.load(module).definitions  # A function inside of another one is not.
        root = (module, function if known else WHOLE)
        with self._lock:
            if root not in self._taken:
                self._taken[root] = self._take(root)
            return self._taken[root]

    def _take(self, root: Address) -> Fingerprint:
        def uses(address: Address) -> tuple[Address, ...]:
            return self._definition(address).uses

        for component in _components(root, uses, self._hashes):
            self._hashes.update(_hashed(component, self._definition, self._hashes))
        definitions = {}
        for address in sorted(_reached(root, uses)):
            own = self._definition(address).own[:_SHOWN_DIGITS]
            definitions[":".join(address)] = Definition(own, tuple(map(":".join, uses(address))))
        return Fingerprint(self._hashes[root], definitions)

    def _definition(self, address: Address) -> Written:
        if address not in self.written:
            self.written[address] = self._write(address)
        return self.written[address]

    def _write(self, address: Address) -> Written:
        module, name = self._sources.load(address[0]), address[1]
        if name == _BODY:
            return self._writer.write(module, name, module.body)
        if name == WHOLE:
            own = _digest(WHOLE, *sorted(module.definitions))
            return Written(own, (*((module.name, n) for n in sorted(module.definitions)), *self._run_on_import(module)))
        written = self._writer.write(module, name, module.definitions[name.removesuffix(DEFAULTS)])
        return Written(written.own, (*written.uses, *self._run_on_import(module)))

    def _run_on_import(self, module: Module) -> tuple[Address, ...]:
        """Statements that run when a module, or one that it imports, is imported: they count with its definitions."""
        if module.name not in self._bodies:
            seen = {module.name}
            waiting = [module.name]
            bodies = []
            while waiting:
                found = self._sources.load(waiting.pop())
                if found.body:
                    bodies.append((found.name, _BODY))
                new = set(self._imported_modules(found)) - seen
                seen |= new
                waiting += new
            self._bodies[module.name] = tuple(sorted(bodies, key=lambda address: self._definition(address).own))
        return self._bodies[module.name]

    def _imported_modules(self, module: Module) -> Iterator[str]:
        for target, name in (t for targets in module.imports.values() for t in targets):
            for imported in (target, f"{target}.{name}"):
                if is_ours(imported) and self._sources.is_module(imported):
                    parts = imported.split(".")
                    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def fingerprint(module: str, function: str) -> Fingerprint:
    """The fingerprint of a function of ours, from the sources as they were when this process started.

    Raises:
        FingerprintError: if code that it reaches cannot be followed.
    """
    return _ours.of(module, function)


def forget() -> None:
    """Reads all sources anew at the next fingerprint (for tests that change and import them again)."""
    global _ours
    _ours = Fingerprints(Sources())


_ours = Fingerprints(Sources())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _reached(root: Address, uses: Callable[[Address], tuple[Address, ...]]) -> set[Address]:
    seen = {root}
    waiting = [root]
    while waiting:
        new = set(uses(waiting.pop())) - seen
        seen |= new
        waiting += new
    return seen


def _hashed(
    component: list[Address], definition: Callable[[Address], Written], hashes: Mapping[Address, str]
) -> dict[Address, str]:
    """Hashes of definitions that use each other in a circle, or of a single one; `hashes` has all others they use.

    In a circle, each starts with its own tokens and takes in, again and again, what those that it uses have so far.
    After twice as many rounds as there are definitions, two that still agree run alike however far one looks.
    """
    known = {address: definition(address).own for address in component}
    rounds = 1 if len(component) == 1 else 2 * len(component)
    for _ in range(rounds):
        known = {
            address: _digest(written.own, *(known.get(used) or hashes[used] for used in written.uses))
            for address, written in ((address, definition(address)) for address in component)
        }
    if len(component) == 1:
        return known
    circle = sorted(known.values())
    return {address: _digest(colour, *circle) for address, colour in known.items()}


def _components(
    root: Address, uses: Callable[[Address], tuple[Address, ...]], done: Container[Address]
) -> Iterator[list[Address]]:
    """Definitions that `root` reaches, those in a circle together, each after all that it uses (Tarjan's algorithm).

    `done` are left out, with what they reach.
    """
    if root in done:
        return
    number = {root: 0}
    lowest = {root: 0}
    unassigned = {root: None}  # in the order they were found
    path = [(root, iter(uses(root)))]
    while path:
        address, remaining = path[-1]
        for used in remaining:
            if used in unassigned:
                lowest[address] = min(lowest[address], number[used])
            elif used not in number and used not in done:
                number[used] = lowest[used] = len(number)
                unassigned[used] = None
                path.append((used, iter(uses(used))))
                break
        else:
            path.pop()
            if path:
                lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[address])
            if lowest[address] == number[address]:
                component = [unassigned.popitem()[0]]
                while component[-1] != address:
                    component.append(unassigned.popitem()[0])
                yield component
