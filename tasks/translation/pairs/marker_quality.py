"""Whether markers enclose the right words after translation, judged by word alignment (CROP, Table 6).

The paper has people check whether a marker surrounds the same entity on both sides. Here word alignment checks it: the
plain sentence and the plain output are aligned by eflomal with what it learned from parallel text as its prior. With
the source words S of a span, the output words T between its markers, and the links between both sentences,

    expected  E = words of the output linked to a word of S
    enclosed  L = words of T that have a link
    exact     E is not empty, E is part of T, and no word of T is linked to a word outside S
    overlap   F1 = 2 |E and L| / (|E| + |L|)

Words without a link may stand inside or outside: the alignment says nothing about them.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import MARKER_QUALITY, MachineTranslation, WordAlignment
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.corpus.text import translation_splitter
from tasks.translation.marked.markers import NumberedForm, Pieces, cut
from tasks.translation.pairs.word_alignment import Alignment, Links, align, as_line, check_aligner

Span = tuple[int, int]


@dataclass(frozen=True)
class Judged:
    """Counts over spans, of one sentence or of all; see `MARKER_QUALITY`."""

    spans: int = 0
    missing: int = 0
    unjudged: int = 0
    exact: int = 0
    expected_words: int = 0
    enclosed_words: int = 0
    shared_words: int = 0

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def row(self) -> dict[str, Any]:
        """The counts and both scores."""
        judged, linked = self.spans - self.unjudged, self.expected_words + self.enclosed_words
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "exact_match": self.exact / judged if judged else None,
            "overlap_f1": 2 * self.shared_words / linked if linked else None,
        }


def enclosed_spans(pieces: Pieces) -> dict[int, Span]:
    """Word range of each marker that comes exactly twice and encloses a word, ends exclusive, by its number.

    Args:
        pieces: a text, cut at its markers by `tasks.translation.marked.markers.cut`, which reads damaged markers too.
    """
    ends = np.cumsum([len(segment) for segment in pieces.segments]).tolist()
    places: dict[int, list[int]] = {}
    for number, place in zip(pieces.numbers, ends, strict=False):
        places.setdefault(number, []).append(place)
    return {number: (at[0], at[1]) for number, at in places.items() if len(at) == 2 and at[0] < at[1]}


def judge(source: dict[int, Span], output: dict[int, Span], links: Links) -> Judged:
    """Judges the spans of one sentence.

    Args:
        source: word range of each marker's span in the source.
        output: the same in the translation.
        links: (source position, output position) of words that translate each other.
    """
    linked = {place for _, place in links}
    total = Judged()
    for number, (start, end) in source.items():
        expected = {place for word, place in links if start <= word < end}
        if number not in output:
            total += Judged(1, missing=1, expected_words=len(expected))
            continue
        first, last = output[number]
        enclosed = {place for place in linked if first <= place < last}
        leaves = any((start <= word < end) != (first <= place < last) for word, place in links)
        total += Judged(
            1,
            unjudged=int(not expected and not enclosed),
            exact=int(bool(expected) and not leaves),
            expected_words=len(expected),
            enclosed_words=len(enclosed),
            shared_words=len(expected & enclosed),
        )
    return total


def priors_of(alignment: pa.Table) -> io.StringIO:
    """What an aligned text teaches eflomal, as its prior file: link counts of words, jumps, fertilities."""
    check_aligner()
    from eflomal import calculate_priors, write_priors

    words = [map(as_line, alignment[f"{side}_words"].to_pylist()) for side in ("source", "target")]
    columns = (alignment[f"{side}_links"].to_pylist() for side in ("source", "target"))
    lines = [" ".join(f"{i}-{j}" for i, j in zip(*pair, strict=True)) for pair in zip(*columns, strict=True)]
    file = io.StringIO()
    write_priors(file, *calculate_priors(*words, lines, lines))
    file.seek(0)
    return file


def judge_translation(
    translation: pa.Table,
    split_source: Callable[[str], list[str]],
    split_target: Callable[[str], list[str]],
    align_pairs: Callable[[Sequence[list[str]], Sequence[list[str]]], Sequence[Links]],
    form: NumberedForm = "slot",
) -> tuple[list[int], list[Judged]]:
    """Judges each sentence of a `MACHINE_TRANSLATION` table whose source has markers.

    Args:
        translation: the table.
        split_source: splits text of the source language into words.
        split_target: splits text of the target language.
        align_pairs: links of pairs of word lists.
        form: of the markers.

    Returns:
        Ids of those sentences, and their counts.
    """
    ids, sources, outputs = [], [], []
    columns = (translation[name].to_pylist() for name in ("sentence_id", "source", "output"))
    for sentence_id, source, output in zip(*columns, strict=True):
        pieces = cut(source, split_source, form)
        if pieces.numbers:
            ids.append(sentence_id)
            sources.append(pieces)
            outputs.append(cut(output, split_target, form))
    links = align_pairs([_words(pieces) for pieces in sources], [_words(pieces) for pieces in outputs])
    triples = zip(sources, outputs, links, strict=True)
    return ids, [judge(enclosed_spans(one), enclosed_spans(other), found) for one, other, found in triples]


@step(MARKER_QUALITY)
def measure_markers(job: Job, translation: MachineTranslation, alignment: WordAlignment, config: Alignment) -> None:
    """Judge the markers of translated sentences by word alignment."""
    said, aligned = job.metadata(translation), job.metadata(alignment)
    if (form := said.get("markers", "slot")) == "brackets":
        raise InputError(
            f"marker quality: {translation} has brackets, which do not say which entity is which; expected markers "
            "that do; translate with marking.form slot or xml"
        )
    languages = {name: said[name] for name in ("source_language", "target_language")}
    for name, language in languages.items():
        if aligned[name] != language:
            raise InputError(
                f"marker quality: {alignment} has {name} {aligned[name]!r}, {translation} has {language!r}; expected "
                "the same; give a word alignment of parallel text in these languages, in this order"
            )

    def align_pairs(source: Sequence[list[str]], target: Sequence[list[str]]) -> list[Links]:
        return list(align(source, target, config, priors_of(job.table(alignment))))

    split_source, split_target = (translation_splitter(language) for language in languages.values())
    ids, judged = judge_translation(job.table(translation), split_source, split_target, align_pairs, form)
    if not ids:
        raise InputError(
            f"marker quality: no source sentence of {translation} has a marker; expected marked sentences; translate "
            "labelled sentences with marking"
        )
    rows = [{"sentence_id": sentence_id, **one.row()} for sentence_id, one in zip(ids, judged, strict=True)]
    total = sum(judged, Judged())
    job.write(pa.Table.from_pylist(rows, schema=MARKER_QUALITY.schema), metadata={**languages, "total": total.row()})


def _words(pieces: Pieces) -> list[str]:
    return [word for segment in pieces.segments for word in segment]
