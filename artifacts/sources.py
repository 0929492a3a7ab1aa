"""Our own source files as syntax trees: what each defines, imports and runs when it is imported."""

import ast
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROJECT_PACKAGES = ("flows", "tasks")
_read_after = time.time()


class FingerprintError(TypeError):
    """Code of ours that cannot be followed, such as a dynamic import."""


@dataclass(frozen=True)
class Module:
    """The top-level definitions of one source file."""

    name: str
    is_package: bool
    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, tuple[str, str | None]]
    body: list[ast.stmt]


def load(module_name: str) -> Module:
    """The module's source, parsed once.

    Raises:
        FingerprintError: if it cannot be found, or was edited after this process started.
    """
    path = _source(module_name)
    if not path:
        raise FingerprintError(f"{module_name}: its source cannot be found")
    return _parse(module_name, path)


@lru_cache(maxsize=1024)
def _source(module_name: str) -> str | None:
    """The module's source file; "" for a folder without `__init__.py` or a compiled module, None if there is none."""
    try:
        spec = importlib.util.find_spec(module_name)
    except (ModuleNotFoundError, ValueError):
        return None
    if spec is None:
        return None
    return spec.origin if spec.origin and spec.origin.endswith(".py") else ""


def is_module(name: str) -> bool:
    """Whether a dotted name is a module or a package, and not a name in one."""
    return _source(name) is not None


@lru_cache(maxsize=1024)
def _parse(module_name: str, path: str) -> Module:
    if Path(path).stat().st_mtime > _read_after:
        raise FingerprintError(
            f"{path} was edited after this process started: what runs may not be what it says; start again"
        )
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    is_package = path.endswith("__init__.py")
    package = module_name if is_package else module_name.rpartition(".")[0]
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, tuple[str, str | None]] = {}
    body: list[ast.stmt] = []
    for statement in _flat(tree.body):
        bound = list(imported(statement, package=package))
        if bound:
            imports.update(bound)
            continue
        names = _defined(statement)
        if not names:
            imports.update(pair for node in ast.walk(statement) for pair in imported(node, package=package))
        for name in names:
            definitions.setdefault(name, []).append(statement)
        if not names and not isinstance(statement, ast.Pass) and not is_text(statement):
            body.append(statement)
    return Module(module_name, is_package, definitions, imports, body)


def _flat(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, those under `if` and `try` included."""
    for statement in statements:
        if isinstance(statement, ast.If):
            condition = ast.unparse(statement.test)
            if condition.startswith("__name__ == "):
                continue
            if not condition.endswith("TYPE_CHECKING"):
                yield ast.Expr(statement.test)
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
        return [n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        return [statement.target.id] if isinstance(statement.target, ast.Name) else []
    return []


def imported(
    node: ast.AST, module: Module | None = None, package: str = ""
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Names that an import statement binds, with what they stand for: (module, name in it or None)."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, (alias.name, None)
            else:
                first = alias.name.split(".")[0]
                yield first, (first, None)
    elif isinstance(node, ast.ImportFrom):
        source = node.module or ""
        if node.level:
            here = package or (
                module.name if module and module.is_package else module.name.rpartition(".")[0] if module else ""
            )
            parts = here.split(".")[: len(here.split(".")) - node.level + 1]
            source = ".".join([*parts, source] if source else parts)
        for alias in node.names:
            if alias.name == "*" and source.split(".")[0] in PROJECT_PACKAGES:
                raise FingerprintError(f"from {source} import *: import by name, so that the cache can follow it")
            yield alias.asname or alias.name, (source, alias.name)


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, of a function or below an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def forget() -> None:
    """Reads all sources anew (for tests that change and import them again)."""
    global _read_after
    _read_after = time.time()
    _parse.cache_clear()
    _source.cache_clear()
