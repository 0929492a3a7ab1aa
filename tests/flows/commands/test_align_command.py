"""crosstag align: labels that word alignment places, against the gold of the translations."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import MARKED_TRANSLATION
from artifacts.errors import InputError
from artifacts.manifest import Recipe
from artifacts.store import STORE_FORMAT, Store
from flows.commands.placing import placed_labels, placed_score
from tasks.aligned.links import WordLinks
from tasks.aligned.score_candidates import PairScorers
from tasks.aligned.sentence_pairs import alignment_table
from tasks.corpus.corpus import Corpus
from tasks.translation.machine.card import TranslatorCard, write_card

Crosstag = Callable[..., tuple[int, str]]
SOURCE = [["Ada", "sees", "Ulm"], ["Bonn"]]
TARGET = [["Ulm", "sieht", "Ada"], ["Bad", "Bonn"]]
TYPES = ("LOC", "PER")


def write(path: Path, sentences: list[list[str]], tags: list[list[str]]) -> str:
    blocks = ["".join(f"{w}\t{t}\n" for w, t in zip(*both, strict=True)) for both in zip(sentences, tags, strict=True)]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return str(path)


def test_placed_labels_are_scored_against_gold() -> None:
    source = Corpus("en", SOURCE, [["B-PER", "O", "B-LOC"], ["B-LOC"]], TYPES)
    target = Corpus("de", TARGET, [["B-LOC", "O", "B-PER"], ["B-LOC", "I-LOC"]], TYPES)
    alignment = {
        "pair_id": [0, 1],
        "source_words": SOURCE,
        "target_words": TARGET,
        "source_links": [[0, 1], [0]],
        "target_links": [[2, 1], [1]],
        "similarities": [[0.5, 0.5], [0.5]],
    }
    # Ada is right, Ulm has no link, Bonn should have two words: 1 of 2 placed, 1 of 3 of the gold.
    placed = placed_labels(source, pa.table(alignment))
    score = placed_score(source, target, placed)
    assert (score.precision, score.recall, score.f1) == (0.5, pytest.approx(1 / 3), pytest.approx(0.4))
    assert placed["reasons"].to_pylist() == [["", "unaligned"], [""]]


def test_an_encoder_places_the_labels_of_a_sentence_on_itself(crosstag: Crosstag, data: Path, tmp_path: Path) -> None:
    tags = [["B-PER", "O", "B-LOC"], ["B-LOC"]]
    one = write(tmp_path / "one.conll", SOURCE, tags)
    options = ("--encoder", "bundled:encoder", "--layer", "1", "--layer", "2", "--no-eflomal", "--device", "cpu")
    code, printed = crosstag("align", one, one, "--languages", "en,de", *options)
    assert code == 0
    rows = [line.split() for line in printed.splitlines() if line.startswith("encoder, layer")]
    assert [row[:6] for row in rows] == [["encoder,", "layer", n, "100.0", "100.0", "100.0"] for n in "12"]
    assert rows[0][6:] == ["3", "of", "3", "2", "none"]


def test_a_translator_ranks_candidates_beside_alignment(
    crosstag: Crosstag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Path | None, tuple[str, str]]] = []

    class Like:
        """Texts are as probable given each other as they are alike in length: Ulm is Ulm."""

        def log_probabilities(
            self, sources: list[str], outputs: list[str], pairs: Any, progress: Callable[[int], None]
        ) -> np.ndarray:
            alike = [0.5 if sources[i] == outputs[j] else 0.01 for i, j in zip(*pairs, strict=True)]
            progress(len(alike))
            return np.log(np.array(alike, dtype=np.float32))

    def loaded(
        forward: Path, backward: Path | None, languages: tuple[str, str], config: Any, **how: Any
    ) -> PairScorers:
        asked.append((forward, backward, languages))
        return PairScorers(*[Like()] * 4)

    monkeypatch.setattr("flows.commands.placing.load_pair_scorers", loaded)
    monkeypatch.setattr("flows.commands.placing.convert_folder", lambda folder, target, family: None)
    (tmp_path / "translator").mkdir()
    write_card(TranslatorCard(family="m2m100"), tmp_path / "translator")
    one = write(tmp_path / "one.conll", SOURCE[:1], [["B-PER", "O", "B-LOC"]])
    other = write(tmp_path / "other.conll", [["Ulm", "sieht", "Ada"]], [["B-LOC", "O", "B-PER"]])
    # No word has a link, so alignment places nothing, and the translator all.
    monkeypatch.setattr(
        "flows.commands.placing._by_eflomal",
        lambda asked, pairs: alignment_table(pairs, WordLinks(*[np.zeros(0, int)] * 2, np.zeros(0, np.float32))),
    )
    command = ("align", one, other, "--languages", "en,de", "--device", "cpu")
    code, printed = crosstag(*command, "--translator", str(tmp_path / "translator"))
    assert code == 0
    rows = {line[:26].rstrip(): line[26:].split() for line in printed.splitlines() if line.startswith("eflomal")}
    assert [row[:3] for row in rows.values()] == [["0.0"] * 3, ["100.0"] * 3, ["100.0"] * 3]
    assert list(rows) == ["eflomal", "eflomal; ranking unplaced", "eflomal; ranking all"]
    assert asked[0][1] == asked[0][0] and asked[0][2] == ("en", "de")
    crosstag(*command, "--translator", str(tmp_path / "translator"), "--one-direction")
    assert asked[1][1] is None
    code, printed = crosstag(*command, "--translator", str(tmp_path / "translator"), "--min-similarity", "1.1")
    assert code == 0 and printed.count("unlikely 2") == 2
    code, told = crosstag(*command, "--translator", "facebook/m2m100_418M")
    assert code == 2 and "--translator" in told and "is no folder" in told


def test_a_translator_that_cannot_be_used_is_told_before_anything_is_aligned(
    crosstag: Crosstag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def aligned(*_: object) -> None:
        raise AssertionError("aligned")

    monkeypatch.setattr("flows.commands.placing._by_eflomal", aligned)
    one = write(tmp_path / "one.conll", SOURCE[:1], [["B-PER", "O", "B-LOC"]])
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("sentencepiece.bpe.model", "vocab.json", "model.safetensors"):
        (folder / name).touch()
    shape = {"model_type": "m2m_100", "encoder_layers": 12, "decoder_layers": 3}
    (folder / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    command = ("align", one, one, "--languages", "en,de", "--device", "cpu", "--translator", str(folder))
    code, told = crosstag(*command)
    assert code != 0 and "whether it is one, or an M2M100" in told

    def loaded(*_: object, **__: object) -> None:
        raise InputError("as far as it matters")

    converted: list[str] = []
    monkeypatch.setattr("flows.commands.placing.load_pair_scorers", loaded)
    monkeypatch.setattr("flows.commands.placing.convert_folder", lambda _, __, family: converted.append(family))
    code, told = crosstag(*command, "--family", "small100")
    assert converted == ["small100"] and "as far as it matters" in told


def test_labels_by_markers_are_the_gold_of_a_marked_translation(
    crosstag: Crosstag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)

    def put(key: str, reasons: list[str]) -> None:
        rows = {
            "sentence_id": [0, 1, 2], "source_words": [*SOURCE, ["Rome"]],
            "source_tags": [["B-PER", "O", "B-LOC"], ["B-LOC"], ["B-LOC"]], "marked_source": [""] * 3,
            "output": [""] * 3, "words": [*TARGET, []], "tags": [["B-LOC", "O", "B-PER"], ["B-LOC", "I-LOC"], []],
            "entities": [[1, 0], [0], []], "reason": reasons,
        }  # fmt: skip
        about = {"language": "de", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "dropped": {"marker_lost": 1}}
        with store.writing(MARKED_TRANSLATION, key, recipe) as writer:
            writer.write(pa.table(rows, schema=MARKED_TRANSLATION.schema), about)

    def links(asked: Any, pairs: pa.Table) -> pa.Table:
        assert pairs["target_words"].to_pylist() == TARGET and asked.languages == ("en", "de")
        rows = WordLinks(np.array([0, 2, 3]), np.array([2, 0, 4]), np.full(3, np.nan, dtype=np.float32))
        return alignment_table(pairs, rows)

    monkeypatch.setattr("flows.commands.placing._by_eflomal", links)
    put("ab12", ["", "", "marker_lost"])
    code, printed = crosstag("align", "marked_translation/ab", "--store", str(store), "--device", "cpu")
    (row,) = [line.split() for line in printed.splitlines() if line.startswith("eflomal")]
    # Of Ada, Ulm and Bad Bonn alignment finds Bonn alone for the last.
    assert code == 0 and row[1:7] == ["66.7", "66.7", "66.7", "3", "of", "3"]
    assert "2 sentences; labels by markers as gold" in printed
    code, told = crosstag("align", write(tmp_path / "one.conll", SOURCE[:1], [["B-PER", "O", "B-LOC"]]))
    assert code == 2 and "TARGET" in told and "missing beside" in told
    put("cd34", ["marker_lost"] * 3)
    code, told = crosstag("align", "marked_translation/cd", "--store", str(store))
    assert code != 0 and "no sentence of marked_translation/cd34 was kept ({'marker_lost': 1})" in told


def test_files_that_are_no_translations_of_each_other_are_refused(crosstag: Crosstag, tmp_path: Path) -> None:
    one = write(tmp_path / "one.conll", SOURCE, [["B-PER", "O", "B-LOC"], ["B-LOC"]])
    other = write(tmp_path / "other.conll", TARGET[:1], [["B-LOC", "O", "B-PER"]])
    code, told = crosstag("align", one, other)
    assert code != 0 and "2 sentences of types LOC, PER" in told and "1 of LOC, PER" in told
    code, told = crosstag("align", one, one, "--no-eflomal")
    assert code != 0 and "neither an encoder nor eflomal" in told
    for languages in ("en", "en,", "en,de,fr"):
        code, told = crosstag("align", one, one, "--languages", languages)
        assert code != 0 and "expected two languages" in told
    code, told = crosstag("align", one, one, "--languages", "en,deutsch")
    assert code != 0 and "'deutsch'; expected a code such as de" in told
