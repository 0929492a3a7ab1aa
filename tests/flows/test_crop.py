"""CROP with two target languages: what runs, what is cached, what is shared, what each switch does, bad input.

A translator that is trained in a second knows nothing, and nothing would match. So the flow trains one, and where
translations are searched a stand-in takes its place that "translates" a sentence into itself: every entity that the
source tagger finds comes back between its markers and is found in the raw sentence.
"""

import html
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient
from tiny_methods import Echo, echoing

from artifacts.catalog import SCORES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from flows.commands.sweep import sweep, variations
from flows.crop import Crop, check
from flows.pages.app import create_app
from flows.pages.shelf import Shelf, reference_of
from flows.pages.stations import follow
from flows.parts.corpora import ScoredText, TargetText
from flows.parts.scoring import averages_of
from tasks.corpus.corpus import Corpus, Part
from tasks.corpus.corrections import append_corrections, correction
from tasks.tagging.student import language_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]


@pytest.fixture(scope="module")
def config_file(tiny_config: Callable[[str], Path]) -> Path:
    """The configuration of the tiny run."""
    return tiny_config("crop")


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    with echoing():
        yield


@pytest.fixture(scope="module")
def ended(finished_with: Callable[[str], Path], patched: None) -> Path:
    """A store in which CROP has ended; do not change it."""
    return finished_with("crop")


def runtime(data: Path, store: Path) -> Runtime:
    return Runtime(store=str(store), data=str(data), device="cpu")


def run(config_file: Path, data: Path, store: Path, *settings: str) -> None:
    method, config = load(config_file, settings)
    method.flow(config, runtime(data, store))


def plan(config_file: Path, data: Path, store: Path, *settings: str) -> Run:
    method, config = load(config_file, settings)
    return plan_steps(method, config, runtime(data, store))


def test_it_tells_baselines_and_averages_and_runs_once(
    config_file: Path, data: Path, ended: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config_file, data, ended)
    printed = capsys.readouterr().out
    for text in ("source-only (Theta_src)", "translate-train", "projected only (Theta_all)", "CROP (final)",
                 "projected labels", "settled labels", "de test", "nl test", "average, in %", "average target text",
                 "parallel.de, en to de", "parallel.de, de to en", "figures"):  # fmt: skip
        assert text in printed, text
    kept = re.search(r"projection into raw sentences\nlanguage .*\nde +(\d+) +60 +(.*)\nnl +\d+ +\d+ ", printed)
    assert kept is not None
    reasons = [int(count) for count in re.findall(r"[a-z_]+ (\d+)", kept[2])]
    assert 0 < len(reasons) <= 4 and int(kept[1]) + sum(reasons) == 60
    assert re.search(r"steps +\d+ cached, 0 ran", printed)
    assert {outcome.status for outcome in plan(config_file, data, ended).outcomes} == {"cached"}


def test_every_label_that_the_student_learns_leads_back_to_a_raw_sentence(
    config_file: Path, data: Path, ended: Path
) -> None:
    store = Store(ended)
    planned = plan(config_file, data, ended)
    made = next(o.reference for o in planned.outcomes if (o.step, o.label) == ("training_set", "final tagger"))
    rows = store.table(made).to_pylist()
    # Training set <- settled labels <- projection <- the corpora as they were read.
    read = {o.reference.content: o.reference for o in planned.outcomes if o.step in ("read_labelled", "read_sentences")}
    corpora = {name: store.table(read[name]).to_pylist() for name in {row["corpus"] for row in rows}}
    sentences = {(name, each["sentence_id"]): each["words"] for name, table in corpora.items() for each in table}
    assert all(row["words"] == sentences[row["corpus"], row["source_sentence_id"]] for row in rows)
    kinds = {(row["language"], row["origin"], row["corpus"].partition("/")[0]) for row in rows}
    assert ("en", "labelled", "labelled") in kinds and ("de", "projected", "sentences") in kinds


