"""Who teaches, who votes, who learns: section 3 of UniTrans, written down call by call beside the flow."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from recording import Recording

from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.side_by_side import Call
from artifacts.store import Store
from flows.parts.aligned_labels import Reader
from flows.parts.corpora import ScoredText, read_corpora
from flows.parts.encoder import take_encoder
from flows.parts.summary import Result
from flows.parts.translation import Translating, translate
from flows.unitrans import Unitrans, algorithm
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.correct_votes import correct_votes
from tasks.denoising.vote_labels import vote_labels
from tasks.distillation.train_voted_student import VotedStudentTraining, train_voted_student
from tasks.distillation.training_sets import training_set
from tasks.evaluation.corrections import measure_corrections
from tasks.evaluation.decode import decode
from tasks.evaluation.scores import score
from tasks.evaluation.votes import measure_votes
from tasks.tagging.ensembling import average_soft_labels
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger

Configured = Callable[..., Unitrans]
SEED = 7
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "source_training": {"learning_rate": 1e-3, "seed": 100},
    "student": {"learning_rate": 3e-3, "seed": 300, "soft_weight": 0.9, "hard_weight": 0.4},
    "decoding": {"method": "argmax"},
    "inference": {"precision": "bf16"},
    "score_data_combination": False,
}


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration with the settings above, and others."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = {
        name: tiny[name] for name in ("source", "target", "parallel", "labels", "encoder", "translation", "windows")
    }
    return lambda **changes: Unitrans.model_validate({**values, **SETTINGS, **changes})


class Expected:
    """The taggers of 3.3 and what they say of D_T; of M teachers all that is said is a mean (Eq. 14)."""

    def __init__(self, config: Unitrans, runtime: Runtime, seeds: tuple[int, ...] = (SEED,)) -> None:
        """Trains Theta_src, Theta_trans and Theta_teach once for each seed."""
        corpora = read_corpora(config.source, config.target, config.parallel, config.labels, SEED, runtime)
        encoder = take_encoder(config.encoder, corpora, SEED, runtime)
        reader = Reader(encoder, config.windows, config.inference)
        d_trans = translate(
            Translating(corpora, config.translation, ("en", "de"), SEED, runtime), config.labels, reader
        )
        self.config, self.corpora, self.encoder = config, corpora, encoder
        trainings = [TaggerTraining(learning_rate=1e-3, seed=100 + seed) for seed in seeds]

        def trained(data: Reference, starts: list[Reference]) -> list[Reference]:
            return [train_tagger(data, *each, config.windows) for each in zip(starts, trainings, strict=True)]

        encoders = [encoder] * len(seeds)
        self.theta_src = trained(corpora.train, encoders)
        self.theta_trans = trained(d_trans, encoders)
        self.theta_teach = trained(d_trans, self.theta_src)  # Each goes on from its own Theta_src (3.3).
        self.combined = trained(training_set((corpora.train, d_trans)), encoders)

    def said(self, taggers: list[Reference], sentences: Reference) -> Reference:
        """Soft labels, of several taggers their mean."""
        each = tuple(label_words(tagger, sentences, self.config.windows, self.config.inference) for tagger in taggers)
        return each[0] if len(each) == 1 else average_soft_labels(each)

    def voted(self) -> Reference:
        """Hard labels of the words on which the three agree (Eq. 11)."""
        voters = (self.theta_teach, self.theta_src, self.theta_trans)
        return vote_labels(*(self.said(voter, self.corpora.target) for voter in voters))

    def student(self, teacher: list[Reference], votes: Reference | None, soft: float, hard: float) -> Reference:
        """Theta_stu, from the encoder, with a teacher's soft labels and votes (Eq. 13)."""
        training = VotedStudentTraining(learning_rate=3e-3, seed=300 + SEED, soft_weight=soft, hard_weight=hard)
        said = self.said(teacher, self.corpora.target)
        return train_voted_student(self.encoder, said, votes, training, self.config.windows)

    def tags(self, taggers: list[Reference], sentences: Reference) -> Reference:
        """Decoded labels; those of several taggers of their mean."""
        config = self.config
        if len(taggers) == 1:
            return predict_words(taggers[0], sentences, config.windows, config.decoding, config.inference)
        return decode(self.said(taggers, sentences), config.decoding)

    def scored(self, name: str, taggers: list[Reference], *more: ScoredText) -> dict[str, Reference]:
        """Scores by test set."""
        texts = (*self.corpora.tests, *more)
        decoded = {text: self.tags(taggers, text.sentences) for text in texts}
        return {text.name: score(tags, text.gold, f"{name} on {text.name}") for text, tags in decoded.items()}


