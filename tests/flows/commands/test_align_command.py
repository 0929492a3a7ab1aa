"""crosstag align: labels that word alignment places, against the gold of the translations."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from flows.commands.placing import placed_score
from tasks.corpus.corpus import Corpus

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
    score, placed = placed_score(source, target, pa.table(alignment))
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
