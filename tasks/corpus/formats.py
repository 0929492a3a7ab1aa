"""How a corpus file is written: the configuration of the readers."""

from typing import Literal

from pydantic import Field

from artifacts.settings import Settings


class CorpusFormat(Settings):
    """How to read a corpus file. It enters cache keys; the file's place does not."""

    format: Literal["auto", "columns", "text"] = Field(
        "auto",
        title="Format",
        description="columns: one word a line with its tag, blank lines between sentences; text: one sentence a line; "
        "auto: found from the file's first lines.",
    )
    scheme: Literal["auto", "iob1", "iob2", "bioes"] = Field(
        "auto",
        title="Tagging scheme",
        description="What the tags are written in; auto: found from all tags. iob2 is strict: an I- that continues "
        "nothing is an error.",
    )
    token_column: int | None = Field(
        None, ge=1, title="Token column", description="Number of the column with the words, from 1; empty: found."
    )
    tag_column: int | None = Field(
        None, ge=1, title="Tag column", description="Number of the column with the tags, from 1; empty: found."
    )
    tokenized: bool = Field(
        False, title="Tokenised", description="The words of a text file are separated by spaces already."
    )
    max_sentences: int | None = Field(
        None, ge=1, title="Most sentences", description="Read only this many sentences from the start; empty: all."
    )
    remove_duplicates: bool = Field(
        False, title="Remove duplicates", description="Keep only the first of sentences with the same words."
    )


class CorpusFile(CorpusFormat):
    """A corpus file: its place and how to read it."""

    path: str = Field(
        min_length=1,
        title="Path",
        description="Absolute, or relative to the data folder, or bundled:NAME for a corpus that comes with Crosstag.",
    )

    def without_path(self) -> CorpusFormat:
        """How to read the file, without its place; what a step takes."""
        return CorpusFormat(**self.model_dump(include=set(CorpusFormat.model_fields)))
