"""The two steps of alignment-free translation, with an engine that is written here."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import PREDICTIONS, TRANSLATOR
from artifacts.errors import InputError
from artifacts.job import INFERENCE_SUBWORDS
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.conjugate import translate_spans as module
from tasks.translation.conjugate.find_pairs import find_pairs
from tasks.translation.conjugate.translate_spans import SpanTranslating, translate_spans
from tasks.translation.machine.engines import Generation

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Ada", "Byron", "wohnt", "in", "Wien"], ["Nichts", "hier"], ["Wien", "ruft", "Ada"]]
TAGS = [["B-PER", "I-PER", "O", "O", "B-LOC"], ["O", "O"], ["B-LOC", "O", "B-PER"]]
KNOWN = {
    "SPAN0 wohnt in SPAN1": "in SPAN1 lives SPAN0.",
    "SPAN0 ruft SPAN1": "SPAN0 calls",
    "Ada Byron": "Ada Byron",
    "Wien": "Vienna",
    "Ada": "Ada",
    "Ada Byron wohnt in [Wien]": "Ada Byron lives in [old Vienna]",
    "[Ada Byron] wohnt in Wien": "Ada Byron lives in Vienna",
    "[Wien] ruft Ada": "[Vienna] calls Ada",
    "Wien ruft [Ada]": "Vienna calls [Ada]",
}


class Engine:
    """Cuts the output of one text."""

    asked: list[str]
    cut: Callable[[list[str]], None]

    def __init__(self) -> None:
        self.asked = []

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        self.asked += texts
        self.cut([text for text in texts if text == "SPAN0 ruft SPAN1"])
        yield np.arange(len(texts)), [KNOWN.get(text, "") for text in texts]


GENERATION = Generation(beam_size=3)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """The engine of the translator that a step opens, in a folder of its own, as it is told."""
    made = Engine()

    def opened(
        folder: Path, languages: tuple[str, str], generation: Generation, *, device: str, budget: int, cut: Any
    ) -> Engine:
        made.cut = cut
        assert (folder / "config.json").is_file() and languages == ("de", "en")
        assert (generation, device, budget) == (GENERATION, "cpu", INFERENCE_SUBWORDS["cpu"])
        return made

    monkeypatch.setattr("tasks.translation.machine.translating.make_engine", opened)
    monkeypatch.setattr(module, "_ROWS", 2)
    return made


@pytest.fixture
def translator(put_model: Callable[..., Reference], tmp_path: Path) -> Reference:
    (tmp_path / "translator").mkdir()
    (tmp_path / "translator" / "config.json").write_text("{}", encoding="utf-8")
    return put_model(TRANSLATOR, tmp_path / "translator")


@pytest.fixture
def tagged(put_table: Callable[..., Reference]) -> Reference:
    return put_table(PREDICTIONS, {"sentence_id": [4, 5, 9], "words": WORDS, "tags": TAGS}, about())


def about() -> dict[str, Any]:
    return {"language": "de", "labels": LABELS}


def translated(store: Store, tagged: Reference, translator: Reference, **settings: Any) -> Reference:
    config = SpanTranslating(**settings)
    return run_alone(store, translate_spans, tagged, translator, "de", "en", config, GENERATION)


def test_pairs_are_made_without_alignment(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.translation.conjugate.find_pairs._ROWS_AT_A_TIME", 2)
    pairs = run_alone(store, find_pairs, tagged, translated(store, tagged, translator))
    first, blank, last = store.table(pairs).to_pylist()
    assert first["translation"] == ["in", "Vienna", "lives", "Ada", "Byron", "."]
    assert (first["starts"], first["ends"]) == ([0, 4], [2, 5])
    assert (first["translated_starts"], first["translated_ends"]) == ([3, 1], [5, 2])
    assert blank["sentence_id"] == 5 and blank["translation"] == [] and blank["reasons"] == []
    assert last["reasons"] == ["", "placeholder_lost"] and last["translation"] == ["Vienna", "calls"]
    assert store.metadata(pairs) == {
        "language": "de", "translated_language": "en", "corpus": tagged.content, "sentences": 2, "pairs": 3,
        "dropped": {"placeholder_lost": 1},
    }  # fmt: skip
    assert sorted(engine.asked) == sorted({"SPAN0 wohnt in SPAN1", "SPAN0 ruft SPAN1", "Ada Byron", "Wien", "Ada"})


@pytest.mark.parametrize("spans", ["alone", "inside"])
def test_texts_that_were_translated_for_other_sentences_are_not_translated_again(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, put_table: Callable[..., Reference],
    spans: str,
) -> None:  # fmt: skip
    translated(store, tagged, translator, spans=spans)
    before = set(engine.asked)
    engine.asked.clear()
    rows = {"sentence_id": [4, 5, 9], "words": WORDS, "tags": TAGS}
    more = put_table(
        PREDICTIONS, {**rows, "sentence_id": [1, 2, 3], "tags": [["O"] * len(TAGS[0]), *TAGS[1:]]}, about()
    )
    part = translated(store, more, translator, spans=spans)
    assert engine.asked == [] and store.require(part).notes["new_texts"] == 0
    assert store.require(part).notes["cut_outputs"] == 1
    other = put_table(PREDICTIONS, {**rows, "tags": [["B-PER", *["O"] * (len(TAGS[0]) - 1)], *TAGS[1:]]}, about())
    made = translated(store, other, translator, spans=spans)
    assert engine.asked and not set(engine.asked) & before
    assert store.require(made).notes["new_texts"] == len(engine.asked)
    assert store.table(made)["span_outputs"].to_pylist() == [["Ada"], [], ["Vienna", "Ada"]]


def test_marks_of_direction_are_no_words_of_a_span(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KNOWN, "Wien", "\u200eVienna\u200e")
    first = store.table(run_alone(store, find_pairs, tagged, translated(store, tagged, translator))).to_pylist()[0]
    assert first["translation"] == ["in", "Vienna", "lives", "Ada", "Byron", "."]


def test_spans_inside_their_sentence_have_their_own_translation(
    store: Store, tagged: Reference, translator: Reference, engine: Engine
) -> None:
    made = translated(store, tagged, translator, spans="inside")
    first = store.table(run_alone(store, find_pairs, tagged, made)).to_pylist()[0]
    # Between brackets `old Vienna` came back; Ada Byron lost them, and stands as it was translated alone.
    assert first["translation"] == ["in", "old", "Vienna", "lives", "Ada", "Byron", "."]


def test_spans_beyond_the_most_stay_as_they_are(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KNOWN, "SPAN0 wohnt in Wien", "SPAN0 lives in Vienna")
    monkeypatch.setitem(KNOWN, "SPAN0 ruft Ada", "SPAN0 calls Ada")
    pairs = run_alone(store, find_pairs, tagged, translated(store, tagged, translator, max_spans=1))
    assert store.metadata(pairs)["dropped"] == {"too_many_spans": 2}


def test_a_sentence_that_lost_a_placeholder_may_go_whole_and_one_with_too_many_spans_stays(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = run_alone(store, find_pairs, tagged, translated(store, tagged, translator), "sentence")
    first, _, last = store.table(pairs).to_pylist()
    assert first["reasons"] == ["", ""] and last["reasons"] == ["sentence_incomplete", "placeholder_lost"]
    assert last["translated_starts"] == [-1, -1]
    monkeypatch.setitem(KNOWN, "SPAN0 wohnt in Wien", "SPAN0 lives in Vienna")
    monkeypatch.setitem(KNOWN, "SPAN0 ruft Ada", "SPAN0 calls Ada")
    few = run_alone(store, find_pairs, tagged, translated(store, tagged, translator, max_spans=1), "sentence")
    assert store.metadata(few)["pairs"] == 2 and store.metadata(few)["dropped"] == {"too_many_spans": 2}


def test_a_corpus_without_a_candidate_span_is_an_error(
    store: Store, put_table: Callable[..., Reference], translator: Reference, engine: Engine
) -> None:
    blank = put_table(PREDICTIONS, {"sentence_id": [0], "words": [["Hier"]], "tags": [["O"]]}, about())
    with pytest.raises(InputError, match="none of its 1 sentences has an entity, so there is no candidate span"):
        translated(store, blank, translator)


def test_placeholders_that_never_survive_are_an_error(
    store: Store, tagged: Reference, translator: Reference, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("SPAN0 wohnt in SPAN1", "SPAN0 ruft SPAN1"):
        monkeypatch.setitem(KNOWN, text, "nothing came back")
    with pytest.raises(InputError, match=r"none of the 4 spans in 3 sentences .*placeholder_lost 4.*; choose ano"):
        run_alone(store, find_pairs, tagged, translated(store, tagged, translator))


def test_translations_of_other_sentences_are_refused(
    store: Store, put_table: Callable[..., Reference], tagged: Reference, translator: Reference, engine: Engine
) -> None:
    other = put_table(PREDICTIONS, {"sentence_id": [0, 1, 2], "words": WORDS, "tags": TAGS}, about())
    with pytest.raises(InputError, match="translate these very sentences"):
        run_alone(store, find_pairs, other, translated(store, tagged, translator))
