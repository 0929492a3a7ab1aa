"""Checkpoints that have pickled weights alone: read without running anything, and looked at before a run."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.translator import TranslatorChoice, check_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.languages import UnknownLanguage
from tasks.translation.machine.translator import import_translator, load_model

COMMIT = "0123456789ab" + "0" * 28
DIRECTIONS = (("en", "de"), ("de", "en"))


def pickled(folder: Path, target: Path, shards: int = 1) -> Path:
    """The same checkpoint as torch saved it before there were safetensors; tied embeddings under all their names."""
    shutil.copytree(folder, target)
    weights: dict[str, Any] = {}
    model = load_model(folder, "madlad" if "madlad" in str(folder) else "marian" if "marian" in str(folder) else "nllb")
    for name, tensor in model.state_dict(keep_vars=True).items():
        weights[name] = tensor.detach()
    (target / "model.safetensors").unlink()
    if shards == 1:
        torch.save(weights, target / "pytorch_model.bin")
        return target
    places: dict[str, str] = {}
    for shard in range(shards):
        file = f"pytorch_model-{shard + 1:05}-of-{shards:05}.bin"
        part = dict(list(weights.items())[shard::shards])
        places |= dict.fromkeys(part, file)
        torch.save(part, target / file)
    (target / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    return target


@pytest.mark.parametrize(
    ("fixture", "family"), [("tiny_translator", "m2m100"), ("tiny_marian", "marian"), ("tiny_madlad", "madlad")]
)
@pytest.mark.parametrize("shards", [1, 2])
def test_pickled_weights_are_taken_over_as_safetensors(
    request: pytest.FixtureRequest, store: Store, tmp_path: Path, fixture: str, family: Any, shards: int
) -> None:
    folder: Path = request.getfixturevalue(fixture)
    old = pickled(folder, tmp_path / folder.name, shards)
    kept = store.folder(run_alone(store, import_translator, (InputFolder(path=str(old)),), (), family))
    assert not list(kept.glob("*.bin"))
    before, after = load_model(folder, family).state_dict(), load_model(kept, family).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert len(load_file(kept / "model.safetensors")) <= len(before)


def test_code_in_pickled_weights_is_not_run(store: Store, tiny_translator: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    folder = shutil.copytree(tiny_translator, tmp_path / "evil")
    (folder / "model.safetensors").unlink()
    torch.save({"model.shared.weight": torch.zeros(2), "more": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="more than weights, which could run code, and is not read"):
        run_alone(store, import_translator, (InputFolder(path=str(folder)),), (), None)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match=r"not read|damaged"):
        run_alone(store, import_translator, (InputFolder(path=str(folder)),), (), None)
    assert not (tmp_path / "ran").exists()


def test_damaged_weights_and_missing_shards_are_named(store: Store, tiny_translator: Path, tmp_path: Path) -> None:
    whole = pickled(tiny_translator, tmp_path / "whole")
    (whole / "pytorch_model.bin").write_bytes((whole / "pytorch_model.bin").read_bytes()[:5000])
    with pytest.raises(InputError, match=r"pytorch_model.bin: these pickled weights are damaged"):
        run_alone(store, import_translator, (InputFolder(path=str(whole)),), (), None)
    sharded = pickled(tiny_translator, tmp_path / "sharded", shards=2)
    (sharded / "pytorch_model-00002-of-00002.bin").unlink()
    with pytest.raises(InputError, match=r"pytorch_model-00002-of-00002.bin is missing, one of 2 shards"):
        run_alone(store, import_translator, (InputFolder(path=str(sharded)),), (), None)


# --- A name on the hub is looked at before a run.

Hub = Callable[..., list[dict[str, bool]]]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that has one repository; it remembers what was fetched."""

    def make(folder: Path, *names: str) -> list[dict[str, bool]]:
        fetched: list[dict[str, bool]] = []

        def local(self: HubModel, weights: bool = True, pickled: bool = False) -> Path:
            fetched.append({"weights": weights, "pickled": pickled})
            return folder

        monkeypatch.setattr(HubModel, "resolve", lambda name, revision: HubModel(name=name, commit=COMMIT))
        monkeypatch.setattr(HubModel, "names", lambda self: list(names) or None)
        monkeypatch.setattr(HubModel, "local", local)
        return fetched

    return make


