"""The command line on a finished run: predict, store, plan; and the files that go with it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from artifacts.estimate import Expected
from artifacts.reference import Reference
from artifacts.runtime import Run, Runtime, StepOutcome
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import announcement, plan_steps, time_expected
from tasks.corpus.corpus import load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.training.config import TrainingConfig
from tasks.training.precision import Precision, autocast_for
from tasks.translation.dictionaries import read_dictionary
from tasks.words.labels import LabelConfig

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'prefect', 'transformers', 'pyarrow', 'pandas', 'pydantic'}"
    code = f"import sys, flows.commands.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "given",
    [
        ("run", "x.yaml", "--workers", "65"),
        ("sweep", "x.yaml", "--vary", "a=1", "--threads", "1025"),
        ("refresh", "x.yaml", "--changed-percent", "101"),
    ],
)
def test_a_number_above_its_bound_is_told_with_its_option(
    crosstag: Callable[..., tuple[int, str]], given: tuple[str, ...]
) -> None:
    code, told = crosstag(*given)
    assert code == 2 and f"Invalid value for '{given[-2]}'" in told


def test_the_temporary_server_is_silent_unless_the_user_wants_it(
    crosstag: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stopped while it writes, it prints a traceback under the result of a run that went well.
    monkeypatch.setenv("PREFECT_SERVER_LOGGING_LEVEL", "DEBUG")
    crosstag("--help")
    assert os.environ["PREFECT_SERVER_LOGGING_LEVEL"] == "DEBUG"
    monkeypatch.delenv("PREFECT_SERVER_LOGGING_LEVEL")
    crosstag("--help")
    assert os.environ["PREFECT_SERVER_LOGGING_LEVEL"] == "CRITICAL"


def test_predict_writes_columns_or_json_lines(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Angela Merkel besuchte Hamburg.\nEs regnet.\n", encoding="utf-8")
    folder = next((finished / "student").iterdir())
    code, columns = crosstag("predict", str(folder), str(text))
    assert code == 0
    sentences = [[line.split("\t") for line in block.splitlines()] for block in columns.strip().split("\n\n")]
    assert [[word for word, _ in s] for s in sentences] == [
        ["Angela", "Merkel", "besuchte", "Hamburg", "."],
        ["Es", "regnet", "."],
    ]
    reference = f"student/{folder.name[:8]}"
    code, lines = crosstag("predict", reference, str(text), "--format", "jsonl", "--store", str(finished))
    assert code == 0
    rows = [json.loads(line) for line in lines.strip().splitlines()]
    assert [row["tags"] for row in rows] == [[tag for _, tag in s] for s in sentences]


def test_predict_computes_in_the_asked_format(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Es regnet.\n", encoding="utf-8")
    folder = next((finished / "student").iterdir())
    asked = []

    def autocast(device: str, precision: Precision) -> AbstractContextManager[None]:
        asked.append(precision)
        return autocast_for(device, precision)

    monkeypatch.setattr("tasks.tagging.inference.autocast_for", autocast)
    for arguments in ((), ("--precision", "bf16")):
        assert crosstag("predict", str(folder), str(text), *arguments)[0] == 0
    assert asked == ["float32", "bf16"]


def gpu_configurations() -> list[Path]:
    return [path for path in CONFIGS if path.name.startswith(("conll", "wikiann", "xtreme"))]


@pytest.mark.parametrize("path", gpu_configurations(), ids=lambda path: path.name)
def test_configurations_that_are_made_for_gpus_say_so_for_every_tagger(path: Path) -> None:
    _, config = load(path)
    named = {name: getattr(config, name) for name in type(config).model_fields}
    trainings = {name: value.precision for name, value in named.items() if isinstance(value, TrainingConfig)}
    assert len(trainings) >= 2
    assert set(trainings.values()) == {"bf16"} and config.inference.precision == "bf16"


def test_predicting_with_what_is_no_model_says_so(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    text = tmp_path / "text.txt"
    text.write_text("x\n")
    code, message = crosstag("predict", str(tmp_path / "empty"), str(text))
    assert code == 2 and "config.json" in message
    code, message = crosstag("predict", "student/zz", str(text), "--store", str(finished))
    assert code == 2 and "crosstag store ls" in message
    folder = next((finished / "student").iterdir())
    code, message = crosstag("predict", str(folder), str(tmp_path / "none.txt"))
    assert code == 2 and "none.txt: no such file" in message


def test_store_ls_show_and_verify(crosstag: Callable[..., tuple[int, str]], finished: Path) -> None:
    code, listed = crosstag("store", "ls", "--store", str(finished))
    assert code == 0 and "score_reliability" in listed and "iteration 2, D_tgt" in listed
    (run,) = (path.name for path in (finished / "run").iterdir())
    rows = [line.split() for line in listed.splitlines()[1:]]
    assert all(run[:8] in row for row in rows), "every artifact says whose it is"
    (labels,) = (line for line in listed.splitlines() if "label_words" in line and "iteration 2, D_tgt" in line)
    assert "of M_trans^2 " in labels
    (tagger,) = (line for line in listed.splitlines() if "train_student" in line and "iteration 1, D_tgt" in line)
    assert " M_tgt^1 " in tagger and "of M_tgt^1" not in tagger
    key = next((finished / "soft_labels").iterdir()).name
    code, shown = crosstag("store", "show", f"soft_labels/{key[:10]}", "--rows", "3", "--store", str(finished))
    assert code == 0
    rows = [line for line in shown.splitlines() if line.startswith("[")]
    assert len(rows) == 3 and "/" in rows[0] and "(0." in rows[0]
    assert "made by label_words" in shown and "made by train" in shown
    code, checked = crosstag("store", "verify", "--store", str(finished))
    assert code == 0 and "0 faults" in checked


def test_show_puts_weights_beside_the_words_they_weigh(
    crosstag: Callable[..., tuple[int, str]], finished: Path
) -> None:
    store = Store(finished)
    key = next((finished / "reliability").iterdir()).name
    code, shown = crosstag("store", "show", f"reliability/{key}", "--rows", "1", "--store", str(finished))
    row = next(line for line in shown.splitlines() if line.startswith("[0] "))
    weights = store.table(store.find(f"reliability/{key}"), ["weight"])["weight"][0].as_py()
    shown_weights = [part.rstrip(")") for part in row.split(" ") if part.endswith(")")]
    assert code == 0 and "λ " in row
    assert set(shown_weights) <= {f"{weight:.2f}" for weight in weights}


def test_verify_names_a_changed_file_and_fails(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    table = next((store / "lexicon").iterdir()) / "data.parquet"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    code, checked = crosstag("store", "verify", "--store", str(store))
    assert code == 1 and "data.parquet" in checked and "1 faults" in checked


def test_a_lexicon_and_a_translation_export_as_text(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    key = next((finished / "lexicon").iterdir()).name
    assert crosstag("store", "export", f"lexicon/{key}", str(tmp_path / "en-de.txt"), "--store", str(finished))[0] == 0
    store = Store(finished)
    lexicon = store.table(store.find(f"lexicon/{key}")).to_pylist()
    assert read_dictionary(tmp_path / "en-de.txt") == [(row["source"], row["target"]) for row in lexicon]
    key = next((finished / "translation").iterdir()).name
    path = tmp_path / "translation.conll"
    code, told = crosstag("store", "export", f"translation/{key}", str(path), "--store", str(finished))
    translation = store.table(store.find(f"translation/{key}"))
    assert code == 0 and f"({translation.num_rows} rows)" in told
    read = load_corpus(path, CorpusFormat(), LabelConfig(), "de")
    assert (read.words, read.tags) == (translation["words"].to_pylist(), translation["tags"].to_pylist())
    code, message = crosstag("store", "export", f"translation/{key}", str(path), "--store", str(finished))
    assert code == 2 and "is there already" in message


def test_gc_removes_leftovers_and_on_demand_old_runs_with_all_that_they_made(
    crosstag: Callable[..., tuple[int, str]], finished: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    before = {str(m.kind) + m.key for m in Store(store).manifests()}
    leftover = store / ".unfinished" / "soft_labels-0a-12345678"
    leftover.mkdir(parents=True)
    os.utime(leftover, (time.time() - 5,) * 2)  # Clocks may differ by a second: what is younger stays.
    place = ("--store", str(store))
    code, printed = crosstag("store", "gc", "--grace", "0h", *place)
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert code == 0 and "leftovers 1 0" in lines and "1 removed, 0 bytes" in lines
    assert {str(m.kind) + m.key for m in Store(store).manifests()} == before
    code, printed = crosstag("store", "gc", "--keep-runs", "1", *place)
    assert code == 0 and "0 removed, 0 bytes" in printed and "stay for now" not in printed
    code, printed = crosstag("store", "gc", "--keep-runs", "0", *place)
    assert code == 0 and "1 runs stay for now: they ended since the grace of 24h (--grace)" in printed
    for folder in store.glob("[a-z]*/*"):
        os.utime(folder, (0, 0))  # what was made within a second may be younger than it looks
    everything = ("--keep-runs", "0", "--grace", "0h")
    code, told = crosstag("store", "gc", *everything, "--dry-run", *place)
    assert code == 0 and f"{len(before) + 1} would be removed" in told
    assert {str(m.kind) + m.key for m in Store(store).manifests()} == before
    code, printed = crosstag("store", "gc", *everything, *place)
    assert code == 0 and f"{len(before) + 1} removed" in printed and "records of runs" in printed
    assert list(Store(store).manifests()) == [] and Store(store).run_ids() == []


@pytest.mark.parametrize("option", ["--older-than", "--grace"])
def test_an_age_that_is_none_is_refused(crosstag: Callable[..., tuple[int, str]], finished: Path, option: str) -> None:
    code, message = crosstag("store", "gc", option, "30 days", "--store", str(finished))
    assert code == 2 and f"{option} 30 days: expected a number and d, h or m, such as 30d" in message


def test_a_store_that_is_not_there_is_named(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, message = crosstag("store", "ls", "--store", str(tmp_path / "none"))
    assert code == 2 and "there is no store" in message and not (tmp_path / "none").exists()


def test_plan_prints_every_step_and_writes_nothing(
    crosstag: Callable[..., tuple[int, str]], data: Path, tmp_path: Path
) -> None:
    code, printed = crosstag("plan", str(data / "tiny.yaml"), "--data", str(data), "--store", str(tmp_path / "none"))
    assert code == 0 and "train_student" in printed and "never made in this store" in printed
    assert "0 cached" in printed and not (tmp_path / "none").exists()


def test_a_plan_says_how_long_what_is_not_there_takes_by_what_it_took_before(
    crosstag: Callable[..., tuple[int, str]], data: Path, finished: Path
) -> None:
    place = ("--data", str(data), "--store", str(finished), "--device", "cpu")
    assert "time:" not in crosstag("plan", str(data / "tiny.yaml"), *place)[1]
    settings = ("--set", "student.epochs=3")  # of one
    planned = plan_steps(
        *load(data / "tiny.yaml", settings[1:]), Runtime(store=str(finished), data=str(data), device="cpu")
    )
    trained = next(o for o in planned.outcomes if (o.step, o.label) == ("train_student", "iteration 1, D_tgt"))
    before = next(
        m for m in Store(finished).manifests_of("tagger") if m.label == trained.label and m.recipe.step == trained.step
    )
    assert trained.status == "to run" and trained.expected.seconds == pytest.approx(3 * before.seconds)
    code, printed = crosstag("plan", str(data / "tiny.yaml"), *place, *settings)
    assert code == 0 and re.search(r"\ntime: about \d+ .*s if all of these run, as they took before", printed)


def test_steps_that_never_ran_are_counted_apart_and_cached_ones_not_at_all(tmp_path: Path) -> None:
    run = Run(Store(tmp_path), Runtime(store=str(tmp_path)), planning=True)
    for status, seconds in (("to run", 30.0), ("depends", 45.0), ("depends", None), ("cached", None)):
        nothing = Reference(kind="tagger", key="", digest="")
        run.outcomes.append(StepOutcome("train", "", status, nothing, expected=Expected(seconds)))
    assert time_expected(run) == ("about 1 min 15 s", 1)
    method, config = load(CONFIGS[0])
    told = announcement(method, config, run, "2 minutes", changed=False)
    assert told.endswith("1 in the store; the others take about 1 min 15 s, and 1 that never ran in this store on top")


def test_a_run_first_says_what_it_will_do_and_how_long_it_takes(
    crosstag: Callable[..., tuple[int, str]],
    data: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("prefect.flow_engine.run_flow_sync", lambda *_, **__: print("the flow begins"))
    timed, silent = tmp_path / "timed.yaml", data / "tiny.yaml"
    timed.write_text("takes: 1 minute on two cores\n" + silent.read_text(encoding="utf-8"), encoding="utf-8")
    total = len(plan_steps(*load(silent), Runtime(store=str(tmp_path / "none"), data=str(data))).outcomes)

    def lines(config: Path, store: Path, *settings: str) -> list[str]:
        code, printed = crosstag("run", str(config), "--data", str(data), "--store", str(store), *settings)
        assert code == 0
        return printed.splitlines()

    begin = f"colada, en -> de: {total} steps, "
    assert lines(timed, tmp_path / "none") == [
        begin + "about 1 minute on two cores",
        "the flow begins",
    ]
    assert lines(silent, tmp_path / "none")[0] == begin + "0 in the store; how long the others take is not known"
    assert lines(timed, finished)[0] == begin + "all in the store: nothing to compute"
    changed = lines(timed, finished, "--set", "source_training.epochs=2")[0]
    told = re.fullmatch(
        begin + r"(\d+) in the store; the others take about (\d+ s|\d+ min \d\d s), as they took before", changed
    )
    assert told and 0 < int(told[1]) < total


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_is_valid_and_starts_with_its_command(path: Path) -> None:
    method, config = load(path)
    assert isinstance(config, method.config)
    assert path.read_text(encoding="utf-8").startswith(f"# crosstag run configs/{path.name}")


def test_every_setting_has_a_title_and_a_description() -> None:
    method, _ = load(CONFIGS[0])
    schema = method.config.model_json_schema()
    for name, model in {"top": schema, **schema["$defs"]}.items():
        for key, field in model.get("properties", {}).items():
            # What repeats the referred model's own title or description is left out of the schema.
            referred = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
            for part in ("title", "description"):
                assert field.get(part) or referred.get(part), f"{name}.{key} has no {part}"
