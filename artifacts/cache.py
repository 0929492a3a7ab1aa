"""When a step need not run: its cache key, and Prefect's policy that uses it (contract 2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from pydantic import BaseModel

from artifacts.digest import canonical_json, text_digest
from artifacts.inputs import Input
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import Store, record_key

__all__ = ["StorePolicy", "by_value", "input_digests", "inputs_in", "record_key", "references_in", "step_key"]

KEY_LENGTH = 20


def step_key(recipe: Recipe) -> str:
    """The cache key of a recipe, in hex; the planner and the policy both use it."""
    return text_digest(canonical_json(recipe.model_dump(mode="json")))[:KEY_LENGTH]


def by_value(value: Any) -> Any:
    """A parameter as JSON that equals for equal values, references and inputs left out (they enter by digest).

    Raises:
        TypeError: if the value is of a kind that has no such form.
    """
    if isinstance(value, BaseModel) and not isinstance(value, Reference | Input):
        return {name: by_value(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(k): by_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [by_value(v) for v in value]
    if isinstance(value, Reference | Input):
        return "<input>"
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a step's parameter cannot be a {type(value).__name__}")


def inputs_in(value: Any, path: str = "") -> dict[str, Reference | Input]:
    """All references and outside inputs in arguments, by the path to each."""
    if isinstance(value, Reference | Input):
        return {path: value}
    if isinstance(value, BaseModel):
        value = {field: getattr(value, field) for field in type(value).model_fields}
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        return {}
    inner = ((f"{path}.{key}" if path else str(key), each) for key, each in value.items())
    return {place: found for name, each in inner for place, found in inputs_in(each, name).items()}


def input_digests(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Digests of all references and outside inputs in arguments, by the path to each."""
    return {
        path: f"{found.kind}:{found.digest}" if isinstance(found, Reference) else found.digest()
        for path, found in inputs_in(arguments).items()
    }


def references_in(value: Any) -> list[Reference]:
    """All references in a parameter."""
    return [found for found in inputs_in(value).values() if isinstance(found, Reference)]


@dataclass
class StorePolicy(CachePolicy):
    """Hits when the store has the artifact whole and Prefect's record lies in its folder."""

    store: Store | None = None
    key_of: Callable[[dict[str, Any]], tuple[str, str]] | None = None
    rebuild: bool = False

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> str | None:
        """Where the record lies; a record whose files are gone or changed, or of another content, is removed first.

        Dropped files are as good as there, unless the step is taken to rebuild them.
        """
        if self.store is None or self.key_of is None:
            raise TypeError("StorePolicy needs a store and a way to make keys")
        kind, key = self.key_of(inputs["arguments"])
        found = (self.store.intact if self.rebuild else self.store.known)(kind, key)
        if found is None or not self.store.is_recorded(found):
            self.store.drop_record(kind, key)
        return record_key(kind, key)
