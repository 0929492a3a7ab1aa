"""Mark translated spans in parallel text, so that a translator learns to carry markers over (CROP, 3.3).

CROP finds the spans by word alignment. Here a lexicon, names, and words that come together find them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import MARKED_PAIRS, Labelled, Lexicon, Parallel
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.text import translation_splitter
from tasks.translation.marked.markers import MAX_MARKERS, PAPER_MARKERS
from tasks.translation.marked.moses import detokenizer
from tasks.translation.pairs.prepared_pairs import Prepared, Ranges, learn_translations, names_of, prepare_pairs
from tasks.translation.pairs.span_pairs import SpanPair, joined_pairs, lexicon_targets
from tasks.translation.pairs.word_places import insert_markers
from tasks.words.spans import spans_of


class PairMarking(Settings):
    """How spans of parallel sentences are found and marked, without word alignment."""

    repeats: int = Field(
        2, ge=0, le=100, title="Repeats", description="Marked copies of each pair, each with other spans."
    )
    max_spans: int = Field(
        PAPER_MARKERS,
        ge=1,
        le=MAX_MARKERS,
        title="Most spans",
        description="Most marked spans of a sentence (paper: 10).",
    )
    max_rank: int = Field(
        2, ge=0, title="Most rank", description="Translations of the lexicon up to this rank count; 0 is the best."
    )
    minimum_dice: float | None = Field(
        0.3,
        ge=0,
        le=1,
        title="Least Dice",
        description="Words that come together in the parallel text with this Dice coefficient, 0 to 1, count as "
        "translations too; empty: only those of the lexicon do.",
    )
    max_words: int = Field(5, ge=1, title="Longest span", description="Words of a span, on each side.")
    join_share: float = Field(
        0.2, ge=0, le=1, title="Joined share", description="Share of neighbouring word pairs that become one span."
    )
    name_weight: float = Field(
        10.0, gt=0, title="Weight of names", description="How much likelier a name is marked than another span."
    )
    name_swaps: float = Field(
        0.3,
        ge=0,
        le=1,
        title="Swapped names",
        description="Share of marked copies whose marked names, if alike on both sides, become other names on both.",
    )
    name_types: tuple[str, ...] = Field(
        ("PER",),
        title="Types of names",
        description="Entities of these types in the labelled source corpus join the names to swap in; only types whose "
        "names are the same in both languages are fit.",
    )
    seed: int = Field(0, ge=0, title="Seed", description="Of the choice of spans and names.")


def mark_pair(
    pair: Prepared, names: Sequence[str], config: PairMarking, noise: np.random.Generator
) -> tuple[str, str, int]:
    """One marked copy of a sentence pair.

    Its number of spans is uniform from 1 to all there are, at most `max_spans`; which ones is drawn without
    replacement with weights (Efraimidis and Spirakis: the largest u^(1/w) win).

    Args:
        pair: with at least one word pair.
        names: what names are swapped against; may be empty.
        config: the settings.
        noise: of this copy alone.

    Returns:
        Source, target, number of marked spans.
    """
    joins = noise.random(len(pair.pairs)) < config.join_share
    spans = joined_pairs(pair.pairs, *pair.words, joins.tolist(), config.max_words)
    weights = np.array([config.name_weight if _is_named(pair, span) else 1.0 for span in spans])
    number = int(noise.integers(1, min(config.max_spans, len(spans)) + 1))
    drawn = np.argsort(-(noise.random(len(spans)) ** (1 / weights)), kind="stable")[:number]
    chosen = [spans[i] for i in sorted(drawn)]
    swap = noise.random() < config.name_swaps and len(names) > 0
    new = [
        names[int(noise.integers(len(names)))] if swap and span.name and len(set(pair.texts_of(span))) == 1 else None
        for span in chosen
    ]
    sources, targets = zip(*(pair.ranges(span) for span in chosen), strict=True)
    source = replace_ranges(pair.texts[0], sources, new)
    target = replace_ranges(pair.texts[1], targets, new)
    return insert_markers(*source), insert_markers(*target), number


def replace_ranges(text: str, ranges: Sequence[tuple[int, int]], new: Sequence[str | None]) -> tuple[str, Ranges]:
    """Puts other texts into character ranges.

    Args:
        text: the sentence.
        ranges: that do not overlap, in any order; end exclusive.
        new: what goes into each; None keeps what is there.

    Returns:
        The new sentence, and where its ranges are, in the order of `ranges`.
    """
    moved: Ranges = [(0, 0)] * len(ranges)
    made, done = "", 0
    for i in sorted(range(len(ranges)), key=lambda i: ranges[i]):
        start, end = ranges[i]
        kept = new[i]
        made += text[done:start]
        moved[i] = (len(made), len(made) + len(text[start:end] if kept is None else kept))
        made += text[start:end] if kept is None else kept
        done = end
    return made + text[done:], moved


def marked_table(prepared: Sequence[Prepared], names: Sequence[str], config: PairMarking) -> pa.Table:
    """A `MARKED_PAIRS` table: each pair plain, then its marked copies. A pair's draws depend on seed and pair_id."""
    rows = []
    for pair in prepared:
        rows.append((pair.pair_id, *pair.texts, 0))
        noise = np.random.default_rng([config.seed, pair.pair_id])
        for _ in range(config.repeats if pair.pairs else 0):
            rows.append((pair.pair_id, *mark_pair(pair, names, config, noise)))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(MARKED_PAIRS.schema)
    return pa.table(dict(zip(MARKED_PAIRS.schema.names, columns, strict=True)), schema=MARKED_PAIRS.schema)


