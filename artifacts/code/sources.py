"""Our own source files as syntax trees: what each defines, imports and runs when it is imported."""

import ast
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_PACKAGES = ("flows", "tasks")

Imported = tuple[str, str | None]
"""What an import binds a name to: a module, and a name in it or None."""


class FingerprintError(TypeError):
    """Code of ours that cannot be followed, such as a dynamic import."""


@dataclass(frozen=True)
class Module:
    """One source file: its top-level definitions, what its imports bind, and statements that run on import.

    A name may be bound several times (`try` an import, `except` define): all of it is kept.
    """

    name: str
    package: str
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    body: list[ast.stmt] = field(default_factory=list)


def is_ours(module_name: str) -> bool:
    """Whether a module belongs to the project, and its code to the key."""
    return module_name.partition(".")[0] in PROJECT_PACKAGES


def is_internal(name: str) -> bool:
    """Whether a module or a full name is of the project or of artifacts/."""
    return is_ours(name) or name.partition(".")[0] == "artifacts"


class Sources:
    """Modules by name, each file read and parsed once. A test may put modules of its own into `modules`."""

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.read_after = time.time()
        self._paths: dict[str, str | None] = {}

    def load(self, name: str) -> Module:
        """The module's syntax tree, taken apart.

        Raises:
            FingerprintError: if its source cannot be found, or was edited after this process started.
        """
        if name not in self.modules:
            self.modules[name] = self._read(name)
        return self.modules[name]

    def is_module(self, name: str) -> bool:
        """Whether a dotted name is a module or a package, and not a name in one."""
        return name in self.modules or self._path(name) is not None

    def _path(self, name: str) -> str | None:
        """The source file; "" for a folder without `__init__.py`, None if there is no such module."""
        if name not in self._paths:
            parent = name.rpartition(".")[0]
            # Only packages have modules in them; to ask `find_spec` about a name in a module would import the module.
            try:
                spec = None if parent and not _is_package(self._path(parent)) else importlib.util.find_spec(name)
            except ValueError:  # such as a script, which is no module that others could import
                spec = None
            self._paths[name] = None if spec is None else spec.origin or ""
        return self._paths[name]

    def _read(self, name: str) -> Module:
        path = self._path(name)
        if path == "":
            return Module(name, package=name)
        if path is None or not path.endswith(".py"):
            raise FingerprintError(f"{name}: its source cannot be found")
        if Path(path).stat().st_mtime > self.read_after:
            raise FingerprintError(
                f"{path} was edited after this process started: what runs may not be what it says; start again"
            )
        package = name if _is_package(path) else name.rpartition(".")[0]
        return parse(Path(path).read_text(encoding="utf-8"), name, package)


def _is_package(path: str | None) -> bool:
    return path is not None and (path == "" or path.endswith("__init__.py"))


def parse(text: str, name: str, package: str) -> Module:
    """A module's text, taken apart; `package` is what its relative imports start from."""
    module = Module(name, package)
    for statement in _flat(ast.parse(text).body):
        names = _defined(statement)
        for defined in names:
            module.definitions.setdefault(defined, []).append(statement)
        if names:
            continue
        for node in ast.walk(statement):
            for bound, target in imported(node, package):
                module.imports.setdefault(bound, []).append(target)
        if not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass) and not is_text(statement):
            module.body.append(statement)
    return module


def _flat(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, those under `if` and `try` included."""
    for statement in statements:
        if isinstance(statement, ast.If):
            condition = ast.unparse(statement.test)
            if condition.startswith("__name__ == "):
                continue
            if not condition.endswith("TYPE_CHECKING"):
                yield ast.copy_location(ast.Expr(statement.test), statement)
            yield from _flat(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            handlers = [s for h in statement.handlers for s in h.body]
            yield from _flat(statement.body + handlers + statement.orelse + statement.finalbody)
        else:
            yield statement


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return list(dict.fromkeys(n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)))
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        return [statement.target.id] if isinstance(statement.target, ast.Name) else []
    return []


def imported(node: ast.AST, package: str) -> Iterator[tuple[str, Imported]]:
    """Names that an import statement binds, with what they stand for.

    Raises:
        FingerprintError: if it imports everything that a module has.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, (alias.name, None)
            else:
                first = alias.name.partition(".")[0]
                yield first, (first, None)
    elif isinstance(node, ast.ImportFrom):
        source = node.module or ""
        if node.level:
            parts = package.split(".")
            source = ".".join([*parts[: len(parts) - node.level + 1], *([source] if source else [])])
        for alias in node.names:
            if alias.name == "*":
                raise FingerprintError(f"from {source} import *: import by name, so that the cache key can follow it")
            yield alias.asname or alias.name, (source, alias.name)


def is_text(statement: ast.AST) -> bool:
    """Whether a statement is a docstring, of a function or below an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
