"""What steps hand to each other instead of data."""

from pydantic import BaseModel, ConfigDict, Field


class Reference(BaseModel):
    """Names one artifact in a store, wherever that store lies.

    Two artifacts of equal digest have equal content, whichever step made them. While a run is only planned,
    the digest of what is not there yet is empty. The patterns keep a forged reference inside the store.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(
        title="Kind", pattern=r"^[a-z_]+$", description="Name of the dataset or model kind in the catalogue."
    )
    key: str = Field(title="Key", pattern=r"^[0-9a-f]*$", description="Cache key of the step that made it, in hex.")
    digest: str = Field(title="Digest", description="SHA-256 of the logical content, in hex; empty if unknown.")

    @property
    def known(self) -> bool:
        """Whether the content exists (always, outside a plan)."""
        return bool(self.digest)

    @property
    def content(self) -> str:
        """Names the content, whichever step made it: kind and the beginning of the digest; `Store.find` finds it."""
        return f"{self.kind}/{self.digest[:20]}"

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"
