"""Read and write spaCy's DocBin (.spacy), which needs spaCy: `pip install 'crosstag[spacy]'`."""

import unicodedata
import zlib
from collections.abc import Sequence
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.parsed import Parsed

_UNPACKED_BYTES = 64


def is_docbin(content: bytes) -> bool:
    """Whether bytes are a DocBin: zlib's data, and in it MessagePack of a map that begins with version or attrs."""
    if content[:1] != b"\x78":
        return False
    try:
        head = zlib.decompressobj().decompress(content, _UNPACKED_BYTES)
    except zlib.error:
        return False
    return head[:1] >= b"\x80" and any(key in head for key in (b"version", b"attrs", b"tokens"))


def parse_docbin(content: bytes, name: str, *, with_tags: bool) -> Parsed:
    """Reads the sentences of a DocBin's documents; a document without sentence ends is one sentence.

    Raises:
        InputError: if spaCy is not there, or the file is damaged.
    """
    spacy = _spacy(name)
    try:
        box = spacy.tokens.DocBin().from_bytes(content)
        docs = list(box.get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # spaCy raises what zlib, srsly and numpy raise
        raise InputError(
            f"corpus {name}: spaCy cannot read the DocBin ({type(error).__name__}: {str(error)[:100]}); expected a "
            "whole one; write it again"
        ) from None
    words: list[str] = []
    tags: list[str] = []
    lines: list[int] = []
    starts: list[int] = []
    for number, doc in enumerate(docs):
        for sentence in doc.sents if doc.has_annotation("SENT_START") else [doc]:
            kept = [token for token in sentence if token.text.strip()]
            starts += [len(words)] * bool(kept)
            words += [unicodedata.normalize("NFC", token.text) for token in kept]
            tags += [_tag(token) for token in kept]
            lines += [number] * len(kept)
    return Parsed(words, tags if with_tags else None, lines, starts, "document", "spaCy's DocBin, entities of doc.ents")


def docbin_bytes(sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], name: str) -> bytes:
    """A DocBin with a document for each sentence.

    Raises:
        InputError: if spaCy is not there.
    """
    spacy = _spacy(name)
    vocab = spacy.blank("xx").vocab
    box = spacy.tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE", "SENT_START"])
    for words, its_tags in zip(sentences, tags, strict=True):
        first = [place == 0 for place in range(len(words))]
        box.add(spacy.tokens.Doc(vocab, words=list(words), ents=list(its_tags), sent_starts=first))
    content: bytes = box.to_bytes()
    return content


def _tag(token: Any) -> str:
    return "O" if token.ent_iob_ in ("", "O") else f"{token.ent_iob_}-{token.ent_type_}"


def _spacy(name: str) -> Any:
    try:
        import spacy
        import spacy.tokens
    except ImportError:
        raise InputError(
            f"corpus {name}: this is spaCy's DocBin, and spaCy is not installed; install it, with "
            "`pip install 'crosstag[spacy]'`, or write the corpus as JSON lines"
        ) from None
    return spacy
