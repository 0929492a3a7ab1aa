"""The store: an artifact is there completely or not at all."""

import errno
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from toy import visible

from artifacts.catalog import CHANGE, SENTENCES, TAGGER
from artifacts.code.fingerprint import Definition
from artifacts.errors import InputError, StoreError
from artifacts.folder import Draft
from artifacts.job import Job
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import STORE_FORMAT, Store
from artifacts.upkeep import verify
from artifacts.writer import Writer

RECIPE = Recipe(step="make", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
KEY = "ab12"


def rows(count: int = 3, start: int = 0) -> pa.Table:
    words = [["word", str(i + start)] for i in range(count)]
    return pa.table({"sentence_id": list(range(count)), "words": words}, schema=SENTENCES.schema)


def make(store: Store, key: str = KEY, count: int = 3) -> Reference:
    with store.writing(SENTENCES, key, RECIPE) as writer:
        writer.write(rows(count), {"language": "en"})
    assert writer.reference is not None
    return writer.reference


def make_model(store: Store, key: str = KEY) -> Reference:
    with store.writing(TAGGER, key, RECIPE) as writer:
        (writer.folder / "deep").mkdir()
        (writer.folder / "deep" / "model.safetensors").write_bytes(b"weights")
        (writer.folder / "config.json").write_text("{}")
        writer.describe({"labels": ("O",), "ids": {10: "b", 9: "a"}})
    assert writer.reference is not None
    return writer.reference


def test_an_artifact_is_read_back_as_it_was_written(store: Store) -> None:
    reference = make(store)
    assert store.table(reference) == rows()
    assert store.table(reference, ["words"]).column_names == ["words"]
    assert [b.num_rows for b in store.batches(reference, rows=2)] == [2, 1]
    assert store.metadata(reference) == {"language": "en"}
    assert store.intact("sentences", KEY) == reference
    assert list(verify(store)) == []


def test_what_is_known_when_all_rows_are_written_is_said_as_what_was_known_before(store: Store) -> None:
    counted: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows().to_batches(max_chunksize=1):
            counted.append(batch.num_rows)
            yield batch

    with store.writing(SENTENCES, "ee", RECIPE) as writer:
        writer.write(batches(), lambda: {"rows": sum(counted)})
    with store.writing(SENTENCES, "ff", RECIPE) as other:
        other.write(rows(), {"rows": 3})
    assert writer.reference is not None and other.reference is not None
    assert writer.reference.digest == other.reference.digest and store.metadata(writer.reference) == {"rows": 3}
    for key in ("ee", "ff"):
        file = store.local("sentences", key) / "data.parquet"
        assert pq.read_metadata(file).metadata[b"crosstag"] == b'{"rows": 3}'
    assert list(verify(store)) == []


def test_a_model_is_read_back_with_its_metadata_as_json(store: Store) -> None:
    reference = make_model(store)
    assert (store.folder(reference) / "deep" / "model.safetensors").read_bytes() == b"weights"
    assert store.metadata(reference) == {"labels": ["O"], "ids": {"10": "b", "9": "a"}}
    assert list(verify(store)) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_nothing(store: Store, error: type[BaseException]) -> None:
    with pytest.raises(error), store.writing(SENTENCES, KEY, RECIPE) as writer:
        writer.write(rows())
        raise error
    assert visible(store.root) == {"store.json"}
    assert list((store.root / ".unfinished").iterdir()) == []


def test_the_manifest_is_written_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    rename = os.rename

    def look(source: Path, target: Path) -> None:
        manifest = json.loads((Path(source) / "manifest.json").read_text())
        seen.append({name: (Path(source) / name).stat().st_size for name in manifest["files"]})
        assert not Path(target).exists()
        rename(source, target)

    monkeypatch.setattr(os, "rename", look)
    reference = make(store)
    assert seen == [{"data.parquet": (store.folder(reference) / "data.parquet").stat().st_size}]


def test_a_step_that_writes_nothing_fails(store: Store) -> None:
    for kind in (SENTENCES, TAGGER):
        with pytest.raises(TypeError, match=f"step make wrote no {kind.name}"), store.writing(kind, KEY, RECIPE):
            pass
    assert visible(store.root) == {"store.json"}


def test_rows_that_do_not_fit_the_catalogue_are_named(store: Store) -> None:
    wrong = {
        r"the columns are \['sentence_id', 'words'\], the step wrote \['words'\]": pa.table({"words": [["a"]]}),
        "the step wrote sentence_id string, words .* does not fit the catalogue": pa.table(
            {"sentence_id": ["x"], "words": [["a"]]}
        ),
        "sentence_id .*does not fit the catalogue.*null": pa.table(
            {"sentence_id": pa.array([None], pa.int64()), "words": [["a"]]}
        ),
    }
    for message, table in wrong.items():
        with pytest.raises(TypeError, match=message), store.writing(SENTENCES, KEY, RECIPE) as writer:
            writer.write(table)
    assert visible(store.root) == {"store.json"}


def test_a_table_is_written_once_and_a_link_is_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="written once"), store.writing(SENTENCES, KEY, RECIPE) as writer:
        writer.write(rows())
        writer.write(rows())
    with pytest.raises(TypeError, match="the link model"), store.writing(TAGGER, KEY, RECIPE) as writer:
        (writer.folder / "model").symlink_to(tmp_path)


