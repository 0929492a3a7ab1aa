"""bf16_or_float32 is settled before any step has its key."""

import json
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from artifacts.step import Step
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from flows.parts.number_formats import check_number_formats, in_formats_of
from tasks.tagging.train_tagger import train_tagger

QUICKSTARTS = [Path("configs") / f"quickstart-{name}.yaml" for name in ("crop", "glode", "pretrain")]
"""Several languages, a span tagger, an encoder that is pretrained: every place where a format is said."""


@pytest.mark.parametrize("path", QUICKSTARTS, ids=lambda path: path.stem)
@pytest.mark.parametrize(("has", "chosen"), [(True, "bf16"), (False, "float32")])
def test_steps_are_given_the_format_of_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path, has: bool, chosen: str
) -> None:
    monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda: has)
    method, config = load(path)
    run = plan_steps(method, config, Runtime(store=str(tmp_path / "store"), device="cpu"))
    recipes = [outcome.recipe for outcome in run.outcomes if outcome.recipe is not None]
    assert "bf16_or_float32" not in json.dumps([recipe.parameters for recipe in recipes])
    assert "bf16_or_float32" in json.dumps(config.model_dump(mode="json"))
    suited = in_formats_of(config, Runtime(device="cpu")).model_dump(mode="json")
    named = {key: value["precision"] for key, value in suited.items() if key.endswith("training")}
    assert named and set(named.values()) == {chosen}


def test_the_key_of_a_training_knows_which_format_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    bound = Step.bound

    def looked_at(self: Step, *args: object, **kwargs: object) -> dict[str, object]:
        arguments = bound(self, *args, **kwargs)
        seen.extend([arguments["config"].precision] if self is train_tagger else [])  # type: ignore[attr-defined]
        return arguments

    monkeypatch.setattr(Step, "bound", looked_at)
    method, config = load(Path("configs/quickstart.yaml"))
    for has in (True, False):
        monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda has=has: has)
        plan_steps(method, config, Runtime(store=str(tmp_path / "store"), device="cpu"))
    assert set(seen) == {"bf16", "float32"}


def test_bf16_itself_is_refused_before_the_run_where_it_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.training.precision.cpu_has_bf16", lambda: False)
    _, config = load(Path("configs/quickstart.yaml"), ["source_training.precision=bf16"])
    with pytest.raises(InputError, match="source_training: precision bf16: this CPU does not compute in it"):
        check_number_formats(config, Runtime(device="cpu"))
    _, config = load(Path("configs/quickstart.yaml"))
    check_number_formats(config, Runtime(device="cpu"))
