"""The fingerprint of a step's code: what counts, and what does not."""

import ast
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts import fingerprint as module
from artifacts import sources
from artifacts.catalog import SENTENCES, Dataset, catalogue
from artifacts.fingerprint import fingerprint, forget
from artifacts.sources import FingerprintError

Code = dict[str, str]


@pytest.fixture
def hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Code], dict[str, str]]:
    """The fingerprint of `root` in `shell.py` of a package made of the given files."""
    monkeypatch.setattr(sources, "PROJECT_PACKAGES", ("printed",))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = 0

    def take(files: Code) -> dict[str, str]:
        nonlocal made
        made += 1  # each time at another place on disk
        root = tmp_path / f"place{made}"
        for name, text in {"__init__.py": "", **files}.items():
            path = root / "printed" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
            if path.parent.name not in ("printed", "bare") and not (path.parent / "__init__.py").exists():
                (path.parent / "__init__.py").touch()
        for name in [n for n in sys.modules if n.partition(".")[0] == "printed"]:
            del sys.modules[name]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", [str(root), *sys.path])
            sys.path_importer_cache.clear()
            forget()
            return fingerprint("printed.shell", "root")

    return take


@pytest.fixture
def changes(hashes: Callable[[Code], dict[str, str]]) -> Callable[[Code, str, str], set[str]]:
    """Labels whose hash differs after a text is replaced in all files."""

    def compare(files: Code, old: str, new: str) -> set[str]:
        assert any(old in text for text in files.values()), old
        before = hashes(files)
        after = hashes({name: text.replace(old, new) for name, text in files.items()})
        return {n.removeprefix("printed.") for n in {*before, *after} if before.get(n) != after.get(n)}

    return compare


SHELL = '''
    from printed.near import near
    LIMIT = 3

    @decorate
    def root(job, x: int = 1):
        """Does it."""
        # why
        return near(x, LIMIT)

    def unreached():
        return 5
    '''
NEAR = '''
    """Near."""
    from printed.far import far

    def near(x, limit):
        return far(x) + limit
    '''
FAR = """
    def far(x):
        return x + 1

    def elsewhere():
        return far(2)
    """