def test_notes_take_numbers_of_numpy_and_are_not_content(store: Store) -> None:
    import numpy as np

    with store.writing(SENTENCES, "aa", RECIPE) as writer:
        writer.write(rows(), {"language": "en"})
        writer.note({"loss": np.float32(0.5), "losses": np.ones(2), "path": Path("x")})
    manifest = store.manifest("sentences", "aa")
    assert manifest is not None and manifest.notes == {"loss": 0.5, "losses": [1.0, 1.0], "path": "x"}
    assert manifest.digest == make(store).digest


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", ["shorter", "same size", "gone", "manifest", "torn manifest"])
def test_files_that_are_gone_or_changed_are_noticed(store: Store, damage: str) -> None:
    reference = make(store)
    data, manifest = (store.local("sentences", KEY) / n for n in ("data.parquet", "manifest.json"))
    if damage == "shorter":
        data.write_bytes(data.read_bytes()[:-1])
    elif damage == "same size":
        flip(data)
    elif damage == "gone":
        data.unlink()
    elif damage == "manifest":
        manifest.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes()[:40])
    assert store.intact("sentences", KEY) is None
    with pytest.raises(StoreError, match=rf"artifact sentences/{KEY}: its files .* are gone or changed; run the flow"):
        store.table(reference)


def test_other_content_under_the_same_key_is_a_clear_error(store: Store) -> None:
    reference = make(store)
    make(store, count=4)
    with pytest.raises(StoreError, match=f"{reference.digest[:12]} was expected"):
        store.table(reference)


def test_a_moved_or_copied_store_is_intact_and_a_renamed_artifact_is_not(store: Store, tmp_path: Path) -> None:
    reference = make(store)
    copy = Store(shutil.copytree(store.root, tmp_path / "copy", copy_function=shutil.copy))
    moved = Store(store.root.rename(tmp_path / "moved"))
    assert copy.intact("sentences", KEY) == moved.intact("sentences", KEY) == reference
    moved.local("sentences", KEY).rename(moved.local("sentences", "cd"))
    assert moved.intact("sentences", "cd") is None
    assert [f.what for f in verify(moved)] == [f"holds sentences/{KEY}; somebody renamed or copied it"]


def test_a_copy_is_read_once_and_then_trusted_until_it_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make(store)
    data = store.local("sentences", KEY) / "data.parquet"
    future = time.time_ns() + 10**9
    os.utime(data, ns=(future, future))
    read = []
    monkeypatch.setattr("artifacts.folder.file_digest", lambda path: read.append(path) or file_sha(path))
    assert store.intact("sentences", KEY) and store.intact("sentences", KEY)
    assert read == [data]


