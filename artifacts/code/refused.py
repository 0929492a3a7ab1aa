"""What code of a step may not do, because its fingerprint could not follow it."""

import ast
import builtins
from collections.abc import Callable, Iterator

BUILTINS = frozenset(dir(builtins))
_CODE = {"exec", "eval", "compile", "__import__", "globals", "breakpoint"}
# What these mean depends on where the module lies, which is not in the key.
_OF_THE_FILE = {"__file__", "__path__", "__spec__", "__loader__", "__package__", "__builtins__"}
_PACKAGES = ("builtins", "code", "codeop", "importlib", "pkgutil", "runpy", "subprocess", "pty")
_ALLOWED = ("importlib.metadata.", "importlib.util.find_spec.")
_FUNCTIONS = ("sys.modules", "os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn", "types.CodeType",
              "types.FunctionType", "asyncio.create_subprocess")  # fmt: skip


def refused_builtin(name: str) -> bool:
    """Whether a name that is defined nowhere reaches code or files by a text."""
    return name in _CODE or name in _OF_THE_FILE


def refused_name(full_name: str) -> bool:
    """Whether something of another package runs code or programs, or reads files, that are named by a text."""
    if f"{full_name}.".startswith(_ALLOWED):
        return False
    package, _, name = full_name.partition(".")
    if package == "builtins" and name in BUILTINS:
        return refused_builtin(name)
    return package in _PACKAGES or full_name.startswith(_FUNCTIONS)


def results_of_error(
    handler: ast.ExceptHandler, of_another_package: bool, only_tells: Callable[[ast.AST], bool]
) -> Iterator[ast.Name]:
    """Where a handler makes something of the error that it caught, other than telling it.

    Texts of errors are not in the key, so no result may be made of them. What another package's error has as
    attributes is no text of ours.

    Args:
        handler: the handler.
        of_another_package: whether it catches errors of other packages alone.
        only_tells: whether a statement does nothing but tell, such as `raise`.
    """
    waiting: list[ast.AST] = list(handler.body) if handler.name else []
    while waiting:
        node = waiting.pop()
        if only_tells(node) or _asks_for_type(node):
            continue
        if of_another_package and isinstance(node, ast.Attribute) and node.attr != "args":
            if isinstance(node.value, ast.Name):
                continue
        if isinstance(node, ast.Name) and node.id == handler.name and isinstance(node.ctx, ast.Load):
            yield node
        waiting += ast.iter_child_nodes(node)


def _asks_for_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "type")
