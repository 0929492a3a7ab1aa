"""Align sentences with their translations by a multilingual encoder: no training, no parallel text."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import WORD_ALIGNMENT, AnySentences, Encoder
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.aligned.links import WordLinks
from tasks.aligned.mutual import Subwords, aligned_words
from tasks.aligned.sentence_pairs import alignment_table, languages_of, sentence_pairs
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.subword_states import keep_first_layers, subword_states
from tasks.tagging.tagger import check_window_fits, load_encoder
from tasks.tagging.windows import WindowConfig, Windows, make_windows
from tasks.words.columns import list_lengths, offsets_of

_WORDS_AT_A_TIME = 50_000  # Some 75,000 sub-words: 115 MB of states that are 384 wide.
_SIMALIGN_SHARE = 8 / 12


class EncoderAlignment(Settings):
    """How an encoder aligns words."""

    layer: int | None = Field(
        None,
        ge=1,
        title="Layer",
        description="Whose states are compared, from 1; empty: two thirds of the way up, which is SimAlign's and "
        "awesome-align's layer 8 of 12. Higher layers are about the encoder's own task, lower ones about spelling.",
    )

    def layer_of(self, depth: int) -> int:
        """The layer of an encoder with so many."""
        return self.layer or max(1, round(depth * _SIMALIGN_SHARE))


def align_by_states(
    encoder: Any,
    source: Windows,
    target: Windows,
    inference: Inference,
    device: str,
    budget: int,
) -> WordLinks:
    """Links between the words of sentence pairs, by cosines of sub-words at the encoder's last layer.

    Args:
        encoder: cut off above the layer that is compared.
        source: windows of the source sentences.
        target: windows of as many translations.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch, of the encoder and of the comparison.
    """
    source_side, target_side = (_subwords(encoder, windows, inference, device, budget) for windows in (source, target))
    return aligned_words(source_side, target_side, budget)


def parts_of(pairs: pa.Table, words: int) -> list[tuple[int, int]]:
    """Rows of pairs, first and end, that have so many words on both sides together; the last of each goes over it."""
    ends = np.cumsum(sum(list_lengths(pairs[f"{side}_words"]) for side in ("source", "target")))
    starts = np.flatnonzero(np.diff((ends - 1) // words, prepend=-1))
    bounds = [0, *(starts[starts > 0]).tolist(), pairs.num_rows]
    return [(first, end) for first, end in pairwise(bounds) if first < end]


def align_pairs(
    folder: Path,
    pairs: pa.Table,
    config: EncoderAlignment,
    windows: WindowConfig,
    inference: Inference,
    device: str,
    budget: int,
    progress: Callable[[int], None],
) -> tuple[pa.Table, int]:
    """Aligns sentence pairs, so many at a time that memory stays bounded.

    Args:
        folder: of the encoder.
        pairs: from `sentence_pairs`.
        config: says which layer.
        windows: how long sentences are cut.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of pairs after each part.

    Returns:
        A table of `WORD_ALIGNMENT`, and the layer.

    Raises:
        InputError: if the encoder has no such layer, or is too short for the windows.
    """
    model, tokenizer = load_encoder(folder)
    check_window_fits(model, windows.max_length_subwords)
    layer = config.layer_of(int(model.config.num_hidden_layers))
    keep_first_layers(model, layer)
    parts: list[pa.Table] = []

    def cut(words: Sequence[Sequence[str]]) -> Windows:
        return make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)

    for first, end in parts_of(pairs, _WORDS_AT_A_TIME):
        part = pairs.slice(first, end - first)
        cuts = cut(part["source_words"].to_pylist()), cut(part["target_words"].to_pylist())
        parts.append(alignment_table(part, align_by_states(model, *cuts, inference, device, budget)))
        progress(part.num_rows)
    return (pa.concat_tables(parts) if parts else WORD_ALIGNMENT.schema.empty_table()), layer


@step(WORD_ALIGNMENT)
def align_by_encoder(
    job: Job,
    source: AnySentences,
    target: AnySentences,
    encoder: Encoder,
    config: EncoderAlignment,
    windows: WindowConfig,
    inference: Inference = FLOAT32,
) -> None:
    """Aligns the words of sentences with those of their translations, which have the sentences' ids."""
    columns = ["sentence_id", "words"]
    pairs = sentence_pairs(job.table(source, columns=columns), job.table(target, columns=columns))
    with job.progress("aligning words", pairs.num_rows, "sentence pairs") as advance:
        how = (config, windows, inference, job.device, job.inference_subwords)
        rows, layer = align_pairs(job.folder(encoder), pairs, *how, advance)
    said = {"aligner": "encoder", "layer": layer, "links": int(list_lengths(rows["source_links"]).sum())}
    job.write(rows, metadata={**languages_of(job.metadata(source), job.metadata(target)), **said})


def _subwords(encoder: Any, windows: Windows, inference: Inference, device: str, budget: int) -> Subwords:
    states, pieces = subword_states(encoder, windows, inference, device=device, budget=budget)
    ends = offsets_of(pieces)[offsets_of(windows.word_counts)]
    return Subwords(states, np.repeat(np.arange(len(pieces)), pieces), np.diff(ends))
