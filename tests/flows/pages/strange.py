"""A store in which everything that somebody else has written is hostile: words, tags, files, settings, names."""

from datetime import UTC, datetime
from typing import Any

from shelved import put

from artifacts.catalog import GOLD, LABELLED, OPINIONS, PREDICTIONS, RELIABILITY, SCORES, SENTENCES, SOFT_LABELS
from artifacts.reference import Reference
from artifacts.runs import (
    Caller,
    Column,
    Line,
    Machine,
    Measurements,
    RunError,
    RunRecord,
    Score,
    Scored,
    ScoredModel,
    StepTaken,
    save_run,
)
from artifacts.runtime import Runtime, running
from artifacts.store import Store
from tasks.corpus.corrections import append_corrections, correction
from tasks.evaluation.outcomes import judge_entities

HURT = "<img src=x onerror=hurt(1)><script>hurt(1)</script>"
"""Would call `hurt` if it were markup."""

TYPE = HURT.replace(" ", "/")  # A tag has no spaces.
LABELS = ["O", f"B-{TYPE}", f"I-{TYPE}"]
WORDS = [[HURT, "\u202etfel", "a" * 10_000, "'\"&amp;"], ["زار", "محمد", "القاهرة"], ["王", "明", "去", "北京"]]
TAGS = [[LABELS[1], LABELS[2], "O", LABELS[1]], ["O", LABELS[1], "O"], [LABELS[1], LABELS[2], "O", "O"]]


def hostile(store: Store, *, hurt: str = HURT) -> RunRecord:
    """Fills a store: sentences in three scripts, labels, weights, gold, outcomes, corrections, and their run."""
    ids = [0, 1, 2]
    columns = {"sentence_id": ids, "words": WORDS}
    about = {"labels": LABELS, "splitter": hurt, "name": hurt}
    text = put(store, SENTENCES, "aa", columns, about=about)
    chances = [[[0.1 if each != tag else 0.8 for each in LABELS] for tag in tags] for tags in TAGS]
    soft = put(store, SOFT_LABELS, "bb", {**columns, "probabilities": chances}, about=about, sentences=text)
    halves = [[0.5] * len(each) for each in WORDS]
    trust = {**about, "class_mean": dict.fromkeys(LABELS, 0.5), "neighbours": 1}
    weights = {"sentence_id": ids, "agreement": halves, "weight": halves}
    reliability = put(store, RELIABILITY, "cc", weights, about=trust, soft_labels=soft)
    gold = put(store, GOLD, "dd", {"sentence_id": ids, "tags": TAGS}, about=about, sentences=text)
    training = put(store, LABELLED, "ee", {**columns, "tags": TAGS}, about=about)
    wrong = [["O"] * len(each) for each in WORDS]
    said = put(store, PREDICTIONS, "ff", {**columns, "tags": wrong}, about=about, sentences=text)
    opinions = {
        **columns,
        "said": [[[tag, None] for tag in tags] for tags in wrong],
        "read": [[[0.5, None] for _ in tags] for tags in wrong],
        "tags": TAGS,
        "probability": halves,
    }
    panel = {"opinions.0": soft, "opinions.1": soft}
    told = put(store, OPINIONS, "ab", opinions, about={**about, "teachers": [hurt, f"{hurt}2"]}, **panel)
    runtime = Runtime(store=str(store.root))
    with running(runtime):
        bound = judge_entities.bound(said, gold, training)
        judged = judge_entities.compute(store, runtime, bound, label=f"{hurt} on {hurt}", in_flow=False)
    path = store.by_hand("de-aa.jsonl")
    said_by_hand: dict[str, Any] = {"words": WORDS[0], "tags": TAGS[0], "before": wrong[0], "sentences": str(text)}
    append_corrections(path, [correction(sentence_id=0, author=hurt, **said_by_hand)])
    made = {"read_sentences": text, "label_words": soft, "score_reliability": reliability, "read_gold": gold,
            "read_labelled": training, "predict_words": said, "tell_opinions": told,
            "judge_entities": judged}  # fmt: skip
    steps = [
        StepTaken(
            step=name, stage=f"{hurt} on {hurt}" if each == judged else hurt, reference=each, status="ran", seconds=1
        )
        for name, each in made.items()
    ]
    record = RunRecord(
        id="ba" * 10, method="toy", name=hurt, configuration={"source": {"train": {"path": hurt}}, hurt: [hurt]},
        runtime={"data": hurt}, caller=Caller(by="command line", command=("crosstag", hurt)), revision=hurt,
        machine=Machine(host=hurt, platform=hurt, processors=1, device="cpu", versions={hurt: hurt}),
        started=datetime(2026, 1, 1, tzinfo=UTC), ended=datetime(2026, 1, 2, tzinfo=UTC), state="failed",
        error=RunError(type=hurt, message=hurt), steps=tuple(steps), models=(_model(store, soft, hurt),),
        measurements=(_table(judged, hurt),), student=soft,
    )  # fmt: skip
    save_run(store, record)
    save_run(store, record.model_copy(update={"id": "bb" * 10, "configuration": {hurt: [hurt, hurt]}}))
    compared = {"named": [hurt], "published": hurt, "runs": {hurt: [record.id]}}
    changes = {"id": "bc" * 10, "method": "compare", "configuration": compared, "models": (), "student": None}
    save_run(store, record.model_copy(update={**changes, "state": "done", "error": None}))
    return record


def _model(store: Store, reference: Reference, hurt: str) -> ScoredModel:
    rows = [{"type": name, "precision": 0.5, "recall": 0.5, "f1": 0.5, "gold": 2, "predicted": 2, "correct": 1}
            for name in ("overall", TYPE)]  # fmt: skip
    columns = {name: [row[name] for row in rows] for name in SCORES.schema.names}
    table = put(store, SCORES, "a5", columns, about={"name": hurt})
    return ScoredModel(
        name=hurt, reference=reference, scores={hurt: Scored(reference=table, rows=tuple(Score(**row) for row in rows))}
    )


def _table(reference: Reference, hurt: str) -> Measurements:
    columns = (Column(name=hurt, form="text"),)
    lines = (Line(name=hurt, reference=reference, cells=(hurt,)),)
    return Measurements(title=hurt, first=hurt, columns=columns, lines=lines, remark=hurt)
