"""Prototypes as a moving average, by hand and against the loop that the paper writes."""

import pytest
import torch
from torch.nn.functional import normalize

from tasks.denoising.spans.prototypes import moved_prototypes, random_projection

X, Y = [1.0, 0.0], [0.0, 1.0]


def test_a_step_by_hand() -> None:
    # alpha = 1/2, phi = x. Two spans of the class, both y: 1/4 x + (1/4 + 1/2) y; one of the other, x: 1/2 x + 1/2 x.
    phi = torch.tensor([X, X])
    moved = moved_prototypes(phi, torch.tensor([Y, Y, X]), torch.tensor([0, 0, 1]), 0.5)
    torch.testing.assert_close(moved, torch.tensor([[1 / 4, 3 / 4], X]))


def test_later_spans_count_more() -> None:
    # From nothing: x then y is 1/4 x + 1/2 y.
    moved = moved_prototypes(torch.zeros(1, 2), torch.tensor([X, Y]), torch.tensor([0, 0]), 0.5)
    torch.testing.assert_close(moved, torch.tensor([[1 / 4, 1 / 2]]))


def test_a_single_span_moves_its_class() -> None:
    # 1/2 x + 1/2 y.
    moved = moved_prototypes(torch.tensor([X, X]), torch.tensor([Y]), torch.tensor([1]), 0.5)
    torch.testing.assert_close(moved, torch.tensor([X, [0.5, 0.5]]))


def test_a_class_without_spans_stays_and_none_at_all_is_0() -> None:
    phi = torch.tensor([Y, [0.0, 0.0], X])
    moved = moved_prototypes(phi, torch.tensor([X]), torch.tensor([2]), 0.99)
    assert moved.tolist() == phi.tolist()
    assert moved_prototypes(phi, torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), 0.99).tolist() == phi.tolist()


@pytest.mark.parametrize("alpha", [0.99, 0.5, 0.0])
def test_the_closed_form_is_the_loop(alpha: float) -> None:
    noise = torch.Generator().manual_seed(1)
    spans = normalize(torch.randn(3000, 8, generator=noise), dim=1)
    classes = torch.randint(4, (3000,), generator=noise) % 3  # class 3 has none
    expected = phi = normalize(torch.randn(4, 8, generator=noise), dim=1)
    expected = expected.double().clone()
    for z, c in zip(spans.double(), classes.tolist(), strict=True):
        expected[c] = alpha * expected[c] + (1 - alpha) * z
    torch.testing.assert_close(moved_prototypes(phi, spans, classes, alpha), expected.float(), atol=1e-5, rtol=1e-4)


def test_a_projection_keeps_angles_and_lengths_about_and_depends_on_its_seed() -> None:
    projection = random_projection(300, 128, seed=3)
    assert projection.shape == (128, 300)
    assert torch.equal(projection, random_projection(300, 128, seed=3))
    assert not torch.equal(projection, random_projection(300, 128, seed=4))
    noise = torch.Generator().manual_seed(1)
    a = torch.randn(300, generator=noise)
    b = a + 0.5 * torch.randn(300, generator=noise)
    before, after = (
        torch.cosine_similarity(one, two, dim=0) for one, two in ((a, b), (projection @ a, projection @ b))
    )
    assert before.item() == pytest.approx(after.item(), abs=0.1)
    assert ((projection @ a).norm() / a.norm()).item() == pytest.approx(1, abs=0.2)
