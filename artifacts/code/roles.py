"""What a piece of our code is for: a configuration, a field of one, a logger, a text that only tells."""

import ast

from artifacts.code.names import Names, Place
from artifacts.code.sources import Module

_SETTINGS = "artifacts.Settings"
LOGGERS = {"logging.getLogger", "prefect.get_run_logger", "prefect.logging.get_run_logger"}


def dotted(node: ast.AST) -> list[str] | None:
    """`a.b.c` as ["a", "b", "c"]; None for what does not start at a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


def is_field(statement: ast.AnnAssign) -> bool:
    """Whether an annotated name in a configuration is a field; class variables and private attributes are code."""
    if not isinstance(statement.target, ast.Name) or statement.target.id.startswith("_"):
        return False
    return "ClassVar" not in ast.unparse(statement.annotation)


def is_told(argument: ast.expr) -> bool:
    """Whether an argument of an error or of a log call is a text."""
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add | ast.Mod):
        return is_told(argument.left) or is_told(argument.right)
    return isinstance(argument, ast.JoinedStr) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


class Roles:
    """Tells what definitions of ours are for, by what the names in them stand for."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._settings: dict[Place, bool] = {}

    def is_settings(self, place: Place) -> bool:
        """Whether a place holds a configuration, whose fields enter the key by value."""
        if place not in self._settings:
            self._settings[place] = False  # while its bases are looked at
            module = self._names.sources.load(place[0])
            statements = module.definitions.get(place[1], [])
            classes = [s for s in statements if isinstance(s, ast.ClassDef)]
            bases = [names for c in classes for base in c.bases if (names := dotted(base))]
            meanings = [m for names in bases for m in self._names.in_module(module, names)]
            self._settings[place] = any(
                m.full_name == _SETTINGS or (m.place is not None and self.is_settings(m.place)) for m in meanings
            )
        return self._settings[place]

    def is_logger(self, place: Place) -> bool:
        """Whether a place holds a logger."""
        module = self._names.sources.load(place[0])
        statements = module.definitions.get(place[1], [])
        return bool(statements) and all(
            isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and self._gives_loggers(module, s.value)
            for s in statements
        )

    def _gives_loggers(self, module: Module, call: ast.Call) -> bool:
        meanings = self._names.in_module(module, dotted(call.func) or ["?"])
        return [m.full_name in LOGGERS for m in meanings] == [True]
