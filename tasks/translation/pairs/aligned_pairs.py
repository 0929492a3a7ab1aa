"""Sentence pairs in which spans that a word alignment links stand between markers (CROP, 3.3)."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.catalog import MARKED_PAIRS, Parallel, WordAlignment
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.casing import uniform_draws
from tasks.translation.marked.markers import MAX_MARKERS, PAPER_MARKERS
from tasks.translation.pairs.phrases import phrase_pairs
from tasks.translation.pairs.word_places import insert_markers, word_places

_PAIRS_AT_ONCE = 4096
# Positions of draws that belong to a pair; phrases have those from 0.
_QUOTA_DRAW, _KEEP_DRAW = -1, -2


class AlignedMarking(Settings):
    """How to mark aligned spans in parallel sentences."""

    max_entities: int = Field(
        PAPER_MARKERS,
        ge=0,
        le=MAX_MARKERS,
        title="Most spans",
        description="The number of marked spans is drawn from 0 to this (paper: 10, published code: 14).",
    )
    min_entities: int = Field(
        0,
        ge=0,
        le=MAX_MARKERS,
        title="Fewest spans",
        description="Where a sentence has as many phrases; 0 in the paper.",
    )
    marked_share: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Share of marked rows",
        description="1 - alpha of Eq. 6 (paper: 0.5, published code: 0.85). At 0.5 each pair comes once plain and once "
        "marked; above, some of the plain rows are left out; below, some of the marked ones.",
    )
    max_phrase_words: int = Field(5, ge=1, le=20, title="Longest span", description="Words, on either side.")
    unlinked_edges: bool = Field(
        False,
        title="Unlinked edges",
        description="Spans may begin or end with a word that is aligned with nothing, as in phrase extraction.",
    )
    punctuation_edges: bool = Field(
        False, title="Punctuation at the edges", description="Spans may begin or end with a word without a letter."
    )
    whole_sentence: bool = Field(
        False,
        title="Whole sentence",
        description="The whole sentence is one more span that may be drawn, where there is any other (published code).",
    )
    seed: int = Field(0, ge=0, title="Seed", description="Of the draws; each pair has its own, whatever others do.")


def sample_phrases(
    phrases: np.ndarray, pairs: np.ndarray, quotas: np.ndarray, priorities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Takes phrases of each sentence pair at random, none overlapping another on either side.

    In each round, the phrase of highest priority is taken in every pair that still wants one, and all that overlap it
    are put away. It is sampling without replacement: each phrase left is as likely to be next.

    Args:
        phrases: [P, 4] from `phrase_pairs`.
        pairs: [P] int, the sentence pair of each phrase, ascending, in [0, N).
        quotas: [N] int, how many phrases each pair wants.
        priorities: [P] random numbers, the least first.

    Returns:
        Row numbers of the phrases taken, by pair and then by source position; and [N] int, how many each pair got.
    """
    order = np.lexsort((priorities, pairs))
    got = np.zeros(len(quotas), dtype=np.int64)
    taken = [np.zeros(0, dtype=np.int64)]
    left = order[quotas[pairs[order]] > 0]
    while len(left):
        owners = pairs[left]
        first = left[np.flatnonzero(np.diff(owners, prepend=-1))]
        taken.append(first)
        got[pairs[first]] += 1
        chosen = np.zeros((len(quotas), 4), dtype=np.int64)
        chosen[pairs[first]] = phrases[first]
        one, other = phrases[left], chosen[owners]
        apart = (one[:, 1] <= other[:, 0]) | (one[:, 0] >= other[:, 1])
        apart &= (one[:, 3] <= other[:, 2]) | (one[:, 2] >= other[:, 3])
        left = left[apart & (got[owners] < quotas[owners])]
    rows = np.concatenate(taken)
    return rows[np.lexsort((phrases[rows, 0], pairs[rows]))], got


def which_rows(pair_ids: np.ndarray, config: AlignedMarking) -> tuple[np.ndarray, np.ndarray]:
    """For each pair, whether it gets a plain and a marked row: one of them always, the other to reach the share."""
    plain, marked = 1 - config.marked_share, config.marked_share
    chance = min(plain, marked) / max(plain, marked)
    drawn = uniform_draws(config.seed, pair_ids, np.full(len(pair_ids), _KEEP_DRAW)) < chance
    always = np.ones(len(pair_ids), dtype=bool)
    return (drawn, always) if marked >= plain else (always, drawn)


def mark_batch(parallel: pa.Table, alignment: pa.Table, config: AlignedMarking) -> tuple[pa.RecordBatch, int]:
    """Rows of `MARKED_PAIRS` from as many rows of `PARALLEL` and `WORD_ALIGNMENT`; plain before marked in each pair.

    Returns:
        The rows; and how many of them stayed plain because the words of their spans cannot be found in the texts.
    """
    ids = parallel["pair_id"].to_numpy()
    phrases, pairs = _phrases_of(alignment, config)
    starts = np.searchsorted(pairs, pairs)
    priorities = uniform_draws(config.seed, ids[pairs], np.arange(len(pairs)) - starts)
    drawn = uniform_draws(config.seed, ids, np.full(len(ids), _QUOTA_DRAW))
    fewest = min(config.min_entities, config.max_entities)
    quotas = fewest + (drawn * (config.max_entities - fewest + 1)).astype(np.int64)
    plain, marked = which_rows(ids, config)
    rows, got = sample_phrases(phrases, pairs, np.where(marked, quotas, 0), priorities)
    ends = np.cumsum(got)
    columns: list[list[object]] = [[], [], [], []]
    unplaced = 0
    sides = [parallel[side].to_pylist() for side in ("source", "target")]
    words = [alignment[f"{side}_words"].to_pylist() for side in ("source", "target")]
    for i, pair_id in enumerate(ids.tolist()):
        texts = sides[0][i], sides[1][i]
        if plain[i]:
            _append(columns, pair_id, *texts, 0)
        if marked[i]:
            spans = phrases[rows[ends[i] - got[i] : ends[i]]].tolist()
            row = mark_pair(texts, (words[0][i], words[1][i]), spans)
            unplaced += row[2] < len(spans)
            _append(columns, pair_id, *row)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(column, type_) for column, type_ in zip(columns, MARKED_PAIRS.schema.types, strict=True)],
        schema=MARKED_PAIRS.schema,
    )
    return batch, unplaced


