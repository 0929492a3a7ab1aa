"""Methods side by side: which models, on which test sets, in which files."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.compare import Shown, ablations_of, cells_of, compare, runs_of
from flows.commands.comparison_files import latex
from flows.commands.methods import load
from flows.commands.published import published, published_tables
from flows.parts import comparison


@pytest.fixture
def shorter(data: Path, tmp_path: Path) -> Path:
    """A configuration that differs from tiny.yaml in its iterations."""
    settings = yaml.safe_load((data / "tiny.yaml").read_text())
    path = tmp_path / "shorter.yaml"
    path.write_text(yaml.safe_dump({**settings, "iterations": 1}))
    return path


def test_each_configuration_runs_with_each_seed(data: Path, shorter: Path) -> None:
    cells = cells_of([data / "tiny.yaml", shorter], [3, 1], ["student.epochs=2"])
    assert [(cell.name, cell.config.seed, cell.config.iterations) for cell in cells] == [
        ("tiny", 3, 2),
        ("tiny", 1, 2),
        ("shorter", 3, 1),
        ("shorter", 1, 1),
    ]
    assert all(cell.config.student.epochs == 2 for cell in cells)
    assert [cell.config.seed for cell in cells_of([data / "tiny.yaml"], [])] == [1]


def test_an_ablation_begins_with_the_whole_method(data: Path) -> None:
    assert [cell.name for cell in ablations_of(data / "tiny.yaml", ["no_iteration"], [])] == ["none", "no_iteration"]
    every = [cell.name for cell in ablations_of(data / "tiny.yaml", [], [1, 2])]
    assert every[:2] == ["none", "none"] and every.count("no_iteration") == 2
    assert len(every) == 2 * len(set(every)) > 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "1,1"], "--seeds: 1 is given twice"),
        (["--seeds", "one"], "expected whole numbers"),
        (["--published", "conll-xx"], "no paper's table is on record.*conll-de"),
        (["--set", "reliability.neighbors=3"], "did you mean reliability.neighbours"),
        (["--set", "reliability.neighbours=99999"], "99999 neighbours"),
        (["--write", "{data}/tiny.yaml"], "this is a file"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_runs(
    crosstag: Callable[..., tuple[int, str]], data: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    import re

    given = [each.format(data=data) for each in arguments]
    place = ["--data", str(data), "--store", str(tmp_path / "store")]
    code, told = crosstag("compare", str(data / "tiny.yaml"), *given, *place)
    assert code == 2 and re.search(words, told.replace("\n", " "))
    assert not (tmp_path / "store").exists()


def test_an_ablation_refuses_what_is_given_twice(data: Path) -> None:
    with pytest.raises(InputError, match="--seeds: 1 is given twice"):
        ablations_of(data / "tiny.yaml", ["no_iteration"], [1, 1])
    with pytest.raises(InputError, match="--rows: no_iteration is given twice"):
        ablations_of(data / "tiny.yaml", ["no_iteration", "no_iteration"], [1])


def test_a_configuration_given_twice_is_refused(data: Path) -> None:
    with pytest.raises(InputError, match="tiny is given twice"):
        cells_of([data / "tiny.yaml", data / "tiny.yaml"], [])


def test_other_entity_types_cannot_be_compared(data: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((data / "tiny.yaml").read_text())
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({**settings, "labels": {"types": ["LOC", "PER"]}}))
    with pytest.raises(InputError, match="tiny has the entity types LOC, MISC, ORG, PER, other has LOC, PER"):
        cells_of([data / "tiny.yaml", other], [])


def test_types_that_a_configuration_leaves_to_its_file_are_no_reason_to_refuse(data: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((data / "tiny.yaml").read_text())
    open_types = tmp_path / "open.yaml"
    open_types.write_text(yaml.safe_dump({**settings, "labels": {}}))
    assert [cell.name for cell in cells_of([open_types, data / "tiny.yaml"], [])] == ["open", "tiny"]


def test_a_row_that_the_method_has_not_is_refused(data: Path) -> None:
    with pytest.raises(InputError, match=r"no row 'no_such'; expected none, "):
        ablations_of(data / "tiny.yaml", ["no_such"], [])


@pytest.mark.server
def test_two_configurations_share_their_baselines_and_are_told_apart(
    data: Path, shorter: Path, finished: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "store"))
    runtime = Runtime(store=str(root), data=str(data), device="cpu")
    cells = tuple(cells_of([data / "tiny.yaml", shorter], [1]))
    shown = Shown(published="conll-de", folder=tmp_path / "written" / "here")
    compare(cells, {"configs": []}, shown, runtime)
    printed = capsys.readouterr().out
    first = printed.split("entities by what became of them")[0]
    table = [line.split() for line in first.splitlines()]
    models = [line[0] for line in table if line[:1] in (["source-only"], ["translate-train"], ["M_tgt^1"], ["M_tgt^2"])]
    # shorter's baselines are tiny's: the same labels, so one row each. The others have source-only, too.
    assert first.count("source-only (M_src)") == 1 and first.count("translate-train (M_trans^0)") == 1
    assert models.count("M_tgt^2") == 1 and models.count("M_tgt^1") == 1
    assert "Ma et al., ACL 2023 (CoLaDa), Table 1" in printed and "77.30" in printed

    last = all_runs(Store(root))[-1]
    assert [record.name for record in all_runs(Store(root))][-3:-1] == ["tiny", "shorter"]
    lines_shown = {line.name: line.cells for line in last.measurements[0].lines}
    best = max(lines_shown, key=lambda name: float(str(lines_shown[name][3])))
    p_values = {
        store_metadata["name"]: row["p_value"]
        for store_metadata, row in (
            (m.metadata, Store(root).table(Reference(kind=m.kind, key=m.key, digest=m.digest)).to_pylist()[0])
            for m in Store(root).manifests_of("significance")
        )
    }
    for model, found in lines_shown.items():
        for column, other in ((5, "source-only (M_src)"), (6, best)):
            p = p_values.get(f"test: {model} and {other}")
            assert found[column] == (
                None if model == other else f"{p:.3f}".removeprefix("0") if p >= 0.001 else "< .001"
            )

    here = tmp_path / "written" / "here"
    assert sorted(path.name for path in here.iterdir()) == [
        f"comparison.{e}" for e in ("csv", "errors.csv", "json", "md", "png", "tex")
    ]
    with (here / "comparison.csv").open() as file:
        lines = list(csv.DictReader(file))
    overall = {(line["model"], line["configuration"]): line for line in lines if line["type"] == "overall"}
    assert list(overall) == [
        ("source-only (M_src)", "tiny"),
        ("translate-train (M_trans^0)", "tiny"),
        ("M_tgt^2", "tiny"),
        ("M_tgt^1", "shorter"),
    ]
    assert all(line["test"] == "test" and line["seed"] == "1" for line in lines)
    written = json.loads((here / "comparison.json").read_text())
    assert list(written["runs"]) == ["tiny", "shorter"] and len(written["scores"]) == len(lines)
    assert (here / "comparison.tex").read_text().count(r"\begin{tabular}") == 4
    with (here / "comparison.errors.csv").open() as file:
        errors = list(csv.DictReader(file))
    assert [(line["model"], line["configuration"]) for line in errors] == list(overall)
    assert len(written["errors"]) == 4
    table = next(each for each in last.measurements if each.title.startswith("test: entities by what became"))
    for line, shown_line in zip(errors, table.lines, strict=True):
        # Scores count the same entities: what is found, what there is to find, and what was said.
        count = {name: int(line[name]) for name in ("right", "boundary", "type", "both", "missed", "spurious")}
        scored = overall[line["model"], line["configuration"]]
        compared = count["right"] + count["boundary"] + count["type"] + count["both"]
        assert int(scored["correct"]) == count["right"]
        assert int(scored["gold"]) == compared + count["missed"]
        assert int(scored["predicted"]) == compared + count["spurious"]
        assert list(shown_line.cells[1:7]) == list(count.values())
        for group, names in (("seen", ("as the same type", "as other types only", "unseen")),
                             ("frequency", ("0", "1", "2 to 5", "6 and more"))):  # fmt: skip
            assert sum(int(line[f"gold, {group} {name}"]) for name in names) == int(scored["gold"])
            assert sum(int(line[f"right, {group} {name}"]) for name in names) == int(scored["correct"])
        unseen = int(line["right, seen unseen"]) / int(line["gold, seen unseen"])
        assert shown_line.cells[9] == pytest.approx(unseen)
        assert shown_line.reference == Store(root).find(line["outcomes"])
    assert "| M_tgt^2 | tiny |" in (here / "comparison.md").read_text().replace("\\", "")


@pytest.fixture(scope="module")
def two_seeds(data: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the tiny run and then two seeds of `shorter` have ended; do not change it."""
    root = Path(shutil.copytree(finished, tmp_path_factory.mktemp("seeds") / "store"))
    for seed in (1, 2):
        method, config = load(data / "tiny.yaml", ["iterations=1", f"seed={seed}"])
        method.flow(config, Runtime(store=str(root), data=str(data), device="cpu"))
    return root


