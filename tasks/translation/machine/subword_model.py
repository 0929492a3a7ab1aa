"""A sentencepiece vocabulary for a small translator, in the files that M2M100Tokenizer loads."""

import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import sentencepiece

from artifacts.errors import InputError
from tasks.translation.marked.markers import MARKER, PAPER_MARKERS

PAD = 1
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # Their ids are M2M100's.
_LANGUAGES, _MADE_UP = 100, 8  # M2M100 has a token per language behind the pieces, and 8 rows that nothing uses.
_BYTES = 256
WORD_START = "▁"


def train_subwords(lines: Iterable[str], vocabulary_size: int, markers: int = PAPER_MARKERS) -> bytes:
    """Trains a BPE model: the same bytes from the same lines in the same order.

    A marker is one piece together with the space before it (`▁__SLOT0__`); so marked text must have a space, or the
    sentence's start, before each marker, and is decoded with one. Digits stand alone, so that a translator copies
    numbers that it has not seen. Text is not normalised, a rare character is written in bytes: nothing is lost.

    Args:
        lines: the text, without markers or with them.
        vocabulary_size: most pieces; little text gives fewer.
        markers: how many there are.

    Returns:
        The model, as sentencepiece's file has it.

    Raises:
        InputError: if the size is too small for the text's characters, or there is no text.
    """
    symbols = [WORD_START + MARKER.format(i) for i in range(markers)]
    model = io.BytesIO()
    seen: set[str] = set()
    text = _filled(lines, seen)
    if (first := next(text, None)) is None:
        raise InputError("the translator's parallel text is empty; expected at least one pair; give another file")
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=chain([first], text),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=0.9999,
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            user_defined_symbols=symbols,
            bos_id=0,
            pad_id=PAD,
            eos_id=2,
            unk_id=3,
            max_sentence_length=1 << 20,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        least = len(SPECIAL) + len(symbols) + _BYTES + len(seen)
        raise InputError(
            f"vocabulary_size is {vocabulary_size}; special pieces, bytes and the text's characters alone need up to "
            f"{least}; raise it ({str(error).splitlines()[-1]})"
        ) from error
    return model.getvalue()


def _filled(lines: Iterable[str], seen: set[str]) -> Iterator[str]:
    """Lines that are not blank, one by one; their characters go into `seen`."""
    for line in lines:
        if line.strip():
            seen.update(line)
            yield line


def model_vocabulary_size(pieces: int) -> int:
    """Rows that an M2M100 needs for that many pieces: the languages' tokens and unused rows follow them."""
    return pieces + _LANGUAGES + _MADE_UP


def save_tokenizer(model: bytes, folder: Path, max_length_subwords: int) -> int:
    """Writes the files of a tokenizer whose pieces are all those of a sentencepiece model, in its order.

    Args:
        model: from `train_subwords`.
        folder: exists.
        max_length_subwords: what the tokenizer says about the longest sentence.

    Returns:
        The number of pieces.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    write_tokenizer(model, vocabulary, folder, {"model_max_length": max_length_subwords})
    return len(pieces)


def write_tokenizer(model: bytes, vocabulary: dict[str, int], folder: Path, settings: dict[str, object]) -> None:
    """Writes the files from which `M2M100Tokenizer.from_pretrained` makes the tokenizer.

    Args:
        model: of sentencepiece.
        vocabulary: the row of the embedding of each of its pieces.
        folder: exists.
        settings: of the tokenizer.
    """
    (folder / "sentencepiece.bpe.model").write_bytes(model)
    _write_json(folder / "vocab.json", vocabulary)
    _write_json(folder / "tokenizer_config.json", {"tokenizer_class": "M2M100Tokenizer", **settings})


def _write_json(path: Path, content: dict[str, object] | dict[str, int]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
