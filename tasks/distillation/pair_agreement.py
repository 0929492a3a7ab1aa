"""What a tagger says of both sides of conjugate pairs, and how much of its agreement is on `illegal` (ConNER, 2.3)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from artifacts.catalog import PAIR_AGREEMENT, ConjugatePairs, Tagger
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.distillation.consistency_losses import divergence
from tasks.distillation.paired_windows import paired_windows
from tasks.distillation.span_probabilities import span_log_probabilities
from tasks.tagging.crf_head import CRF
from tasks.tagging.inference import Inference, word_outputs
from tasks.tagging.tagger import check_window_fits, load_tagger
from tasks.tagging.windows import WindowConfig
from tasks.words.bioes import bioes_labels
from tasks.words.labels import entity_types

_SPANS = ("starts", "ends", "translated_starts", "translated_ends")


def drawn_sentences(pair_counts: np.ndarray, at_most: int, seed: int) -> np.ndarray:
    """Sentences whose pairs are looked at, drawn by a seed.

    Args:
        pair_counts: [M] pairs of each sentence.
        at_most: pairs; sentences are whole, and one is taken even if it has more.
        seed: decides which.

    Returns:
        Rows of sentences with a pair, ascending.
    """
    filled = np.random.default_rng(seed).permutation(np.flatnonzero(pair_counts))
    count = np.searchsorted(np.cumsum(pair_counts[filled]), at_most, side="right")
    return np.sort(filled[: max(1, int(count))])


def pair_predictions(first: torch.Tensor, second: torch.Tensor, types: Sequence[str]) -> dict[str, pa.Array]:
    """What is said of both sides of pairs, by the columns of `PAIR_AGREEMENT` of those names.

    Args:
        first: [P, T + 2] log-probabilities of spans, as `span_log_probabilities` gives them.
        second: [P, T + 2] those of their translations.
        types: [T] entity types, sorted.
    """
    names = pa.array([*types, "O", "illegal"])
    columns = {}
    for side, said in (("", first), ("translated_", second)):
        columns[f"{side}label"] = names.take(pa.array(said.argmax(dim=1).numpy()))
        columns[f"{side}illegal"] = pa.array(said[:, -1].exp().double().numpy())
    columns["divergence"] = pa.array(divergence(first, second).double().numpy())
    return columns


def totals(columns: dict[str, pa.Array]) -> dict[str, int | float]:
    """Counts and means over the rows of `PAIR_AGREEMENT`, at least one; its metadata's `total`."""
    one, other = (columns[f"{side}label"].to_numpy(zero_copy_only=False) for side in ("", "translated_"))
    illegal = (one == "illegal").astype(int) + (other == "illegal")
    return {
        "pairs": len(one),
        "illegal_on_both": int((illegal == 2).sum()),
        "illegal_on_one": int((illegal == 1).sum()),
        "illegal_on_neither": int((illegal == 0).sum()),
        "same_type": int(((one == other) & (illegal == 0) & (one != "O")).sum()),
        "mean_illegal": float(np.mean([columns["illegal"], columns["translated_illegal"]])),
        "mean_divergence": float(np.mean(columns["divergence"])),
    }


@step(PAIR_AGREEMENT)
def measure_pair_agreement(
    job: Job,
    tagger: Tagger,
    pairs: ConjugatePairs,
    at_most: int,
    seed: int,
    windows: WindowConfig,
    inference: Inference,
) -> None:
    """What a tagger says of both sides of pairs of spans; of whole sentences that have `at_most` pairs together.

    Probabilities are those of the consistency loss: of the emissions, without the CRF and without dropout.

    Raises:
        InputError: if there is no pair, or the tagger has no CRF.
    """
    table = job.table(pairs)
    counts = _kept(table)
    if not counts.any():
        raise InputError(
            f"agreement on pairs: none of the {table.num_rows} sentences has a pair; expected at least one"
        )
    chosen = drawn_sentences(counts, at_most, seed)
    model, tokenizer = load_tagger(job.folder(tagger), CRF)
    check_window_fits(model, windows.max_length_subwords)
    labels = CRF.labels(model)
    drawn = table.take(pa.array(chosen))
    paired = paired_windows(drawn, tokenizer, windows)
    said = []
    for cut, spans in ((paired.original, paired.spans), (paired.translated, paired.translated_spans)):
        outputs = word_outputs(CRF, model, cut, inference, device=job.device, budget=job.inference_subwords)
        starts, ends = torch.from_numpy(spans).T
        said.append(span_log_probabilities(outputs, starts, ends, bioes_labels(labels)))
    columns = pair_predictions(said[0], said[1], entity_types(labels))
    metadata = {"sentences": len(chosen), "of_pairs": int(counts.sum()), "total": totals(columns)}
    rows = pa.Table.from_pylist(_places(drawn))
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    job.write(rows, metadata=metadata)


def _kept(pairs: pa.Table) -> np.ndarray:
    """[M] pairs of each sentence that were not dropped."""
    return np.array([reasons.count("") for reasons in pairs["reasons"].to_pylist()])


def _places(pairs: pa.Table) -> list[dict[str, Any]]:
    """Where the spans of pairs stand and what they say, in the order of `PairedWindows`."""
    found = []
    for row in pairs.to_pylist():
        spans = zip(*(row[name] for name in _SPANS), row["reasons"], strict=True)
        for start, end, translated_start, translated_end, reason in spans:
            if not reason:
                found.append(
                    {
                        "sentence_id": row["sentence_id"],
                        "start": start,
                        "end": end,
                        "text": " ".join(row["words"][start:end]),
                        "translated_start": translated_start,
                        "translated_end": translated_end,
                        "translated_text": " ".join(row["translation"][translated_start:translated_end]),
                    }
                )
    return found