def check_shipped(recorded: Recording, result: Result, expected: Expected, name: str, taggers: list[Reference]) -> None:
    """The student is the first of these taggers, with their scores on the test set, and is the last model shown."""
    shipped = recorded.arguments(result.student)
    recorded.check(shipped["tagger"], taggers[0])
    recorded.check(shipped["texts"], (expected.corpora.target,))
    recorded.check(shipped["scores"][:1], tuple(expected.scored(name, taggers).values()))
    assert result.models[-1].name == name
    recorded.check(result.models[-1].reference, taggers[0])
    assert tuple(result.models[-1].scores.values()) == shipped["scores"]
    assert (shipped["card"].name, shipped["card"].method) == ("crosstag-unitrans-en-de", "UniTrans")
    baselines = ("source-only (Theta_src)", "translate-train (Theta_trans)")
    recorded.check_outcomes(result, expected.corpora.train, *dict.fromkeys((*baselines, name)))


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        ({}, (SEED,)),
        ({"teachers": 3}, (SEED, SEED + 1000, SEED + 2000)),
        ({"teachers": 2, "teacher_seeds": [22, 122]}, (22, 122)),
    ],
)
def test_section_3(
    recording: Recording, runtime: Runtime, configured: Configured, settings: dict[str, Any], seeds: tuple[int, ...]
) -> None:
    config = configured(**settings)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, seeds)
    votes = expected.voted()
    student = expected.student(expected.theta_teach, votes, 0.9, 0.4)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])

    corpora = expected.corpora
    assert corpora.target_gold is not None
    taught = expected.said(expected.theta_teach, corpora.target)
    known = score(
        decode(taught, config.decoding), corpora.target_gold.gold, "soft labels of Theta_teach on target text"
    )
    source_dev = ScoredText("source dev", corpora.dev, corpora.dev)
    models = [
        ("source-only (Theta_src)", expected.theta_src[0],
         expected.scored("source-only (Theta_src)", expected.theta_src, source_dev)),
        ("translate-train (Theta_trans)", expected.theta_trans[0],
         expected.scored("translate-train (Theta_trans)", expected.theta_trans)),
        ("teacher (Theta_teach)", expected.theta_teach[0],
         expected.scored("teacher (Theta_teach)", expected.theta_teach)),
        ("soft labels of Theta_teach", taught, {"target text": known}),
        ("student (Theta_stu)", student, expected.scored("student (Theta_stu)", [student])),
    ]  # fmt: skip
    recording.check([(model.name, model.reference, model.scores) for model in result.models], models)
    (listing,) = result.listings
    recording.check(listing.rows, {"target text": measure_votes(votes, corpora.target_gold.gold)})

    trained = [made.stage for made in recording.calls.values() if made.step == "train_tagger"][: 3 * len(seeds)]
    names = ("Theta_src", "Theta_trans", "Theta_teach")
    members = range(1, len(seeds) + 1)
    assert trained == [name if len(seeds) == 1 else f"{name}^{m}" for name in names for m in members]


