"""Whose an artifact is."""

from datetime import UTC, datetime

from artifacts.manifest import Manifest, Recipe
from artifacts.owners import model_of, names_of_models, runs_by_artifact
from artifacts.reference import Reference
from artifacts.runs import Caller, Machine, RunRecord, ScoredModel, StepTaken
from artifacts.store import STORE_FORMAT

TAGGER = Reference(kind="tagger", key="aa", digest="11")
LABELS = Reference(kind="soft_labels", key="bb", digest="22")
SCORES = Reference(kind="scores", key="cc", digest="55")
MACHINE = Machine(host="h", platform="p", processors=1, device="cpu", versions={})


def run(identity: str, name: str, *taken: Reference) -> RunRecord:
    steps = tuple(StepTaken(step="s", stage="", reference=each, status="ran", seconds=1.0) for each in taken)
    return RunRecord(
        id=identity, method="colada", name="x", configuration={}, runtime={}, caller=Caller(by="python"), revision=None,
        machine=MACHINE, started=datetime.now(UTC), steps=steps,
        models=(ScoredModel(name=name, reference=TAGGER), ScoredModel(name="pseudo-labels", reference=LABELS)),
    )  # fmt: skip


def manifest(reference: Reference, **inputs: str) -> Manifest:
    recipe = Recipe(step="s", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    return Manifest(
        kind=reference.kind, key=reference.key, digest=reference.digest, recipe=recipe, files={}, metadata={},
        seconds=1.0, made="", environment={},
    )  # fmt: skip


def test_an_artifact_belongs_to_all_runs_that_name_it_once_each() -> None:
    runs = [run("r1", "M_src", TAGGER, SCORES), run("r2", "M_src", TAGGER)]
    both = {("tagger", "aa"): ["r1", "r2"], ("soft_labels", "bb"): ["r1", "r2"]}
    assert runs_by_artifact(runs) == {**both, ("scores", "cc"): ["r1"]}


def test_a_model_has_the_name_of_the_newest_run_and_what_it_made_is_of_it() -> None:
    names = names_of_models([run("r1", "M_src"), run("r2", "theta_src")])
    assert model_of(manifest(TAGGER, text="sentences:33"), names) == "theta_src"
    assert model_of(manifest(LABELS, tagger="tagger:11", text="sentences:33"), names) == "of theta_src"
    assert model_of(manifest(LABELS, tagger="tagger:44"), names) == ""
