"""From a YAML file and `--set` options to a checked configuration, with errors a person can act on."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from artifacts.asked import called
from artifacts.errors import InputError
from artifacts.yaml_loader import YamlLoader
from tasks.corpus.formats import CorpusFile

C = TypeVar("C", bound=BaseModel)
PLACEHOLDER = "{target}"
_COLUMNS = ("conll", "iob", "iob1", "iob2", "bio", "bioes", "tsv")


def read_yaml(
    path: Path, what: str = "configuration", examples: str = "the configurations that come along lie in configs/"
) -> dict[str, Any]:
    """The mapping in a YAML file.

    Args:
        path: of the file.
        what: it should be, for messages.
        examples: where there are some, for messages.

    Raises:
        InputError: if the file is missing, is no YAML, or holds no mapping; with the line.
    """
    try:
        loaded = parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.yaml")], n=1)
        hint = f"did you mean {path.parent / near[0]}?" if near else examples
        raise InputError(f"{what} {path}: no such file; {hint}") from None
    except IsADirectoryError:
        raise InputError(f"{what} {path}: this is a folder; name a .yaml file in it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{what} {path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise InputError(f"{what} {path}{where}: {problem}; mend the YAML there") from error
    if loaded is None:
        raise InputError(f"{what} {path}: the file is empty; expected `key: value` lines; {examples}")
    if not isinstance(loaded, dict):
        raise InputError(f"{what} {path}: expected `key: value` lines at the top, found {type(loaded).__name__}")
    return loaded


def parsed(text: str) -> Any:
    """What a text says as YAML.

    Raises:
        yaml.YAMLError: if it is none, or says a key twice, of which YAML's own reader silently takes the last.
    """
    loader = YamlLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_keys(node)
        return loader.construct_document(node)
    except ValueError as error:  # Such as a thirteenth month.
        raise yaml.YAMLError(str(error)) from error
    finally:
        loader.dispose()


def _check_keys(node: yaml.Node) -> None:
    if not isinstance(node, yaml.CollectionNode):
        return
    seen = set()
    for each in node.value:
        for part in each if isinstance(each, tuple) else (each,):
            _check_keys(part)
        if isinstance(each, tuple) and isinstance(each[0], yaml.ScalarNode):
            key = each[0]
            if (key.tag, key.value) in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} stands there twice", problem_mark=key.start_mark
                )
            seen.add((key.tag, key.value))


def override(values: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """A copy of `values` in which each `path.to.key=value` is set; the value is read as YAML.

    Raises:
        InputError: if a setting is not of that form, or leads through something that has no keys.
    """
    result = _copied(values)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            raise InputError(f"{_named(setting)}: expected path.to.key=value, such as student.epochs=5")
        try:
            value = parsed(text)
        except yaml.YAMLError:
            raise InputError(f"{_named(setting)}: the value {text!r} is not valid YAML; quote it") from None
        *parents, last = path.split(".")
        place: Any = result
        for name in parents:
            place = _step_into(place, name, setting)
        if isinstance(place, list):
            place[_position(place, last, setting)] = value
        else:
            place[last] = value
    return result


def filled(value: Any, target: str) -> Any:
    """A copy of values with a language for `{target}` in every text."""
    if isinstance(value, dict):
        return {key: filled(each, target) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, target) for each in value]
    return value.replace(PLACEHOLDER, target) if isinstance(value, str) else value


def is_open(values: dict[str, Any]) -> bool:
    """Whether a configuration leaves its target language open."""
    return bool(filled(values, "") != values)


def as_setting(key: str, value: Any) -> str:
    """`path.to.key=value` as `override` reads it."""
    return f"{key}={in_one_line(value)}"


def in_one_line(value: Any) -> str:
    """A value as YAML, in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()


def checked(
    kind: type[C],
    values: dict[str, Any],
    origin: str,
    given_as: Callable[[str], str] = str,
) -> C:
    """The configuration, if every key and value is valid.

    Args:
        kind: of configuration.
        values: by key.
        origin: where they are from, for messages.
        given_as: what a person wrote for a key, such as an option.

    Raises:
        InputError: one line per fault, with the key, what was found, what is expected, and the nearest valid key.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        # Of a list in which an item is wrong, pydantic also says that it is too short.
        inside = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
        lines = [
            _explain(kind, fault, given_as)
            for fault in faults
            if fault["type"] != "too_short" or fault["loc"] not in inside
        ]
        raise InputError(f"{origin}: " + "\n  ".join(["", *lines] if len(lines) > 1 else lines)) from None


def checked_file(values: dict[str, Any], command: str, options: Mapping[str, str]) -> CorpusFile:
    """How to read a corpus, as a command was told; `options` are the names of those that are not given by `--set`.

    Raises:
        InputError: as `checked`, with the option for a key.
    """
    return checked(CorpusFile, values, command, lambda key: options.get(key, f"--set {key}"))


def _explain(kind: type[BaseModel], fault: Any, given_as: Callable[[str], str]) -> str:
    path = [str(part) for part in fault["loc"]]
    key = given_as(".".join(path)) if path else ""
    if fault["type"] == "extra_forbidden":
        valid = _keys_at(kind, path[:-1])
        near = difflib.get_close_matches(path[-1], valid, n=1, cutoff=0.5)
        hint = f"did you mean {'.'.join([*path[:-1], near[0]])}?" if near else f"valid keys are {', '.join(valid)}"
        return f"{key}: unknown key; {hint}"
    if fault["type"] == "missing":
        return f"{key}: this key is needed and missing; add it"
    found = fault.get("input")
    if fault["type"] == "model_type" and (below := _keys_at(kind, path)):
        first = "path" if "path" in below else below[0]
        return f"{key}: found {found!r}, expected keys below it: {', '.join(below)}; did you mean {key}.{first}?"
    if path[-1:] == ["format"] and found in _COLUMNS:
        return (
            f"{key}: found {found!r}; CoNLL's files, a word and its tag a line, are 'columns' here; change it to that"
        )
    shown = "" if isinstance(found, dict) else f" (found {found!r})"
    place = f"{key}: " if key else ""  # What is said of several keys together stands at none.
    return f"{place}{fault['msg'].removeprefix('Value error, ')}{shown}; change it"


def _keys_at(kind: type[BaseModel], path: list[str]) -> list[str]:
    current: Any = kind
    for name in path:
        if name.isdigit():
            continue
        current = _model_in(current.model_fields[name].annotation) if name in current.model_fields else None
        if current is None:
            return []
    return list(current.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := _model_in(inner)) is not None:
            return found
    return None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value


def _step_into(place: Any, name: str, setting: str) -> Any:
    if isinstance(place, list):
        return place[_position(place, name, setting)]
    inner = place.get(name)
    if inner is None:
        inner = place[name] = {}
    if not isinstance(inner, dict | list):
        raise InputError(f"{_named(setting)}: {name} is the value {inner!r} and has no keys below it")
    return inner


def _position(place: list[Any], name: str, setting: str) -> int:
    if name.isdecimal() and int(name) < len(place):
        return int(name)
    raise InputError(f"{_named(setting)}: {name!r} is no position in a list of {len(place)}; count from 0")


def _named(setting: str) -> str:
    """A setting as it was given."""
    return f"{called('--set', 'Other settings:')} {setting}"
