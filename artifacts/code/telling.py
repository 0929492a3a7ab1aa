"""Texts that only tell something: of errors and of logs. They are not in a key, so no result may be made of them."""

import ast
from collections.abc import Iterator

from artifacts.code.names import Address, Names, dotted
from artifacts.code.sight import Sight
from artifacts.code.sources import is_internal

_LOGGERS = {"logging.getLogger", "prefect.get_run_logger", "prefect.logging.get_run_logger"}


def told_in(node: ast.Raise | ast.Assert | ast.Expr, sight: Sight) -> list[ast.expr]:
    """The texts that a statement tells: arguments of an error that it raises, of a log call that it is."""
    if isinstance(node, ast.Assert):
        arguments = [node.msg] if node.msg is not None else []
    else:
        call = node.exc if isinstance(node, ast.Raise) else node.value
        if not isinstance(call, ast.Call) or (isinstance(node, ast.Expr) and not _logs(call, sight)):
            return []
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [argument for argument in arguments if _is_text(argument)]


def results_of_error(handler: ast.ExceptHandler, sight: Sight) -> Iterator[ast.Name]:
    """Where a handler makes something of the error that it caught, other than telling it or asking for its type.

    What an error of another package has as attributes is no text of ours, and free to be used.
    """
    theirs = _catches_others_alone(handler, sight)
    waiting: list[ast.AST] = list(handler.body) if handler.name else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _logs(node, sight)):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "type"):
            continue
        if theirs and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr != "args":
            continue
        if isinstance(node, ast.Name) and node.id == handler.name and isinstance(node.ctx, ast.Load):
            yield node
        waiting += ast.iter_child_nodes(node)


def _is_text(argument: ast.expr) -> bool:
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add | ast.Mod):
        return _is_text(argument.left) or _is_text(argument.right)
    return isinstance(argument, ast.JoinedStr) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def _logs(call: ast.Call, sight: Sight) -> bool:
    """Whether a call goes to `logging`, to what gives loggers, or to a constant that is one."""
    if sight.full_name(call.func).startswith(("logging.", "warnings.warn")):
        return True
    logger = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(logger, ast.Call):
        return sight.full_name(logger.func) in _LOGGERS
    names = dotted(logger) if logger is not None else None
    meanings = (sight.meanings(names) if names else None) or []
    return bool(meanings) and all(
        m.address is not None and not m.attributes and _is_logger(m.address, sight.names) for m in meanings
    )


def _is_logger(address: Address, names: Names) -> bool:
    module = names.sources.load(address[0])
    top = Sight(names, module)
    statements = module.definitions.get(address[1], [])
    values = [s.value if isinstance(s, ast.Assign) else None for s in statements]
    return bool(values) and all(isinstance(v, ast.Call) and top.full_name(v.func) in _LOGGERS for v in values)


def _catches_others_alone(handler: ast.ExceptHandler, sight: Sight) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = [found for t in types if t is not None and (found := dotted(t))]
    meanings = [m for found in names for m in sight.meanings(found) or []]
    return all(m.address is None and not is_internal(m.full_name) for m in meanings)
