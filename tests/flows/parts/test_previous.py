"""Which tagger `previous` names, and what is said of one that a run cannot go on from."""

import os
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from artifacts.catalog import STUDENT, TAGGER, ModelKind
from artifacts.errors import InputError
from artifacts.garbage import Choice, collect_garbage
from artifacts.manifest import Recipe
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runtime import Runtime, running
from artifacts.store import STORE_FORMAT, Store
from flows.parts.previous import check_previous, take_previous

TYPES = ["LOC", "MISC", "ORG", "PER"]


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(finished, tmp_path / "store"))


def the_student(store: Store) -> str:
    (key,) = store.keys("student")
    return f"student/{key}"


def runtime(store: Store) -> Runtime:
    return Runtime(store=str(store.root))


def test_a_student_stands_for_the_tagger_that_it_was_exported_from(copied: Store) -> None:
    taken = take_previous(the_student(copied), runtime(copied))
    exported = copied.find(the_student(copied))
    assert taken.kind == "tagger" and copied.require(taken).label == "iteration 2, D_tgt"
    weights = [(copied.folder(each) / "model.safetensors").read_bytes() for each in (taken, exported)]
    assert weights[0] == weights[1]
    assert take_previous(str(taken), runtime(copied)) == taken
    check_previous(the_student(copied), "de", TYPES, runtime(copied))


def test_a_run_keeps_what_it_goes_on_from_before_any_step_reads_it(store: Store) -> None:
    def put(kind: ModelKind, **inputs: str) -> Reference:
        recipe = Recipe(step="x", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
        with store.writing(kind, "ab", recipe) as writer:
            (writer.folder / "weights").write_text(kind.name)
        assert writer.reference is not None
        os.utime(store.local(kind.name, "ab"), (0, 0))
        return writer.reference

    tagger = put(TAGGER)
    student = put(STUDENT, tagger=f"tagger:{tagger.digest}")
    everything = Choice(unreachable=True, grace=timedelta(0))
    with running(runtime(store), planning=True):
        take_previous(str(student), runtime(store))
    assert len(collect_garbage(store, everything, dry_run=True).removed) == 2  # A plan leaves no mark.
    with recorded(runtime(store), "colada", {}):
        assert take_previous(str(student), runtime(store)) == tagger
        assert collect_garbage(store, everything).removed == []
    assert store.intact(tagger.kind, tagger.key) == tagger


def test_of_taggers_with_the_content_of_a_students_the_one_with_its_files_is_taken(store: Store) -> None:
    recipe = Recipe(step="x", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(TAGGER, "aa", recipe) as writer:
        (writer.folder / "weights").write_text("tagger")
    first = writer.reference
    assert first is not None
    # Adopted later under another key, so newer; then its files were dropped.
    adopted = store.adopt(store.describe(first), "bb", recipe, {}, "the code changed")
    store.drop_files(adopted.kind, adopted.key)
    made_of = {"inputs": {"tagger": f"tagger:{adopted.digest}"}}
    with store.writing(STUDENT, "cc", recipe.model_copy(update=made_of)) as writer:
        (writer.folder / "weights").write_text("student")
    assert store.find(adopted.content) == first
    assert take_previous("student/cc", runtime(store)) == first
    assert store.find("tagger/bb") == adopted, "what is named is found"
    # If no other has them, what to do is told.
    store.remove("tagger", "aa")
    with pytest.raises(InputError, match=r"the files of tagger/bb were dropped .* without --keep-taggers last"):
        take_previous("student/cc", runtime(store))


def test_what_a_run_cannot_go_on_from_is_told(copied: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    student, where = the_student(copied), runtime(copied)
    with pytest.raises(InputError, match="nothing fits 'student/ffff'"):
        take_previous("student/ffff", where)
    with pytest.raises(InputError, match=r"found encoder; expected student/KEY or tagger/KEY"):
        take_previous(f"encoder/{copied.keys('encoder')[0]}", where)
    with pytest.raises(InputError, match=r"entity types are LOC, MISC, ORG, PER, those of the run LOC, PER"):
        check_previous(student, "de", ["LOC", "PER"], where)
    with pytest.raises(InputError, match="student of de, and the text is nl"):
        check_previous(student, "nl", TYPES, where)
    with monkeypatch.context() as patch:
        patch.setattr("flows.parts.previous.head_named_in", lambda folder: "spans")
        with pytest.raises(
            InputError, match="its head is 'spans', and a run goes on from taggers whose head is 'linear'"
        ):
            check_previous(student, "de", TYPES, where)
    tagger = take_previous(student, where)
    copied.drop_files(tagger.kind, tagger.key)
    folder = re.escape(str(copied.local(tagger.kind, tagger.key)))
    with pytest.raises(InputError, match=rf"the files of {tagger} were dropped .* delete {folder} and run its flow"):
        take_previous(student, where)
    copied.remove(tagger.kind, tagger.key)
    with pytest.raises(InputError, match="the tagger that it was exported from is no longer in the store"):
        take_previous(student, where)
