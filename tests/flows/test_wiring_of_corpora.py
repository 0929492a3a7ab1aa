"""Which file becomes what, and what D_trans is made of: the parts that the methods share, call by call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import Recording

from artifacts.inputs import HubModel, InputFile, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from flows.colada import Colada
from flows.parts.aligned_labels import Reader
from flows.parts.corpora import Corpora, ScoredText, read_corpora
from flows.parts.encoder import take_encoder
from flows.parts.translation import translate
from flows.parts.translator import TranslatorChoice, take_translator
from tasks.aligned.candidates import CandidateSpans
from tasks.aligned.eflomal_alignment import align_by_eflomal
from tasks.aligned.encoder_alignment import EncoderAlignment, align_by_encoder
from tasks.aligned.join_alignments import join_alignments
from tasks.aligned.place_labels import LabelPlacing, place_labels
from tasks.aligned.rank_places import rank_places
from tasks.aligned.ranking import PlaceRanking
from tasks.aligned.score_candidates import score_candidates
from tasks.corpus.formats import CorpusFile, CorpusFormat
from tasks.corpus.read import read_gold, read_labelled, read_parallel, read_sentences
from tasks.corpus.split import split_source
from tasks.encoding.load import import_encoder
from tasks.encoding.pretrain import pretrain_encoder
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.translation.alignment import AlignmentConfig, align_vectors
from tasks.translation.imported import import_translation
from tasks.translation.lexicon import LexiconConfig, induce_lexicon
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.machine.translator import import_translator
from tasks.translation.marked.entities import list_entities
from tasks.translation.marked.gather import gather_translations
from tasks.translation.marked.lost_markers import keep_lost
from tasks.translation.marked.markers import Marking
from tasks.translation.marked.read_markers import MarkerReading, read_markers
from tasks.translation.marked.read_plain import read_plain
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs
from tasks.translation.pairs.plain_pairs import keep_pairs_plain
from tasks.translation.pairs.word_alignment import Alignment, align_words
from tasks.translation.vector_files import VectorFile, load_vectors
from tasks.translation.vectors import VectorTraining, train_vectors
from tasks.translation.words import WordTranslation, translate_words

Configured = Callable[..., Colada]
SEED = 7
TRANSLATION: dict[str, Any] = {
    "vectors": {"training": {"dimension": 8}, "loading": {"max_words": 44}},
    "alignment": {"seed_words": 55},
    "lexicon": {"max_source_words": 66},
    "words": {"copy_types": ["ORG"], "seed": 600},
    "marked": {
        "translator": {"training": {"learning_rate": 4e-3, "seed": 400}},
        "pairs": {"repeats": 1, "seed": 500},
        "marking": {"max_entities": 8},
        "generation": {"beam_size": 2},
        "reading": {"min_language_letters": 12},
    },
}


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration, with two parallel texts."""
    values: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    del values["method"]
    values["parallel"].append({"source": "de.txt", "target": "parallel.en"})
    return lambda **changes: Colada.model_validate({**values, "seed": SEED, **changes})


def corpora_of(config: Colada, runtime: Runtime) -> Corpora:
    return read_corpora(config.source, config.target, config.parallel, config.labels, config.seed, runtime)


@pytest.fixture
def file(data: Path) -> Callable[[str], InputFile]:
    return lambda name: InputFile(path=str(data / name))


# --- Corpora.


def test_each_file_becomes_what_it_is_named_as(
    recording: Recording, runtime: Runtime, configured: Configured, file: Callable[[str], InputFile]
) -> None:
    config = configured()
    labels, columns, text = config.labels, CorpusFormat(), CorpusFormat(format="text")
    sentences = read_sentences(file("de.txt"), text, "de")
    gold = read_gold(file("de.gold.conll"), columns, labels, "de")
    test = config.target.tests[0].without_path()
    tests = ScoredText(
        "test",
        read_sentences(file("de.test.conll"), test, "de"),
        read_gold(file("de.test.conll"), test, labels, "de"),
    )
    expected = {
        "train": read_labelled(file("en.conll"), columns, labels, "en"),
        "dev": read_labelled(file("en.dev.conll"), columns, labels, "en"),
        "target": sentences,
        "target_gold": ScoredText("target text", sentences, gold),
        "tests": (tests,),
        "parallel": (
            read_parallel(file("parallel.en"), file("parallel.de"), "en", "de"),
            read_parallel(file("de.txt"), file("parallel.en"), "en", "de"),
        ),
        "corrections": None,
    }
    recording.check(vars(corpora_of(config, runtime)), expected)


