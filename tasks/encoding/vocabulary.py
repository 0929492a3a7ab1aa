"""A cased WordPiece tokenizer, trained the same from the same text every time."""

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
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
    """
    if not any(line.strip() for line in lines):
        raise ValueError("there is no text to train a tokenizer on")
    trained = Tokenizer(models.BPE())
    trained.normalizer = _normalizer()
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Metaspace(_START, prepend_scheme="always", split=False)]
    )
    trainer = trainers.BpeTrainer(vocab_size=vocabulary_size, min_frequency=2, show_progress=False)
    trained.train_from_iterator(lines, trainer, length=len(lines))
    by_number = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    pieces = _wordpieces([piece for piece, _ in by_number])[: vocabulary_size - len(SPECIAL)]
    return _tokenizer({piece: number for number, piece in enumerate([*SPECIAL, *pieces])})


def _wordpieces(pieces: Sequence[str]) -> list[str]:
    """Turns marked pieces into WordPiece's; each character comes as word start and as continuation, first of all."""
    characters = sorted({character for piece in pieces for character in piece} - {_START})
    singles = [form for character in characters for form in (character, f"##{character}")]
    longer = [piece[1:] if piece.startswith(_START) else f"##{piece}" for piece in pieces]
    return list(dict.fromkeys([*singles, *(piece for piece in longer if piece not in ("", "##"))]))


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