def file_sha(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_artifact_deleted_while_it_is_looked_at_is_a_miss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make(store)
    read = Store.manifest

    def then_delete(self: Store, kind: str, key: str) -> Manifest | None:
        found = read(self, kind, key)
        shutil.rmtree(self.local(kind, key))
        return found

    monkeypatch.setattr(Store, "manifest", then_delete)
    assert store.intact("sentences", KEY) is None


@pytest.mark.parametrize("mark", [json.dumps({"format": STORE_FORMAT + 1}), "{}", "[]", "torn"])
def test_a_store_of_a_newer_or_unknown_format_is_refused(tmp_path: Path, mark: str) -> None:
    (tmp_path / "store.json").write_text(mark)
    with pytest.raises(InputError, match="upgrade Crosstag, or name another store"):
        Store(tmp_path)


def test_a_store_of_an_older_format_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(InputError, match=r"in format 1; .* name another store with --store, or delete"):
        Store(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["store.json"]


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="this is a file, not a folder"):
        Store(tmp_path / "file")


def test_an_artifact_is_found_by_the_beginning_of_its_key_or_digest(store: Store) -> None:
    first, second = make(store, "ab12"), make(store, "ab34", count=4)
    assert store.find("sentences/ab1") == store.find("ab1") == first
    assert store.find(second.digest[:10]) == second
    # Two artifacts of one content are no doubt: either will do.
    with store.writing(SENTENCES, "cd56", RECIPE) as writer:
        writer.write(rows(4), {"language": "en"})
    assert store.find(second.content).digest == second.digest
    for text in ("ab", "sentences/zz", "gold/ab1", "", "sentences/", "../ab1"):
        with pytest.raises(InputError, match=r"`crosstag store ls( sentences| gold)?`"):
            store.find(text)
    with pytest.raises(InputError, match=r"2 artifacts \(sentences/ab.*\) fit 'ab'"):
        store.find("ab")


def test_a_kind_without_a_key_is_told_so_also_where_it_has_one_artifact(store: Store) -> None:
    make(store)
    for text in ("", "sentences/"):
        with pytest.raises(InputError, match=f"no key is given in '{text}'; `crosstag store ls"):
            store.find(text)


@pytest.mark.parametrize(
    "field", [{"kind": "../../x"}, {"kind": ""}, {"key": "../x"}, {"key": "/etc"}, {"key": "AB"}, {"key": "ab\n"}]
)
def test_a_forged_reference_cannot_leave_the_store(field: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Reference(**{"kind": "sentences", "key": "ab", "digest": "", **field})


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "a/../../b"])
def test_a_forged_manifest_cannot_name_files_outside_its_folder(store: Store, name: str) -> None:
    make(store)
    path = store.local("sentences", KEY) / "manifest.json"
    forged = json.loads(path.read_text())
    forged["files"][name] = {"bytes": 1, "sha256": ""}
    path.write_text(json.dumps(forged))
    assert store.manifest("sentences", KEY) is None


