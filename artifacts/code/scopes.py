"""Which names a function, a lambda, a comprehension or a class binds itself, and so does not take from its module."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from artifacts.code.sources import Imported, imported

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass
class Scope:
    """The names that are bound in one scope: plainly (assigned, a parameter), or by imports."""

    of_class: bool = False
    plain: set[str] = field(default_factory=set)
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    of_module: set[str] = field(default_factory=set)
    """Names declared `global`."""


def scope_of(node: ast.AST, package: str) -> Scope:
    """The names that a function, lambda, comprehension or class binds.

    Args:
        node: one of `Function`, `Comprehension`, `ast.ClassDef`.
        package: what relative imports in it start from.
    """
    scope = Scope(of_class=isinstance(node, ast.ClassDef))
    if isinstance(node, Comprehension):
        targets = [n for generator in node.generators for n in ast.walk(generator.target)]
        scope.plain.update(name for n in targets for name in _bound(n))
        return scope
    if isinstance(node, Function):
        a = node.args
        parameters = [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg]
        scope.plain.update(p.arg for p in parameters if p is not None)
    enclosing: set[str] = set()
    body: list[ast.AST] = list(node.body) if isinstance(node, _Named) else []
    for inner in _within(body):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            for name, target in imported(inner, package):
                scope.imports.setdefault(name, []).append(target)
        elif isinstance(inner, ast.Global):
            scope.of_module.update(inner.names)
        elif isinstance(inner, ast.Nonlocal):
            enclosing.update(inner.names)
        else:
            scope.plain.update(_bound(inner))
    scope.plain -= enclosing
    return scope


def _within(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that bind names in the scope of `nodes`; of inner scopes, the heads alone."""
    while nodes:
        node = nodes.pop()
        yield node
        if isinstance(node, Comprehension):
            nodes += _walrus_targets(node)
        elif isinstance(node, _Named):
            nodes += [child for name, child in _children(node) if name != "body"]
        elif not isinstance(node, ast.Lambda):
            nodes += [child for _, child in _children(node)]


def _walrus_targets(node: ast.AST) -> Iterator[ast.AST]:
    """What `:=` binds in a comprehension, which is bound around it."""
    for _, child in _children(node):
        if isinstance(child, ast.NamedExpr):
            yield child.target
        if not isinstance(child, ast.Lambda):
            yield from _walrus_targets(child)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield name, item


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that one node binds by itself."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, _Named):
        yield node.name
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        if node.name:
            yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
