"""Algorithm 1 by hand, against all label sequences written out, and at its limits."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.distillation.span_probabilities import legal_alone, span_log_probabilities
from tasks.words.bioes import bioes_labels

LABELS = bioes_labels(["O", "B-LOC", "I-LOC", "B-PER", "I-PER"])
CLASSES = ["LOC", "PER", "O", "illegal"]


def word(**probabilities: float) -> list[float]:
    """Logits of one word; `B_LOC=0.5` is P(B-LOC); the labels that are not named share what is left."""
    named = {name.replace("_", "-"): p for name, p in probabilities.items()}
    rest = (1 - sum(named.values())) / (len(LABELS) - len(named))
    return [math.log(named.get(label, rest)) for label in LABELS]


def spans(logits: list[list[float]], *bounds: tuple[int, int]) -> list[dict[str, float]]:
    starts, ends = torch.tensor(bounds).T
    found = span_log_probabilities(torch.tensor(logits), starts, ends, LABELS).exp()
    return [dict(zip(CLASSES, row, strict=True)) for row in found.tolist()]


def test_the_example_of_figure_2() -> None:
    # West German: LOC .6 x .5 = .3, PER .1 x .2 = .02, O .2 x .2 = .04; the rest, .64, is illegal.
    found = spans([word(B_LOC=0.6, B_PER=0.1, O=0.2), word(E_LOC=0.5, E_PER=0.2, O=0.2)], (0, 2))
    assert found[0] == pytest.approx({"LOC": 0.3, "PER": 0.02, "O": 0.04, "illegal": 0.64})


def test_a_span_of_one_word_reads_single_labels_alone() -> None:
    # B-LOC is no LOC here: it begins what does not end.
    assert spans([word(S_LOC=0.5, B_LOC=0.2, O=0.1, S_PER=0.15)], (0, 1))[0] == pytest.approx(
        {"LOC": 0.5, "PER": 0.15, "O": 0.1, "illegal": 0.25}
    )


def test_a_span_of_three_words_has_its_inside() -> None:
    # LOC .5 x .4 x .2 = .04 by B, I, E; the middle word's B and E do not count.
    logits = [word(B_LOC=0.5), word(I_LOC=0.4, B_LOC=0.3, E_LOC=0.2), word(E_LOC=0.2, I_LOC=0.7)]
    assert spans(logits, (0, 3))[0]["LOC"] == pytest.approx(0.04)


def test_spans_of_all_lengths_side_by_side_are_those_alone() -> None:
    noise = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn(7, len(LABELS), generator=noise)).tolist()
    bounds = [(0, 1), (6, 7), (2, 6), (1, 3), (0, 7)]
    together = spans(logits, *bounds)
    for bound, row in zip(bounds, together, strict=True):
        assert row == pytest.approx(spans(logits, bound)[0], rel=1e-4, abs=1e-8)


def test_all_mass_is_illegal() -> None:
    # Two words that are each an entity of their own: no span of two has these labels.
    sure = 1 - 1e-6
    found = spans([word(S_LOC=sure), word(S_PER=sure)], (0, 2))[0]
    assert found["illegal"] == pytest.approx(1) and found["O"] < 1e-12


@pytest.mark.parametrize("scale", [0.1, 3.0, 40.0, 400.0])
def test_probabilities_sum_to_one_in_float32_and_logarithms_stay_finite(scale: float) -> None:
    noise = torch.Generator().manual_seed(1)
    logits = scale * torch.randn(300, len(LABELS), generator=noise)
    logits[:100, LABELS.index("O")] += 50 * scale  # As sure of O as a trained tagger is.
    logits.requires_grad_()
    starts = torch.randint(0, 290, (200,), generator=noise)
    ends = starts + torch.randint(1, 10, (200,), generator=noise)
    found = span_log_probabilities(logits, starts, ends, LABELS)
    assert found.dtype == torch.float32 and bool(found.isfinite().all())
    torch.testing.assert_close(found.exp().sum(dim=1), torch.ones(200), atol=1e-6, rtol=0)
    found.sum().backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())


def test_what_is_left_to_illegal_is_not_lost_in_rounding() -> None:
    # 1 - .9999999 in float32 is 1.2e-7 or 0; the other labels have 1e-9 together, and the logarithm tells.
    logits = torch.zeros(1, len(LABELS))
    logits[0, LABELS.index("S-LOC")] = math.log(1e9)
    found = span_log_probabilities(logits, torch.tensor([0]), torch.tensor([1]), LABELS)[0]
    # Of the 8 others O and S-PER are legal; 6 / (1e9 + 8) is left.
    assert float(found[CLASSES.index("illegal")]) == pytest.approx(math.log(6 / (1e9 + 8)), abs=1e-5)


@settings(max_examples=25)
@given(length=st.integers(1, 4), seed=st.integers(0, 99))
def test_they_are_sums_over_all_label_sequences(length: int, seed: int) -> None:
    logits = 2 * torch.randn(length, len(LABELS), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    p = logits.softmax(-1)
    expected = dict.fromkeys(CLASSES, 0.0)
    for path in itertools.product(range(len(LABELS)), repeat=length):
        names = [LABELS[i] for i in path]
        probability = math.prod(float(p[place, label]) for place, label in enumerate(path))
        shape = "".join(name[0] for name in names)
        legal = shape == ("S" if length == 1 else "B" + "I" * (length - 2) + "E") and len({n[2:] for n in names}) == 1
        kind = names[0][2:] if legal else "O" if set(names) == {"O"} else "illegal"
        expected[kind] += probability
    found = span_log_probabilities(logits, torch.tensor([0]), torch.tensor([length]), LABELS)[0].exp().tolist()
    assert found == pytest.approx(list(expected.values()))


def test_no_spans_are_no_rows() -> None:
    none = torch.empty(0, dtype=torch.int64)
    assert span_log_probabilities(torch.zeros(3, len(LABELS)), none, none, LABELS).shape == (0, 4)


def test_legal_labels_alone_by_hand() -> None:
    # LOC .2, PER .1, O .1, illegal .6: without illegal 1/2, 1/4, 1/4, however much of it there was.
    spans = torch.tensor([[0.2, 0.1, 0.1, 0.6], [2e-9, 1e-9, 1e-9, 1 - 4e-9]], dtype=torch.float64).log()
    assert legal_alone(spans).exp().tolist() == [pytest.approx([0.5, 0.25, 0.25])] * 2
