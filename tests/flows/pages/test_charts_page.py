"""The page of charts: every picture and its data, of a finished run and of hostile or empty ones."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

from charted import Charted
from fastapi.testclient import TestClient

from artifacts.runs import all_runs
from artifacts.store import Store
from flows.pages.app import create_app

OWN = "http://127.0.0.1:4280"


def test_every_chart_of_a_finished_run_is_a_picture_with_its_data(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    pages = TestClient(create_app(store), base_url=OWN)
    assert f'href="/run/{run.id}/charts"' in pages.get(f"/run/{run.id}").text
    text = pages.get(f"/run/{run.id}/charts").text
    pictures = re.findall(r'src="(/run/[^"]+\.svg)"', text)
    names = [path.rsplit("/", 1)[1].removesuffix(".svg") for path in pictures]
    assert names[:3] == ["figure4-f1-by-iteration", "figure5-reliability", "detection"] and names[-1] == "losses"
    assert "/picture/" not in text, "what is a chart does not stand there as a picture of the figures, too"
    for path in pictures:
        answer = pages.get(path)
        assert answer.headers["content-type"] == "image/svg+xml" and answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert ElementTree.fromstring(answer.text).tag == "{http://www.w3.org/2000/svg}svg"
        assert "<script" not in answer.text
        data = pages.get(path.replace(".svg", ".csv"))
        assert data.headers["content-type"].startswith("text/csv") and len(data.text.splitlines()) > 1
    page = pages.get(f"/run/{run.id}/charts").headers["content-security-policy"]
    assert "unsafe-inline" not in page, "the policy of pages is as it was"


def test_data_of_a_chart_is_a_table_with_a_header(store: Store) -> None:
    Charted(store)
    text = TestClient(create_app(store), base_url=OWN).get("/run/ab12/charts/dropped.csv").text
    first, *rows = csv.reader(text.splitlines())
    assert first == ["of", "kind", "reason", "number", "share"]
    assert [row[2:] for row in rows] == [["kept", "6", "0.6"], ["no_output", "3", "0.3"], ["ambiguous", "1", "0.1"]]
    assert rows[0][:2] == ["de, entity matching", "projection"]


def test_a_chart_that_is_not_there_and_a_run_without_charts_are_told(store: Store) -> None:
    charted = Charted(store)
    pages = TestClient(create_app(store), base_url=OWN)
    answer = pages.get("/run/ab12/charts/..%2f..%2fstore.svg")
    assert answer.status_code == 404
    answer = pages.get("/run/ab12/charts/nothing.svg")
    assert answer.status_code == 404 and "no chart &#39;nothing&#39;" in answer.text
    for reference in (charted.source, charted.projection, *charted.detections):
        store.remove(reference.kind, reference.key)
    text = pages.get("/run/ab12/charts").text
    assert text.count('class="error"') == 3 and "f1-by-model.svg" in text


def test_a_hostile_name_stands_as_text(store: Store) -> None:
    Charted(store, name="<script>alert(1)</script>")
    text = TestClient(create_app(store), base_url=OWN).get("/run/ab12/charts").text
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text