def test_without_a_file_development_sentences_are_split_off_the_labelled_ones(
    recording: Recording, runtime: Runtime, configured: Configured, file: Callable[[str], InputFile]
) -> None:
    source = {"language": "en", "train": {"path": "en.conll"}, "dev_fraction": 0.3}
    config = configured(source=source)
    whole = read_labelled(file("en.conll"), CorpusFormat(), config.labels, "en")
    corpora = corpora_of(config, runtime)
    recording.check(corpora.train, split_source(whole, "train", 0.3, SEED))
    recording.check(corpora.dev, split_source(whole, "dev", 0.3, SEED))


def test_an_encoder_is_pretrained_on_both_languages_or_imported(
    recording: Recording, runtime: Runtime, configured: Configured, tmp_path: Path
) -> None:
    config = configured()
    corpora = corpora_of(config, runtime)
    pretraining = config.encoder.pretraining.model_copy(update={"seed": SEED})
    expected = pretrain_encoder((corpora.train, corpora.target), corpora.parallel, pretraining)
    recording.check(take_encoder(config.encoder, corpora, SEED, runtime), expected)
    (tmp_path / "bert").mkdir()
    config = configured(encoder={"checkpoint": str(tmp_path / "bert")})
    imported = import_encoder(InputFolder(path=str(tmp_path / "bert")))
    recording.check(take_encoder(config.encoder, corpora, SEED, runtime), imported)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every branch of a model has a commit that tells its name."""

    def resolve(name: str, revision: str) -> HubModel:
        return HubModel(name=name, commit=f"commit of {revision}")

    monkeypatch.setattr(HubModel, "resolve", resolve)


@pytest.mark.usefixtures("hub")
def test_an_encoder_and_a_translator_of_the_hub_are_those_of_their_revision(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    named = HubModel(name="our-bert", commit="commit of tuesday")
    config = configured(encoder={"checkpoint": "our-bert", "revision": "tuesday"})
    encoder = take_encoder(config.encoder, corpora_of(config, runtime), SEED, runtime)
    recording.check(encoder, import_encoder(named))
    translator = take_translator(
        TranslatorChoice(checkpoint="our-bert", revision="tuesday"), (("en", "de"),), (), SEED, runtime
    )
    recording.check(translator, import_translator((named,), (), None))


# --- D_trans.


def lexicon(
    corpora: Corpora,
    vectors: tuple[Reference, Reference] | None = None,
    seed: InputFile | None = None,
    test: InputFile | None = None,
    supplied: InputFile | None = None,
) -> Reference:
    """Each language's vectors see its own corpus and both sides of the parallel texts, of which they take their own."""
    training = VectorTraining(dimension=8)
    source, target = vectors or (
        train_vectors((corpora.train, *corpora.parallel), training, "en"),
        train_vectors((corpora.target, *corpora.parallel), training, "de"),
    )
    alignment = align_vectors(source, target, seed, test, AlignmentConfig(seed_words=55))
    return induce_lexicon(source, target, alignment, LexiconConfig(max_source_words=66), supplied)


def by_words(corpora: Corpora, induced: Reference) -> Reference:
    words = WordTranslation(copy_types=("ORG",), seed=600 + SEED)
    return translate_words(corpora.train, induced, corpora.target, (), words, "de")


def by_markers(corpora: Corpora, translator: Reference) -> Reference:
    converted = convert_translator(translator)
    output = translate_text(corpora.train, converted, "en", "de", Marking(max_entities=8), Generation(beam_size=2))
    return read_markers(corpora.train, output, MarkerReading(min_language_letters=12))


def translator(corpora: Corpora, induced: Reference | None, start: Reference | None = None) -> Reference:
    marking = PairMarking(repeats=1, seed=500 + SEED)
    pairs = tuple(mark_pairs(each, induced, marking, corpora.train) for each in corpora.parallel)
    return train_translator(pairs, start, TranslatorTraining(learning_rate=4e-3, seed=400 + SEED))


