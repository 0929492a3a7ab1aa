"""Which tagger tags what, and what each training sees: section 3 of CROP, written down call by call beside the flow."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from recording import Recording

from artifacts.inputs import InputFile, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, running
from artifacts.store import Store
from flows.crop import Crop, algorithm
from flows.parts.corpora import ScoredText, input_file, read_languages
from flows.parts.summary import Listing, Result
from tasks.corpus.formats import CorpusFile
from tasks.corpus.read import read_gold, read_parallel, read_sentences
from tasks.denoising.correct_training_set import correct_training_set
from tasks.denoising.settle_labels import settle_labels
from tasks.denoising.settling import Settling
from tasks.distillation.sampling import sample_sentences
from tasks.distillation.training_sets import training_set
from tasks.encoding.load import import_encoder
from tasks.encoding.pretrain import pretrain_encoder
from tasks.encoding.randomise import randomise_encoder
from tasks.evaluation.averages import average_bleu, average_scores
from tasks.evaluation.bleu import score_bleu
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.evaluation.corrections import measure_corrections
from tasks.evaluation.gather_figures import gather_figures
from tasks.evaluation.label_quality import draw_label_quality
from tasks.evaluation.projected import score_projection, score_settled
from tasks.evaluation.scores import score
from tasks.evaluation.text_map import TextMap, draw_text_map
from tasks.tagging.predict import predict_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translate_parallel import translate_parallel
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.machine.translator import import_translator
from tasks.translation.marked.gather import gather_translations
from tasks.translation.marked.markers import Marking
from tasks.translation.marked.read_markers import MarkerReading, read_markers
from tasks.translation.pairs.aligned_pairs import AlignedMarking, mark_aligned_pairs
from tasks.translation.pairs.judged_sentences import draw_with_entities
from tasks.translation.pairs.marker_quality import measure_markers
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs
from tasks.translation.pairs.plain_pairs import keep_pairs_plain
from tasks.translation.pairs.word_alignment import Alignment, align_words
from tasks.translation.projection.forward import ForwardReading, split_translation
from tasks.translation.projection.project_entities import EntityProjection, project_entities
from tasks.translation.projection.with_entities import keep_with_entities

Configured = Callable[..., Crop]
SEED = 7
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "source_training": {"learning_rate": 1e-3, "seed": 100},
    "multilingual_training": {"learning_rate": 2e-3, "seed": 200},
    "final_training": {"learning_rate": 3e-3, "seed": 300},
    "translator": {"training": {"learning_rate": 4e-3, "seed": 400}},
    "alignment": {"samplers": 2},
    "pairs": {"max_entities": 9, "seed": 500},
    "marking": {"max_entities": 8},
    "generation": {"beam_size": 2},
    "forward": {"min_language_letters": 11},
    "reading": {"min_language_letters": 12},
    "projection": {"max_length_words": 99},
    "settling": {"too_long": "relabel"},
    "decoding": {"method": "argmax"},
    "inference": {"precision": "bf16"},
    "score_translate_train": False,
}
ALIGNMENT, MARKING, GENERATION = Alignment(samplers=2), Marking(max_entities=8), Generation(beam_size=2)
SETTLING = Settling(too_long="relabel")
# The language that each target is translated as, and how back-translations into it are read.
READING = MarkerReading(min_language_letters=12)
UNFILTERED = MarkerReading(min_language_letters=12, language_filter="off")
TARGETS = {"de": ("de", READING), "nl": ("nl", READING), "eu": ("nl", UNFILTERED)}


@pytest.fixture(scope="module")
def files(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny corpora, the German ones also under the names of two other languages."""
    folder = Path(shutil.copytree(data, tmp_path_factory.mktemp("languages") / "data"))
    for german in (*folder.glob("de.*"), folder / "parallel.de"):
        for language in ("nl", "eu"):
            shutil.copy(german, german.with_name(german.name.replace("de", language)))
    return folder


