"""How far a student's agreement on conjugate pairs is on entities, and how far on `illegal` (ConNER, 2.3)."""

from collections.abc import Mapping, Sequence
from functools import partial

from artifacts.reference import Reference
from artifacts.runs import Cell, Form, Line
from artifacts.store import Store
from flows.parts.summary import Listing
from tasks.distillation.train_consistent import ConsistencyTraining

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


def agreement_listing(agreements: Mapping[str, Reference], learnt: ConsistencyTraining) -> Listing:
    """A line for the vanilla model, then one for the student, and a warning where it is due.

    Args:
        agreements: of both, by name.
        learnt: the student's settings; the warning names those that could be others.
    """
    remark = partial(agreement_on_nothing, learnt=learnt)
    return Listing(_TITLE, "model", _COLUMNS, dict(agreements), _cells, remark)


def agreement_on_nothing(lines: Sequence[Line], learnt: ConsistencyTraining) -> str:
    """A warning if the student (second) calls over twice as many pairs illegal on both sides as the vanilla model."""
    vanilla, student = lines
    share, of_vanilla = _illegal(student), _illegal(vanilla)
    if share <= 2 * of_vanilla or share <= _MUCH:
        return ""
    return (
        f"warning: {student.name} calls {100 * share:.1f} % of the pairs illegal on both sides, {vanilla.name} "
        f"{100 * of_vanilla:.1f} %: it agrees with itself on what is no label at all, which L_trans rewards as any "
        "agreement. A student so trained may lose F1: compare it with the vanilla model on labelled text before you "
        f"take it (docs/results/real-encoder.md, ConNER on CoNLL){_others(learnt)}"
    )


def _others(learnt: ConsistencyTraining) -> str:
    """Settings that the training did not have, and what is known of them."""
    known = []
    if not learnt.supervised_sum:
        known.append("student.supervised_sum=true gives the labels more weight, as the published code does")
    if learnt.illegal == "class":
        known.append(
            "student.illegal=left_out rewards agreement on types and O alone, which helped on CoNLL Dutch and hurt on "
            "Spanish"
        )
    return "".join(f"; {each}" for each in known)


def _illegal(line: Line) -> float:
    share = line.cells[list(_COLUMNS).index("illegal on both")]
    assert isinstance(share, float)
    return share


def _cells(store: Store, reference: Reference) -> list[Cell]:
    total = store.metadata(reference)["total"]
    counts = ("illegal_on_both", "illegal_on_one", "illegal_on_neither", "same_type")
    shares = [total[name] / total["pairs"] for name in counts]
    return [total["pairs"], *shares, total["mean_illegal"], total["mean_divergence"]]
