"""Which model labels what, and who learns from it: Algorithm 1 of CoLaDa, written down call by call beside the flow."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import yaml
from recording import Recording

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.colada import Colada, algorithm
from flows.parts.aligned_labels import Reader
from flows.parts.corpora import Corpora, input_file, read_corpora
from flows.parts.encoder import take_encoder
from flows.parts.summary import Result
from flows.parts.translation import Translating, translate
from tasks.corpus.formats import CorpusFile
from tasks.corpus.read import read_corrections, read_gold, read_sentences
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.denoising.trust_corrections import trust_corrections
from tasks.distillation.train_collaborator import CollaboratorTraining, train_collaborator
from tasks.distillation.train_student import StudentTraining, train_student
from tasks.evaluation.bins import bin_reliability
from tasks.evaluation.cases import compare_cases
from tasks.evaluation.changed import measure_change
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.evaluation.consistency import measure_consistency
from tasks.evaluation.corrections import measure_corrections
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.decode import decode
from tasks.evaluation.detection import measure_detection
from tasks.evaluation.figures import draw_figures
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger

Configured = Callable[..., Colada]
SEED = 7
DEPTH = 2
# No two trainings have a setting in common that could be mistaken for the other's.
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "source_training": {"learning_rate": 1e-3, "seed": 100},
    "collaborator": {"learning_rate": 2e-3, "seed": 200},
    "student": {"learning_rate": 3e-3, "seed": 300},
    "reliability": {"neighbours": 11, "sharpness": 5.0},
    "collaboration": {"beta_soft_first": 0.6, "beta_hard_first": 0.3, "beta_soft_later": 0.8, "beta_hard_later": 0.1},
    "decoding": {"method": "argmax"},
    "inference": {"precision": "bf16"},
    "iterations": 3,
}
FIRST, LATER = (0.6, 0.3), (0.8, 0.1)
RELIABILITY = Reliability(neighbours=11, sharpness=5.0)


@pytest.fixture
def runtime(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Nothing is there whose layers could be counted."""
    monkeypatch.setattr("flows.colada.encoder_depth", lambda encoder, planned: DEPTH)
    return runtime


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration with the settings above, and others."""
    values: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    del values["method"]
    return lambda **changes: Colada.model_validate({**values, **SETTINGS, **changes})


class Expected:
    """Everything that Algorithm 1 makes, and what each is made of."""

    def __init__(
        self,
        config: Colada,
        runtime: Runtime,
        betas: list[tuple[float, float]],
        weighs: bool = True,
        from_collaborator: bool = False,
        trusted: Reliability = RELIABILITY,
        previous: Reference | None = None,
        dev: tuple[Reference, Reference] | None = None,
    ) -> None:
        """Runs the algorithm of the paper for as many iterations as there are betas."""
        corpora = read_corpora(config.source, config.target, config.parallel, config.labels, SEED, runtime)
        encoder = take_encoder(config.encoder, corpora, SEED, runtime)
        reader = Reader(encoder, config.windows, config.inference)
        d_trans = translate(
            Translating(corpora, config.translation, ("en", "de"), SEED, runtime), config.labels, reader
        )
        windows = config.windows
        source_training = TaggerTraining(learning_rate=1e-3, seed=100 + SEED)
        self.corpora, self.encoder, self.config = corpora, encoder, config

        self.m_src = train_tagger(corpora.train, encoder, source_training, windows)
        self.m_trans = [train_tagger(d_trans, encoder, source_training, windows)]
        self.previous = previous
        self.m_tgt = [previous or self.m_src]
        self.said: list[Reference] = []
        self.p_t: list[Reference] = []
        self.w: list[Reference | None] = []
        for i, (beta_1, beta_2) in enumerate(betas, start=1):
            # Step 1, lines 4 to 6: M_tgt^(i-1) labels D_trans; M_trans^(i) starts from it.
            p_u = label_words(self.m_tgt[i - 1], d_trans, windows, config.inference)
            w = score_reliability(self.m_tgt[i - 1], p_u, RELIABILITY, windows, config.inference) if weighs else None
            kept = {"keep_epochs": dev is not None}
            collaborator = CollaboratorTraining(learning_rate=2e-3, seed=200 + SEED + i, **kept)
            m_trans = train_collaborator(self.m_tgt[i - 1], d_trans, p_u, w, beta_1, beta_2, collaborator, windows)
            self.m_trans.append(self.chosen(m_trans, dev))
            # Step 2, lines 8 to 10: M_trans^(i) labels D_tgt; M_tgt^(i) learns from nothing else.
            said = p_t = label_words(self.m_trans[i], corpora.target, windows, config.inference)
            if corpora.corrections is not None:
                p_t = correct_soft_labels(said, corpora.corrections)
            w = score_reliability(self.m_trans[i], p_t, trusted, windows, config.inference) if weighs else None
            learnt = w
            if corpora.corrections is not None and w is not None:
                learnt = trust_corrections(p_t, w, corpora.corrections)
            student = config.student.model_copy(update={"seed": 300 + SEED + i, **kept})
            start = previous or (self.m_trans[i] if from_collaborator else encoder)
            m_tgt = train_student(start, p_t, learnt, student, windows)
            self.m_tgt.append(self.chosen(m_tgt, dev))
            self.said.append(said)
            self.p_t.append(p_t)
            self.w.append(w)

    def chosen(self, tagger: Reference, dev: tuple[Reference, Reference] | None) -> Reference:
        """The best epoch by the target's dev set, if it is to choose."""
        if dev is None:
            return tagger
        how = (self.config.windows, self.config.decoding, self.config.inference)
        sentences, gold = dev
        return choose_epoch(tagger, score_epochs(tagger, ("target dev",), (sentences,), (gold,), *how))

    def scored(self, tagger: Reference, name: str) -> dict[str, Reference]:
        """Scores on the only test set."""
        (test,) = self.corpora.tests
        said = predict_words(tagger, test.sentences, self.config.windows, self.config.decoding, self.config.inference)
        return {"test": score(said, test.gold, f"{name} on test")}


