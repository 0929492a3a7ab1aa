"""How long a plan's steps take, by hand: sizes and epochs of now over those of before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artifacts.estimate import INPUT_BYTES, Estimates, Expected
from artifacts.inputs import InputFile
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference


class Shelf:
    """What a store is to estimates."""

    def __init__(self, *manifests: Manifest) -> None:
        self.held = manifests

    def manifests_of(self, kind: str) -> Iterator[Manifest]:
        return (m for m in self.held if m.kind == kind)


def recipe(step: str, inputs: dict[str, str] | None = None, **parameters: Any) -> Recipe:
    return Recipe(step=step, parameters=parameters, inputs=inputs or {}, code="", schemas={}, store_format=1)


def made(kind: str, digest: str, made_by: Recipe, seconds: float, rows: int | None, **more: Any) -> Manifest:
    fixed: dict[str, Any] = {"files": {}, "metadata": {}, "made": "2026-01-01", "environment": {}}
    values = {
        **fixed,
        "kind": kind,
        "key": digest,
        "digest": digest,
        "recipe": made_by,
        "seconds": seconds,
        "rows": rows,
    }
    return Manifest(**{**values, **more})


def table(digest: str, key: str = "a") -> Reference:
    return Reference(kind="sentences", key=key, digest=digest)


TEXT = made("sentences", "old", recipe("read"), 1.0, 100)
LONGER = made("sentences", "new", recipe("read"), 1.0, 150)
TRAINED = made(
    "tagger", "t", recipe("train", {"text": "sentences:old"}, config={"epochs": 2}), 10.0, None, notes={"device": "cpu"}
)


def test_time_grows_with_rows_and_epochs() -> None:
    estimates = Estimates(Shelf(TEXT, LONGER, TRAINED), "cpu")
    # 10 s for 100 rows twice; 150 rows four times: 10 * 1.5 * 2.
    now = recipe("train", {"text": "sentences:new"}, config={"epochs": 4})
    assert estimates.expect("tagger", now, "", {"text": table("new")}) == Expected(30.0, None)


def test_what_does_not_exist_yet_has_the_rows_that_are_expected_of_it(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_bytes(b"x" * 300)
    before = made("sentences", "old", recipe("read", {"file": "f1"}), 1.0, 100, notes={INPUT_BYTES: {"file": 200}})
    estimates = Estimates(Shelf(before, TRAINED), "cpu")
    # 300 bytes where 200 had 100 rows: 150 rows in 1.5 s, and a training of 15 s.
    read = estimates.expect("sentences", recipe("read", {"file": "f2"}), "", {"file": InputFile(path=str(file))})
    assert read == Expected(1.5, 150)
    planned = Reference(kind="sentences", key="b", digest="")
    estimates.remember(planned, read.rows)
    now = recipe("train", {"text": "sentences:"}, config={"epochs": 2})
    assert estimates.expect("tagger", now, "", {"text": planned}) == Expected(15.0, None)
    assert estimates.expect("tagger", now, "", {"text": table("", key="c")}) == Expected(10.0, None)


def test_the_most_similar_settings_count_then_the_stage_then_the_newest() -> None:
    def trained(seconds: float, made_on: str, label: str = "", **parameters: Any) -> Manifest:
        return made("tagger", f"t{seconds}", recipe("train", **parameters), seconds, None, label=label, made=made_on)

    other = trained(1.0, "2026-01-09", width=2)
    stage = trained(2.0, "2026-01-01", "M_src", width=1)
    older, newer = trained(3.0, "2026-01-02", width=1), trained(4.0, "2026-01-03", width=1)
    estimates = Estimates(Shelf(other, stage, older, newer), "cpu")
    now = recipe("train", width=1)
    assert estimates.expect("tagger", now, "M_src", {}).seconds == 2.0
    assert estimates.expect("tagger", now, "M_tgt", {}).seconds == 4.0
    assert estimates.expect("tagger", recipe("train", width=2), "M_src", {}).seconds == 1.0


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_another_device_or_step_says_nothing(device: str) -> None:
    estimates = Estimates(Shelf(TEXT, TRAINED), device)
    now = recipe("train", {"text": "sentences:old"}, config={"epochs": 2})
    expected = Expected(10.0, None) if device == "cpu" else Expected()
    assert estimates.expect("tagger", now, "", {"text": table("old")}) == expected
    assert estimates.expect("tagger", recipe("other"), "", {}) == Expected()
