"""`crosstag align`: how good labels are that word alignment places, against gold of the translations, or markers."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Column, Table

from artifacts.catalog import CANDIDATE_SCORES, MARKED_TRANSLATION
from artifacts.errors import InputError
from artifacts.progress import progress
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.configuration import checked, checked_file, override
from flows.parts.corpora import corpus_input, input_file
from flows.parts.run_tables import wide_console
from tasks.aligned.candidates import CandidateSpans, Ranking
from tasks.aligned.encoder_alignment import EncoderAlignment, align_pairs
from tasks.aligned.join_alignments import Joining, joined_links
from tasks.aligned.place_labels import LabelPlacing, place_labels_of
from tasks.aligned.rank_places import ranked_places
from tasks.aligned.ranking import PlaceRanking
from tasks.aligned.score_candidates import (
    PairScorers,
    entity_candidates,
    load_pair_scorers,
    pair_scores,
    pair_texts,
    scored_candidates,
)
from tasks.aligned.sentence_pairs import alignment_table, links_of
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.parallel import count_pairs, pair_batches
from tasks.corpus.text import translation_splitter
from tasks.evaluation.scores import EntityScore, entity_scores
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.translation.machine.card import CARD_FILE, Family
from tasks.translation.machine.converting import CONVERTED, convert_folder
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translator import check_translator_folder
from tasks.translation.pairs.word_alignment import Alignment, align, alignment_rows
from tasks.words.columns import flat_label_ids, flat_values, list_lengths
from tasks.words.labels import LabelConfig, entity_types

_RANKINGS: tuple[Ranking, ...] = ("unplaced", "all")
_JOINED: tuple[Joining, ...] = ("union", "intersection")
_COLUMNS = ("labels placed by", "precision", "recall", "F1", "entities placed", "sentences kept", "entities lost")


@dataclass(frozen=True)
class Asked:
    """Which sentences, and by what they are aligned.

    Attributes:
        corpora: the labelled file, and the labelled translations, line by line; or a marked translation, whose labels
            by markers stand for gold.
        languages: of both files.
        encoder: folder of one; None: none is asked.
        layers: of the encoder; 0: its default.
        eflomal: whether eflomal is asked, too, and both joined.
        parallel: two text files that eflomal learns from beside the sentences; empty: none.
        settings: of `CorpusFormat`, and behind `labels.` of `LabelConfig`, as KEY=VALUE.
        data: where relative paths start.
        translator: folder of one that ranks candidates for places, too; None: none is asked.
        family: of the translator; None: as its files tell.
        both_directions: whether it translates from the second language into the first as well.
        min_similarity: of an entity and the candidate that becomes its place; None: the default.
        store: where the marked translation lies.
    """

    corpora: tuple[str, str] | Reference
    languages: tuple[str, str]
    encoder: Path | None
    layers: tuple[int, ...] = (0,)
    eflomal: bool = True
    parallel: tuple[str, str] | None = None
    settings: tuple[str, ...] = ()
    data: str = "."
    translator: Path | None = None
    family: Family | None = None
    both_directions: bool = True
    min_similarity: float | None = None
    store: str = "store"


def print_placing(asked: Asked, device: str, budget: int, inference: Inference) -> None:
    """Prints precision, recall and F1 of placed labels against the gold of the translations.

    Raises:
        InputError: if both files differ in their number of sentences or types, or nothing is asked.
    """
    if asked.encoder is None and not asked.eflomal:
        raise InputError("align: neither an encoder nor eflomal is asked; name one by --encoder, or leave --no-eflomal")
    source, target = _corpora(asked)
    pairs = pa.table(
        {"pair_id": np.arange(len(source.words)), "source_words": source.words, "target_words": target.words}
    )
    table = Table(*(Column(name, no_wrap=True) for name in _COLUMNS), box=None, pad_edge=False)
    with _scorers(asked, device, budget) as scorers:  # First: what is wrong with it is told before anything is aligned.
        for name, alignment in _alignments(asked, pairs, device, budget, inference).items():
            placed = placed_labels(source, alignment)
            table.add_row(name, *_cells(source, target, placed))
            if scorers is not None:
                for which in _RANKINGS:
                    ranked = ranked_labels(source, placed, alignment, which, asked, scorers)
                    table.add_row(f"{name}; ranking {which}", *_cells(source, target, ranked))
    console = wide_console()
    console.print(table)
    by = "labels by markers as gold; " if isinstance(asked.corpora, Reference) else ""
    console.print(
        f"\n{len(source.words):,} sentences; {by}strict entities as seqeval counts them, in %, all types together; "
        "sentences kept: those of which every entity has a place"
    )


def _alignments(asked: Asked, pairs: pa.Table, device: str, budget: int, inference: Inference) -> dict[str, pa.Table]:
    """Links of the pairs as `WORD_ALIGNMENT`, by whom they are."""
    found: dict[str, pa.Table] = {}
    for number in asked.layers if asked.encoder is not None else ():
        assert asked.encoder is not None
        with progress("align", "aligning words", pairs.num_rows, "sentence pairs", in_flow=False) as advance:
            config = EncoderAlignment(layer=number or None)
            how = (config, WindowConfig(), inference, device, budget)
            alignment, layer = align_pairs(asked.encoder, pairs, *how, advance)
        found[f"encoder, layer {layer}"] = alignment
    if asked.eflomal:
        by_eflomal = _by_eflomal(asked, pairs)
        for name, alignment in list(found.items()):
            for joining in _JOINED:
                links = joined_links(links_of(alignment), links_of(by_eflomal), joining)
                found[f"{joining} of {name}, and eflomal"] = alignment_table(pairs, links)
        found["eflomal"] = by_eflomal
    return found


def placed_labels(source: Corpus, alignment: pa.Table) -> pa.Table:
    """Labels placed along links, as `ALIGNED_TRANSLATION`; sentences that lost an entity keep the others.

    Args:
        source: labelled sentences.
        alignment: of `WORD_ALIGNMENT`, of them and their translations.
    """
    rows = alignment.rename_columns(["sentence_id" if n == "pair_id" else n for n in alignment.column_names])
    rows = rows.append_column("source_tags", pa.array(source.tags, pa.list_(pa.string())))
    return place_labels_of(rows, source.labels, LabelPlacing(incomplete="keep"))


def ranked_labels(
    source: Corpus, placed: pa.Table, alignment: pa.Table, which: Ranking, asked: Asked, scorers: PairScorers
) -> pa.Table:
    """The same after the translator has ranked candidates.

    Args:
        source: labelled sentences.
        placed: of `placed_labels`.
        alignment: of `WORD_ALIGNMENT`.
        which: entities that are ranked.
        asked: says both languages, and the least similarity.
        scorers: of the translator.
    """
    candidates, _ = entity_candidates(placed, alignment, source.labels, which, CandidateSpans())
    texts = pair_texts(candidates, asked.languages)
    total = texts.scores(scorers.backward is not None)
    with progress("align", f"ranking {which}", total, "pairs of texts", in_flow=False) as advance:
        found = pair_scores(texts, scorers, advance)
    scores = pa.Table.from_batches(scored_candidates(candidates, texts, found), CANDIDATE_SCORES.schema)
    config = PlaceRanking() if asked.min_similarity is None else PlaceRanking(min_similarity=asked.min_similarity)
    return ranked_places(placed, scores, source.labels, which, config, "keep").rows


def placed_score(source: Corpus, target: Corpus, placed: pa.Table) -> EntityScore:
    """The score of all types together.

    Args:
        source: labelled sentences.
        target: their translations, with gold.
        placed: of `ALIGNED_TRANSLATION`.
    """
    gold = pa.array(target.tags, pa.list_(pa.string()))
    lengths = list_lengths(gold)
    if not np.array_equal(lengths, list_lengths(placed["tags"])):
        raise InputError("align: a translation has no word; expected sentences on both sides; take such lines out")
    truth, found = (flat_label_ids(tags, source.labels, "align") for tags in (gold, placed["tags"]))
    return entity_scores(truth, found, lengths, source.labels)[0]


def _cells(source: Corpus, target: Corpus, placed: pa.Table) -> list[str]:
    score = placed_score(source, target, placed)
    reasons = flat_values(placed["reasons"]).to_pylist()
    rows = np.repeat(np.arange(placed.num_rows), list_lengths(placed["reasons"]))
    lost = Counter(filter(None, reasons))
    kept = placed.num_rows - len(np.unique(rows[[bool(reason) for reason in reasons]]))
    numbers = [f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1)]
    why = ", ".join(f"{reason} {count:,}" for reason, count in lost.most_common())
    return [*numbers, f"{len(reasons) - lost.total():,} of {len(reasons):,}", f"{kept:,}", why or "none"]


@contextmanager
def _scorers(asked: Asked, device: str, budget: int) -> Iterator[PairScorers | None]:
    """The translator that ranks, if one is asked; converted for ctranslate2 where it is not."""
    if asked.translator is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as work:
        folder = asked.translator
        if not any(folder.glob(f"**/{CONVERTED}")):
            carded = (folder / CARD_FILE).is_file()
            family = None if carded else check_translator_folder(folder, asked.family)
            folder = Path(work)
            convert_folder(asked.translator, folder, family)
        back = folder if asked.both_directions else None
        yield load_pair_scorers(folder, back, asked.languages, Generation(), device=device, budget=budget)


def _by_eflomal(asked: Asked, pairs: pa.Table) -> pa.Table:
    """Links of the pairs by eflomal, which reads the parallel text with them."""
    words = [pairs[f"{side}_words"].to_pylist() for side in ("source", "target")]
    if asked.parallel is not None:
        one, other = (input_file(path, Runtime(data=asked.data)) for path in asked.parallel)
        count_pairs(one, other)
        splits = [translation_splitter(code) for code in asked.languages]
        for batch in pair_batches(one, other):
            for side, name, split in zip(words, ("source", "target"), splits, strict=True):
                side += map(split, batch[name].to_pylist())
    found = list(align(words[0], words[1], Alignment(), None))[: pairs.num_rows]
    return alignment_rows(pairs["pair_id"], [side[: pairs.num_rows] for side in words], found)


def _corpora(asked: Asked) -> tuple[Corpus, Corpus]:
    if isinstance(asked.corpora, Reference):
        return _by_markers(Store(asked.store), asked.corpora, asked.languages)
    of_labels = [each.removeprefix("labels.") for each in asked.settings if each.startswith("labels.")]
    of_reader = [each for each in asked.settings if not each.startswith("labels.")]
    labels = checked(LabelConfig, override({}, of_labels), "align", lambda key: f"--set labels.{key}")
    found = []
    for path, language in zip(asked.corpora, asked.languages, strict=True):
        file = checked_file(override({"path": path}, of_reader), "align", {"path": "SOURCE or TARGET"})
        source = corpus_input(file, Runtime(data=asked.data))
        found.append(load_corpus(source, file.without_path(), labels, language))
    one, other = found
    if len(one.words) != len(other.words) or one.types != other.types:
        raise InputError(
            f"align: {asked.corpora[0]} has {len(one.words):,} sentences of types {', '.join(one.types)}, "
            f"{asked.corpora[1]} {len(other.words):,} of {', '.join(other.types)}; expected translations line by line "
            "with the same types; map names by --set labels.rename.YOURS=ITS"
        )
    return one, other


def _by_markers(store: Store, marked: Reference, languages: tuple[str, str]) -> tuple[Corpus, Corpus]:
    """The sentences whose markers could be read, and their translations with the labels that these give."""
    if marked.kind != MARKED_TRANSLATION.name:
        raise InputError(f"align: {marked} is no marked_translation; expected one, or two labelled files")
    kept = store.table(marked).filter(pc.field("reason") == "")
    about = store.metadata(marked)
    if kept.num_rows == 0:
        raise InputError(f"align: no sentence of {marked} was kept ({about['dropped']}); take another")
    types = tuple(entity_types(about["labels"]))
    sides = (("source_words", "source_tags", languages[0]), ("words", "tags", about["language"]))
    one, other = (
        Corpus(language, kept[words].to_pylist(), kept[tags].to_pylist(), types) for words, tags, language in sides
    )
    return one, other