def mark_pair(
    texts: tuple[str, str], words: tuple[list[str], list[str]], spans: list[list[int]]
) -> tuple[str, str, int]:
    """Both texts with markers around the spans, and how many; without any if a word cannot be found in its text.

    Args:
        texts: the untokenised sentence and its translation.
        words: the words of both.
        spans: word ranges (source start, source end, target start, target end), ends exclusive, by source start.
    """
    if not spans:
        return *texts, 0
    places = word_places(texts[0], words[0]), word_places(texts[1], words[1])
    if places[0] is None or places[1] is None:
        return *texts, 0
    source = [(places[0][start][0], places[0][end - 1][1]) for start, end, _, _ in spans]
    target = [(places[1][start][0], places[1][end - 1][1]) for _, _, start, end in spans]
    return insert_markers(texts[0], source), insert_markers(texts[1], target), len(spans)


@step(MARKED_PAIRS)
def mark_aligned_pairs(job: Job, parallel: Parallel, alignment: WordAlignment, config: AlignedMarking) -> None:
    """Mark aligned spans of parallel sentences, for a translator to learn from."""
    said = job.metadata(parallel)
    found: Counter[int] = Counter()
    unplaced = 0
    texts, words = job.table(parallel), job.table(alignment)
    if not texts["pair_id"].equals(words["pair_id"]):
        raise InputError(
            f"aligned pairs: {alignment} has {words.num_rows} pairs, {parallel} has {texts.num_rows}, with other ids; "
            "expected a word alignment of the same parallel text; align it again"
        )

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal unplaced
        for start in range(0, texts.num_rows, _PAIRS_AT_ONCE):
            batch, without = mark_batch(texts.slice(start, _PAIRS_AT_ONCE), words.slice(start, _PAIRS_AT_ONCE), config)
            unplaced += without
            found.update(batch["spans"].to_pylist())
            yield batch

    rows = pa.Table.from_batches(batches(), schema=MARKED_PAIRS.schema)
    job.write(
        rows,
        metadata={
            "source_language": said["source_language"],
            "target_language": said["target_language"],
            "pairs_by_spans": [found[spans] for spans in range(config.max_entities + 1)],
        },
    )
    job.note(plain_for_words_not_found=unplaced)


def _phrases_of(alignment: pa.Table, config: AlignedMarking) -> tuple[np.ndarray, np.ndarray]:
    """Phrases of a batch as positions within their sentences, and the row in the batch that each belongs to."""
    sides, links, lengths = [], [], []
    for side in ("source", "target"):
        counts = pc.list_value_length(alignment[f"{side}_words"]).to_numpy()
        begins = np.cumsum(counts) - counts
        linked = pc.list_value_length(alignment[f"{side}_links"]).to_numpy()
        positions = pc.list_flatten(alignment[f"{side}_links"]).to_numpy().astype(np.int64)
        links.append(positions + np.repeat(begins, linked))
        sentences = np.repeat(np.arange(len(counts)), counts)
        wordlike = pc.match_substring_regex(pc.list_flatten(alignment[f"{side}_words"]), r"[\p{L}\p{N}]").to_numpy()
        sides.append((begins, sentences, wordlike))
        lengths.append(counts)
    (source_begins, source_sentences, source_wordlike), (target_begins, target_sentences, target_wordlike) = sides
    source_links, target_links = links
    phrases = phrase_pairs(
        source_links,
        target_links,
        source_sentences,
        target_sentences,
        max_words=config.max_phrase_words,
        unlinked_edges=config.unlinked_edges,
    )
    if not config.punctuation_edges:
        kept = source_wordlike[phrases[:, 0]] & source_wordlike[phrases[:, 1] - 1]
        phrases = phrases[kept & target_wordlike[phrases[:, 2]] & target_wordlike[phrases[:, 3] - 1]]
    pairs = source_sentences[phrases[:, 0]]
    begins = np.stack([source_begins, source_begins, target_begins, target_begins], axis=1)
    phrases = phrases - begins[pairs]
    return with_whole_sentences(phrases, pairs, *lengths) if config.whole_sentence else (phrases, pairs)


def with_whole_sentences(
    phrases: np.ndarray, pairs: np.ndarray, source_lengths: np.ndarray, target_lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Adds the whole sentence to the phrases of each pair that has some, behind them.

    Args:
        phrases: [P, 4] positions within their sentences.
        pairs: [P] the pair of each, ascending.
        source_lengths: [N] words of the source sentences.
        target_lengths: [N] words of the target sentences.
    """
    some = np.unique(pairs)
    nothing = np.zeros(len(some), dtype=phrases.dtype)
    whole = np.stack([nothing, source_lengths[some], nothing, target_lengths[some]], axis=1)
    owners = np.concatenate([pairs, some])
    order = np.argsort(owners, kind="stable")
    return np.concatenate([phrases, whole])[order], owners[order]


def _append(columns: list[list[object]], pair_id: int, source: str, target: str, spans: int) -> None:
    for column, value in zip(columns, (pair_id, source, target, spans), strict=True):
        column.append(value)