@pytest.fixture
def translated(runtime: Runtime, configured: Configured) -> Callable[..., tuple[Corpora, Reference]]:
    """Corpora and D_trans, as these settings of the translation make it."""

    def run(**changes: Any) -> tuple[Corpora, Reference]:
        config = configured(translation={**TRANSLATION, **changes})
        corpora = corpora_of(config, runtime)
        encoder = take_encoder(config.encoder, corpora, SEED, runtime)
        reader = Reader(encoder, WindowConfig(max_length_subwords=99), Inference(precision="bf16"))
        return corpora, translate(config.translating(corpora, runtime), config.labels, reader)

    return run


Translated = Callable[..., tuple[Corpora, Reference]]


def test_word_by_word(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="words")
    recording.check(d_trans, by_words(corpora, lexicon(corpora)))


def test_words_in_true_case_are_learnt_from_the_parallel_text_too(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="words", words={**TRANSLATION["words"], "casing": "truecase"})
    words = WordTranslation(copy_types=("ORG",), casing="truecase", seed=600 + SEED)
    induced = lexicon(corpora)
    recording.check(d_trans, translate_words(corpora.train, induced, corpora.target, corpora.parallel, words, "de"))


def test_word_by_word_with_files_of_vectors_and_lexicons(
    recording: Recording, translated: Translated, file: Callable[[str], InputFile]
) -> None:
    files = {"seed_lexicon": "de.txt", "test_lexicon": "parallel.de", "supplied_lexicon": "parallel.en"}
    vectors = {**TRANSLATION["vectors"], "source_file": "en.conll", "target_file": "de.gold.conll"}
    corpora, d_trans = translated(method="words", vectors=vectors, **files)
    loading = VectorFile(max_words=44)
    loaded = (load_vectors(file("en.conll"), "en", loading), load_vectors(file("de.gold.conll"), "de", loading))
    induced = lexicon(corpora, loaded, file("de.txt"), file("parallel.de"), file("parallel.en"))
    recording.check(d_trans, by_words(corpora, induced))


def test_by_markers(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="marked")
    theta_mt = translator(corpora, lexicon(corpora))
    recording.check(d_trans, gather_translations((by_markers(corpora, theta_mt),)))


def test_entities_between_brackets_are_told_apart_by_their_own_translations(
    recording: Recording, translated: Translated
) -> None:
    external = {"command": "cat", "version": "1"}
    marking = {"form": "brackets", "max_entities": 8}
    marked = {**TRANSLATION["marked"], "translator": {"external": external}, "marking": marking}
    corpora, d_trans = translated(method="marked", marked=marked)
    rest = (ExternalTranslator.model_validate(external), "en", "de")
    # The beam is 2, of which a command never hears.
    output = translate_text(corpora.train, *rest, Marking.model_validate(marking), Generation())
    alone = translate_text(list_entities(corpora.train, 8), *rest, None, Generation())
    kept = read_markers(corpora.train, output, MarkerReading(min_language_letters=12), alone)
    recording.check(d_trans, gather_translations((kept,)))
    assert {made.stage for made in recording.calls.values() if made.step == "list_entities"} == {"entities alone"}


def plain_translator(corpora: Corpora) -> Reference:
    """A translator that never sees a marker learns none."""
    pairs = tuple(keep_pairs_plain(each, 1) for each in corpora.parallel)
    return convert_translator(train_translator(pairs, None, TranslatorTraining(learning_rate=4e-3, seed=400 + SEED)))


def placed(
    recording: Recording, corpora: Corpora, data: Reference, theta_mt: Reference, aligner: str = "encoder"
) -> Reference:
    """Labels placed on a plain translation of some sentences, along the links of one aligner or of two."""
    return placed_and_aligned(recording, corpora, data, theta_mt, aligner)[0]


