"""Names that methods find most differently: one name that a corpus has often can decide a whole comparison.

In CoNLL Spanish every twentieth entity is the news agency of the datelines: a method that misses it loses five points
of recall, whatever else it learnt.
"""

import statistics
from collections.abc import Sequence

import pandas as pd

from artifacts.runs import Column, Form, Line, Measurements
from artifacts.store import Store
from flows.parts.comparison import Benchmark
from flows.parts.error_tables import Judged

_MOST = 5
_SHARE = 0.01
"""Of all gold entities: a name is shown whose finds by two models differ by more."""
_COLUMNS = ["text", "predicted_text", "category"]


def name_tables(tests: Sequence[Benchmark], found: Sequence[Judged], store: Store) -> list[Measurements]:
    """A table for each test set on which one name makes more than a hundredth of a difference: a line for each model.

    A name is the text of an entity as it stands. Its cells count the gold entities of this text that are right, means
    over the seeds; the last columns are F1 over everything, and without the gold entities and predictions of these.
    """
    tables = []
    for test in tests:
        these = [each for each in found if each.test == test.name]
        if len(these) < 2:
            continue
        frames = [[store.table(one, _COLUMNS).to_pandas() for one in each.outcomes] for each in these]
        rights = pd.DataFrame([_mean_right(of_seeds) for of_seeds in frames]).fillna(0)
        gold = _gold(frames[0][0])["text"].value_counts()
        spread = (rights.max() - rights.min()).sort_values(ascending=False, kind="stable")
        names = list(spread.index[spread > _SHARE * gold.sum()][:_MOST])
        if not names:
            continue
        counted: Form = "count" if len(frames[0]) == 1 else "one decimal"
        columns = [Column(name="configuration", form="text")]
        columns += [Column(name=f"{name} ({gold[name]})", form=counted) for name in names]
        columns += [Column(name="F1", form="percent"), Column(name="without them", form="percent")]
        lines = [
            Line(
                name=each.model.model,
                reference=each.outcomes[0],
                cells=(
                    each.model.configuration,
                    *(_cell(rights.iloc[number][name], counted) for name in names),
                    statistics.mean(map(_f1, of_seeds)),
                    statistics.mean(_f1(_without(frame, names)) for frame in of_seeds),
                ),
            )
            for number, (each, of_seeds) in enumerate(zip(these, frames, strict=True))
        ]
        title = f"{test.name}: names that are found most differently (how often there): right ones, and F1 in %"
        tables.append(Measurements(title=title, first="model", columns=tuple(columns), lines=tuple(lines)))
    return tables


def _gold(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["category"] != "spurious"]


def _mean_right(frames: Sequence[pd.DataFrame]) -> pd.Series:
    """How often each text of gold is right, a mean over the seeds."""
    counts = [
        _gold(frame).assign(right=frame["category"] == "right").groupby("text")["right"].sum() for frame in frames
    ]
    return pd.concat(counts, axis=1).mean(axis=1)


def _without(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return frame[~frame["text"].isin(names) & ~frame["predicted_text"].isin(names)]


def _f1(frame: pd.DataFrame) -> float:
    """F1 in [0, 1]: each gold entity and each prediction is in one row of the outcomes."""
    right, both = (frame["category"] == "right").sum(), len(_gold(frame)) + frame["predicted_text"].notna().sum()
    return float(2 * right / both) if both else 0.0


def _cell(value: float, form: Form) -> float | int:
    return int(value) if form == "count" else float(value)
