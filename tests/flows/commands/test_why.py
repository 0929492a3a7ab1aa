"""`crosstag store why`, on the store of a run."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.reference import Reference
from artifacts.store import Store
from flows.commands.words import read_words

Crosstag = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def asked(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the store, as the first question leaves a bank of words there."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("asked") / "store"))


@pytest.fixture
def scores(asked: Path) -> Reference:
    """Of the first pseudo-labels of the raw text."""
    (found,) = [m for m in Store(asked).manifests_of("reliability") if m.label == "iteration 1, D_tgt"]
    return Reference(kind=found.kind, key=found.key, digest=found.digest)


def test_a_weight_is_explained_by_the_nearest_words(crosstag: Crosstag, asked: Path, scores: Reference) -> None:
    store = Store(asked)
    words = read_words(store, scores).words
    word = words.sort_values("agreement", kind="stable").iloc[0]
    which = ["--sentence", str(word.sentence_id), "--word", str(word.place)]
    code, told = crosstag("store", "why", str(scores), *which, "--rows", "6", "--store", str(asked))
    assert code == 0 and f"»{word.word}«" in told
    mean = store.metadata(scores)["class_mean"][word.label]
    assert f"{word.label}   λ {word.agreement:.3f}   μ of {word.label} {mean:.3f}   w {word.weight:.3f} (" in told
    matching = round(word.agreement * 10)
    assert f"{matching} of 10 nearest words speak for {word.label}: " in told
    assert "found again" not in told, "the same search gives the same λ"
    rows = re.findall(r"^(\d) +(0\.\d{4}|1\.0000) +(\S+) +(yes|no) +\[(\d+)\] .*»(.+)«", told, re.MULTILINE)
    assert [int(rank) for rank, *_ in rows] == [1, 2, 3, 4, 5, 6]
    assert [float(cosine) for _, cosine, *_ in rows] == sorted((float(row[1]) for row in rows), reverse=True)
    labels = {(n, w): set(group) for (n, w), group in words.groupby(["sentence_id", "word"])["label"]}
    for _, _, label, match, sentence, neighbour in rows:
        assert label in labels[int(sentence), neighbour] and (match == "yes") == (label == word.label)
    (bank,) = (asked / ".inspect").iterdir()
    written = (bank / "vectors.f32").stat().st_mtime_ns
    again = crosstag("store", "why", str(scores), *which, "--rows", "6", "--store", str(asked))
    assert again == (0, told) and (bank / "vectors.f32").stat().st_mtime_ns == written, "nothing is represented again"


def test_a_word_may_be_named(crosstag: Crosstag, asked: Path, scores: Reference) -> None:
    words = read_words(Store(asked), scores).words
    counts = words.groupby(["sentence_id", "word"], sort=False).size()
    once, twice = counts[counts == 1].index[0], counts[counts > 1].index[0]
    code, _ = crosstag(
        "store", "why", str(scores), "--sentence", str(once[0]), "--word", once[1], "--store", str(asked)
    )
    assert code == 0
    code, message = crosstag(
        "store", "why", str(scores), "--sentence", str(twice[0]), "--word", twice[1], "--store", str(asked)
    )
    assert code == 2 and f"--word {twice[1]}: comes {counts[twice]} times in sentence {twice[0]}; give its" in message


def test_what_cannot_be_explained_is_told(crosstag: Crosstag, asked: Path, scores: Reference, tmp_path: Path) -> None:
    store = Store(shutil.copytree(asked, tmp_path / "store"))
    at = ["--word", "0", "--store", str(store.root)]
    code, message = crosstag("store", "why", str(scores), "--sentence", "99999", *at)
    assert code == 2 and "has no such sentence" in message
    soft_labels = store.require(scores).recipe.inputs["soft_labels"]
    code, message = crosstag("store", "why", soft_labels.replace(":", "/"), "--sentence", "0", *at)
    assert code == 2 and "this is soft_labels; expected reliability" in message
    tagger = store.holding(store.require(scores).recipe.inputs["tagger"])
    assert tagger is not None
    store.drop_files(tagger.kind, tagger.key)
    code, message = crosstag("store", "why", str(scores), "--sentence", "0", *at)
    assert code == 2 and f"the files of {tagger} were dropped, without which no neighbours are found" in message