CHAIN = {"shell.py": SHELL, "near.py": NEAR, "far.py": FAR}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Does it."""', '"""Does it well."""'),
        ('"""Near."""', ""),
        ("# why", "# because\n\n"),
        ("near(x, LIMIT)", "near( x,LIMIT )"),
        ("return 5", "return 6"),
        ("return far(2)", "return far(3)"),
        ("@decorate", "@other(1)"),
        ("LIMIT = 3", 'LIMIT = 3\n    """What it is."""'),
        ("LIMIT = 3", 'LIMIT = 3\n    if __name__ == "__main__":\n        unreached()'),
    ],
)
def test_what_does_not_run_does_not_count(changes: Callable, old: str, new: str) -> None:
    assert changes(CHAIN, old, new) == set()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("x + 1", "x + 2", "far:far"),
        ("+ limit", "- limit", "near:near"),
        ("LIMIT = 3", "LIMIT = 4", "shell:LIMIT"),
        ("x: int = 1", "x: int = 2", "shell:root"),
        ("LIMIT = 3", "LIMIT = 3\n    LIMIT += 1", "shell:LIMIT"),
        ("LIMIT = 3", "LIMIT = 3\n    print(LIMIT)", "shell:<module body>"),
    ],
)
def test_what_runs_counts_however_far_away(changes: Callable, old: str, new: str, changed: str) -> None:
    assert changes(CHAIN, old, new) == {changed}


def test_the_hashes_name_exactly_what_is_reached(hashes: Callable) -> None:
    assert set(hashes(CHAIN)) == {"printed.shell:root", "printed.shell:LIMIT", "printed.near:near", "printed.far:far"}


IMPORTS = {
    "a name": "from printed.far import far\ndef root(job): return far(1)",
    "a name under an alias": "from printed.far import far as f\ndef root(job): return f(1)",
    "a module": "import printed.far\ndef root(job): return printed.far.far(1)",
    "a module under an alias": "import printed.far as m\ndef root(job): return m.far(1)",
    "a module from its package": "from printed import far\ndef root(job): return far.far(1)",
    "relative": "from .far import far\ndef root(job): return far(1)",
    "relative module": "from . import far as m\ndef root(job): return m.far(1)",
    "inside the function": "def root(job):\n    from printed.far import far\n    return far(1)",
    "inside, over a name of the module": "far = 0\ndef root(job):\n    from printed.far import far\n    return far(1)",
    "re-exported": "from printed.sub import far\ndef root(job): return far(1)",
    "in a lambda": "from printed.far import far\npick = lambda x: far(x)\ndef root(job): return pick(1)",
    "in a default": "from printed.far import far\ndef root(job, f=far): return f(1)",
    "in a decorator": "from printed.far import far\n@far\ndef inner(): ...\ndef root(job): return inner()",
    "in a base class": "from printed.far import far\nclass C(far(1)): ...\ndef root(job): return C()",
    "in a table of functions": "from printed.far import far\nT = {'f': far}\ndef root(job): return T['f'](1)",
    "as a value": "from printed import far as m\ndef root(job): return getattr(m, 'f' + 'ar')(1)",
    "with a way out": "try:\n  from printed.far import far\nexcept ImportError: far = 0\ndef root(job): return far(1)",
    "then changed": "from printed.far import far\nfar.limit = 2\ndef root(job): return far(1)",
    "in a with block": "with open('x') as _:\n    from printed.far import far\ndef root(job): return far(1)",
    "from a folder that is no package": "import printed.bare.far\ndef root(job): return printed.bare.far.far(1)",
}


@pytest.mark.parametrize("way", IMPORTS)
def test_every_way_to_reach_a_function_is_followed(changes: Callable, hashes: Callable, way: str) -> None:
    files = {"shell.py": IMPORTS[way], "far.py": FAR, "sub/__init__.py": "from ..far import far"}
    if way == "from a folder that is no package":
        files["bare/far.py"] = files.pop("far.py")
    changed = changes(files, "x + 1", "x + 2")
    assert len(changed) == 1 and changed.pop().endswith("far:far")


def test_classes_count_whole(changes: Callable) -> None:
    files = {
        "shell.py": """
        class Used:
            def one(self): return 1
        class Unused:
            def two(self): return 2
        def root(job): return Used().one()
        """
    }
    assert changes(files, "def one", "def more(self): return 0\n            def one") == {"shell:Used"}
    assert changes(files, "return 2", "return 3") == set()


SETTINGS = {
    "shell.py": '''
    from typing import ClassVar
    from pydantic import Field, field_validator
    from artifacts.settings import Settings
    START = 4

    class Part(Settings):
        """A part."""
        k: int = Field(START, title="K", description="How many.")
        alpha: float = 2.0
        UNIT: ClassVar[int] = 7
        _hidden: int = 8

        def doubled(self): return self.k * 2

    class Whole(Part):
        part: Part = Part()

    def root(job, config: Whole): return config.part.doubled()
    '''
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("How many.", "Number of neighbours."),
        ("alpha: float = 2.0", "alpha: float = 3.0"),
        ("START = 4", "START = 5"),
        ("alpha: float = 2.0", "alpha: float = 2.0\n        beta: int = 1"),
        ('"""A part."""', '"""Part of a whole."""'),
    ],
)
def test_fields_of_a_configuration_enter_by_value_and_not_as_code(changes: Callable, old: str, new: str) -> None:
    assert changes(SETTINGS, old, new) == set()


@pytest.mark.parametrize(
    ("old", "new"), [("* 2", "* 3"), ("int] = 7", "int] = 6"), ("_hidden: int = 8", "_hidden: int = 9")]
)
def test_methods_and_class_variables_of_a_configuration_are_code(changes: Callable, old: str, new: str) -> None:
    assert changes(SETTINGS, old, new) == {"shell:Part"}


def test_an_annotation_alone_and_the_order_of_definitions_change_nothing_else(hashes: Callable) -> None:
    parts = ["LIMIT = 1\n", "def help(x): return x + LIMIT\n", "def root(job): return help(1)\n"]
    assert hashes({"shell.py": "".join(parts)}) == hashes({"shell.py": "".join(reversed(parts))})


def test_a_new_entry_in_the_catalogue_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # artifacts/ is left out whole; the schemas that a step declares enter its key on their own
    import tasks.corpus.read as read

    names = fingerprint("tasks.corpus.read", "read_sentences")
    assert not [n for n in names if n.startswith("artifacts")]
    before = read.read_sentences.recipe({}).schemas
    new = Dataset("new", "A new kind.", SENTENCES.schema)
    monkeypatch.setattr("artifacts.catalog.corpora.NEW", new, raising=False)
    assert catalogue()["new"] is new
    assert read.read_sentences.recipe({}).schemas == before and set(before) == {"sentences"}


def test_how_a_kind_is_shown_and_exported_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import tasks.corpus.read as read

    before = read.read_sentences.recipe({})
    other = Dataset("sentences", "Told otherwise.", SENTENCES.schema, text=lambda row, labels: "", in_columns=True)
    monkeypatch.setattr(read.read_sentences, "output", other)
    assert read.read_sentences.recipe({}) == before


def test_a_changed_schema_of_an_input_or_output_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    import tasks.corpus.read as read
    from artifacts.cache import step_key

    before = step_key(read.read_sentences.recipe({}))
    wider = Dataset("sentences", SENTENCES.doc, SENTENCES.schema.append(pa.field("more", pa.int64())))
    monkeypatch.setattr(read.read_sentences, "output", wider)
    assert step_key(read.read_sentences.recipe({})) != before


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\ndef root(job): return importlib.import_module('x')",
        "from importlib import import_module\ndef root(job): return import_module('x')",
        "def root(job): return __import__('x')",
        "def root(job): return eval('1')",
        "def root(job): exec('1')",
        "import runpy\ndef root(job): runpy.run_path('x.py')",
        "import builtins\ndef root(job): builtins.exec('1')",
        "from importlib.util import spec_from_file_location as s\ndef root(job): return s('x', 'y')",
        "from printed.far import *\ndef root(job): return far(1)",
    ],
)
def test_code_that_cannot_be_followed_is_an_error(hashes: Callable, code: str) -> None:
    with pytest.raises(FingerprintError):
        hashes({"shell.py": code, "far.py": FAR})


def test_evaluation_mode_of_a_model_and_importlib_metadata_are_no_dynamic_import(hashes: Callable) -> None:
    code = "from importlib import metadata\ndef root(job, model): model.eval(); metadata.version('x')"
    assert list(hashes({"shell.py": code})) == ["printed.shell:root"]


def test_a_source_edited_after_the_process_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "printed"
    package.mkdir()
    (package / "__init__.py").touch()
    shell = package / "shell.py"
    shell.write_text("def root(job): return 1\n", encoding="utf-8")
    monkeypatch.setattr(sources, "PROJECT_PACKAGES", ("printed",))
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("printed", None)
    forget()
    assert fingerprint("printed.shell", "root")
    later = time.time() + 10
    os.utime(shell, (later, later))
    sources._parse.cache_clear()
    module._fingerprint.cache_clear()
    with pytest.raises(FingerprintError, match="edited after this process started"):
        fingerprint("printed.shell", "root")


def test_a_missing_module_is_an_error(hashes: Callable) -> None:
    with pytest.raises(FingerprintError, match="its source cannot be found"):
        hashes({"shell.py": "import printed.gone as g\ndef root(job): return g.f()"})


def test_a_long_chain_of_calls_is_followed_to_its_end(changes: Callable) -> None:
    lines = [f"def f{i}(): return f{i + 1}()" for i in range(1500)]
    code = "\n".join(["def root(job): return f0()", *lines, "def f1500(): return 'end'"])
    assert changes({"shell.py": code}, "'end'", "'END'") == {"shell:f1500"}


def test_the_same_code_has_the_same_fingerprint_anywhere(hashes: Callable) -> None:
    first, second = hashes(CHAIN), hashes(CHAIN)
    assert first == second


def test_no_empty_field_of_the_syntax_tree_is_written_out() -> None:
    # Python 3.12 added `type_params` to functions and classes, 3.13 stopped writing empty lists: both must not show.
    source = "@d\nclass C(B):\n    x: int = None\n    def f(self, *, a=(), **k): return [], {}, lambda: None\n"
    text = "".join(module._tokens(ast.parse(source)))
    names = {name for node in ast.walk(ast.parse(source)) for name in node._fields}
    assert {"body", "keywords", "returns"} <= names
    assert not re.search(r" \w+=(?=[ )])", text), text
    assert "keywords" not in text and "type_params" not in text and "returns" not in text
