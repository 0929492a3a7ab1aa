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

from artifacts.code.configurations import Configurations, is_field
from artifacts.code.names import Address, Names, dotted
from artifacts.code.refused import refused_builtin, refused_name
from artifacts.code.sight import Sight
from artifacts.code.sources import FingerprintError, Module, imported, is_internal, is_text
from artifacts.code.telling import results_of_error, told_in

DEFAULTS = " (defaults)"
"""Behind the name of a configuration: the default values of its fields."""

_STEP = "artifacts.step"
_FIELD = "pydantic.Field"
_LITERAL = "typing.Literal"
_DESCRIPTIONS = {"title", "description"}
_TYPES = {"annotation", "returns"}
_NOT_WRITTEN = {"type_comment", "kind", "ctx"}
_SCOPED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Written:
    """The hash of a definition's own tokens, and the definitions that it uses, in the order of their numbers."""

    own: str
    uses: tuple[Address, ...]


class Writer:
    """Writes definitions of one project."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._configurations = Configurations(names)

    def write(self, module: Module, name: str, statements: Sequence[ast.stmt]) -> Written:
        """Writes the statements that define a name, or that run when the module is imported.

        Raises:
            FingerprintError: if they reach code or files by a text, or make a result of an error's text.
        """
        writing = _Writing(Sight(self._names, module), self._configurations, name)
        for statement in statements:
            writing.write(statement)
        text = "".join([name, *writing.parts])
        return Written(hashlib.sha256(text.encode()).hexdigest(), tuple(writing.uses))


class _Writing:
    """The writing of one definition."""

    def __init__(self, sight: Sight, configurations: Configurations, name: str) -> None:
        self.parts: list[str] = []
        self.uses: dict[Address, int] = {}
        self._sight = sight
        self._configurations = configurations
        self._address = (sight.module.name, name)
        self._of_defaults = name.endswith(DEFAULTS)
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
            written = changed.get(name, value)
            if name == "body" and isinstance(node, _SCOPED):
                with self._sight.inside(node):
                    self._field(name, written)
            else:
                self._types += name in _TYPES
                self._field(name, written)
                self._types -= name in _TYPES
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
        if not self._sight.at_top or (self._sight.module.name, node.name) not in self._configurations:
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
        if self._of_defaults and self._sight.full_name(node.func) == _FIELD:
            keywords = [k for k in keywords if k.arg not in _DESCRIPTIONS]
        self._plain(node, keywords=keywords)

    def _write_comprehension_of(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.parts.append(f"({type(node).__name__}")
        first, *others = node.generators
        self._field("iter", first.iter)  # It alone is evaluated around the comprehension.
        with self._sight.inside(node):
            for name in ("target", "ifs", "is_async"):
                self._field(name, getattr(first, name))
            self._field("generators", others)
            for name, value in ast.iter_fields(node):
                if name != "generators":
                    self._field(name, value)
        self.parts.append(")")

    _write_ListComp = _write_SetComp = _write_DictComp = _write_GeneratorExp = _write_comprehension_of

    # --- Names

    def _write_Name(self, node: ast.Name) -> None:
        if self._sight.binds(node):
            self.parts.append(f"({node.id})")
        else:
            self._reference(node, [node.id])

    def _write_Attribute(self, node: ast.Attribute) -> None:
        if (names := dotted(node)) is None:
            self._plain(node)
        else:
            self._reference(node, names)

    def _reference(self, node: ast.expr, names: list[str]) -> None:
        meanings = self._sight.meanings(names)
        if not meanings:
            if meanings is not None and refused_builtin(names[0]):
                raise self._refused(node, names[0])
            self.parts.append(f"({'.'.join(names)})")
            return
        for meaning in meanings:
            if refused_name(meaning.full_name):
                raise self._refused(node, meaning.full_name)
            name = f":{meaning.full_name}" if meaning.address is None else self._number(meaning.address)
            self.parts.append(f"({'.'.join([name, *meaning.attributes])})")

    def _number(self, address: Address) -> str:
        """A definition of ours by number; that of a configuration which is more than a type here, with its defaults."""
        number = "self" if address == self._address else f"#{self.uses.setdefault(address, len(self.uses))}"
        if self._types == 0 and address in self._configurations:
            self._number((address[0], address[1] + DEFAULTS))
        return number

    def _write_Constant(self, node: ast.Constant) -> None:
        self._plain(node)
        if self._types and isinstance(node.value, str):  # A type as a text: what it names counts.
            try:
                named = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return
            kept, self.parts = self.parts, []
            self.write(named)
            self.parts = kept

    def _write_Subscript(self, node: ast.Subscript) -> None:
        kept = self._types
        if self._sight.full_name(node.value) == _LITERAL:
            self._types = 0
        self._plain(node)
        self._types = kept

    def _write_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        """What a definition imports of other packages; what it takes from ours is written where it is used."""
        for _, (module, name) in imported(node, self._sight.module.package):
            if not is_internal(module):
                self.parts.append(f"(import {module} {name})")

    _write_ImportFrom = _write_Import

    def _makes_a_step(self, decorator: ast.expr) -> bool:
        return self._sight.full_name(decorator.func if isinstance(decorator, ast.Call) else decorator) == _STEP

    # --- What tells and changes no result

    def _write_telling(self, node: ast.Raise | ast.Assert | ast.Expr) -> None:
        self._told.update(id(text) for text in told_in(node, self._sight))
        self._plain(node)

    _write_Raise = _write_Assert = _write_Expr = _write_telling

    def _write_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        for used in results_of_error(node, self._sight):
            raise FingerprintError(
                f"{self._where(used)}: the error `{used.id}` is used outside of `raise`; texts of errors are not in "
                "the cache key, so no result may be made of them; use it in `raise` alone, or return what you need"
            )
        self._plain(node)

    def _where(self, node: ast.expr) -> str:
        return f"{self._sight.module.name}, line {node.lineno}, in {self._address[1]}"

    def _refused(self, node: ast.expr, name: str) -> FingerprintError:
        return FingerprintError(
            f"{self._where(node)}: {name} reaches code or files by a text, which the cache key cannot follow; call a "
            "function by its name (artifacts.child runs one in a new process), take a file as an input of the step"
        )
