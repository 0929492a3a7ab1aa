"""Nested settings as dotted paths, and where two of them differ."""

from collections.abc import Mapping
from typing import Any, TypeVar

K = TypeVar("K")
_UNSET = object()


def dotted(value: Any, prefix: str = "") -> dict[str, Any]:
    """A nested value as one level, its keys joined by dots; places in lists count from 0, an empty list is a value."""
    if isinstance(value, list | tuple) and value:
        value = {str(i): v for i, v in enumerate(value)}
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    return {
        k: v
        for name, inner in value.items()
        for k, v in dotted(inner, f"{prefix}.{name}" if prefix else str(name)).items()
    }


def changed(old: Mapping[K, Any], new: Mapping[K, Any]) -> list[K]:
    """The keys whose values differ, or that are on one side alone."""
    return [name for name in dict.fromkeys([*old, *new]) if old.get(name, _UNSET) != new.get(name, _UNSET)]
