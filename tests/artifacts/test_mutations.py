"""Every definition that three real steps reach: a changed token changes the key, a move to another module does not."""

import ast
import copy
import importlib
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from artifacts.code.changes import code_changes
from artifacts.code.fingerprint import Fingerprint, Fingerprints
from artifacts.code.sources import Imported, Module, Sources, parse
from artifacts.code.tokens import DEFAULTS
from artifacts.settings import Settings
from artifacts.step import Step
from tasks.denoising.score_reliability import score_reliability
from tasks.distillation.train_student import train_student
from tasks.translation.words import translate_words

ROOT = Path(__file__).parents[2]
STEPS = [train_student, score_reliability, translate_words]
TOKENS_PER_DEFINITION = 4

Place = tuple[str, str]


@lru_cache(maxsize=1)
def project() -> dict[str, Module]:
    """All modules of tasks/, not to be changed in place."""
    found = {}
    for path in sorted((ROOT / "tasks").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = parse(path.read_text("utf-8"), name, name if is_package else name.rpartition(".")[0])
    return found


def prints_of(changed: dict[str, Module]) -> Fingerprints:
    """Fingerprints of the project with some modules changed."""
    sources = Sources()
    sources.modules = {**project(), **changed}
    return Fingerprints(sources)


@lru_cache(maxsize=1)
def original() -> Fingerprints:
    prints = prints_of({})
    for step in STEPS:
        of(prints, step)
    return prints


def partly(changed: dict[str, Module], affected: set[Place]) -> Fingerprints:
    """The same, where only some definitions, and what uses them, have to be written anew."""
    prints = prints_of(changed)
    written = original().written.items()
    prints.written.update({p: w for p, w in written if p not in affected and affected.isdisjoint(w.uses)})
    return prints


def of(prints: Fingerprints, step: Step[...], module: str = "") -> Fingerprint:
    return prints.of(module or step.__module__, step.name)


def reached(step: Step[...]) -> list[Place]:
    """The definitions that a step reaches, of configurations that it makes their defaults, too."""
    labels = of(original(), step).definitions
    assert len(labels) > 20
    return [(home, name) for home, name in (label.split(":") for label in labels)]


def first_reached(step: Step[...]) -> list[Place]:
    """Those that none of the steps before it in the list reaches: each is looked at once."""
    before = {place for other in STEPS[: STEPS.index(step)] for place in reached(other)}
    return [place for place in reached(step) if place not in before]


# --- One token


def tokens(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that a key must know; imports, decorators of steps and what only tells are none."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and field == "msg"):
                continue
            if field == "decorator_list" and ast.unparse(child).startswith("step("):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            yield child
            yield from tokens(child)


def tokens_of(home: str, name: str, statement: ast.stmt) -> list[ast.AST]:
    """The same of a definition: of a configuration all but its fields, or the fields' values where these count."""
    defined = getattr(importlib.import_module(home), name.removesuffix(DEFAULTS))
    if not (isinstance(defined, type) and issubclass(defined, Settings)):
        return list(tokens(statement))
    fields = [s for s in statement.body if isinstance(s, ast.AnnAssign) and s.target.id in defined.model_fields]
    if name.endswith(DEFAULTS):
        values = [v.args[0] if isinstance(v, ast.Call) and v.args else v for v in (f.value for f in fields)]
        return [value for value in values if isinstance(value, ast.Constant)]
    code = [s for s in statement.body if s not in fields and not isinstance(s, ast.Expr)]
    return [node for s in code for node in tokens(s)]


def change(node: ast.AST) -> str:
    """Changes a node in place, if it is of a kind that has a token; gives the name of the changed field."""
    if isinstance(node, ast.Constant):
        node.value = f"{node.value}~" if isinstance(node.value, str) else "another"
        return "value"
    if isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return "op"
    if isinstance(node, ast.Compare):
        node.ops = [ast.NotEq() if isinstance(op, ast.Eq) else ast.Eq() for op in node.ops]
        return "ops"
    for field in ("attr", "id", "arg", "name"):
        if isinstance(getattr(node, field, None), str):
            setattr(node, field, getattr(node, field) + "_")
            return field
    return ""


def mutants(home: str, name: str) -> Iterator[tuple[str, Module]]:
    """The module of a definition, one token of the definition changed; each as long as the next is not asked for."""
    module, plain = project()[home], name.removesuffix(DEFAULTS)
    mutant = copy.deepcopy(module.definitions[plain])
    changed = Module(home, module.package, {**module.definitions, plain: mutant}, module.imports, module.body)
    nodes = [node for statement in mutant for node in tokens_of(home, name, statement)]
    random.Random(f"{home}:{name}").shuffle(nodes)
    made = 0
    for node in nodes:
        before: dict[str, Any] = dict(vars(node))
        if field := change(node):
            yield f"{field} of {type(node).__name__} in line {getattr(node, 'lineno', '?')}", changed
            vars(node).update(before)
            made += 1
        if made == TOKENS_PER_DEFINITION:
            return


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_changed_token_of_any_definition_that_is_reached_changes_the_key(step: Step[...]) -> None:
    before = of(original(), step)
    unseen, untouched, tried = [], [], 0
    for home, name in first_reached(step):
        count = 0
        for what, changed in mutants(home, name):
            after = of(partly({home: changed}, {(home, name)}), step)
            told = code_changes(before.definitions, after.definitions)
            if after.code == before.code or not any(line.startswith(f"code of {home}:{name} ") for line in told):
                unseen.append((home, name, what, told))
            count += 1
        untouched += [(home, name)] * (count == 0)
        tried += count
    assert unseen == []
    # A configuration without methods, or an empty class, has no token to change but its name.
    assert all(name.removesuffix(DEFAULTS)[0].isupper() for _, name in untouched), untouched
    assert tried > 2 * len(first_reached(step))


# --- Another module


def together(place: Place) -> list[str]:
    """The names that one statement binds, which can only move together."""
    definitions = project()[place[0]].definitions
    moving = {id(s) for s in definitions[place[1]]}
    return [name for name, statements in definitions.items() if moving & {id(s) for s in statements}]


def moved(homes: dict[Place, str]) -> dict[str, Module]:
    """The project after definitions moved to new modules: these, and all old ones with imports rewritten."""

    def target(imported: Imported) -> Imported:
        return homes.get((imported[0], imported[1] or ""), imported[0]), imported[1]

    changed = {"tasks.elsewhere": Module("tasks.elsewhere", "tasks.elsewhere")}
    for module in project().values():
        imports = {name: [target(t) for t in targets] for name, targets in module.imports.items()}
        here = {name: home for (old, name), home in homes.items() if old == module.name}
        left = {name: s for name, s in module.definitions.items() if name not in here}
        back = {name: [(home, name)] for name, home in here.items()}
        changed[module.name] = Module(module.name, module.package, left, {**imports, **back}, module.body)
        for name, home in here.items():
            mine = {n for n, h in here.items() if h == home}
            others = {n: [target((module.name, n))] for n in module.definitions if n not in mine}
            new = changed.setdefault(home, Module(home, home.rpartition(".")[0], {}, {**imports, **others}))
            new.definitions[name] = module.definitions[name]
    return changed


def definitions_of(step: Step[...]) -> list[Place]:
    return [place for place in reached(step) if not place[1].endswith(DEFAULTS)]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_any_definition_that_is_reached_may_move_to_another_module(step: Step[...]) -> None:
    before = of(original(), step)
    for place in (place for place in first_reached(step) if not place[1].endswith(DEFAULTS)):
        homes = {(place[0], name): "tasks.elsewhere.new" for name in together(place)}
        old = {(home, name + suffix) for home, name in homes for suffix in ("", DEFAULTS)}
        root = (step.__module__, step.name)
        after = of(partly(moved(homes), old), step, homes.get(root, ""))
        assert after.code == before.code, place
        assert not {f"{home}:{name}" for home, name in homes} & set(after.definitions)
        assert code_changes(before.definitions, after.definitions) == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_all_definitions_may_move_at_once(step: Step[...]) -> None:
    before = of(original(), step)
    homes: dict[Place, str] = {}
    for number, place in enumerate(definitions_of(step)):
        for name in together(place):
            homes.setdefault((place[0], name), f"tasks.elsewhere.new{number}")
    after = of(prints_of(moved(homes)), step, homes[step.__module__, step.name])
    assert after.code == before.code
    assert {label.split(":")[0].rpartition(".")[0] for label in after.definitions} == {"tasks.elsewhere"}
    assert code_changes(before.definitions, after.definitions) == []
