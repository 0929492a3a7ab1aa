"""Tag sentences with a saved tagger or student."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from tasks.tagging.decoding import Decoding, decode_words
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.representations import word_probabilities
from tasks.tagging.tagger import load_tagger, tagger_labels, usable_positions
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import offsets_of


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
    model, tokenizer = load_tagger(folder)
    labels = tagger_labels(model)
    chosen = windows or WindowConfig()
    length = min(chosen.max_length_subwords, usable_positions(model.config) or chosen.max_length_subwords)
    overlap = min(chosen.overlap_subwords, length // 4)
    source = iter(sentences)
    while chunk := list(islice(source, sentences_at_a_time)):
        cut = make_windows(tokenizer, chunk, length, overlap)
        probabilities = word_probabilities(model, cut, device=device, precision=inference.precision, budget=budget)
        ids = decode_words(probabilities, cut.word_counts, labels, decoding or Decoding())
        tags = [labels[i] for i in ids]
        ends = offsets_of(cut.word_counts).tolist()
        for words, start, end in zip(chunk, ends, ends[1:], strict=False):
            yield words, tags[start:end]
