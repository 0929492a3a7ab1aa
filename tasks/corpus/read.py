"""The steps that read corpora: labelled sentences, sentences alone, gold tags alone, sentence pairs."""

from artifacts.catalog import GOLD, LABELLED, PARALLEL, SENTENCES
from artifacts.inputs import InputFile
from artifacts.step import Job, step
from tasks.corpus.corpus import CorpusInput, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parallel import load_pairs
from tasks.corpus.tables import gold_table, labelled_table, sentences_table
from tasks.words.labels import LabelConfig


@step(LABELLED)
def read_labelled(job: Job, file: CorpusInput, format: CorpusFormat, labels: LabelConfig, language: str) -> None:
    """Read a labelled corpus of the source language."""
    corpus = load_corpus(file, format, labels, language)
    job.write(labelled_table(corpus), metadata={"language": language, "labels": corpus.labels})


@step(SENTENCES)
def read_sentences(job: Job, file: CorpusInput, format: CorpusFormat, language: str) -> None:
    """Read sentences without their tags, from raw text or a column file."""
    corpus = load_corpus(file, format, None, language)
    job.write(sentences_table(corpus), metadata={"language": language, "splitter": corpus.splitter})


@step(GOLD)
def read_gold(job: Job, file: CorpusInput, format: CorpusFormat, labels: LabelConfig, language: str) -> None:
    """Read the gold tags of a labelled corpus, for evaluation only."""
    corpus = load_corpus(file, format, labels, language)
    job.write(gold_table(corpus), metadata={"language": language, "labels": corpus.labels})


@step(PARALLEL)
def read_parallel(job: Job, source: InputFile, target: InputFile, source_language: str, target_language: str) -> None:
    """Read two files whose lines translate each other."""
    pairs = load_pairs(source, target)
    languages = {"source_language": source_language, "target_language": target_language}
    job.write(pairs.table(), metadata={**languages, "skipped_pairs": pairs.skipped})
