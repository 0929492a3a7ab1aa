"""Which model learns what, and whose labels: section 3 of GLoDe, written down call by call beside the flow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError
from recording import Recording

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.glode import Glode, algorithm, check
from flows.parts.corpora import ScoredText, read_corpora
from flows.parts.encoder import take_encoder
from tasks.corpus.corpus import load_corpus
from tasks.corpus.corrections import append_corrections, correction
from tasks.corpus.formats import CorpusFormat
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.correct_span_labels import correct_span_labels
from tasks.denoising.spans.refinement import Denoising
from tasks.distillation.refined_labels import refined_labels
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_denoised_student import train_denoised_student
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.evaluation.corrections import measure_corrections
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.decode_spans import decode_spans
from tasks.evaluation.entity_types import measure_reach, measure_types
from tasks.evaluation.scores import score
from tasks.evaluation.span_figures import draw_span_figures
from tasks.tagging.decoding import Decoding
from tasks.tagging.label_spans import SpanLabelling, label_spans
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words

Configured = Callable[..., Glode]
SEED = 7
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "spans": {"most_words": 3},
    "source_training": {"learning_rate": 1e-3, "seed": 100, "mlm_weight": 0.3},
    "labelling": {"overlapping": "outside"},
    "denoising": {"neighbours": 11, "beta_first": 0.9},
    "student": {"learning_rate": 3e-3, "seed": 300, "mlm_weight": 0.4, "epochs": 2},
    "inference": {"precision": "bf16"},
}
SHAPE, LABELLING = SpanShape(most_words=3), SpanLabelling(overlapping="outside")
SOURCE = SpanTraining(learning_rate=1e-3, seed=100 + SEED, mlm_weight=0.3)
WITHOUT_MLM = SpanTraining(learning_rate=1e-3, seed=100 + SEED, mlm_weight=0.0)
PLAIN, M_SRC, STUDENT = "source-only (L_src)", "source model (M_src)", "student (M_tgt)"
WORDS = "word tagger (of M_tgt)"


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration with the settings above, and others."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = {name: tiny[name] for name in ("source", "target", "parallel", "labels", "encoder", "windows")}
    return lambda **changes: Glode.model_validate({**values, **SETTINGS, **changes})


class Expected:
    """The models of 3.1 and 3.2."""

    def __init__(self, config: Glode, runtime: Runtime) -> None:
        """Trains the plain model and M_src."""
        self.config = config
        self.corpora = read_corpora(config.source, config.target, config.parallel, config.labels, SEED, runtime)
        self.encoder = take_encoder(config.encoder, self.corpora, SEED, runtime)
        train, windows = self.corpora.train, config.windows
        self.plain = train_span_tagger(train, None, self.encoder, SHAPE, WITHOUT_MLM, windows)
        self.m_src = train_span_tagger(train, self.corpora.target, self.encoder, SHAPE, SOURCE, windows)

    def labels(self, tagger: Reference) -> Reference:
        """The initial pseudo-labels."""
        return label_spans(tagger, self.corpora.target, LABELLING, self.config.windows, self.config.inference)

    def student(self, start: Reference, labels: Reference, omega: float = 0.4, **denoising: Any) -> Reference:
        """M_tgt."""
        training = SpanTraining(learning_rate=3e-3, seed=300 + SEED, mlm_weight=omega, epochs=2)
        refinement = Denoising(**{"neighbours": 11, "beta_first": 0.9, **denoising})
        texts = (self.corpora.train, self.corpora.target)
        settings = (refinement, training, self.config.windows)
        return train_denoised_student(start, self.encoder, *texts, labels, *settings)

    def word_tagger(self, student: Reference) -> Reference:
        """What learns M_tgt's labels of the raw text, and the source's, word by word, with its settings."""
        shared = {"learning_rate": 3e-3, "seed": 300 + SEED, "epochs": 2, "frozen_layers": 0}
        training = PanelStudentTraining(**shared, labelled_weight=1.0)
        said = label_words(student, self.corpora.target, self.config.windows, self.config.inference)
        return train_panel_student(self.encoder, said, None, self.corpora.train, training, self.config.windows)

    def scored(self, name: str, tagger: Reference, *more: ScoredText) -> dict[str, Reference]:
        """Scores by test set."""
        found = {}
        for text in (*self.corpora.tests, *more):
            tags = predict_words(tagger, text.sentences, self.config.windows, Decoding(), self.config.inference)
            found[text.name] = score(tags, text.gold, f"{name} on {text.name}")
        return found

    def known(self, name: str, labels: Reference) -> dict[str, Reference]:
        """Scores of pseudo-labels."""
        gold = self.corpora.target_gold
        assert gold is not None
        tags = decode_spans(labels, self.corpora.target)
        return {gold.name: score(tags, gold.gold, f"{name} on {gold.name}")}


def shipped(recorded: Recording, student: Reference) -> Reference:
    tagger: Reference = recorded.arguments(student)["tagger"]
    return tagger


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ({}, ["parallel text: parallel.en", "encoder: pretrained on these texts"]),
        ({"encoder": {"checkpoint": "./bert"}}, ["encoder: bert"]),
    ],
)
def test_the_card_names_parallel_text_where_the_encoder_is_pretrained_on_it(
    recording: Recording, runtime: Runtime, configured: Configured, encoder: dict[str, Any], told: list[str]
) -> None:
    card = recording.arguments(algorithm(configured(**encoder), runtime).student)["card"]
    assert list(card.data) == ["labels: en.conll", "unlabelled text: de.txt", *told]


def test_section_3(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured()
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    labels = expected.labels(expected.m_src)
    student = expected.student(expected.encoder, labels)
    recording.check(shipped(recording, result.student), student)
    recording.check(recording.arguments(result.student)["texts"], (expected.corpora.target,))
    after = [refined_labels(student, labels, epoch) for epoch in (1, 2)]
    dev = ScoredText("source dev", expected.corpora.dev, expected.corpora.dev)
    models = [
        (PLAIN, expected.plain, expected.scored(PLAIN, expected.plain, dev)),
        (M_SRC, expected.m_src, expected.scored(M_SRC, expected.m_src, dev)),
        ("initial labels", labels, expected.known("initial labels", labels)),
        ("labels after epoch 2", after[1], expected.known("labels after epoch 2", after[1])),
        (WORDS, word_tagger := expected.word_tagger(student), expected.scored(WORDS, word_tagger)),
        (STUDENT, student, expected.scored(STUDENT, student)),
    ]
    recording.check([(model.name, model.reference, model.scores) for model in result.models], models)
    arguments = recording.arguments(result.student)
    recording.check(arguments["scores"], tuple(expected.scored(STUDENT, student).values()))
    assert (arguments["card"].name, arguments["card"].method) == ("crosstag-glode-en-de", "GLoDe")
    recording.check_outcomes(result, expected.corpora.train, PLAIN, STUDENT)

    # A tagger of words is shipped beside it; its card has the F1 of both.
    assert result.word_student is not None
    recording.check(shipped(recording, result.word_student), word_tagger)
    both = (*expected.scored(WORDS, word_tagger).values(), *expected.scored(STUDENT, student).values())
    recording.check(recording.arguments(result.word_student)["scores"], both)

    # The evidence: labels of all epochs, entities out of reach, types of entities.
    corpora = expected.corpora
    assert corpora.target_gold is not None
    names = ("initial labels", "labels after epoch 1", "labels after epoch 2")
    by_epoch = [expected.known(name, each)["target text"] for name, each in zip(names, (labels, *after), strict=True)]
    epochs, reach = result.listings
    recording.check(epochs.rows, dict(zip("012", by_epoch, strict=True)))
    golds = {"source train": corpora.train, "target text": corpora.target_gold.gold, "test": corpora.tests[0].gold}
    recording.check(reach.rows, {name: measure_reach(gold, 3) for name, gold in golds.items()})
    said = [
        predict_words(model, corpora.target, config.windows, Decoding(), config.inference)
        for model in (expected.plain, expected.m_src)
    ]
    series = ("source, gold", "target text, gold", "target text, plain model", "target text, M_src")
    types = measure_types((corpora.train, corpora.target_gold.gold, *said), series)
    line = "pseudo-labels (unlabelled text)"
    text = CurveText(title=line, x_name="epoch (0: initial labels)")
    curve = trace_curve(tuple(by_epoch), (line,) * 3, (0.0, 1.0, 2.0), text)
    recording.check(result.figures, draw_span_figures(curve, types))


def test_corrections_stand_in_for_labels_of_spans_and_their_effect_is_measured(
    recording: Recording, runtime: Runtime, configured: Configured, data: Path, tmp_path: Path
) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    (tmp_path / "by_hand.jsonl").touch()
    config = configured(target={**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    given, said = expected.corpora.corrections, expected.labels(expected.m_src)
    assert given is not None
    labels = correct_span_labels(said, given)
    student = expected.student(expected.encoder, labels)
    recording.check(shipped(recording, result.student), student)
    recording.check(recording.arguments(result.student)["corrections"], (given,))
    assert result.word_student is not None
    learnt = recording.arguments(shipped(recording, result.word_student))["joint"]
    words = label_words(student, expected.corpora.target, config.windows, config.inference)
    recording.check(learnt, correct_soft_labels(words, given))
    recording.check(recording.arguments(result.word_student)["corrections"], (given,))
    by_name = {model.name: model.reference for model in result.models}
    recording.check(by_name["initial labels"], said)
    recording.check(by_name["labels after epoch 2 (with corrections)"], refined_labels(student, labels, 2))
    used, agreement, *_ = result.listings
    assert "has labels of the target language" in used.title and used.rows == {"target text": given}
    settings = (config.windows, Decoding(), config.inference)
    models = {"M_src": expected.m_src, "M_tgt": student}
    measured = {
        name: measure_corrections(given, predict_words(each, given, *settings)) for name, each in models.items()
    }
    recording.check(agreement.rows, measured)


def test_corrections_with_entities_that_no_span_can_hold_are_told_at_once(
    configured: Configured, data: Path, tmp_path: Path
) -> None:
    words = (data / "de.txt").read_text(encoding="utf-8").split("\n")[0]
    split = load_corpus(data / "de.txt", CorpusFormat(format="text"), None, "de").words[0]
    assert words and len(split) > 4
    tags = ["B-PER", *["I-PER"] * 3, *["O"] * (len(split) - 4)]
    rest = {"author": "ada", "sentences": "sentences/ab", "before": ["O"] * len(split)}
    append_corrections(tmp_path / "by_hand.jsonl", [correction(sentence_id=0, words=split, tags=tags, **rest)])
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    config = configured(target={**tiny["target"], "corrections": str(tmp_path / "by_hand.jsonl")})
    with pytest.raises(InputError, match=r"line 1: an entity of 4 words, and spans have at most 3; raise spans"):
        check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
    check(config.model_copy(update={"spans": SpanShape(most_words=4)}),
          Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))  # fmt: skip


def test_what_is_named_lies_where_the_run_looks_and_what_is_drawn_is_drawn_by_its_seed(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}  # A seed decides which sentences.
    config = configured(source=source, encoder={"checkpoint": "./bert"})
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    student = expected.student(expected.encoder, expected.labels(expected.m_src))
    recording.check(shipped(recording, result.student), student)


def test_the_student_starts_from_the_source_model_if_told_so(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(start="source")
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    student = expected.student(expected.m_src, expected.labels(expected.m_src))
    recording.check(shipped(recording, result.student), student)


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ("without_mlm", {"omega": 0.0}),
        ("without_denoising", {"levels": "none", "neighbours": 300, "beta_first": 0.95}),
        ("without_local", {"levels": "global", "neighbours": 300}),
        ("without_global", {"levels": "local"}),
        ("without_multiple_directions", {"directions": "top"}),
        ("without_mlm_init", {}),
    ],
)
def test_rows_of_table_3(
    recording: Recording, runtime: Runtime, configured: Configured, row: str, changed: dict[str, Any]
) -> None:
    config = configured(ablation=row)
    result = algorithm(config, runtime)
    made = [each.step for each in recording.calls.values()]
    expected = Expected(config, runtime)
    source = expected.plain if row == "without_mlm_init" else expected.m_src
    student = expected.student(expected.encoder, expected.labels(source), **changed)
    recording.check(shipped(recording, result.student), student)
    names = [model.name for model in result.models]
    assert (M_SRC in names) == (row != "without_mlm_init") and PLAIN in names
    assert result.figures is not None
    series = recording.arguments(recording.arguments(result.figures)["types"])["series"]
    assert ("target text, plain model" in series) == (row != "without_mlm_init")
    assert made.count("refined_labels") == (0 if row == "without_denoising" else 2)
    assert made.count("train_span_tagger") == (1 if row == "without_mlm_init" else 2)
    assert "train_panel_student" not in made and result.word_student is None


@pytest.mark.parametrize(("said", "weight"), [({}, 0.1), ({"contrastive_weight": 0.4, "temperature": 0.5}, 0.4)])
def test_the_row_of_table_4_draws_entities_together_in_the_place_of_hidden_text(
    recording: Recording, runtime: Runtime, configured: Configured, said: dict[str, float], weight: float
) -> None:
    settings = {name: {**SETTINGS[name], **said} for name in ("source_training", "student")}
    config = configured(ablation="language_agnostic", **settings)
    result = algorithm(config, runtime)
    student = recording.arguments(recording.arguments(result.student)["tagger"])
    (m_src,) = [model.reference for model in result.models if model.name == M_SRC]
    source = recording.arguments(m_src)
    assert source["masked"] is None
    for name, training in (("source_training", source["config"]), ("student", student["config"])):
        of_row = {"mlm_weight": 0.0, "contrastive_weight": weight, "temperature": said.get("temperature", 0.1)}
        assert training == SpanTraining(**{**SETTINGS[name], **of_row}).seeded(config.seed).as_read
    (plain,) = [model.reference for model in result.models if model.name == PLAIN]
    assert recording.arguments(plain)["config"].contrastive_weight == 0


def test_what_is_not_read_is_not_in_the_key_of_a_training(configured: Configured) -> None:
    def refinement(row: str, **denoising: Any) -> Denoising:
        return configured(ablation=row, denoising=denoising, student={"epochs": 3}).refinement

    far = {"neighbours": 3, "outside_share": 0.5, "local_threshold_factor": 0.9, "product": "bf16"}
    for name, value in far.items():
        assert refinement("without_local", **{name: value}) == refinement("without_local"), name
        assert refinement("without_global", **{name: value}) != refinement("without_global"), name
    assert refinement("without_local", direction_sum="each") == refinement("without_local")
    assert refinement("none", direction_sum="each") != refinement("none")
    read = {
        "dimensions": 8,
        "prototype_rate": 0.5,
        "beta_last": 0.7,
        "first_refinement": 2,
        "representations": "training",
    }
    for name, value in read.items():
        assert refinement("without_denoising", **{name: value}) == refinement("without_denoising"), name
        assert refinement("without_local", **{name: value}) != refinement("without_local"), name
    source = {"source_training": {"mlm_weight": 0.2, "mask_rate": 0.5}}
    assert configured(**source).plain_training == configured(source_training={}).plain_training
    assert configured(ablation="without_mlm", student={"mask_rate": 0.5}).target_training.mask_rate == 0.25
    assert configured(student={"mask_rate": 0.5}).target_training.mask_rate == 0.5
    assert configured(student={"temperature": 0.5}).target_training.temperature == 0.1
    assert configured(student={"temperature": 0.5, "contrastive_weight": 0.1}).target_training.temperature == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"ablation": "without_local", "denoising": {"levels": "local"}},
            "levels is local, but ablation without_local",
        ),
        ({"denoising": {"first_refinement": 3}}, "first_refinement is 3, and student.epochs is 2, so that no label"),
        ({"denoising": {"first_refinement": 2}}, "first_refinement is 2, and student.epochs is 2, so that no label"),
        ({"student": {"epochs": 1}}, "first_refinement is 1, and student.epochs is 1, so that no label"),
    ],
)
def test_a_row_that_is_another_and_labels_that_never_move_are_refused(
    configured: Configured, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        configured(**settings)
    assert configured(ablation="without_denoising", denoising={"first_refinement": 3}).refinement.levels == "none"
    assert configured(ablation="without_denoising", student={"epochs": 1}).target_training.epochs == 1
    assert configured(denoising={"levels": "none"}, student={"epochs": 1}).refinement.first_refinement == 1


def test_the_plain_model_is_trained_if_asked_for(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    result = algorithm(configured(score_source_only=False), runtime)
    assert [made.step for made in recording.calls.values()].count("train_span_tagger") == 1
    assert result.models[0].name == M_SRC
    assert result.figures is not None
    types = recording.arguments(recording.arguments(result.figures)["types"])
    assert types["series"] == ("source, gold", "target text, gold", "target text, M_src")
    # What M_src would be without hidden text is M_src of row 6, and is trained for it.
    result = algorithm(configured(score_source_only=False, ablation="without_mlm_init"), runtime)
    assert result.models[0].name == PLAIN


def test_without_gold_labels_epochs_are_tables_and_types_are_those_that_models_find(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    target = {**configured().target.model_dump(), "text_gold": None}
    result = algorithm(configured(target=target), runtime)
    steps = [made.step for made in recording.calls.values()]
    assert steps.count("refined_labels") == 2 and steps.count("decode_spans") == 3
    assert "trace_curve" not in steps and result.figures is not None
    drawn = recording.arguments(result.figures)
    assert drawn["quality"] is None
    series = recording.arguments(drawn["types"])["series"]
    assert series == ("source, gold", "target text, plain model", "target text, M_src")
    assert [model.name for model in result.models] == [PLAIN, M_SRC, WORDS, STUDENT]
    assert [listing.first for listing in result.listings] == ["text"]


def test_no_pictures_are_drawn_if_none_are_wanted(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    result = algorithm(configured(figures=False), runtime)
    assert result.figures is None and len(result.listings) == 2
    steps = {made.step for made in recording.calls.values()}
    assert not {"draw_span_figures", "trace_curve"} & steps and "measure_types" in steps


def test_no_word_tagger_is_made_if_none_is_wanted(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    result = algorithm(configured(word_tagger=False), runtime)
    assert result.word_student is None and WORDS not in [model.name for model in result.models]
    steps = [made.step for made in recording.calls.values()]
    assert "train_panel_student" not in steps and steps.count("export_student") == 1


def test_without_masked_text_the_source_model_is_the_plain_one_and_does_not_depend_on_raw_text(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    training = {**configured().source_training.model_dump(), "mlm_weight": 0.0}
    algorithm(configured(source_training=training), runtime)
    (both,) = (made.arguments for made in recording.calls.values() if made.step == "train_span_tagger")
    assert both["masked"] is None


def test_listings_show_scores_and_counts(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs, reach = algorithm(configured(), runtime).listings
    row = {"type": "overall", "precision": 0.5, "recall": 0.25, "f1": 1 / 3, "entities": 9, "too_long": 2}
    monkeypatch.setattr(Store, "table", lambda *_: pa.Table.from_pylist([row, {**row, "precision": 1.0}]))
    store = Store(runtime.store)
    assert epochs.measured(store).lines[0].cells == (0.5, 0.25, 1 / 3)
    assert reach.measured(store).lines[0].cells == (9, 2)


def test_settings_have_their_papers_defaults() -> None:
    # 3.1 and 4.1; UPSTREAM's spans of four words, for the paper does not say.
    config = Glode.model_validate({"source": {"train": {"path": "a"}}, "target": {"text": {"path": "b"}}})
    for training in (config.source_training, config.target_training):
        assert (training.learning_rate, training.epochs, training.sentences_per_batch) == (1e-5, 8, 32)
        assert (training.mask_rate, training.mlm_weight, training.loss_mean) == (0.25, 1e-3, "sentence")
    refinement = config.refinement
    assert (refinement.dimensions, refinement.neighbours, refinement.prototype_rate) == (128, 300, 0.99)
    assert (refinement.beta_first, refinement.beta_last, refinement.levels) == (0.95, 0.80, "both")
    assert (refinement.outside_share, refinement.local_threshold_factor, refinement.direction_sum) == (1, 1, "together")
    assert (refinement.first_refinement, refinement.directions, config.spans.most_words) == (1, "multiple", 4)
    assert refinement.representations == "epoch_end"
    assert config.target_training.seed == config.seed


def test_the_published_codes_departures_are_one_preset() -> None:
    config = Glode.model_validate(
        {"source": {"train": {"path": "a"}}, "target": {"text": {"path": "b"}}, "preset": "upstream"}
    )
    for training, epochs in ((config.source_training, 8), (config.student, 5)):
        assert (training.epochs, training.loss_mean, training.dropout) == (epochs, "word", 0.2)
        assert (training.adam_beta2, training.warmup_updates, training.warmup_fraction) == (0.98, 50, None)
    refinement = config.denoising
    assert (refinement.outside_share, refinement.local_threshold_factor) == (0.03, 0.9)
    assert (refinement.direction_sum, refinement.first_refinement) == ("each", 2)
    assert refinement.representations == "training"
    assert (config.labelling.overlapping, config.seed) == ("outside", 0)


def test_entities_that_are_all_too_long_are_refused_before_the_run(
    data: Path, tmp_path: Path, configured: Configured
) -> None:
    lines = ["New B-LOC", "York I-LOC", "City I-LOC", ". O", "", ". O"]
    (tmp_path / "long.conll").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = {"language": "en", "train": {"path": str(tmp_path / "long.conll")}}
    target = {"language": "de", "text": {"path": "de.txt", "format": "text"}}
    config = configured(source=source, target=target, labels={}, spans={"most_words": 2})
    where = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu")
    with pytest.raises(InputError, match=r"spans\.most_words: 2, but every entity .* 3 words or more"):
        check(config, where)
    check(configured(source=source, target=target, labels={}, spans={"most_words": 3}), where)