def test_a_raw_sentence_is_followed_there_and_back_into_what_the_student_learns(ended: Path) -> None:
    store, shelf = Store(ended), Shelf(Store(ended))
    record = all_runs(store)[0]  # The whole run; other tests may have added theirs.
    projected = next(m for m in shelf.manifests().values() if m.kind == "projection" and m.metadata["language"] == "de")
    rows = store.table(reference_of(projected)).to_pylist()
    kept, dropped = (next(row for row in rows if bool(row["reason"]) is which) for which in (False, True))
    pages = TestClient(create_app(store), base_url="http://127.0.0.1:4280")
    text = shelf.by_content()[shelf.text_of(projected)]
    for row in (kept, dropped):
        shown = pages.get(f"/sentence/sentences/{text.key}/{row['sentence_id']}").text
        assert "Translated there and back" in shown and f"dropped: {row['reason']}" * bool(row["reason"]) in shown
        # What comes back is what was sent: each entity has one colour in the translation and in what came back.
        for entity in row["entities"]:
            assert len(set(re.findall(rf'piece (type-\d+)">{re.escape(html.escape(entity))}<', shown))) == 1
    found = follow(store, shelf, record, text, kept["sentence_id"])
    learnt = [station for station in found.of("training_set") if station.taught]
    assert learnt and all(station.row["words"] == kept["words"] for station in learnt)
    shown = pages.get(f"/sentence/sentences/{text.key}/{kept['sentence_id']}").text
    listed = shown.partition("What the student was trained on")[2]
    assert [listed.count(f'"/artifact/{station.reference}"') for station in learnt] == [1] * len(learnt)


def test_the_card_names_all_languages_and_predict_asks_for_one(ended: Path) -> None:
    (folder,) = (ended / "student").glob("*")
    card = (folder / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["language"] == ["de", "nl"]
    assert "# crosstag-crop-en-de-nl" in card and "(CROP, by Crosstag)" in card
    assert "CROP (final) on average" in card and str(ended.parent) not in card
    with pytest.raises(InputError, match=r"it tags de, nl.* name one: --language de"):
        language_of(folder)


def test_the_average_is_the_mean_of_the_languages(config_file: Path, data: Path, ended: Path) -> None:
    store = Store(ended)
    scores = {o.label: o.reference for o in plan(config_file, data, ended).outcomes if o.reference.kind == SCORES.name}

    def f1(reference: Reference) -> float:
        return float(store.table(reference)["f1"][0].as_py())

    de, nl = (f1(scores[f"CROP (final) on {language} test"]) for language in ("de", "nl"))
    assert de != nl and f1(scores["CROP (final) on average"]) == pytest.approx((de + nl) / 2)


def test_a_store_where_colada_ran_has_corpora_encoder_and_source_tagger(
    config_file: Path, data: Path, finished: Path, tmp_path: Path
) -> None:
    values = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    values["targets"] = values["targets"][:1]
    values["source_training"] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))["source_training"]
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    statuses = [(o.step, o.label, o.status) for o in plan(path, data, finished).outcomes]
    shared = ("read_labelled", "read_sentences", "read_gold", "read_parallel", "pretrain_encoder")
    assert {status for step, _, status in statuses if step in shared} == {"cached"}
    assert ("train_tagger", "Theta_src", "cached") in statuses
    assert {label for _, label, _ in statuses} >= {"test", "target text"}  # no language where there is one
    assert not any("average" in label for _, label, _ in statuses)


def test_the_translator_learns_both_directions_of_all_languages(config_file: Path, data: Path, ended: Path) -> None:
    outcomes = plan(config_file, data, ended).outcomes
    translator = next(o for o in outcomes if o.step == "train_translator")
    assert Store(ended).metadata(translator.reference)["languages"] == ["de", "en", "nl"]
    # 60 pairs, each plain and marked, of two languages and in both directions, of which none is too long.
    manifest = Store(ended).manifest(translator.reference.kind, translator.reference.key)
    assert manifest is not None
    assert manifest.notes["pairs"] + manifest.notes["pairs_too_long"] == 60 * 2 * 2 * 2


def test_without_alignment_the_translator_sees_plain_pairs_alone(
    config_file: Path, data: Path, ended: Path, tmp_path: Path
) -> None:
    steps = [o.step for o in plan(config_file, data, ended, "alignment_guided=false").outcomes]
    assert "keep_pairs_plain" in steps and not {"align_words", "mark_aligned_pairs"} & set(steps)
    steps = [o.step for o in plan(config_file, data, ended, "marker_quality=both").outcomes]
    assert steps.count("measure_markers") == 4 and steps.count("train_translator") == 2
    steps = [o.step for o in plan(config_file, data, ended, "marker_quality=own").outcomes]
    assert steps.count("measure_markers") == 2 and steps.count("train_translator") == 1


