"""Two comparisons of a finished run, made without another training."""

import shutil
from pathlib import Path

from artifacts.runs import RunRecord, ScoredModel, all_runs, save_run
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.compare import Shown, compare_runs

HOSTILE = "<b>other</b>"


def second_seed(record: RunRecord, identity: str, name: str, iteration: int) -> RunRecord:
    """The run again with seed 2, in which the student is what the first run's M_tgt of an iteration is."""
    *others, student = record.models
    inner = next(model for model in record.models if model.name == f"M_tgt^{iteration}")
    models = (*others, ScoredModel(name=student.name, reference=student.reference, scores=inner.scores))
    configuration = {**record.configuration, "seed": 2}
    return record.model_copy(update={"id": identity, "name": name, "models": models, "configuration": configuration})


def compare_twice(finished: Path, folder: Path) -> Path:
    """A store with two comparisons: of a run with itself under a second seed, and of two runs of one seed each."""
    store = Store(shutil.copytree(finished, folder / "store"))
    (first,) = all_runs(store)
    first = first.model_copy(update={"name": "tiny"})
    save_run(store, first)
    save_run(store, second_seed(first, "5eed02", "tiny", 1))
    other = {**first.configuration, "iterations": 1}
    one_iteration = second_seed(first, "5eed03", HOSTILE, 1)
    save_run(store, one_iteration.model_copy(update={"configuration": other}))
    runtime = Runtime(store=str(store.root), device="cpu")
    compare_runs((first.id, "5eed02"), Shown(published="conll-de", folder=folder / "seeds"), runtime)
    compare_runs((first.id, "5eed03"), Shown(baselines=False, folder=folder / "methods"), runtime)
    return store.root
