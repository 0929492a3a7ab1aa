"""Commands on a store in a bucket: they say what they say of the same store in a folder; run by `make test-all`."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from bucket_service import SECRETS, Service, Shelf, copied, environment, make_bucket

from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server")]


@dataclass(frozen=True)
class Twice:
    """The finished run in a folder, and the same in a bucket."""

    folder: Path
    url: str

    @property
    def stores(self) -> tuple[Store, Store]:
        """Folder and bucket."""
        return Store(self.folder), Store(self.url)

    def reference(self, kind: str, label: str) -> str:
        """The one artifact of a kind that was made for a stage."""
        (found,) = [m for m in Store(self.folder).manifests_of(kind) if m.label == label]
        return found.name


@pytest.fixture(scope="module")
def twice(finished: Path, s3: Service, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    """Not to be changed, but that a question about neighbours leaves a bank of words in the folder."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("twice") / "store"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(s3).items():
            patch.setenv(name, value)
        patch.setenv("CROSSTAG_CACHE", str(tmp_path_factory.mktemp("copies")))
        make_bucket(s3, "twice")
        copied(folder, "s3://twice/some/place")
    return Twice(folder, "s3://twice/some/place")


@pytest.fixture
def both(
    twice: Twice, shelf: Shelf, crosstag: Callable[..., tuple[int, str]], tmp_path: Path
) -> Callable[..., tuple[str, str]]:
    """Runs a command on the folder and on the bucket; gives what each printed, with the store's name left out."""

    def run(*arguments: str) -> tuple[str, str]:
        told = []
        for store in (str(twice.folder), twice.url):
            code, printed = crosstag(*arguments, "--store", store)
            assert code == 0, printed
            assert not [secret for secret in SECRETS.values() if secret in printed]
            # What commands name on this machine lies with its copies, a folder of each artifact.
            here = rf"{re.escape(str(shelf.machines))}/one/[0-9a-f]+/(?:.copies/(\w+)-([0-9a-f]+)-[0-9a-f]+|(run)/)"
            plain = re.sub(here, lambda found: f"STORE/{found[1]}/{found[2]}" if found[1] else "STORE/run/", printed)
            told.append(plain.replace(store, "STORE"))
        return told[0], told[1]

    return run


def test_a_plan_finds_every_step_and_says_of_a_change_what_it_says_of_a_folder(
    both: Callable[..., tuple[str, str]], data: Path
) -> None:
    of = ("plan", str(data / "tiny.yaml"), "--data", str(data), "--device", "cpu")
    folder, bucket = both(*of)
    assert bucket == folder and " 0 to run, 0 depends" in bucket
    folder, bucket = both(*of, "--set", "student.learning_rate=0.5")
    assert (bucket == folder and "student.learning_rate" in bucket) or "learning_rate" in bucket
    folder, bucket = both(*of, "--from-step", "train_student")
    assert bucket == folder and "train_student" in bucket


def test_what_lists_and_shows_says_the_same(both: Callable[..., tuple[str, str]], twice: Twice) -> None:
    soft, other = (twice.reference("soft_labels", f"iteration {i}, D_tgt") for i in (1, 2))
    weights = twice.reference("reliability", "iteration 1, D_tgt")
    (run,) = all_runs(Store(twice.folder))
    for arguments in (
        ("store", "ls"),
        ("store", "ls", "tagger"),
        ("store", "show", weights, "--rows", "5"),
        ("store", "show", weights, "--where", "weight < 0.5"),
        ("store", "show", soft, "--sort", "probability"),
        ("store", "show", soft, "--diff", other),
        ("store", "show", twice.reference("tagger", "M_src")),
        ("store", "verify"),
        ("store", "gc", "--dry-run", "--keep-runs", "1"),
        ("runs", "ls"),
        ("runs", "show", "last"),
        ("runs", "diff", run.id, "last"),
    ):
        folder, bucket = both(*arguments)
        assert bucket == folder and bucket.strip(), arguments


