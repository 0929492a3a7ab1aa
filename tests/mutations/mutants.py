"""Small wrong versions of a module: one argument left out, two exchanged, one operator or number another.

The operators are mutmut's. Its own runner leaves out decorated functions, which all steps are, and rewrites whole
modules, whose text cache keys are made of; so modules are mutated here one place at a time, and `__main__` runs them.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from mutmut.mutation.mutators import (
    mutation_operators,
    operator_arg_removal,
    operator_assignment,
    operator_dict_arguments,
    operator_string,
)

# Calls that say something and decide nothing, and what is written down for readers of the code.
_TALK = {"progress", "advance", "note", "stage"}
# Arguments that no result depends on, by call, keyword and value (None: any): which columns of a table are read, beside
# those that are named afterwards; how many rows at a time, beside what tests of several batches see; whether lengths
# that were checked before are checked again; whether memory is saved.
_IMMATERIAL = {
    ("table", "columns", None),
    ("batches", "columns", None),
    ("batches", "rows", None),
    ("zip", "strict", "True"),
    ("unit_rows", "in_place", "True"),
    ("astype", "copy", "False"),
}
_UNSEEN = (cst.Annotation, cst.Decorator, cst.Raise, cst.Param)
_TEXTS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
_CONTEXT = 24
_OPERATORS = [
    (kind, operator)
    for kind, operator in mutation_operators
    # Names in messages and columns that do not exist; `a = None`, which fails at once where `a` is used.
    if operator not in (operator_string, operator_dict_arguments, operator_assignment, operator_arg_removal)
]


@dataclass(frozen=True)
class Mutant:
    """A module that differs from the real one in one place.

    path      from the project's root
    function  in which it differs, such as `Colada.betas`
    change    what was written there -> what is written now
    source    the whole module
    """

    path: str
    function: str
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.path} {self.function}: {self.change}"


def mutants(root: Path, path: str, skipped: Collection[str] = ()) -> list[Mutant]:
    """All mutants of a module, in the order of its lines. Changes that read alike in a function are numbered.

    Args:
        root: the project's.
        path: of the module, from there.
        skipped: functions and methods that have none.
    """
    module = cst.parse_module((root / path).read_text(encoding="utf-8"))
    finder = _Finder()
    module.visit(finder)
    made: dict[str, Mutant] = {}
    alike: Counter[tuple[str, str]] = Counter()
    for function, node, changed in finder.found:
        if function.partition(".")[0] in skipped or function in skipped:
            continue
        source = cst.ensure_type(module.deep_replace(node, changed), cst.Module).code
        if source not in (module.code, *made):
            change = _difference(module.code, source)
            alike[function, change] += 1
            number = alike[function, change]
            made[source] = Mutant(path, function, f"{change} ({number})" if number > 1 else change, source)
    return list(made.values())


class _Finder(cst.CSTVisitor):
    """Visits what functions do; not annotations, decorators, defaults, nor the wording of errors."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.functions = 0
        self.immaterial: set[cst.Arg] = set()
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _UNSEEN) or (isinstance(node, cst.Call) and _called(node) in _TALK):
            return False
        if node in self.immaterial:
            return False
        if isinstance(node, cst.Call):
            self.immaterial.update(arg for arg in node.args if _is_immaterial(node, arg))
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.names.append(node.name.value)
            self.functions += isinstance(node, cst.FunctionDef)
        elif self.functions:
            self.found += [(".".join(self.names), node, changed) for changed in _changed(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.names.pop()
            self.functions -= isinstance(original_node, cst.FunctionDef)


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in _OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)
    if isinstance(node, cst.Call):
        yield from (changed for changed in operator_arg_removal(node) if _is_telling(node, changed))
        yield from exchanged_arguments(node)


def exchanged_arguments(node: cst.Call) -> Iterator[cst.Call]:
    """f(a, b, c) as f(b, a, c) and f(a, c, b); mutmut has no such operator, and a wiring fault is often this."""
    for i, (one, other) in enumerate(zip(node.args[:-1], node.args[1:], strict=True)):
        if one.keyword or other.keyword or one.star or other.star or _is_text(one) or _is_text(other):
            continue
        swapped = [one.with_changes(value=other.value), other.with_changes(value=one.value)]
        yield node.with_changes(args=[*node.args[:i], *swapped, *node.args[i + 2 :]])


def _is_telling(node: cst.Call, changed: cst.Call) -> bool:
    """Whether a call without one argument says more than that a call fails that lacks one.

    Left out: positional arguments that are missing (they are None as well, by another mutant), texts, such as names in
    messages, who is told of the progress, and what no result depends on.
    """
    gone = next(arg for arg in node.args if all(arg is not kept for kept in changed.args))
    is_missing = len(changed.args) < len(node.args)
    if _is_immaterial(node, gone) or (gone.keyword is not None and gone.keyword.value in _TALK):
        return False
    return not _is_text(gone) and not (is_missing and gone.keyword is None and not gone.star)


def _is_text(argument: cst.Arg) -> bool:
    return isinstance(argument.value, _TEXTS)


def _is_immaterial(node: cst.Call, argument: cst.Arg) -> bool:
    if argument.keyword is None:
        return False
    value = argument.value.value if isinstance(argument.value, cst.Name) else None
    named = (_called(node), argument.keyword.value)
    return (*named, None) in _IMMATERIAL or (*named, value) in _IMMATERIAL


def _called(node: cst.Call) -> str:
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return name.value if isinstance(name, cst.Name) else ""


def _difference(before: str, after: str) -> str:
    """What two modules do not share, each with a little of what stands around it, on one line."""
    shorter = min(len(before), len(after))
    start = next(i for i in range(shorter + 1) if before[i : i + 1] != after[i : i + 1])
    end = next((i for i in range(shorter - start) if before[-1 - i] != after[-1 - i]), shorter - start)
    first, last = max(start - _CONTEXT, 0), max(end - _CONTEXT, 0)
    return " -> ".join(" ".join(text[first : len(text) - last].split()) for text in (before, after))
