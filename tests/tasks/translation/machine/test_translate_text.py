"""The step that translates text, cold and with what it translated before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import LABELLED, PREDICTIONS, SENTENCES, TRANSLATOR
from artifacts.errors import InputError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.markers import Marking

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
GENERATION = Generation(max_length_factor=1.0, precision="float32")
MARKED = (["Anna", "lives", "in", "Paris", "."], ["B-PER", "O", "O", "B-LOC", "O"])


def random_sentences(count: int) -> tuple[list[list[str]], list[list[str]]]:
    random = np.random.default_rng(0)
    vocabulary = ["lives", "in", "bod", "Mona", "and", "koop", "zi"]
    words = [["Anna", *random.choice(vocabulary, random.integers(2, 10)).tolist()] for _ in range(count)]
    return words, [["B-PER", *["O"] * (len(sentence) - 1)] for sentence in words]


@pytest.fixture
def labelled(put_table: Callable[..., Reference]) -> Callable[..., Reference]:
    def put(words: list[list[str]], tags: list[list[str]], kind: Any = LABELLED) -> Reference:
        columns = {"sentence_id": list(range(7, 7 + len(words))), "words": words, "tags": tags}
        return put_table(kind, columns, {"language": "en", "labels": LABELS})

    return put


@pytest.fixture
def translator(store: Store, put_model: Callable[..., Reference], tiny_translator: Path) -> Reference:
    return run_alone(store, convert_translator, put_model(TRANSLATOR, tiny_translator))


def manifest(store: Store, reference: Reference) -> Manifest:
    found = store.manifest(reference.kind, reference.key)
    assert found is not None
    return found


def test_entities_stand_between_markers_and_the_output_is_kept_as_it_is(
    store: Store, labelled: Callable[..., Reference], translator: Reference
) -> None:
    many = (["Anna", "Mona"], ["B-PER", "B-PER"])
    words, tags = zip(MARKED, many, ([], []), strict=True)
    config = Marking(max_entities=2), GENERATION
    data = labelled(list(words), list(tags))
    table = store.table(done := run_alone(store, translate_text, data, translator, "en", "de", *config))
    assert table["sentence_id"].to_pylist() == [7, 8, 9]
    assert table["source"].to_pylist() == [
        "__SLOT0__ Anna __SLOT0__ lives in __SLOT1__ Paris __SLOT1__ .",
        "__SLOT0__ Anna __SLOT0__ __SLOT1__ Mona __SLOT1__",
        "",
    ]
    assert [bool(output) for output in table["output"].to_pylist()] == [True, True, False]
    assert store.metadata(done) == {"source_language": "en", "target_language": "de", "markers": "slot"}
    assert {path.name for path in store.folder(done).iterdir()} == {"manifest.json", "data.parquet"}


def test_too_many_entities_leave_source_and_output_empty(
    store: Store, labelled: Callable[..., Reference], translator: Reference
) -> None:
    data = labelled([MARKED[0]], [MARKED[1]])
    done = run_alone(store, translate_text, data, translator, "en", "de", Marking(max_entities=1), GENERATION)
    assert store.table(done).select(["source", "output"]).to_pylist() == [{"source": "", "output": ""}]


def test_without_marking_any_kind_of_sentences_is_translated_plain(
    store: Store, labelled: Callable[..., Reference], put_table: Callable[..., Reference], translator: Reference
) -> None:
    plain = put_table(SENTENCES, {"sentence_id": [7], "words": [MARKED[0]]}, {"language": "en"})
    sources = [plain, labelled([MARKED[0]], [MARKED[1]]), labelled([MARKED[0]], [MARKED[1]], PREDICTIONS)]
    done = [run_alone(store, translate_text, s, translator, "en", "de", None, GENERATION) for s in sources]
    assert store.table(done[0])["source"].to_pylist() == ["Anna lives in Paris."]
    assert len({reference.digest for reference in done}) == 1


def test_sentences_without_tags_cannot_be_marked(
    store: Store, put_table: Callable[..., Reference], translator: Reference
) -> None:
    plain = put_table(SENTENCES, {"sentence_id": [7], "words": [MARKED[0]]}, {"language": "en"})
    with pytest.raises(InputError, match="have no tags, so there is nothing to mark"):
        run_alone(store, translate_text, plain, translator, "en", "de", Marking(), GENERATION)


def test_a_text_that_comes_twice_is_translated_once(
    store: Store, labelled: Callable[..., Reference], translator: Reference
) -> None:
    data = labelled([MARKED[0]] * 3, [MARKED[1]] * 3)
    done = run_alone(store, translate_text, data, translator, "en", "de", Marking(), GENERATION)
    assert manifest(store, done).notes["new_texts"] == 1
    assert len(set(store.table(done)["output"].to_pylist())) == 1


@pytest.mark.parametrize("damage", ["none", "changed", "deleted"])
def test_a_rerun_translates_only_new_sentences_and_its_texts_are_those_of_a_cold_run(
    store: Store, labelled: Callable[..., Reference], translator: Reference, damage: str
) -> None:
    words, tags = random_sentences(110)
    rest = translator, "en", "de", Marking(), GENERATION
    first = run_alone(store, translate_text, labelled(words[:100], tags[:100]), *rest)
    place = store.local(first.kind, first.key)
    if damage == "changed":
        (place / "data.parquet").write_bytes((place / "data.parquet").read_bytes()[:-9] + b"123456789")
    elif damage == "deleted":
        (place / "manifest.json").unlink()
    warm = run_alone(store, translate_text, labelled(words, tags), *rest)
    notes, texts = manifest(store, warm).notes, store.table(warm)
    distinct = len(set(texts["source"].to_pylist()))
    before = len(set(texts["source"].to_pylist()[:100]))
    assert notes["texts"] == distinct
    assert notes["new_texts"] == (distinct - before if damage == "none" else distinct)
    assert notes["taken_from"] == ([f"{first.kind}/{first.key}"] if damage == "none" else [])

    store.move_aside(first.kind, first.key)
    store.move_aside(warm.kind, warm.key)
    cold = run_alone(store, translate_text, labelled(words, tags), *rest)
    assert manifest(store, cold).notes["new_texts"] == distinct
    assert store.table(cold).equals(texts) and cold.digest == warm.digest and cold.key == warm.key


def test_what_was_translated_with_other_settings_is_not_taken(
    store: Store, labelled: Callable[..., Reference], translator: Reference
) -> None:
    words, tags = random_sentences(5)
    run_alone(store, translate_text, labelled(words, tags), translator, "en", "de", Marking(), GENERATION)
    other = GENERATION.model_copy(update={"beam_size": 2})
    for language, config in (("es", GENERATION), ("de", other)):
        done = run_alone(store, translate_text, labelled(words, tags), translator, "en", language, Marking(), config)
        assert manifest(store, done).notes["taken_from"] == []
