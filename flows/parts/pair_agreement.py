"""How far a student's agreement on conjugate pairs is on entities, and how far on `illegal` (ConNER, 2.3)."""

from collections.abc import Mapping, Sequence

from artifacts.reference import Reference
from artifacts.runs import Cell, Form, Line
from artifacts.store import Store
from flows.parts.summary import Listing

_TITLE = "what models say of conjugate pairs: most probable class of both sides, in % of pairs; divergence in nats"
_COLUMNS: dict[str, Form] = {
    "pairs": "count",
    "illegal on both": "percent",
    "on one": "percent",
    "on neither": "percent",
    "same type": "percent",
    "mean P(illegal)": "percent",
    "divergence": "two decimals",
}
_MUCH = 0.05  # Of the pairs: fewer are no matter, whatever they are a multiple of.


def agreement_listing(agreements: Mapping[str, Reference]) -> Listing:
    """A line for the vanilla model, then one for the student, and a warning where it is due."""
    return Listing(_TITLE, "model", _COLUMNS, dict(agreements), _cells, agreement_on_nothing)


def agreement_on_nothing(lines: Sequence[Line]) -> str:
    """A warning if the student (second) calls over twice as many pairs illegal on both sides as the vanilla model."""
    vanilla, student = lines
    share, of_vanilla = _illegal(student), _illegal(vanilla)
    if share <= 2 * of_vanilla or share <= _MUCH:
        return ""
    return (
        f"warning: {student.name} calls {100 * share:.1f} % of the pairs illegal on both sides, {vanilla.name} "
        f"{100 * of_vanilla:.1f} %: it agrees with itself on what is no label at all, which L_trans rewards as any "
        "agreement. A student so trained may lose F1 (docs/results.md, ConNER on CoNLL Spanish); "
        "student.supervised_sum=true gives the labels more weight, as the published code does, and "
        "student.illegal=left_out rewards agreement on types and O alone"
    )


def _illegal(line: Line) -> float:
    share = line.cells[list(_COLUMNS).index("illegal on both")]
    assert isinstance(share, float)
    return share


def _cells(store: Store, reference: Reference) -> list[Cell]:
    total = store.metadata(reference)["total"]
    counts = ("illegal_on_both", "illegal_on_one", "illegal_on_neither", "same_type")
    shares = [total[name] / total["pairs"] for name in counts]
    return [total["pairs"], *shares, total["mean_illegal"], total["mean_divergence"]]
