"""One definition as text: its own tokens, and what the names in it stand for.

Left out is what does not run or changes no result: comments, docstrings, layout, the decorator that makes a step,
texts in `raise`, `assert` and log calls. Fields of configurations enter a key by value; only where code of ours makes
a configuration do their defaults count. A name of ours is written as the number of the definition that it stands for,
a name of another package in full, so neither aliases nor the places of modules show. Empty fields of the syntax tree
are not written: they differ between versions of Python.
"""

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from artifacts.code.names import Meaning, Names, Place
from artifacts.code.refused import refused_builtin, refused_name, results_of_error
from artifacts.code.roles import LOGGERS, Roles, dotted, is_field, is_told
from artifacts.code.scopes import Scope, scope_of
from artifacts.code.sources import FingerprintError, Module, imported, is_ours, is_text

DEFAULTS = " (defaults)"
"""Behind the name of a configuration: the default values of its fields."""

_STEP = "artifacts.step"
_NOT_WRITTEN = {"type_comment", "kind", "ctx"}
_TYPES = {"annotation", "returns"}
_DESCRIPTIONS = {"title", "description"}
_FIELD = "pydantic.Field"
_SCOPED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Written:
    """The hash of a definition's own tokens, and the definitions that it uses, in the order of their numbers."""

    own: str
    uses: tuple[Place, ...]


