"""Entities by themselves, to be translated alone: what tells apart those between brackets (EasyProject)."""

from collections.abc import Callable, Sequence
from typing import Annotated

import pyarrow as pa

from artifacts.catalog import LABELLED, PREDICTIONS, SENTENCES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.corpus.tables import string_lists
from tasks.translation.marked.brackets import need_matching
from tasks.translation.marked.moses import detokenizer
from tasks.words.spans import spans_of

LabelledOrPredictions = Annotated[Reference, LABELLED, PREDICTIONS]

_ROWS = 4096


@step(SENTENCES)
def list_entities(job: Job, data: LabelledOrPredictions, max_entities: int) -> None:
    """The words of each distinct entity as a sentence, of sentences whose entities have several types.

    Args:
        job: of the step.
        data: the sentences.
        max_entities: sentences with more are not translated, so nothing of them is listed.
    """
    listed: dict[tuple[str, ...], None] = {}
    for batch in job.batches(data, columns=["words", "tags"], rows=_ROWS):
        for words, tags in zip(batch["words"].to_pylist(), batch["tags"].to_pylist(), strict=True):
            spans = spans_of(tags)
            if len(spans) <= max_entities and need_matching([kind for *_, kind in spans]):
                listed.update(dict.fromkeys(tuple(words[start:end]) for start, end, _ in spans))
    rows = pa.table(
        [pa.array(range(len(listed)), pa.int64()), string_lists([list(words) for words in listed])],
        schema=SENTENCES.schema,
    )
    job.write(rows, metadata={"language": job.metadata(data)["language"]})


def entity_texts(
    job: Job, translation: Reference, languages: tuple[str, str]
) -> Callable[[Sequence[str]], tuple[str, str]]:
    """The function that gives an entity's own translation and its text in the source, by its words.

    Args:
        job: of the step that asks.
        translation: of what `list_entities` lists.
        languages: from which and into which the sentences are translated.

    Raises:
        InputError: if the translation has other languages; the function, if it has not the entity.
    """
    about = job.metadata(translation)
    if (found := (about["source_language"], about["target_language"])) != languages:
        raise InputError(
            f"translation of entities {translation}: it is {' to '.join(found)}, the sentences are "
            f"{' to '.join(languages)}; expected the same; translate the entities of these very sentences"
        )
    table = job.table(translation, columns=["source", "output"])
    translated = dict(zip(table["source"].to_pylist(), table["output"].to_pylist(), strict=True))
    detokenize = detokenizer(languages[0])

    def texts(words: Sequence[str]) -> tuple[str, str]:
        text = detokenize(words)
        if text not in translated:
            raise InputError(
                f"translation of entities {translation}: it has not {text!r}, expected every entity of the sentences; "
                "translate the entities of these very sentences"
            )
        return translated[text], text

    return texts