def check(recorded: Recording, result: Result, expected: Expected) -> None:
    """The student is the last M_tgt; the models on the way are those of the algorithm, each with its own scores."""
    shipped = recorded.arguments(result.student)
    last = len(expected.m_tgt) - 1
    recorded.check(shipped["tagger"], expected.m_tgt[last])
    recorded.check(shipped["texts"], (expected.corpora.target,))
    given = expected.corpora.corrections
    recorded.check(shipped["corrections"], () if given is None else (given,))
    recorded.check(shipped["scores"], tuple(expected.scored(expected.m_tgt[last], f"M_tgt^{last}").values()))
    assert (shipped["card"].name, shipped["card"].method) == ("crosstag-colada-en-de", "CoLaDa")

    corpora, config = expected.corpora, expected.config
    on_source = predict_words(expected.m_src, corpora.dev, config.windows, config.decoding, config.inference)
    source_dev = {"source dev": score(on_source, corpora.dev, "source-only (M_src) on source dev")}
    models = [
        ("source-only (M_src)", expected.m_src, expected.scored(expected.m_src, "source-only (M_src)") | source_dev),
        ("translate-train (M_trans^0)", expected.m_trans[0],
         expected.scored(expected.m_trans[0], "translate-train (M_trans^0)")),
    ]  # fmt: skip
    if expected.previous is not None:
        name = "previous student (M_tgt^0)"
        models = [(name, expected.previous, expected.scored(expected.previous, name))]
    assert corpora.target_gold is not None
    for i in range(1, last + 1):
        pseudo = f"pseudo-labels^{i}"
        known = score(
            decode(expected.said[i - 1], config.decoding), corpora.target_gold.gold, f"{pseudo} on target text"
        )
        models += [
            (f"M_trans^{i}", expected.m_trans[i], expected.scored(expected.m_trans[i], f"M_trans^{i}")),
            (pseudo, expected.said[i - 1], {"target text": known}),
            (f"M_tgt^{i}", expected.m_tgt[i], expected.scored(expected.m_tgt[i], f"M_tgt^{i}")),
        ]
    recorded.check([(model.name, model.reference, model.scores) for model in result.models], models)
    judged = [name for name, *_ in models if name.startswith(("source-only", "translate-train"))]
    recorded.check_outcomes(result, corpora.train, *judged, f"M_tgt^{last}")