def test_pairs_with_swapped_names_come_on_top(config_file: Path, data: Path, ended: Path) -> None:
    outcomes = plan(config_file, data, ended, "swapped_names={repeats: 1}").outcomes
    steps = [o.step for o in outcomes]
    assert steps.count("mark_pairs") == steps.count("mark_aligned_pairs") == 2
    assert next(o for o in outcomes if o.step == "train_translator").status == "depends"
    unguided = plan(config_file, data, ended, "swapped_names={repeats: 1}", "alignment_guided=false").outcomes
    assert "mark_pairs" not in {o.step for o in unguided}


@pytest.mark.parametrize(
    ("ablation", "projects", "trainings", "randomises"),
    [
        ("none", True, 3, False),
        ("without_self_training", True, 2, False),
        ("without_projection", False, 1, False),
        ("without_pretraining", True, 3, True),
        ("without_pretraining_and_projection", False, 1, True),
    ],
)
def test_ablations_are_switches(
    config_file: Path, data: Path, tmp_path: Path, ablation: str, projects: bool, trainings: int, randomises: bool
) -> None:
    settings = (f"ablation={ablation}", "score_translate_train=false")
    steps = [o.step for o in plan(config_file, data, tmp_path / "empty", *settings).outcomes]
    assert ("project_entities" in steps) == ("train_translator" in steps) == projects
    assert steps.count("train_tagger") == trainings
    assert ("randomise_encoder" in steps) == randomises
    assert ("settle_labels" in steps) == (trainings == 3)
    assert not (tmp_path / "empty").exists()


@pytest.mark.slow
def test_a_sweep_over_the_amount_of_projected_data_draws_figure_5(
    config_file: Path, data: Path, ended: Path, tmp_path: Path, patched: None
) -> None:
    store = Path(shutil.copytree(ended, tmp_path / "store"))
    settings = ("score_translate_train=false", "ablation=without_self_training")
    figures = sweep(config_file, "max_projected_sentences=5,1000", settings, runtime=runtime(data, store))
    assert figures is not None
    (drawn,) = (Store(store).folder(figures)).glob("*.csv")
    text = drawn.read_text(encoding="utf-8")
    assert all(name in text for name in ("de test", "nl test", "average"))
    sampled = [o for o in plan(config_file, data, store, *settings, "max_projected_sentences=5").outcomes
               if o.step == "sample_sentences"]  # fmt: skip
    assert [Store(store).require(o.reference).rows for o in sampled] == [5]  # of both languages


PUBLISHED = {
    "pairs": {"max_entities": 14, "marked_share": 0.85, "max_phrase_words": 16, "whole_sentence": True},
    "marking": {"max_entities": 14},
    "reading": {"language_filter": "off", "one_entity": "whole"},
    "projection": {
        "matching": {"rule": "scattered", "found_share": 0.8, "max_entity_words": 6, "overlap": "drop"},
        "max_entities": 5,
        "repeated_words": "drop",
    },
    "settling": {"rule": "agreement"},
    "text_map": {"sentences": 5},
    "score_translate_train": False,
}
PUBLISHED_TRANSLATOR = {
    "alpha": None,
    "sampling_temperature": 5.0,
    "passes_per_update": 8,
    "schedule": "inverse_sqrt",
    "warmup_updates": 1,
    "adam_beta2": 0.98,
}


