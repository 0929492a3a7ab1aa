"""Which data, which pairs, which weights, which start: sections 2 and 3 of ConNER, written down call by call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from recording import Recording

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from flows.conner import Conner, algorithm
from flows.parts.corpora import ParallelText, read_corpora, read_pairs
from flows.parts.encoder import take_encoder
from flows.parts.summary import Result
from flows.parts.translator import take_translator
from tasks.corpus.split import split_source
from tasks.distillation.pair_agreement import measure_pair_agreement
from tasks.distillation.train_consistent import ConsistencyTraining, train_consistent_tagger
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.predict import predict_words
from tasks.tagging.train_crf_tagger import SequenceTraining, train_crf_tagger
from tasks.translation.conjugate.find_pairs import find_pairs
from tasks.translation.conjugate.import_pairs import import_pairs
from tasks.translation.conjugate.placeholder_pairs import replace_marked
from tasks.translation.conjugate.translate_spans import SpanTranslating, translate_spans
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs

Configured = Callable[..., Conner]
SEED = 7
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "source_training": {"learning_rate": 1e-3, "seed": 100},
    "student": {"learning_rate": 3e-3, "seed": 300, "alpha": 0.3, "beta": 0.7, "divergence": "trans"},
    "pairs": {
        "marking": {"repeats": 3, "seed": 40},
        "translator": {"training": {"epochs": 2, "seed": 50}},
        "spans": {"max_spans": 4},
        "generation": {"beam_size": 2},
    },
    "decoding": {"method": "viterbi"},
    "inference": {"precision": "bf16"},
}
NO_PAIRS = {"divergence": "both"}  # Its default, as there is nothing to measure between.


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration with the settings above, and others."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = {name: tiny[name] for name in ("source", "target", "parallel", "labels", "encoder", "windows")}
    return lambda **changes: Conner.model_validate({**values, **SETTINGS, **changes})


class Expected:
    """The steps of section 2, each called once more."""

    def __init__(self, config: Conner, runtime: Runtime) -> None:
        self.config, self.runtime = config, runtime
        self.corpora = read_corpora(config.source, config.target, config.parallel, config.labels, SEED, runtime)
        self.encoder = take_encoder(config.encoder, self.corpora, SEED, runtime)
        share = config.source_share
        self.d_src = self.corpora.train if share == 1 else split_source(self.corpora.train, "dev", share, SEED)
        training = SequenceTraining(learning_rate=1e-3, seed=100 + SEED, keep_epochs=True)
        self.vanilla = self.chosen(train_crf_tagger(self.d_src, self.encoder, training, config.windows))

    def chosen(self, tagger: Reference) -> Reference:
        """The best epoch by the source's dev set, whose labels are no gold labels of the target."""
        how = (self.config.windows, Decoding(), self.config.inference)
        dev = self.corpora.dev
        return choose_epoch(tagger, score_epochs(tagger, ("source dev",), (dev,), (dev,), *how))

    def candidates(self) -> Reference:
        """What the weak tagger finds in raw text."""
        config = self.config
        return predict_words(self.vanilla, self.corpora.target, config.windows, Decoding(), config.inference)

    def pairs(self, tagged: Reference, languages: tuple[str, str]) -> Reference:
        """Alignment-free translation by a translator that is trained in its direction."""
        (each,) = self.config.parallel
        turned = ParallelText(source=each.target, target=each.source)
        (text,) = read_pairs((each if languages[0] == "en" else turned,), languages, self.runtime)
        marked = replace_marked(mark_pairs(text, None, PairMarking(repeats=3, seed=40 + SEED), self.d_src), False)
        translator = train_translator((marked,), None, TranslatorTraining(epochs=2, seed=50 + SEED))
        spans = SpanTranslating(max_spans=4, placeholder="slot")
        made = translate_spans(tagged, convert_translator(translator), *languages, spans, self.config.pairs.generation)
        return find_pairs(tagged, made, self.config.pairs.incomplete)

    def student(self, pairs: Reference | None, text: Reference | None, **weights: Any) -> Reference:
        """From the encoder, not from the vanilla tagger."""
        settings = {"learning_rate": 3e-3, "seed": 300 + SEED, "divergence": "trans", "keep_epochs": True, **weights}
        training = ConsistencyTraining(**settings)
        return self.chosen(
            train_consistent_tagger(self.d_src, pairs, text, self.encoder, training, self.config.windows)
        )


def agreements(expected: Expected, pairs: Reference, student: Reference, at_most: int) -> dict[str, Reference]:
    """What both models say of the same pairs."""
    how = (pairs, at_most, SEED, expected.config.windows, expected.config.inference)
    models = {"source-only (vanilla)": expected.vanilla, "student (ConNER)": student}
    return {name: measure_pair_agreement(model, *how) for name, model in models.items()}


