"""Label sentences with a tagger: one probability per label for every word."""

from collections.abc import Iterator

import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, AnySentences, Tagger
from artifacts.step import Job, step
from tasks.tagging.inference import FLOAT32, Inference, open_tagger, word_outputs, word_probabilities
from tasks.tagging.tagger import check_window_fits
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import list_lengths, probability_column

_SENTENCES_AT_A_TIME = 8192


@step(SOFT_LABELS)
def label_words(
    job: Job, tagger: Tagger, sentences: AnySentences, windows: WindowConfig, inference: Inference = FLOAT32
) -> None:
    """Gives every word of some sentences a probability for each label; labels that may be there are not read."""
    head, model, tokenizer = open_tagger(job.folder(tagger))
    check_window_fits(model, windows.max_length_subwords)

    with job.progress("labelling", job.rows(sentences), "sentences") as advance:

        def labelled() -> Iterator[pa.RecordBatch]:
            for batch in job.batches(sentences, columns=["sentence_id", "words"], rows=_SENTENCES_AT_A_TIME):
                words = batch.column("words")
                cut = make_windows(tokenizer, words.to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
                outputs = word_outputs(head, model, cut, inference, device=job.device, budget=job.inference_subwords)
                probabilities = word_probabilities(head, model, outputs)
                columns = [batch.column("sentence_id"), words, probability_column(probabilities, list_lengths(words))]
                yield pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)
                advance(batch.num_rows)

        metadata = {"language": job.metadata(sentences)["language"], "labels": head.labels(model)}
        job.write(labelled(), metadata=metadata)
