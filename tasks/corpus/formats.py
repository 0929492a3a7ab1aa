"""How a corpus file is written: the configuration of the readers."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from artifacts.settings import Settings
from tasks.corpus.segmenters import Segmenter

Place = Annotated[str, StringConstraints(min_length=1)]


FormatName = Literal[
    "auto",
    "columns",
    "csv",
    "words",
    "text",
    "wikiann",
    "conllu",
    "jsonl",
    "json",
    "brat",
    "inline",
    "pipes",
    "spacy",
    "parquet",
]


class CorpusFormat(Settings):
    """How to read a corpus file. It enters cache keys; the file's place does not."""

    format: FormatName = Field(
        "auto",
        title="Format",
        description="columns: one word a line with its tag, blank lines between sentences; csv: the same, with commas "
        "and quotes; words: one word a line, without tags; text: one sentence a line; "
        "wikiann: columns, each word behind its language's code (en:word); conllu: tags in the last column "
        "(NER=B-PER); jsonl: one JSON object a line; json: an array of them; both from annotation tools, too; brat: "
        ".ann beside .txt; inline: names in tags; pipes: word|tag, a sentence a line; spacy: a DocBin; parquet: one "
        "row a sentence; auto: found from the file.",
    )
    scheme: Literal["auto", "iob1", "iob2", "bioes"] = Field(
        "auto",
        title="Tagging scheme",
        description="What the tags are written in; auto: found from all tags, types without prefixes (IO) too. iob2 is "
        "strict: an I- that continues nothing is an error.",
    )
    type_name: str | None = Field(
        None, min_length=1, title="Type name", description="The type of entities whose tags have none (B, I, O)."
    )
    label_layer: int | None = Field(
        None,
        ge=1,
        title="Label layer",
        description="Which of several tags in one cell (B-group,B-product) counts, from 1; empty: that is an error.",
    )
    token_column: int | None = Field(
        None, ge=1, title="Token column", description="Number of the column with the words, from 1; empty: found."
    )
    tag_column: int | None = Field(
        None, ge=1, title="Tag column", description="Number of the column with the tags, from 1; empty: found."
    )
    tokens_key: str | None = Field(
        None, title="Tokens key", description="Key or column of the words, in JSON lines and tables; empty: found."
    )
    tags_key: str | None = Field(
        None, title="Tags key", description="Key or column of the tags, in JSON lines and tables; empty: found."
    )
    spans_key: str | None = Field(
        None,
        title="Spans key",
        description="Key or column of spans (start, end, label; in words), instead of tags; empty: found where there "
        "are no tags.",
    )
    span_ends: Literal["auto", "exclusive", "inclusive"] = Field(
        "auto",
        title="Ends of spans",
        description="Whether the last word, or character, of a span is before its end or at it; auto: told from the "
        "spans, an error where it cannot be.",
    )
    offsets: Literal["auto", "characters", "utf-16"] = Field(
        "auto",
        title="Offsets",
        description="What they count: characters, or UTF-16 units, as JavaScript does (an emoji is two); auto: "
        "told from where entities then begin and end.",
    )
    misaligned: Literal["auto", "outward", "error"] = Field(
        "auto",
        title="Entities inside words",
        description="An entity whose characters begin or end inside a word: the whole words, counted; or an error; "
        "auto: an error if most do.",
    )
    overlaps: Literal["outer", "error"] = Field(
        "outer",
        title="Overlapping entities",
        description="Of entities that overlap: the longest, the others counted; or an error.",
    )
    tag_names: tuple[str, ...] | None = Field(
        None,
        title="Tag names",
        description="Names of tags that the file writes as numbers, from 0, such as O, B-PER, I-PER; empty: those that "
        "a dataset brings along.",
    )
    encoding: str | None = Field(
        None,
        min_length=1,
        title="Encoding",
        description="Of the file's bytes, such as cp1251 or gb18030; empty: UTF-8. cesu-8 is UTF-8 with surrogates.",
    )
    member: str | None = Field(
        None, min_length=1, title="Member", description="Which file of a .zip to read; empty: the only one."
    )
    segmenter: Segmenter = Field(
        "auto",
        title="Segmenter",
        description="What finds the words of a text in a language without spaces between them; auto: jieba for zh, "
        "sudachi for ja, newmm for th, each an extra to install; characters: each character is a word, as in WikiAnn.",
    )
    tokenized: bool = Field(
        False, title="Tokenised", description="The words of a text file are separated by spaces already."
    )
    split_sentences: bool = Field(
        False,
        title="Split sentences",
        description="Split sentences, or lines of text, where a full stop or its like ends one (by sentencex).",
    )
    max_sentences: int | None = Field(
        None, ge=1, title="Most sentences", description="Read only this many sentences from the start; empty: all."
    )
    remove_duplicates: bool = Field(
        False, title="Remove duplicates", description="Keep only the first of sentences with the same words."
    )


class CorpusFile(CorpusFormat):
    """A corpus file, or several that are read as one: place and how to read it."""

    path: Place | tuple[Place, ...] = Field(
        title="Path",
        description="Absolute, or relative to the data folder, or bundled:NAME for a corpus that comes with Crosstag, "
        "or hf:NAME:SPLIT (hf:NAME:CONFIG:SPLIT) for a Hugging Face dataset; or a list of them, read as one corpus.",
    )

    @field_validator("path")
    @classmethod
    def _names_a_file(cls, path: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not path:
            raise ValueError("the list of paths is empty; name at least one")
        return path

    @property
    def paths(self) -> tuple[str, ...]:
        """The places of all files, in order."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def shown(self) -> str:
        """The places as a message names them."""
        return ", ".join(self.paths)

    def without_path(self) -> CorpusFormat:
        """How to read the file, without its place; what a step takes."""
        return CorpusFormat(**self.model_dump(include=set(CorpusFormat.model_fields)))
