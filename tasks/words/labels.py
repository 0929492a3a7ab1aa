"""Entity types and IOB2 label lists; which types to keep and what to call them."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field, field_validator

from artifacts.errors import InputError
from artifacts.settings import Settings


class LabelConfig(Settings):
    """Which entity types the label set has, and how a corpus's own names turn into them."""

    types: tuple[str, ...] | None = Field(
        None,
        title="Entity types",
        description="The label set, such as PER, LOC, ORG, in the names they have after renaming; "
        "empty: every type of the file.",
    )
    rename: dict[str, str] = Field(
        default_factory=dict,
        title="Renamed types",
        description="Type of the file -> type of the label set, such as PERS -> PER; several may turn into one.",
    )
    other_types: Literal["error", "drop"] = Field(
        "error",
        title="Other types",
        description="A type of the file that is not in the label set: an error, or its words become O.",
    )

    @field_validator("types")
    @classmethod
    def _types_are_names(cls, types: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if types is None:
            return None
        if not types:
            raise ValueError("the label set has no type; list at least one, or leave it out to take those of the file")
        # The order in which a user lists types changes nothing, so it must not change a cache key either.
        return tuple(sorted({_type_name(name) for name in types}))

    @field_validator("rename")
    @classmethod
    def _renamed_are_names(cls, rename: dict[str, str]) -> dict[str, str]:
        return {_type_name(old): _type_name(new) for old, new in sorted(rename.items())}

    def target_type(self, entity_type: str) -> str | None:
        """The name of a file's type in the label set; None where it is not in it."""
        renamed = self.rename.get(entity_type, entity_type)
        return renamed if self.types is None or renamed in self.types else None


def iob2_labels(types: Iterable[str]) -> list[str]:
    """All IOB2 labels of some entity types: O first, then B- and I- of each type, types sorted.

    Example: PER, LOC -> O, B-LOC, I-LOC, B-PER, I-PER.
    """
    return ["O", *(f"{prefix}-{name}" for name in sorted(set(types)) for prefix in "BI")]


def entity_types(labels: Sequence[str]) -> list[str]:
    """The sorted entity types of IOB2 labels or tags; the inverse of `iob2_labels`."""
    return sorted({label[2:] for label in labels if label != "O"})


def span_type(label: str, place: str) -> str:
    """The type of a span, as a file labels it.

    Raises:
        InputError: if it is no type; a tag would make two entities of a name's B- and I-, and an entity of O.
    """
    try:
        return _type_name(label)
    except ValueError as error:
        raise InputError(
            f"{place}: {error}; expected one span with a type for each entity, and none for O; join those of an "
            "entity's words from B- to the last I- (transformers' pipelines do with aggregation_strategy='first')"
        ) from None


def _type_name(name: str) -> str:
    """Checks one type's name.

    Raises:
        ValueError: if it is empty, has a space in it, is O, or still carries its B- or I-.
    """
    if not name or name == "O" or any(char.isspace() for char in name):
        raise ValueError(f"{name!r} is no entity type; expected a name such as PER")
    if name.startswith(("B-", "I-")):
        raise ValueError(f"{name!r} is a tag, not an entity type; write {name[2:]!r}")
    return name
