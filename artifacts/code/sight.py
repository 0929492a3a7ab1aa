"""What names stand for at one place inside a definition, where functions and classes bind names of their own."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from artifacts.code.names import Meaning, Names, dotted
from artifacts.code.scopes import Scope, scope_of
from artifacts.code.sources import Module


class Sight:
    """Starts at the top of a module and goes into functions, comprehensions and classes."""

    def __init__(self, names: Names, module: Module) -> None:
        self.names = names
        self.module = module
        self._scopes: list[Scope] = []

    @property
    def at_top(self) -> bool:
        """Whether it is in no function and no class."""
        return not self._scopes

    @contextmanager
    def inside(self, node: ast.AST) -> Iterator[None]:
        """Looks from inside a function, comprehension or class."""
        self._scopes.append(scope_of(node, self.module.package))
        yield
        self._scopes.pop()

    def binds(self, node: ast.Name) -> bool:
        """Whether a name is bound here, at the top of the module or of a class, and not read."""
        if not isinstance(node.ctx, ast.Store):
            return False
        return self.at_top or (self._scopes[-1].of_class and node.id not in self._scopes[-1].of_module)

    def meanings(self, names: list[str]) -> list[Meaning] | None:
        """What a dotted name stands for.

        Returns:
            None for a name that is bound inside the definition; nothing for a builtin, or a name that is unknown.
        """
        for depth, scope in enumerate(reversed(self._scopes)):
            if names[0] in scope.of_module:
                break
            if scope.of_class and depth > 0:
                continue  # Functions do not see the names of the class around them.
            if names[0] in scope.imports:
                return [m for target in scope.imports[names[0]] for m in self.names.imported(target, names[1:])]
            if names[0] in scope.plain and not scope.of_class:  # In a class, `x = x` reads the module's.
                return None
        return self.names.in_module(self.module, names)

    def full_name(self, node: ast.AST) -> str:
        """The full name of what is not ours; "" for anything else, and for what can be several things."""
        names = dotted(node)
        meanings = (self.meanings(names) if names else None) or []
        return meanings[0].full_name if len(meanings) == 1 else ""
