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

from artifacts.catalog import SENTENCES, Dataset, catalogue
from artifacts.code import sources
from artifacts.code.changes import code_changes
from artifacts.code.configurations import Configurations
from artifacts.code.fingerprint import Fingerprint, Fingerprints, fingerprint, forget
from artifacts.code.names import Names
from artifacts.code.sight import Sight
from artifacts.code.sources import FingerprintError, Module, Sources, parse
from artifacts.code.tokens import _Writing

Code = dict[str, str]
Take = Callable[[Code], Fingerprint]
Changes = Callable[[Code, str, str], set[str]]


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Take:
    """The fingerprint of `root` in `shell.py` of a package made of the given files."""
    monkeypatch.setattr(sources, "PROJECT_PACKAGES", ("printed",))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = 0

    def take(files: Code) -> Fingerprint:
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
def changes(take: Take) -> Changes:
    """The definitions that count as changed after a text is replaced in all files; the key changes if there are any."""

    def compare(files: Code, old: str, new: str) -> set[str]:
        assert any(old in text for text in files.values()), old
        before, after = take(files), take({name: text.replace(old, new) for name, text in files.items()})
        lines = code_changes(before.definitions, after.definitions)
        assert bool(lines) == (before.code != after.code), lines
        return {line.removeprefix("code of printed.").removesuffix(" changed") for line in lines}

    return compare


