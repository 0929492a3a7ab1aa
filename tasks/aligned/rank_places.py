"""Give entities the places that the translator finds most similar to them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import ALIGNED_TRANSLATION, AlignedTranslation, CandidateScores
from artifacts.step import Job, step
from tasks.aligned.candidates import Ranking
from tasks.aligned.place_labels import Incomplete, counted, placed_anew
from tasks.aligned.ranking import PlaceRanking, best_candidates
from tasks.aligned.similarity import NAMES, similarities
from tasks.aligned.spans import Placed
from tasks.words.columns import flat_label_ids, flat_values, list_lengths, offsets_of
from tasks.words.spans import entity_spans

_OF_SCORES = ("which", "both_directions", "candidates", "pairs", "left_out", "entities_cut", "unscored")


@dataclass(frozen=True)
class Ranked:
    """Labels after ranking.

    Attributes:
        rows: of `ALIGNED_TRANSLATION`.
        asked: how many entities were ranked.
        placed: how many of them have a place, by what word alignment had said: the reason, or "placed".
        agreed: how many stand where it had placed them.
    """

    rows: pa.Table
    asked: int
    placed: dict[str, int]
    agreed: int


def ranked_places(
    placed: pa.Table,
    scores: pa.Table,
    labels: Sequence[str],
    which: Ranking,
    config: PlaceRanking,
    incomplete: Incomplete,
) -> Ranked:
    """Labelled translations whose ranked entities stand at their best candidates.

    Args:
        placed: of `ALIGNED_TRANSLATION`, by word alignment.
        scores: of `CANDIDATE_SCORES`, of its entities.
        labels: IOB2 labels of the tags.
        which: entities that were ranked; the others keep their places.
        config: when a candidate becomes a place.
        incomplete: whether sentences of which an entity has no place are dropped, or kept without it.
    """
    source_lengths, lengths = (list_lengths(placed[name]) for name in ("source_words", "words"))
    spans = entity_spans(flat_label_ids(placed["source_tags"], labels, "labelled sentences"), source_lengths, labels)
    said = np.array(flat_values(placed["reasons"]).to_pylist(), dtype=object)
    asked = (lengths[spans.rows] > 0) & ((said != "") | (which == "all"))
    firsts = offsets_of(lengths)[:-1]
    of_alignment = [flat_values(placed[name]).to_numpy(zero_copy_only=False) for name in ("starts", "ends")]
    of_alignment = [np.where(of_alignment[0] >= 0, at + firsts[spans.rows], -1) for at in of_alignment]

    row = pc.index_in(scores["sentence_id"], value_set=placed["sentence_id"].combine_chunks()).to_numpy()
    entity = np.searchsorted(spans.rows, row) + scores["entity"].to_numpy()
    starts, ends = (scores[name].to_numpy() + firsts[row] for name in ("start", "end"))
    similar = similarities({name: scores[name].to_numpy() for name in NAMES})
    chosen = best_candidates(row, entity, starts, ends, similar, config.min_similarity)
    found = entity[chosen]

    best = np.full(len(spans), np.nan, dtype=np.float32)
    np.fmax.at(best, entity, similar)
    best[found] = similar[chosen]
    why = np.where(best >= config.min_similarity, "taken", "unlikely").astype(object)
    why[~np.isin(np.arange(len(spans)), entity)] = "no_candidate"
    why[found] = ""
    at_first, at_end = (np.where(asked, -1, at) for at in of_alignment)
    at_first[found], at_end[found] = starts[chosen], ends[chosen]
    linked = [flat_values(placed[name]).to_numpy(zero_copy_only=False) for name in ("shares", "similarities")]
    shares, known = np.where(asked, np.nan, linked[0]), np.where(asked, best, linked[1])
    now = Placed(at_first, at_end, shares, known, np.zeros(len(spans), dtype=np.int64))
    rows = placed_anew(placed, spans, now, np.where(asked, why, said), labels, incomplete)
    counts = Counter(reason or "placed" for reason in said[found].tolist())
    agreed = (at_first == of_alignment[0])[found] & (at_end == of_alignment[1])[found]
    return Ranked(rows, int(asked.sum()), dict(sorted(counts.items())), int(agreed.sum()))


@step(ALIGNED_TRANSLATION)
def rank_places(
    job: Job, placed: AlignedTranslation, scores: CandidateScores, config: PlaceRanking, incomplete: Incomplete
) -> None:
    """Places entities of translations by what `scores` says of their candidates."""
    about, scored = job.metadata(placed), job.metadata(scores)
    found = ranked_places(job.table(placed), job.table(scores), about["labels"], scored["which"], config, incomplete)
    told = {name: about[name] for name in ("language", "labels", "corpus", "untranslated")}
    ranking = {name: scored[name] for name in _OF_SCORES} | {"min_similarity": config.min_similarity}
    ranking |= {"asked": found.asked, "placed": found.placed, "agreed": found.agreed}
    job.write(found.rows, {**told, **counted(found.rows), "ranking": ranking})