def test_algorithm_1(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured()
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, [FIRST, LATER, LATER]))


def test_what_is_named_lies_where_the_run_looks_and_what_is_drawn_is_drawn_by_its_seed(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}  # A seed decides which sentences.
    translation = {"method": "import", "imported": {"path": "de.gold.conll"}}
    config = configured(source=source, translation=translation, encoder={"checkpoint": "./bert"}, iterations=1)
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, [FIRST]))


def test_an_iteration_lets_go_of_the_models_that_no_later_one_reads(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[tuple[Reference, ...]] = []
    monkeypatch.setattr("flows.colada.drop_models", lambda *models: dropped.append(models))
    config = configured()
    algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER, LATER])
    m_trans, m_tgt = expected.m_trans, expected.m_tgt
    # Not M_src, from which other methods start, nor the last M_tgt, which is shipped.
    recording.check(dropped, [(m_trans[1],), (m_trans[2], m_tgt[1]), (m_trans[3], m_tgt[2])])


@pytest.mark.parametrize("weighs", [True, False])
def test_corrections_stand_in_for_pseudo_labels_with_weight_1_and_their_effect_is_measured(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    data: Path,
    tmp_path: Path,
    weighs: bool,
) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    (tmp_path / "by_hand.jsonl").touch()
    target = {**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")}
    row = "none" if weighs else "no_instance_collaboration"
    config = configured(target=target, iterations=2, ablation=row, analysis={"compare": [{"neighbours": 3}]})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER], weighs)
    check(recording, result, expected)
    corpora = expected.corpora
    given = read_corrections(InputFile(path=str(tmp_path / "by_hand.jsonl")), corpora.target, corpora.train)
    recording.check(corpora.corrections, given)
    used, agreement = result.listings
    assert "has labels of the target language" in used.title and used.rows == {"target text": given}
    models = {
        "M_src": expected.m_src,
        "M_trans^1": expected.m_trans[1],
        "M_tgt^1": expected.m_tgt[1],
        "M_trans^2": expected.m_trans[2],
        "M_tgt^2": expected.m_tgt[2],
    }
    settings = (config.windows, config.decoding, config.inference)
    measured = {
        name: measure_corrections(given, predict_words(model, given, *settings)) for name, model in models.items()
    }
    recording.check(agreement.rows, measured)
    assert "iteration 1, compare 1: neighbours=3 (with corrections)" in result.detections
    # Neighbours vote over the labels that are learnt; how well they tell wrong ones is judged without the trust.
    if weighs:
        assert corpora.target_gold is not None and expected.w[0] is not None
        gold = corpora.target_gold.gold
        judged = measure_detection(expected.p_t[0], expected.w[0], gold, Decoding(method="argmax"))
        recording.check(result.detections["iteration 1 (with corrections)"], judged)


def test_labels_and_representations_are_made_in_one_pass(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, Any]] = []

    def spy(layers: Any, pooling: Any) -> AbstractContextManager[None]:
        asked.append((layers, pooling))
        return nullcontext()

    monkeypatch.setattr("flows.colada.one_pass", spy)
    algorithm(configured(iterations=1, reliability={"layers": "last3", "pooling": "mean"}), runtime)
    assert asked == [("last3", "mean")] * 2