@pytest.mark.slow
def test_settings_of_the_published_code_run_to_the_end(
    config_file: Path,
    data: Path,
    ended: Path,
    tmp_path: Path,
    patched: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = Path(shutil.copytree(ended, tmp_path / "store"))
    values = {**yaml.safe_load(config_file.read_text(encoding="utf-8")), **PUBLISHED}
    values["translator"]["training"] |= {**PUBLISHED_TRANSLATOR, "subwords_per_batch": 512}
    path = tmp_path / "published.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    run(path, data, store)
    printed = capsys.readouterr().out
    assert "what the translator learnt from, and pairs that were left out" in printed
    outcomes = plan(path, data, store).outcomes
    assert {outcome.status for outcome in outcomes} == {"cached"}
    made = {outcome.step: outcome.reference for outcome in outcomes}
    figures = Store(store).metadata(made["gather_figures"])["figures"]
    assert set(figures) == {"crop-figure4-text-map", "crop-figure6-label-quality"}
    notes = Store(store).require(made["train_translator"]).notes
    assert notes["updates"] < 20 < notes["pairs"] / 8


def test_amounts_of_projected_data_are_refused_if_there_are_none(config_file: Path) -> None:
    with pytest.raises(InputError, match="max_projected_sentences"):
        variations(config_file, "max_projected_sentences=0,5")


@pytest.mark.slow
def test_new_raw_sentences_are_translated_and_no_others(
    config_file: Path, data: Path, ended: Path, tmp_path: Path, patched: None
) -> None:
    store = tmp_path / "store"
    (encoder,) = (ended / "encoder").glob("*")
    values = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    target = {
        "language": "de",
        "text": {"path": "de.some.txt", "format": "text"},
        "parallel": values["targets"][0]["parallel"],
    }
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump({**values, "targets": [target], "encoder": {"checkpoint": str(encoder)}}), "utf-8")
    lines = (data / "de.txt").read_text(encoding="utf-8").splitlines()
    settings = ("score_translate_train=false", "ablation=without_self_training")
    for number in (50, 55):
        (data / "de.some.txt").write_text("\n".join(lines[:number]), encoding="utf-8")
        run(path, data, store, *settings)
    translated = [m.notes for m in Store(store).manifests() if m.kind == "machine_translation"]
    new = sorted(notes["new_texts"] for notes in translated)
    assert len(new) == 4 and max(new[:2]) <= 5 < min(new[2:]), new