def test_workers_are_asked_for_the_very_trainings_of_each_ensemble(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Call] = []

    def spy(calls: list[Call]) -> AbstractContextManager[None]:
        asked.extend(calls)
        return nullcontext()

    monkeypatch.setattr("flows.parts.ensemble.handed_out", spy)
    algorithm(configured(teachers=2), runtime)
    trained = [made for made in recording.calls.values() if made.step == "train_tagger"]
    assert [(call.stage, *call.arguments) for call in asked] == [(t.stage, *t.arguments.values()) for t in trained]


@pytest.fixture
def corrections(data: Path, tmp_path: Path) -> dict[str, Any]:
    """The target language with a file of corrections."""
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    (tmp_path / "by_hand.jsonl").touch()
    return {**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")}


@pytest.mark.parametrize(("row", "hard"), [("none", 0.4), ("without_hard_labels", 0.0)])
def test_corrections_stand_in_for_soft_labels_and_votes_and_their_effect_is_measured(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    corrections: dict[str, Any],
    row: str,
    hard: float,
) -> None:
    config = configured(target=corrections, ablation=row)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    corpora = expected.corpora
    given = corpora.corrections
    assert given is not None and corpora.target_gold is not None
    said, votes = expected.said(expected.theta_teach, corpora.target), expected.voted() if hard else None
    training = VotedStudentTraining(learning_rate=3e-3, seed=300 + SEED, soft_weight=0.9, hard_weight=hard)
    learnt = (correct_soft_labels(said, given), None if votes is None else correct_votes(votes, given))
    student = train_voted_student(expected.encoder, *learnt, training, config.windows)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])
    recording.check(recording.arguments(result.student)["corrections"], (given,))
    used, agreement, *rest = result.listings
    assert "has labels of the target language" in used.title and used.rows == {"target text": given}
    measured = {
        name: measure_corrections(given, expected.tags([model], given))
        for name, model in (("Theta_teach", expected.theta_teach[0]), ("Theta_stu", student))
    }
    recording.check(agreement.rows, measured)
    # How good votes and soft labels are is measured of the taggers', not of people's.
    if votes is not None:
        recording.check(rest[0].rows, {"target text": measure_votes(votes, corpora.target_gold.gold)})
    (pseudo,) = [model for model in result.models if model.name.startswith("soft labels")]
    recording.check(pseudo.reference, said)


@pytest.mark.parametrize("row", ["without_unlabelled_text", "model_transfer", "data_transfer", "data_combination"])
def test_corrections_are_refused_where_nothing_learns_them(
    configured: Configured, corrections: dict[str, Any], row: str
) -> None:
    with pytest.raises(ValueError, match=rf"ablation {row} trains no student on the text that was corrected"):
        configured(target=corrections, ablation=row)


def test_the_quality_of_votes_is_shown_in_percent(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (listing,) = algorithm(configured(), runtime).listings
    # Of 10 words, 4 of them in entities, 5 have a vote, one of them in an entity; of 2 votes for an entity none is
    # right, of 3 for O all are.
    counted = {"overall": (3 / 5, 5 / 10), "entities": (0.0, 1 / 4), "O": (1.0, 4 / 6)}
    rows = [{"label": label, "precision": p, "coverage": c} for label, (p, c) in counted.items()]
    monkeypatch.setattr(Store, "table", lambda *_: pa.Table.from_pylist(rows))
    measured = listing.measured(Store(runtime.store))
    assert {column.form for column in measured.columns} == {"percent"}
    (line,) = measured.lines
    assert dict(zip([column.name for column in measured.columns], line.cells, strict=True)) == {
        "words with a vote": 5 / 10,
        "O words": 4 / 6,
        "entity words": 1 / 4,
        "votes that are right": 3 / 5,
        "for an entity": 0.0,
    }


def test_what_is_named_lies_where_the_run_looks_and_what_is_drawn_is_drawn_by_its_seed(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}  # A seed decides which sentences.
    translation = {"method": "import", "imported": {"path": "de.gold.conll"}}
    config = configured(source=source, translation=translation, encoder={"checkpoint": "./bert"})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    student = expected.student(expected.theta_teach, expected.voted(), 0.9, 0.4)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])


