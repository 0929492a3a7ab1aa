"""Scores of candidates and what becomes of entities by them, with a translator whose probabilities are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import (
    ALIGNED_TRANSLATION,
    CANDIDATE_SCORES,
    LABELLED,
    SENTENCES,
    TRANSLATOR,
    WORD_ALIGNMENT,
)
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.aligned.candidates import CandidateSpans
from tasks.aligned.place_labels import LabelPlacing, place_labels
from tasks.aligned.rank_places import rank_places
from tasks.aligned.ranking import PlaceRanking
from tasks.aligned.score_candidates import has_both_directions, load_pair_scorers, score_candidates
from tasks.translation.machine.card import TranslatorCard, write_card
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.scoring import make_scorers
from tasks.translation.marked.gather import gather_translations
from tests.tasks.translation.conftest import make_tiny_translator

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
# Source words with tags; translation; links.
CASES = [
    ("Ada/B-PER sees Ulm/B-LOC .", "Bei Ulm sieht Ada .", "0-3 1-2"),  # Ulm has no link
    ("It rains .", "Es regnet .", "0-0"),
    ("Bonn/B-LOC", None, ""),  # no translation
    ("Bonn/B-LOC loves Ada/B-PER", "Bonn ist ja und Bonn Ada", "0-0 0-4"),  # Bonn is split, Ada has no link
]
TRANSFORMERS = Generation(engine="transformers")
# p of an output given a source, by direction; anything else is 0.01, and everything given itself 0.5.
KNOWN = {
    ("en", "de", "Ulm", "Ulm"): 0.4,
    ("de", "en", "Ulm", "Ulm"): 0.3,
    ("en", "de", "Ulm", "Bei Ulm"): 0.3,
    ("en", "de", "Ada", "Ada"): 0.5,
    ("de", "en", "Ada", "Ada"): 0.5,
}


@dataclass(frozen=True)
class Knowing:
    """A scorer that says what is in `KNOWN`."""

    direction: tuple[str, str]
    asked: list[tuple[tuple[str, str], str, str]]

    def log_probabilities(
        self, sources: Sequence[str], outputs: Sequence[str], pairs: Any, progress: Callable[[int], None]
    ) -> np.ndarray:
        texts = [(sources[i], outputs[j]) for i, j in zip(*pairs, strict=True)]
        self.asked.extend((self.direction, *each) for each in texts)
        progress(len(texts))
        itself = self.direction[0] == self.direction[1]
        values = [0.5 if itself else KNOWN.get((*self.direction, *each), 0.01) for each in texts]
        return np.log(np.array(values, dtype=np.float32))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, str], str, str]]:
    """What translators are asked: direction, source, output."""
    found: list[tuple[tuple[str, str], str, str]] = []
    monkeypatch.setattr(
        "tasks.aligned.score_candidates.make_scorers",
        lambda folder, directions, config, **how: [Knowing(each, found) for each in directions],
    )
    return found


@pytest.fixture
def aligned(store: Store, put_table: Callable[..., Reference]) -> tuple[Reference, Reference]:
    """Labels that were placed by links, and the alignment."""
    tokens = [[word.partition("/") for word in case[0].split()] for case in CASES]
    source = [[word for word, _, _ in sentence] for sentence in tokens]
    tags = [[tag or "O" for _, _, tag in sentence] for sentence in tokens]
    there = [n for n, case in enumerate(CASES) if case[1]]
    ids, words = [10 + n for n in there], [(CASES[n][1] or "").split() for n in there]
    links = [[each.split("-") for each in CASES[n][2].split()] for n in there]
    columns = {"sentence_id": [10 + n for n in range(len(CASES))], "words": source, "tags": tags}
    data = put_table(LABELLED, columns, {"language": "en", "labels": LABELS})
    translated = put_table(SENTENCES, {"sentence_id": ids, "words": words}, {"language": "de", "dropped": {}})
    alignment = {
        "pair_id": ids,
        "source_words": [source[n] for n in there],
        "target_words": words,
        "source_links": [[int(i) for i, _ in each] for each in links],
        "target_links": [[int(j) for _, j in each] for each in links],
        "similarities": [[0.5] * len(each) for each in links],
    }
    made = put_table(WORD_ALIGNMENT, alignment, {"source_language": "en", "target_language": "de"})
    return run_alone(store, place_labels, data, translated, made, LabelPlacing()), made


@pytest.fixture
def translator(put_model: Callable[..., Reference], tmp_path: Path) -> Reference:
    """One whose card says that it knows all directions; it has no weights."""
    (tmp_path / "many").mkdir()
    write_card(TranslatorCard(family="m2m100"), tmp_path / "many")
    return put_model(TRANSLATOR, tmp_path / "many")


Scored = Callable[..., Reference]


@pytest.fixture
def scored(store: Store, aligned: tuple[Reference, Reference], translator: Reference) -> Scored:
    def run(which: str = "unplaced", backward: bool = True, **config: int) -> Reference:
        by = (translator, translator if backward else None)
        return run_alone(store, score_candidates, *aligned, *by, which, CandidateSpans(**config), TRANSFORMERS)

    return run


@pytest.fixture
def ranked(store: Store, aligned: tuple[Reference, Reference]) -> Callable[..., Reference]:
    def run(scores: Reference, minimum: float = 0.5, incomplete: str = "drop") -> Reference:
        return run_alone(store, rank_places, aligned[0], scores, PlaceRanking(min_similarity=minimum), incomplete)

    return run


@pytest.mark.usefixtures("asked")
def test_each_candidate_of_an_unplaced_entity_has_the_probabilities_of_both_directions(
    store: Store, scored: Scored
) -> None:
    made = scored(max_extra_words=1)
    rows = store.table(made).to_pylist()
    ulm = {row["target"]: row for row in rows if row["sentence_id"] == 10}
    # Ada holds word 3, and the full stop is no word: three words, and two spans of two.
    assert set(ulm) == {"Bei", "Ulm", "sieht", "Bei Ulm", "Ulm sieht"}
    assert {row["entity"] for row in ulm.values()} == {1} and {row["source"] for row in ulm.values()} == {"Ulm"}
    best = ulm["Ulm"]
    assert (best["start"], best["end"]) == (1, 2)
    logs = [best[name] for name in ("forward", "forward_self", "backward", "backward_self")]
    assert np.exp(logs).tolist() == pytest.approx([0.4, 0.5, 0.3, 0.5])
    assert CANDIDATE_SCORES.form(best, LABELS) == "[10] Ulm -> Ulm  p(c|e) 0.40, p(c|c) 0.50, p(e|c) 0.30, p(e|e) 0.50"
    said = store.metadata(made)
    assert (said["entities"], said["without_candidates"], said["both_directions"]) == (3, 0, True)
    assert (said["left_out"], said["entities_cut"], said["unscored"]) == (0, 0, 0)
    assert said["candidates"] == len(rows) and (said["source_language"], said["target_language"]) == ("en", "de")


def test_every_pair_of_texts_is_asked_for_once(store: Store, scored: Scored, asked: list[Any]) -> None:
    rows = store.table(scored(max_extra_words=0)).to_pylist()
    assert len(asked) == len(set(asked))
    # Bonn stands twice in the last sentence, so that both entities there have one pair with it.
    assert {(direction, source, output) for direction, source, output in asked} == {
        *((("en", "de"), row["source"], row["target"]) for row in rows),
        *((("de", "en"), row["target"], row["source"]) for row in rows),
        *((("de", "de"), row["target"], row["target"]) for row in rows),
        *((("en", "en"), row["source"], row["source"]) for row in rows),
    }
    assert len(rows) == 3 + 6 + 6


def test_scores_that_came_before_a_crash_are_not_asked_for_again(
    store: Store, scored: Scored, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.table(scored(max_extra_words=0, max_candidates=1000)).to_pylist()
    once = len(asked)
    asked.clear()
    monkeypatch.setattr("tasks.aligned.score_candidates._PAIRS_AT_A_TIME", 4)
    answer = Knowing.log_probabilities

    def dying(self: Knowing, *given: Any) -> np.ndarray:
        if len(asked) > 14:
            raise RuntimeError("the machine is gone")
        return answer(self, *given)

    monkeypatch.setattr(Knowing, "log_probabilities", dying)
    with pytest.raises(RuntimeError, match="the machine is gone"):
        scored(max_extra_words=0)
    before = len(asked)
    assert 0 < before < once
    monkeypatch.setattr(Knowing, "log_probabilities", answer)
    assert store.table(scored(max_extra_words=0)).to_pylist() == whole
    assert len(asked) == len(set(asked)) == once


def test_a_translator_of_one_direction_is_asked_for_that_one_alone(
    store: Store, scored: Scored, asked: list[Any]
) -> None:
    made = scored(backward=False)
    assert {direction for direction, *_ in asked} == {("en", "de")}, "it reads candidates as if they were English"
    rows = store.table(made).to_pylist()
    assert {row["backward"] for row in rows} == {row["backward_self"] for row in rows} == {None}
    assert store.metadata(made)["both_directions"] is False


def test_which_directions_a_translator_has_is_told_by_its_card(tmp_path: Path) -> None:
    folders = {"many": {}, "one": {}, "pairs": {"en de": "a", "de en": "b"}, "back": {"de en": "b"}}
    for name, directions in folders.items():
        (tmp_path / name).mkdir()
        family = "m2m100" if name == "many" else "marian"
        write_card(TranslatorCard(family=family, folders=directions), tmp_path / name)

    def both(forward: str, backward: str | None) -> bool:
        return has_both_directions(tmp_path / forward, backward and tmp_path / backward, ("en", "de"))

    assert both("many", "many") and both("pairs", "pairs") and both("one", "back")
    assert not both("one", "one") and not both("many", None)


def test_each_of_two_translators_scores_its_own_direction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, directions in {"there": {"en de": "a"}, "back": {"de en": "b"}, "many": {}}.items():
        (tmp_path / name).mkdir()
        family = "m2m100" if name == "many" else "marian"
        write_card(TranslatorCard(family=family, folders=directions), tmp_path / name)
    monkeypatch.setattr(
        "tasks.aligned.score_candidates.make_scorers",
        lambda folder, directions, config, **how: [(folder.name, *each) for each in directions],
    )

    def loaded(forward: str, backward: str | None) -> list[Any]:
        folders = tmp_path / forward, backward and tmp_path / backward
        made = load_pair_scorers(*folders, ("en", "de"), TRANSFORMERS, device="cpu", budget=1)
        return [made.forward, made.forward_self, made.backward, made.backward_self]

    there, back = ("there", "en", "de"), ("back", "de", "en")
    assert loaded("there", "back") == [there, there, back, back], "each reads the other language as its own"
    assert loaded("there", None) == loaded("there", "there") == [there, there, None, None]
    assert loaded("many", "many") == [("many", *each.split()) for each in ("en de", "de de", "de en", "en en")]
    assert loaded("many", None) == [("many", "en", "de")] * 2 + [None, None]


@pytest.mark.usefixtures("asked")
def test_the_best_candidate_becomes_the_place_if_it_reaches_the_minimum(
    store: Store, scored: Scored, ranked: Callable[..., Reference], aligned: tuple[Reference, Reference]
) -> None:
    # Ulm: (0.4 / 0.5 + 0.3 / 0.5) / 2 = 0.7, Bei Ulm: (0.3 / 0.5 + 0.01 / 0.5) / 2 = 0.31.
    assert store.table(aligned[0]).to_pylist()[0]["reason"] == "unaligned"
    scores = scored()
    done = ranked(scores, 0.69)
    rows = store.table(done).to_pylist()
    first = rows[0]
    assert first["tags"] == ["O", "B-LOC", "O", "B-PER", "O"] and first["reason"] == ""
    assert (first["starts"], first["ends"]) == ([3, 1], [4, 2])
    assert first["shares"] == [1, None] and first["similarities"] == pytest.approx([0.5, 0.7])
    assert ALIGNED_TRANSLATION.form(first, LABELS).splitlines()[2] == (
        "    entities    Ada -> Ada (100%, similarity 0.50), Ulm -> Ulm (ranked, similarity 0.70)"
    )
    refused = store.table(ranked(scores, 0.71)).to_pylist()[0]
    assert refused["reasons"] == ["", "unlikely"] and refused["reason"] == "unlikely" and refused["tags"] == []
    assert refused["starts"] == [3, -1] and refused["similarities"] == pytest.approx([0.5, 0.7])
    assert "Ulm -> unlikely (ranked, similarity 0.70)" in ALIGNED_TRANSLATION.form(refused, LABELS)


@pytest.mark.usefixtures("asked")
def test_what_was_ranked_is_counted_by_what_alignment_had_said(
    store: Store, scored: Scored, ranked: Callable[..., Reference]
) -> None:
    done = ranked(scored())
    said = store.metadata(done)
    rows = store.table(done).to_pylist()
    assert [row["reason"] for row in rows] == ["", "", "untranslated", "unlikely"]
    assert rows[3]["reasons"] == ["unlikely", ""] and rows[3]["starts"] == [-1, 5]  # Bonn was split, Ada is found
    assert (said["kept"], said["dropped"]) == (2, {"unlikely": 1, "untranslated": 1})
    assert (said["entities"], said["placed"], said["lost"]) == (4, 3, {"unlikely": 1})
    ranking = said["ranking"]
    assert (ranking["asked"], ranking["placed"], ranking["agreed"]) == (3, {"unaligned": 2}, 0)
    assert (ranking["which"], ranking["min_similarity"], ranking["both_directions"]) == ("unplaced", 0.5, True)
    kept = store.table(ranked(scored(), incomplete="keep")).to_pylist()[3]
    assert kept["reason"] == "" and kept["tags"] == ["O"] * 5 + ["B-PER"]
    gathered = store.table(run_alone(store, gather_translations, (done,))).to_pylist()
    assert [row["source_sentence_id"] for row in gathered] == [10, 11] and gathered[0]["origin"] == ["aligned"] * 5


@pytest.mark.usefixtures("asked")
def test_all_entities_are_ranked_among_spans_with_linked_words(
    store: Store, scored: Scored, ranked: Callable[..., Reference]
) -> None:
    scores = scored("all", max_extra_words=0)
    by_entity = {
        (row["sentence_id"], row["entity"], row["target"]) for row in store.table(scores).to_pylist()
    }  # Ada of the first sentence has a link to one word; Ulm has none, and all words.
    assert {each for each in by_entity if each[0] == 10} == {
        (10, 0, "Ada"), (10, 1, "Bei"), (10, 1, "Ulm"), (10, 1, "sieht"), (10, 1, "Ada"),
    }  # fmt: skip
    done = ranked(scores)
    ranking = store.metadata(done)["ranking"]
    assert (ranking["asked"], ranking["placed"], ranking["agreed"]) == (4, {"placed": 1, "unaligned": 2}, 1)
    assert store.table(done).to_pylist()[0]["shares"] == [None, None]


@pytest.mark.usefixtures("asked")
def test_an_entity_without_free_words_and_one_whose_words_are_taken_are_told_apart(
    store: Store, put_table: Callable[..., Reference], translator: Reference
) -> None:
    words = [["Ada", "Ulm", "Bonn"]]
    tags = [["B-PER", "B-LOC", "B-LOC"]]
    placed = {
        "sentence_id": [1, 2], "source_words": words * 2, "source_tags": tags * 2, "words": [["Ulm"], ["Ada"]],
        "tags": [[], []], "starts": [[-1, -1, -1], [0, -1, -1]], "ends": [[-1, -1, -1], [1, -1, -1]],
        "shares": [[0, 0, 0], [1, 0, 0]], "similarities": [[None] * 3] * 2,
        "reasons": [["unaligned"] * 3, ["", "unaligned", "split"]], "reason": ["unaligned"] * 2,
    }  # fmt: skip
    about = {"language": "de", "labels": LABELS, "corpus": "labelled/1", "untranslated": {}}
    alignment = {
        "pair_id": [1, 2], "source_words": words * 2, "target_words": placed["words"], "source_links": [[], []],
        "target_links": [[], []], "similarities": [[], []],
    }  # fmt: skip
    made = put_table(WORD_ALIGNMENT, alignment, {"source_language": "en", "target_language": "de"})
    before = put_table(ALIGNED_TRANSLATION, placed, about)
    how = ("unplaced", CandidateSpans(), TRANSFORMERS)
    scores = run_alone(store, score_candidates, before, made, translator, translator, *how)
    done = run_alone(store, rank_places, before, scores, PlaceRanking(min_similarity=0.01), "drop")
    assert [row["reasons"] for row in store.table(done).to_pylist()] == [
        ["taken", "", "taken"],
        ["", "no_candidate", "no_candidate"],
    ]
    assert store.metadata(scores)["without_candidates"] == 2


@pytest.mark.usefixtures("asked")
def test_candidates_beyond_the_most_are_counted(store: Store, scored: Scored) -> None:
    made = scored(max_extra_words=0, max_candidates=3)
    said = store.metadata(made)
    assert (said["candidates"], said["left_out"], said["entities_cut"]) == (9, 6, 2)  # of 3, 6 and 6


def test_scores_are_those_of_the_translator(
    store: Store,
    aligned: tuple[Reference, Reference],
    put_model: Callable[..., Reference],
    tmp_path: Path,
) -> None:
    (tmp_path / "tiny").mkdir()
    folder = make_tiny_translator(tmp_path / "tiny", 0)
    made = put_model(TRANSLATOR, folder)
    scores = run_alone(store, score_candidates, *aligned, made, made, "unplaced", CandidateSpans(), TRANSFORMERS)
    row = next(row for row in store.table(scores).to_pylist() if row["target"] == "Bei Ulm")
    ways = {
        "forward": (("en", "de"), "Ulm", "Bei Ulm"),
        "forward_self": (("de", "de"), "Bei Ulm", "Bei Ulm"),
        "backward": (("de", "en"), "Bei Ulm", "Ulm"),
        "backward_self": (("en", "en"), "Ulm", "Ulm"),
    }
    for name, (direction, source, output) in ways.items():
        (scorer,) = make_scorers(folder, [direction], TRANSFORMERS, device="cpu", budget=512)
        alone = scorer.log_probabilities([source], [output], (np.array([0]), np.array([0])))
        assert row[name] == pytest.approx(alone[0], abs=1e-4)
    assert store.describe(scores).notes["engine"] == "transformers"


def test_without_sentences_nothing_is_asked(store: Store, put_table: Callable[..., Reference], translator) -> None:
    empty = {name: [] for name in ALIGNED_TRANSLATION.schema.names}
    before = put_table(
        ALIGNED_TRANSLATION, empty, {"language": "de", "labels": LABELS, "corpus": "labelled/1", "untranslated": {}}
    )
    nothing = {name: [] for name in WORD_ALIGNMENT.schema.names}
    made = put_table(WORD_ALIGNMENT, nothing, {"source_language": "en", "target_language": "de"})
    how = ("all", CandidateSpans(), TRANSFORMERS)
    scores = run_alone(store, score_candidates, before, made, translator, None, *how)
    done = run_alone(store, rank_places, before, scores, PlaceRanking(), "drop")
    assert store.table(scores).num_rows == store.table(done).num_rows == 0
    assert store.metadata(done)["ranking"]["placed"] == {}
