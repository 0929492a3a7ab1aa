"""The base of every configuration."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen configuration that knows no unknown keys.

    Values of a `Settings` object enter a step's cache key by value; its methods enter as code. Titles,
    descriptions and bounds of the fields do not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    def where_read(self, read: Mapping[str, bool]) -> Self:
        """The same, with the defaults of fields that are not read: whatever was said there, the key of a step is one.

        Args:
            read: by field, whether it is read.
        """
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name, is_read in read.items() if not is_read})
