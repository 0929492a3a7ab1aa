"""Artifacts: the list, and one with how it was made, of what, what was made of it, and its first rows."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import Response as Bytes

from artifacts.catalog import Dataset, catalogue
from artifacts.errors import StoreError
from artifacts.explain import why_made
from artifacts.owners import model_of, names_of_models, runs_by_artifact
from artifacts.show import preview
from flows.pages.site import Site, page, site
from flows.parts.word_table import WITH_LABELS

router = APIRouter()
Shown = Annotated[Site, Depends(site)]
_ROWS = 20
_MOST_ARTIFACTS = 500


@router.get("/artifacts")
def list_artifacts(request: Request, shown: Shown, kind: str = "", step: str = "") -> Response:
    """The newest artifacts, of one kind or step if one is given: rows, size, when, by which run."""
    manifests = shown.shelf.manifests()
    everything = sorted(manifests.values(), key=lambda m: m.made, reverse=True)
    found = [m for m in everything if kind in ("", m.kind) and step in ("", m.recipe.step)]
    records, _ = shown.runs()
    models, users = names_of_models(records), runs_by_artifact(records)
    rows = [
        {
            "manifest": m,
            "model": model_of(m, models),
            "runs": users.get((m.kind, m.key), []),
            "bytes": sum(entry.bytes for entry in m.files.values()),
        }
        for m in found[:_MOST_ARTIFACTS]
    ]
    kinds = sorted({m.kind for m in everything})
    return page(
        request,
        "artifacts",
        rows=rows,
        kinds=kinds,
        kind=kind,
        step=step,
        total=len(found),
        unreadable=shown.store.unreadable(manifests),
    )


@router.get("/artifact/{kind}/{key}")
def one_artifact(request: Request, kind: str, key: str, shown: Shown) -> Response:
    """An artifact from its manifest, and the beginning of what it holds, if that is whole."""
    reference = shown.store.find(f"{kind}/{key}")
    manifest = shown.store.describe(reference)
    records, _ = shown.runs()
    try:
        lines, damage = preview(shown.store, reference, _ROWS), ""
        columns = _in_columns(shown, manifest.kind, reference)
    except (StoreError, OSError, ValueError) as error:
        lines, columns, damage = [], None, str(error)
    facts = {
        name: json.dumps(value, ensure_ascii=False) for name, value in {**manifest.metadata, **manifest.notes}.items()
    }
    return page(
        request,
        "artifact",
        manifest=manifest,
        reference=reference,
        about=catalogue()[manifest.kind].doc.strip(),
        facts=facts,
        parameters=_parameters(manifest.recipe.parameters),
        inputs=list(shown.shelf.inputs(manifest)),
        users=shown.shelf.users(manifest),
        runs=[record for record in records if any(str(each) == str(reference) for each in record.references)],
        model=model_of(manifest, names_of_models(records)),
        folder=shown.store.where(reference.kind, reference.key),
        lines=lines,
        columns=columns,
        damage=damage,
        with_labels=manifest.kind in WITH_LABELS,
        pictures=[name for name in manifest.files if name.endswith(".png")],
    )


@router.get("/artifact/{kind}/{key}/why")
def why(request: Request, kind: str, key: str, shown: Shown) -> Response:
    """Why a step ran: what differs from the most similar artifact that it had made before."""
    reference = shown.store.find(f"{kind}/{key}")
    manifest = shown.store.describe(reference)
    nearest, reasons = why_made(manifest, shown.shelf.manifests().values())
    runs = runs_by_artifact(shown.runs()[0]).get((nearest.kind, nearest.key), []) if nearest else []
    return page(
        request, "why_made", reference=reference, manifest=manifest, reasons=reasons, nearest=nearest, runs=runs
    )


@router.get("/artifact/{kind}/{key}/picture/{name}")
def picture(kind: str, key: str, name: str, shown: Shown) -> Response:
    """A picture of a folder of figures."""
    reference = shown.store.find(f"{kind}/{key}")
    manifest = shown.store.require(reference)
    if name not in manifest.files or not name.endswith(".png"):
        raise StoreError(f"artifact {reference}: it has no picture {name!r}; its page lists those it has")
    return Bytes(shown.store.file(reference, name), media_type="image/png")


def _parameters(parameters: dict[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, dict) else str(value)
        for name, value in parameters.items()
        if value != "<input>" and value is not None
    }


def _in_columns(shown: Site, kind: str, reference: Any) -> tuple[list[str], list[list[Any]]] | None:
    """The first rows of a table of measurements; None for other kinds."""
    described = catalogue()[kind]
    if not isinstance(described, Dataset) or not described.in_columns or shown.store.describe(reference).dropped:
        return None
    table = shown.store.table(reference).slice(0, 200)
    rows = [[f"{each:.4g}" if isinstance(each, float) else each for each in row.values()] for row in table.to_pylist()]
    return table.column_names, rows
