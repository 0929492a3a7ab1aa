"""How texts become the sub-words that a translator of each family reads, and what it writes becomes text.

family     source                        the output begins with   of it
m2m100     language pieces </s>          the target language      Fan et al. 2020
small100   target language pieces </s>   nothing                  Mohammadshahi et al. 2022
nllb       language pieces </s>          the target language      Costa-jussà et al. 2022
marian     [>>target<<] pieces </s>      nothing                  Tiedemann and Thottingal 2020; one pair each
madlad     <2target> pieces </s>         nothing                  Kudugunta et al. 2023

Nothing in the text itself is taken for a special token: `</s>` is five characters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from artifacts.errors import InputError
from tasks.translation.machine.card import TranslatorCard, read_json
from tasks.translation.machine.languages import FLORES, UnknownLanguage, known_language, names_of, nllb_languages
from tasks.translation.machine.translator import load_tokenizer


class _Tokenizer(Protocol):
    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]: ...


@dataclass(frozen=True)
class Coding:
    """The sub-words of one translator for one direction.

    Attributes:
        before: what stands in front of a source's pieces.
        forced: what every output begins with, if it is given to the decoder.
        start: what the decoder reads first.
        eos: the end of sources and outputs.
        pad: what fills batches up.
        banned: never written.
        names: of all rows of the embedding, each different from all others, as `convert` gives them to ctranslate2.
        pieces: of a text, without special ones.
        text: of an output's ids; special ones and languages are left out, markers are not.
    """

    before: tuple[int, ...]
    forced: int | None
    start: int
    eos: int
    pad: int
    names: list[str]
    pieces: Callable[[str], list[int]]
    text: Callable[[Sequence[int]], str]
    banned: tuple[int, ...] = ()

    def encode(self, text: str) -> list[int]:
        """Ids of a source."""
        return [*self.before, *self.pieces(text), self.eos]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an output, one space between words at most."""
        return " ".join(self.text(ids).split())

    @property
    def shortest(self) -> int:
        """Sub-words of a source of one piece."""
        return len(self.before) + 2


def read_coding(folder: Path, card: TranslatorCard, source: str, target: str) -> Coding:
    """The coding of a translator's folder for a direction.

    Args:
        folder: of one model: config.json and the tokenizer's files; for Marian that of the direction.
        card: of the translator.
        source: language of the texts.
        target: language to translate into.

    Raises:
        UnknownLanguage: if the translator does not know a language.
        InputError: if a file is missing or damaged.
    """
    said = folder / "generation_config.json"
    config = read_json(folder / "config.json") | (read_json(said) if said.is_file() else {})
    match card.family:
        case "m2m100" | "small100":
            return _m2m100(folder, config, source, target, small=card.family == "small100")
        case "nllb":
            return _nllb(folder, config, source, target)
        case "marian":
            return _marian(folder, config, source, target)
        case "madlad":
            return _madlad(folder, config, target)


def full_vocabulary(tokenizer: _Tokenizer, size: int) -> list[str]:
    """The name of every row of the embedding, each different from all others.

    M2M100's weights have rows that no piece belongs to; the tokenizer calls them all <unk>. Here they get names.

    Args:
        tokenizer: of the model.
        size: rows of the embedding, `config.vocab_size`.
    """
    return _all_different(tokenizer.convert_ids_to_tokens(list(range(size))))


