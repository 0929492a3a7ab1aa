"""Turn soft labels of spans into one tag per word."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import PREDICTIONS, AnySentences, SpanLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.tagging.span_decoding import surest_spans
from tasks.tagging.span_grid import OUTSIDE, iob2_of_classes, label_ids
from tasks.tagging.span_labels import read_span_labels
from tasks.words.columns import list_lengths, offsets_of, tag_column


@step(PREDICTIONS)
def decode_spans(job: Job, span_labels: SpanLabels, sentences: AnySentences) -> None:
    """The spans that are most probably entities, of overlapping ones the surest, as IOB2 tags of the sentences."""
    table = read_span_labels(job, span_labels)
    text = job.table(sentences, columns=["sentence_id", "words"])
    ids, counts = text["sentence_id"].to_numpy(), list_lengths(text["words"])
    sentence = np.searchsorted(ids, table.sentence_ids)  # ids rise in every table of sentences
    if (ids[sentence.clip(max=max(len(ids) - 1, 0))] != table.sentence_ids).any():
        raise InputError("span labels: they name a sentence that is not among the sentences; give those labelled")
    best = table.probabilities.argmax(axis=1)
    entity = best != OUTSIDE
    starts = (offsets_of(counts)[sentence] + table.starts)[entity]
    lengths, classes = table.lengths[entity], best[entity]
    kept = surest_spans(starts, lengths, table.probabilities[entity, classes])
    labels = iob2_of_classes(table.classes)
    tags = label_ids(int(counts.sum()), starts[kept], lengths[kept], classes[kept])
    columns = [text["sentence_id"].combine_chunks(), text["words"].combine_chunks(), tag_column(tags, counts, labels)]
    batch = pa.RecordBatch.from_arrays(columns, schema=PREDICTIONS.schema)
    job.write([batch], metadata={"language": job.metadata(span_labels)["language"], "labels": labels})
