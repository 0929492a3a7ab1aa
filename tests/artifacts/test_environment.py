"""The manifest tells the versions of everything that can change a result."""

import ast
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from artifacts.environment import PACKAGES, environment

ROOT = Path(__file__).parents[2]


def imported_by_tasks() -> set[str]:
    """Top-level modules of other packages that are imported anywhere under tasks/."""
    found = set()
    for path in ROOT.glob("tasks/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"tasks", "artifacts"}


def test_every_package_that_tasks_import_is_recorded() -> None:
    packages = metadata.packages_distributions()
    # A package that is not installed, such as an extra, is looked for by the name of its module.
    missing = {m for m in imported_by_tasks() if same(PACKAGES).isdisjoint(same(packages.get(m, [m])))}
    assert missing == set()


def same(packages: Iterable[str]) -> set[str]:
    """Names of packages in one spelling."""
    return {package.lower().replace("_", "-") for package in packages}


def test_what_is_recorded_is_what_is_installed() -> None:
    found = environment()
    assert found["numpy"] == metadata.version("numpy") and found["ctranslate2"] == metadata.version("ctranslate2")
    assert {"python", "platform", "scikit-learn", "sentencepiece", "scipy", "langid", "safetensors"} <= set(found)
