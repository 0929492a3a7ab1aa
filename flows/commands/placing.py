"""`crosstag align`: how good labels are that word alignment places, on parallel sentences with gold on both sides."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.table import Column, Table

from artifacts.errors import InputError
from artifacts.progress import progress
from artifacts.runtime import Runtime
from flows.commands.configuration import checked, override
from flows.parts.corpora import corpus_input, input_file
from flows.parts.run_tables import wide_console
from tasks.aligned.encoder_alignment import EncoderAlignment, align_pairs
from tasks.aligned.join_alignments import Joining, joined_links
from tasks.aligned.place_labels import LabelPlacing, place_labels_of
from tasks.aligned.sentence_pairs import alignment_table, links_of
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFile
from tasks.corpus.parallel import load_pairs
from tasks.corpus.text import translation_splitter
from tasks.evaluation.scores import EntityScore, entity_scores
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.translation.pairs.word_alignment import Alignment, align, alignment_rows
from tasks.words.columns import flat_label_ids, flat_values, list_lengths
from tasks.words.labels import LabelConfig

_JOINED: tuple[Joining, ...] = ("union", "intersection")
_COLUMNS = ("labels placed by", "precision", "recall", "F1", "entities placed", "sentences kept", "entities lost")


@dataclass(frozen=True)
class Asked:
    """Which sentences, and by what they are aligned.

    Attributes:
        corpora: the labelled file, and the labelled translations, line by line.
        languages: of both.
        encoder: folder of one; None: none is asked.
        layers: of the encoder; 0: its default.
        eflomal: whether eflomal is asked, too, and both joined.
        parallel: two text files that eflomal learns from beside the sentences; empty: none.
        settings: of `CorpusFormat`, and behind `labels.` of `LabelConfig`, as KEY=VALUE.
        data: where relative paths start.
    """

    corpora: tuple[str, str]
    languages: tuple[str, str]
    encoder: Path | None
    layers: tuple[int, ...] = (0,)
    eflomal: bool = True
    parallel: tuple[str, str] | None = None
    settings: tuple[str, ...] = ()
    data: str = "."


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
    alignments: dict[str, pa.Table] = {}
    for number in asked.layers if asked.encoder is not None else ():
        assert asked.encoder is not None
        with progress("align", "aligning words", pairs.num_rows, "sentence pairs", in_flow=False) as advance:
            config = EncoderAlignment(layer=number or None)
            how = (config, WindowConfig(), inference, device, budget)
            alignment, layer = align_pairs(asked.encoder, pairs, *how, advance)
        alignments[f"encoder, layer {layer}"] = alignment
    if asked.eflomal:
        by_eflomal = _by_eflomal(asked, pairs)
        for name, alignment in list(alignments.items()):
            for joining in _JOINED:
                links = joined_links(links_of(alignment), links_of(by_eflomal), joining)
                alignments[f"{joining} of {name}, and eflomal"] = alignment_table(pairs, links)
        alignments["eflomal"] = by_eflomal
    table = Table(*(Column(name, no_wrap=True) for name in _COLUMNS), box=None, pad_edge=False)
    for name, alignment in alignments.items():
        table.add_row(name, *_cells(source, target, alignment))
    console = wide_console()
    console.print(table)
    console.print(
        f"\n{len(source.words):,} sentences; strict entities as seqeval counts them, in %, all types together; "
        "sentences kept: those of which every entity has a place"
    )


def placed_score(source: Corpus, target: Corpus, alignment: pa.Table) -> tuple[EntityScore, pa.Table]:
    """The score of all types together, and the placed labels; sentences that lost an entity keep the others.

    Args:
        source: labelled sentences.
        target: their translations, with gold.
        alignment: of `WORD_ALIGNMENT`.
    """
    rows = alignment.rename_columns(["sentence_id" if n == "pair_id" else n for n in alignment.column_names])
    rows = rows.append_column("source_tags", pa.array(source.tags, pa.list_(pa.string())))
    placed = place_labels_of(rows, source.labels, LabelPlacing(incomplete="keep"))
    gold = pa.array(target.tags, pa.list_(pa.string()))
    lengths = list_lengths(gold)
    if not np.array_equal(lengths, list_lengths(placed["tags"])):
        raise InputError("align: a translation has no word; expected sentences on both sides; take such lines out")
    truth, found = (flat_label_ids(tags, source.labels, "align") for tags in (gold, placed["tags"]))
    return entity_scores(truth, found, lengths, source.labels)[0], placed


def _cells(source: Corpus, target: Corpus, alignment: pa.Table) -> list[str]:
    score, placed = placed_score(source, target, alignment)
    reasons = flat_values(placed["reasons"]).to_pylist()
    rows = np.repeat(np.arange(placed.num_rows), list_lengths(placed["reasons"]))
    lost = Counter(filter(None, reasons))
    kept = placed.num_rows - len(np.unique(rows[[bool(reason) for reason in reasons]]))
    numbers = [f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1)]
    why = ", ".join(f"{reason} {count:,}" for reason, count in lost.most_common())
    return [*numbers, f"{len(reasons) - lost.total():,} of {len(reasons):,}", f"{kept:,}", why or "none"]


def _by_eflomal(asked: Asked, pairs: pa.Table) -> pa.Table:
    """Links of the pairs by eflomal, which reads the parallel text with them."""
    words = [pairs[f"{side}_words"].to_pylist() for side in ("source", "target")]
    if asked.parallel is not None:
        one, other = (input_file(path, Runtime(data=asked.data)) for path in asked.parallel)
        text = load_pairs(one, other)
        for side, lines, code in zip(words, (text.source, text.target), asked.languages, strict=True):
            split = translation_splitter(code)
            side += [split(line) for line in lines]
    found = list(align(words[0], words[1], Alignment(), None))[: pairs.num_rows]
    return alignment_rows(pairs["pair_id"], [side[: pairs.num_rows] for side in words], found)


def _corpora(asked: Asked) -> tuple[Corpus, Corpus]:
    of_labels = [each.removeprefix("labels.") for each in asked.settings if each.startswith("labels.")]
    of_reader = [each for each in asked.settings if not each.startswith("labels.")]
    labels: LabelConfig = checked(LabelConfig, override({}, of_labels), "align")
    found = []
    for path, language in zip(asked.corpora, asked.languages, strict=True):
        file: CorpusFile = checked(CorpusFile, override({"path": path}, of_reader), "align")
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