class Writer:
    """Writes definitions of one project."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.roles = Roles(names)

    def write(self, module: Module, name: str, statements: Sequence[ast.stmt]) -> Written:
        """Writes the statements that define a name, or that run when the module is imported.

        Raises:
            FingerprintError: if they reach code or files by a text, or make a result of an error's text.
        """
        writing = _Writing(self.names, self.roles, module, name)
        for statement in statements:
            writing.write(statement)
        text = "".join([name, *writing.parts])
        return Written(hashlib.sha256(text.encode()).hexdigest(), tuple(writing.uses))


class _Writing:
    """The writing of one definition."""

    def __init__(self, names: Names, roles: Roles, module: Module, name: str) -> None:
        self.parts: list[str] = []
        self.uses: dict[Place, int] = {}
        self._names = names
        self._roles = roles
        self._module = module
        self._place = (module.name, name)
        self._scopes: list[Scope] = []
        self._told: set[int] = set()
        self._types = 0

    def write(self, node: ast.AST) -> None:
        """Writes a node and what is in it."""
        if id(node) in self._told:
            self.parts.append("(text)")
            return
        special = getattr(self, f"_write_{type(node).__name__}", self._plain)
        special(node)

    def _plain(self, node: ast.AST, **changed: object) -> None:
        """Writes a node with its fields, some of them changed; the body of a function or class in its own scope."""
        self.parts.append(f"({type(node).__name__}")
        for name, value in ast.iter_fields(node):
            scoped = name == "body" and isinstance(node, _SCOPED)
            if scoped:
                self._scopes.append(scope_of(node, self._module.package))
            self._types += name in _TYPES
            self._field(name, changed.get(name, value))
            self._types -= name in _TYPES
            if scoped:
                self._scopes.pop()
        self.parts.append(")")

    def _field(self, name: str, value: object) -> None:
        items = value if isinstance(value, list) else [value]
        items = [item for item in items if not (isinstance(item, ast.AST) and is_text(item))]
        if name in _NOT_WRITTEN or value is None or not items:
            return
        self.parts.append(f" {name}=")
        for item in items:
            if isinstance(item, ast.AST):
                self.write(item)
            else:
                self.parts.append(f"{type(item).__name__}:{item!r};")

    # --- Definitions

    def _write_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._plain(node, decorator_list=[d for d in node.decorator_list if not self._makes_a_step(d)])

    _write_AsyncFunctionDef = _write_FunctionDef

    def _write_ClassDef(self, node: ast.ClassDef) -> None:
        if self._scopes or not self._roles.is_settings((self._module.name, node.name)):
            self._plain(node)
            return
        fields = [s for s in node.body if isinstance(s, ast.AnnAssign) and is_field(s)]
        if self._of_defaults:
            self._plain(node, body=fields, decorator_list=[], keywords=[])
            return
        self._plain(node, body=[s for s in node.body if s not in fields], bases=[])
        written, self.parts = self.parts, []
        self._types += 1
        for base in node.bases:
            self.write(base)
        written += self.parts
        for field in fields:  # Methods of a part, and validators, are reached by its annotation.
            self._field("annotation", field.annotation)
        self._types -= 1
        self.parts = written

    def _write_Call(self, node: ast.Call) -> None:
        keywords = node.keywords
        if self._of_defaults and self._full_name(node.func) == _FIELD:
            keywords = [k for k in keywords if k.arg not in _DESCRIPTIONS]
        self._plain(node, keywords=keywords)

    def _write_comprehension_of(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.parts.append(f"({type(node).__name__}")
        first, *others = node.generators
        self._field("iter", first.iter)  # It alone is evaluated around the comprehension.
        self._scopes.append(scope_of(node, self._module.package))
        for name in ("target", "ifs", "is_async"):
            self._field(name, getattr(first, name))
        self._field("generators", others)
        for name, value in ast.iter_fields(node):
            if name != "generators":
                self._field(name, value)
        self._scopes.pop()
        self.parts.append(")")

    _write_ListComp = _write_SetComp = _write_DictComp = _write_GeneratorExp = _write_comprehension_of

    # --- Names

    def _write_Name(self, node: ast.Name) -> None:
        binds_here = isinstance(node.ctx, ast.Store) and (not self._scopes or self._scopes[-1].of_class)
        if binds_here and not (self._scopes and node.id in self._scopes[-1].of_module):
            self.parts.append(f"({node.id})")
        else:
            self._reference(node, [node.id])

    def _write_Attribute(self, node: ast.Attribute) -> None:
        if (names := dotted(node)) is None:
            self._plain(node)
        else:
            self._reference(node, names)

    def _reference(self, node: ast.expr, names: list[str]) -> None:
        meanings = self._meanings(names)
        if not meanings:
            if meanings is not None and refused_builtin(names[0]):
                raise self._refused(node, names[0])
            self.parts.append(f"({'.'.join(names)})")
            return
        for meaning in meanings:
            if refused_name(meaning.full_name):
                raise self._refused(node, meaning.full_name)
            name = f":{meaning.full_name}" if meaning.place is None else self._number(meaning.place)
            self.parts.append(f"({'.'.join([name, *meaning.attributes])})")

    def _number(self, place: Place) -> str:
        """A definition of ours by number; that of a configuration which is more than a type here, with its defaults."""
        number = "self" if place == self._place else f"#{self.uses.setdefault(place, len(self.uses))}"
        if self._types == 0 and self._roles.is_settings(place):
            self._number((place[0], place[1] + DEFAULTS))
        return number

    def _meanings(self, names: list[str]) -> list[Meaning] | None:
        """What a name stands for where it is read.

        Returns:
            None for a name that the definition binds itself; nothing for a builtin, or a name that is unknown.
        """
        for depth, scope in enumerate(reversed(self._scopes)):
            if names[0] in scope.of_module:
                break
            if scope.of_class and depth > 0:
                continue  # Functions do not see the names of the class around them.
            if names[0] in scope.imports:
                return [m for target in scope.imports[names[0]] for m in self._names.imported(target, names[1:])]
            if names[0] in scope.plain and not scope.of_class:  # In a class, `x = x` reads the module's.
                return None
        return self._names.in_module(self._module, names)

    def _write_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        """What a definition imports of other packages; what it takes from ours is written where it is used."""
        for _, (module, name) in imported(node, self._module.package):
            if not _is_internal(module):
                self.parts.append(f"(import {module} {name})")

    _write_ImportFrom = _write_Import

    # --- What tells and changes no result

    def _write_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            self._leave_out(node.exc)
        self._plain(node)

    def _write_Assert(self, node: ast.Assert) -> None:
        if node.msg is not None and is_told(node.msg):
            self._told.add(id(node.msg))
        self._plain(node)

    def _write_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and self._logs(node.value):
            self._leave_out(node.value)
        self._plain(node)

    def _leave_out(self, call: ast.Call) -> None:
        arguments = [*call.args, *(k.value for k in call.keywords)]
        self._told.update(id(argument) for argument in arguments if is_told(argument))

    def _logs(self, call: ast.Call) -> bool:
        """Whether a call goes to `logging`, to what gives loggers, or to a constant that is one."""
        if self._full_name(call.func).startswith(("logging.", "warnings.warn")):
            return True
        logger = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(logger, ast.Call):
            return self._full_name(logger.func) in LOGGERS
        meanings = self._meanings([logger.id]) if isinstance(logger, ast.Name) else None
        return bool(meanings) and all(m.place is not None and self._roles.is_logger(m.place) for m in meanings or [])

    def _write_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        meanings = [m for t in types if t is not None for m in self._meanings(dotted(t) or ["?"]) or []]
        theirs = all(m.place is None and not _is_internal(m.full_name) for m in meanings)
        for used in results_of_error(node, theirs, self._only_tells):
            raise FingerprintError(
                f"{self._where(used)}: the error `{used.id}` is used outside of `raise`; texts of errors are not in "
                "the cache key, so no result may be made of them; use it in `raise` alone, or return what you need"
            )
        self._plain(node)

    def _only_tells(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and self._logs(node))

    # --- Questions

    @property
    def _of_defaults(self) -> bool:
        return self._place[1].endswith(DEFAULTS)

    def _makes_a_step(self, decorator: ast.expr) -> bool:
        return self._full_name(decorator.func if isinstance(decorator, ast.Call) else decorator) == _STEP

    def _full_name(self, node: ast.expr) -> str:
        """The full name of something of another package; "" for anything else."""
        names = dotted(node)
        meanings = (self._meanings(names) if names else None) or []
        return meanings[0].full_name if len(meanings) == 1 else ""

    def _where(self, node: ast.expr) -> str:
        return f"{self._module.name}, line {node.lineno}, in {self._place[1]}"

    def _refused(self, node: ast.expr, name: str) -> FingerprintError:
        return FingerprintError(
            f"{self._where(node)}: {name} reaches code or files by a text, which the cache key cannot follow; call a "
            "function by its name (artifacts.child runs one in a new process), take a file as an input of the step"
        )


def _is_internal(name: str) -> bool:
    return is_ours(name) or name.partition(".")[0] == "artifacts"
