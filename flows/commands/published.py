"""F1 that papers report, from published.yaml."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from artifacts.errors import InputError

_FILE = Path(__file__).with_name("published.yaml")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    encoder: str
    f1: tuple[str, ...]


class PublishedTable(BaseModel):
    """A table of a paper: F1 in %, a column for each corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    corpora: tuple[str, ...]
    rows: tuple[_Row, ...]

    @model_validator(mode="after")
    def _as_many_columns(self) -> "PublishedTable":
        for row in self.rows:
            if len(row.f1) != len(self.corpora) or not all(0 < float(number) < 100 for number in row.f1):
                raise ValueError(f"{self.table}, {row.model}: expected a number in % for each corpus")
        return self


def published_tables() -> list[PublishedTable]:
    """All tables on record."""
    # Numbers stay as they are printed: 82.90 is not 82.9.
    found: list[dict[str, Any]] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return [PublishedTable.model_validate(each) for each in found]


def published(corpus: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of what the papers report on a corpus, such as conll-es.

    Raises:
        InputError: if none does.
    """
    rows = []
    known: set[str] = set()
    for table in published_tables():
        known.update(table.corpora)
        if corpus in table.corpora:
            column = table.corpora.index(corpus)
            rows += [[row.model, row.encoder, row.f1[column], table.table] for row in table.rows]
    if not rows:
        raise InputError(
            f"--published {corpus}: no paper's table is on record for it; expected one of {', '.join(sorted(known))}"
        )
    return ["published", "encoder", "F1", "table"], rows
