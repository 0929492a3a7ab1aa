"""Who teaches, who is weighed, who learns: a panel written down call by call beside its flow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from recording import Recording

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.panel import Panel, algorithm, check
from flows.parts.aligned_labels import Reader, aligned_words
from flows.parts.corpora import read_corpora
from flows.parts.encoder import take_encoder
from flows.parts.summary import Result
from flows.parts.translation import Translating, translate
from tasks.aligned.keep_translated import keep_translated
from tasks.aligned.place_labels import place_labels
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.panel.average_by_word import average_by_word
from tasks.denoising.panel.calibrate_teacher import calibrate_teacher
from tasks.denoising.panel.estimate_teachers import estimate_teachers
from tasks.denoising.panel.estimating import Joining
from tasks.denoising.panel.join_opinions import join_opinions
from tasks.denoising.panel.projected_opinion import projected_opinion
from tasks.denoising.panel.tell_opinions import tell_opinions
from tasks.denoising.panel.temper_labels import temper_labels
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.denoising.trust_corrections import trust_corrections
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.distillation.training_sets import training_set
from tasks.encoding.keep_layers import keep_bottom_layers
from tasks.evaluation.corrections import measure_corrections
from tasks.evaluation.decode import decode
from tasks.evaluation.detection import measure_detection
from tasks.evaluation.scores import score
from tasks.evaluation.teachers import measure_teacher
from tasks.labelling.ask_labeller import ask_labeller
from tasks.labelling.read_answers import read_labeller_answers
from tasks.tagging.decoding import Decoding
from tasks.tagging.ensembling import average_soft_labels
from tasks.tagging.keep_tagger_layers import keep_bottom_layers_of_tagger
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.read_markers import read_markers
from tasks.translation.marked.read_plain import read_plain
from tasks.translation.projection.forward import split_translation
from tasks.translation.projection.project_entities import EntityProjection, project_entities
from tasks.translation.projection.with_entities import keep_with_entities

Configured = Callable[..., Panel]
SEED = 7
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "source_training": {"learning_rate": 1e-3, "seed": 100},
    "student": {"learning_rate": 3e-3, "seed": 300},
    "joining": {"method": "mean", "smoothing": 0.5},
    "decoding": {"method": "argmax"},
    "inference": {"precision": "bf16"},
}
TRUST = {"neighbours": 5, "sharpness": 2.0, "labels_from": "viterbi"}
TAUGHT = ("source", "translation", "source_then_translation", "source_and_translation")


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration with the settings above, and others."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = {
        name: tiny[name] for name in ("source", "target", "parallel", "labels", "encoder", "translation", "windows")
    }
    return lambda **changes: Panel.model_validate({**values, **SETTINGS, **changes})


class Expected:
    """What each teacher is, and says."""

    def __init__(self, config: Panel, runtime: Runtime) -> None:
        self.config = config
        self.corpora = read_corpora(config.source, config.target, config.parallel, config.labels, SEED, runtime)
        self.encoder = take_encoder(config.encoder, self.corpora, SEED, runtime)
        reader = Reader(self.encoder, config.windows, config.inference)
        self.d_trans = translate(config.translating(self.corpora, runtime), config.labels, reader)

    def tagger(self, learns: str, seed: int = SEED) -> Reference:
        training = TaggerTraining(learning_rate=1e-3, seed=100 + seed)

        def trained(data: Reference, start: Reference) -> Reference:
            return train_tagger(data, start, training, self.config.windows)

        if learns == "source":
            return trained(self.corpora.train, self.encoder)
        if learns == "source_then_translation":
            return trained(self.d_trans, self.tagger("source", seed))
        both = training_set((self.corpora.train, self.d_trans))
        return trained(both if learns == "source_and_translation" else self.d_trans, self.encoder)

    def said(self, tagger: Reference) -> Reference:
        return label_words(tagger, self.corpora.target, self.config.windows, self.config.inference)

    def calibration(self, *taggers: Reference) -> Reference:
        """How sure the mean of some taggers is and how right, on the source dev set."""
        dev = self.corpora.dev
        said = tuple(label_words(tagger, dev, self.config.windows, self.config.inference) for tagger in taggers)
        return calibrate_teacher(said[0] if len(said) == 1 else average_soft_labels(said), dev)

    def joint(self, names: tuple[str, ...], opinions: tuple[Reference, ...]) -> tuple[Reference, Reference]:
        """The estimate, and the joint labels."""
        joining = Joining(method="mean", smoothing=0.5)
        teachers = estimate_teachers(opinions, names, joining)
        return teachers, join_opinions(opinions, names, teachers, joining)

    def student(
        self,
        joint: Reference,
        labelled: Reference | None = None,
        seed: int = SEED,
        weights: Reference | None = None,
        **settings: float,
    ) -> Reference:
        training = PanelStudentTraining(learning_rate=3e-3, seed=300 + seed, **settings)
        return train_panel_student(self.encoder, joint, weights, labelled, training, self.config.windows)

    def weights(self, tagger: Reference, joint: Reference) -> Reference:
        trust = Reliability(neighbours=5, sharpness=2.0, labels_from="viterbi")
        return score_reliability(tagger, joint, trust, self.config.windows, self.config.inference)

    def scored(self, name: str, tagger: Reference) -> dict[str, Reference]:
        config, scores = self.config, {}
        for text in self.corpora.tests:
            tags = predict_words(tagger, text.sentences, config.windows, config.decoding, config.inference)
            scores[text.name] = score(tags, text.gold, f"{name} on {text.name}")
        return scores


def check_shipped(recorded: Recording, result: Result, expected: Expected, student: Reference, name: str) -> None:
    """The student, with its scores, is the last model shown."""
    shipped = recorded.arguments(result.student)
    recorded.check(shipped["tagger"], student)
    recorded.check(shipped["texts"], (expected.corpora.target,))
    recorded.check(shipped["scores"], tuple(expected.scored(name, student).values()))
    assert result.models[-1].name == name
    assert (shipped["card"].name, shipped["card"].method) == ("crosstag-panel-en-de", "Panel")
    learnt = [teacher.learns for teacher in expected.config.teachers]
    baselines = {"source": "source-only (source)", "translation": "translate-train (translation)"}
    shown = [called for teacher, called in baselines.items() if teacher in learnt]
    recorded.check_outcomes(result, expected.corpora.train, *shown, name)


def test_four_teachers_and_a_student(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured()
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    taggers = {name: expected.tagger(name) for name in TAUGHT}
    opinions = tuple(expected.said(tagger) for tagger in taggers.values())
    teachers, joint = expected.joint(TAUGHT, opinions)
    student = expected.student(joint)
    check_shipped(recording, result, expected, student, "student")

    gold = expected.corpora.target_gold
    assert gold is not None
    shown = ("source-only (source)", "translate-train (translation)", *TAUGHT[2:])
    models: list[Any] = []
    for name, called, opinion in zip(TAUGHT, shown, opinions, strict=True):
        labels = f"labels of {name}"
        known = score(decode(opinion, config.decoding), gold.gold, f"{labels} on target text")
        models += [(called, taggers[name]), (labels, opinion, {"target text": known})]
    known = score(decode(joint, config.decoding), gold.gold, "joint labels on target text")
    models += [("joint labels", joint, {"target text": known}), ("student", student)]
    recording.check(
        [(m.name, m.reference, m.scores) if "labels" in m.name else (m.name, m.reference) for m in result.models],
        models,
    )
    (listing,) = result.listings
    measured = {
        name: measure_teacher(teachers, opinion, name, gold.gold)
        for name, opinion in zip(TAUGHT, opinions, strict=True)
    }
    recording.check(listing.rows, measured)
    assert tell_opinions(opinions, TAUGHT, teachers, config.joining, joint) in recording.calls


def test_estimates_are_told_without_gold_labels_too(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    target = {**configured().target.model_dump(), "text_gold": None}
    config = configured(target=target, teachers=[{"learns": "source"}, {"learns": "translation"}])
    (listing,) = algorithm(config, runtime).listings
    assert list(listing.columns) == ["words", "estimated precision", "estimated recall"]
    assert list(listing.rows) == ["source", "translation"]
    assert all(recording.arguments(each)["gold"] is None for each in listing.rows.values())


def test_members_of_a_teacher_are_averaged_and_go_on_each_from_its_own(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(teachers=[{"learns": "source_then_translation", "members": 2}, {"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    both = [expected.said(expected.tagger("source_then_translation", seed)) for seed in (SEED, SEED + 1000)]
    opinions = (average_soft_labels(tuple(both)), expected.said(expected.tagger("source")))
    _, joint = expected.joint(("source_then_translation", "source"), opinions)
    shipped = recording.arguments(result.student)
    recording.check(shipped["tagger"], expected.student(joint))


def test_the_student_of_a_round_sits_on_the_next_panel(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    names = ("source", "translation")
    config = configured(rounds=3, teachers=[{"learns": name} for name in names])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    opinions = tuple(expected.said(expected.tagger(name)) for name in names)
    student = expected.student(expected.joint(names, opinions)[1])
    for number in (2, 3):
        said = expected.said(student)
        joint = expected.joint((*names, f"student^{number - 1}"), (*opinions, said))[1]
        student = expected.student(joint, seed=SEED + number - 1)
    check_shipped(recording, result, expected, student, "student^3")
    assert [listing.title.partition(":")[0] for listing in result.listings] == [
        "teachers^1",
        "teachers^2",
        "teachers^3",
    ]


def test_labelled_sentences_are_learnt_beside_the_raw_text_if_they_weigh(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    student = {**SETTINGS["student"], "labelled_weight": 0.3}
    config = configured(student=student, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    labelled = training_set((expected.corpora.train, expected.d_trans))
    shipped = recording.arguments(result.student)
    recording.check(shipped["tagger"], expected.student(joint, labelled, labelled_weight=0.3))


@pytest.mark.parametrize(
    ("given", "read"),
    [({"mlm_weight": 0.01, "mask_rate": 0.4}, {"mlm_weight": 0.01, "mask_rate": 0.4}), ({"mask_rate": 0.4}, {})],
)
def test_the_student_finds_hidden_sub_words_if_they_weigh(
    recording: Recording, runtime: Runtime, configured: Configured, given: dict[str, float], read: dict[str, float]
) -> None:
    config = configured(student={**SETTINGS["student"], **given}, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint, **read))


def test_labellers_sit_beside_the_teachers_in_every_round(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    labeller = {"command": "cat", "version": "2", "types": {"LOC": "places", "PER": "persons"}}
    other = {**labeller, "version": "3"}
    config = configured(rounds=2, labellers=[labeller, other], teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    steps = [made.step for made in recording.calls.values()]
    assert steps.index("ask_labeller") < steps.index("train_tagger")  # What it fails at is known before hours.
    expected = Expected(config, runtime)
    told = [read_labeller_answers(ask_labeller(expected.corpora.target, each)) for each in config.labellers]
    names = ("source", "labeller 2", "labeller 3")
    opinions = (expected.said(expected.tagger("source")), *told)
    student = expected.student(expected.joint(names, opinions)[1])
    joint = expected.joint((*names, "student^1"), (*opinions, expected.said(student)))[1]
    check_shipped(recording, result, expected, expected.student(joint, seed=SEED + 1), "student^2")
    with pytest.raises(ValueError, match="two labellers have the version '2', by which answers are kept"):
        configured(labellers=[labeller, labeller])


def test_a_smaller_student_starts_from_the_bottom_layers(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(student_layers=1, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    steps = [made.step for made in recording.calls.values()]
    assert steps.index("keep_bottom_layers") < steps.index("train_tagger")  # What cannot be cut is known before hours.
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))  # Teachers keep all layers.
    expected.encoder = keep_bottom_layers(expected.encoder, 1)
    shipped = recording.arguments(result.student)
    recording.check(shipped["tagger"], expected.student(joint))


def test_a_student_may_have_an_encoder_of_its_own(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(
        student_encoder={"checkpoint": "pretrain", "pretraining": {"epochs": 2}},
        student_layers=1,
        teachers=[{"learns": "source"}],
    )
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))  # Of the teachers' encoder.
    assert config.student_encoder is not None
    own = take_encoder(config.student_encoder, expected.corpora, SEED, runtime)
    expected.encoder = keep_bottom_layers(own, 1)
    shipped = recording.arguments(result.student)
    recording.check(shipped["tagger"], expected.student(joint))
    assert "encoder: pretrained on these texts" in shipped["card"].data


def test_a_student_may_go_on_from_a_teacher(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    teachers = [{"learns": "source"}, {"learns": "translation", "members": 2}, {"learns": "source", "head": "crf"}]
    config = configured(student_start="translation", teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    both = [expected.tagger("translation", seed) for seed in (SEED, SEED + 1000)]
    crf = train_crf_tagger(expected.corpora.train, expected.encoder, config.crf_training.seeded(SEED), config.windows)
    averaged = average_soft_labels(tuple(expected.said(each) for each in both))
    opinions = (expected.said(expected.tagger("source")), averaged, expected.said(crf))
    _, joint = expected.joint(("source", "translation", "source, crf"), opinions)
    expected.encoder = both[0]
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))

    assert list(config.ablations) == [
        "none",
        "without_source",
        "without_translation",
        "without_source+crf",
        "student_from_the_encoder",
    ]
    longer = {**SETTINGS, "source_training": {"learning_rate": 1e-3, "seed": 100, "epochs": 9}}
    anew = configured(student_start="translation", teachers=teachers, **longer).ablations["student_from_the_encoder"]
    as_a_teacher = {"learning_rate": 1e-3, "seed": 300, "epochs": 9}
    assert anew == configured(teachers=teachers, **{**longer, "student": as_a_teacher})
    for changes, said in (
        ({"student_start": "source, crf"}, "expected a teacher with a linear head: source; translation; another one"),
        ({"student_start": "projection, marked"}, "expected a teacher with a linear head"),
        ({"student_encoder": {"checkpoint": "pretrain"}}, "student_encoder asks for"),
        ({"student": {"mlm_weight": 0.1}}, "student.mlm_weight asks for"),
    ):
        with pytest.raises(ValueError, match=said):
            configured(**{"student_start": "translation", "teachers": teachers, **changes})


def test_a_student_may_go_on_from_a_teacher_that_has_no_seat(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    seated = [{"learns": "source"}, {"learns": "translation", "members": 2}]
    whole = configured(student_start="translation", teachers=seated)
    left_out = whole.ablations["without_translation"]
    assert left_out == configured(student_start="translation", teachers=seated[:1])
    result = algorithm(
        configured(student_start="translation", teachers=seated, ablation="without_translation"), runtime
    )
    expected = Expected(left_out, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    expected.encoder = expected.tagger("translation")
    student = expected.student(joint)
    recording.check(recording.arguments(result.student)["tagger"], student)
    scores = {model.name: model.scores for model in result.models}
    name = "translate-train (translation)"
    recording.check(scores[name], expected.scored(name, expected.encoder))
    assert "labels of source" in scores and "labels of translation" not in scores

    of_crf = configured(student_start="source", teachers=[{"learns": "source", "head": "crf"}])
    assert list(of_crf.trainings) == ["crf_training", "source_training"]  # Whose layers are checked before the run.


def test_a_smaller_student_may_go_on_from_a_teacher(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    teachers = [{"learns": "source"}]
    config = configured(student_start="source", student_layers=1, teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    expected.encoder = keep_bottom_layers_of_tagger(expected.tagger("source"), 1)
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))


@pytest.mark.parametrize("start", ["", "source"])
def test_more_layers_than_there_are_are_refused_before_the_run(
    runtime: Runtime, configured: Configured, start: str
) -> None:
    with pytest.raises(InputError, match="student_layers is 99, but the encoder has 1 layers; choose at most that"):
        trains = {"source_training": {"frozen_layers": 0}, "student": {"frozen_layers": 0}}
        check(configured(student_layers=99, student_start=start, teachers=[{"learns": "source"}], **trains), runtime)


def test_people_are_believed_before_the_panel(
    recording: Recording, runtime: Runtime, configured: Configured, data: Path, tmp_path: Path
) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    (tmp_path / "by_hand.jsonl").touch()
    target = {**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")}
    config = configured(target=target, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    given = expected.corpora.corrections
    assert given is not None
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    student = expected.student(correct_soft_labels(joint, given))
    check_shipped(recording, result, expected, student, "student")
    tags = predict_words(student, given, config.windows, config.decoding, config.inference)
    recording.check(result.listings[1].rows, {"student": measure_corrections(given, tags)})


def test_teachers_with_other_heads_learn_by_the_steps_of_their_methods(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(
        teachers=[
            {"learns": "source_then_translation", "head": "crf"},
            {"learns": "source", "head": "spans", "members": 2},
            {"learns": "translation", "head": "spans"},
        ],
        crf_training={"epochs": 4, "seed": 20},
        span_training={"epochs": 5, "seed": 30, "mlm_weight": 0.2},
        spans={"most_words": 3},
    )
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    corpora, windows = expected.corpora, config.windows
    sequences, spans = (
        SequenceTraining(epochs=4, seed=20 + SEED),
        SpanTraining(epochs=5, seed=30 + SEED, mlm_weight=0.2),
    )

    def of_spans(data: Reference, training: SpanTraining) -> Reference:
        return train_span_tagger(data, corpora.target, expected.encoder, SpanShape(most_words=3), training, windows)

    crf_source = train_crf_tagger(corpora.train, expected.encoder, sequences, windows)
    crf = train_crf_tagger(expected.d_trans, crf_source, sequences, windows)
    both = [of_spans(corpora.train, spans), of_spans(corpora.train, spans.seeded(1000))]
    translated = of_spans(expected.d_trans, spans)
    opinions = (
        expected.said(crf),
        average_soft_labels(tuple(expected.said(each) for each in both)),
        expected.said(translated),
    )
    names = ("source_then_translation, crf", "source, spans", "translation, spans")
    _, joint = expected.joint(names, opinions)
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))
    assert [model.name for model in result.models if model.reference in (crf, both[0], translated)] == [
        "source_then_translation, crf",
        "source-only (source, spans)",
        "translate-train (translation, spans)",
    ]


def test_spans_are_learnt_alone_where_hidden_text_weighs_nothing(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(teachers=[{"learns": "source", "head": "spans"}], span_training={"mlm_weight": 0})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    training = SpanTraining(mlm_weight=0, seed=SEED)
    tagger = train_span_tagger(expected.corpora.train, None, expected.encoder, SpanShape(), training, config.windows)
    _, joint = expected.joint(("source, spans",), (expected.said(tagger),))
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))


def test_a_teacher_learns_the_translation_that_it_names(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(teachers=[{"learns": "translation"}, {"learns": "translation", "translation": "aligned"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    aligned = Expected(config.model_copy(update={"translation": config.translation_of(config.teachers[1])}), runtime)
    opinions = tuple(expected.said(each.tagger("translation")) for each in (expected, aligned))
    _, joint = expected.joint(("translation", "translation, aligned"), opinions)
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))


@pytest.mark.parametrize("way", ["aligned", "marked"])
def test_projected_labels_are_those_of_the_first_teacher_of_the_source(
    recording: Recording, runtime: Runtime, configured: Configured, tmp_path: Path, way: str
) -> None:
    teachers = [
        {"learns": "projection", "translation": way},
        {"learns": "source", "head": "crf"},
        {"learns": "source"},
    ]
    for folder in ("opus-en-de", "opus-de-en"):
        (tmp_path / folder).mkdir()
    translation = {"marked": {"translator": {"checkpoint": str(tmp_path / "opus-{from}-{to}")}}}
    config = configured(
        teachers=teachers,
        translation=translation,
        projection={"max_length_words": 40},
        forward={"language_filter": "off"},
    )
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    corpora, whole, target = expected.corpora, config.translation.marked, expected.corpora.target
    translating = Translating(
        corpora, config.translation_of(config.teachers[0]), ("en", "de"), SEED, runtime, back=True
    )
    crf = train_crf_tagger(corpora.train, expected.encoder, config.crf_training.seeded(SEED), config.windows)

    def tag(sentences: Reference) -> Reference:
        return predict_words(crf, sentences, config.windows, config.decoding, config.inference)

    there = translate_text(target, translating.translator(("de", "en")), "de", "en", None, whole.generation)
    if way == "aligned":
        read = read_plain(there, whole.reading)
        links = aligned_words(
            read,
            keep_translated(target, read),
            corpora.parallel,
            config.translation.aligned,
            Reader(expected.encoder, config.windows, config.inference),
        )
        projected = place_labels(tag(read), target, links, config.translation.aligned.placing)
    else:
        tagged = tag(split_translation(there, config.forward))
        carried = keep_with_entities(tagged)
        again = translate_text(
            carried, translating.translator(("en", "de")), "en", "de", whole.marking, whole.generation
        )
        outside_too = EntityProjection(max_length_words=40, all_outside="keep")
        projected = project_entities(target, there, tagged, read_markers(carried, again, whole.reading), outside_too)
    opinions = (projected_opinion(target, projected), expected.said(crf), expected.said(expected.tagger("source")))
    names = (f"projection, {way}", "source, crf", "source")
    _, joint = expected.joint(names, opinions)
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))


def test_each_row_of_the_ablation_leaves_one_part_out(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    labeller = {"command": "cat", "version": "2", "types": {"LOC": "places", "PER": "persons"}}
    labellers = [{**labeller, "version": version} for version in ("2", "3", "4")]
    parts: dict[str, Any] = {
        "teachers": [{"learns": "source"}, {"learns": "translation", "head": "crf"}],
        "labellers": labellers,
        "joining": {"method": "meaning"},
        "student": {**SETTINGS["student"], "labelled_weight": 0.3, "mlm_weight": 0.1},
        "calibration": "temperature",
        "reliability": TRUST,
        "represented_by": "source",
        "same_word": 0.25,
    }
    rows = configured(**parts).ablations
    without: dict[str, dict[str, Any]] = {
        "none": {},
        "without_source": {"teachers": parts["teachers"][1:], "represented_by": ""},
        "without_translation+crf": {"teachers": parts["teachers"][:1]},
        "without_labeller+2": {"labellers": labellers[1:]},
        "without_labeller+3": {"labellers": [labellers[0], labellers[2]]},
        "without_labeller+4": {"labellers": labellers[:2]},
        "labels_mean_themselves": {"joining": {"method": "mean"}},
        "without_same_word": {"same_word": 0.0},
        "without_calibration": {"calibration": "none"},
        "without_reliability": {"reliability": {**TRUST, "enabled": False}, "represented_by": ""},
        "without_labelled": {"student": {**SETTINGS["student"], "mlm_weight": 0.1}},
        "without_masked_text": {"student": {**SETTINGS["student"], "labelled_weight": 0.3}},
    }
    assert rows == {name: configured(**{**parts, **left}) for name, left in without.items()}
    row = configured(**parts, ablation="without_source")
    assert row.ablations == rows and row.ablated == rows["without_source"]
    assert list(configured(**{**parts, "score_translate_test": True}).ablations)[:2] == [
        "none",
        "without_translation+crf",
    ]
    rounds = configured(rounds=2, teachers=[{"learns": "source"}])
    assert rounds.ablations == {"none": rounds, "one_round": configured(teachers=[{"learns": "source"}])}
    with pytest.raises(ValueError, match="ablation is 'without_all'; expected one of: none, without_source"):
        configured(**parts, ablation="without_all")
    two = [{"learns": "source"}, {"learns": "translation"}]
    result = algorithm(configured(teachers=two, ablation="without_source"), runtime)
    alone = configured(teachers=two[1:])
    expected = Expected(alone, runtime)
    _, joint = expected.joint(("translation",), (expected.said(expected.tagger("translation")),))
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))


def test_every_tagger_on_the_panel_is_calibrated_on_source_dev_and_no_labeller(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    labeller = {"command": "cat", "version": "2", "types": {"LOC": "places", "PER": "persons"}}
    teachers = [{"learns": "source", "members": 2}, {"learns": "translation"}]
    config = configured(calibration="temperature", rounds=2, labellers=[labeller], teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    told = read_labeller_answers(ask_labeller(expected.corpora.target, config.labellers[0]))
    both, translation = (
        [expected.tagger("source", seed) for seed in (SEED, SEED + 1000)],
        expected.tagger("translation"),
    )
    means = [average_soft_labels(tuple(map(expected.said, both))), expected.said(translation)]
    calibrations = [expected.calibration(*both), expected.calibration(translation)]
    said = tuple(map(temper_labels, means, calibrations))

    names, opinions = ("source", "translation", "labeller 2"), (*said, told)
    student = expected.student(expected.joint(names, opinions)[1])
    of_student = expected.calibration(student)
    sitting = temper_labels(expected.said(student), of_student)
    joint = expected.joint((*names, "student^1"), (*opinions, sitting))[1]
    check_shipped(recording, result, expected, expected.student(joint, seed=SEED + 1), "student^2")
    assert result.listings[0].title.startswith("calibration on source dev")
    recording.check(
        result.listings[0].rows,
        dict(zip(("source", "translation", "student^1"), [*calibrations, of_student], strict=True)),
    )


def test_calibration_is_shown(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = algorithm(configured(calibration="temperature", teachers=[{"learns": "source"}]), runtime).listings[0]
    row = {"temperature": 1.5, "accuracy": 0.9, "ece": 0.08, "ece_calibrated": 0.02, "nll": 0.4, "words": 3}
    monkeypatch.setattr(Store, "table", lambda *_: pa.Table.from_pylist([row]))
    measured = listing.measured(Store(runtime.store))
    assert dict(zip([column.name for column in measured.columns], measured.lines[0].cells, strict=True)) == {
        "temperature": 1.5,
        "right": 0.9,
        "calibration error": 0.08,
        "at that temperature": 0.02,
    }


def test_projected_labels_are_not_calibrated(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    teachers = [{"learns": "projection", "translation": "aligned"}, {"learns": "source"}]
    result = algorithm(configured(calibration="temperature", teachers=teachers), runtime)
    assert list(result.listings[0].rows) == ["source"]
    (told,) = [made.arguments for made in recording.calls.values() if made.step == "tell_opinions"]
    assert [recording.calls[said].step for said in told["opinions"]] == ["projected_opinion", "temper_labels"]


def test_calibration_that_would_change_nothing_is_refused(configured: Configured) -> None:
    with pytest.raises(ValueError, match="posterior reads nothing but each teacher's most probable label"):
        configured(calibration="temperature", joining={"method": "posterior"})


def test_joint_labels_are_weighed_by_their_neighbours_in_every_round(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    teachers = [{"learns": "translation", "members": 2}, {"learns": "source"}]
    config = configured(reliability=TRUST, rounds=2, teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    both, source = [expected.tagger("translation", seed) for seed in (SEED, SEED + 1000)], expected.tagger("source")
    names = ("translation", "source")
    opinions = (average_soft_labels(tuple(map(expected.said, both))), expected.said(source))
    _, joint = expected.joint(names, opinions)
    weights = expected.weights(both[0], joint)
    student = expected.student(joint, weights=weights)
    _, again = expected.joint((*names, "student^1"), (*opinions, expected.said(student)))
    weights_again = expected.weights(both[0], again)
    student = expected.student(again, seed=SEED + 1, weights=weights_again)
    check_shipped(recording, result, expected, student, "student^2")
    gold = expected.corpora.target_gold
    assert gold is not None
    found = [("joint labels^1", joint, weights), ("joint labels^2", again, weights_again)]
    recording.check(
        result.detections,
        {name: measure_detection(labels, of, gold.gold, Decoding(method="viterbi")) for name, labels, of in found},
    )


def test_joint_labels_come_nearer_to_those_of_their_word_in_every_round(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    teachers = [{"learns": "source"}]
    config = configured(same_word=0.25, reliability=TRUST, rounds=2, teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    source = expected.tagger("source")
    opinions = (expected.said(source),)
    joint = average_by_word(expected.joint(("source",), opinions)[1], 0.25)
    student = expected.student(joint, weights=expected.weights(source, joint))
    more, names = (*opinions, expected.said(student)), ("source", "student^1")
    estimated, pooled = expected.joint(names, more)
    again = average_by_word(pooled, 0.25)
    student = expected.student(again, seed=SEED + 1, weights=expected.weights(source, again))
    check_shipped(recording, result, expected, student, "student^2")
    assert tell_opinions(more, names, estimated, config.joining, again) in recording.calls
    assert [model.reference for model in result.models if model.name.startswith("joint labels")] == [joint, again]


def test_another_teacher_may_say_which_words_are_near(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    names = ("source", "translation")
    teachers = [{"learns": name} for name in names]
    config = configured(reliability=TRUST, represented_by="translation", teachers=teachers)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    taggers = [expected.tagger(name) for name in names]
    _, joint = expected.joint(names, tuple(map(expected.said, taggers)))
    shipped = recording.arguments(result.student)
    recording.check(shipped["tagger"], expected.student(joint, weights=expected.weights(taggers[1], joint)))
    with pytest.raises(ValueError, match="represented_by is 'trans'; expected a teacher: source; translation"):
        configured(represented_by="trans", teachers=teachers)
    for off in ({}, {"reliability": {**TRUST, "enabled": False}}, {"reliability": {**TRUST, "neighbours": 0}}):
        with pytest.raises(ValueError, match=r"represented_by is 'source', and reliability, .* is off"):
            configured(represented_by="source", teachers=teachers, **off)
    projecting = [{"learns": "projection", "translation": "aligned"}, *teachers]
    assert configured(teachers=projecting).represents == "source"
    with pytest.raises(ValueError, match="represented_by is 'projection, aligned'; expected a teacher: source; trans"):
        configured(represented_by="projection, aligned", teachers=projecting)


@pytest.mark.parametrize("off", [{"neighbours": 0}, {**TRUST, "enabled": False}])
def test_without_neighbours_every_word_weighs_the_same(
    recording: Recording, runtime: Runtime, configured: Configured, off: dict[str, Any]
) -> None:
    assert not configured().weighs_words
    config = configured(reliability=off, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    _, joint = expected.joint(("source",), (expected.said(expected.tagger("source")),))
    recording.check(recording.arguments(result.student)["tagger"], expected.student(joint))
    assert result.detections == {}


def test_labels_of_people_vote_and_weigh_1(
    recording: Recording, runtime: Runtime, configured: Configured, data: Path, tmp_path: Path
) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    (tmp_path / "by_hand.jsonl").touch()
    target = {**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")}
    config = configured(target=target, reliability=TRUST, teachers=[{"learns": "source"}])
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    given = expected.corpora.corrections
    assert given is not None
    source = expected.tagger("source")
    _, joint = expected.joint(("source",), (expected.said(source),))
    learnt = correct_soft_labels(joint, given)
    weights = trust_corrections(learnt, expected.weights(source, learnt), given)
    recording.check(recording.arguments(result.student)["tagger"], expected.student(learnt, weights=weights))
    assert list(result.detections) == ["joint labels (with corrections)"]


def test_estimates_are_shown_beside_the_truth(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (listing,) = algorithm(configured(), runtime).listings
    row = {"type": "entities", "words": 9, "precision": 0.5, "estimated_precision": 0.6, "recall": 0.7}
    monkeypatch.setattr(Store, "table", lambda *_: pa.Table.from_pylist([{**row, "estimated_recall": 0.8}]))
    measured = listing.measured(Store(runtime.store))
    assert [line.name for line in measured.lines] == list(TAUGHT)
    assert dict(zip([column.name for column in measured.columns], measured.lines[0].cells, strict=True)) == {
        "words": 9,
        "estimated precision": 0.6,
        "precision": 0.5,
        "estimated recall": 0.8,
        "recall": 0.7,
    }


def test_teachers_are_named_and_told_apart(configured: Configured) -> None:
    with pytest.raises(ValueError, match="teachers is empty; name at least one"):
        configured(teachers=[])
    with pytest.raises(ValueError, match="'source' is twice on the panel"):
        configured(teachers=[{"learns": "source"}, {"learns": "source", "members": 2}])
    for teacher, said in (
        ({"learns": "projection", "head": "crf"}, "projection is not trained, and has head crf"),
        ({"learns": "source_then_translation", "head": "spans"}, "a tagger of spans begins from the encoder"),
        ({"learns": "projection"}, "projection translates whole sentences, and its translation is words"),
    ):
        with pytest.raises(ValueError, match=said):
            configured(teachers=[{"learns": "source"}, teacher])
    crf = [{"learns": "source", "head": "crf"}]
    with pytest.raises(ValueError, match="the CRF of a teacher knows no entity without a beginning"):
        configured(teachers=crf, decoding={"inside_at_start": True})
    assert configured(teachers=crf, decoding={"method": "argmax", "inside_at_start": True}).teachers[0].head == "crf"
    assert configured(decoding={"inside_at_start": True}).decoding.inside_at_start
    with pytest.raises(ValueError, match="teachers: projection: a teacher that learns the source language tags"):
        configured(teachers=[{"learns": "projection", "translation": "aligned"}])
    same = [{"learns": "translation"}, {"learns": "source"}, {"learns": "translation", "translation": "words"}]
    with pytest.raises(ValueError, match=r"'translation' and 'translation, words' are one teacher, as .* is words"):
        configured(teachers=same)
    assert len(configured(teachers=[*same[:2], {**same[2], "head": "crf"}]).teachers) == 3
    config = configured(teachers=[{"learns": "translation"}, {"learns": "translation", "translation": "aligned"}])
    assert [config.translation_of(teacher).method for teacher in config.teachers] == ["words", "aligned"]
    assert [teacher.name for teacher in config.teachers] == ["translation", "translation, aligned"]