SHELL = '''
    from artifacts.step import step
    from printed.near import near
    LIMIT = 3

    @step(SENTENCES)
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
        ("@step(SENTENCES)", "@step(SENTENCES, retries=2)"),
        ("LIMIT = 3", 'LIMIT = 3\n    """What it is."""'),
        ("LIMIT = 3", 'LIMIT = 3\n    if __name__ == "__main__":\n        unreached()'),
    ],
)
def test_what_does_not_run_does_not_count(changes: Changes, old: str, new: str) -> None:
    assert changes(CHAIN, old, new) == set()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("x + 1", "x + 2", "far:far"),
        ("+ limit", "- limit", "near:near"),
        ("LIMIT = 3", "LIMIT = 4", "shell:LIMIT"),
        ("x: int = 1", "x: int = 2", "shell:root"),
        ("@step(SENTENCES)", "@step(SENTENCES)\n    @other", "shell:root"),
        ("LIMIT = 3", "LIMIT = 3\n    LIMIT += 1", "shell:LIMIT"),
    ],
)
def test_what_runs_counts_however_far_away(changes: Changes, old: str, new: str, changed: str) -> None:
    assert changes(CHAIN, old, new) == {changed}


@pytest.mark.parametrize("module_name", ["far", "near", "shell"])
def test_statements_that_run_on_import_count_with_all_that_imports_them(take: Take, module_name: str) -> None:
    first, second = (
        take({**CHAIN, f"{module_name}.py": f"{textwrap.dedent(CHAIN[f'{module_name}.py'])}\nprint({n})"}) for n in "12"
    )
    assert take(CHAIN).code != first.code != second.code
    body = f"printed.{module_name}:<module body>"
    assert code_changes(first.definitions, second.definitions) == [f"code of {body} changed"]


def test_the_definitions_are_exactly_what_is_reached(take: Take) -> None:
    names = {"printed.shell:root", "printed.shell:LIMIT", "printed.near:near", "printed.far:far"}
    assert set(take(CHAIN).definitions) == names


# --- Names and what they stand for

TWO = {"one.py": "def scale(x): return x", "two.py": "def scale(x): return 2 * x"}


def test_two_functions_of_one_name_that_change_places_change_the_key(changes: Changes, take: Take) -> None:
    # 1 + 100 * 2 and 2 + 100 * 1 with the very same tokens: what the names stand for must count.
    shell = (
        "from printed.{} import scale as a\nfrom printed.{} import scale as b\ndef root(job): return a(1) + 100 * b(1)"
    )
    before, after = (take({"shell.py": shell.format(*names), **TWO}) for names in (("one", "two"), ("two", "one")))
    assert before.code != after.code
    assert code_changes(before.definitions, after.definitions) == [
        "code of printed.shell:root changed: it uses printed.two:scale instead of printed.one:scale",
        "code of printed.shell:root changed: it uses printed.one:scale instead of printed.two:scale",
    ]


def test_the_same_name_from_another_module_changes_the_key_though_both_are_reached(take: Take) -> None:
    shell = "from printed.{} import scale\nfrom printed.both import both\ndef root(job): return both(scale(1))"
    both = "from printed import one, two\ndef both(x): return one.scale(x) + two.scale(x)"
    before, after = (take({"shell.py": shell.format(name), "both.py": both, **TWO}) for name in ("one", "two"))
    assert before.code != after.code
    assert code_changes(before.definitions, after.definitions) == [
        "code of printed.shell:root changed: it uses printed.two:scale instead of printed.one:scale"
    ]


OTHERS = [
    ("from math import log as f\ndef root(job): return f(8)", "from math import log2 as f\ndef root(job): return f(8)"),
    ("import numpy as m\ndef root(job): return m.abs(8)", "import math as m\ndef root(job): return m.abs(8)"),
    ("import numpy as np\ndef root(job): return np.log(8)", "import numpy as np\ndef root(job): return np.log2(8)"),
    (
        "from numpy import linalg as m\ndef root(job): return m.norm",
        "from numpy import ma as m\ndef root(job): return m.norm",
    ),
    (
        "def root(job):\n from math import log as f\n return f(8)",
        "def root(job):\n from math import log2 as f\n return f(8)",
    ),
    (
        "def root(job):\n try:\n  import faiss\n except ImportError: return 1",
        "def root(job):\n try:\n  import torch\n except ImportError: return 1",
    ),
    ("from math import pow\ndef root(job): return pow(2, 3)", "def root(job): return pow(2, 3)"),
    ("def root(job, *, log): return log(8)", "from math import log\ndef root(job, *, log_): return log(8)"),
]


@pytest.mark.parametrize(("before", "after"), OTHERS)
def test_another_function_of_another_package_changes_the_key(take: Take, before: str, after: str) -> None:
    assert take({"shell.py": before}).code != take({"shell.py": after}).code


SAME = [
    "import numpy as np\ndef root(job): return np.linalg.norm(job)",
    "import numpy\ndef root(job): return numpy.linalg.norm(job)",
    "import numpy.linalg\ndef root(job): return numpy.linalg.norm(job)",
    "import numpy.linalg as la\ndef root(job): return la.norm(job)",
    "from numpy import linalg\ndef root(job): return linalg.norm(job)",
    "from numpy.linalg import norm as n\ndef root(job): return n(job)",
]


@pytest.mark.parametrize("way", SAME[1:])
def test_how_another_package_is_imported_does_not_matter(take: Take, way: str) -> None:
    assert take({"shell.py": way}).code == take({"shell.py": SAME[0]}).code


IMPORTS = {
    "a name": "from printed.far import far\ndef root(job): return far(1)",
    "a name under an alias": "from printed.far import far as f\ndef root(job): return f(1)",
    "a module": "import printed.far\ndef root(job): return printed.far.far(1)",
    "a module under an alias": "import printed.far as m\ndef root(job): return m.far(1)",
    "a module from its package": "from printed import far\ndef root(job): return far.far(1)",
    "relative": "from .far import far\ndef root(job): return far(1)",
    "relative module": "from . import far as m\ndef root(job): return m.far(1)",
    "re-exported": "from printed.sub import far\ndef root(job): return far(1)",
    "inside the function": "def root(job):\n    from printed.far import far\n    return far(1)",
    "inside, over a name of the module": "far = 0\ndef root(job):\n    from printed.far import far\n    return far(1)",
    "in a lambda": "from printed.far import far\npick = lambda x: far(x)\ndef root(job): return pick(1)",
    "in a default": "from printed.far import far\ndef root(job, f=far): return f(1)",
    "in the default of a parameter of that name": "from printed.far import far\ndef root(job, far=far): return far(1)",
    "in a decorator": "from printed.far import far\n@far\ndef inner(): ...\ndef root(job): return inner()",
    "in a base class": "from printed.far import far\nclass C(far(1)): ...\ndef root(job): return C()",
    "in a class, by its name": "from printed.far import far\nclass C:\n    far = far\ndef root(job): return C.far(1)",
    "in a method beside an attribute of that name": (
        "from printed.far import far\nclass C:\n    far = 1\n    def m(self): return far(1)\ndef root(job): C().m()"
    ),
    "in a comprehension over a name of its own": (
        "from printed.far import far\ndef root(job): return [far for far in far(1)]"
    ),
    "beside a lambda with a parameter of that name": (
        "from printed.far import far\ndef root(job, key=lambda far: far): return far(1)"
    ),
    "as a global": "from printed.far import far\ndef root(job):\n    global far\n    far = far\n    return far(1)",
    "in a table of functions": "from printed.far import far\nT = {'f': far}\ndef root(job): return T['f'](1)",
    "as a value": "from printed import far as m\ndef root(job): return getattr(m, 'f' + 'ar')(1)",
    "with a way out": "try:\n  from printed.far import far\nexcept ImportError: far = 0\ndef root(job): return far(1)",
    "or else another": (
        "try:\n  from printed.far import far\nexcept ImportError:\n  from math import log as far\n"
        "def root(job): return far(1)"
    ),
    "then changed": "from printed.far import far\nfar.limit = 2\ndef root(job): return far(1)",
    "in a with block": "with open('x') as _:\n    from printed.far import far\ndef root(job): return far(1)",
    "from a folder that is no package": "import printed.bare.far\ndef root(job): return printed.bare.far.far(1)",
}


@pytest.mark.parametrize("way", IMPORTS)
def test_every_way_to_reach_a_function_is_followed(changes: Changes, way: str) -> None:
    files = {"shell.py": IMPORTS[way], "far.py": FAR, "sub/__init__.py": "from ..far import far"}
    if way == "from a folder that is no package":
        files["bare/far.py"] = files.pop("far.py")
    changed = changes(files, "x + 1", "x + 2")
    assert len(changed) == 1 and changed.pop().endswith("far:far")


@pytest.mark.parametrize("way", list(IMPORTS)[:8])
def test_how_a_function_of_ours_is_imported_does_not_matter(take: Take, way: str) -> None:
    files = {"far.py": FAR, "sub/__init__.py": "from ..far import far"}
    usual = take({"shell.py": IMPORTS["a name"], **files})
    assert take({"shell.py": IMPORTS[way], **files}).code == usual.code


SHADOWED = {
    "a parameter": "def root(job, far): return far(1)",
    "an assignment further down": "def root(job):\n    def call(): return far(1)\n    far = job\n    return call()",
    "a comprehension": "def root(job): return [far(1) for far in job]",
    "a loop": "def root(job):\n    for far in job: far(1)",
    "a with block": "def root(job):\n    with job as far: far(1)",
    "a walrus": "def root(job): return (far := job)(1)",
    "a walrus in a comprehension": "def root(job):\n    [far := job for _ in job]\n    return far(1)",
    "a lambda": "def root(job): return lambda far: far(1)",
    "a pattern": "def root(job):\n    match job:\n        case [far, *_]: return far(1)",
    "a function in it": "def root(job):\n    def far(x): return x\n    return far(1)",
}


@pytest.mark.parametrize("way", SHADOWED)
def test_a_name_that_is_bound_in_a_definition_is_not_that_of_the_module(take: Take, way: str) -> None:
    alone, beside = SHADOWED[way], f"{SHADOWED[way]}\n{textwrap.dedent(FAR)}"
    assert take({"shell.py": alone}).code == take({"shell.py": beside}).code


def test_names_that_are_bound_together_are_told_apart(take: Take) -> None:
    shell = "from printed.far import {}\ndef root(job): return {}"
    low, high = (take({"shell.py": shell.format(n, n), "far.py": "LOW, HIGH = range(2)"}) for n in ("LOW", "HIGH"))
    alias = take({"shell.py": shell.format("HIGH as LOW", "LOW"), "far.py": "LOW, HIGH = range(2)"})
    assert low.code != high.code == alias.code


# --- Moves


MOVED = {
    "shell.py": """
    from printed.close import near
    from printed.limits import LIMIT

    def root(job, x: int = 1):
        return near(x, LIMIT)
    """,
    "limits.py": "LIMIT = 3\nMORE = 4",
    "close.py": "def near(x, limit):\n    return far(x) + limit\n\ndef far(x):\n    return x + 1",
}


def test_definitions_may_move_to_other_modules(take: Take) -> None:
    before, after = take(CHAIN), take(MOVED)
    assert before.code == after.code
    assert set(before.definitions) != set(after.definitions)
    assert code_changes(before.definitions, after.definitions) == []


def test_what_moved_and_changed_is_told_with_both_places(take: Take) -> None:
    moved = {name: text.replace("x + 1", "x + 2") for name, text in MOVED.items()}
    lines = code_changes(take(CHAIN).definitions, take(moved).definitions)
    assert lines == ["code of printed.close:far (was printed.far:far) changed"]


def test_a_definition_that_is_new_is_not_told_beside_the_one_that_uses_it(changes: Changes) -> None:
    assert changes(CHAIN, "x + 1", "elsewhere() + 1") == {"far:far"}


EVEN = "def even(n): return n == 0 or odd(n - 1)"
ODD = "def odd(n): return n != 0 and even(n - 1)"
START = "def root(job): return even(4)"
CIRCLE = {"shell.py": f"{EVEN}\n{ODD}\n{START}"}


def test_functions_that_call_each_other_count_all(changes: Changes) -> None:
    assert changes(CIRCLE, "n == 0", "n == 2") == {"shell:even"}
    assert changes(CIRCLE, "n != 0", "n != 2") == {"shell:odd"}
    assert changes(CIRCLE, "odd(n - 1)", "even(n - 1)") == {"shell:even"}


def test_a_circle_may_lie_in_several_modules(take: Take) -> None:
    apart = {
        "shell.py": f"from printed.a import even\n{START}",
        "a.py": f"from printed import b\n{EVEN.replace('odd(', 'b.odd(')}",
        "b.py": f"from printed import a\n{ODD.replace('even(', 'a.even(')}",
    }
    assert take(CIRCLE).code == take(apart).code


def test_a_circle_has_the_same_hash_wherever_it_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PROJECT_PACKAGES", ("printed",))
    code = f"{EVEN}\n{ODD}\n"

    def after(*roots: str) -> str:
        found = Sources()
        found.modules["printed"] = parse(code, "printed", "printed")
        prints = Fingerprints(found)
        return [prints.of("printed", root).code for root in roots][-1]

    assert after("even") == after("odd", "even") != after("odd") == after("even", "odd")


def test_what_a_circle_uses_counts_for_all_in_it(changes: Changes) -> None:
    # Three in a circle; only the one that is farthest from the root uses the constant.
    code = "K = 1\ndef a(): return b()\ndef b(): return c()\ndef c(): return a() + K\ndef root(job): return a()"
    assert changes({"shell.py": code}, "K = 1", "K = 2") == {"shell:K"}
    assert changes({"shell.py": code}, "a() + K", "a() - K") == {"shell:c"}


def test_a_long_chain_of_calls_is_followed_to_its_end(changes: Changes) -> None:
    lines = [f"def f{i}(): return f{i + 1}()" for i in range(1500)]
    code = "\n".join(["def root(job): return f0()", *lines, "def f1500(): return 'end'"])
    assert changes({"shell.py": code}, "'end'", "'END'") == {"shell:f1500"}


# --- Texts that only tell

TELLING = {
    "shell.py": """
    import logging
    import warnings
    from printed.words import WANTED, log

    def root(job, x):
        if x < 0:
            raise ValueError(f"x is {x}: " + WANTED)
        if x > 9:
            raise KeyError("too large", x)
        assert x != 7, "seven"
        log.warning("unusual: %s", x)
        logging.getLogger("a").info("usual")
        warnings.warn("old", DeprecationWarning)
        return x
    """,
    "words.py": "import logging\nWANTED = 'expected more'\nlog = logging.getLogger(__name__)",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('f"x is {x}: " + WANTED', 'f"found {x}; " + WANTED'),
        ('f"x is {x}: " + WANTED', '"x is too small"'),
        ('"too large", x', '"larger than nine", x'),
        ('"seven"', '"7"'),
        ('"unusual: %s"', '"this is rare: %s"'),
        ('info("usual")', 'info("as ever")'),
        ('"old"', '"obsolete"'),
        ("expected more", "expected at least 0"),
    ],
)
def test_texts_of_errors_and_of_logs_do_not_count(changes: Changes, old: str, new: str) -> None:
    assert changes(TELLING, old, new) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ValueError", "TypeError"),
        ("x < 0", "x < 1"),
        ('"too large", x', '"too large", x + 1'),
        ("x != 7", "x != 8"),
        ("raise KeyError", "return KeyError"),
        ('log.warning("unusual: %s", x)', 'log.append("unusual: %s", x)'),
        ('log.warning("unusual: %s", x)', 'x = log.warning("unusual: %s", x)'),
    ],
)
def test_what_is_raised_and_when_counts(changes: Changes, old: str, new: str) -> None:
    assert changes(TELLING, old, new) == {"shell:root"}


def test_texts_given_to_what_is_no_logger_count(changes: Changes) -> None:
    code = {"shell.py": "log = []\ndef root(job):\n    log.append('a')\n    return log"}
    assert changes(code, "'a'", "'b'") == {"shell:root"}


HANDLERS = """
    class Dropped(Exception): ...
    def attempt(x): raise Dropped("lost")
    def root(job):
        try:
            return attempt(job)
        except {}:
            {}
    """


@pytest.mark.parametrize(
    ("caught", "then"),
    [
        ("Dropped as error", "return str(error)"),
        ("Dropped as error", "return error.reason"),
        ("(OSError, Dropped) as error", "return error.errno"),
        ("Exception as error", "return f'{error}'"),
        ("OSError as error", "return error.args"),
        ("ValueError as error", "reason = str(error)"),
    ],
)
def test_a_result_made_of_an_errors_text_is_an_error(take: Take, caught: str, then: str) -> None:
    with pytest.raises(FingerprintError, match=r"printed.shell, line \d+, in root: .*texts of errors are not in"):
        take({"shell.py": HANDLERS.format(caught, then)})


@pytest.mark.parametrize(
    ("caught", "then"),
    [
        ("Dropped", "return None"),
        ("Dropped as error", "raise ValueError(f'{error}') from error"),
        ("OSError as error", "return error.errno"),
        ("Exception as error", "return isinstance(error, Dropped)"),
    ],
)
def test_a_handler_may_pass_an_error_on_and_ask_for_its_type(take: Take, caught: str, then: str) -> None:
    take({"shell.py": HANDLERS.format(caught, then)})


# --- Classes and configurations


def test_classes_count_whole(changes: Changes) -> None:
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
MADE = {"shell.py": SETTINGS["shell.py"].replace("return config.part.doubled()", "return Whole().part.k")}


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
def test_fields_of_a_configuration_enter_by_value_and_not_as_code(changes: Changes, old: str, new: str) -> None:
    assert changes(SETTINGS, old, new) == set()
    commands = SETTINGS["shell.py"].replace("artifacts.settings import Settings", "artifacts.asking import Command")
    assert changes({"shell.py": commands.replace("(Settings)", "(Command)")}, old, new) == set()


@pytest.mark.parametrize(
    ("old", "new"), [("* 2", "* 3"), ("int] = 7", "int] = 6"), ("_hidden: int = 8", "_hidden: int = 9")]
)
def test_methods_and_class_variables_of_a_configuration_are_code(changes: Changes, old: str, new: str) -> None:
    assert changes(SETTINGS, old, new) == {"shell:Part"}


@pytest.mark.parametrize("type_", ["'Whole'", "'Whole | None'", "Annotated['Whole', 1]"])
def test_a_type_that_is_given_as_a_text_counts_as_well(changes: Changes, type_: str) -> None:
    files = {"shell.py": SETTINGS["shell.py"].replace("config: Whole", f"config: {type_}")}
    assert changes(files, "* 2", "* 3") == {"shell:Part"}


def test_a_text_that_a_parameter_may_have_is_no_name(take: Take) -> None:
    shell = "from typing import Literal\ndef root(job, how: Literal['far']): return how"
    assert take({"shell.py": shell}).code == take({"shell.py": f"{shell}\n{textwrap.dedent(FAR)}"}).code


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("alpha: float = 2.0", "alpha: float = 3.0", "shell:Part (defaults)"),
        ("START = 4", "START = 5", "shell:START"),
        ("part: Part = Part()", "part: Part = Part(k=9)", "shell:Whole (defaults)"),
    ],
)
def test_defaults_of_a_configuration_that_code_makes_count(changes: Changes, old: str, new: str, changed: str) -> None:
    # No parameter of the step has these values, so no value in the key tells of them.
    assert changes(MADE, old, new) == {changed}
    assert changes(MADE, "How many.", "Number of neighbours.") == set()


def test_the_order_of_definitions_changes_nothing(take: Take) -> None:
    parts = ["LIMIT = 1\n", "def help(x): return x + LIMIT\n", "def root(job): return help(1)\n"]
    assert take({"shell.py": "".join(parts)}) == take({"shell.py": "".join(reversed(parts))})


# --- artifacts/ and the schemas


def test_a_new_entry_in_the_catalogue_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # artifacts/ is left out whole; the schemas that a step declares enter its key on their own
    import tasks.corpus.read as read

    names = fingerprint("tasks.corpus.read", "read_sentences").definitions
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


def test_where_in_artifacts_a_name_is_defined_does_not_matter(take: Take) -> None:
    ways = ["from artifacts.step import Job", "from artifacts.job import Job"]
    first, second = (take({"shell.py": f"{way}\ndef root(job): return Job(job)"}) for way in ways)
    assert first.code == second.code


def test_no_name_that_tasks_take_from_artifacts_is_defined_there_twice() -> None:
    # Their key has the name alone, so there must be one of each.
    root = Path(__file__).parents[2]
    modules = [parse(path.read_text(), path.stem, "artifacts") for path in sorted(root.glob("artifacts/**/*.py"))]
    taken = set()
    for path in root.glob("tasks/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("artifacts"):
                taken |= {alias.name for alias in node.names}
    assert {"Job", "InputError", "SENTENCES"} <= taken
    homes = {name: [m.name for m in modules if name in m.definitions] for name in taken}
    assert {name: found for name, found in homes.items() if len(found) != 1} == {}


# --- What cannot be followed


def steps_of_tasks() -> list[tuple[str, str]]:
    """Module and name of every step, found in the sources."""
    root = Path(__file__).parents[2]
    found = []
    for path in sorted(root.glob("tasks/**/*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any(ast.unparse(d)[:5] == "step(" for d in node.decorator_list):
                found.append((".".join(path.relative_to(root).with_suffix("").parts), node.name))
    return found


def test_every_step_can_be_followed() -> None:
    steps = steps_of_tasks()
    assert len(steps) > 40
    prints = Fingerprints(Sources())
    codes = {step: prints.of(*step).code for step in steps}
    assert len(set(codes.values())) == len(steps)


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\ndef root(job): return importlib.import_module('x')",
        "from importlib import import_module\ndef root(job): return import_module('x')",
        "def root(job): return __import__('x')",
        "def root(job): return eval('1')",
        "def root(job): exec('1')",
        "def root(job): return compile('1', '', 'eval')",
        "def root(job): return globals()['root']",
        "run = exec\ndef root(job): run('1')",
        "import runpy\ndef root(job): runpy.run_path('x.py')",
        "import builtins\ndef root(job): builtins.exec('1')",
        "from importlib.util import spec_from_file_location as s\ndef root(job): return s('x', 'y')",
        "import sys\ndef root(job): return sys.modules['x']",
        "import subprocess, sys\ndef root(job): subprocess.run([sys.executable, '-c', 'print(1)'])",
        "from subprocess import Popen as start\ndef root(job): start(['python', '-c', 'print(1)'])",
        "import os\ndef root(job): os.system('python -c 1')",
        "from os import execvp\ndef root(job): execvp('python', ['python', '-c', '1'])",
        "from pathlib import Path\ndef root(job): return (Path(__file__).parent / 'words.txt').read_text()",
        "from importlib import resources\ndef root(job): return resources.files('x')",
        "class C:\n    eval = 1\n    def m(self): return eval('1')\ndef root(job): return C().m()",
    ],
)
def test_code_and_files_that_are_named_by_a_text_are_an_error(take: Take, code: str) -> None:
    with pytest.raises(FingerprintError, match=r"printed.shell, line \d+, in \w+: .* cannot follow"):
        take({"shell.py": code})


@pytest.mark.parametrize("source", ["printed.far", "math"])
def test_an_import_of_everything_is_an_error(take: Take, source: str) -> None:
    with pytest.raises(FingerprintError, match=f"from {source} import \\*"):
        take({"shell.py": f"from {source} import *\ndef root(job): return far(1)", "far.py": FAR})


@pytest.mark.parametrize(
    "code",
    [
        "def root(job, model): model.eval(); model.compile()",
        "import re\ndef root(job): return re.compile('x')",
        "from importlib import metadata\ndef root(job): return metadata.version('x')",
        "from importlib.util import find_spec\ndef root(job): return find_spec('x') is None",
        "def root(job):\n    eval = job\n    return eval(1)",
        "from multiprocessing import Process\ndef work(): ...\ndef root(job): Process(target=work).start()",
    ],
)
def test_names_that_only_look_like_code_in_a_text_are_none(take: Take, code: str) -> None:
    take({"shell.py": code})


def test_a_source_edited_after_the_process_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "printed"
    package.mkdir()
    (package / "__init__.py").touch()
    shell = package / "shell.py"
    shell.write_text("def root(job): return 1\n", encoding="utf-8")
    monkeypatch.setattr(sources, "PROJECT_PACKAGES", ("printed",))
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("printed", None)
    assert Fingerprints(Sources()).of("printed.shell", "root")
    later = time.time() + 10
    os.utime(shell, (later, later))
    with pytest.raises(FingerprintError, match="edited after this process started"):
        Fingerprints(Sources()).of("printed.shell", "root")


def test_a_missing_module_is_an_error(take: Take) -> None:
    with pytest.raises(FingerprintError, match="its source cannot be found"):
        take({"shell.py": "import printed.gone as g\ndef root(job): return g.f()"})


def test_the_same_code_has_the_same_fingerprint_anywhere(take: Take) -> None:
    assert take(CHAIN) == take(CHAIN)


def test_no_empty_field_of_the_syntax_tree_is_written_out() -> None:
    # Python 3.12 added `type_params` to functions and classes, 3.13 stopped writing empty lists: both must not show.
    source = "@d\nclass C(B):\n    x: int = None\n    def f(self, *, a=(), **k): return [], {}, lambda: None\n"
    names = Names(Sources())
    names.sources.modules["m"] = Module("m", "m")
    writing = _Writing(Sight(names, names.sources.modules["m"]), Configurations(names), "C")
    writing.write(ast.parse(source))
    text = "".join(writing.parts)
    fields = {name for node in ast.walk(ast.parse(source)) for name in node._fields}
    assert {"body", "keywords", "returns"} <= fields
    assert not re.search(r" \w+=(?=[ )])", text), text
    assert "keywords" not in text and "type_params" not in text and "returns" not in text