def test_one_neighbour_is_enough_to_weigh_words(configured: Configured) -> None:
    assert configured(reliability={"neighbours": 1}).denoises_instances


def test_a_run_goes_on_from_an_earlier_student_and_trains_no_baseline(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = Reference(kind="tagger", key="ab", digest="cd")
    taken: list[tuple[str, Runtime]] = []

    def take(named: str, given: Runtime) -> Reference:
        taken.append((named, given))
        return earlier

    monkeypatch.setattr("flows.colada.take_previous", take)
    config = configured(student={**SETTINGS["student"], "start": "previous"}, previous="student/ab", iterations=2)
    result = algorithm(config, runtime)
    assert taken == [("student/ab", runtime)]
    assert "train_tagger" not in {made.step for made in recording.calls.values()}
    check(recording, result, Expected(config, runtime, [FIRST, LATER], previous=earlier))
    card = recording.arguments(result.student)["card"]
    assert (card.chosen_by_gold, card.previous) == (False, "student/ab")
    assert result.figures is not None
    (curve,) = recording.arguments(result.figures)["iterations"]
    drawn = recording.arguments(curve)
    assert list(zip(drawn["series"], drawn["xs"], strict=True))[:2] == [("M_tgt", 0.0), ("M_trans", 1.0)]


def test_epochs_are_chosen_on_the_targets_dev_set_where_that_is_asked_for(
    recording: Recording, runtime: Runtime, configured: Configured, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    target = {**tiny["target"], "dev": {"path": "de.gold.conll"}}
    config = configured(checkpoint="target_dev", target=target, iterations=2)
    dropped: list[tuple[Reference, ...]] = []
    monkeypatch.setattr("flows.parts.epochs.drop_models", lambda *models: dropped.append(models))
    result = algorithm(config, runtime)
    sentences = read_sentences(input_file("de.gold.conll", runtime), CorpusFile(path="x").without_path(), "de")
    gold = read_gold(input_file("de.gold.conll", runtime), CorpusFile(path="x").without_path(), config.labels, "de")
    check(recording, result, Expected(config, runtime, [FIRST, LATER], dev=(sentences, gold)))
    card = recording.arguments(result.student)["card"]
    assert (card.chosen_by_gold, card.previous) == (True, "")
    (told,) = result.listings
    assert "gold labels" in told.title
    assert list(told.rows) == ["M_trans^1", "M_tgt^1", "M_trans^2", "M_tgt^2"]
    assert told.rows["M_tgt^2"] == next(m.reference for m in result.models if m.name == "M_tgt^2")
    # What was chosen from is not read again.
    assert dropped == [(recording.arguments(chosen)["tagger"],) for chosen in told.rows.values()]

    notes = {"epoch": 2, "f1": [0.5, 0.75, 0.625]}
    monkeypatch.setattr(
        Store, "require", lambda _, chosen: {each: SimpleNamespace(notes=notes) for each in told.rows.values()}[chosen]
    )
    measured = told.measured(Store(runtime.store))
    assert [(column.name, column.form) for column in measured.columns] == [
        ("epoch", "count"),
        ("of", "count"),
        ("F1", "percent"),
        ("by epoch", "text"),
    ]
    assert measured.lines[0].cells == (2, 3, 0.75, "50.0 75.0 62.5")


def test_epochs_cannot_be_chosen_without_a_dev_set(configured: Configured) -> None:
    with pytest.raises(ValueError, match=r"checkpoint is target_dev and target\.dev is empty; name a labelled file"):
        configured(checkpoint="target_dev")


@pytest.mark.parametrize("settings", [{"student": {"start": "previous"}}, {"previous": "student/ab"}])
def test_an_earlier_student_is_named_where_it_is_used_and_only_there(
    configured: Configured, settings: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"to go on from an earlier student write student\.start: previous and"):
        configured(**settings)


def test_the_papers_betas(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    # 4.1: 0.5 and 0.5, then 0.9 and 0.1.
    config = configured(collaboration={}, iterations=2)
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, [(0.5, 0.5), (0.9, 0.1)]))


@pytest.mark.parametrize(
    ("row", "betas", "weighs"),
    [
        ("no_instance_collaboration", [FIRST, LATER, LATER], False),
        ("no_translation_denoising", [(0.0, 0.3), (0.0, 0.1), (0.0, 0.1)], True),
        ("no_iteration", [FIRST], True),
        ("no_model_collaboration", [(0.0, 0.3)], True),
        ("no_collaboration", [(0.0, 0.3)], False),
    ],
)
def test_rows_of_table_3(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    row: str,
    betas: list[tuple[float, float]],
    weighs: bool,
) -> None:
    config = configured(ablation=row)
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, betas, weighs))