@pytest.mark.parametrize(
    "row", [None, "without_soft_labels", "without_hard_labels", "with_theta_src", "with_theta_trans"]
)
def test_rows_of_table_3_with_a_student(
    recording: Recording, runtime: Runtime, configured: Configured, row: str | None
) -> None:
    config = configured(ablation=row or "none", teachers=2)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, (SEED, SEED + 1000))
    teacher, votes, soft, hard = {
        None: (expected.theta_teach, expected.voted(), 0.9, 0.4),
        "without_soft_labels": (expected.theta_teach, expected.voted(), 0.0, 0.4),
        "without_hard_labels": (expected.theta_teach, None, 0.9, 0.0),
        "with_theta_src": (expected.theta_src, None, 0.9, 0.0),
        "with_theta_trans": (expected.theta_trans, None, 0.9, 0.0),
    }[row]
    student = expected.student(teacher, votes, soft, hard)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])


@pytest.mark.parametrize("teachers", [1, 2])
@pytest.mark.parametrize("row", ["without_unlabelled_text", "model_transfer", "data_transfer", "data_combination"])
def test_rows_of_table_3_without_one(
    recording: Recording, runtime: Runtime, configured: Configured, row: str, teachers: int
) -> None:
    config = configured(ablation=row, teachers=teachers)
    result = algorithm(config, runtime)
    assert not {"train_voted_student", "vote_labels"} & {made.step for made in recording.calls.values()}
    expected = Expected(config, runtime, (SEED, SEED + 1000)[:teachers])
    name, tagger, taggers = {
        "without_unlabelled_text": ("teacher (Theta_teach)", "Theta_teach", expected.theta_teach),
        "model_transfer": ("source-only (Theta_src)", "Theta_src", expected.theta_src),
        "data_transfer": ("translate-train (Theta_trans)", "Theta_trans", expected.theta_trans),
        "data_combination": ("data combination", "data combination", expected.combined),
    }[row]
    # The card has the scores of the tagger that is shipped, not those of the mean of all.
    shipped = name if teachers == 1 else f"student ({tagger}^1)"
    check_shipped(recording, result, expected, shipped, taggers[:1])
    scored = next(model for model in result.models if model.name == name)
    assert scored.scores["test"] == expected.scored(name, taggers)["test"]


def test_the_baseline_on_both_corpora_is_scored_if_asked_for(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(score_data_combination=True)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    (model,) = [model for model in result.models if model.name == "data combination"]
    recording.check(model.reference, expected.combined[0])
    recording.check(model.scores, expected.scored("data combination", expected.combined))
    student = expected.student(expected.theta_teach, expected.voted(), 0.9, 0.4)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])


def test_a_factor_of_0_asks_nobody_for_votes(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured(student={**SETTINGS["student"], "hard_weight": 0.0})
    result = algorithm(config, runtime)
    assert "vote_labels" not in {made.step for made in recording.calls.values()}
    expected = Expected(config, runtime)
    student = expected.student(expected.theta_teach, None, 0.9, 0.0)
    check_shipped(recording, result, expected, "student (Theta_stu)", [student])
    assert result.listings == ()


def test_settings_have_their_papers_defaults() -> None:
    # 3.4 and 4.1: eta = 1; the student at 1e-4, all else at 5e-5; 3 epochs, three frozen layers.
    config = Unitrans.model_validate({"source": {"train": {"path": "a"}}, "target": {"text": {"path": "b"}}})
    student = config.distillation
    assert (student.soft_weight, student.hard_weight, student.hard_mean, student.loss_mean) == (1, 1, "all", "sentence")
    assert (student.learning_rate, student.epochs, student.frozen_layers) == (1e-4, 3, 3)
    assert (config.source_training.learning_rate, config.source_training.epochs, config.teachers) == (5e-5, 3, 1)