# --- A full disk


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["rows", "fsync", "words of a library"])
def test_a_full_disk_leaves_nothing_and_a_rerun_succeeds(
    store: Store, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from rows().to_batches()
        if place == "words of a library":
            raise RuntimeError("IoError(Os { code: 28, message: 'No space left on device' })")

    store.create()
    with monkeypatch.context() as patch:
        if place == "rows":
            patch.setattr(pq.ParquetWriter, "write_batch", full)
        elif place == "fsync":
            patch.setattr(os, "fsync", full)
        with (
            pytest.raises(StoreError, match=r"full during step make: .* [\d.,]+ MB that are free there; nothing half-"),
            store.writing(SENTENCES, KEY, RECIPE) as writer,
        ):
            writer.write(batches())
    assert visible(store.root) == {"store.json"}
    assert list((store.root / ".unfinished").iterdir()) == []
    assert store.table(make(store)) == rows()


def test_another_error_of_the_disk_is_not_called_full(store: Store) -> None:
    with pytest.raises(PermissionError), store.writing(SENTENCES, KEY, RECIPE):
        raise PermissionError(errno.EACCES, "no")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_really_full_leaves_nothing_and_a_rerun_succeeds(small_disk: Path) -> None:
    import numpy as np

    store = Store(small_disk / "store")
    ballast = small_disk / "ballast"
    ballast.write_bytes(os.urandom(600_000))
    noise = np.random.default_rng(0).integers(0, 2**62, 80_000)  # 640 kB that do not compress
    table = pa.table({"words": noise, "changed": noise, "share": noise / 2.0})
    with pytest.raises(StoreError, match="the disk is full"), store.writing(CHANGE, KEY, RECIPE) as writer:
        writer.write(table.to_batches(max_chunksize=1000))
    assert visible(store.root) == {"store.json"}
    ballast.unlink()
    assert make(store) == store.intact("sentences", KEY)


# --- Upkeep


def test_verify_finds_flipped_bytes_that_look_untouched(store: Store) -> None:
    make(store)
    make_model(store, "cd")
    data, manifest = (store.local("sentences", KEY) / n for n in ("data.parquet", "manifest.json"))
    flip(data)
    os.utime(data, ns=(0, 0))
    assert manifest.exists() and store.intact("sentences", KEY) is not None, "sizes and times tell nothing"
    assert [(f.name, f.what) for f in verify(store)] == [
        (f"sentences/{KEY}/data.parquet", "missing or changed since it was written")
    ]
    manifest.unlink()
    assert [f.what for f in verify(store)] == ["no readable manifest"]


def test_adoption_gives_a_second_key_and_refuses_damaged_files(store: Store) -> None:
    reference = make(store)
    manifest = store.manifest("sentences", KEY)
    assert manifest is not None
    new = RECIPE.model_copy(update={"code": "1"})
    definitions = {"a:b": Definition("1", ("a:c",))}
    adopted = store.adopt(manifest, "cd34", new, definitions, "only a rename")
    assert adopted == Reference(kind="sentences", key="cd34", digest=reference.digest)
    assert store.table(adopted) == rows()
    kept = store.manifest("sentences", "cd34")
    assert kept is not None and (kept.adopted_from, kept.adopted_why) == (KEY, "only a rename")
    assert (kept.recipe, kept.definitions) == (new, definitions)
    shutil.rmtree(store.local("sentences", "cd34"))
    flip(store.local("sentences", KEY) / "data.parquet")
    with pytest.raises(StoreError, match="gone or changed"):
        store.adopt(manifest, "cd34", new, definitions, "hides the damage")
    assert store.intact("sentences", "cd34") is None


def alike(store: Store, key: str, made: str, **changes: object) -> Reference:
    inputs = {"texts.0": f"sentences:{key}", "model": "tagger:1"}
    recipe = RECIPE.model_copy(update={"inputs": inputs, **changes})
    with store.writing(SENTENCES, key, recipe) as writer:
        writer.write(rows())
    assert writer.reference is not None
    path = store.local("sentences", key) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "made": made}))
    return writer.reference


def test_earlier_artifacts_differ_in_the_named_inputs_alone_and_come_newest_first(store: Store) -> None:
    old, new = alike(store, "aa", "2026-01-01T00:00:00+00:00"), alike(store, "bb", "2026-02-01T00:00:00+00:00")
    day = "2026-03-01T00:00:00+00:00"
    alike(store, "c1", day, step="other")
    alike(store, "c2", day, parameters={"beam": 2})
    alike(store, "c3", day, code="1")
    alike(store, "c4", day, schemas={"sentences": "1"})
    alike(store, "c5", day, inputs={"texts.0": "sentences:0", "model": "tagger:2"})
    wanted = RECIPE.model_copy(update={"inputs": {"texts.0": "sentences:x", "texts.1": "y", "model": "tagger:1"}})
    assert store.earlier("sentences", wanted, ["texts"]) == [new, old]
    assert store.earlier("sentences", wanted, []) == [] == store.earlier("tagger", wanted, ["texts"])


def test_an_earlier_artifact_that_is_damaged_is_left_out_and_so_is_the_present_one(store: Store) -> None:
    one, two = (alike(store, key, "2026-01-01T00:00:00+00:00") for key in ("aa", "bb"))
    recipe = RECIPE.model_copy(update={"inputs": {"texts.0": "sentences:new", "model": "tagger:1"}})
    writer = Writer(kind=SENTENCES, key="bb", recipe=recipe, draft=Draft(store.root))
    job = Job(store, Runtime(store=str(store.root)), writer)
    assert store.earlier("sentences", recipe, ["texts"]) == [two, one]
    assert job.earlier("texts") == [one]
    (store.local("sentences", "aa") / "data.parquet").write_bytes(b"")
    assert job.earlier("texts") == []
