"""Charts of a run: drawn when they are looked at, each with its data."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pyarrow import csv

from artifacts.errors import InputError, StoreError
from flows.pages.site import Site, page, site
from flows.parts.charts import Chart, charts_of
from flows.parts.comparison_on_record import COMPARE

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
# A picture opens by itself, too. Style is what matplotlib draws by; nothing else may happen in it.
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
_DRAWING = Lock()  # matplotlib's settings are those of the whole process


@router.get("/run/{identity}/charts")
def charts(request: Request, identity: str, shown: Shown) -> Response:
    """All charts of a run that there is data for, and its other pictures."""
    record = shown.run(identity)
    found, damaged = charts_of(shown.store, record)
    drawn = {chart.name for chart in found}
    others: dict[str, str] = {}
    if record.figures is not None:
        try:
            told = shown.store.describe(record.figures).metadata["figures"]
            others = {name: what for name, what in told.items() if name not in drawn}
        except StoreError as error:
            damaged.append(str(error))
    return page(
        request,
        "charts",
        record=record,
        charts=found,
        others=others,
        damaged=damaged,
        compared=record.method == COMPARE,
    )


@router.get("/run/{identity}/charts/{name}.svg")
def picture(identity: str, name: str, shown: Shown) -> Response:
    """A chart as an SVG document."""
    chart = _chart(shown, identity, name)
    with TemporaryDirectory() as folder, _DRAWING:
        path = Path(folder) / "chart.svg"
        chart.draw(path)
        return Response(path.read_bytes(), media_type="image/svg+xml", headers=_POLICY)


@router.get("/run/{identity}/charts/{name}.csv")
def data(identity: str, name: str, shown: Shown) -> Response:
    """The data of a chart."""
    written = io.BytesIO()
    csv.write_csv(_chart(shown, identity, name).data, written, csv.WriteOptions(quoting_style="needed"))
    headers = {"Content-Disposition": "attachment"}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _chart(shown: Site, identity: str, name: str) -> Chart:
    """A chart of a run.

    Raises:
        InputError: if the run has none of this name.
    """
    found, _ = charts_of(shown.store, shown.run(identity))
    for chart in found:
        if chart.name == name:
            return chart
    raise InputError(f"run {identity}: it has no chart {name!r}; its page of charts lists those it has")