def entity_names(data: pa.Table, types: Sequence[str], language: str) -> set[str]:
    """Texts of the entities of some types in a `LABELLED` table, detokenised."""
    join = detokenizer(language)
    names = set()
    for words, tags in zip(data["words"].to_pylist(), data["tags"].to_pylist(), strict=True):
        for start, end, kind in spans_of(tags):
            if kind in types:
                names.add(join(words[start:end]))
    return names


@step(MARKED_PAIRS)
def mark_pairs(
    job: Job, parallel: Parallel, lexicon: Lexicon | None, config: PairMarking, names: Labelled | None = None
) -> None:
    """Marks spans that the lexicon, or being a name alike on both sides, shows to translate each other.

    Swapping names is our own addition: a small translator must learn to copy names that its parallel text lacks. The
    pool is the names of the parallel text and, if given, those of the labelled source corpus. The text is read three
    times: for its words, for its names, and to be marked.
    """
    languages = {key: job.metadata(parallel)[key] for key in ("source_language", "target_language")}
    source, target = (translation_splitter(language) for language in languages.values())

    def clean() -> Iterator[list[tuple[int, str, str]]]:
        for batch in job.batches(parallel, ["pair_id", "source", "target"]):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            yield [row for row in rows if "__SLOT" not in row[1] + row[2]]

    lexicon_words = lexicon_targets(job.table(lexicon), config.max_rank) if lexicon else {}
    texts = ((source, target) for rows in clean() for _, source, target in rows)
    learnt = learn_translations(texts, (source, target), lexicon_words, config.minimum_dice)
    pool: set[str] = set()
    for rows in clean():
        pool |= names_of(prepare_pairs(rows, learnt), config.max_words)
    if names is not None:
        pool |= entity_names(job.table(names), config.name_types, languages["source_language"])
    swapped = sorted(name for name in pool if "__SLOT" not in name)
    by_spans, facts = Counter[int](), Counter[str]()

    def marked() -> Iterator[pa.RecordBatch]:
        for rows in clean():
            prepared = prepare_pairs(rows, learnt)
            table = marked_table(prepared, swapped, config)
            by_spans.update(table["spans"].to_pylist())
            facts["clean"] += len(rows)
            facts["not_split"] += sum(not pair.places[0] or not pair.places[1] for pair in prepared)
            facts["without_spans"] += sum(not pair.pairs for pair in prepared)
            yield from table.to_batches()

    job.write(
        marked(),
        lambda: {**languages, "pairs_by_spans": [by_spans[n] for n in range(max(by_spans, default=-1) + 1)]},
    )
    job.note(
        pairs_with_markers_of_their_own=job.rows(parallel) - facts["clean"],
        pairs_not_split=facts["not_split"],
        pairs_without_spans=facts["without_spans"],
        names=len(pool),
    )


def _is_named(pair: Prepared, span: SpanPair) -> bool:
    """Names, and spans with a capital that is not the sentence's first."""
    return span.name or any(word[0].isupper() for word in pair.words[0][max(1, span.source[0]) : span.source[1]])
