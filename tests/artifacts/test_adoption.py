"""Results that are kept over a change of code, by the command's own function on toy steps; no server."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from toy import Toy, statuses

from artifacts.cache import record_key
from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.settings import Settings
from artifacts.step import run_alone
from flows.commands.cli import main
from flows.commands.methods import Method
from flows.commands.plan import adopt_step


def toy_method() -> Method:
    import toysteps.steps as steps

    def flow(config: Settings, runtime: Runtime) -> None:
        steps.count(steps.transform(steps.make(steps.Size()), "O"))

    return cast(Method, SimpleNamespace(name="toy", steps=flow))


@pytest.fixture
def changed(toy: Toy) -> Toy:
    """All was made, then the code of the middle step changed."""
    import toysteps.steps as steps

    made = run_alone(toy.store, steps.make, steps.Size())
    run_alone(toy.store, steps.count, run_alone(toy.store, steps.transform, made, "O"))
    toy.edit("letters.py", "text.upper()", "str(text).upper()")
    return toy


def adopt(toy: Toy) -> list[str]:
    return adopt_step(toy_method(), Settings(), Runtime(store=str(toy.path), device="cpu"), "transform", "no change")


def test_the_step_that_is_named_is_adopted_and_what_follows_is_cached(changed: Toy) -> None:
    assert statuses(changed.plan()) == ["cached", "to run", "depends"]
    (line,) = adopt(changed)
    assert line.startswith("predictions/") and statuses(changed.plan()) == ["cached"] * 3


def test_nothing_is_adopted_while_a_run_makes_the_same(changed: Toy) -> None:
    made = changed.plan().outcomes[1].reference
    lock = record_key(made.kind, made.key)
    another = changed.store
    another.locks.acquire_lock(lock, "a run")
    with pytest.raises(InputError, match=f"a run is making predictions/{made.key} at this moment"):
        adopt(changed)
    assert statuses(changed.plan()) == ["cached", "to run", "depends"]
    another.locks.release_lock(lock, "a run")
    assert len(adopt(changed)) == 1


def test_the_device_is_the_one_that_a_run_takes_as_it_is_in_keys_by_its_number_format(
    monkeypatch: pytest.MonkeyPatch, toy: Toy
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("flows.commands.methods.load", lambda *_: (None, None))
    monkeypatch.setattr("flows.commands.plan.adopt_step", lambda *given: asked.append(given[2].device) or [])
    for more in ([], ["--device", "cpu"]):
        monkeypatch.setattr("sys.argv", ["crosstag", "adopt", "x.yaml", "--step", "s", "--why", "w", *more])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    assert asked == ["auto", "cpu"]