@pytest.mark.parametrize(
    ("settings", "iterations", "refused"),
    [
        ({"beta_soft_first": 0, "beta_hard_first": 0}, 1, "from iteration 1 on, .* beta_soft_first is 0.0 "),
        ({"beta_soft_later": 0, "beta_hard_later": 0}, 2, "from iteration 2 on, .* beta_soft_later is 0.0 "),
        ({"beta_soft_later": 0, "beta_hard_later": 0}, 1, None),
        ({"beta_hard_first": 0, "beta_hard_later": 0}, 2, None),
        ({"beta_soft_first": 0, "beta_soft_later": 0}, 2, None),
    ],
)
def test_a_collaborator_learns_something_in_every_iteration(
    configured: Configured, settings: dict[str, Any], iterations: int, refused: str | None
) -> None:
    if refused is None:
        assert configured(collaboration=settings, iterations=iterations).iterations == iterations
        return
    with pytest.raises(ValueError, match=refused):
        configured(collaboration=settings, iterations=iterations)


def test_a_row_without_soft_labels_needs_the_translations_own(configured: Configured) -> None:
    collaboration = {"beta_hard_later": 0}
    assert configured(collaboration=collaboration, ablation="no_iteration").rounds == 1
    with pytest.raises(ValueError, match=r"beta_soft_later is 0\.0 \(ablation: no_translation_denoising\)"):
        configured(collaboration=collaboration, ablation="no_translation_denoising")


@pytest.mark.parametrize("nothing", [{"neighbours": 0}, {"enabled": False}])
def test_without_neighbours_no_word_is_weighed(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    nothing: dict[str, Any],
) -> None:
    config = configured(reliability=nothing)
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, [FIRST, LATER, LATER], weighs=False))
    assert result.detections == {}


def test_a_student_that_learns_decoded_labels_has_those_weighed(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    # The published code: labels of D_tgt are decoded, labels of D_trans stay soft.
    config = configured(student={**SETTINGS["student"], "targets": "viterbi"})
    trusted = Reliability(neighbours=11, sharpness=5.0, labels_from="viterbi")
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER, LATER], trusted=trusted)
    check(recording, result, expected)
    judged = [recording.arguments(each)["decoding"] for each in result.detections.values()]
    assert judged == [Decoding(method="viterbi")] * 3
    assert result.figures is not None
    binned = [recording.arguments(each)["decoding"] for each in recording.arguments(result.figures)["bins"]]
    assert binned == judged


