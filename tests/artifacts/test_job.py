"""What a step's shell is told about where it computes."""

from typing import Any, cast

import pytest

from artifacts.job import Job
from artifacts.runtime import Runtime
from artifacts.store import Store


@pytest.mark.parametrize(
    ("device", "asked", "subwords"), [("cpu", None, 2048), ("cuda", None, 16_384), ("cpu", 512, 512), ("cuda", 64, 64)]
)
def test_a_batch_of_predictions_is_as_large_as_suits_the_device_unless_said(
    store: Store, monkeypatch: pytest.MonkeyPatch, device: str, asked: int | None, subwords: int
) -> None:
    monkeypatch.setattr(Job, "device", device)
    job = Job(store, Runtime(inference_subwords=asked), cast(Any, None))
    assert job.inference_subwords == subwords
