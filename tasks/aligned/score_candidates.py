"""Ask the translator how well spans of translations translate the entities of their sources (T-Projection)."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import CANDIDATE_SCORES, CONVERTED_TRANSLATOR, AlignedTranslation, AnyTranslator, WordAlignment
from artifacts.step import Job, step
from tasks.aligned.candidates import CandidateSpans, Ranking, candidate_spans
from tasks.aligned.links import WordLinks
from tasks.aligned.sentence_pairs import links_of
from tasks.aligned.similarity import NAMES
from tasks.translation.machine.card import TranslatorCard, read_card
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.scoring import Direction, Scorer, make_scorers
from tasks.translation.marked.moses import detokenizer
from tasks.translation.projection.joined import joined
from tasks.words.columns import flat_label_ids, flat_numbers, flat_values, list_column, list_lengths, offsets_of, ranges
from tasks.words.spans import entity_spans

_SENTENCES_AT_A_TIME = 4096
_PAIRS_AT_A_TIME = 16_384  # A kill loses no more; batches are of pairs of the same lengths, so fewer would be slower.
_ROWS_AT_A_TIME = 65_536
_BETWEEN_WORDS = "\t"
_LETTER_OR_DIGIT = r"[\p{L}\p{N}]"


@dataclass(frozen=True)
class PairScorers:
    """What finds log probabilities of entities e and candidates c; without a backward direction the last two are None.

    forward        of p(c | e)
    forward_self   of p(c | c)
    backward       of p(e | c)
    backward_self  of p(e | e)
    """

    forward: Scorer
    forward_self: Scorer
    backward: Scorer | None
    backward_self: Scorer | None


@dataclass(frozen=True)
class PairTexts:
    """Different pairs of an entity's text and a candidate's, of C candidates.

    entities  texts, each once
    targets   texts of candidates, each once
    entity    [P] int, place in `entities` of each pair
    target    [P] int, place in `targets`
    pair      [C] int, the pair of each candidate
    """

    entities: list[str]
    targets: list[str]
    entity: np.ndarray
    target: np.ndarray
    pair: np.ndarray

    def scores(self, both_directions: bool) -> int:
        """How many log probabilities are to be found."""
        ways = 1 + both_directions
        return ways * len(self.entity) + len(self.targets) + both_directions * len(self.entities)


def has_both_directions(forward: Path, backward: Path | None, languages: Direction) -> bool:
    """Whether `backward`, the folder of a translator, translates from the second language into the first.

    Args:
        forward: folder of the translator of the other direction.
        backward: the same for one of many languages; a Marian has one direction alone.
        languages: of the sources, and of the translations.
    """
    if backward is None:
        return False
    card = read_card(backward)
    if card.folders:
        return languages[::-1] in card.directions
    return card.family != "marian" or backward != forward


def load_pair_scorers(
    forward: Path, backward: Path | None, languages: Direction, config: Generation, *, device: str, budget: int
) -> PairScorers:
    """Loads the translator, or both, each model once.

    Where a translator of one direction is to find p(c | c), it reads c as if it was in the language that it reads.

    Args:
        forward: folder of the translator.
        backward: folder of that of the other direction; often the same; None: there is none.
        languages: of the sources, and of the translations.
        config: engine, precision and longest text.
        device: "cpu" or "cuda".
        budget: sub-words of a batch.
    """
    both = has_both_directions(forward, backward, languages)
    wanted = [(forward, each) for each in _with_itself(read_card(forward), languages, both)]
    if backward is not None and both:
        wanted += [(backward, each) for each in _with_itself(read_card(backward), languages[::-1], both)]
    scorers: dict[int, Scorer] = {}
    for folder in dict.fromkeys(folder for folder, _ in wanted):
        places = [place for place, (of, _) in enumerate(wanted) if of == folder]
        made = make_scorers(folder, [wanted[place][1] for place in places], config, device=device, budget=budget)
        scorers.update(zip(places, made, strict=True))
    return PairScorers(scorers[0], scorers[1], scorers.get(2), scorers.get(3))


def _with_itself(card: TranslatorCard, direction: Direction, both: bool) -> tuple[Direction, Direction]:
    """A direction, and that in which texts of its second language are read and written again."""
    one_way = bool(card.folders) or card.family == "marian" or not both
    return direction, direction if one_way else (direction[1], direction[1])


def entity_candidates(
    placed: pa.Table, alignment: pa.Table, labels: Sequence[str], which: Ranking, config: CandidateSpans
) -> tuple[pa.Table, dict[str, int]]:
    """The candidates of the entities that are asked for.

    `unplaced`: of those that have no place, spans that share no word with a place. `all`: of every entity; where it has
    links, spans with a word that is linked to it.

    Args:
        placed: of `ALIGNED_TRANSLATION`.
        alignment: of `WORD_ALIGNMENT`, of the same sentences.
        labels: IOB2 labels of the sources.
        which: entities.
        config: how long and how many.

    Returns:
        A table of sentence_id, entity, start, end, and the words of source and target with tabs between them, as
        dictionaries; and how many entities, candidates and so on there are.
    """
    links_alone = alignment.drop_columns(["source_words", "target_words"]).rename_columns(
        ["sentence_id", "source_links", "target_links", "similarities"]
    )
    rows = joined(placed.drop_columns(["similarities"]), links_alone)
    rows = rows.append_column("target_words", rows["words"])
    source_lengths, lengths = (list_lengths(rows[f"{side}_words"]) for side in ("source", "target"))
    spans = entity_spans(flat_label_ids(rows["source_tags"], labels, "labelled sentences"), source_lengths, labels)
    wordlike = [
        pc.match_substring_regex(flat_values(rows[f"{side}_words"]), _LETTER_OR_DIGIT).to_numpy(zero_copy_only=False)
        for side in ("source", "target")
    ]
    links = links_of(rows)
    alike = wordlike[0][links.source] == wordlike[1][links.target]
    links = WordLinks(links.source[alike], links.target[alike], links.similarities[alike])
    asked = lengths[spans.rows] > 0
    free = np.ones(len(wordlike[1]), dtype=bool)
    firsts = offsets_of(lengths)[:-1]
    if which == "unplaced":
        starts, ends = (flat_numbers(rows[name]) for name in ("starts", "ends"))
        there = starts >= 0
        asked &= ~there
        free[ranges((starts + firsts[spans.rows])[there], (ends - starts)[there])] = False
    found = candidate_spans(spans, asked, lengths, (wordlike[1], free), links, config, linked_only=which == "all")
    row = spans.rows[found.entities]
    number = np.arange(len(spans)) - np.searchsorted(spans.rows, spans.rows)
    names = _texts(flat_values(rows["source_words"]), spans.starts, spans.ends)
    table = pa.table(
        {
            "sentence_id": rows["sentence_id"].take(pa.array(row)),
            "entity": pa.array(number[found.entities], pa.int32()),
            "start": pa.array(found.starts - firsts[row], pa.int32()),
            "end": pa.array(found.ends - firsts[row], pa.int32()),
            "source": names.take(pa.array(found.entities)),
            "target": _texts(flat_values(rows["target_words"]), found.starts, found.ends),
        }
    )
    with_some = np.zeros(len(spans), dtype=bool)
    with_some[found.entities] = True
    counts = {
        "entities": int(asked.sum()),
        "without_candidates": int((asked & ~with_some).sum()),
        "candidates": len(found.entities),
        "left_out": int(found.left_out.sum()),
        "entities_cut": int(np.count_nonzero(found.left_out)),
    }
    return table, counts


def _texts(words: pa.Array, starts: np.ndarray, ends: np.ndarray) -> pa.DictionaryArray:
    """The words of spans, with tabs between them."""
    lengths = ends - starts
    of_each = list_column(lengths, words.take(pa.array(ranges(starts, lengths))))
    return pc.binary_join(of_each, _BETWEEN_WORDS).dictionary_encode()


def pair_texts(candidates: pa.Table, languages: Direction) -> PairTexts:
    """The texts of the candidates of `entity_candidates`, as a person writes them, each once."""
    found = []
    for side, language in zip(("source", "target"), languages, strict=True):
        whole = candidates[side].unify_dictionaries().combine_chunks()
        used, numbers = np.unique(whole.indices.to_numpy(), return_inverse=True)
        join = detokenizer(language)
        words = whole.dictionary.take(pa.array(used)).to_pylist()
        texts = pa.array([join(each.split(_BETWEEN_WORDS)) for each in words], pa.string()).dictionary_encode()
        found.append((texts.indices.to_numpy()[numbers].astype(np.int64), texts.dictionary.to_pylist()))
    (of_entity, entities), (of_target, targets) = found
    many = max(1, len(targets))
    keys, pair = np.unique(of_entity * many + of_target, return_inverse=True)
    return PairTexts(entities, targets, *np.divmod(keys, many), pair)


def pair_scores(
    texts: PairTexts, scorers: PairScorers, progress: Callable[[int], None], folder: Path | None = None
) -> dict[str, np.ndarray]:
    """By each of `NAMES`, [C] float32 log probabilities; NaN where there is none.

    Args:
        texts: of entities and candidates.
        scorers: of both directions, or of one.
        progress: called with the number of scores after each batch.
        folder: where scores are kept as they come, and taken from; one for these texts and scorers. None: nowhere.
    """
    found = dict.fromkeys(NAMES, np.full(len(texts.pair), np.nan, dtype=np.float32))
    entities, targets = (texts.entities, texts.entity), (texts.targets, texts.target)
    for name, given, asked in (("forward", entities, targets), ("backward", targets, entities)):
        scorer, itself = getattr(scorers, name), getattr(scorers, f"{name}_self")
        if scorer is not None and itself is not None:
            kept = _Kept(folder, name)
            found[name] = kept.scores(scorer, given, asked, progress)[texts.pair]
            every = asked[0], np.arange(len(asked[0]))
            alone = _Kept(folder, f"{name}_self").scores(itself, every, every, progress)
            found[f"{name}_self"] = alone[asked[1][texts.pair]]
    return found


@dataclass(frozen=True)
class _Kept:
    """Log probabilities of one sort, some thousands of pairs at a time, each lot in a file of its own.

    A score does not depend on what it is computed with, as batches have no padding.
    """

    folder: Path | None
    name: str

    def scores(
        self,
        scorer: Scorer,
        sources: tuple[list[str], np.ndarray],
        outputs: tuple[list[str], np.ndarray],
        progress: Callable[[int], None],
    ) -> np.ndarray:
        """[P] float32 of pairs, each side given as texts and [P] places among them."""
        lots = [np.zeros(0, dtype=np.float32)]
        for start in range(0, len(sources[1]), _PAIRS_AT_A_TIME):
            place = None if self.folder is None else self.folder / f"{self.name}.{start:010d}.npy"
            if place is not None and place.is_file():
                lots.append(np.load(place))
                progress(len(lots[-1]))
                continue
            sides = [_used(texts, which[start : start + _PAIRS_AT_A_TIME]) for texts, which in (sources, outputs)]
            (given, first), (asked, second) = sides
            lots.append(scorer.log_probabilities(given, asked, (first, second), progress))
            if place is not None:
                _save(lots[-1], place)
        return np.concatenate(lots)


def _used(texts: list[str], which: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The texts at some places, each once, and the same places among these."""
    used, places = np.unique(which, return_inverse=True)
    return [texts[i] for i in used], places


