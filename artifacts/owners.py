"""Whose an artifact is: the runs that took or made it, and the model of a method that it is, or is of."""

from collections.abc import Iterable, Mapping

from artifacts.catalog import ModelKind, catalogue
from artifacts.manifest import Manifest
from artifacts.runs import RunRecord


def runs_by_artifact(runs: Iterable[RunRecord]) -> dict[tuple[str, str], list[str]]:
    """The ids of the runs that name each artifact, by its kind and key, in the order of `runs`."""
    users: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for kind, key in {(reference.kind, reference.key) for reference in run.references}:
            users.setdefault((kind, key), []).append(run.id)
    return users


def names_of_models(runs: Iterable[RunRecord]) -> dict[str, str]:
    """What methods call their models, such as M_tgt^3, by content (`kind:digest`); the last of `runs` decides."""
    return {
        f"{model.reference.kind}:{model.reference.digest}": model.name
        for run in runs
        for model in run.models
        if isinstance(catalogue()[model.reference.kind], ModelKind)  # Pseudo-labels are scored, too.
    }


def model_of(manifest: Manifest, names: Mapping[str, str]) -> str:
    """The model that an artifact is; of another the model among its inputs: `of M_tgt^3`; empty if there is none."""
    own = names.get(f"{manifest.kind}:{manifest.digest}")
    inputs = dict.fromkeys(names[content] for content in manifest.recipe.inputs.values() if content in names)
    return own or (f"of {', '.join(inputs)}" if inputs else "")