def placed_and_aligned(
    recording: Recording, corpora: Corpora, data: Reference, theta_mt: Reference, aligner: str = "encoder"
) -> tuple[Reference, Reference]:
    """The same, and the alignment."""
    output = translate_text(data, theta_mt, "en", "de", None, Generation(beam_size=2))
    translated = read_plain(output, MarkerReading(min_language_letters=12))
    encoder = next(ref for ref, made in recording.calls.items() if made.step == "pretrain_encoder")
    windows, inference = WindowConfig(max_length_subwords=99), Inference(precision="bf16")
    by_encoder = align_by_encoder(data, translated, encoder, EncoderAlignment(layer=1), windows, inference)
    alignment = by_encoder
    if aligner != "encoder":
        settings = Alignment(samplers=2)
        learnt = tuple(align_words(each, settings) for each in corpora.parallel)
        alignment = align_by_eflomal(data, translated, learnt, settings)
        if aligner == "both":
            alignment = join_alignments(by_encoder, alignment, "intersection")
    return place_labels(data, translated, alignment, LabelPlacing(max_gap_words=3)), alignment


ALIGNED = {
    "encoder": {"layer": 1},
    "eflomal": {"samplers": 2},
    "joining": "intersection",
    "placing": {"max_gap_words": 3},
}


@pytest.mark.parametrize("aligner", ["encoder", "eflomal", "both"])
def test_by_alignment(recording: Recording, translated: Translated, aligner: str) -> None:
    corpora, d_trans = translated(method="aligned", aligned={**ALIGNED, "aligner": aligner})
    steps = {made.step for made in recording.calls.values()}
    assert not steps & {"train_vectors", "mark_pairs", "read_markers"}
    assert ("align_by_encoder" in steps, "align_by_eflomal" in steps) == (aligner != "eflomal", aligner != "encoder")
    expected = placed(recording, corpora, corpora.train, plain_translator(corpora), aligner)
    recording.check(d_trans, gather_translations((expected,)))


RANKED = {
    "candidates": {"max_candidates": 50},
    "ranked": {"min_similarity": 0.25},
    "placing": {"max_gap_words": 3, "incomplete": "keep"},
}


def ranked(placed: Reference, alignment: Reference, theta_mt: Reference, backward: Reference | None, which: str):
    how = (CandidateSpans(max_candidates=50), Generation(beam_size=2))
    scores = score_candidates(placed, alignment, theta_mt, backward, which, *how)
    return rank_places(placed, scores, PlaceRanking(min_similarity=0.25), "keep")


@pytest.mark.parametrize("which", ["unplaced", "all"])
@pytest.mark.parametrize("both", [False, True])
def test_candidates_are_ranked_by_the_translator_in_the_directions_that_it_learnt(
    recording: Recording, translated: Translated, which: str, both: bool
) -> None:
    training = {**TRANSLATION["marked"]["translator"]["training"], "both_directions": both}
    marked = {**TRANSLATION["marked"], "translator": {"training": training}}
    aligned = {**ALIGNED, **RANKED, "ranking": which}
    corpora, d_trans = translated(method="aligned", marked=marked, aligned=aligned)
    pairs = tuple(keep_pairs_plain(each, 1) for each in corpora.parallel)
    settings = TranslatorTraining(learning_rate=4e-3, seed=400 + SEED, both_directions=both)
    theta_mt = convert_translator(train_translator(pairs, None, settings))
    before, alignment = placed_and_aligned(recording, corpora, corpora.train, theta_mt)
    before = place_labels(
        *(recording.arguments(before)[name] for name in ("data", "translated", "alignment")),
        LabelPlacing(max_gap_words=3, incomplete="keep"),
    )
    expected = ranked(before, alignment, theta_mt, theta_mt if both else None, which)
    recording.check(d_trans, gather_translations((expected,)))


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("checkpoint", "directions"), [("opus-mt-{from}-{to}", ("en de", "de en")), ("opus-mt-en-de", ()), ("m2m", ())]
)
def test_a_checkpoint_ranks_in_both_directions_and_of_a_pair_the_other_is_taken(
    recording: Recording, translated: Translated, checkpoint: str, directions: tuple[str, ...]
) -> None:
    marked = {**TRANSLATION["marked"], "translator": {"checkpoint": checkpoint, "revision": "today"}}
    translated(method="aligned", marked=marked, aligned={**ALIGNED, **RANKED, "ranking": "all"})
    (scores,) = (made for made in recording.calls.values() if made.step == "score_candidates")
    names = [checkpoint.replace("{from}", one).replace("{to}", other) for one, other in (("en", "de"), ("de", "en"))]
    there, back = (
        convert_translator(
            import_translator((HubModel(name=name, commit="commit of today"),), directions[n : n + 1], None)
        )
        for n, name in enumerate(names)
    )
    recording.check(scores.arguments["translator"], there)
    recording.check(scores.arguments["backward"], back if directions else there)


