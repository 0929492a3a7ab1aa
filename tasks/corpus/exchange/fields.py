"""What annotation tools' records are made of, checked: texts, lists, marks."""

from collections.abc import Sequence
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.documents import Mark


def text_of(row: Any, key: str, place: str) -> str:
    """The text under a key.

    Raises:
        InputError: if there is none.
    """
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        raise InputError(f"{place}: {key} is {shown(value)}; expected a text; fix it")
    return value


def list_of(row: Any, key: str, place: str) -> list[Any]:
    """The list under a key; [] if it is null or not there.

    Raises:
        InputError: if there is something else.
    """
    value = row.get(key) if isinstance(row, dict) else None
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"{place}: {key} is {shown(value)}; expected a list; fix it")
    return value


def mark_of(value: Any, place: str, names: Sequence[str] | None) -> Mark:
    """An entity: [start, end, label], or an object with start (start_offset), end, label (type, entity_group, entity).

    Raises:
        InputError: if it is something else, or its label is a number without a name.
    """
    surface = None
    if isinstance(value, dict):
        start, end = (_first(value, *keys) for keys in (("start", "start_offset"), ("end", "end_offset")))
        label = _first(value, "label", "type", "entity_group", "tag", "entity")
        text = value.get("text")
        surface = text if isinstance(text, str) and text else None
        value = [start, end, label]
    if not isinstance(value, list | tuple) or len(value) < 3 or not all(type(bound) is int for bound in value[:2]):
        raise InputError(f"{place} is {shown(value)}; expected start, end and label, in characters; fix it")
    start, end, label = value[:3]
    if type(label) is int and names is not None and 0 <= label < len(names):
        label = names[label]
    if not isinstance(label, str) or any("\ud800" <= char <= "\udfff" for char in label):
        raise InputError(f"{place}: its label is {shown(label)}; expected a name such as PER; fix it")
    return Mark(start, end, label, surface)


def words_of(row: Any, place: str) -> list[str] | None:
    """The words under `tokens` or `words`, as strings or as objects with a text; None if there are none.

    Raises:
        InputError: if there is something else.
    """
    value = next((row[key] for key in ("tokens", "words") if isinstance(row, dict) and row.get(key) is not None), None)
    if value is None:
        return None
    if isinstance(value, list):
        words = [each.get("text") if isinstance(each, dict) else each for each in value]
        texts = [word for word in words if isinstance(word, str)]
        if len(texts) == len(words):
            return texts
    raise InputError(f"{place}: tokens is {shown(value)}, in which not all have a text; expected words; fix it")


def shown(value: Any) -> str:
    """A wrong value, short."""
    if value is None:
        return "missing"
    return ascii(value)[:60] if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"


def _first(row: dict[str, Any], *keys: str) -> Any:
    return next((row[key] for key in keys if key in row), None)
