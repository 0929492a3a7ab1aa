"""What a training's passes leave for denoising."""

import torch

from tasks.denoising.spans.state import last_sights, pseudo_classes


def test_of_a_word_that_a_pass_has_twice_the_last_sight_is_kept() -> None:
    assert last_sights(torch.tensor([4, 2, 4, 7, 4, 2])).tolist() == [5, 4, 3]
    assert last_sights(torch.tensor([5])).tolist() == [0]
    assert last_sights(torch.empty(0, dtype=torch.int64)).tolist() == []


def test_cells_without_a_span_are_o() -> None:
    soft = torch.tensor([[[0.2, 0.8], [0.7, 0.3]], [[0.4, 0.6], [0.0, 0.0]]])
    cells = torch.tensor([[True, True], [True, False]])
    assert pseudo_classes(soft, cells).tolist() == [[1, 0], [1, 0]]
    assert pseudo_classes(soft, ~cells).tolist() == [[0, 0], [0, 0]]
