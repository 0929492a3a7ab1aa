"""Gather scores into a curve, such as F1 by iteration (CoLaDa, Figure 4) or by K (Figure 7)."""

import pyarrow as pa
from pydantic import Field

from artifacts.catalog import CURVE, Scores
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step


class CurveText(Settings):
    """What stands beside a curve."""

    title: str = Field("", title="Title", description="Above the picture, such as the name of a test set.")
    x_name: str = Field("iteration", title="Name of x", description="What varies, with its unit.")


@step(CURVE)
def trace_curve(
    job: Job, scores: tuple[Scores, ...], series: tuple[str, ...], xs: tuple[float, ...], text: CurveText
) -> None:
    """F1 over all entity types of each score, as one point of a series at x.

    Raises:
        InputError: if there are not as many scores, series and x.
    """
    if not len(scores) == len(series) == len(xs):
        raise InputError(
            f"curve {text.title!r}: {len(scores)} scores, {len(series)} series and {len(xs)} places on the x axis; "
            "expected as many of each"
        )
    f1 = [job.table(each, ["type", "f1"])["f1"][0].as_py() for each in scores]
    points = pa.table({"series": series, "x": [float(x) for x in xs], "y": f1}, schema=CURVE.schema)
    job.write(points, metadata={"title": text.title, "x_name": text.x_name, "y_name": "F1"})
