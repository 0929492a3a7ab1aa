"""The baseline translate-test, written down call by call: who translates, who tags, whose labels are carried back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import Recording

from artifacts.inputs import InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import references_in
from flows.colada import Colada
from flows.colada import algorithm as colada
from flows.panel import Panel
from flows.panel import algorithm as panel
from flows.parts.summary import Model, Result
from flows.parts.translator import take_translator
from flows.unitrans import Unitrans
from flows.unitrans import algorithm as unitrans
from tasks.aligned.candidates import CandidateSpans
from tasks.aligned.carry_back import carry_back
from tasks.aligned.eflomal_alignment import align_by_eflomal
from tasks.aligned.encoder_alignment import EncoderAlignment, align_by_encoder
from tasks.aligned.join_alignments import join_alignments
from tasks.aligned.keep_translated import keep_translated
from tasks.aligned.place_labels import LabelPlacing, place_labels
from tasks.aligned.rank_places import rank_places
from tasks.aligned.ranking import PlaceRanking
from tasks.aligned.score_candidates import score_candidates
from tasks.evaluation.decode import decode
from tasks.evaluation.scores import score
from tasks.tagging.ensembling import average_soft_labels
from tasks.tagging.labelling import label_words
from tasks.tagging.predict import predict_words
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.machine.translator import import_translator
from tasks.translation.marked.read_markers import MarkerReading
from tasks.translation.marked.read_plain import read_plain
from tasks.translation.pairs.marking_pairs import PairMarking, mark_pairs
from tasks.translation.pairs.plain_pairs import keep_pairs_plain
from tasks.translation.pairs.word_alignment import Alignment, align_words

SEED = 7
LEARNING = {"learning_rate": 4e-3, "seed": 400}
SETTINGS: dict[str, Any] = {
    "seed": SEED,
    "decoding": {"method": "argmax"},
    "inference": {"precision": "bf16"},
    "score_translate_test": True,
}
TRANSLATION: dict[str, Any] = {
    "marked": {
        "use_lexicon": False,
        "translator": {"training": LEARNING},
        "pairs": {"repeats": 1, "seed": 500},
        "generation": {"beam_size": 2},
        "reading": {"min_language_letters": 12},
    },
    "aligned": {
        "encoder": {"layer": 1},
        "eflomal": {"samplers": 2},
        "joining": "intersection",
        "placing": {"max_gap_words": 3},
    },
}
Configured = Callable[..., Any]


@pytest.fixture
def configured(data: Path) -> Configured:
    """The tiny configuration of a method, with two test sets, the settings above, and others."""
    tiny: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    kept = ("source", "target", "parallel", "labels", "encoder", "windows")
    values = {name: tiny[name] for name in kept}
    values["target"]["tests"].append({"name": "other", "path": "en.dev.conll"})

    def make(method: type[Colada] | type[Panel] | type[Unitrans], translation: dict[str, Any], **changes: Any) -> Any:
        further = {"iterations": 1, "reliability": {"neighbours": 10}} if method is Colada else {}
        made = {"translation": {**TRANSLATION, **translation}}
        return method.model_validate({**values, **further, **SETTINGS, **made, **changes})

    return make


def only(recording: Recording, step: str, stage: str | None = None) -> Reference:
    (found,) = (ref for ref, made in recording.calls.items() if made.step == step and stage in (None, made.stage))
    return found


def of(result: Result, name: str) -> Model:
    (found,) = (model for model in result.models if model.name == name)
    return found


class Expected:
    """What the baseline makes of a run's corpora, by a translator that is ready."""

    def __init__(self, recording: Recording, config: Any, translator: Reference, aligner: str = "encoder") -> None:
        self.recording, self.config, self.translator, self.aligner = recording, config, translator, aligner
        self.parallel = (only(recording, "read_parallel"),)
        self.encoder = only(recording, "pretrain_encoder")

    def english(self, sentences: Reference) -> Reference:
        """German test sentences in English."""
        output = translate_text(sentences, self.translator, "de", "en", None, Generation(beam_size=2))
        return read_plain(output, MarkerReading(min_language_letters=12))

    def aligned(self, sentences: Reference, english: Reference) -> Reference:
        """Links from English to those German sentences that have a translation."""
        config, there = self.config, keep_translated(sentences, english)
        settings = EncoderAlignment(layer=1), config.windows, config.inference
        by_encoder = align_by_encoder(english, there, self.encoder, *settings)
        if self.aligner == "encoder":
            return by_encoder
        eflomal = Alignment(samplers=2)
        learnt = tuple(align_words(each, eflomal) for each in self.parallel)
        return join_alignments(by_encoder, align_by_eflomal(english, there, learnt, eflomal), "intersection")

    def said(self, sentences: Reference, tag: Callable[[Reference], Reference]) -> Reference:
        """The labels of German sentences, of which the aligned translation alone was tagged."""
        english = self.english(sentences)
        placing = LabelPlacing(max_gap_words=3, incomplete="keep")
        alignment = self.aligned(sentences, english)
        placed = place_labels(tag(english), sentences, alignment, placing)
        if (which := self.config.translation.aligned.ranking) != "off":
            by = (self.translator, self.translator)  # Of English to German, and back.
            scores = score_candidates(placed, alignment, *by, which, CandidateSpans(), Generation(beam_size=2))
            placed = rank_places(placed, scores, PlaceRanking(min_similarity=0.4), "keep")
        return carry_back(sentences, english, placed)

    def check(self, result: Result, name: str, tag: Callable[[Reference], Reference]) -> None:
        """The row has these labels, scored on both test sets; nothing that they are made of is a gold label."""
        found, tests = of(result, f"translate-test ({name})"), {}
        for test in ("test", "other"):
            sentences = only(self.recording, "read_sentences", test)
            tests[test] = sentences, only(self.recording, "read_gold", test)
        said = {test: self.said(sentences, tag) for test, (sentences, _) in tests.items()}
        self.recording.check(found.predictions, said)
        scores = {
            test: score(said[test], gold, f"translate-test ({name}) on {test}") for test, (_, gold) in tests.items()
        }
        self.recording.check(found.scores, scores)
        self.recording.check(found.reference, said["test"])  # No model: whose labels they are is told by the tagger's.
        for each in said.values():
            assert "gold" not in {part.kind for part in self._behind(each)}
        assert {f"translate-test ({name}) on {test}" for test in tests} < set(result.outcomes)
        assert {made.step for ref, made in self.recording.calls.items() if ref in said.values()} == {"carry_back"}

    def _behind(self, reference: Reference) -> Iterator[Reference]:
        for value in self.recording.arguments(reference).values():
            for part in references_in(value):
                yield part
                yield from self._behind(part)


