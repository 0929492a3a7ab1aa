"""A run of ConNER with pairs that exist: from files to a student that predicts, and what is cached the second time."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.runtime import Run, Runtime
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from tasks.tagging.student import load_student

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]


@pytest.fixture(scope="module")
def config_file(tiny_config: Callable[[str], Path]) -> Path:
    """The configuration of the tiny run."""
    return tiny_config("conner")


def runtime(data: Path, store: Path) -> Runtime:
    return Runtime(store=str(store), data=str(data), device="cpu")


def plan(config_file: Path, data: Path, store: Path, *settings: str) -> Run:
    method, config = load(config_file, settings)
    return plan_steps(method, config, runtime(data, store))


@pytest.fixture(scope="module")
def ended(finished_with: Callable[[str], Path]) -> Path:
    """A store in which the run has ended; do not change it."""
    return finished_with("conner")


def test_the_student_predicts_and_its_card_tells_what_its_crf_is_worth(ended: Path) -> None:
    (folder,) = (ended / "student").iterdir()
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "student (ConNER) on test" in card and "student (ConNER), emissions alone on test" in card
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["crosstag_head"] == "crf"
    tagged = next(load_student(folder, language="de").tag(["Anna wohnt in Berlin ."]))
    assert len(tagged.tags) == 5
    (record,) = (ended / "run").glob("*/run.json")
    tables = json.loads(record.read_text(encoding="utf-8"))["measurements"]
    cells = {table["title"]: [line["cells"] for line in table["lines"]] for table in tables}
    assert cells["conjugate pairs of spans"] == [[60, 60, 60, 0]]
    (agreed,) = (lines for title, lines in cells.items() if title.startswith("what models say of conjugate pairs"))
    for pairs, both, one, neither, same_type, illegal, divergence in agreed:
        assert pairs == 60 and both + one + neither == pytest.approx(1)
        # Sentences are their own translations here, so that both sides always agree.
        assert (one, divergence) == (0, 0) and same_type <= neither and 0 < illegal < 1


def test_a_second_run_is_cached_and_a_weight_reruns_what_depends_on_it(
    config_file: Path, data: Path, ended: Path
) -> None:
    assert {outcome.status for outcome in plan(config_file, data, ended).outcomes} == {"cached"}
    missing = [o for o in plan(config_file, data, ended, "student.beta=0.25").outcomes if o.status != "cached"]
    assert missing[0].step == "train_consistent_tagger"
    rows = plan(config_file, data, ended, "ablation=dropout_label").outcomes
    assert next(o.step for o in rows if o.status != "cached") == "train_consistent_tagger"
    assert "import_pairs" not in {o.step for o in rows}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("pairs.imported.translated=de.txt",), "de.txt, line 1: .* expected a word, the number of its span or 0"),
        (("pairs.imported=null", "parallel=[]"), "pairs.translator: it is trained on parallel text"),
    ],
)
def test_bad_pairs_are_told_before_anything_starts(
    config_file: Path, data: Path, tmp_path: Path, settings: tuple[str, ...], message: str
) -> None:
    method, config = load(config_file, settings)
    with pytest.raises(InputError, match=message):
        method.flow(config, runtime(data, tmp_path / "store"))
    assert not (tmp_path / "store" / "tagger").exists()


@pytest.mark.parametrize(
    ("numbers", "incomplete", "told"),
    [
        ("00", "pair", r"none of the 0 spans in 3 sentences .* \(there is no span at all\)"),
        (
            "12",
            "sentence",
            r"none of the 6 spans in 3 sentences .* \(missing_in_translation 3, sentence_incomplete 3\)",
        ),
    ],
)
def test_pairs_of_which_none_would_be_kept_are_told_before_anything_starts(
    config_file: Path, data: Path, tmp_path: Path, numbers: str, incomplete: str, told: str
) -> None:
    first, second = numbers
    for name, spans in (("original", first + second), ("translated", first + "0")):
        sentence = "".join(f"{word}\t{number}\tO\n" for word, number in zip(("Anna", "Berlin"), spans, strict=True))
        (tmp_path / name).write_text("\n".join([sentence] * 3), encoding="utf-8")
    settings = [f"pairs.imported.{name}={tmp_path / name}" for name in ("original", "translated")]
    method, config = load(config_file, [*settings, f"pairs.incomplete={incomplete}"])
    with pytest.raises(InputError, match=told + "; expected at least one pair; number the spans of both files from 1"):
        method.check(config, runtime(data, tmp_path / "store"))


GERMAN = "Der Minister sagte am Montag , dass die Regierung in Berlin im kommenden Jahr mehr Geld ausgeben wird ."
ENGLISH = "The minister said on Monday that the government in Berlin will spend more money in the coming year ."
POLISH = "Minister powiedział w poniedziałek , że rząd w Berlinie wyda w przyszłym roku więcej pieniędzy ."


@pytest.mark.parametrize(
    ("original", "translated", "said"),
    [
        (GERMAN, ENGLISH, ""),
        (ENGLISH, GERMAN, r"pairs.imported: \S+original reads as en, \S+translated as de; .* swap them"),
        (POLISH, ENGLISH, r"note: pairs.imported.original: langid takes the first 20 sentences of .* than de"),
        (GERMAN, GERMAN, r"note: pairs.imported.translated: langid takes the first 20 sentences of .* than en"),
    ],
)
def test_pairs_of_other_languages_are_told_before_anything_starts(
    config_file: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], original: str, translated: str,
    said: str,
) -> None:  # fmt: skip
    for name, words in (("original", original.split()), ("translated", translated.split())):
        sentence = "".join(f"{word}\t{int(word.startswith('Berlin'))}\tO\n" for word in words)
        (tmp_path / name).write_text("\n".join([sentence] * 20), encoding="utf-8")
    settings = [f"pairs.imported.{name}={tmp_path / name}" for name in ("original", "translated")]
    method, config = load(config_file, settings)
    if "swap" in said:
        with pytest.raises(InputError, match=said):
            method.check(config, runtime(data, tmp_path / "store"))
        return
    method.check(config, runtime(data, tmp_path / "store"))
    found = re.findall("note: pairs.*", capsys.readouterr().err)
    assert [bool(re.match(said, line)) for line in found] == ([True] if said else [])