def test_why_names_the_same_neighbours(both: Callable[..., tuple[str, str]], twice: Twice) -> None:
    folder, bucket = both("store", "why", twice.reference("reliability", "iteration 1, D_tgt"), "--sentence", "0",
                          "--word", "0", "--device", "cpu")  # fmt: skip
    assert bucket == folder and "nearest" in bucket


def test_tables_and_models_are_exported_with_the_same_bytes(
    both: Callable[..., tuple[str, str]], twice: Twice, tmp_path: Path, crosstag: Callable[..., tuple[int, str]]
) -> None:
    translation, (student,) = twice.reference("translation", "D_trans"), Store(twice.folder).keys("student")
    for store, to in ((str(twice.folder), tmp_path / "a"), (twice.url, tmp_path / "b")):
        to.mkdir()
        for name, what in {"d.conll": translation, "d.parquet": translation, "model": f"student/{student}"}.items():
            assert crosstag("store", "export", what, str(to / name), "--store", store)[0] == 0
    first, second = (
        {path.relative_to(to): path.read_bytes() for path in to.rglob("*") if path.is_file()}
        for to in (tmp_path / "a", tmp_path / "b")
    )
    assert first == second and len(first) > 5


def test_a_student_in_a_bucket_tags_text_and_finds_suspects(
    both: Callable[..., tuple[str, str]], twice: Twice, data: Path, tmp_path: Path
) -> None:
    (student,) = Store(twice.folder).keys("student")
    (tmp_path / "text.txt").write_text("Ada sah Ulm .\n", encoding="utf-8")
    folder, bucket = both("predict", f"student/{student}", str(tmp_path / "text.txt"), "--format", "jsonl")
    assert bucket == folder and json.loads(bucket)["tokens"] == ["Ada", "sah", "Ulm", "."]
    folder, bucket = both("suspects", str(data / "de.gold.conll"), "--model", f"student/{student}", "--language", "de")
    assert bucket == folder and bucket.strip()


def test_sentences_for_annotators_come_from_a_bucket(
    crosstag: Callable[..., tuple[int, str]], twice: Twice, shelf: Shelf, tmp_path: Path
) -> None:
    told = []
    for number, store in enumerate((str(twice.folder), twice.url)):
        queue = tmp_path / f"{number}.json"
        of = ("corrections", "queue", twice.reference("reliability", "iteration 1, D_tgt"), str(queue))
        code, _ = crosstag(*of, "--to", "label-studio", "--store", store)
        assert code == 0
        told.append(queue.read_bytes())
    assert told[0] == told[1] and json.loads(told[0])


def test_refresh_finds_nothing_new(
    twice: Twice, shelf: Shelf, data: Path, crosstag: Callable[..., tuple[int, str]]
) -> None:
    store = Store(twice.url)
    (record,) = all_runs(store)
    before = record.model_copy(update={"name": "tiny"})
    store.write_run(before.id, before.model_dump_json())
    assert crosstag("refresh", str(data / "tiny.yaml"), "--data", str(data), "--store", twice.url)[0] == 0
    assert all_runs(store) == [before], "nothing ran"
    store.write_run(record.id, record.model_dump_json())


def test_verify_names_what_is_damaged_and_gc_removes_what_nobody_names(
    twice: Twice, shelf: Shelf, s3: Service, crosstag: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(twice.folder, shelf.url)
    store = Store(shelf.url)
    name = twice.reference("translation", "D_trans")
    (blob,) = [each for each in store.place.files(name) if not each.endswith("manifest.json")]
    store.place.write(blob, "x" * store.place.status(blob).bytes)
    store.place.write(f"{name}/{'0' * 64}", "of a run that was killed before its commit")
    code, told = crosstag("store", "verify", "--store", shelf.url)
    assert code == 1 and name in told
    assert crosstag("store", "gc", "--store", shelf.url, "--grace", "0m")[1].startswith("0 removed"), "it is young"
    monkeypatch.setattr("artifacts.bucket.Bucket.clocks_differ", timedelta(0))
    code, told = crosstag("store", "gc", "--store", shelf.url, "--grace", "0m")
    assert code == 0 and "leftovers" in told and f"{name}/{'0' * 64}" not in store.place.files(name)
    assert len(list(store.manifests())) == len(list(Store(twice.folder).manifests()))