def test_without_ranking_steps_are_those_of_alignment_alone(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="aligned", aligned={**ALIGNED, "candidates": {"max_candidates": 7}})
    assert not {"score_candidates", "rank_places"} & {made.step for made in recording.calls.values()}
    expected = placed(recording, corpora, corpora.train, plain_translator(corpora))
    recording.check(d_trans, gather_translations((expected,)))


def test_by_words_and_by_alignment(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="words+aligned", aligned=ALIGNED)
    parts = (
        by_words(corpora, lexicon(corpora)),
        placed(recording, corpora, corpora.train, plain_translator(corpora)),
    )
    recording.check(d_trans, gather_translations(parts))


def test_sentences_that_lost_their_markers_get_aligned_labels_if_it_is_wanted(
    recording: Recording, translated: Translated
) -> None:
    marked = {**TRANSLATION["marked"], "lost": "aligned"}
    corpora, d_trans = translated(method="marked", marked=marked, aligned=ALIGNED)
    theta_mt = translator(corpora, lexicon(corpora))
    kept = by_markers(corpora, theta_mt)
    lost = placed(recording, corpora, keep_lost(corpora.train, kept), convert_translator(theta_mt))
    recording.check(d_trans, gather_translations((kept, lost)))


def test_both_ways(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="words+marked")
    induced = lexicon(corpora)
    parts = (by_words(corpora, induced), by_markers(corpora, translator(corpora, induced)))
    recording.check(d_trans, gather_translations(parts))


def test_by_markers_without_a_lexicon(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="marked", marked={**TRANSLATION["marked"], "use_lexicon": False})
    assert "train_vectors" not in {made.step for made in recording.calls.values()}
    recording.check(d_trans, gather_translations((by_markers(corpora, translator(corpora, None)),)))


def test_a_lexicon_to_translate_by_need_not_be_one_to_mark_by(recording: Recording, translated: Translated) -> None:
    corpora, d_trans = translated(method="words+marked", marked={**TRANSLATION["marked"], "use_lexicon": False})
    parts = (by_words(corpora, lexicon(corpora)), by_markers(corpora, translator(corpora, None)))
    recording.check(d_trans, gather_translations(parts))


def test_a_translation_that_is_named_is_not_taken_by_another_method(
    recording: Recording, translated: Translated
) -> None:
    corpora, d_trans = translated(method="words", imported={"path": "de.gold.conll"})
    recording.check(d_trans, by_words(corpora, lexicon(corpora)))


@pytest.mark.parametrize("fine_tune", [False, True])
def test_by_markers_with_a_checkpoint(
    recording: Recording, translated: Translated, tmp_path: Path, fine_tune: bool
) -> None:
    (tmp_path / "m2m").mkdir()
    choice = {
        **TRANSLATION["marked"]["translator"],
        "checkpoint": str(tmp_path / "m2m"),
        "fine_tune": fine_tune,
    }
    corpora, d_trans = translated(method="marked", marked={**TRANSLATION["marked"], "translator": choice})
    assert ("mark_pairs" in {made.step for made in recording.calls.values()}) == fine_tune
    start = import_translator((InputFolder(path=str(tmp_path / "m2m")),), (), None)
    theta_mt = translator(corpora, lexicon(corpora), start) if fine_tune else start
    recording.check(d_trans, gather_translations((by_markers(corpora, theta_mt),)))


def test_a_translation_that_exists(
    recording: Recording, translated: Translated, configured: Configured, file: Callable[[str], InputFile]
) -> None:
    _, d_trans = translated(method="import", imported={"path": "de.gold.conll"})
    labels = configured().labels
    given = CorpusFile(path="de.gold.conll").without_path()
    recording.check(d_trans, import_translation(file("de.gold.conll"), given, labels, "de"))
