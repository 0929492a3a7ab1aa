"""From a tagger to one label per word, decoded as its head does: in a flow, and for a text that is read as it comes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from artifacts.catalog import PREDICTIONS, AnySentences, Tagger
from artifacts.step import Job, step
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import FLOAT32, Inference, open_tagger, word_outputs
from tasks.tagging.tagger import check_window_fits, usable_positions
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import list_lengths, offsets_of, tag_column

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


def predict_sentences(
    folder: Path,
    sentences: Iterable[list[str]],
    *,
    windows: WindowConfig | None = None,
    decoding: Decoding | None = None,
    inference: Inference = FLOAT32,
    device: str = "cpu",
    budget: int = 16_384,
    sentences_at_a_time: int = 1024,
) -> Iterator[tuple[list[str], list[str]]]:
    """Tags sentences as they come; the whole input is never held.

    Args:
        folder: of a tagger or a student.
        sentences: the words of each; an empty one gives an empty one.
        windows: how much the model sees at once; by default 128 sub-words, or all that a smaller encoder takes.
        decoding: by default Viterbi.
        inference: how the model is run; by default in float32.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        sentences_at_a_time: how many are read before the first is answered.

    Yields:
        The words and one IOB2 tag for each of them, in the order of the input.
    """
    head, model, tokenizer = open_tagger(folder)
    labels = head.labels(model)
    chosen = windows or WindowConfig()
    length = min(chosen.max_length_subwords, usable_positions(model.config) or chosen.max_length_subwords)
    overlap = min(chosen.overlap_subwords, length // 4)
    source = iter(sentences)
    while chunk := list(islice(source, sentences_at_a_time)):
        cut = make_windows(tokenizer, chunk, length, overlap)
        outputs = word_outputs(head, model, cut, inference, device=device, budget=budget)
        ids = head.decode(model, outputs, cut.word_counts, decoding or Decoding())
        tags = [labels[i] for i in ids]
        ends = offsets_of(cut.word_counts).tolist()
        for words, start, end in zip(chunk, ends, ends[1:], strict=False):
            yield words, tags[start:end]
