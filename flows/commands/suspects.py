"""`crosstag suspects`: the labels of a corpus that are most likely wrong, the least trusted first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.table import Column, Table
from rich.text import Text

from artifacts.errors import InputError
from artifacts.progress import progress
from artifacts.runtime import Runtime
from flows.commands.configuration import checked, checked_file, override
from flows.commands.convert import format_of, write_corpus
from flows.parts.corpora import corpus_input
from flows.parts.run_tables import wide_console
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.denoising.suspects import agreement_with_neighbours, doubts, least_trusted
from tasks.tagging.inference import Inference
from tasks.tagging.student import Student, load_student
from tasks.words.columns import offsets_of
from tasks.words.labels import LabelConfig, entity_types

By = Literal["probability", "agreement"]
_LABELS = "labels."
_AROUND = 6


@dataclass(frozen=True)
class Asked:
    """Which labels to look at, and how.

    Attributes:
        corpus: files, or bundled: and hf: names; several are read as one.
        settings: of `CorpusFormat`, and behind `labels.` of `LabelConfig`, as KEY=VALUE.
        language: of the corpus.
        data: where relative paths start.
        by: what sentences are ordered by.
        neighbours: K of Eq. 2; 0: neighbours are not asked.
        rows: how many sentences.
    """

    corpus: tuple[str, ...]
    settings: tuple[str, ...] = ()
    language: str = ""
    data: str = "."
    by: By = "probability"
    neighbours: int = 0
    rows: int = 30


def print_suspects(
    asked: Asked,
    folder: Path,
    device: Literal["auto", "cpu", "cuda"],
    inference: Inference,
    out: Path | None,
    to: str,
) -> None:
    """Prints sentences with their least trusted word, and writes them with the labels that were given.

    Args:
        asked: what is looked at.
        folder: of the tagger.
        device: where it computes.
        inference: how it is run.
        out: the file to write; None: none.
        to: its format; empty: that of its ending.

    Raises:
        InputError: if the corpus has no labels, or types that the tagger does not know; or an option does not fit.
    """
    if asked.by == "agreement" and not asked.neighbours:
        raise InputError("--by agreement: it is the share of neighbours with the same label; give --neighbours, too")
    if to and out is None:
        raise InputError(f"--to {to}: it is the format of a file; name that by --out")
    if out is not None and out.exists():
        raise InputError(f"--out {out}: it is there already; name a new place")
    written = format_of(out, to) if out is not None else ""
    tagger = load_student(folder, tokenized=True, inference=inference, device=device)
    labels = tagger.head.labels(tagger.model)
    corpus = _labelled(asked, labels)
    words, given = corpus.words, np.array([labels.index(tag) for tags in corpus.tags or () for tag in tags])
    if asked.neighbours >= max(len(given), 1):
        raise InputError(
            f"--neighbours {asked.neighbours}: the corpus has {len(given):,} words; expected fewer neighbours than that"
        )
    found = doubts(tagger, words, given)
    agreement = _agreement(asked, folder, tagger, words, given)
    trust = found.probability if agreement is None or asked.by == "probability" else agreement
    lengths = np.array([len(each) for each in words])
    rows, places = least_trusted(trust, lengths)
    rows, places = rows[: asked.rows], places[: asked.rows]
    console = wide_console()
    names = ["sentence", "word", "label", "tagger says", "probability", *(["λ"] if agreement is not None else []), ""]
    table = Table(*(Column(name, no_wrap=name != "") for name in names), box=None, pad_edge=False)
    starts = offsets_of(lengths)
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        at = place - int(starts[row])
        numbers = [f"{found.probability[place]:.3f}", *([] if agreement is None else [f"{agreement[place]:.2f}"])]
        cells = [f"{row + 1:,}", words[row][at], labels[given[place]], labels[found.said[place]], *numbers]
        table.add_row(*map(Text, cells), Text(_around(words[row], at)))
    console.print(table)
    other = int((found.said != given).sum())
    console.print(
        f"\n{len(rows):,} of {len(words):,} sentences, the least trusted first; the tagger labels {other:,} of "
        f"{len(given):,} words otherwise"
    )
    if out is not None:
        tags = corpus.tags or []
        queue = [words[row] for row in rows], [tags[row] for row in rows]
        write_corpus(Corpus("", *queue, types=corpus.types), out, written, "")


def _labelled(asked: Asked, labels: Sequence[str]) -> Corpus:
    """The corpus with labels of the tagger."""
    of_labels = [each.removeprefix(_LABELS) for each in asked.settings if each.startswith(_LABELS)]
    of_reader = [each for each in asked.settings if not each.startswith(_LABELS)]
    values: dict[str, Any] = override({"path": list(asked.corpus)}, of_reader)
    file = checked_file(values, "suspects", {"path": "CORPUS"})
    types = tuple(entity_types(labels))
    wanted = override({"types": list(types)}, of_labels)
    chosen = checked(LabelConfig, wanted, "suspects", lambda key: f"--set {_LABELS}{key}")
    if unknown := sorted(set(chosen.types or ()) - set(types)):
        raise InputError(
            f"suspects: the tagger has no type {', '.join(unknown)}; expected {', '.join(types)}; give your names as "
            "--set labels.rename.YOURS=ITS, or --set labels.other_types=drop"
        )
    source = corpus_input(file, Runtime(data=asked.data))
    corpus = load_corpus(source, file.without_path(), chosen, asked.language)
    if not corpus.word_count:
        raise InputError(f"suspects: {' '.join(asked.corpus)} has no word; expected labelled sentences")
    return corpus


def _agreement(
    asked: Asked,
    folder: Path,
    tagger: Student,
    words: list[list[str]],
    given: np.ndarray,
) -> np.ndarray | None:
    if not asked.neighbours:
        return None
    with progress("suspects", "words and their neighbours", 2 * len(given), "words", in_flow=False) as advance:
        return agreement_with_neighbours(folder, tagger, words, given, asked.neighbours, advance)


def _around(words: Sequence[str], at: int) -> str:
    """A word in brackets between those beside it."""
    first, last = max(at - _AROUND, 0), at + 1 + _AROUND
    before = ["…"] * (first > 0) + list(words[first:at])
    after = list(words[at + 1 : last]) + ["…"] * (last < len(words))
    return " ".join([*before, f"[{words[at]}]", *after])
