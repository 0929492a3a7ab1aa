"""Import a translation that somebody already has, as a labelled file in the target language."""

import pyarrow as pa

from artifacts.catalog import TRANSLATION
from artifacts.step import Job, step
from tasks.corpus.corpus import Corpus, CorpusInput, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.tables import labelled_table
from tasks.words.labels import LabelConfig


def imported_table(corpus: Corpus) -> pa.Table:
    """The table of `TRANSLATION` for a labelled corpus: its origin is `import`, its source words are unknown."""
    labelled = labelled_table(corpus)
    origins = [["import"] * len(words) for words in corpus.words]
    sources: list[list[str]] = [[] for _ in corpus.words]
    strings = pa.list_(pa.string())
    columns = [labelled["sentence_id"], labelled["words"], labelled["tags"]]
    columns += [pa.array(sources, strings), pa.array(origins, strings)]
    # The imported file is all that is known of where a sentence came from.
    columns += [pa.repeat(pa.scalar("import"), labelled.num_rows), labelled["sentence_id"]]
    return pa.Table.from_arrays(columns, schema=TRANSLATION.schema)


@step(TRANSLATION)
def import_translation(job: Job, file: CorpusInput, format: CorpusFormat, labels: LabelConfig, language: str) -> None:
    """Read a translation of the source corpus from a labelled file, instead of making one."""
    corpus = load_corpus(file, format, labels, language)
    job.write(imported_table(corpus), metadata={"language": language, "labels": corpus.labels})
