"""A cased WordPiece tokenizer, trained the same from the same text every time."""

from collections.abc import Iterable, Sequence
from math import ceil

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from artifacts.errors import InputError

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MOST_SINGLE = 0.75  # Share of the vocabulary that single characters may take; the rest is for longer pieces.
_START = "▁"


def train_wordpiece(lines: Sequence[str], vocabulary_size: int) -> Tokenizer:
    """Trains a tokenizer whose pieces are merged by frequency.

    The WordPiece trainer of `tokenizers` numbers pieces by the order of a hash map, which changes from process
    to process. Its BPE trainer does not, as long as no piece carries a prefix. So BPE is trained on words that
    start with a mark; then pieces with the mark become word starts, the others continuations (`##`).

    Args:
        lines: text, one sentence each.
        vocabulary_size: most pieces, special ones included; little text gives fewer.

    Raises:
        ValueError: if there is no text.
        InputError: if the text's characters take more than their share of the vocabulary.
    """
    if not any(line.strip() for line in lines):
        raise ValueError("there is no text to train a tokenizer on")
    alone = _alone(set().union(*lines))
    trained = Tokenizer(models.BPE())
    trained.normalizer = _normalizer()
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Metaspace(_START, prepend_scheme="always", split=False)]
    )
    # Joining a character that stands alone with its mark is no new piece.
    trainer = trainers.BpeTrainer(vocab_size=vocabulary_size + len(alone), min_frequency=2, show_progress=False)
    trained.train_from_iterator(lines, trainer, length=len(lines))
    by_number = [piece for piece, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1])]
    singles = _singles(by_number)
    if len(SPECIAL) + len(singles) > _MOST_SINGLE * vocabulary_size:
        raise InputError(
            f"vocabulary_size is {vocabulary_size}; the single characters of the text are {len(singles)} pieces, which "
            f"leaves too few for longer ones; expected at least {ceil((len(SPECIAL) + len(singles)) / _MOST_SINGLE)}; "
            "raise it"
        )
    pieces = _wordpieces(by_number, singles)[: vocabulary_size - len(SPECIAL)]
    return _tokenizer({piece: number for number, piece in enumerate([*SPECIAL, *pieces])})


def _alone(characters: Iterable[str]) -> set[str]:
    """Those that are a word each: the normalizer puts spaces around Chinese ones."""
    normalizer = _normalizer()
    return {
        character for character in characters if not character.isspace() and " " in normalizer.normalize_str(character)
    }


def _singles(pieces: Sequence[str]) -> list[str]:
    """The characters of marked pieces: as word starts and as continuations, those that stand alone as starts."""
    characters = sorted({character for piece in pieces for character in piece} - {_START})
    alone = _alone(characters)
    forms = ((character,) if character in alone else (character, f"##{character}") for character in characters)
    return [form for each in forms for form in each]


def _wordpieces(pieces: Sequence[str], singles: Sequence[str]) -> list[str]:
    """Turns marked pieces into WordPiece's, behind those of single characters."""
    longer = [piece[1:] if piece.startswith(_START) else f"##{piece}" for piece in pieces if len(piece) > 1]
    return list(dict.fromkeys([*singles, *longer]))


def _normalizer() -> normalizers.Normalizer:
    cleaned = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
    )
    return normalizers.Sequence([normalizers.NFC(), cleaned])


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer
