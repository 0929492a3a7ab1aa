"""A run on record whose measurements are known: two trainings, a projection, scores of two models."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from artifacts.catalog import DETECTION, PROJECTION, SCORES, Dataset, Kind
from artifacts.catalog.models import TAGGER
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runs import Caller, Machine, RunRecord, Score, Scored, ScoredModel, StepTaken, save_run
from artifacts.store import STORE_FORMAT, Store

NO_PROJECTION: dict[str, list[Any]] = {name: [] for name in PROJECTION.schema.names}


def made(
    store: Store,
    kind: Kind,
    key: str,
    columns: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    of: dict[str, Reference] | None = None,
    **notes: Any,
) -> Reference:
    """An artifact with these columns made `of` others, or the folder of a model with one file."""
    inputs = {name: f"{each.kind}:{each.digest}" for name, each in (of or {}).items()}
    recipe = Recipe(step="a_step", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe) as writer:
        if isinstance(kind, Dataset):
            writer.write(pa.table(columns, schema=kind.schema), metadata or {})
        else:
            (writer.folder / "weights").write_text(key)
        writer.note(notes)
    assert writer.reference is not None
    return writer.reference


def scores(store: Store, key: str, **types: tuple[int, int, int]) -> Scored:
    """Scores by (gold, predicted, correct) of each type; `overall` is to be among them, first."""
    rows = [
        {
            "type": name,
            "precision": correct / predicted,
            "recall": correct / gold,
            "f1": 2 * correct / (gold + predicted),
            "gold": gold,
            "predicted": predicted,
            "correct": correct,
        }
        for name, (gold, predicted, correct) in types.items()
    ]
    columns = {name: [row[name] for row in rows] for name in SCORES.schema.names}
    return Scored(reference=made(store, SCORES, key, columns, {"name": key}), rows=tuple(Score(**row) for row in rows))


class Charted:
    """The run.

    M_src      losses .5, .25; on the test set F1 2*4/(10+10) = 40 %; finds 9 LOC and 1 PER of 4 and 6
    M_tgt      losses .4, .1, .05; F1 2*6/(10+6) = 75 %; finds 3 LOC and 3 PER
    projection keeps 6 sentences of 10, drops 3 no_output and 1 ambiguous
    detection  of two iterations: λ .75 and .5 over all words; of B-LOC .6 in the second alone
    """

    def __init__(self, store: Store, name: str = "charted") -> None:
        self.store = store
        self.source = made(store, TAGGER, "a1", losses=[0.5, 0.25])
        self.target = made(store, TAGGER, "a2", losses=[0.4, 0.1, 0.05])
        about = {"kept": 6, "dropped": {"no_output": 3, "ambiguous": 1}}
        self.projection = made(store, PROJECTION, "b1", NO_PROJECTION, about)
        parts = {"words": [9], "wrong": [1], "auc_weight": [0.7], "auc_probability": [None]}
        self.detections = [
            made(store, DETECTION, "c1", {"label": ["overall"], "auc_agreement": [0.75], **parts}),
            made(
                store,
                DETECTION,
                "c2",
                {
                    "label": ["overall", "B-LOC"],
                    "auc_agreement": [0.5, 0.6],
                    **{part: value * 2 for part, value in parts.items()},
                },
            ),
        ]
        models = {
            "M_src": (self.source, scores(store, "d1", overall=(10, 10, 4), LOC=(4, 9, 3), PER=(6, 1, 1))),
            "M_tgt": (self.target, scores(store, "d2", overall=(10, 6, 6), LOC=(4, 3, 3), PER=(6, 3, 3))),
        }
        taken = [
            ("train_tagger", "M_src", self.source),
            ("project_entities", "de, entity matching", self.projection),
            ("measure_detection", "iteration 1, D_tgt", self.detections[0]),
            ("measure_detection", "iteration 2, D_tgt", self.detections[1]),
            ("train_student", "M_tgt", self.target),
            ("train_tagger", "M_src", self.source),
        ]
        self.record = RunRecord(
            id="ab12",
            method="crop",
            name=name,
            configuration={},
            runtime={},
            caller=Caller(by="python"),
            revision=None,
            machine=Machine(host="h", platform="p", processors=2, device="cpu", versions={"torch": "2.13"}),
            started=datetime(2026, 1, 1, tzinfo=UTC),
            ended=datetime(2026, 1, 1, 1, tzinfo=UTC),
            state="done",
            steps=tuple(
                StepTaken(step=step, stage=stage, reference=each, status="ran", seconds=1.0)
                for step, stage, each in taken
            ),
            models=tuple(
                ScoredModel(name=name, reference=each, scores={"test": scored})
                for name, (each, scored) in models.items()
            ),
        )
        save_run(store, self.record)
