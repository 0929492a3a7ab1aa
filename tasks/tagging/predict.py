"""From a tagger to one label per word, decoded as its head does."""

from collections.abc import Iterator

import pyarrow as pa

from artifacts.catalog import PREDICTIONS, AnySentences, Tagger
from artifacts.step import Job, step
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import FLOAT32, Inference, open_tagger, word_outputs
from tasks.tagging.tagger import check_window_fits
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import list_lengths, tag_column

_SENTENCES_AT_A_TIME = 8192


@step(PREDICTIONS)
def predict_words(
    job: Job,
    tagger: Tagger,
    sentences: AnySentences,
    windows: WindowConfig,
    decoding: Decoding,
    inference: Inference = FLOAT32,
) -> None:
    """Gives every word of some sentences one label; labels that may be there are not read."""
    head, model, tokenizer = open_tagger(job.folder(tagger))
    check_window_fits(model, windows.max_length_subwords)
    labels = head.labels(model)

    with job.progress("predicting", job.rows(sentences), "sentences") as advance:

        def predicted() -> Iterator[pa.RecordBatch]:
            for batch in job.batches(sentences, columns=["sentence_id", "words"], rows=_SENTENCES_AT_A_TIME):
                words = batch.column("words")
                cut = make_windows(tokenizer, words.to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
                outputs = word_outputs(head, model, cut, inference, device=job.device, budget=job.inference_subwords)
                ids = head.decode(model, outputs, cut.word_counts, decoding)
                columns = [batch.column("sentence_id"), words, tag_column(ids, list_lengths(words), labels)]
                yield pa.RecordBatch.from_arrays(columns, schema=PREDICTIONS.schema)
                advance(batch.num_rows)

        job.write(predicted(), metadata={"language": job.metadata(sentences)["language"], "labels": labels})