def test_a_student_may_start_from_its_collaborator(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(student={**SETTINGS["student"], "start": "collaborator"})
    result = algorithm(config, runtime)
    check(recording, result, Expected(config, runtime, [FIRST, LATER, LATER], from_collaborator=True))


def test_trainings_have_the_papers_settings_by_default() -> None:
    # 4.1: 5e-5 for 3 epochs on source data; 2e-5 for 10 epochs of teacher-student learning; three frozen layers.
    assert (TaggerTraining().learning_rate, TaggerTraining().epochs) == (5e-5, 3)
    assert TaggerTraining().sentences_per_batch == 32
    for training in (CollaboratorTraining(), StudentTraining()):
        assert training.sentences_per_batch == 32
        assert (training.learning_rate, training.epochs, training.frozen_layers) == (2e-5, 10, 3)
    defaults = Colada.model_validate({"source": {"train": {"path": "a"}}, "target": {"text": {"path": "b"}}})
    assert (defaults.reliability.neighbours, defaults.reliability.sharpness, defaults.iterations) == (500, 6.0, 8)


# --- What is measured beside.


def test_weights_are_judged_by_the_pseudo_labels_that_they_weigh(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured()
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER, LATER])
    assert expected.corpora.target_gold is not None
    gold = expected.corpora.target_gold.gold
    weighed = [(p_t, w) for p_t, w in zip(expected.p_t, expected.w, strict=True) if w is not None]
    judged = {
        f"iteration {i}": measure_detection(p_t, w, gold, Decoding(method="argmax"))
        for i, (p_t, w) in enumerate(weighed, start=1)
    }
    recording.check(result.detections, judged)

    curve = [("M_tgt", 0, expected.scored(expected.m_src, "source-only (M_src)")["test"]),
             ("M_trans", 0, expected.scored(expected.m_trans[0], "translate-train (M_trans^0)")["test"])]  # fmt: skip
    for i in range(1, 4):
        curve += [(name, i, expected.scored(tagger, f"{name}^{i}")["test"])
                  for name, tagger in (("M_trans", expected.m_trans[i]), ("M_tgt", expected.m_tgt[i]))]  # fmt: skip
    decoded = [decode(p_t, config.decoding) for p_t in expected.p_t]
    curve += [("pseudo-labels (unlabelled text)", i, score(each, gold, f"pseudo-labels^{i} on target text"))
              for i, each in enumerate(decoded, start=1)]  # fmt: skip
    series, xs, scores = zip(*curve, strict=True)
    text = CurveText(title="test", x_name="iteration")
    figure_4 = trace_curve(scores, series, tuple(float(x) for x in xs), text)
    figure_5 = tuple(bin_reliability(p_t, w, gold, Decoding(method="argmax")) for p_t, w in weighed)
    recording.check(result.figures, draw_figures((figure_4,), figure_5, None))


def test_other_reliabilities_and_layers_weigh_the_first_iterations_labels(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Reference, int]] = []
    monkeypatch.setattr("flows.colada.encoder_depth", lambda *of: (asked.append(of), DEPTH)[1])
    other = {"neighbours": 3, "labels_from": "viterbi"}
    config = configured(iterations=2, analysis={"layers": True, "compare": [other]})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER])
    assert expected.corpora.target_gold is not None
    gold, m_trans, p_t = expected.corpora.target_gold.gold, expected.m_trans[1], expected.p_t[0]
    weights = score_reliability(m_trans, p_t, Reliability(**other), config.windows, config.inference)
    judged = measure_detection(p_t, weights, gold, Decoding(method="viterbi"))
    recording.check(result.detections["iteration 1, compare 1: neighbours=3 labels_from=viterbi"], judged)

    by_layer = tuple(
        score_reliability(
            m_trans, p_t, RELIABILITY.model_copy(update={"layers": layer}), config.windows, config.inference
        )
        for layer in (0, 1, "last")
    )
    recording.check(asked, [(expected.encoder, config.encoder.pretraining.layers)])
    assert result.figures is not None
    figure_6 = measure_consistency(p_t, by_layer, gold, Decoding(method="argmax"))
    recording.check(recording.arguments(result.figures)["consistency"], figure_6)


def test_cases_compare_the_first_and_the_last_tagger_of_the_translation(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(iterations=2, analysis={"cases": True})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST, LATER])
    reader = Reader(expected.encoder, config.windows, config.inference)
    d_trans = translate(
        Translating(expected.corpora, config.translation, ("en", "de"), SEED, runtime), config.labels, reader
    )
    said = [
        predict_words(expected.m_trans[i], d_trans, config.windows, config.decoding, config.inference) for i in (0, 2)
    ]
    (told,) = result.listings
    recording.check(told.rows, {"D_trans": compare_cases(d_trans, *said)})
    assert algorithm(configured(iterations=2), runtime).listings == ()


