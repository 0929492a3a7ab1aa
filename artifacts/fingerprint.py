"""Which of our own code a step runs, as hashes.

Starting from a step's function, every top-level definition that can be reached through names is hashed: functions,
classes, constants of flows/ and tasks/. Comments, docstrings, layout and everything that is not reached do not count,
nor do the fields of configurations (they enter a key by value). artifacts/ is left out: `STORE_FORMAT` stands for it,
and the schemas that a step declares enter its key on their own. The syntax tree is written out by ourselves, without
empty fields, because `ast.dump` differs between versions of Python.
"""

import ast
import builtins
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from artifacts import sources

_SETTINGS = ("artifacts.settings", "Settings")
_IMPORTERS = ("builtins", "importlib", "pkgutil", "runpy")
_DYNAMIC = {"__import__", "import_module", "exec", "eval", "resolve_name", "run_module", "run_path"} | {
    "spec_from_file_location",
    "SourceFileLoader",
}
_BODY = "<module body>"
_BUILTINS = frozenset(dir(builtins))


def fingerprint(module: str, function: str) -> dict[str, str]:
    """Hashes of all definitions of ours that `function` of `module` can reach, by qualified name.

    The function's own decorators do not count (they wire the step, they do not run in it).

    Raises:
        FingerprintError: if reachable code imports dynamically.
    """
    return dict(_fingerprint(module, function))


@lru_cache(maxsize=256)
def _fingerprint(module: str, function: str) -> tuple[tuple[str, str], ...]:
    walk = _Walk(root=(module, function), waiting=[(module, function)])
    while walk.waiting:
        walk.visit(*walk.waiting.pop())
    return tuple(sorted(walk.hashes.items()))


def forget() -> None:
    """Reads all sources anew at the next fingerprint (for tests that change them)."""
    _fingerprint.cache_clear()
    sources.forget()


@dataclass
class _Walk:
    root: tuple[str, str]
    waiting: list[tuple[str, str]]
    hashes: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)

    def visit(self, module_name: str, name: str) -> None:
        """Hashes one definition and everything it names."""
        label = f"{module_name}:{name}"
        if label in self.hashes:
            return
        module = sources.load(module_name)
        if name not in module.definitions:
            if name in module.imports:
                self._follow_import(*module.imports[name], [])
            else:
                self.visit_module(module_name)
            return
        if name in module.imports:  # bound twice, as in try: import, except: define
            self._follow_import(*module.imports[name], [])
        statements = module.definitions[name]
        is_root = (module_name, name) == self.root
        hashed = hashlib.sha256()
        settings = [_is_settings(module, statement) for statement in statements]
        for statement, fields in zip(statements, settings, strict=True):
            hashed.update("".join(_tokens(statement, drop_decorators=is_root, drop_fields=fields)).encode())
        self.hashes[label] = hashed.hexdigest()[:16]
        for statement, fields in zip(statements, settings, strict=True):
            self._names(module, statement, skip_decorators=is_root, skip_values=fields)
        self._body(module)

    def visit_module(self, module_name: str) -> None:
        """Hashes a whole module, where it is used as a value or a name in it cannot be resolved."""
        if module_name in self.whole:
            return
        self.whole.add(module_name)
        module = sources.load(module_name)
        self.waiting += [(module_name, name) for name in module.definitions]
        self._body(module)

    def _body(self, module: sources.Module) -> None:
        """Statements that run when a module is imported count with every definition of it."""
        label = f"{module.name}:{_BODY}"
        if label in self.hashes or not module.body:
            return
        text = "".join("".join(_tokens(s)) for s in module.body)
        self.hashes[label] = hashlib.sha256(text.encode()).hexdigest()[:16]
        for statement in module.body:
            self._names(module, statement)

    def _names(
        self, module: sources.Module, statement: ast.stmt, *, skip_decorators: bool = False, skip_values: bool = False
    ) -> None:
        local = {n: target for node in ast.walk(statement) for n, target in sources.imported(node, module)}
        scope = {**module.imports, **local}
        skipped: set[int] = set()
        if skip_decorators and isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            skipped = {id(n) for d in statement.decorator_list for n in ast.walk(d)}
        if skip_values and isinstance(statement, ast.ClassDef):
            values = [s.value for s in statement.body if _is_field(s) and isinstance(s, ast.AnnAssign) and s.value]
            skipped |= {id(n) for v in values for n in ast.walk(v)}
        inner: set[int] = set()
        for node in ast.walk(statement):
            if id(node) in skipped or id(node) in inner:
                continue
            if isinstance(node, ast.Attribute):
                chain = _chain(node)
                if chain is None:
                    continue
                inner.update(id(n) for n in ast.walk(node))
                self._resolve(module, scope, chain)
            elif isinstance(node, ast.Name):
                self._resolve(module, scope, [node.id])

    def _resolve(self, module: sources.Module, scope: dict[str, tuple[str, str | None]], chain: list[str]) -> None:
        first, rest = chain[0], chain[1:]
        if first in module.definitions:
            self.waiting.append((module.name, first))
        if first in scope:
            target, name = scope[first]
            if target.split(".")[0] in _IMPORTERS and (name in _DYNAMIC or _DYNAMIC & set(rest)):
                raise sources.FingerprintError(
                    f"{module.name}: a dynamic import cannot be followed; import the module by name"
                )
            self._follow_import(target, name, rest)
        elif first in _DYNAMIC & _BUILTINS and first not in module.definitions:
            raise sources.FingerprintError(f"{module.name}: {first}() cannot be followed; import or call by name")

    def _follow_import(self, target: str, name: str | None, rest: list[str]) -> None:
        if target.split(".")[0] not in sources.PROJECT_PACKAGES:
            return
        if name is not None:
            if sources.is_module(f"{target}.{name}"):
                target = f"{target}.{name}"
            else:
                self.waiting.append((target, name))
                return
        while rest and sources.is_module(f"{target}.{rest[0]}"):
            target, rest = f"{target}.{rest[0]}", rest[1:]
        if rest:
            self.waiting.append((target, rest[0]))
        else:
            self.visit_module(target)


