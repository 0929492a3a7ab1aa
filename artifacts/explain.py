"""Why a step has to run: what differs from the nearest artifact that it made before."""

from collections.abc import Iterable

from artifacts.code.changes import Definitions, code_changes
from artifacts.dotted import changed, dotted
from artifacts.manifest import Manifest, Recipe
from artifacts.store import Store

_SHOWN = 4
_LONGEST_VALUE = 60


def explain(
    store: Store, kind: str, manifests: Iterable[Manifest], recipe: Recipe, definitions: Definitions, label: str
) -> list[str]:
    """The differences, in words, to the most similar artifact of the same step; "never made" without one.

    Where that artifact is of another stage, such as another test set, the first line names it.

    Args:
        store: that it is not in.
        kind: of what it makes.
        manifests: of all of that kind in the store.
        recipe: of the step.
        definitions: its code.
        label: its stage.
    """
    nearest = nearest_manifest(manifests, recipe, definitions, label)
    if nearest is None:
        if store.keys(kind):
            return ["nothing of this step is in the store (never made, or deleted)"]
        return ["never made in this store"]
    first, *others = differences(nearest.recipe, recipe, code_changes(nearest.definitions, definitions))
    same = nearest.label in ("", label) or nearest.recipe == recipe  # An artifact that is gone is no other's.
    return [first if same else f"unlike {nearest.label}: {first}", *others]


def why_made(manifest: Manifest, manifests: Iterable[Manifest]) -> tuple[Manifest | None, list[str]]:
    """Why a step ran, though it had run before: the most similar artifact of then, and what differs, in words.

    Args:
        manifest: of what it made.
        manifests: of the store.
    """
    before = [each for each in manifests if each.kind == manifest.kind and each.made < manifest.made]
    nearest = nearest_manifest(before, manifest.recipe, manifest.definitions, manifest.label)
    if nearest is None:
        return None, ["never made in this store before"]
    code = code_changes(nearest.definitions, manifest.definitions)
    return nearest, differences(nearest.recipe, manifest.recipe, code)


def nearest_manifest(
    manifests: Iterable[Manifest], recipe: Recipe, definitions: Definitions, label: str
) -> Manifest | None:
    """The artifact of the same step whose recipe differs least; of equals, one of the same stage, then the newest."""
    same_step = [m for m in manifests if m.recipe.step == recipe.step]

    def distance(manifest: Manifest) -> tuple[int, bool, int]:
        old = manifest.recipe
        values = len(changed(old.inputs, recipe.inputs)) + len(changed(old.parameters, recipe.parameters))
        code = len(code_changes(manifest.definitions, definitions)) if old.code != recipe.code else 0
        return values, manifest.label != label, code

    newest_first = sorted(same_step, key=lambda m: m.made, reverse=True)
    return min(newest_first, key=distance, default=None)


def differences(old: Recipe, new: Recipe, code: list[str]) -> list[str]:
    """What differs between two recipes, in words; `code` says which definitions changed, if the code did."""
    lines = []
    before = dotted(old.parameters) if old.parameters else {}
    after = dotted(new.parameters) if new.parameters else {}
    for name in changed(before, after):
        values = [str(side.get(name, "unset")) for side in (before, after)]
        whole = all(len(value) <= _LONGEST_VALUE and "\n" not in value for value in values)
        lines.append(f"{name}: {' -> '.join(values)}" if whole else f"{name} changed")
    lines += [f"input {name} has new content" for name in changed(old.inputs, new.inputs)]
    if old.code != new.code:
        lines += code[:_SHOWN] or ["the code changed"]
        if len(code) > _SHOWN:
            lines.append(f"and {len(code) - _SHOWN} more changed definitions")
    lines += [f"schema of {name} changed" for name in changed(old.schemas, new.schemas)]
    return lines or ["its artifact is gone or damaged"]


def only_code_differs(old: Recipe, new: Recipe) -> bool:
    """Whether two recipes are the same but for the code."""
    return old.code != new.code and old.model_copy(update={"code": new.code}) == new