def test_cases_need_a_baseline(configured: Configured) -> None:
    with pytest.raises(ValueError, match=r"analysis\.cases compares with M_trans\^0"):
        configured(student={"start": "previous"}, previous="student/ab", analysis={"cases": True})


def test_gold_labels_of_the_text_change_no_training(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    def trainings() -> list[Reference]:
        return [each for each, made in recording.calls.items() if made.step.startswith("train_")]

    config = configured()
    algorithm(config, runtime)
    with_gold = trainings()
    target = config.target.model_copy(update={"text_gold": None})
    result = algorithm(config.model_copy(update={"target": target}), runtime)
    assert result.detections == {} and trainings() == with_gold  # none is new


# --- Early stop.


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[float]], list[Reference]]:
    """Tables that the flow reads come with these numbers in their first row, one after another."""

    def answer(column: str, numbers: list[float]) -> list[Reference]:
        asked: list[Reference] = []

        def table(self: Store, reference: Reference, columns: list[str] | None = None) -> pa.Table:
            asked.append(reference)
            return pa.table({column: [numbers[len(asked) - 1]]})

        monkeypatch.setattr(Store, "table", table)
        return asked

    return answer


@pytest.mark.parametrize(
    ("shares", "iterations"),
    [([0.4, 0.2, 0.1, 0.0], 4), ([0.1, 0.1], 2), ([0.2] * 4, 5)],  # at 0.2 itself nothing stops
)
def test_iterations_end_when_few_pseudo_labels_have_changed_since_the_last(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    answers: Callable[[str, list[float]], list[Reference]],
    shares: list[float],
    iterations: int,
) -> None:
    asked = answers("share", shares)
    config = configured(iterations=5, stop={"on": "unchanged", "changed_share_below": 0.2})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST] + [LATER] * (iterations - 1))
    check(recording, result, expected)
    p_t = expected.p_t
    recording.check(asked, [measure_change(before, now) for before, now in pairwise(p_t)])


@pytest.mark.parametrize(
    ("f1", "iterations"),
    [([0.5, 0.6, 0.55, 0.9, 0.9], 3), ([0.5, 0.5, 0.6, 0.6, 0.6], 5), ([0.5, 0.4], 2)],
)
def test_iterations_end_when_f1_on_source_sentences_falls(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    answers: Callable[[str, list[float]], list[Reference]],
    f1: list[float],
    iterations: int,
) -> None:
    asked = answers("f1", f1)
    config = configured(iterations=5, stop={"on": "source_dev"})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, [FIRST] + [LATER] * (iterations - 1))
    check(recording, result, expected)
    dev: Corpora = expected.corpora
    said = [
        predict_words(m_tgt, dev.dev, config.windows, config.decoding, config.inference) for m_tgt in expected.m_tgt[1:]
    ]
    recording.check(asked, [score(each, dev.dev, "source dev") for each in said])


@pytest.mark.parametrize(("on", "step"), [("unchanged", "measure_change"), ("source_dev", "score")])
def test_no_iteration_is_the_last_for_a_number_that_is_not_known_yet(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    monkeypatch: pytest.MonkeyPatch,
    on: str,
    step: str,
) -> None:
    # So it is while a run is planned: there is nothing to read.
    monkeypatch.setattr(f"flows.colada.{step}", lambda *_: Reference(kind="scores", key="ab", digest=""))
    config = configured(stop={"on": on, "changed_share_below": 1.0})
    result = algorithm(config, runtime)
    assert [model.name for model in result.models if model.name.startswith("M_tgt")] == [
        f"M_tgt^{i}" for i in (1, 2, 3)
    ]
