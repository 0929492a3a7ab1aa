"""Write the sample corpora: the same bytes on every machine and Python version."""

import random
from collections.abc import Callable
from pathlib import Path

from sacremoses import MosesTokenizer

from tasks.corpus.sample.grammar import Draw, Frame, load_frames, unmarked
from tasks.corpus.sample.names import Name, Redraw, load_names
from tasks.corpus.sample.pairs import pair_files

FOLDER = Path(__file__).parent
PLAIN_SHARE = 0.28
# One letter is drawn for each name of a sentence: S all files, E English, G German raw, T German test only.
GROUPS = {"en": "SSSEE", "raw": "SSSSEGGG", "test": "SSEGGTTTTT", "parallel": "SSSEE"}


def sample_files() -> dict[str, bytes]:
    """All corpora by file name."""
    frames, names = load_frames(), load_names()
    english = _single(frames, names, "en", 3000, random.Random(101))
    german = _single(frames, names, "de", 2500, random.Random(202), groups="raw")
    raw = [unmarked(text)[0] for text in german]
    test = _single(frames, names, "de", 500, random.Random(303), groups="test", taken=raw)
    pairs = _pairs(frames, names, 3000, random.Random(404), [unmarked(text)[0] for text in test])
    return {
        "en.train.conll": _columns(english[:2500], "en"),
        "en.dev.conll": _columns(english[2500:], "en"),
        "de.raw.txt": _lines(raw),
        "de.raw.gold.conll": _columns(german, "de"),
        "de.test.conll": _columns(test, "de"),
        "parallel.en.txt": _lines([source for source, _ in pairs]),
        "parallel.de.txt": _lines([target for _, target in pairs]),
        **pair_files(pairs),
    }


def _single(
    frames: list[Frame],
    names: dict[str, list[Name]],
    language: str,
    size: int,
    rng: random.Random,
    groups: str = "en",
    taken: list[str] | None = None,
) -> list[str]:
    usable = [frame for frame in frames if language in frame.texts]
    seen = dict.fromkeys(taken or [])
    sentences: list[str] = []
    next_frame = _frames(usable, rng)
    while len(sentences) < size:
        frame = next_frame()
        try:
            text = Draw(rng, names, GROUPS[groups]).sentence(frame, language)
        except Redraw:
            continue
        raw = unmarked(text)[0]
        if raw not in seen:
            seen[raw] = None
            sentences.append(text)
    return sentences


def _pairs(
    frames: list[Frame], names: dict[str, list[Name]], size: int, rng: random.Random, taken: list[str]
) -> list[tuple[str, str]]:
    next_frame = _frames([frame for frame in frames if len(frame.texts) == 2], rng)
    seen = dict.fromkeys(taken)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < size:
        frame, draw = next_frame(), Draw(rng, names, GROUPS["parallel"])
        try:
            source, target = (unmarked(draw.sentence(frame, language))[0] for language in ("en", "de"))
        except Redraw:
            continue
        if source not in seen and target not in seen:
            seen.update({source: None, target: None})
            pairs.append((source, target))
    return pairs


def _frames(frames: list[Frame], rng: random.Random) -> Callable[[], Frame]:
    """Each call gives a frame; every one comes up before any comes twice."""
    plain, named = [f for f in frames if f.plain], [f for f in frames if not f.plain]
    waiting: dict[bool, list[Frame]] = {True: [], False: []}

    def draw() -> Frame:
        is_plain = rng.random() < PLAIN_SHARE
        if not waiting[is_plain]:
            waiting[is_plain] = list(plain if is_plain else named)
            rng.shuffle(waiting[is_plain])
        return waiting[is_plain].pop()

    return draw


def _lines(sentences: list[str]) -> bytes:
    return "".join(f"{sentence}\n" for sentence in sentences).encode()


def _columns(sentences: list[str], language: str) -> bytes:
    tokenizer = MosesTokenizer(language)
    blocks = []
    for text in sentences:
        raw, spans = unmarked(text)
        tokens = tokenizer.tokenize(raw, escape=False, aggressive_dash_splits=False)
        tags = tag_tokens(raw, tokens, spans)
        blocks.append("".join(f"{token}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)))
    return "\n".join(blocks).encode()


def tag_tokens(raw: str, tokens: list[str], spans: list[tuple[int, int, str]]) -> list[str]:
    """IOB2 tags of the tokens of a raw sentence whose entities are (start, end, type) of characters.

    Raises:
        ValueError: if an entity begins or ends inside a token.
    """
    tags, position = [], 0
    starts, ends = dict.fromkeys(s for s, _, _ in spans), dict.fromkeys(e for _, e, _ in spans)
    for token in tokens:
        begin = raw.index(token, position)
        position = begin + len(token)
        inside = [span for span in spans if span[0] < position and begin < span[1]]
        tags.append(f"{'B' if begin == inside[0][0] else 'I'}-{inside[0][2]}" if inside else "O")
        starts.pop(begin, None)
        ends.pop(position, None)
    if starts or ends:
        raise ValueError(f"sentence {raw!r}: an entity begins or ends inside a token; change the frame")
    return tags
