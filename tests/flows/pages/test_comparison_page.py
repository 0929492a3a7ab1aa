"""The page of a comparison: its numbers, what is behind each, the files, and what it says where a run is gone."""

import re
import shutil
import statistics
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from comparisons import HOSTILE
from fastapi.testclient import TestClient

from artifacts.runs import RunRecord, all_runs
from artifacts.store import Store
from flows.pages.app import create_app

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
OWN = "http://127.0.0.1:4280"


@pytest.fixture
def records(compared: Path) -> dict[str, RunRecord]:
    """The two comparisons: of `seeds`, and of `methods`."""
    found = [run for run in all_runs(Store(compared)) if run.method == "compare"]
    return dict(zip(("seeds", "methods"), found, strict=True))


@pytest.fixture
def pages(compared: Path) -> Iterator[TestClient]:
    yield TestClient(create_app(Store(compared)), base_url=OWN)


def rows_of(text: str, title: str) -> list[list[str]]:
    """The cells of the table below a heading that begins so, as HTML."""
    table = text[text.index(title) :].partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in table.split("<tr>")[1:]]


def plain(cell: str) -> str:
    return unescape(re.sub("<[^>]*>", "", cell)).strip()


def test_a_run_and_its_charts_lead_to_the_comparison(pages: TestClient, records: dict[str, RunRecord]) -> None:
    where = f"/run/{records['seeds'].id}"
    link = f'href="{where}/comparison"'
    assert link in pages.get(where).text and link in pages.get(f"{where}/charts").text
    (first, *_) = records["seeds"].configuration["runs"]["tiny"]
    assert "/comparison" not in pages.get(f"/run/{first}").text
    picture = pages.get(f"{where}/charts/f1-by-method.svg")
    assert ElementTree.fromstring(picture.text).tag == "{http://www.w3.org/2000/svg}svg"
    header, *lines = pages.get(f"{where}/charts/f1-by-method.csv").text.splitlines()
    assert header == '"test","model","configuration","seed","f1"'
    assert len(lines) == 2 * len(records["seeds"].measurements[0].lines)


def test_means_deviations_and_what_the_papers_report_are_shown(
    pages: TestClient, compared: Path, records: dict[str, RunRecord]
) -> None:
    text = pages.get(f"/run/{records['seeds'].id}/comparison").text
    runs = {run.id: run for run in all_runs(Store(compared))}
    ids = records["seeds"].configuration["runs"]["tiny"]
    scores = [100 * runs[each].models[-1].scores["test"].overall.f1 for each in ids]
    student = rows_of(text, "test, in %")[-1]
    shown = f"{statistics.mean(scores):.1f} ± {statistics.stdev(scores):.1f}"
    assert scores[0] != scores[1] and plain(student[0]) == "M_tgt^2" and plain(student[4]) == shown
    of_seeds = rows_of(text, "F1 of each seed")[-1]
    assert plain(of_seeds[3]) == f"1: {scores[0]:.1f}, 2: {scores[1]:.1f}"
    assert "Ma et al., ACL 2023 (CoLaDa), Table 1" in text and "77.30" in text
    cost = rows_of(text, ">Cost<")
    assert [plain(row[1]) for row in cost] == [each[:10] for each in ids]
    for each in ids:
        assert f'<a href="/run/{each}">' in text


def test_every_number_of_errors_leads_to_its_entities(pages: TestClient, records: dict[str, RunRecord]) -> None:
    checked = 0
    for name, seeds in (("methods", 1), ("seeds", 2)):
        text = pages.get(f"/run/{records[name].id}/comparison").text
        rows = rows_of(text, "test: entities by what became of them")
        for number in (0, len(rows) - 1):
            for cell in rows[number][2:8]:
                found = [unescape(each) for each in re.findall(r'href="([^"]*)"', cell)]
                if not found:
                    assert plain(cell) in ("0", "0.0")
                    continue
                assert len(found) == seeds and all(("&beside=" in where) == (number > 0) for where in found)
                counts = []
                for where in found:
                    told = re.search(r"<p>([\d,]+) entities in", pages.get(where).text)
                    assert told
                    counts.append(int(told[1].replace(",", "")))
                shown = plain(cell).split()[0].replace(",", "")
                assert shown == (str(counts[0]) if seeds == 1 else f"{statistics.mean(counts):.1f}")
                checked += 1
    assert checked > 10


def test_a_recall_leads_to_the_gold_entities_that_it_is_of(pages: TestClient, records: dict[str, RunRecord]) -> None:
    text = pages.get(f"/run/{records['methods'].id}/comparison").text
    row = rows_of(text, "test: entities by what became of them")[0]
    (where,) = (unescape(each) for each in re.findall(r'href="([^"]*)"', row[10]))
    assert "category=gold" in where and "seen=unseen" in where
    gold, right = (
        int(re.search(r"<p>([\d,]+) entities in", pages.get(each).text)[1])  # type: ignore[index]
        for each in (where, where.replace("category=gold", "category=right"))
    )
    assert plain(row[10]) == f"{100 * right / gold:.1f}"


def test_files_are_those_that_the_command_writes(
    pages: TestClient, compared: Path, records: dict[str, RunRecord]
) -> None:
    for name, record in records.items():
        written = {each.name: each for each in (compared.parent / name).iterdir() if each.suffix != ".png"}
        assert set(written) == {f"comparison.{e}" for e in ("md", "tex", "csv", "errors.csv", "json")}
        text = pages.get(f"/run/{record.id}/comparison").text
        for file, path in written.items():
            answer = pages.get(f"/run/{record.id}/{file}")
            assert answer.text == path.read_text(encoding="utf-8"), file
            assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'
            assert f'href="/run/{record.id}/{file}"' in text


def test_names_are_text(pages: TestClient, records: dict[str, RunRecord]) -> None:
    text = pages.get(f"/run/{records['methods'].id}/comparison").text
    assert HOSTILE not in text and "&lt;b&gt;other&lt;/b&gt;" in text


def test_what_is_none_is_told(pages: TestClient, records: dict[str, RunRecord]) -> None:
    answer = pages.get(f"/run/{records['methods'].id}/comparison.exe")
    assert answer.status_code == 404 and "expected one of md, tex, csv, json, errors.csv" in answer.text
    (first, *_) = records["seeds"].configuration["runs"]["tiny"]
    for path in ("comparison", "comparison.csv"):
        answer = pages.get(f"/run/{first}/{path}")
        assert answer.status_code == 404 and "no comparison" in answer.text


def test_tables_stay_where_a_run_is_gone(compared: Path, records: dict[str, RunRecord], tmp_path: Path) -> None:
    store = Store(shutil.copytree(compared, tmp_path / "store"))
    store.drop_run("5eed02")
    pages = TestClient(create_app(store), base_url=OWN)
    where = f"/run/{records['seeds'].id}"
    answer = pages.get(f"{where}/comparison")
    assert answer.status_code == 200 and "5eed02" in re.search(r'class="error"[^>]*>([^<]*)', answer.text)[1]  # type: ignore[index]
    assert plain(rows_of(answer.text, "test, in %")[-1][0]) == "M_tgt^2" and "f1-by-method" not in answer.text
    assert "5eed02" in pages.get(f"{where}/charts").text
    assert pages.get(f"{where}/comparison.csv").status_code == 409