@pytest.mark.server
def test_seeds_give_means_and_every_model_is_shown_on_demand(
    data: Path, shorter: Path, two_seeds: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(two_seeds, tmp_path / "store"))
    runtime = Runtime(store=str(root), data=str(data), device="cpu")
    cells = tuple(cells_of([shorter], [1, 2]))
    compare(cells, {}, Shown(every_model=True, folder=tmp_path / "files"), runtime)
    printed = capsys.readouterr().out
    assert "mean of 2 seeds" in printed and "M_trans^1" in printed
    with (tmp_path / "files" / "comparison.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["model"] == "M_tgt^1" and line["type"] == "overall"]
    scores = [100 * float(line["f1"]) for line in lines]
    assert [line["seed"] for line in lines] == ["1", "2"]
    mean, half = sum(scores) / 2, abs(scores[0] - scores[1]) / 2
    # The standard deviation of two values is half their distance times the square root of 2.
    shown = f"{mean:.1f} ± {half * 2**0.5:.1f}"
    row = next(line for line in printed.splitlines() if line.startswith("M_tgt^1"))
    assert shown in row


@pytest.mark.server
def test_the_sources_dev_set_is_no_test_set(finished: Path, server: str) -> None:
    store = Store(finished)
    (record,) = all_runs(store)
    source_only = record.models[0]
    assert set(source_only.scores) == {"test", "source dev"}
    alone = record.model_copy(update={"models": (source_only,)})
    assert [each.name for each in comparison.test_sets(store, {"tiny": [alone]}, every_model=False)] == ["test"]


@pytest.mark.server
def test_seeds_with_other_gold_labels_are_refused(finished: Path, server: str) -> None:
    store = Store(finished)
    (record,) = all_runs(store)
    model = record.models[0]
    other = model.model_copy(update={"scores": {"test": model.scores["source dev"]}})
    runs = [record.model_copy(update={"models": (each,)}) for each in (model, other)]
    with pytest.raises(InputError, match="against 2 versions of the gold labels"):
        comparison.test_sets(store, {"tiny": runs}, every_model=False)


@pytest.mark.server
def test_runs_on_record_are_compared_as_they_are(
    crosstag: Callable[..., tuple[int, str]],
    two_seeds: Path,
    tmp_path: Path,
    server: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = Path(shutil.copytree(two_seeds, tmp_path / "store"))
    first, one, two = (record.id for record in all_runs(Store(root)))
    capsys.readouterr()
    folder = tmp_path / "files"
    code, told = crosstag("runs", "compare", one, first, "--store", str(root), "--write", str(folder))
    assert code == 0 and "M_tgt^1" in told and "M_tgt^2" in told
    with (folder / "comparison.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["type"] == "overall"]
    # Nobody named these configurations: both are called as their method, so the second has its id behind it.
    assert [(line["model"], line["configuration"]) for line in lines][-2:] == [
        ("M_tgt^1", "colada"),
        ("M_tgt^2", f"colada ({first[:6]})"),
    ]
    assert [[record.id for record in each] for each in runs_of(Store(root), [two, one]).values()] == [[one, two]]
    with pytest.raises(InputError, match="expected as many of each configuration"):
        runs_of(Store(root), [one, two, first])
    with pytest.raises(InputError, match="two have the seed 1"):
        runs_of(Store(root), [one, one])
    comparison = all_runs(Store(root))[-1]
    with pytest.raises(InputError, match="has no student"):
        runs_of(Store(root), [comparison.id])


@pytest.mark.server
def test_an_ablation_shows_the_students_alone(
    data: Path, two_seeds: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(two_seeds, tmp_path / "store"))
    cells = tuple(ablations_of(data / "tiny.yaml", ["no_iteration"], []))
    compare(cells, {}, Shown(baselines=False), Runtime(store=str(root), data=str(data), device="cpu"))
    printed = capsys.readouterr().out
    assert "source-only" not in printed
    assert [line.split()[0] for line in printed.splitlines() if " none " in line or " no_iteration " in line][:2] == [
        "M_tgt^2",
        "M_tgt^1",
    ]


def test_published_numbers_are_those_of_the_papers() -> None:
    # CoLaDa, Table 1: es is its second column; UniTrans, Table 2: es is its first; ConNER, Table 3: zh is its first.
    def rows(corpus: str) -> dict[tuple[str, str, str], str]:
        return {(row[0], row[1], row[3].split("(")[1].split(")")[0]): row[2] for row in published(corpus)[1]}

    spanish, chinese = rows("conll-es"), rows("wikiann-zh")
    assert spanish["CoLaDa", "mBERT", "CoLaDa"] == "80.43" and spanish["CoLaDa", "XLM-R large", "CoLaDa"] == "82.70"
    assert spanish["UniTrans", "mBERT", "UniTrans"] == "79.31" and spanish["GLoDe", "XLM-R large", "GLoDe"] == "85.29"
    assert spanish["ConNER", "XLM-R large", "ConNER"] == "80.50" and spanish["CROP", "XLM-R base", "CROP"] == "78.1"
    assert chinese["ConNER", "XLM-R large", "ConNER"] == "39.17" and chinese["CoLaDa", "mBERT", "CoLaDa"] == "60.77"
    xtreme = {row[0]: row[2] for row in published("xtreme-th")[1] if row[1] == "XLM-R base"}
    assert xtreme == {"source-only": "3.0", "translate-train": "3.4", "UniTrans": "4.8", "CROP": "3.1"}


def test_averages_over_languages_are_those_that_the_papers_print() -> None:
    # A slip in a column would show in the mean: CROP, Table 3, Avg_all; CoLaDa, Table 1; GLoDe, Table 2.
    def mean(table: str, model: str, encoder: str) -> float:
        found = next(each for each in published_tables() if f"{table}" in each.table)
        row = next(row for row in found.rows if (row.model, row.encoder) == (model, encoder))
        return sum(map(float, row.f1)) / len(row.f1)

    assert mean("(CROP), Table 3", "CROP", "mBERT") == pytest.approx(68.4, abs=0.06)
    assert mean("(CROP), Table 3", "CROP", "XLM-R base") == pytest.approx(68.2, abs=0.06)
    assert mean("(CROP), Table 3", "source-only", "XLM-R base") == pytest.approx(61.3, abs=0.06)
    assert mean("(CoLaDa), Table 1", "CoLaDa", "mBERT") == pytest.approx(80.94, abs=0.005)
    assert mean("(CoLaDa), Table 2", "CoLaDa", "XLM-R large") == pytest.approx(67.90, abs=0.005)
    assert mean("(GLoDe), Table 1", "GLoDe", "XLM-R large") == pytest.approx(83.40, abs=0.005)


def test_latex_escapes_what_it_would_read_as_commands() -> None:
    text = latex(("t", ["model", "F1"], [["M_tgt^1 & 5 %", "7 ± 1"]]))
    assert r"M\_tgt\textasciicircum{}1 \& 5 \% & 7 $\pm$ 1 \\" in text