@pytest.fixture
def runtime(files: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A run in a store that stays empty."""
    chosen = Runtime(store=str(tmp_path / "store"), data=str(files), device="cpu")
    with running(chosen):
        yield chosen
    assert not (tmp_path / "store").exists()


@pytest.fixture
def configured(files: Path) -> Configured:
    """Three targets: two with parallel text, and Basque, which is translated as if it were the second."""
    tiny: dict[str, Any] = yaml.safe_load((files / "tiny.yaml").read_text(encoding="utf-8"))

    def target(language: str, *parallel: tuple[str, str], **more: Any) -> dict[str, Any]:
        texts = [{"source": source, "target": target} for source, target in parallel]
        return {
            "language": language,
            "text": {"path": f"{language}.txt", "format": "text"},
            "text_gold": {"path": f"{language}.gold.conll"},
            "tests": [{"name": "test", "path": f"{language}.test.conll"}],
            "parallel": texts,
            **more,
        }

    targets = [
        target("de", ("parallel.en", "parallel.de"), ("en.conll", "de.txt")),
        target("nl", ("parallel.en", "parallel.nl")),
        target("eu", translated_as="nl", check_language=False),
    ]
    shared = {name: tiny[name] for name in ("source", "labels", "encoder", "windows")}
    return lambda **changes: Crop.model_validate({**shared, "targets": targets, **SETTINGS, **changes})


class Expected:
    """Everything that section 3 makes, and what each is made of."""

    def __init__(
        self,
        config: Crop,
        runtime: Runtime,
        encoder: Reference | None = None,
        dev: tuple[tuple[Reference, ...], tuple[Reference, ...]] | None = None,
    ) -> None:
        """Reads the corpora; pretrains the encoder, if none is given. `dev`: what epochs are chosen by, with gold."""
        corpora = read_languages(config.source, config.targets, config.parallel, config.labels, SEED, runtime)
        self.config, self.corpora, self.dev_sets = config, corpora, dev
        self.train, self.dev = corpora.train, corpora.dev
        self.raw = {text.language: text.sentences for text in corpora.targets}
        self.parallel = corpora.parallel
        texts = (self.train, self.raw["de"], self.raw["nl"], self.raw["eu"])
        pairs = (*self.parallel["de"], *self.parallel["nl"])
        pretraining = config.encoder.pretraining.model_copy(update={"seed": SEED})
        self.encoder = encoder or pretrain_encoder(texts, pairs, pretraining)
        self.theta_mt: Reference | None = None

    def tagger(self, data: Reference, learning_rate: float, seed: int) -> Reference:
        """A tagger, from the encoder."""
        keeps = self.dev_sets is not None
        training = TaggerTraining(learning_rate=learning_rate, seed=seed + SEED, keep_epochs=keeps)
        tagger = train_tagger(data, self.encoder, training, self.config.windows)
        if self.dev_sets is None:
            return tagger
        how = (self.config.windows, self.config.decoding, self.config.inference)
        names = tuple(f"{language} target dev" for language in TARGETS)
        return choose_epoch(tagger, score_epochs(tagger, names, *self.dev_sets, *how))

    def theta_src(self) -> Reference:
        """3.2: on the source corpus alone."""
        return self.tagger(self.train, 1e-3, 100)

    def tags(self, tagger: Reference, sentences: Reference) -> Reference:
        """f(x)."""
        return predict_words(tagger, sentences, self.config.windows, self.config.decoding, self.config.inference)

    def pairs(self, guided: bool = True, swaps: PairMarking | None = None) -> tuple[Reference, ...]:
        """3.3: what Theta_mt learns from, all languages together."""
        found: list[Reference] = []
        for text in (*self.parallel["de"], *self.parallel["nl"]):
            if not guided:
                found.append(keep_pairs_plain(text, 2))
                continue
            marking = AlignedMarking(max_entities=9, seed=500 + SEED)
            found.append(mark_aligned_pairs(text, align_words(text, ALIGNMENT), marking))
            if swaps is not None:
                found.append(mark_pairs(text, None, swaps, self.train))
        return tuple(found)

    def translator(self, pairs: tuple[Reference, ...], start: Reference | None = None) -> Reference:
        """Theta_mt, in both directions."""
        training = TranslatorTraining(learning_rate=4e-3, seed=400 + SEED, both_directions=True)
        self.theta_mt = train_translator(pairs, start, training)
        return self.theta_mt

    def projected(self) -> dict[str, Reference]:
        """3.4: forward translation, labelled back-translation, entity matching."""
        found = {}
        theta_mt = self.theta_mt or self.translator(self.pairs())
        by = convert_translator(theta_mt)
        for language, (translated_as, reading) in TARGETS.items():
            forward = translate_text(self.raw[language], by, translated_as, "en", None, GENERATION)
            english = split_translation(forward, ForwardReading(min_language_letters=11))
            tagged = self.tags(self.theta_src(), english)
            carried = keep_with_entities(tagged)  # A sentence of O alone is not translated back.
            back = translate_text(carried, by, "en", translated_as, MARKING, GENERATION)
            marked = read_markers(carried, back, reading)
            config = EntityProjection(max_length_words=99)
            found[language] = project_entities(self.raw[language], forward, tagged, marked, config)
        return found

    def theta_all(self, parts: dict[str, Reference]) -> Reference:
        """3.5: on the source corpus and all projections (Eq. 9)."""
        return self.tagger(training_set((self.train, *parts.values())), 2e-3, 200)

    def settled(self, theta_all: Reference) -> dict[str, Reference]:
        """4.1, iii: Theta_all labels the raw sentences; both labellings become one."""
        projected = self.projected()
        return {
            language: settle_labels(projected[language], self.tags(theta_all, raw), SETTLING)
            for language, raw in self.raw.items()
        }

    def final(self, parts: dict[str, Reference]) -> Reference:
        """The last tagger, on the source corpus and all settled labels."""
        return self.tagger(training_set((self.train, *parts.values())), 3e-3, 300)

    def scored(self, name: str, tagger: Reference, *more: ScoredText) -> dict[str, Reference]:
        """Scores by test set, and their mean."""
        texts = (*(test for target in self.corpora.targets for test in target.tests), *more)
        scores = {
            text.name: score(self.tags(tagger, text.sentences), text.gold, f"{name} on {text.name}") for text in texts
        }
        tests = tuple(scores[f"{language} test"] for language in TARGETS)
        return {**scores, "average": average_scores(tests, f"{name} on average")}

    def gold(self, language: str) -> Reference:
        """Gold labels of a language's raw text."""
        (known,) = [target.gold for target in self.corpora.targets if target.language == language]
        assert known is not None
        return known.gold


def check_shipped(recorded: Recording, result: Result, expected: Expected, name: str, tagger: Reference) -> None:
    """The student is this tagger with these scores, and the last model shown."""
    shipped = recorded.arguments(result.student)
    recorded.check(shipped["tagger"], tagger)
    recorded.check(shipped["texts"], tuple(text.sentences for text in expected.corpora.targets))
    source_dev = [ScoredText("source dev", expected.dev, expected.dev)] if "Theta_src" in name else []
    scores = expected.scored(name, tagger, *source_dev)
    recorded.check(result.models[-1].scores, scores)
    assert (result.models[-1].name, result.models[-1].reference) == (name, tagger)
    assert shipped["scores"] == tuple(scores.values())
    assert (shipped["card"].name, shipped["card"].method) == ("crosstag-crop-en-de-nl-eu", "CROP")
    baselines = [model.name for model in result.models if model.name.startswith(("source-only", "translate-train"))]
    recorded.check_outcomes(result, expected.train, *dict.fromkeys((*baselines, name)))


def steps(recorded: Recording) -> set[str]:
    return {made.step for made in recorded.calls.values()}


def test_section_3(recording: Recording, runtime: Runtime, configured: Configured) -> None:
    config = configured()
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    theta_all = expected.theta_all(expected.projected())
    final = expected.final(expected.settled(theta_all))
    check_shipped(recording, result, expected, "CROP (final)", final)

    projected, source_dev = expected.projected(), ScoredText("source dev", expected.dev, expected.dev)
    theta_src = expected.theta_src()
    quality = {
        series: {f"{language} target text": how(language) for language in TARGETS}
        for series, how in {
            "projected": lambda language: score_projection(
                projected[language], expected.gold(language), f"projected labels on {language} target text"
            ),
            "settled": lambda language: score_settled(
                projected[language],
                expected.tags(theta_all, expected.raw[language]),
                expected.gold(language),
                SETTLING,
                f"settled labels on {language} target text",
            ),
        }.items()
    }
    for series, scores in quality.items():
        name = f"{series} labels (sentences that have them)"
        scores["average target text"] = average_scores(tuple(scores.values()), f"{name} on average target text")
    models = [
        ("source-only (Theta_src)", expected.scored("source-only (Theta_src)", theta_src, source_dev)),
        ("projected labels (sentences that have them)", quality["projected"]),
        ("projected only (Theta_all)", expected.scored("projected only (Theta_all)", theta_all)),
        ("settled labels (sentences that have them)", quality["settled"]),
        ("CROP (final)", expected.scored("CROP (final)", final)),
    ]
    recording.check([(model.name, model.scores) for model in result.models], models)
    recording.check(result.listings[-1].rows, projected)
    bars = [quality[series][f"{language} target text"] for series in quality for language in TARGETS]
    figure_6 = draw_label_quality(tuple(bars), ("de", "nl", "eu") * 2, ("projected",) * 3 + ("settled",) * 3)
    recording.check(result.figures, figure_6)


@pytest.mark.parametrize("shipped", ["final tagger", "Theta_all", "Theta_src"])
def test_epochs_are_chosen_on_all_targets_dev_sets_where_that_is_asked_for(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch, shipped: str
) -> None:
    targets = [target.model_dump(mode="json", exclude_none=True) for target in configured().targets]
    for target in targets:
        target["dev"] = {"path": f"{target['language']}.gold.conll"}
    ablation = {"Theta_all": "without_self_training", "Theta_src": "without_projection"}.get(shipped, "none")
    config = configured(checkpoint="target_dev", targets=targets, ablation=ablation, score_translate_train=True)
    dropped: list[tuple[Reference, ...]] = []
    monkeypatch.setattr("flows.parts.epochs.drop_models", lambda *models: dropped.append(models))
    result = algorithm(config, runtime)

    format = CorpusFile(path="x").without_path()
    files = {language: input_file(f"{language}.gold.conll", runtime) for language in TARGETS}
    texts = tuple(read_sentences(file, format, language) for language, file in files.items())
    gold = tuple(read_gold(file, format, config.labels, language) for language, file in files.items())
    expected = Expected(config, runtime, dev=(texts, gold))
    (told,) = [listing for listing in result.listings if listing.title.startswith("epochs chosen")]
    assert told.title == "epochs chosen on the target languages' dev sets, by their gold labels; mean F1 there in %"
    names = ["Theta_src", "Translate-Train", "Theta_all", "final tagger"]
    if shipped == "Theta_src":
        names = names[:1]
        check_shipped(recording, result, expected, "source-only (Theta_src)", expected.theta_src())
    else:
        theta_all = expected.theta_all(expected.projected())
        if shipped == "Theta_all":
            names.remove("final tagger")
            check_shipped(recording, result, expected, "projected only (Theta_all)", theta_all)
        else:
            check_shipped(recording, result, expected, "CROP (final)", expected.final(expected.settled(theta_all)))
    assert list(told.rows) == names
    assert recording.arguments(result.student)["card"].chosen_by_gold
    assert told.rows[shipped] == result.models[-1].reference
    # What was chosen from is not read again.
    assert dropped == [(recording.arguments(chosen)["tagger"],) for chosen in told.rows.values()]


def test_epochs_cannot_be_chosen_without_a_dev_set_of_every_target(configured: Configured) -> None:
    targets = [target.model_dump(mode="json", exclude_none=True) for target in configured().targets]
    targets[0]["dev"] = {"path": "de.gold.conll"}
    with pytest.raises(ValueError, match=r"checkpoint is target_dev and dev is empty for nl, eu; name a labelled file"):
        configured(checkpoint="target_dev", targets=targets)


@pytest.fixture
def corrections(configured: Configured, tmp_path: Path) -> dict[str, Any]:
    """Targets of which the first and the last have corrections."""
    targets = [target.model_dump(mode="json") for target in configured().targets]
    for target in (targets[0], targets[2]):
        target["corrections"] = str(tmp_path / f"{target['language']}.jsonl")
        Path(target["corrections"]).touch()
    return {"targets": targets}


@pytest.mark.parametrize("most", [None, 20])
def test_corrected_sentences_are_learnt_by_both_multilingual_taggers_and_never_left_out(
    recording: Recording, runtime: Runtime, configured: Configured, corrections: dict[str, Any], most: int | None
) -> None:
    config = configured(**corrections, max_projected_sentences=most)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    given = {text.language: text.corrections for text in expected.corpora.targets}
    assert given["nl"] is None and given["de"] is not None and given["eu"] is not None
    said = (given["de"], given["eu"])

    def learnt(parts: dict[str, Reference]) -> Reference:
        chosen = tuple(parts.values())
        if most is not None:
            chosen = (sample_sentences(training_set(chosen), most, SEED),)
        return training_set((expected.train, correct_training_set(training_set(chosen), said)))

    theta_all = expected.tagger(learnt(expected.projected()), 2e-3, 200)
    final = expected.tagger(learnt(expected.settled(theta_all)), 3e-3, 300)
    check_shipped(recording, result, expected, "CROP (final)", final)
    recording.check(recording.arguments(result.student)["corrections"], said)
    used, agreement, *_ = result.listings
    recording.check(used.rows, {"de": said[0], "eu": said[1]})
    measured = {
        f"{name}, {language}": measure_corrections(given[language], expected.tags(model, given[language]))
        for name, model in (("Theta_src", expected.theta_src()), ("Theta_all", theta_all), ("CROP (final)", final))
        for language in ("de", "eu")
    }
    recording.check(agreement.rows, measured)
    # What the method itself projected is measured as it was.
    recording.check(result.listings[-1].rows, expected.projected())


def test_corrections_are_refused_where_nothing_is_projected(
    configured: Configured, corrections: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="ablation without_projection trains nothing on the text that was corrected"):
        configured(**corrections, ablation="without_projection")


def test_a_map_of_texts_stands_beside_the_labels_quality(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(text_map={"sentences": 50, "seed": 3}, ablation="without_self_training")
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    projected = expected.projected()
    assert expected.theta_mt is not None
    text_map = TextMap(sentences=50, seed=3 + SEED)
    figure_4 = draw_text_map(expected.theta_mt, tuple(projected.values()), ("de", "nl", "nl"), text_map)
    scores = [
        score_projection(projected[language], expected.gold(language), f"projected labels on {language} target text")
        for language in TARGETS
    ]
    figure_6 = draw_label_quality(tuple(scores), tuple(TARGETS), ("projected",) * 3)
    recording.check(result.figures, gather_figures((figure_4, figure_6)))

    whole = algorithm(config.model_copy(update={"ablation": "none"}), runtime)
    settled = [score_settled(projected[language], expected.tags(expected.theta_all(projected), expected.raw[language]),
                             expected.gold(language), SETTLING, f"settled labels on {language} target text")
               for language in TARGETS]  # fmt: skip
    series = ("projected",) * 3 + ("settled",) * 3
    figure_6 = draw_label_quality((*scores, *settled), tuple(TARGETS) * 2, series)
    recording.check(whole.figures, gather_figures((figure_4, figure_6)))


def test_nothing_is_drawn_where_no_gold_labels_are_known(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(ablation="without_self_training")
    targets = tuple(target.model_copy(update={"text_gold": None}) for target in config.targets)
    assert algorithm(config.model_copy(update={"targets": targets}), runtime).figures is None


def test_without_self_training_theta_all_is_shipped(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(ablation="without_self_training")
    result = algorithm(config, runtime)
    assert "settle_labels" not in steps(recording)
    expected = Expected(config, runtime)
    projected = expected.projected()
    check_shipped(recording, result, expected, "projected only (Theta_all)", expected.theta_all(projected))
    recording.check(result.listings[-1].rows, projected)
    assert result.figures is not None
    assert recording.arguments(result.figures)["series"] == ("projected",) * 3


def test_what_is_named_lies_where_the_run_looks_and_what_is_drawn_is_drawn_by_its_seed(
    recording: Recording, runtime: Runtime, configured: Configured, files: Path
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}  # A seed decides which sentences.
    config = configured(source=source, encoder={"checkpoint": "./bert"}, ablation="without_projection")
    result = algorithm(config, runtime)
    expected = Expected(config, runtime, import_encoder(InputFolder(path=str(files / "bert"))))
    check_shipped(recording, result, expected, "source-only (Theta_src)", expected.theta_src())


def test_languages_that_are_translated_alike_lend_each_other_their_parallel_text(configured: Configured) -> None:
    config = configured()
    german, dutch, basque = config.targets
    lent = basque.model_copy(update={"parallel": german.parallel[1:]})
    config = config.model_copy(update={"targets": (german, dutch, lent)})
    assert config.parallel == {"de": german.parallel, "nl": (*dutch.parallel, german.parallel[1])}
    assert config.direction == "en -> de, nl, eu"


@pytest.mark.parametrize("row", ["without_projection", "without_pretraining", "without_pretraining_and_projection"])
def test_rows_of_table_4(recording: Recording, runtime: Runtime, configured: Configured, row: str) -> None:
    config = configured(ablation=row)
    result = algorithm(config, runtime)
    assert ("train_translator" in steps(recording)) == (row == "without_pretraining")
    expected = Expected(config, runtime)
    if "without_pretraining" in row:
        expected.encoder = randomise_encoder(expected.encoder, SEED)
    if "projection" in row:
        check_shipped(recording, result, expected, "source-only (Theta_src)", expected.theta_src())
        return
    theta_all = expected.theta_all(expected.projected())
    check_shipped(recording, result, expected, "CROP (final)", expected.final(expected.settled(theta_all)))


def test_a_limit_draws_from_the_labels_of_all_languages_before_each_training(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(max_projected_sentences=5)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)

    def drawn(parts: dict[str, Reference]) -> dict[str, Reference]:
        return {"all": sample_sentences(training_set(tuple(parts.values())), 5, SEED)}

    theta_all = expected.theta_all(drawn(expected.projected()))
    final = expected.final(drawn(expected.settled(theta_all)))
    check_shipped(recording, result, expected, "CROP (final)", final)


def test_translate_train_sees_the_source_corpus_in_each_language_that_the_translator_knows(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    config = configured(score_translate_train=True)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    theta_mt = expected.translator(expected.pairs())
    parts = {}
    for language in ("de", "nl"):  # Basque is translated as nl, which comes once.
        translated = translate_text(expected.train, convert_translator(theta_mt), "en", language, MARKING, GENERATION)
        parts[language] = gather_translations((read_markers(expected.train, translated, READING),))
    tagger = expected.theta_all(parts)
    (model,) = [model for model in result.models if model.name == "translate-train"]
    recording.check(model.reference, tagger)
    recording.check(model.scores, expected.scored("translate-train", tagger))
    theta_all = expected.theta_all(expected.projected())
    check_shipped(recording, result, expected, "CROP (final)", expected.final(expected.settled(theta_all)))


# --- The translator.


@pytest.mark.parametrize(
    ("settings", "guided", "swaps"),
    [
        ({}, True, None),
        ({"alignment_guided": False}, False, None),
        ({"swapped_names": {"repeats": 1, "seed": 600}}, True, PairMarking(repeats=1, seed=600 + SEED)),
    ],
)
def test_the_translator_learns_plain_and_marked_pairs_of_all_languages(
    recording: Recording,
    runtime: Runtime,
    configured: Configured,
    settings: dict[str, Any],
    guided: bool,
    swaps: PairMarking | None,
) -> None:
    config = configured(**settings)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    expected.translator(expected.pairs(guided, swaps))
    theta_all = expected.theta_all(expected.projected())
    check_shipped(recording, result, expected, "CROP (final)", expected.final(expected.settled(theta_all)))


@pytest.mark.parametrize("fine_tune", [False, True])
def test_a_checkpoint_is_taken_as_it_is_or_trained_further(
    recording: Recording, runtime: Runtime, configured: Configured, tmp_path: Path, fine_tune: bool
) -> None:
    (tmp_path / "m2m").mkdir()
    choice = {**SETTINGS["translator"], "checkpoint": str(tmp_path / "m2m"), "fine_tune": fine_tune}
    config = configured(translator=choice)
    result = algorithm(config, runtime)
    assert ("mark_aligned_pairs" in steps(recording)) == fine_tune
    expected = Expected(config, runtime)
    start = import_translator((InputFolder(path=str(tmp_path / "m2m")),), (), None)
    if fine_tune:
        expected.translator(expected.pairs(), start)
    else:
        expected.theta_mt = start
    theta_all = expected.theta_all(expected.projected())
    check_shipped(recording, result, expected, "CROP (final)", expected.final(expected.settled(theta_all)))


def test_translations_of_held_out_text_are_judged_in_both_directions(
    recording: Recording, runtime: Runtime, configured: Configured, files: Path
) -> None:
    config = configured()
    held_out = {"source": "en.dev.conll", "target": "nl.test.conll"}
    targets = list(config.targets)
    targets[1] = type(targets[1]).model_validate({**targets[1].model_dump(), "translation_tests": [held_out]})
    result = algorithm(config.model_copy(update={"targets": tuple(targets)}), runtime)
    expected = Expected(config, runtime)
    theta_mt = expected.translator(expected.pairs())
    sides = (InputFile(path=str(files / held_out[side])) for side in ("source", "target"))
    pairs = read_parallel(*sides, "en", "nl")
    directions = {"nl.test.conll, en to nl": "forward", "nl.test.conll, nl to en": "backward"}
    converted = convert_translator(theta_mt)
    bleu = {
        name: score_bleu(translate_parallel(pairs, converted, direction, GENERATION), pairs)  # type: ignore[arg-type]
        for name, direction in directions.items()
    }
    recording.check(result.listings[0].rows, bleu)


def test_a_command_that_translates_never_hears_of_a_search(
    recording: Recording, runtime: Runtime, configured: Callable[..., Crop]
) -> None:
    held_out = {"source": "en.dev.conll", "target": "nl.test.conll"}
    target = {**configured().targets[1].model_dump(), "translation_tests": [held_out]}
    translator = {"external": {"command": "cat", "version": "1"}}
    algorithm(configured(translator=translator, targets=[target]), runtime)
    translating = [made for made in recording.calls.values() if made.step in ("translate_text", "translate_parallel")]
    assert {made.step for made in translating} == {"translate_text", "translate_parallel"}
    assert all(made.arguments["generation"] == Generation() for made in translating)
    marked = {made.arguments["marking"] is not None for made in translating if made.step == "translate_text"}
    assert marked == {True, False}  # There, and back.


def test_held_out_texts_of_one_name_are_told_apart_and_read_only_by_a_run_that_translates(
    recording: Recording, runtime: Runtime, configured: Configured, files: Path, tmp_path: Path
) -> None:
    held_out = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(files / "nl.test.conll", tmp_path / folder / "test.nl")
        held_out.append({"source": "en.dev.conll", "target": str(tmp_path / folder / "test.nl")})
    english = shutil.copy(files / "en.dev.conll", tmp_path / "two" / "test.en")
    held_out.append({"source": str(english), "target": held_out[1]["target"]})

    def run(**changes: Any) -> Result:
        config = configured(**changes)
        german, dutch, basque = config.targets
        dutch = type(dutch).model_validate({**dutch.model_dump(), "translation_tests": held_out})
        return algorithm(config.model_copy(update={"targets": (german, dutch, basque)}), runtime)

    run(ablation="without_projection")
    assert not any(
        "en.dev.conll" in str(made.arguments) for made in recording.calls.values() if made.step == "read_parallel"
    )
    there, back = "en to nl", "nl to en"
    other = tmp_path / "two" / "test.nl"
    texts = ("test.nl", other, f"{english} and {other}")
    names = [f"{text}, {direction}" for text in texts for direction in (there, back)]
    bleu = run().listings[0].rows
    means = ["average, X to en", "average, en to X", "average"]
    assert list(bleu) == [*names, *means]
    one, two = [bleu[name] for name in names[1::2]], [bleu[name] for name in names[::2]]
    expected = [average_bleu(tuple(some)) for some in (one, two, [*one, *two])]
    recording.check([bleu[name] for name in means], expected)


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("wanted", ["own", "both"])
def test_markers_are_judged_on_source_sentences_that_nothing_was_trained_on(
    recording: Recording, runtime: Runtime, configured: Configured, wanted: str, guided: bool
) -> None:
    config = configured(marker_quality=wanted, alignment_guided=guided, judged_sentences=6)
    result = algorithm(config, runtime)
    expected = Expected(config, runtime)
    translators = {}
    if guided or wanted == "both":
        translators["with alignment pairs"] = expected.translator(expected.pairs())
    if not guided or wanted == "both":
        translators["without"] = expected.translator(expected.pairs(guided=False))
    stages = {"with alignment pairs": "Theta_mt", "without": "Theta_mt without markers"}
    for name, theta_mt in translators.items():
        assert recording.calls[theta_mt].stage == stages[name]
    judged = {}
    for name, theta_mt in translators.items():
        for language in ("de", "nl"):
            judged_sentences = draw_with_entities(expected.dev, 6, SEED)
            by = convert_translator(theta_mt)
            translated = translate_text(judged_sentences, by, "en", language, MARKING, GENERATION)
            alignment = align_words(expected.parallel[language][0], ALIGNMENT)
            judged[f"en to {language} {name}"] = measure_markers(translated, alignment, ALIGNMENT)
    recording.check(list(result.listings[0].rows.items()), list(judged.items()))


@pytest.mark.parametrize("wanted", ["own", "both"])
def test_a_checkpoint_that_is_not_trained_here_is_the_only_one_whose_markers_are_judged(
    recording: Recording, runtime: Runtime, configured: Configured, tmp_path: Path, wanted: str
) -> None:
    (tmp_path / "m2m").mkdir()
    config = configured(marker_quality=wanted, translator={"checkpoint": str(tmp_path / "m2m")})
    assert list(algorithm(config, runtime).listings[0].rows) == ["en to de", "en to nl"]


# --- Tables.


def shown(listing: Listing, runtime: Runtime) -> tuple[str, dict[str, tuple[str, Any]]]:
    """A table's title, and of its first line the form and the value of each column."""
    measured = listing.measured(Store(runtime.store))
    columns = zip(measured.columns, measured.lines[0].cells, strict=True)
    return measured.title, {column.name: (column.form, value) for column, value in columns}


def test_tables_say_how_translations_markers_and_projections_were_judged(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(marker_quality="own")
    german, *others = config.targets
    held_out = [{"source": "en.dev.conll", "target": "de.test.conll"}]
    german = type(german).model_validate({**german.model_dump(), "translation_tests": held_out})
    bleu, markers, learnt, kept = algorithm(config.model_copy(update={"targets": (german, *others)}), runtime).listings

    row = {"bleu": 12.5, "brevity_penalty": 0.75, "sentences": 40}
    monkeypatch.setattr(Store, "table", lambda *_: pa.Table.from_pylist([row]))
    total = {"exact_match": 0.6, "overlap_f1": 0.7, "missing": 2, "spans": 8}
    pairs = {"pairs": {"plain": 90, "marked": 70}, "left_out": {"plain_too_long": 10, "marked_too_long": 30}}
    dropped = {"unmatched": 9, "language": 6, "too_long": 3, "unread": 1, "other": 1}
    monkeypatch.setattr(Store, "metadata", lambda *_: {"total": total, "kept": 10, "dropped": dropped, **pairs})
    title, cells = shown(bleu, runtime)
    assert title.startswith("translation of held-out text, BLEU")
    assert cells == {"BLEU": ("one decimal", 12.5), "brevity": ("two decimals", 0.75), "sentences": ("count", 40)}
    title, cells = shown(markers, runtime)
    assert title.startswith("markers of the source development sentences after translation")
    assert cells == {
        "exact": ("percent", 0.6),
        "overlap F1": ("percent", 0.7),
        "missing": ("percent", 2 / 8),
        "spans": ("count", 8),
    }
    title, cells = shown(learnt, runtime)
    assert title == "what the translator learnt from, and pairs that were left out"
    assert cells == {
        "plain": ("count", 90),
        "marked": ("count", 70),
        "plain, too long": ("count", 10),
        "marked, too long": ("count", 30),
    }
    title, cells = shown(kept, runtime)
    assert title == "projection into raw sentences"
    assert cells == {
        "labelled": ("count", 10),
        "of sentences": ("count", 30),
        "dropped": ("text", "unmatched 9, language 6, too_long 3, others 2"),
    }


def test_settings_have_their_papers_defaults() -> None:
    # 3.3 and 4.1: 0 to 10 spans, alpha = 0.5, at most 128 words; the discarded are relabelled.
    config = Crop.model_validate(
        {"source": {"train": {"path": "a"}}, "targets": [{"language": "de", "text": {"path": "b"}}]}
    )
    assert (config.pairs.min_entities, config.pairs.max_entities, config.pairs.marked_share) == (0, 10, 0.5)
    assert (config.projection.max_length_words, config.reading.max_length_words) == (128, 128)
    assert (config.projection.all_outside, config.settling.rule, config.settling.all_outside) == (
        "drop",
        "paper",
        "drop",
    )