def trained(pairs: tuple[Reference, ...]) -> Reference:
    training = TranslatorTraining(learning_rate=4e-3, seed=400 + SEED, both_directions=True)
    return convert_translator(train_translator(pairs, None, training))


def stages_of_translators(recording: Recording) -> dict[str, str]:
    steps = ("train_translator", "convert_translator")
    return {made.step: made.stage for made in recording.calls.values() if made.step in steps}


def test_one_translator_is_taken_for_both_directions_once(
    recording: Recording, runtime: Runtime, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []

    def take(*given: Any) -> Any:
        taken.append(given)
        return take_translator(*given)

    monkeypatch.setattr("flows.parts.translation.take_translator", take)
    colada(configured(Colada, {"method": "aligned"}), runtime)
    assert len(taken) == 1
    stages = {"train_translator": "translator", "convert_translator": "translator, for ctranslate2"}
    assert stages_of_translators(recording) == stages


@pytest.mark.parametrize("aligner", ["encoder", "both"])
def test_m_src_tags_translations_of_the_test_sentences(
    recording: Recording, runtime: Runtime, configured: Configured, aligner: str
) -> None:
    config = configured(Colada, {"method": "aligned", "aligned": {**TRANSLATION["aligned"], "aligner": aligner}})
    result = colada(config, runtime)
    translator = trained((keep_pairs_plain(only(recording, "read_parallel"), 1),))
    recording.check(
        recording.arguments(only(recording, "translate_text", "labels placed after"))["translator"], translator
    )
    m_src = only(recording, "train_tagger", "M_src")
    how = (config.windows, config.decoding, config.inference)
    expected = Expected(recording, config, translator, aligner)
    expected.check(result, "M_src", lambda text: predict_words(m_src, text, *how))
    names = [model.name for model in result.models]
    assert names[:3] == ["source-only (M_src)", "translate-train (M_trans^0)", "translate-test (M_src)"]
    # Not what the student says, nor M_trans, nor M_src of the German sentences themselves.
    others = [model.predictions.get("test") for model in result.models if model.name != "translate-test (M_src)"]
    assert of(result, "translate-test (M_src)").predictions["test"] not in others


@pytest.mark.parametrize("teachers", [1, 2])
def test_theta_src_tags_translations_and_of_an_ensemble_the_mean(
    recording: Recording, runtime: Runtime, configured: Configured, teachers: int
) -> None:
    config = configured(Unitrans, {"method": "marked"}, teachers=teachers)
    result = unitrans(config, runtime)
    parallel, labelled = only(recording, "read_parallel"), only(recording, "read_labelled", "source train")
    pairs = (mark_pairs(parallel, None, PairMarking(repeats=1, seed=500 + SEED), labelled),)
    translator = trained(pairs)
    recording.check(recording.arguments(only(recording, "translate_text", "D_trans"))["translator"], translator)
    names = ["Theta_src"] if teachers == 1 else ["Theta_src^1", "Theta_src^2"]
    members = [only(recording, "train_tagger", name) for name in names]

    def tag(text: Reference) -> Reference:
        if teachers == 1:
            return predict_words(members[0], text, config.windows, config.decoding, config.inference)
        said = tuple(label_words(each, text, config.windows, config.inference) for each in members)
        return decode(average_soft_labels(said), config.decoding)

    Expected(recording, config, translator).check(result, "Theta_src", tag)
    assert result.models[-1].name == "student (Theta_stu)"


def test_the_source_teacher_of_a_panel_tags_translations_by_the_translator_of_the_configuration(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    teachers = [{"learns": "source"}, {"learns": "translation"}, {"learns": "translation", "translation": "marked"}]
    config = configured(Panel, {"method": "aligned"}, teachers=teachers)
    result = panel(config, runtime)
    translator = trained((keep_pairs_plain(only(recording, "read_parallel"), 1),))
    source = only(recording, "train_tagger", "source")
    how = (config.windows, config.decoding, config.inference)
    Expected(recording, config, translator).check(result, "source", lambda text: predict_words(source, text, *how))
    assert result.models[-1].name == "student"
    trainings = [made.arguments for made in recording.calls.values() if made.step == "train_translator"]
    both_ways = {recording.calls[each["pairs"][0]].step: each["config"].both_directions for each in trainings}
    # Another teacher's translator learns no more than it did.
    assert both_ways == {"keep_pairs_plain": True, "mark_pairs": False}
    with pytest.raises(ValueError, match="score_translate_test: a teacher that learns the source language"):
        configured(Panel, {"method": "aligned"}, teachers=teachers[1:])


def test_source_only_stays_the_shipped_one_where_it_is_the_method(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    result = unitrans(configured(Unitrans, {"method": "aligned"}, ablation="model_transfer"), runtime)
    assert result.models[-1].name == "source-only (Theta_src)"


@pytest.mark.parametrize("ranking", ["off", "unplaced"])
def test_where_words_are_translated_a_translator_is_trained_for_the_baseline_alone(
    recording: Recording, runtime: Runtime, configured: Configured, ranking: str
) -> None:
    aligned = {**TRANSLATION["aligned"], "ranking": ranking, "ranked": {"min_similarity": 0.4}}
    config = configured(Colada, {"method": "words", "aligned": aligned})
    result = colada(config, runtime)
    translator = trained((keep_pairs_plain(only(recording, "read_parallel"), 1),))
    m_src = only(recording, "train_tagger", "M_src")
    how = (config.windows, config.decoding, config.inference)
    Expected(recording, config, translator).check(result, "M_src", lambda text: predict_words(m_src, text, *how))
    assert stages_of_translators(recording) == {
        "train_translator": "translate-test's translator",
        "convert_translator": "translate-test's translator, for ctranslate2",
    }
    assert not config.translation.ranks_places  # No label of D_trans is placed.


@pytest.mark.parametrize("method", ["words", "marked", "aligned"])
def test_off_nothing_of_it_is_there_and_the_method_is_as_it_was(
    recording: Recording, runtime: Runtime, configured: Configured, method: str
) -> None:
    result = colada(configured(Colada, {"method": method}, score_translate_test=False), runtime)
    steps = {made.step for made in recording.calls.values()}
    assert not steps & {"carry_back", "keep_translated"}
    assert not any(model.name.startswith("translate-test") for model in result.models)
    trainings = [made.arguments["config"] for made in recording.calls.values() if made.step == "train_translator"]
    learnt = TranslatorTraining(learning_rate=4e-3, seed=400 + SEED)
    assert trainings == ([] if method == "words" else [learnt]) and not learnt.both_directions


@pytest.mark.parametrize("name", ["opus-{from}-{to}", "m2m100"])
def test_a_pretrained_translator_translates_the_labelled_corpus_as_without_the_baseline(
    recording: Recording, runtime: Runtime, configured: Configured, tmp_path: Path, name: str
) -> None:
    for folder in ("opus-en-de", "opus-de-en", "m2m100"):
        (tmp_path / folder).mkdir()
    marked = {**TRANSLATION["marked"], "translator": {"checkpoint": str(tmp_path / name)}}
    config = configured(Colada, {"method": "aligned", "marked": marked})
    result = colada(config, runtime)

    def taken(source: str, target: str) -> Reference:
        folder = InputFolder(path=str(tmp_path / name).replace("{from}", source).replace("{to}", target))
        directions = (f"{source} {target}",) if "{from}" in name else ()
        return convert_translator(import_translator((folder,), directions, None))

    there = only(recording, "translate_text", "labels placed after")
    recording.check(recording.arguments(there)["translator"], taken("en", "de"))
    m_src = only(recording, "train_tagger", "M_src")
    how = (config.windows, config.decoding, config.inference)
    expected = Expected(recording, config, taken("de", "en"))
    expected.check(result, "M_src", lambda text: predict_words(m_src, text, *how))
    assert "train_translator" not in {made.step for made in recording.calls.values()}
    d_trans = recording.arguments(only(recording, "train_tagger", "M_trans^0"))["data"]
    colada(config.model_copy(update={"score_translate_test": False}), runtime)
    assert recording.arguments(only(recording, "train_tagger", "M_trans^0"))["data"] == d_trans


def test_it_needs_test_sets_and_m_src(configured: Configured, data: Path) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match=r"score_translate_test: test sentences .* target\.tests names none"):
        configured(Unitrans, {}, target={**tiny["target"], "tests": []})
    with pytest.raises(ValueError, match="score_translate_test: M_src tags the translations"):
        configured(Colada, {}, student={"start": "previous"}, previous="student/ab")


def test_a_command_that_translates_never_hears_of_a_search(
    recording: Recording, runtime: Runtime, configured: Configured
) -> None:
    marked = {**TRANSLATION["marked"], "translator": {"external": {"command": "cat", "version": "1"}}}
    unitrans(configured(Unitrans, {"method": "aligned", "marked": marked}, score_translate_test=True), runtime)
    translating = [made.arguments for made in recording.calls.values() if made.step == "translate_text"]
    assert {(each["source_language"], each["target_language"]) for each in translating} == {("en", "de"), ("de", "en")}
    assert all(each["generation"] == Generation() for each in translating)
