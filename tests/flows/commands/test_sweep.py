"""One run per value of a setting, and the table and the picture of them."""

import shutil
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.cli import main
from flows.commands.sweep import Outcome, comparison, variations
from flows.parts.summary import Result


def outcome(name: str, **f1: float) -> Outcome:
    return Outcome(name, Result(Reference(kind="student", key="ab12", digest="cd"), []), f1, ran=3, cached=4)


@pytest.mark.parametrize(
    ("vary", "values"),
    [
        ("reliability.neighbours=0,50", [0, 50]),
        ("student.learning_rate=1e-3, 2.0e-3", [0.001, 0.002]),
        ("ablation=none,no_iteration", ["none", "no_iteration"]),
        ("reliability.enabled=true,false", [True, False]),
        ("translation.aligned.ranking=off,all", ["off", "all"]),
        ("target.tests.0.name=a,b", ["a", "b"]),
    ],
)
def test_values_are_those_of_the_checked_configuration(data: Path, vary: str, values: list[object]) -> None:
    assert [each.value for each in variations(data / "tiny.yaml", vary)] == values


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ("seed", "expected path.to.key=value,value"),
        ("seed=", "expected path.to.key=value,value"),
        ("seed=[", "not valid YAML"),
        ("seed=1,2,1", "the value 1 is given twice"),
        ("seed=1,-1", "seed: Input should be greater than or equal to 0"),
        ("reliability.neighbors=1,2", "did you mean reliability.neighbours"),
    ],
)
def test_bad_values_are_refused_before_anything_runs(data: Path, vary: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("[", r"\[")):
        variations(data / "tiny.yaml", vary)


def test_a_value_that_does_not_fit_the_corpora_is_refused_without_a_store(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--vary", "reliability.neighbours=5,99999", "--data", str(data), "--store", str(tmp_path / "store")]
    monkeypatch.setattr("sys.argv", ["crosstag", "sweep", str(data / "tiny.yaml"), *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and not (tmp_path / "store").exists()
    assert "99999 neighbours" in capsys.readouterr().err


def test_seeds_end_with_mean_and_standard_deviation() -> None:
    # 0.60, 0.64, 0.68: mean 0.64; squared distances 16 + 0 + 16 of a hundredth; sqrt(32 / (3 - 1)) = 4 hundredths.
    header, rows = comparison("seed", [outcome(str(i), test=f1) for i, f1 in enumerate((0.60, 0.64, 0.68))])
    assert header == ["seed", "test", "ran", "cached", "student"]
    assert rows[0] == ["0", "60.0", "3", "4", "student/ab12"]
    assert rows[-2:] == [["mean", "64.0", "", "", ""], ["standard deviation", "4.0", "", "", ""]]


def test_one_seed_or_another_setting_has_no_mean() -> None:
    assert len(comparison("seed", [outcome("1", test=0.5)])[1]) == 1
    assert len(comparison("iterations", [outcome("1", test=0.5), outcome("2", test=0.5)])[1]) == 2


@pytest.mark.server
@pytest.mark.slow
def test_a_sweep_over_k_runs_what_differs_and_draws_figure_7(
    data: Path, finished: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.commands.sweep import sweep

    root = Path(shutil.copytree(finished, tmp_path / "store"))
    runtime = Runtime(store=str(root), data=str(data), device="cpu")
    figures = sweep(data / "tiny.yaml", "reliability.neighbours=10,0", ("iterations=1",), "K", runtime)
    printed = capsys.readouterr().out
    assert isinstance(figures, Reference) and str(root / "figures") in printed
    store = Store(root)
    assert list(store.metadata(figures)["figures"]) == ["figure7-f1-by-setting"]
    curves = [m for m in store.manifests_of("curve") if m.metadata["x_name"] == "K"]
    assert [m.metadata["title"] for m in curves] == ["F1 by K"]
    points = store.table(Reference(kind="curve", key=curves[0].key, digest=curves[0].digest)).to_pylist()
    assert [(point["series"], point["x"]) for point in points] == [("test", 10.0), ("test", 0.0)]
    table = [line.split() for line in printed.splitlines() if line.startswith(("10 ", "0 "))]
    # With K as in the finished run only the shorter run's student, its entities, and pictures are new.
    assert table[0][0] == "10" and int(table[0][2]) <= 4 and int(table[1][2]) > 3

    again = sweep(data / "tiny.yaml", "reliability.neighbours=10,0", ("iterations=1",), "K", runtime)
    assert again == figures
    table = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("10 ", "0 "))]
    assert [row[2] for row in table] == ["0", "0"]


@pytest.mark.slow
@pytest.mark.server
def test_a_sweep_over_words_is_a_table_alone(
    data: Path, finished: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.commands.sweep import sweep

    root = Path(shutil.copytree(finished, tmp_path / "store"))
    runtime = Runtime(store=str(root), data=str(data), device="cpu")
    assert sweep(data / "tiny.yaml", "ablation=none,no_iteration", (), "", runtime) is None
    printed = capsys.readouterr().out
    assert "\nablation " in printed and "\nno_iteration " in printed and "figures " not in printed
