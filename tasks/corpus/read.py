"""The steps that read corpora: labelled sentences, sentences alone, gold tags alone, sentence pairs, corrections."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from artifacts.catalog import CORRECTIONS, GOLD, LABELLED, PARALLEL, SENTENCES, Labelled, Sentences
from artifacts.inputs import InputFile
from artifacts.step import Job, step
from tasks.corpus.corpus import Corpus, CorpusInput, Part, load_corpus
from tasks.corpus.corrections import check_corrections, latest, load_corrections
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parallel import count_pairs, pair_batches
from tasks.corpus.tables import corrections_table, gold_table, labelled_table, sentences_table
from tasks.words.labels import LabelConfig

_PARTS = 20  # A corpus may have thousands of files.
_NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})*")


def how_understood(corpus: Corpus) -> dict[str, Any]:
    """What was guessed about the first files of a corpus, what to say of the others, how many duplicates it lost."""
    parts = [
        {
            "file": part.name.replace("\\", "/").rpartition("/")[
                2
            ],  # Where it lay on this machine is nobody's business.
            "format": part.format,
            "layout": part.layout,
            "scheme": part.scheme or "",
            "splitter": part.splitter,
            "remarks": list(part.remarks),
        }
        for part in corpus.parts[:_PARTS]
    ]
    more = _summed(corpus.parts[_PARTS:])
    return {"understood": parts, "files": len(corpus.parts), "more_remarks": more, "duplicates": corpus.duplicates}


def _summed(parts: Sequence[Part]) -> list[str]:
    """The remarks on files, alike ones as one: the numbers that they begin with added up, others left out."""
    files: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for remark in (remark for part in parts for remark in part.remarks):
        told = remark.partition(", first ")[0].partition(": ")[0]
        number = _NUMBER.match(told)
        kind = _NUMBER.sub("...", told)
        files[kind] += 1
        sums[kind] += int(number[0].replace(",", "")) if number else 0
    return [
        f"{count:,} more files: {kind.replace('...', f'{sums[kind]:,}', 1) if kind.startswith('...') else kind}"
        for kind, count in files.most_common(_PARTS)
    ]


@step(LABELLED)
def read_labelled(job: Job, file: CorpusInput, format: CorpusFormat, labels: LabelConfig, language: str) -> None:
    """Read a labelled corpus of the source language."""
    corpus = load_corpus(file, format, labels, language)
    job.note(**how_understood(corpus))
    job.write(labelled_table(corpus), metadata={"language": language, "labels": corpus.labels})


@step(SENTENCES)
def read_sentences(job: Job, file: CorpusInput, format: CorpusFormat, language: str) -> None:
    """Read sentences without their tags, from raw text or a column file."""
    corpus = load_corpus(file, format, None, language)
    job.note(**how_understood(corpus))
    job.write(sentences_table(corpus), metadata={"language": language, "splitter": corpus.splitter})


@step(GOLD)
def read_gold(job: Job, file: CorpusInput, format: CorpusFormat, labels: LabelConfig, language: str) -> None:
    """Read the gold tags of a labelled corpus, for evaluation only."""
    corpus = load_corpus(file, format, labels, language)
    job.note(**how_understood(corpus))
    job.write(gold_table(corpus), metadata={"language": language, "labels": corpus.labels})


@step(PARALLEL)
def read_parallel(job: Job, source: InputFile, target: InputFile, source_language: str, target_language: str) -> None:
    """Read two files whose lines translate each other."""
    skipped = count_pairs(source, target).skipped
    languages = {"source_language": source_language, "target_language": target_language}
    job.write(pair_batches(source, target), metadata={**languages, "skipped_pairs": skipped})


@step(CORRECTIONS)
def read_corrections(job: Job, file: InputFile, sentences: Sentences, labelled: Labelled) -> None:
    """Read what people corrected in a text: the latest labels of each sentence, in the label set of `labelled`."""
    lines = latest(load_corrections(file.local()))
    labels: list[str] = job.metadata(labelled)["labels"]
    ids = {line.correction.sentence_id for line in lines}
    words: dict[int, list[str]] = {}
    for batch in job.batches(sentences):
        here = [row for row, each in enumerate(batch["sentence_id"].to_pylist()) if each in ids]
        words |= {batch["sentence_id"][row].as_py(): batch["words"][row].as_py() for row in here}
    check_corrections(lines, words.get, labels, str(file.local()), "the text")
    authors = Counter(line.correction.author for line in lines)
    about = {"language": job.metadata(sentences)["language"], "labels": labels, "corpus": sentences.content}
    job.write(corrections_table(lines), metadata={**about, "authors": dict(sorted(authors.items()))})
