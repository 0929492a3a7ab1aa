"""Marian's checkpoints: which direction each is asked for, before a run and in it."""

import shutil
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.parts.translator import TranslatorChoice, check_translator
from tasks.translation.machine.card import read_card
from tasks.translation.machine.coding import read_coding
from tasks.translation.machine.converting import convert_folder
from tasks.translation.machine.engines import Generation
from tests.tasks.translation.machine.conftest import make_marian


def test_a_name_that_several_directions_share_is_taken_for_each() -> None:
    choice = TranslatorChoice(checkpoint="opus-{to}")
    directions = (("de", "en"), ("en", "de"), ("fr", "en"), ("en", "fr"))
    assert choice.names(directions) == {
        ("de", "en"): "opus-en", ("en", "de"): "opus-de", ("fr", "en"): "opus-en", ("en", "fr"): "opus-fr",
    }  # fmt: skip


def test_a_checkpoint_is_asked_for_the_target_of_its_own_direction(tmp_path: Path) -> None:
    # It writes German or Dutch, the other one English, which the first does not know.
    make_marian(tmp_path / "opus-en-de", "en", "gmw", ">>deu<<", ">>nld<<")
    make_marian(tmp_path / "opus-de-en", "de", "en")
    choice = TranslatorChoice(checkpoint=f"{tmp_path}/opus-{{from}}-{{to}}")
    assert check_translator(choice, (("de", "en"), ("en", "de")), Generation(), Runtime()) == "marian"


def test_a_checkpoint_of_another_direction_is_refused_before_the_run(tmp_path: Path, tiny_marian: Path) -> None:
    with pytest.raises(InputError, match="its source_lang is en, expected de"):
        check_translator(TranslatorChoice(checkpoint=str(tiny_marian)), (("de", "en"),), Generation(), Runtime())
    shutil.copytree(tiny_marian, tmp_path / "opus-de-en")
    choice = TranslatorChoice(checkpoint=f"{tmp_path}/opus-{{from}}-{{to}}")
    with pytest.raises(InputError, match=r"opus-de-en: its source_lang is en, expected de"):
        check_translator(choice, (("de", "en"),), Generation(), Runtime())


def test_a_marian_whose_targets_have_two_letters_is_converted(tmp_path: Path) -> None:
    folder = make_marian(tmp_path / "opus-mt-en-ROMANCE", "en", "ROMANCE", ">>fr<<", ">>es<<")
    (tmp_path / "converted").mkdir()
    convert_folder(folder, tmp_path / "converted")
    made = read_coding(tmp_path / "converted", read_card(tmp_path / "converted"), "en", "es")
    assert made.names[made.before[0]] == ">>es<<"
