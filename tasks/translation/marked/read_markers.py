"""Read the markers of machine translations back into labels; drop what went wrong, each with its reason."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
from pydantic import Field

from artifacts.catalog import MARKED_TRANSLATION, MachineTranslation
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.text import seen_words, translation_splitter
from tasks.translation.marked.brackets import cut_at_brackets, need_matching, told_apart
from tasks.translation.marked.entities import LabelledOrPredictions, entity_texts
from tasks.translation.marked.language import LanguageMode, language_filter
from tasks.translation.marked.markers import REASONS, MarkerForm, Read, cut, marker_fault, markers_in, tagged
from tasks.words.spans import spans_of

_SENTENCES_AT_A_TIME = 4096
_FIRST_CODE = 0x10000  # one character per distinct word; above all that a regular expression treats in a special way


class MarkerReading(Settings):
    """Which translations of marked sentences to keep."""

    language_filter: LanguageMode = Field(
        "all",
        title="Language filter",
        description="all: langid must find the target language most probable of all 97 (CROP); pair: more probable "
        "than the source language; off: no filter.",
    )
    min_language_letters: int = Field(
        20,
        ge=0,
        title="Letters to judge a language",
        description="Translations with fewer letters pass the language filter; of true German sentences with 10 to 20 "
        "letters it would drop 43 %, of those with more than 40 0.7 %.",
    )
    one_entity: Literal["markers", "whole"] = Field(
        "markers",
        title="Sentences of one entity",
        description="What becomes of a sentence that is one entity from its first word to its last. markers: what the "
        "markers of its translation say, as elsewhere; whole: its translation is that entity, wherever the markers "
        "went (the published code).",
    )
    max_length_words: int = Field(
        128, ge=1, title="Longest translation (words)", description="Longer ones are dropped (CROP: 128)."
    )
    repeated_ngram_words: int = Field(
        6,
        ge=1,
        le=50,
        title="Longest repeated phrase (words)",
        description="Phrases of up to so many words are looked at for endless repetition.",
    )
    repeated_times: int = Field(
        4, ge=2, title="Repetitions", description="A phrase that stands so often in a row is endless repetition ..."
    )
    repeated_words: int = Field(
        8, ge=2, title="Repeated words", description="... if that makes at least so many words: No no no no ! is kept."
    )


class Sentence(NamedTuple):
    """One row of the data and what the translator made of it."""

    sentence_id: int
    words: list[str]
    tags: list[str]
    marked: str
    output: str


def repeats(tokens: Sequence[str], config: MarkerReading) -> bool:
    """Whether a phrase stands many times in a row: the output of a translator that found no end.

    A phrase of n words, n from 1 to `repeated_ngram_words`, must stand at least `repeated_times` times in a row, and
    so often that the row has at least `repeated_words` words. Upper and lower case differ.
    """
    if len(tokens) < max(config.repeated_words, config.repeated_times):
        return False
    codes: dict[str, str] = {}
    text = "".join(codes.setdefault(token, chr(_FIRST_CODE + len(codes))) for token in tokens)
    pattern = _repetition(config.repeated_ngram_words, config.repeated_times, config.repeated_words)
    return pattern.search(text) is not None


def read_translation(
    output: str,
    types: Sequence[str],
    split: Callable[[str], list[str]],
    accepts: Callable[[str], bool],
    config: MarkerReading,
    whole: bool = False,
    form: MarkerForm = "slot",
    texts: Sequence[Sequence[str]] = (),
) -> Read:
    """Words and tags of one translation, or the first of `tasks.translation.marked.markers.REASONS` that holds.

    Args:
        output: what the translator gave back.
        types: entity types of the source, in its order.
        split: from `tasks.corpus.text.word_splitter`.
        accepts: from `tasks.translation.marked.language.language_filter`.
        config: what is too long and what a repetition is.
        whole: whether the source is one entity, and its translation is to be one, whatever markers are in it.
        form: of the markers.
        texts: per entity the texts that it may stand as between brackets; not looked at for other forms.
    """
    pieces = cut_at_brackets(output, split, len(types)) if form == "brackets" else cut(output, split, form)
    tokens = pieces.tokens()
    if not tokens:
        return Read(reason="no_output")
    if repeats(tokens, config):
        return Read(reason="repetition")
    if whole:
        pieces = pieces.enclosed()
        if not pieces.segments[1]:
            return Read(reason="no_output")
    if fault := marker_fault(pieces, len(types)):
        return Read(reason=fault)
    if form == "brackets":
        pieces, fault = told_apart(pieces, texts, types)
        if fault:
            return Read(reason=fault)
    if sum(map(len, pieces.segments)) > config.max_length_words:
        return Read(reason="too_long")
    if not accepts(pieces.text):
        return Read(reason="wrong_language")
    return tagged(pieces, types)


def read_sentence(
    sentence: Sentence,
    split: Callable[[str], list[str]],
    accepts: Callable[[str], bool],
    config: MarkerReading,
    form: MarkerForm = "slot",
    texts_of: Callable[[Sequence[str]], Sequence[str]] | None = None,
) -> Read:
    """As `read_translation`, for a sentence of the data; `texts_of` gives the texts that an entity may stand as.

    Raises:
        InputError: if the text that was translated does not have the markers that the sentence's entities need.
    """
    spans = spans_of(sentence.tags)
    types = [name for _, _, name in spans]
    if not sentence.marked:
        return Read(reason="too_many_entities" if types else "no_output")
    if (found := markers_in(sentence.marked, form)) != 2 * len(types):
        raise InputError(
            f"machine translation, sentence {sentence.sentence_id}: its source has {found} markers, its {len(types)} "
            f"entities need {2 * len(types)}; translate these very sentences, with marking"
        )
    whole = config.one_entity == "whole" and [span[:2] for span in spans] == [(0, len(sentence.words))]
    texts = (
        [texts_of(sentence.words[start:end]) for start, end, _ in spans] if texts_of and need_matching(types) else ()
    )
    return read_translation(sentence.output, types, split, accepts, config, whole, form, texts)


def joined(data: Iterable[pa.RecordBatch], translation: Iterable[pa.RecordBatch]) -> Iterator[Sentence]:
    """The rows of two tables side by side; both must have the same sentences in the same order.

    Args:
        data: batches of sentence_id, words, tags.
        translation: batches of sentence_id, source, output.

    Raises:
        InputError: at the first row whose sentences differ.
    """
    both = zip_longest(_rows(data, "words", "tags"), _rows(translation, "source", "output"))
    for number, (left, right) in enumerate(both):
        if left is None or right is None or left[0] != right[0]:
            found = ["none" if row is None else str(row[0]) for row in (right, left)]
            raise InputError(
                f"machine translation, row {number}: found sentence_id {found[0]}, expected that of the data, "
                f"{found[1]}; translate these very sentences, in their order"
            )
        yield Sentence(*left, *right[1:])


@step(MARKED_TRANSLATION)
def read_markers(
    job: Job,
    data: LabelledOrPredictions,
    translation: MachineTranslation,
    config: MarkerReading,
    entities: MachineTranslation | None = None,
) -> None:
    """Read translated sentences back: words and tags of those that went well, a reason for each of the others.

    Args:
        job: of the step.
        data: the sentences.
        translation: of them, with markers.
        config: what is kept.
        entities: translations of what `list_entities` lists; for brackets, which do not say which entity is which.

    Raises:
        InputError: if a translation is of something else.
    """
    about = job.metadata(translation)
    source, target = about["source_language"], about["target_language"]
    form: MarkerForm = about.get("markers", "slot")  # What was translated before there were others.
    if (form == "brackets") != (entities is not None):
        raise InputError(
            f"machine translation {translation}: its markers are {form}, and "
            f"{'no' if entities is None else 'a'} translation of the entities by themselves is given; expected one for "
            "brackets alone; give what translate_text makes of list_entities, or leave it out"
        )
    texts_of = entity_texts(job, entities, (source, target)) if entities is not None else None
    split = seen_words(translation_splitter(target))
    accepts = language_filter(source, target, config.language_filter, config.min_language_letters)
    sentences = joined(
        job.batches(data, columns=["sentence_id", "words", "tags"]),
        job.batches(translation, columns=["sentence_id", "source", "output"]),
    )
    counts: Counter[str] = Counter()
    mended = 0
    # The numbers of dropped sentences stand before the rows, so the rows wait in a file.
    waiting = job.work_folder / "rows.arrow"
    with (
        pa.OSFile(str(waiting), "wb") as file,
        pa.ipc.new_file(file, MARKED_TRANSLATION.schema) as writer,
        job.progress("reading markers", job.rows(data), "sentences") as advance,
    ):
        while chunk := list(islice(sentences, _SENTENCES_AT_A_TIME)):
            results = [read_sentence(sentence, split, accepts, config, form, texts_of) for sentence in chunk]
            counts.update(result.reason for result in results)
            mended += sum(result.mended for result in results)
            writer.write_batch(_batch(chunk, results))
            advance(len(chunk))
    dropped = {reason: counts[reason] for reason in REASONS if counts[reason]}
    labels = job.metadata(data)["labels"]
    told = {"markers": form, "dropped": dropped, "mended": mended}
    job.write(_waiting(waiting), metadata={"language": target, "labels": labels, "corpus": data.content, **told})
    job.note(kept=counts[""])


@lru_cache(maxsize=8)
def _repetition(longest: int, times: int, words: int) -> re.Pattern[str]:
    """Per length n: a phrase of n characters and at least max(times, words / n) - 1 copies of it."""
    copies = [max(times, -(-words // n)) - 1 for n in range(1, longest + 1)]
    return re.compile("|".join(f"(.{{{n}}})\\{n}{{{more},}}" for n, more in enumerate(copies, 1)), re.DOTALL)


def _rows(batches: Iterable[pa.RecordBatch], *columns: str) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(batch[name].to_pylist() for name in ("sentence_id", *columns)), strict=True)


def _batch(sentences: Sequence[Sentence], results: Sequence[Read]) -> pa.RecordBatch:
    rows = zip(*sentences, strict=True)
    read = ([r.words for r in results], [r.tags for r in results], [r.entities for r in results])
    reasons = [r.reason for r in results]
    schema = MARKED_TRANSLATION.schema
    return pa.record_batch(
        [pa.array(list(column), type) for column, type in zip([*rows, *read, reasons], schema.types, strict=True)],
        schema=schema,
    )


def _waiting(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