def _save(scores: np.ndarray, place: Path) -> None:
    """Writes scores, completely or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            np.save(file, scores)
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)


def scored_candidates(
    candidates: pa.Table, texts: PairTexts, scores: dict[str, np.ndarray]
) -> Iterator[pa.RecordBatch]:
    """Rows of `CANDIDATE_SCORES`, in batches.

    Args:
        candidates: of `entity_candidates`.
        texts: theirs.
        scores: of `pair_scores`.
    """
    sides = [
        (pa.array(names, pa.string()), which[texts.pair])
        for names, which in ((texts.entities, texts.entity), (texts.targets, texts.target))
    ]
    for start in range(0, candidates.num_rows, _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        here = candidates.slice(start, _ROWS_AT_A_TIME)
        columns = [here[name].combine_chunks() for name in ("sentence_id", "entity", "start", "end")]
        columns += [names.take(pa.array(which[part])) for names, which in sides]
        columns += [pa.array(scores[name][part], pa.float32(), from_pandas=True) for name in NAMES]
        yield pa.RecordBatch.from_arrays(columns, schema=CANDIDATE_SCORES.schema)


@step(CANDIDATE_SCORES)
def score_candidates(
    job: Job,
    placed: AlignedTranslation,
    alignment: WordAlignment,
    translator: AnyTranslator,
    backward: AnyTranslator | None,
    which: Ranking,
    config: CandidateSpans,
    generation: Generation,
) -> None:
    """Finds candidates of entities in translations, and how probable the translator finds each.

    `placed` and `alignment` are of the same sentences; `backward` is the translator of the other direction, often the
    same. Which entities: those without a place (`unplaced`), or all. Scores are kept as they come: after a kill it
    goes on with the others.
    """
    about = job.metadata(alignment)
    languages = about["source_language"], about["target_language"]
    sentences, links, labels = job.table(placed), job.table(alignment), job.metadata(placed)["labels"]
    parts, counts = [], dict[str, int]()
    for start in range(0, max(1, sentences.num_rows), _SENTENCES_AT_A_TIME):
        part = sentences.slice(start, _SENTENCES_AT_A_TIME)
        there = links.filter(pc.is_in(links["pair_id"], value_set=part["sentence_id"].combine_chunks()))
        table, found = entity_candidates(part, there, labels, which, config)
        parts.append(table)
        counts = {name: counts.get(name, 0) + value for name, value in found.items()}
    candidates = pa.concat_tables(parts)
    texts = pair_texts(candidates, languages)
    forward, back = job.folder(translator), None if backward is None else job.folder(backward)
    both = has_both_directions(forward, back, languages)
    scores = dict.fromkeys(NAMES, np.full(candidates.num_rows, np.nan, dtype=np.float32))
    with job.progress("scoring candidates", texts.scores(both), "pairs of texts") as advance:
        if candidates.num_rows:
            how: dict[str, Any] = {"device": job.device, "budget": job.inference_subwords}
            scorers = load_pair_scorers(forward, back, languages, generation, **how)
            scores = pair_scores(texts, scorers, advance, job.work_folder / "scores")
    engine = "ctranslate2" if translator.kind == CONVERTED_TRANSLATOR.name else "transformers"
    job.note(engine=engine, scores=texts.scores(both))
    said: dict[str, Any] = {"source_language": languages[0], "target_language": languages[1]}
    said |= {"which": which, "both_directions": both, **counts, "pairs": len(texts.entity)}
    said["unscored"] = int(np.isnan(scores["forward"] + scores["forward_self"]).sum())
    job.write(scored_candidates(candidates, texts, scores), said)
