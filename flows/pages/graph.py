"""The artifacts of a run as a picture: what came from what, in rows from top to bottom."""

from collections import defaultdict
from dataclasses import dataclass

from artifacts.manifest import Manifest
from artifacts.runs import RunRecord
from flows.pages.shelf import Shelf, content

_WIDTH, _HEIGHT = 170, 40
_RIGHT, _DOWN = 186, 84
_MARGIN = 10
_MEASURES = (
    "scores",
    "curve",
    "detection",
    "reliability_bins",
    "consistency",
    "change",
    "outcomes",
    "pair_agreement",
    "cases",
    "figures",
    "predictions",
)


@dataclass(frozen=True)
class Box:
    """An artifact: where it stands, in pixels, and what is written in it."""

    x: int
    y: int
    kind: str
    label: str
    reference: str
    status: str


@dataclass(frozen=True)
class Drawing:
    """Boxes, and lines as SVG paths from the foot of one to the head of another."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: int
    height: int
    box_width: int = _WIDTH
    box_height: int = _HEIGHT


def drawn(shelf: Shelf, record: RunRecord, *, scores: bool) -> Drawing:
    """The graph of a run's artifacts.

    Args:
        shelf: where their manifests are.
        record: of the run.
        scores: whether to draw what only measures, too.
    """
    taken = {str(step.reference): step for step in record.steps if scores or step.reference.kind not in _MEASURES}
    manifests: dict[str, Manifest] = {}
    for name, step in taken.items():
        if (manifest := shelf.taken(step.reference)) is not None:
            manifests[name] = manifest
    makers: dict[str, str] = {}
    for name, manifest in manifests.items():  # Of equal contents the first one: it was there when it was taken.
        makers.setdefault(content(manifest), name)
    inputs = {
        name: [makers[each] for each in dict.fromkeys(manifest.recipe.inputs.values()) if each in makers]
        for name, manifest in manifests.items()
    }
    depths: dict[str, int] = {}
    columns: dict[str, int] = {}
    taken_columns: dict[int, set[int]] = defaultdict(set)
    boxes: dict[str, Box] = {}
    for name, step in taken.items():  # A step comes after those whose artifacts it takes.
        above = [each for each in inputs.get(name, ()) if each in depths]
        depth = depths[name] = 1 + max((depths[each] for each in above), default=-1)
        wanted = round(sum(columns[each] for each in above) / len(above)) if above else 0
        column = columns[name] = _nearest_free(wanted, taken_columns[depth])
        taken_columns[depth].add(column)
        x, y = _MARGIN + column * _RIGHT, _MARGIN + depth * _DOWN
        boxes[name] = Box(x, y, step.reference.kind, step.stage, name, step.status if name in manifests else "gone")
    lines = [_line(boxes[each], boxes[name]) for name in boxes for each in inputs.get(name, ()) if each in boxes]
    width = 2 * _MARGIN + max((box.x for box in boxes.values()), default=0) + _WIDTH
    height = 2 * _MARGIN + max((box.y for box in boxes.values()), default=0) + _HEIGHT
    return Drawing(tuple(boxes.values()), tuple(lines), width, height)


def _nearest_free(wanted: int, taken: set[int]) -> int:
    """The column nearest to one that is wanted, of those that are not taken."""
    return min(
        (each for each in range(wanted + len(taken) + 1) if each not in taken), key=lambda each: abs(each - wanted)
    )


def _line(start: Box, end: Box) -> str:
    """A curve that leaves and arrives upright."""
    x, y, to_x, to_y = start.x + _WIDTH // 2, start.y + _HEIGHT, end.x + _WIDTH // 2, end.y
    bend = (to_y - y) // 2
    return f"M{x},{y} C{x},{y + bend} {to_x},{to_y - bend} {to_x},{to_y}"