@pytest.fixture
def small_files(tiny_translator: Path, tmp_path: Path) -> Path:
    """What is fetched before a run: all but the weights."""
    folder = shutil.copytree(tiny_translator, tmp_path / "snapshot")
    (folder / "model.safetensors").unlink()
    return folder


def test_a_name_on_the_hub_is_checked_without_its_weights(hub: Hub, small_files: Path) -> None:
    fetched = hub(small_files, "config.json", "pytorch_model.bin")
    choice = TranslatorChoice(checkpoint="facebook/m2m100_418M")
    assert check_translator(choice, DIRECTIONS, Generation(), Runtime()) == "m2m100"
    assert fetched == [{"weights": False, "pickled": False}]
    with pytest.raises(UnknownLanguage, match="language 'qqq'"):
        check_translator(choice, (("en", "qqq"),), Generation(), Runtime())


def test_a_repository_without_weights_is_refused_before_the_run(hub: Hub, small_files: Path) -> None:
    fetched = hub(small_files, "config.json", "rust_model.ot")
    with pytest.raises(InputError, match="some/thing at 0123456789ab: the repository has neither safetensors"):
        check_translator(TranslatorChoice(checkpoint="some/thing"), DIRECTIONS, Generation(), Runtime())
    assert not fetched


def test_pickled_weights_of_the_hub_are_fetched_only_where_there_are_no_others(
    hub: Hub, store: Store, tiny_translator: Path, small_files: Path, tmp_path: Path
) -> None:
    source = (HubModel(name="some/thing", commit=COMMIT),)
    fetched = hub(tiny_translator)
    run_alone(store, import_translator, source, (), None)
    assert fetched == [{"weights": True, "pickled": False}]
    fetched = hub(pickled(tiny_translator, tmp_path / "old"))
    run_alone(Store(tmp_path / "other"), import_translator, source, (), None)
    assert fetched == [{"weights": True, "pickled": False}, {"weights": True, "pickled": True}]


# --- Which checkpoints serve which directions.


def test_a_marian_must_be_named_for_each_direction(tiny_marian: Path, tmp_path: Path) -> None:
    one = TranslatorChoice(checkpoint=str(tiny_marian))
    assert check_translator(one, DIRECTIONS[:1], Generation(), Runtime()) == "marian"
    with pytest.raises(InputError, match=r"a Marian has one direction, and 2 are needed \(en to de, de to en\)"):
        check_translator(one, DIRECTIONS, Generation(), Runtime())
    both = TranslatorChoice(checkpoint=f"{tiny_marian.parent}/opus-mt-{{from}}-{{to}}")
    assert list(both.names(DIRECTIONS)) == list(DIRECTIONS)
    assert check_translator(both, DIRECTIONS[:1], Generation(), Runtime()) == "marian"
    with pytest.raises(InputError, match="opus-mt-de-en: no such folder"):
        check_translator(both, DIRECTIONS, Generation(), Runtime())


def test_a_translator_for_all_languages_is_not_named_by_direction(tiny_madlad: Path) -> None:
    named = TranslatorChoice(checkpoint=f"{tiny_madlad.parent}/{{to}}")
    with pytest.raises(InputError, match="family madlad, which has one checkpoint for all languages"):
        check_translator(named, (("en", tiny_madlad.name),), Generation(), Runtime())


def test_only_an_m2m100_is_trained_further(tiny_nllb: Path) -> None:
    choice = TranslatorChoice(checkpoint=str(tiny_nllb), fine_tune=True)
    with pytest.raises(InputError, match="of the family nllb, and an M2M100 alone can be trained further"):
        check_translator(choice, DIRECTIONS, Generation(), Runtime())
