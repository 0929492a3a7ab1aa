"""Charts and the report in a real browser: pictures and colours show under their policies.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from charted import Charted, made
from PIL import Image

from artifacts.catalog import SOFT_LABELS
from artifacts.runs import StepTaken, all_runs, save_run
from artifacts.store import Store

BLUE = (0x00, 0x72, 0xB2)  # of the first series

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_pictures_of_charts_show_in_colour(open_page: Any, finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    page = open_page(store, f"/run/{run.id}")
    page.click("text=charts")
    assert "Charts" in page.inner_text("h1")
    for picture in page.locator(".chart img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        assert picture.evaluate("each => each.naturalWidth") > 300
        # Colours of lines stand in style attributes, which the policy of pages would forbid inside of them.
        pixels = np.asarray(Image.open(BytesIO(picture.screenshot())).convert("RGB")).reshape(-1, 3)
        assert (pixels == BLUE).all(axis=1).sum() > 50
    with page.expect_download() as found:
        page.click("text=data (CSV) >> nth=0")
    assert Path(found.value.path()).read_text(encoding="utf-8").startswith('"panel","series","x","y"')


def test_a_report_shows_its_pictures(open_page: Any, finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    page = open_page(store, f"/run/{run.id}")
    page.click("text=report")
    assert page.locator("h2:has-text('Figure 5')").count() == 1
    assert [each.evaluate("each => each.naturalWidth > 300") for each in page.locator("img").all()] == [True, True]


def test_a_report_shows_words_in_the_colours_of_their_labels(open_page: Any, store: Store) -> None:
    record = Charted(store).record
    columns = {"sentence_id": [0], "words": [["زار", "القاهرة"]], "probabilities": [[[0.9, 0.1], [0.2, 0.8]]]}
    labels = made(store, SOFT_LABELS, "ee", columns, {"language": "ar", "labels": ["O", "B-LOC"]})
    taken = StepTaken(step="label_words", stage="D_tgt", reference=labels, status="ran", seconds=1)
    save_run(store, record.model_copy(update={"steps": (*record.steps, taken)}))
    page = open_page(store, "/run/ab12/report")
    first, second = page.locator(".word").all()
    assert first.bounding_box()["x"] > second.bounding_box()["x"], "Arabic runs from right to left"
    styles = [each.evaluate("each => getComputedStyle(each).borderBottomWidth") for each in (first, second)]
    assert styles == ["0px", "2px"] and second.inner_text().startswith("القاهرة")