def _chain(node: ast.Attribute) -> list[str] | None:
    """`a.b.c` as ["a", "b", "c"]; None if it does not start at a name."""
    names: list[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        names.append(current.attr)
        current = current.value
    return [current.id, *reversed(names)] if isinstance(current, ast.Name) else None


def _is_settings(module: sources.Module, statement: ast.stmt) -> bool:
    """Whether a statement defines a configuration, whose fields enter the key by value."""
    if not isinstance(statement, ast.ClassDef):
        return False
    for base in statement.bases:
        if not isinstance(base, ast.Name):
            continue
        if base.id in module.definitions:
            if any(_is_settings(module, s) for s in module.definitions[base.id]):
                return True
        elif base.id in module.imports:
            target, name = module.imports[base.id]
            if (target, name) == _SETTINGS:
                return True
            if name and target.split(".")[0] in sources.PROJECT_PACKAGES:
                owner = sources.load(target)
                if any(_is_settings(owner, s) for s in owner.definitions.get(name, [])):
                    return True
    return False


def _tokens(node: ast.AST, *, drop_decorators: bool = False, drop_fields: bool = False) -> Iterator[str]:
    """The syntax tree as text, without docstrings, positions and empty fields."""
    yield f"({type(node).__name__}"
    for name, value in ast.iter_fields(node):
        if name in ("type_comment", "kind") or (drop_decorators and name == "decorator_list"):
            continue
        if name == "body" and isinstance(value, list):
            value = [s for s in value if not sources.is_text(s)]
            if drop_fields:
                value = [s for s in value if not _is_field(s)]
        if value is None or value == []:
            continue
        yield f" {name}="
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _tokens(item)
            else:
                yield f"{type(item).__name__}:{item!r};"
    yield ")"


def _is_field(statement: ast.stmt) -> bool:
    """Whether a statement in a configuration is a field; class variables and private attributes are code."""
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        return False
    return not statement.target.id.startswith("_") and "ClassVar" not in ast.unparse(statement.annotation)
