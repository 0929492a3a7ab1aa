from pathlib import Path

import numpy as np
import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.read import read_labelled
from tasks.corpus.split import development_rows, split_source
from tasks.words.labels import LabelConfig

SENTENCES = [["word", str(number)] for number in range(100)]


def test_the_share_is_met_and_the_seed_decides() -> None:
    rows = development_rows(SENTENCES, 0.2, seed=1)
    assert rows.sum() == 20
    assert (rows == development_rows(SENTENCES, 0.2, seed=1)).all()
    assert (rows != development_rows(SENTENCES, 0.2, seed=2)).any()


def test_equal_sentences_stay_together() -> None:
    sentences = [["same"]] * 5 + SENTENCES[:5]
    for seed in range(10):
        rows = development_rows(sentences, 0.5, seed)
        assert len(set(rows[:5].tolist())) == 1
        assert 0 < rows.sum() < 10


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_neither_part_is_empty(share: float) -> None:
    assert 0 < development_rows(SENTENCES, share, 0).sum() < 100


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_out_of_range_is_an_error(share: float) -> None:
    with pytest.raises(InputError, match="expected a share above 0 and below 1"):
        development_rows(SENTENCES, share, 0)


def test_one_sentence_repeated_cannot_be_split() -> None:
    with pytest.raises(InputError, match="1 different sentences cannot be split"):
        development_rows([["same"], ["same"]], 0.5, 0)


def test_the_parts_are_disjoint_whole_and_keep_their_ids(tmp_path: Path) -> None:
    path, store = tmp_path / "en.conll", Store(tmp_path / "store")
    path.write_text("".join(f"{number}\tB-PER\n\n" for number in range(50)))
    data = run_alone(store, read_labelled, InputFile(path=str(path)), CorpusFormat(), LabelConfig(), "en")
    train, dev = (run_alone(store, split_source, data, part, 0.1, 7) for part in ("train", "dev"))
    train_ids, dev_ids = (store.table(part)["sentence_id"].to_numpy() for part in (train, dev))
    assert (len(train_ids), len(dev_ids)) == (45, 5)
    assert sorted(np.concatenate([train_ids, dev_ids]).tolist()) == list(range(50))
    assert store.table(dev)["words"].to_pylist() == [[str(number)] for number in dev_ids]
    assert store.metadata(dev) == store.metadata(data)
