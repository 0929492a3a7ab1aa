"""What runs reach in a store: the artifacts that they name, and those that these were made of."""

from collections.abc import Iterable, Mapping

from artifacts.manifest import Manifest
from artifacts.runs import RunRecord

Name = tuple[str, str]
"""Kind and key of an artifact."""


def reached(manifests: Mapping[Name, Manifest], runs: Iterable[RunRecord]) -> set[Name]:
    """The artifacts that runs need: those they name, and, as far back as manifests tell, the inputs of these.

    Inputs are named by their content. One artifact of each content is enough: one that a run names, else the newest
    whose files were not dropped; if all were, the newest.

    Args:
        manifests: of all artifacts of a store.
        runs: whose artifacts to find; what is gone from the store is passed over.
    """
    ordered = sorted(manifests.items(), key=lambda item: (not item[1].dropped, item[1].made, item[0]))
    newest = {_content(m): name for name, m in ordered}
    found: set[Name] = set()
    waiting = {(reference.kind, reference.key) for run in runs for reference in run.references}
    while waiting:
        found |= waiting & manifests.keys()
        there = {_content(manifests[name]) for name in found}
        inputs = {content for name in found for content in manifests[name].recipe.inputs.values()}
        waiting = {newest[content] for content in inputs - there if content in newest}
    return found


def _content(manifest: Manifest) -> str:
    return f"{manifest.kind}:{manifest.digest}"
