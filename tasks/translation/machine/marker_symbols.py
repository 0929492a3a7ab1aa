"""Markers as single symbols of a checkpoint's vocabulary that spells them in pieces (CROP, 3.3: "special token").

A plain M2M100 writes `__SLOT0__` in five or six pieces: a sentence with ten spans has a hundred pieces more, and most
of what is learnt is spelling. The published M2M100 of CROP has them as symbols, and so have translators of ours.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from artifacts.errors import InputError
from tasks.translation.machine.subword_model import WORD_START, write_tokenizer
from tasks.translation.machine.translator import load_tokenizer
from tasks.translation.marked.markers import MARKER, PAPER_MARKERS

_NUMBER = re.compile(r"__SLOT(\d+)__")


def markers_needed(texts: Iterable[str]) -> int:
    """How many markers a translator of these texts needs: none if there is none, else at least the paper's ten."""
    highest = max((int(number) for text in texts for number in _NUMBER.findall(text)), default=-1)
    return max(PAPER_MARKERS, highest + 1) if highest >= 0 else 0


def spelt_markers(tokenizer: Any, markers: int) -> list[str]:
    """Of the first so many markers those that the tokenizer spells in several pieces, or does not know."""
    names = [MARKER.format(number) for number in range(markers)]
    return [name for name in names if not _is_one_piece(tokenizer, name)]


def add_markers(model: Any, tokenizer: Any, names: list[str], folder: Path) -> Any:
    """Gives each of these markers a symbol and a row of the embedding, the mean of the rows of its pieces so far.

    The symbols follow the pieces; the rows of the languages, which follow those, move back.

    Args:
        model: an M2M100; changed in place.
        tokenizer: its M2M100Tokenizer.
        names: markers that it spells in pieces.
        folder: an existing one, where the files of the new tokenizer are written.

    Returns:
        The new tokenizer.

    Raises:
        InputError: if sentencepiece does not find the new symbols in text.
    """
    spelt = [tokenizer.convert_tokens_to_ids(tokenizer.sp_model.encode(name, out_type=str)) for name in names]
    _insert_rows(model, tokenizer.encoder_size, spelt)
    pieces = [WORD_START + name for name in names]
    symbols = b"".join(map(_user_defined_symbol, pieces))
    vocabulary = {**tokenizer.encoder, **{piece: tokenizer.encoder_size + i for i, piece in enumerate(pieces)}}
    write_tokenizer(
        # A serialised model is a row of fields, and those of one name are a list in their order.
        tokenizer.sp_model.serialized_model_proto() + symbols,
        vocabulary,
        folder,
        {"model_max_length": tokenizer.model_max_length, "language_codes": tokenizer.language_codes},
    )
    made = load_tokenizer(folder)
    if left := [name for name in names if not _is_one_piece(made, name)]:
        raise InputError(
            f"translator: its sentencepiece model still spells {left[0]} in pieces after it was added as a symbol; "
            "take another checkpoint"
        )
    return made


def _is_one_piece(tokenizer: Any, name: str) -> bool:
    pieces = [piece for piece in tokenizer.sp_model.encode(f"{name} {name}", out_type=str) if piece != WORD_START]
    known = all(tokenizer.convert_tokens_to_ids(piece) != tokenizer.unk_token_id for piece in pieces)
    return known and [piece.removeprefix(WORD_START) for piece in pieces] == [name, name]


def _insert_rows(model: Any, place: int, spelt: list[list[int]]) -> None:
    """Puts rows before row `place` of the embedding: each the mean of some that are there."""
    embeddings = [model.get_input_embeddings()]
    if model.get_output_embeddings().weight is not embeddings[0].weight:
        embeddings.append(model.get_output_embeddings())
    tables = []
    for embedding in embeddings:
        old = embedding.weight.detach()
        new = torch.stack([old[ids].mean(dim=0) for ids in spelt])
        tables.append(torch.cat([old[:place], new, old[place:]]))
    with torch.random.fork_rng(devices=[]):  # New rows are drawn at random before they get their values.
        model.resize_token_embeddings(len(tables[0]), mean_resizing=False)
    for embedding, table in zip((model.get_input_embeddings(), model.get_output_embeddings()), tables, strict=False):
        embedding.weight.data.copy_(table)


def _user_defined_symbol(piece: str) -> bytes:
    """A field `pieces` of a ModelProto: piece = 1, score = 2 (left out: 0), type = 3 (user-defined: 4)."""
    text = piece.encode()
    entry = b"\x0a" + bytes([len(text)]) + text + b"\x18\x04"
    assert len(entry) < 128  # Longer ones have lengths of two bytes.
    return b"\x0a" + bytes([len(entry)]) + entry
