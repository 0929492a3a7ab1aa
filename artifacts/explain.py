"""Why a step has to run: what differs from the nearest artifact that it made before."""

from typing import Any

from artifacts.manifest import Manifest, Recipe
from artifacts.store import Store

_SHOWN = 4
_UNSET = object()


def explain(store: Store, kind: str, recipe: Recipe, label: str) -> list[str]:
    """The differences, in words, to the most similar artifact of the same step; "never made before" without one."""
    nearest = nearest_manifest(store, kind, recipe, label)
    if nearest is None:
        if store.keys(kind):
            return ["nothing of this step is in the store (never made, or deleted)"]
        return ["never made in this store"]
    return differences(nearest.recipe, recipe)


def nearest_manifest(store: Store, kind: str, recipe: Recipe, label: str) -> Manifest | None:
    """The artifact of the same step whose recipe differs least; of equals, one of the same stage, then the newest."""
    same_step = [m for m in store.manifests_of(kind) if m.recipe.step == recipe.step]

    def distance(manifest: Manifest) -> tuple[int, int, int]:
        old = manifest.recipe
        counts = [_changed(getattr(old, part), getattr(recipe, part)) for part in ("inputs", "code", "parameters")]
        return (len(counts[0]) + len(counts[2]), manifest.label != label, len(counts[1]))

    newest_first = sorted(same_step, key=lambda m: m.made, reverse=True)
    return min(newest_first, key=distance, default=None)


def differences(old: Recipe, new: Recipe) -> list[str]:
    """What differs between two recipes, in words."""
    lines = []
    before = _flat("", old.parameters) if old.parameters else {}
    after = _flat("", new.parameters) if new.parameters else {}
    for name in _changed(before, after):
        lines.append(f"{name}: {before.get(name, 'unset')} -> {after.get(name, 'unset')}")
    lines += [f"input {name} has new content" for name in _changed(old.inputs, new.inputs)]
    code = _changed(old.code, new.code)
    lines += [f"code of {name} {_verb(name, old.code, new.code)}" for name in code[:_SHOWN]]
    if len(code) > _SHOWN:
        lines.append(f"and {len(code) - _SHOWN} more changed definitions")
    lines += [f"schema of {name} changed" for name in _changed(old.schemas, new.schemas)]
    if old.store_format != new.store_format:
        lines.append(f"store format {old.store_format} -> {new.store_format}")
    return lines or ["its artifact is gone or damaged"]


def only_code_differs(old: Recipe, new: Recipe) -> bool:
    """Whether two recipes are the same but for the code."""
    return old.code != new.code and old.model_copy(update={"code": {}}) == new.model_copy(update={"code": {}})


def _verb(name: str, old: dict[str, str], new: dict[str, str]) -> str:
    return "changed" if name in old and name in new else "is new" if name in new else "is gone"


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [n for n in dict.fromkeys([*old, *new]) if old.get(n, _UNSET) != new.get(n, _UNSET)]


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    """A nested value as one level, its keys joined by dots."""
    if isinstance(value, list) and value:
        value = {str(i): v for i, v in enumerate(value)}
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    return {
        k: v
        for name, inner in value.items()
        for k, v in _flat(f"{prefix}.{name}" if prefix else str(name), inner).items()
    }
