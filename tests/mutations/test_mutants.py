"""Which mutants a module has, and that each differs from it in one place."""

from pathlib import Path

from tests.mutations.modules import TESTS
from tests.mutations.mutants import mutants

ROOT = Path(__file__).parents[2]
SOURCE = '''
LIMIT = 3


@step(OUTPUT)
def train(job: Job, soft: Soft, w: Weights | None = None) -> None:
    """Trains."""
    check_same(soft, "soft labels")
    if w is None:
        raise InputError(f"{soft}: {LIMIT + 1}")
    with job.progress("training", 2 * soft, "updates"):
        job.write(fit(soft, w, rate=1))
'''


def changes(folder: Path, source: str) -> list[str]:
    (folder / "module.py").write_text(source, encoding="utf-8")
    return [mutant.change for mutant in mutants(folder, "module.py")]


def test_a_step_has_a_mutant_for_each_argument_that_is_left_out_or_exchanged(tmp_path: Path) -> None:
    # Not: constants outside functions, decorators, defaults, texts, the wording of errors, progress.
    expected = [
        'check_same(None, "soft labels")',
        "if w is not None:",
        "job.write(None)",
        "fit(None, w, rate=1)",
        "fit(soft, None, rate=1)",
        "fit(soft, w, rate=None)",
        "fit(soft, w, )",
        "fit(w, soft, rate=1)",
        "fit(soft, w, rate=2)",
    ]
    found = [change.partition(" -> ")[2] for change in changes(tmp_path, SOURCE)]
    assert len(found) == len(expected)
    for change, expectation in zip(found, expected, strict=True):
        assert expectation in change


def test_arithmetic_and_comparisons_have_mutants(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "class Loss:\n    def at(self, i):\n        return 3 * i if i == 1 else -self.later\n", encoding="utf-8"
    )
    found = mutants(tmp_path, "module.py")
    for part in ("3 / i", "4 * i", "i != 1", "i == 2", "+self.later", "(i == 1) and False", "(i == 1) or True"):
        assert any(part in mutant.change for mutant in found), part
    assert {mutant.function for mutant in found} == {"Loss.at"}


def test_a_change_shows_what_stands_around_it_and_is_numbered_if_it_reads_alike(tmp_path: Path) -> None:
    assert changes(tmp_path, "def function(a):\n    return use(first=a, second=2, third=a)\n")[4:6] == [
        "return use(first=a, second=2, third=a) -> return use(first=a, third=a)",
        "use(first=a, second=2, third=a) -> use(first=a, second=2, )",
    ]
    repeated = changes(tmp_path, "def function(a):\n" + "    use_of_it(number=1)\n" * 5)
    assert len(set(repeated)) == len(repeated)
    assert sum(change.endswith("(2)") for change in repeated) == 2


def test_what_no_result_depends_on_has_no_mutants_and_what_looks_like_it_has(tmp_path: Path) -> None:
    source = """
def function(job, data, a):
    table = job.table(data, columns=a)
    batches = job.batches(data, columns=a, rows=8)
    for one, other in zip(a, batches, strict=True):
        other.astype(a, copy=False)
    return unit_rows(table, in_place=True)
"""
    (tmp_path / "module.py").write_text(source, encoding="utf-8")
    found = mutants(tmp_path, "module.py")
    assert len(found) == 7  # Six positional arguments as None, and the two of zip exchanged.
    for mutant in found:
        assert mutant.source.count("columns=a") == 2
        assert all(part in mutant.source for part in ("rows=8", "strict=True", "copy=False", "in_place=True")), mutant
    other = "def function(a):\n    return nearest(rows=a, strict=True), unit_rows(a, in_place=False)\n"
    for part in ("rows=None", "strict=False", "strict=None", "in_place=True", "in_place=None"):
        assert any(part in change.partition(" -> ")[2] for change in changes(tmp_path, other)), part


def test_each_mutant_is_a_module_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SOURCE, encoding="utf-8")
    sources = [mutant.source for mutant in mutants(tmp_path, "module.py")]
    assert len(set(sources)) == len(sources) and SOURCE not in sources
    for source in sources:
        different = [a != b for a, b in zip(source.splitlines(), SOURCE.splitlines(), strict=True)]
        assert sum(different) == 1


def test_modules_and_their_tests_are_where_they_are_said_to_be() -> None:
    for module, tests in TESTS.items():
        assert all((ROOT / path).is_file() for path in (module, *tests)), module
