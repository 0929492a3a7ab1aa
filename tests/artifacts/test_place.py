"""Files of a store: what the place does, and that nobody else touches them."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.folder import Folder

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("artifacts", "flows", "tasks") for path in (ROOT / package).rglob("*.py"))
# What the store and its places are made of.
LAYOUT = {"manifest.json", "ref.json", "data.parquet", "store.json", ".unfinished", ".locks"}
PLACES = {"artifacts.place", "artifacts.folder", "artifacts.bucket", "artifacts.objects", "artifacts.copies"}
PARTS = ("bucket", "copies", "folder", "lease", "manifest", "objects", "place", "shared_work", "store", "unfinished")
NAMERS = {f"artifacts/{name}.py" for name in (*PARTS, "writer")}
FOLDERS = {"folder", "local", "work_folder", "root"}


def faults(code: str) -> list[str]:
    """What a module does that only the store and its place may do."""
    tree = ast.parse(code)
    in_text = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) for inner in ast.walk(node)}
    return [f"line {node.lineno}: {what}" for node, what in _faults(tree) if id(node) not in in_text]


def _faults(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in PLACES:
            yield node, "imports the place"
        elif isinstance(node, ast.Constant) and node.value in LAYOUT:
            yield node, f"names {node.value}"
        elif isinstance(node, ast.Attribute) and node.attr in ("root", "place") and _is_store(node.value):
            yield node, f"takes the store's {node.attr}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_folder(node.left):
            yield node, "joins a path in the store"
        elif isinstance(node, ast.Call) and _called(node) in ("Path", "open", "join") and any(map(_opens, node.args)):
            yield node, "makes a path of the store"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_folder(node.func.value):
            yield node, f"calls {node.func.attr} of a path in the store"


def _is_store(node: ast.expr) -> bool:
    """`store`, `run.store`, `Store(...)`: whatever is called so."""
    return (_called(node) if isinstance(node, ast.Call) else _last(node)).lower().rstrip("s").endswith("store")


def _is_folder(node: ast.expr) -> bool:
    """A path that the store gave: `store.folder(x)`, `run.store.root`."""
    taken = node.func if isinstance(node, ast.Call) else node
    return isinstance(taken, ast.Attribute) and taken.attr in FOLDERS and _is_store(taken.value)


def _opens(node: ast.expr) -> bool:
    """What names a store, such as `runtime.store`."""
    return isinstance(node, ast.Attribute) and _is_store(node)


def _called(node: ast.Call) -> str:
    return _last(node.func)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_store_and_its_place_touch_paths_of_a_store(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if name not in NAMERS:
        assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "from artifacts.bucket import Bucket",
        "marker = 'store.json'",
        "size = (folder / 'data.parquet').stat()",
        "x = run.store.root",
        "x = Store(runtime.store).root.glob('*')",
        "store.place.remove('x')",
        "(store.folder(reference) / name).read_bytes()",
        "os.path.join(store.root, 'x')",
        "Path(runtime.store) / 'x'",
        "open(self.runtime.store)",
        "for file in store.folder(reference).iterdir(): pass",
        "job.store.work_folder('a', 'b').mkdir()",
    ],
)
def test_what_only_the_store_may_do_is_noticed(code: str) -> None:
    assert faults(code)


@pytest.mark.parametrize(
    "code",
    [
        "print(f'student {run.store.folder(student)} in {store.root}')",
        "model = load(store.folder(student))",
        "(job.output_folder / 'model.safetensors').write_bytes(weights)",
        "Runtime(store=str(store))",
    ],
)
def test_what_anybody_may_do_is_let_be(code: str) -> None:
    assert not faults(code)


def test_names_files_and_sizes_are_relative_to_the_place(tmp_path: Path) -> None:
    place = Folder(tmp_path)
    place.work("kind/key")
    place.write("kind/key/file", "12345")
    assert place.names() == ["kind"] and place.names("kind") == ["key"]
    assert place.names("none") == [] == place.names("kind/key/file")
    sizes = {name: status.bytes for name, status in place.files("kind").items()}
    assert sizes == {"kind": 0, "kind/key": 0, "kind/key/file": 5}
    assert place.status("kind/key/file").bytes == 5 and place.read("kind/key/file") == b"12345"


@pytest.mark.parametrize("name", ["none", "kind/key/file/deeper", "none/none"])
def test_what_is_not_there_is_told_in_one_way(tmp_path: Path, name: str) -> None:
    place = Folder(tmp_path)
    place.work("kind/key")
    place.write("kind/key/file", "12345")
    for look in (place.status, place.read, place.digest):
        with pytest.raises(FileNotFoundError):
            look(name)
    place.remove(name if "file" not in name else "none")
    assert not place.exists("none")


def test_a_written_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Folder(tmp_path)
    place.write("mark", "old")

    def cut(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        with pytest.raises(OSError, match="power"):
            place.write("mark", "new")
    assert place.names() == ["mark"] and place.read("mark") == b"old"


def test_a_copy_shares_the_bytes_where_the_disk_can_and_is_copied_where_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Folder(tmp_path)
    place.write("one", "12345")
    place.copy("one", "a/linked")
    assert (tmp_path / "a" / "linked").samefile(tmp_path / "one")

    def cannot(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", cannot)
    place.copy("one", "a/copied")
    assert place.read("a/copied") == b"12345" and not (tmp_path / "a" / "copied").samefile(tmp_path / "one")


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    place = Folder(tmp_path / "store")
    place.create()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "store" / "link").symlink_to(tmp_path / "mine")
    place.remove("link")
    assert not place.exists("link") and (tmp_path / "mine" / "file").exists()


def test_what_another_user_of_the_group_made_is_dated_with_this_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kind" / "key").mkdir(parents=True)
    os.utime(tmp_path / "kind" / "key", ns=(1, 1))
    utime = os.utime

    def as_another_user(path: Path, ns: tuple[int, int] | None = None) -> None:
        if ns is not None:  # The kernel lets the owner alone choose a time.
            raise PermissionError("Operation not permitted")
        utime(path)

    monkeypatch.setattr("artifacts.folder.os.utime", as_another_user)
    place = Folder(tmp_path)
    place.mark_used("kind", "key")
    assert place.used_ns("kind", "key") > 1
