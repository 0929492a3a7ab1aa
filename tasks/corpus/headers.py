"""Names that corpora give their columns: in a header line, or in CoNLL-U Plus' `# global.columns`."""

import re
from collections.abc import Sequence
from typing import Literal

Role = Literal["token", "tag", "sentence", "document", "other"]

_TOKEN = "token tokens word words form forms text wort mot palabra parola woord slovo"
_TAG = """ner ne nes ner_tag ner_tags nertag ner-tag netag tag tags label labels entity entities named_entity iob bio
iob2 bioes ne-coarse-lit ne-coarse-meto ne-fine-lit ne-fine-meto ne-fine-comp ne-nested ner-iob ne-iob ner_label
true_label gold outer_span"""
_SENTENCE = "sentence sentence_id sentence_idx sentenceid sent sent_id sentid"
_DOCUMENT = "doc document doc_id document_id"
_OTHER = """pos upos xpos pos_tag pos_tags chunk chunks lemma lemmas id index idx head deprel deps feats misc nel-lit
nel-meto offset start end shape prev-word next-word clause inner_span"""
_NAMES: dict[Role, frozenset[str]] = {
    "token": frozenset(_TOKEN.split()),
    "tag": frozenset(_TAG.split()),
    "sentence": frozenset(["sentence #", *_SENTENCE.split()]),
    "document": frozenset(_DOCUMENT.split()),
    "other": frozenset(_OTHER.split()),
}
_GLOBAL = re.compile(r"# ?global\.columns ?= ?(.+)")


def role_of(name: str) -> Role | None:
    """What a column with this name holds; None for a name that says nothing."""
    wanted = name.strip().strip('"').lower().rpartition(":")[2]
    return next((role for role, names in _NAMES.items() if wanted in names), None)


def header_roles(fields: Sequence[str]) -> tuple[Role | None, ...] | None:
    """What the columns hold, if a line is a header; None if it is none.

    A header has only names that are known, but for one in three; a column of words and one more are among them.
    `Token B-PER` is none: it has one name alone.
    """
    roles = tuple(role_of(field) for field in fields)
    known = sum(role is not None for role in roles)
    if len(fields) < 2 or "token" not in roles or known < 2 or 3 * known < 2 * len(fields):
        return None
    return roles


def global_columns(lines: Sequence[str]) -> tuple[Role | None, ...] | None:
    """The roles that a CoNLL-U Plus file's first comment gives its columns."""
    match = next((found for line in lines[:5] if (found := _GLOBAL.match(line))), None)
    return None if match is None else tuple(role_of(name) for name in match[1].split())