def test_a_projection_in_which_nothing_matches_ends_the_run_with_counts(
    config_file: Path, data: Path, ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute(Echo):
        def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
            yield np.arange(len(texts)), [re.sub(r"[^_ ]*[a-z][^_ ]*", "lalala", text) for text in texts]

    monkeypatch.setattr("tasks.translation.machine.translating.make_engine", lambda *args, **kwargs: Mute())
    store = Path(shutil.copytree(ended, tmp_path / "store"))
    with pytest.raises(InputError, match=r"none of 60 sentences got an entity; dropped: [a-z_]+ \d+"):
        run(config_file, data, store, "generation.beam_size=2", "score_translate_train=false")


@pytest.mark.parametrize(
    ("names", "golds", "expected"),
    [
        ([["test"]], [True], {}),
        ([["test"], ["other"]], [False, True], {"average": ("a test", "b other")}),
        ([["x", "y"], ["y", "z"]], [False, False], {"average y": ("a y", "b y")}),
        ([["x", "y"], []], [False, False], {}),
        ([["x"], ["x"]], [True, True], {"average": ("a x", "b x"), "average target text": ("a text", "b text")}),
    ],
)
def test_test_sets_of_one_name_are_averaged_and_those_of_languages_that_have_one(
    names: list[list[str]], golds: list[bool], expected: dict[str, tuple[str, ...]]
) -> None:
    nothing = Reference(kind="gold", key="ab12", digest="cd")

    def text(name: str) -> ScoredText:
        return ScoredText(name, nothing, nothing)

    languages = [
        TargetText(code, nothing, text(f"{code} text") if gold else None, tuple(text(f"{code} {n}") for n in tests))
        for code, tests, gold in zip("ab", names, golds, strict=False)
    ]
    assert averages_of(languages, names) == expected


@pytest.fixture
def refused(config_file: Path, data: Path, tmp_path: Path) -> Callable[..., str]:
    def run(*settings: str) -> str:
        with pytest.raises(InputError) as error:
            _, config = load(config_file, settings)
            check(config, runtime(data, tmp_path / "store"))
        assert not (tmp_path / "store" / "tagger").exists()
        return str(error.value)

    return run


def test_a_target_without_parallel_text_needs_a_checkpoint(refused: Callable[..., str]) -> None:
    assert re.search(r"targets\.1\.parallel: the language nl has no parallel text", refused("targets.1.parallel=[]"))
    assert "no such folder" in refused("targets.1.parallel=[]", "translator.checkpoint=./nowhere")
    assert "marker_quality" in refused(
        "targets.1.parallel=[]", "translator.checkpoint=some/hub-name", "marker_quality=own"
    )
    nothing = ("targets.0.parallel=[]", "targets.1.parallel=[]", "translator.fine_tune=true")
    assert "translator.fine_tune" in refused(*nothing, "translator.checkpoint=some/hub-name")


def test_brackets_which_have_no_numbers_are_refused(refused: Callable[..., str]) -> None:
    message = refused("marking.form=brackets", "translator.checkpoint=some/hub-name")
    assert "marking.form brackets: CROP judges markers" in message and "set marking.form to slot or xml" in message


@pytest.mark.slow
def test_words_of_a_segmenter_do_not_meet_translations_in_characters(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    segmented = Corpus("zh", [["张伟"]], parts=(Part("zh", "text", "", None, 1, (), "jieba"),))
    monkeypatch.setattr("flows.crop.check_target", lambda *arguments: segmented)
    assert "targets.0.text: its words were found by jieba" in refused()


def test_a_language_that_the_translator_does_not_know(refused: Callable[..., str]) -> None:
    message = refused("targets.1.language=eu")
    assert "language 'eu': the translator does not know it" in message
    assert "name a near language under targets.1.translated_as" in message
    assert "language 'eu'" in refused("targets.1.translated_as=eu")
    assert "found en, the source language, expected another" in refused("targets.1.translated_as=en")
    message = refused("targets.1.translated_as=fr", "targets.1.parallel=[]")
    assert "targets.1.parallel: the language fr has no parallel text" in message


@pytest.mark.slow
def test_a_language_that_the_translator_does_not_know_is_translated_as_a_near_one(
    config_file: Path, data: Path, tmp_path: Path, patched: None
) -> None:
    store = tmp_path / "store"
    settings = ("targets.1.language=eu", "targets.1.translated_as=de", "targets.1.parallel=[]", "marker_quality=own")
    run(config_file, data, store, *settings)
    outcomes = plan(config_file, data, store, *settings).outcomes
    at = {(o.step, o.label): Store(store).metadata(o.reference) for o in outcomes}
    assert at["train_translator", "Theta_mt"]["languages"] == ["de", "en"]
    assert at["translate_text", "eu, forward translation"]["source_language"] == "de"
    assert at["translate_text", "eu, labelled back-translation"]["target_language"] == "de"
    assert at["project_entities", "eu, entity matching"]["language"] == "eu"
    assert at["project_entities", "eu, entity matching"]["kept"] > 0
    assert [label for step, label in at if step == "read_markers" and "Train" in label] == ["Translate-Train, de"]
    assert [o.step for o in outcomes].count("measure_markers") == 1


def test_parallel_text_is_read_under_the_language_it_is_translated_as(config_file: Path, data: Path) -> None:
    _, config = load(config_file, ["targets.1.translated_as=de"])
    assert {language: len(texts) for language, texts in config.parallel.items()} == {"de": 2}
    _, config = load(config_file, ["targets.1.translated_as=fr", "targets.0.parallel=[]"])
    assert list(config.parallel) == ["fr"]


def test_a_language_that_the_filter_does_not_know(refused: Callable[..., str], config_file: Path, data: Path) -> None:
    settings = ("targets.1.language=yo", "reading.language_filter=all")
    assert "language filter: found the language 'yo'" in refused(*settings)
    _, config = load(config_file, [*settings, "targets.1.check_language=false"])
    assert [config.reading_of(target).language_filter for target in config.targets] == ["all", "off"]
    check(config, runtime(data, data / "none"))


def test_an_aligner_that_is_missing_matters_only_where_it_is_needed(
    refused: Callable[..., str], config_file: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.translation.pairs.word_alignment.find_spec", lambda name: None)
    assert "install it with `pip install .[align]`, or set alignment_guided to false" in refused()
    _, config = load(config_file, ["alignment_guided=false"])
    check(config, runtime(data, data / "none"))
    _, config = load(config_file, ["translator.checkpoint=some/hub-name"])
    monkeypatch.setattr("flows.crop.check_translator", lambda *asked: "m2m100")  # The hub is not asked.
    check(config, runtime(data, data / "none"))


def test_label_sets_that_differ_are_told_with_the_file(refused: Callable[..., str], data: Path) -> None:
    text = (data / "de.test.conll").read_text(encoding="utf-8").replace("-LOC", "-PER")
    (data / "nl.other.conll").write_text(text, encoding="utf-8")
    message = refused("targets.1.tests.0.path=nl.other.conll", "labels.types=null")
    assert "nl.other.conll: its entity types are MISC, ORG, PER" in message


def test_test_sets_of_one_name_are_told_with_their_language(refused: Callable[..., str]) -> None:
    tests = "[{name: a, path: de.test.conll}, {name: a, path: de.test.conll}]"
    assert "targets.1.tests: 2 test sets are called 'a'" in refused(f"targets.1.tests={tests}")


def test_test_sets_do_not_share_a_name_with_what_is_scored_beside_them(refused: Callable[..., str]) -> None:
    for name in ("source dev", "target text"):
        message = refused(f"targets.1.tests=[{{name: {name}, path: de.test.conll}}]")
        assert f"targets.1.tests: a test set is called {name!r}" in message and "give it another name" in message


def test_every_test_set_is_looked_at_though_they_are_columns_of_one_file(
    refused: Callable[..., str], data: Path
) -> None:
    lines = (data / "de.test.conll").read_text(encoding="utf-8").split("\n")
    both = (line and "\t".join([*line.split(), line.split()[-1].replace("-LOC", "-PER")]) for line in lines)
    (data / "nl.both.conll").write_text("\n".join(both), encoding="utf-8")
    tests = ", ".join(f"{{name: {name}, path: nl.both.conll, tag_column: {name}}}" for name in ("3", "2"))
    tests = tests.replace("name: 3", "name: fine").replace("name: 2", "name: coarse")
    message = refused(f"targets.1.tests=[{tests}]", "labels.types=null")
    assert "nl.both.conll: its entity types are MISC, ORG, PER" in message


def test_a_language_comes_once(refused: Callable[..., str]) -> None:
    assert "the language de is given more than once" in refused("targets.1.language=de")
    assert "the language en is given more than once" in refused("targets.1.language=en")


def test_there_is_a_target(refused: Callable[..., str]) -> None:
    assert "targets: " in refused("targets=[]") and "at least 1 item" in refused("targets=[]")


def test_a_wrong_key_of_a_target_is_the_only_fault(refused: Callable[..., str]) -> None:
    message = refused("targets.0.translated_a=fr")
    assert "targets.0.translated_a: unknown key; did you mean targets.0.translated_as?" in message
    assert "at least" not in message


def test_both_directions_are_learnt_whatever_the_form_says(config_file: Path, data: Path, ended: Path) -> None:
    for given in ("true", "false"):
        planned = plan(config_file, data, ended, f"translator.training.both_directions={given}")
        # But for the card, which tells the settings.
        assert {o.status for o in planned.outcomes if o.step != "export_student"} == {"cached"}


def test_settings_have_their_papers_defaults() -> None:
    config = Crop.model_validate(
        {"source": {"train": {"path": "a"}}, "targets": [{"language": "de", "text": {"path": "b"}}]}
    )
    assert config.pairs.max_entities == 10 and config.pairs.marked_share == 0.5
    assert config.settling.rule == "paper" and config.alignment_guided and config.max_projected_sentences is None


@pytest.mark.slow
def test_what_people_said_is_learnt_of_sentences_that_were_dropped_too(
    config_file: Path, data: Path, ended: Path, patched: None, tmp_path: Path
) -> None:
    # Both languages have the same sentences here, so that both are corrected alike.
    store, about = Store(shutil.copytree(ended, tmp_path / "store")), {"author": "ada", "sentences": "sentences/ab"}
    settings = ["multilingual_training.epochs=40", "ablation=without_self_training"]
    for place, language in enumerate(("de", "nl")):
        file = tmp_path / f"{language}.jsonl"
        (text,) = [m for m in store.manifests_of("sentences") if m.label == f"{language} target text"]
        for row in store.table(store.find(f"sentences/{text.key}")).to_pylist()[:20]:
            tags = ["B-ORG", *["O"] * (len(row["words"]) - 1)]
            append_corrections(file, [correction(**row, tags=tags, before=["O"] * len(tags), **about)])
        settings.append(f"targets.{place}.corrections={file}")
    method, config = load(config_file, settings)
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    record = all_runs(store)[-1]
    (corrected,) = [step.reference for step in record.steps if step.step == "correct_training_set"]
    origins = store.metadata(corrected)["sentences"]
    assert [origins[language]["corrected"] for language in ("de", "nl")] == [20, 20]
    used, agreement = (table for table in record.measurements if "people" in table.title)
    assert [line.cells[::3] for line in used.lines] == [(20, "ada 20")] * 2
    f1 = {line.name: float(line.cells[1] or 0) for line in agreement.lines}
    assert max(f1["Theta_src, de"], f1["Theta_src, nl"]) < 0.3 < 0.5 < min(f1["Theta_all, de"], f1["Theta_all, nl"])