def encode(tokenizer: Any, text: str, language: int) -> list[int]:
    """Ids of a text by an M2M100Tokenizer: its language, its pieces, the end."""
    return [language, *_m2m100_pieces(tokenizer, text), tokenizer.eos_token_id]


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of an output by an M2M100Tokenizer; languages and rows without a piece are left out, markers are not."""
    return " ".join(_m2m100_text(tokenizer, ids).split())


def _m2m100(folder: Path, config: dict[str, Any], source: str, target: str, small: bool) -> Coding:
    tokenizer = load_tokenizer(folder)
    codes = tuple(tokenizer.lang_code_to_id)
    first, second = (tokenizer.get_lang_id(known_language(each, codes)) for each in (source, target))
    return Coding(
        before=(second if small else first,),
        forced=None if small else second,
        start=int(config.get("decoder_start_token_id", tokenizer.eos_token_id)),
        eos=tokenizer.eos_token_id,
        pad=tokenizer.pad_token_id,
        names=full_vocabulary(tokenizer, config["vocab_size"]),
        pieces=lambda text: _m2m100_pieces(tokenizer, text),
        text=lambda ids: _m2m100_text(tokenizer, ids),
    )


def _m2m100_pieces(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.convert_tokens_to_ids(tokenizer.sp_model.encode(text, out_type=str))
    return ids


def _m2m100_text(tokenizer: Any, ids: Sequence[int]) -> str:
    special = set(tokenizer.all_special_ids)
    kept = [i for i in ids if i < tokenizer.encoder_size and i not in special]
    text: str = tokenizer.sp_model.decode(tokenizer.convert_ids_to_tokens(kept))
    return text


def _nllb(folder: Path, config: dict[str, Any], source: str, target: str) -> Coding:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # In a text they are its own characters.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    codes = tuple(code for code in nllb_languages() if tokenizer.token_to_id(code) is not None)
    rows: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
    first, second = (rows[known_language(each, codes)] for each in (source, target))
    special = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    named = [tokenizer.id_to_token(i) or "<unk>" for i in range(config["vocab_size"])]
    pieces = tokenizer.get_vocab_size()

    def text(ids: Sequence[int]) -> str:
        decoded: str = tokenizer.decode([i for i in ids if i < pieces and i not in special], skip_special_tokens=False)
        return decoded

    return Coding(
        before=(first,),
        forced=second,
        start=int(config.get("decoder_start_token_id", 2)),
        eos=rows["</s>"],
        pad=rows["<pad>"],
        names=_all_different(named),
        pieces=lambda given: list(tokenizer.encode(given, add_special_tokens=False).ids),
        text=text,
    )


def _marian(folder: Path, config: dict[str, Any], source: str, target: str) -> Coding:
    import sentencepiece

    check_direction(folder, source, target)
    vocabulary = read_json(folder / "vocab.json")
    codes = {name[2:-2]: row for name, row in vocabulary.items() if name.startswith(">>") and name.endswith("<<")}
    before = (codes[known_language(target, tuple(codes))],) if codes else ()
    reading, writing = (
        sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{side}.spm")) for side in ("source", "target")
    )
    size = config["vocab_size"]
    by_row = {row: name for name, row in vocabulary.items()}
    eos, pad, unknown = vocabulary["</s>"], vocabulary["<pad>"], vocabulary["<unk>"]
    special = {eos, pad, unknown, *codes.values()}

    def text(ids: Sequence[int]) -> str:
        decoded: str = writing.decode_pieces([by_row[i] for i in ids if i in by_row and i not in special])
        return decoded

    return Coding(
        before=before,
        forced=None,
        start=int(config.get("decoder_start_token_id", pad)),
        eos=eos,
        pad=pad,
        names=_all_different([by_row.get(row, "<unk>") for row in range(size)]),
        pieces=lambda given: [vocabulary.get(piece, unknown) for piece in reading.encode(given, out_type=str)],
        text=text,
        banned=(pad,),  # It is there to start with, alone.
    )


def check_direction(folder: Path, source: str, target: str) -> None:
    """A Marian that says of which languages it is, is of these; many say it of a group of languages.

    Args:
        folder: of the model.
        source: language of the texts, in any spelling; "": any.
        target: language to translate into, likewise.

    Raises:
        InputError: if it is of others.
    """
    path = folder / "tokenizer_config.json"
    about = read_json(path) if path.is_file() else {}
    for key, wanted in (("source_lang", source), ("target_lang", target)):
        found = str(about.get(key) or "")
        if not wanted or found not in FLORES:
            continue
        try:
            known_language(wanted, names_of(found))
        except UnknownLanguage:
            raise InputError(
                f"translator {folder}: its {key} is {found}, expected {wanted}; give the checkpoint of this direction"
            ) from None


def _madlad(folder: Path, config: dict[str, Any], target: str) -> Coding:
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    size = model.get_piece_size()
    names = [model.id_to_piece(row) for row in range(size)]
    codes = {name[2:-1]: row for row, name in enumerate(names) if name.startswith("<2") and name.endswith(">")}
    token = f"<2{known_language(target, tuple(codes))}>"
    special = {row for row in range(size) if model.is_control(row) or model.is_unknown(row)} | set(codes.values())

    def pieces(given: str) -> list[int]:
        found: list[int] = model.encode(given)
        if any(row in codes.values() for row in found):
            return list(model.encode(given.replace("<2", "< 2")))
        return found

    def text(ids: Sequence[int]) -> str:
        decoded: str = model.decode([int(row) for row in ids if row < size and row not in special])
        return decoded

    return Coding(
        before=tuple(model.encode(token)),
        forced=None,
        start=int(config.get("decoder_start_token_id", 0)),
        eos=int(config.get("eos_token_id", model.eos_id())),
        pad=int(config.get("pad_token_id", model.pad_id())),
        names=_all_different([*names, *["<unk>"] * (config["vocab_size"] - size)]),
        pieces=pieces,
        text=text,
    )


def _all_different(names: list[str]) -> list[str]:
    seen: set[str] = set()
    for row, name in enumerate(names):
        if name in seen:
            names[row] = f"<unused{row}>"
        seen.add(names[row])
    return names
