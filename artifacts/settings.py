"""The base of every configuration."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen configuration that knows no unknown keys.

    Values of a `Settings` object enter a step's cache key by value; its methods enter as code. Titles,
    descriptions and bounds of the fields do not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
