"""A store in a bucket of a real S3 API: what is committed, read, refused, told and tidied."""

import threading
from datetime import timedelta

import pyarrow as pa
import pytest
from bucket_service import SECRETS, Shelf

from artifacts.bucket import Bucket
from artifacts.catalog import SENTENCES, TAGGER
from artifacts.errors import InputError, StoreError
from artifacts.garbage import Choice, collect_garbage
from artifacts.in_use import until_done
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store, record_key
from artifacts.upkeep import verify

RECIPE = Recipe(step="make", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
KEY = "ab12"


def rows(count: int = 3) -> pa.Table:
    words = [["word", str(i)] for i in range(count)]
    return pa.table({"sentence_id": list(range(count)), "words": words}, schema=SENTENCES.schema)


def make(store: Store, key: str = KEY, count: int = 3) -> Reference:
    with store.writing(SENTENCES, key, RECIPE) as writer:
        writer.write(rows(count), {"language": "en"})
    assert writer.reference is not None
    return writer.reference


def make_model(store: Store, key: str = KEY, size: int = 7) -> Reference:
    with store.writing(TAGGER, key, RECIPE) as writer:
        (writer.folder / "deep").mkdir()
        (writer.folder / "deep" / "model.safetensors").write_bytes(b"w" * size)
        (writer.folder / "config.json").write_text("{}")
    assert writer.reference is not None
    return writer.reference


def names(store: Store) -> set[str]:
    """All objects, but for leases."""
    found = {each for folder in store.place.names() for each in store.place.files(folder) or [folder]}
    return {name for name in found if not name.startswith(".locks/")}


def blobs_read(shelf: Shelf) -> int:
    return sum(method == "GET" and len(path.rpartition("/")[2]) == 64 for method, path in shelf.service.requests)


# --- Artifacts


def test_an_artifact_has_the_digest_that_it_has_on_a_disk_and_is_read_on_another_machine(
    shelf: Shelf, store: Store
) -> None:
    there = Store(shelf.url)
    assert not there.exists()
    table, model = make(there), make_model(there)
    assert [table, model] == [make(store), make_model(store)]
    shelf.on_machine("two")
    there = Store(shelf.url)
    assert there.table(table) == rows() and there.metadata(table) == {"language": "en"}
    assert (there.folder(model) / "deep" / "model.safetensors").read_bytes() == b"wwwwwww"
    assert [m.key for m in there.manifests()] == [KEY, KEY] and there.find("sentences/ab") == table
    assert there.intact("tagger", KEY) == model and there.known("tagger", "cd") is None
    assert list(verify(there)) == []


def test_the_manifest_is_the_last_object_of_a_commit_and_an_error_before_it_leaves_nothing(shelf: Shelf) -> None:
    store = Store(shelf.url)
    with pytest.raises(KeyboardInterrupt), store.writing(SENTENCES, KEY, RECIPE) as writer:
        writer.write(rows())
        raise KeyboardInterrupt
    assert names(store) == {"store.json"}
    shelf.service.requests.clear()
    make(store)
    put = [path.rpartition("/")[2] for method, path in shelf.service.requests if method == "PUT"]
    assert len(put) == 2 and len(put[0]) == 64 and put[1] == "manifest.json"


def test_who_commits_second_adopts_what_the_first_made(shelf: Shelf) -> None:
    first, second = Store(shelf.url), Store(shelf.url)
    with first.writing(SENTENCES, KEY, RECIPE) as writer:  # Nobody holds a lock.
        writer.write(rows(3), {"language": "en"})
        later = make(second, count=4)
    assert writer.reference == later == Store(shelf.url).intact("sentences", KEY)
    assert first.table(later).num_rows == 4


def test_an_artifact_whose_files_are_gone_is_none_and_is_made_again_in_its_place(shelf: Shelf) -> None:
    store = Store(shelf.url)
    reference = make(store)
    (blob,) = [name for name in names(store) if len(name.rpartition("/")[2]) == 64]
    store.place.remove(blob)
    assert store.intact("sentences", KEY) is None and [f.what for f in verify(store)] != []
    with pytest.raises(StoreError, match=r"its files .* are gone or changed; run the flow again"):
        store.table(reference)
    assert make(store, count=4).digest != reference.digest
    assert store.intact("sentences", KEY) == make(store, count=5), "what is whole stays"


def test_a_file_of_other_bytes_is_never_read(shelf: Shelf) -> None:
    store = Store(shelf.url)
    reference = make(store)
    (blob,) = [name for name in names(store) if len(name.rpartition("/")[2]) == 64]
    store.place.write(blob, "x" * store.place.status(blob).bytes)
    assert [f.name for f in verify(store)] == [f"sentences/{KEY}/data.parquet"]
    shelf.on_machine("two")
    with pytest.raises(StoreError, match=f"its file data.parquet in {shelf.url} is gone or changed; delete .*json"):
        Store(shelf.url).table(reference)
    assert not [path for path in shelf.machines.rglob("*two/**/*.parquet")], "and no copy of it is kept"


def test_dropped_files_are_gone_and_made_again(shelf: Shelf) -> None:
    store = Store(shelf.url)
    model = make_model(store)
    store.drop_files("tagger", KEY)
    assert store.dropped("tagger", KEY) == model and names(store) == {"store.json", f"tagger/{KEY}/manifest.json"}
    assert make_model(store) == model == store.intact("tagger", KEY)


def test_an_adopted_artifact_shares_no_name_with_its_first_one(shelf: Shelf) -> None:
    store = Store(shelf.url)
    reference = make(store)
    manifest = store.require(reference)
    adopted = store.adopt(manifest, "cd34", RECIPE, {}, "the same code")
    store.remove("sentences", KEY)
    assert store.intact("sentences", KEY) is None and store.table(adopted) == rows()
    assert (adopted.key, adopted.digest) == ("cd34", reference.digest)


# --- Copies on this machine


def test_a_machine_reads_an_artifact_once(shelf: Shelf) -> None:
    shelf.service.requests.clear()
    reference = make_model(Store(shelf.url))
    Store(shelf.url).folder(reference)
    assert blobs_read(shelf) == 0, "who made it has it"
    shelf.on_machine("two")
    for _ in range(3):
        Store(shelf.url).folder(reference)
    assert blobs_read(shelf) == 2, "two files"


def test_the_folder_of_a_model_stays_while_its_step_goes_on(shelf: Shelf) -> None:
    shelf.monkeypatch.setenv("CROSSTAG_CACHE_GB", "0.000000001")
    store = Store(shelf.url)
    one, other = make_model(store, "aa"), make_model(store, "bb", 8)
    with until_done():
        first = store.folder(one)
        assert store.folder(other).is_dir() and store.folder(one) == first and first.is_dir()
    make_model(store, "cc", 9)
    assert not first.exists()


# --- Conditions, locks


@pytest.mark.parametrize(
    ("forgotten", "told"), [("HTTP_IF_NONE_MATCH", r"If-None-Match: \*\) succeeded"), ("HTTP_IF_MATCH", "If-Match")]
)
def test_a_service_that_ignores_a_condition_is_refused(shelf: Shelf, forgotten: str, told: str) -> None:
    shelf.monkeypatch.setenv("AWS_SESSION_TOKEN", f"{forgotten} has a client of its own")  # which has not probed
    shelf.service.forgetful = forgotten
    store = Store(shelf.url)
    with pytest.raises(InputError, match=f"store {shelf.url}: .*{told}.*two runs could both commit one step"):
        make(store)
    assert names(store) == set()


def test_corrections_are_refused_with_what_to_do(shelf: Shelf) -> None:
    store = Store(shelf.url)
    assert store.files_by_hand() == []
    with pytest.raises(InputError, match=r"corrections are kept in a folder.*target\.corrections"):
        store.by_hand("de.jsonl")


# --- Credentials


@pytest.mark.parametrize(
    "url", ["s3://me:planted@bucket/x", "s3://bucket/x?token=planted", "s3://bucket/x#planted", "ftp://planted@host/x"]
)
def test_a_url_with_more_than_a_place_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as refused:
        Store(url)
    assert ("planted" not in str(refused.value) and "expected" in str(refused.value)) or "credentials" in str(
        refused.value
    )


# --- Out of reach


def test_out_of_reach_for_a_while_is_waited_for(shelf: Shelf) -> None:
    store = Store(shelf.url)
    store.create()
    shelf.service.down = True
    threading.Timer(1.5, lambda: setattr(shelf.service, "down", False)).start()
    assert store.table(make(store)) == rows()


@pytest.mark.slow
def test_out_of_reach_for_good_is_a_clear_error_and_nothing_half_written(shelf: Shelf) -> None:
    shelf.monkeypatch.setenv("CROSSTAG_RETRY_SECONDS", "0.5")
    store = Store(shelf.url)
    store.create()
    with pytest.raises(StoreError) as raised, store.writing(SENTENCES, KEY, RECIPE) as writer:
        writer.write(rows(), {"language": "en"})
        shelf.service.down = True
    told = str(raised.value)
    assert told.startswith(f"store {shelf.url}: it could not write sentences/{KEY}/") and "503" in told
    assert "see whether the service can be reached" in told and "Nothing half-written was kept" in told
    assert not any(secret in told for secret in SECRETS.values())
    shelf.service.down = False
    assert names(store) == {"store.json"} and not list(shelf.machines.rglob("*.parquet"))


def test_a_bucket_that_is_not_there_is_told(shelf: Shelf) -> None:
    with pytest.raises(StoreError, match=r"NoSuchBucket.*make the bucket, or name another with --store"):
        make(Store("s3://no-such-bucket/x"))


# --- Tidying up


@pytest.mark.slow
def test_garbage_collection_takes_what_no_manifest_names_but_nothing_young_or_under_a_lease(shelf: Shelf) -> None:
    store = Store(shelf.url)
    make(store)
    half = f"sentences/cd34/{'0' * 64}"
    store.place.write(half, "a commit that ended here")
    at_once = Choice(grace=timedelta(0), unreachable=True)
    assert collect_garbage(store, at_once).removed == [], "clocks may differ by a day"
    shelf.monkeypatch.setattr(Bucket, "clocks_differ", timedelta(seconds=-2))
    store.locks.acquire_lock(record_key("sentences", "cd34"), "a commit that goes on")
    other = Store(shelf.url)
    kept = names(store)
    only = Choice(grace=timedelta(0))
    assert half not in {removal.name for removal in collect_garbage(other, only).removed}
    assert names(store) == kept
    store.locks.release_lock(record_key("sentences", "cd34"), "a commit that goes on")
    assert half in {removal.name for removal in collect_garbage(other, only).removed}
    assert names(store) == kept - {half}
    removed = {removal.name for removal in collect_garbage(other, at_once).removed}
    assert f"sentences/{KEY}" in removed and names(store) == {"store.json"}


@pytest.mark.parametrize("variable", ["CROSSTAG_RETRY_SECONDS", "CROSSTAG_LEASE_SECONDS", "CROSSTAG_CACHE_GB"])
@pytest.mark.parametrize("text", ["3 minutes", "0", "-1", "inf", "nan"])
def test_a_setting_of_the_environment_that_is_no_number_above_0_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(InputError, match=rf"\${variable}: '{text}'; expected a number above 0"):
        Store("s3://bucket/prefix")
