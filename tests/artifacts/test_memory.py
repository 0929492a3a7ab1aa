"""The most memory that a step takes."""

import sys

import pytest

from artifacts.memory import peak_memory

MB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a part")
def test_the_peak_is_that_of_the_step_and_not_of_those_before() -> None:
    with peak_memory() as small:
        pass
    with peak_memory() as large:
        block = bytearray(b"x") * (200 * MB)
        assert len(block) == 200 * MB
        del block
    with peak_memory() as after:
        pass
    assert small.resident and large.resident and after.resident
    assert large.resident - small.resident > 150 * MB
    assert large.resident - after.resident > 150 * MB


def test_no_gpu_is_woken_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with peak_memory() as peak:
        pass
    assert peak.gpu is None and "torch" not in sys.modules