def check_shipped(recorded: Recording, result: Result, expected: Expected, student: Reference, name: str) -> None:
    """The student is shipped with the scores of its CRF, and those of its emissions alone."""
    shipped = recorded.arguments(result.student)
    recorded.check(shipped["tagger"], student)
    recorded.check(shipped["texts"], (expected.corpora.target,))
    scores = []
    for decoding, called in ((Decoding(), name), (Decoding(method="argmax"), f"{name}, emissions alone")):
        for text in expected.corpora.tests:
            config = expected.config
            tags = predict_words(student, text.sentences, config.windows, decoding, config.inference)
            scores.append(score(tags, text.gold, f"{called} on {text.name}"))
    recorded.check(shipped["scores"], tuple(scores))
    assert (shipped["card"].name, shipped["card"].method) == ("crosstag-conner-en-de", "ConNER")
    assert (result.models[-1].name, result.models[-1].reference) == (name, student)
    # Names are seen in what was learnt from, which may be a part of the corpus.
    recorded.check_outcomes(result, expected.d_src, *dict.fromkeys(("source-only (vanilla)", name)))


def test_section_2(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured()
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    pairs = expected.pairs(expected.candidates(), ("de", "en"))
    student = expected.student(pairs, None, alpha=0.3, beta=0.7)
    check_shipped(recording, result, expected, student, "student (ConNER)")
    assert [model.name for model in result.models] == [
        "source-only (vanilla)", "candidate spans", "student (ConNER), emissions alone", "student (ConNER)"
    ]  # fmt: skip
    recording.check(result.models[0].reference, expected.vanilla)
    gold = expected.corpora.target_gold
    assert gold is not None
    found = score(expected.candidates(), gold.gold, f"candidate spans on {gold.name}")
    recording.check((result.models[1].reference, result.models[1].scores), (expected.candidates(), {gold.name: found}))
    assert set(result.models[0].scores) == set(result.models[-1].scores) == {"test", "source dev"}
    counted, agreed, epochs = result.listings
    recording.check(counted.rows, {"D_u^tgt": pairs})
    recording.check(agreed.rows, agreements(expected, pairs, student, 500))
    assert list(agreed.rows) == ["source-only (vanilla)", "student (ConNER)"]  # In the order that the warning takes.
    assert list(counted.columns) == ["sentences", "with a pair", "pairs", "dropped"] and callable(counted.cells)
    assert list(epochs.rows) == ["vanilla", "ConNER"] and "source's dev set" in epochs.title


@pytest.mark.parametrize(
    ("row", "weights"),
    [
        ("trans_unlabel", {"alpha": 0.0, "beta": 0.7}),
        ("dropout_label", {"alpha": 0.3, "beta": 0.0, **NO_PAIRS}),
        ("trans_label", {"alpha": 0.0, "beta": 0.7}),
        ("dropout_unlabel", {"alpha": 0.3, "beta": 0.0, "perturbed": "unlabelled", **NO_PAIRS}),
        ("word_replacement", {"alpha": 0.3, "beta": 0.0, "perturbation": "word_replacement", **NO_PAIRS}),
        ("gaussian_noise", {"alpha": 0.3, "beta": 0.0, "perturbation": "gaussian_noise", **NO_PAIRS}),
    ],
)
def test_rows_of_table_4_and_baselines(
    recording: Recording, runtime: Runtime, configured: Configured, row: str, weights: dict[str, Any]
) -> None:
    config = configured(ablation=row)
    result = algorithm(config, runtime)
    translated = {made.step for made in recording.calls.values()} & {"translate_spans", "predict_words"}
    assert ("translate_spans" in translated) == (row in ("trans_unlabel", "trans_label"))
    expected = Expected(config, runtime)
    pairs, text = None, None
    if row == "trans_unlabel":
        pairs = expected.pairs(expected.candidates(), ("de", "en"))
    if row == "trans_label":  # Entities of labelled sentences, translated into the target language.
        pairs = expected.pairs(expected.d_src, ("en", "de"))
    if pairs is not None:
        recording.check(result.listings[0].rows, {"D_l^src" if row == "trans_label" else "D_u^tgt": pairs})
    if row == "dropout_unlabel":
        text = expected.corpora.target
    student = expected.student(pairs, text, **weights)
    check_shipped(recording, result, expected, student, "student (ConNER)")
    measured = [listing.rows for listing in result.listings if "illegal on both" in listing.columns]
    recording.check(measured, [] if pairs is None else [agreements(expected, pairs, student, 500)])


def test_the_vanilla_model_alone(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured(ablation="vanilla")
    result = algorithm(config, runtime)
    assert "train_consistent_tagger" not in {made.step for made in recording.calls.values()}
    expected = Expected(config, runtime)
    check_shipped(recording, result, expected, expected.vanilla, "source-only (vanilla)")


def test_what_is_named_lies_where_the_run_looks_and_what_is_drawn_is_drawn_by_its_seed(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}  # A seed decides which sentences.
    config = configured(source=source, encoder={"checkpoint": "./bert"}, ablation="dropout_label")
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    student = expected.student(None, None, alpha=0.3, beta=0.0, **NO_PAIRS)
    check_shipped(recording, result, expected, student, "student (ConNER)")


def test_a_translator_that_is_named_is_trained_by_nobody_and_sees_spans_as_in_the_paper(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(pairs={"translator": {"checkpoint": "./m2m"}}, parallel=[])
    algorithm(config, runtime)
    (asked,) = (made.arguments for made in recording.calls.values() if made.step == "translate_spans")
    taken = take_translator(config.pairs.translator, (("de", "en"),), (), SEED, runtime)
    recording.check(asked["translator"], convert_translator(taken))
    assert asked["config"].placeholder == "span"
    assert not {"mark_pairs", "train_translator"} & {made.step for made in recording.calls.values()}
    spans = {"placeholder": "span"}
    assert configured(pairs={"spans": spans}).pairs.translating.placeholder == "span"
    files = {"original": "a", "translated": "b"}
    assert not configured(pairs={"imported": files}).pairs.trains and configured().pairs.trains


def test_a_command_that_translates_never_hears_of_a_search(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    translator = {"external": {"command": "cat", "version": "1"}}
    algorithm(configured(pairs={"translator": translator, "generation": {"beam_size": 2}}, parallel=[]), runtime)
    (asked,) = (made.arguments for made in recording.calls.values() if made.step == "translate_spans")
    assert asked["generation"] == Generation()


def test_imported_pairs_need_no_translator_and_no_candidates(
    recording: Recording, runtime: Runtime, configured: Configured, data: Path
) -> None:
    files = {"original": "de.txt", "translated": "parallel.en"}
    pairs = {**SETTINGS["pairs"], "imported": files, "incomplete": "sentence"}
    config = configured(pairs=pairs, measured_pairs=30)
    result = algorithm(config, runtime)
    steps = {made.step for made in recording.calls.values()}
    assert not steps & {"translate_spans", "train_translator", "find_pairs"}
    expected = Expected(config, runtime)
    made = import_pairs(*(InputFile(path=str(data / name)) for name in files.values()), "de", "en", "sentence")
    student = expected.student(made, None, alpha=0.3, beta=0.7)
    check_shipped(recording, result, expected, student, "student (ConNER)")
    recording.check(result.listings[1].rows, agreements(expected, made, student, 30))


_PARALLEL = "parallel text: parallel.en"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ablation": "vanilla"}, []),
        ({"ablation": "dropout_label"}, []),
        ({"ablation": "gaussian_noise"}, []),
        ({"ablation": "dropout_unlabel"}, ["unlabelled text: de.txt"]),
        ({}, ["pairs of unlabelled text with its translation: de.txt", _PARALLEL]),
        (
            {"ablation": "trans_label"},
            ["pairs of the labelled sentences with their translations: en.conll", _PARALLEL],
        ),
        (
            {"pairs": {"translator": {"checkpoint": "./m2m"}}, "parallel": []},
            ["pairs of unlabelled text with its translation: de.txt"],
        ),
        (
            {"pairs": {"imported": {"original": "./de.txt", "translated": "./parallel.en"}}},
            ["conjugate pairs: de.txt, parallel.en"],
        ),
        (
            {"ablation": "vanilla", "encoder": {"checkpoint": "pretrain"}},
            ["unlabelled text: de.txt", _PARALLEL],
        ),
    ],
)
def test_the_card_names_what_was_learnt_from(
    recording: Recording, runtime: Runtime, configured: Configured, settings: dict[str, Any], said: list[str]
) -> None:
    config = configured(**{"encoder": {"checkpoint": "./bert"}, **settings})
    card = recording.arguments(algorithm(config, runtime).student)["card"]
    encoder = "pretrained on these texts" if config.encoder.pretrains else "bert"
    assert list(card.data) == ["labels: en.conll", *said, f"encoder: {encoder}"]


def test_a_low_resource_source_is_what_all_learn_from(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(source_share=0.25)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    pairs = expected.pairs(expected.candidates(), ("de", "en"))
    student = expected.student(pairs, None, alpha=0.3, beta=0.7)
    check_shipped(recording, result, expected, student, "student (ConNER)")


def test_the_last_epoch_goes_on_if_it_is_asked_for(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    result = algorithm(configured(checkpoint="last"), runtime)
    assert "choose_epoch" not in {made.step for made in recording.calls.values()}
    tagger = recording.arguments(result.student)["tagger"]
    assert recording.calls[tagger].step == "train_consistent_tagger"
    assert not recording.arguments(tagger)["config"].keep_epochs


def test_rows_that_leave_nothing_are_refused(configured: Configured) -> None:
    imported = {"imported": {"original": "a", "translated": "b"}}
    with pytest.raises(ValidationError, match="trans_label translates labelled sentences"):
        configured(ablation="trans_label", pairs=imported)
    with pytest.raises(ValidationError, match="leaves no consistency whose weight is not 0"):
        configured(ablation="dropout_label", student={"alpha": 0.0})
    assert configured(ablation="vanilla", student={"alpha": 0.0}).consistency.beta == 0


@pytest.mark.parametrize(
    ("row", "student", "message"),
    [
        ("dropout_label", {"perturbation": "word_replacement"}, "perturbation is word_replacement, but ablation"),
        ("dropout_label", {"perturbed": "unlabelled"}, "perturbed is unlabelled, but ablation dropout_label is"),
        ("gaussian_noise", {"perturbation": "word_replacement"}, "gaussian_noise is the row with gaussian_noise"),
        ("none", {"dropout": 0.0}, "student.dropout is 0.0, and dropout makes no second view"),
        ("gaussian_noise", {"dropout": 0.0, "noise_deviation": 0.0}, "gaussian_noise makes no second view"),
        ("none", {"noise_deviation": 0.2}, "student.noise_deviation is 0.2, but second views are made by dropout"),
        ("gaussian_noise", {"replaced_share": 0.2}, "replaced_share is 0.2, but second views are made by gauss"),
    ],
)
def test_settings_that_a_row_contradicts_or_never_reads_are_refused(
    configured: Configured, row: str, student: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        configured(ablation=row, student=student)


def test_settings_that_fit_their_row_or_are_left_out_with_a_part_of_it_are_taken(configured: Configured) -> None:
    noisy = configured(ablation="gaussian_noise", student={"dropout": 0.0, "noise_deviation": 0.2})
    assert noisy.consistency.noise == 0.2
    assert configured(ablation="word_replacement", student={"perturbed": "unlabelled"}).consistency.reads_raw_text
    # Rows without L_drop have no second views.
    kept = configured(ablation="trans_unlabel", student={"dropout": 0.0, "perturbed": "unlabelled"}).consistency
    assert (kept.perturbed, kept.divergence) == ("labelled", "both") and not kept.reads_raw_text
    assert configured(ablation="trans_unlabel", student={"noise_deviation": 0.2}).consistency.noise == 0


def test_what_a_row_does_not_read_is_not_in_the_key_of_its_training(configured: Configured) -> None:
    def consistency(row: str, **student: Any) -> ConsistencyTraining:
        return configured(ablation=row, student=student).consistency

    assert consistency("dropout_label", divergence="trans", unlabelled_per_batch=3) == consistency("dropout_label")
    assert consistency("dropout_unlabel", unlabelled_per_batch=3) != consistency("dropout_unlabel")
    assert consistency("trans_unlabel", perturbation="gaussian_noise") == consistency("trans_unlabel")
    for read in ({"divergence": "trans"}, {"unlabelled_per_batch": 3}, {"consistency_mean": "batch"}, {"beta": 0.1}):
        assert consistency("trans_unlabel", **read) != consistency("trans_unlabel"), read
    assert consistency("vanilla", consistency_mean="batch") == consistency("vanilla")
    assert consistency("trans_unlabel", illegal="left_out") != consistency("trans_unlabel")
    assert consistency("dropout_label", illegal="left_out") == consistency("dropout_label")


def test_what_a_crf_cannot_decode_is_told_before_anything_is_trained(configured: Configured) -> None:
    with pytest.raises(ValidationError, match="a CRF under BIOES knows no entity without a beginning"):
        configured(decoding={"inside_at_start": True})
    assert configured(decoding={"inside_at_start": True, "method": "argmax"}).decoding.inside_at_start


def test_settings_have_the_papers_defaults() -> None:
    # 3.2: alpha = beta = 0.5, 16 + 16 sentences, 2e-5, 10 epochs, the epoch chosen on the English dev set; Eq. 5c.
    config = Conner.model_validate({"source": {"train": {"path": "a"}}, "target": {"text": {"path": "b"}}})
    student = config.consistency
    assert (student.alpha, student.beta, student.divergence) == (0.5, 0.5, "both")
    assert (student.sentences_per_batch, student.unlabelled_per_batch) == (16, 16)
    assert (student.perturbation, student.perturbed) == ("dropout", "labelled")
    for training in (student, config.source_training):
        assert (training.learning_rate, training.epochs, training.frozen_layers) == (2e-5, 10, 0)
        assert training.sentences_per_batch == 16
    assert (config.checkpoint, config.source_share, config.pairs.spans.spans) == ("source_dev", 1.0, "alone")
