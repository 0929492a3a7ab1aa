"""Bad input: a clear error, exit code 2, no server, nothing written."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import yaml
from prefect.settings import PREFECT_SERVER_EPHEMERAL_ENABLED, temporary_settings

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.commands.cli import main
from flows.commands.methods import load
from flows.parts.corpus_checks import check_segmenters
from flows.parts.translator import TranslatorChoice, check_marking
from tasks.corpus.corpus import Corpus, Part
from tasks.translation.machine.card import TranslatorCard, write_card
from tasks.translation.marked.markers import Marking


@pytest.fixture
def refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Runs `crosstag run` and `crosstag plan` with settings; gives the one error message, which is the same of both."""
    monkeypatch.setattr("flows.colada.colada.__call__", _never, raising=False)
    monkeypatch.setattr("prefect.flow_engine.run_flow_sync", _never)

    def run(*settings: str, config: Path = data / "tiny.yaml", store: Path = tmp_path / "store") -> str:
        arguments = [part for setting in settings for part in ("--set", setting)]
        existed, messages = store.exists(), []
        for command in ("run", "plan"):
            monkeypatch.setattr(
                "sys.argv", ["crosstag", command, str(config), "--data", str(data), "--store", str(store), *arguments]
            )
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 2
            assert store.exists() == existed, "bad input must not make a store"
            messages.append(capsys.readouterr().err)
        message, planned = messages
        assert message.startswith("error: ") and "Traceback" not in message
        assert planned == message
        return message

    # The server that `run` starts in the background would outlive its error, and this process takes it for a named one.
    with temporary_settings({PREFECT_SERVER_EPHEMERAL_ENABLED: False}):
        yield run


def _never(*args: object, **kwargs: object) -> None:
    raise AssertionError("a flow was started in spite of bad input")


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "given.conll"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def expect(message: str, *parts: str) -> None:
    for part in parts:
        assert part in message, message


def test_a_missing_configuration(refused: Callable[..., str], data: Path) -> None:
    expect(refused(config=data / "tyni.yaml"), "tyni.yaml", "did you mean", "tiny.yaml")


def test_a_missing_file(refused: Callable[..., str]) -> None:
    expect(refused("source.train.path=en.conl"), "en.conl", "did you mean en.conll")


def test_corrections_that_do_not_fit_the_text(refused: Callable[..., str], data: Path, tmp_path: Path) -> None:
    first = (data / "de.txt").read_text(encoding="utf-8").split("\n")[0].split()
    line = {"sentence_id": 0, "words": first, "tags": ["O"] * len(first), "before": ["O"] * len(first)}
    line |= {"author": "ada", "made": "2026-11-29T01:02:03Z", "sentences": "sentences/ab"}
    given, named = tmp_path / "by_hand.jsonl", f"target.corrections={tmp_path / 'by_hand.jsonl'}"
    expect(refused(named), "by_hand.jsonl", "there is no file")
    for change, told in (
        ({"sentence_id": 10_000}, "line 2: de.txt has no sentence 10000"),
        ({"words": ["?"] * len(first)}, "and was '? ?"),
        ({"tags": ["I-PER", *["O"] * (len(first) - 1)]}, "tag 'I-PER' at the start of a sentence is not valid"),
        ({"tags": None}, "no correction is in it that was not withdrawn"),
    ):
        given.write_text(f"\n{json.dumps({**line, **change})}\n", encoding="utf-8")
        expect(refused(named), "by_hand.jsonl", told)


def test_an_empty_corpus(refused: Callable[..., str], tmp_path: Path) -> None:
    expect(refused(f"source.train.path={file(tmp_path, '')}"), "given.conll", "no sentence")


def test_an_empty_unlabelled_text(refused: Callable[..., str], tmp_path: Path) -> None:
    expect(refused(f"target.text.path={file(tmp_path, chr(10))}"), "given.conll", "no sentence", "at least one")


def test_a_column_file_where_the_configuration_says_text(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nlives\tO\n\n")
    message = refused(f"target.text.path={path}", "target.text.format=text", "target.text_gold=null")
    expect(message, "format is text, but the file looks like format columns", "its labels would be taken for words")


def test_a_wrong_number_of_columns(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nlives\tO\textra\nhere\tO\n\n")
    expect(refused(f"source.train.path={path}"), "given.conll, line 2", "3 columns", "expected 2")


def test_a_word_without_a_tag(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nlives\nhere\tO\n\n")
    expect(refused(f"source.train.path={path}"), "given.conll, line 2", "expected 2")


def test_an_unknown_type(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PERS\nlives\tO\n\n")
    expect(refused(f"source.train.path={path}"), "line 1", "'B-PERS'", "B-PER", "labels.rename")


def test_an_unknown_tag(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nlives\tX-LOC\n\n")
    expect(refused(f"source.train.path={path}", "source.train.tag_column=2"), "line 2", "'X-LOC'")


def test_an_inside_tag_after_another_type_under_strict_iob2(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nBonn\tI-LOC\n\n")
    expect(refused(f"source.train.path={path}", "source.train.scheme=iob2"), "line 2", "'I-LOC'", "scheme: iob1")


def test_a_file_that_is_not_utf8(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PER\nM\xfcller\tI-PER\n\n".encode("latin-1"))
    expect(refused(f"source.train.path={path}"), "line 2", "UTF-8")


def test_label_sets_that_differ(refused: Callable[..., str], tmp_path: Path) -> None:
    path = file(tmp_path, "Anna\tB-PERSON\n\n")
    settings = ("labels.types=null", f"target.tests.0.path={path}")
    expect(refused(*settings), "given.conll", "PERSON", "LOC, MISC, ORG, PER", "labels.rename")


def test_labelled_corpora_without_an_entity(refused: Callable[..., str], data: Path, tmp_path: Path) -> None:
    words = (data / "de.txt").read_text(encoding="utf-8").split("\n")
    blind = file(tmp_path, "\n\n".join("\n".join(f"{word}\tO" for word in line.split()) for line in words) + "\n")
    sentences = sum(bool(line.strip()) for line in words)
    imported = f"translation={{method: import, imported: {{path: {blind}}}}}"
    for setting, key in (
        (f"source.train.path={blind}", "source.train"),
        (f"source.dev={{path: {blind}}}", "source.dev"),
        (f"target.text_gold.path={blind}", "target.text_gold"),
        (f"target.dev={{path: {blind}}}", "target.dev"),
        (f"target.tests.0.path={blind}", "target.tests, "),
        (imported, "translation.imported"),
    ):
        message = refused(setting, "labels.types=[LOC, MISC, ORG, PER]")
        told = f"given.conll: its {sentences:,} sentences have no entity of LOC, MISC, ORG, PER; expected some; give"
        expect(message, f"error: {key}", told, "under labels.types")
    other = file(tmp_path, "Anna\tB-PERSON\nlebt\tO\n")
    message = refused(f"target.tests.0.path={other}", "labels.types=[PER]", "labels.other_types=drop")
    expect(message, "PER (entities of other types are O, as labels.other_types says: PERSON 1)", "labels.rename")


def test_gold_labels_of_other_sentences(refused: Callable[..., str]) -> None:
    expect(refused("target.text_gold.path=de.test.conll"), "text_gold", "expected the same words")


def test_gold_labels_of_fewer_sentences_than_the_text_has_now(
    refused: Callable[..., str], data: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more.txt"
    more.write_text((data / "de.txt").read_text(encoding="utf-8") + "Ein Satz mehr .\n", encoding="utf-8")
    expect(refused(f"target.text.path={more}"), "expected the same sentences", "set target.text_gold to null")


def test_a_file_where_its_settings_belong(refused: Callable[..., str]) -> None:
    expect(refused("target.text=de.txt"), "target.text: found 'de.txt'", "did you mean target.text.path?")


def test_types_to_copy_of_which_the_labels_have_none(refused: Callable[..., str]) -> None:
    message = refused("translation.words.copy_types=[PERSON]")
    expect(message, "translation.words.copy_types: PERSON, and the entity types are ", "name some, or none: []")


def test_a_lexicon_with_no_known_word(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "given.txt"
    path.write_text("xyzzy plugh\nfoo bar\n")
    expect(refused(f"translation.seed_lexicon={path}"), "seed_lexicon", "2 pairs, none")


def test_vectors_of_different_dimension(refused: Callable[..., str], tmp_path: Path) -> None:
    for name, dimension in (("a.vec", 3), ("b.vec", 4)):
        row = " ".join(map(str, np.arange(dimension)))
        (tmp_path / name).write_text(f"1 {dimension}\nword {row}\n")
    message = refused(
        f"translation.vectors.source_file={tmp_path / 'a.vec'}", f"translation.vectors.target_file={tmp_path / 'b.vec'}"
    )
    expect(message, "dimension 3", "4", "expected the same")


def test_more_neighbours_than_words(refused: Callable[..., str]) -> None:
    expect(refused("reliability.neighbours=100000"), "reliability.neighbours", "100000", "lower reliability.neighbours")


def test_an_encoder_folder_that_is_no_checkpoint(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "pytorch_model.bin").write_bytes(b"")
    expect(refused(f"encoder.checkpoint={tmp_path / 'encoder'}"), "config.json", "pytorch_model.bin")


def test_the_bundled_encoder_on_text_that_it_has_not_read(refused: Callable[..., str]) -> None:
    english = "source.train.path=bundled:en.train.conll"
    expect(
        refused("encoder.checkpoint=bundled:encoder"), "source.train is en.conll", "set encoder.checkpoint to pretrain"
    )
    expect(refused("encoder.checkpoint=bundled:encoder", english), "target.text is de.txt", "name its folder: /")


def test_names_of_languages_are_no_codes(refused: Callable[..., str]) -> None:
    told = "{}.language: expected a code such as de or zh-Hant (found {!r})"
    expect(refused("target.language=deutsch"), told.format("target", "deutsch"))
    expect(refused("source.language=english"), told.format("source", "english"))


def test_the_bundled_encoder_on_a_language_that_it_does_not_know(refused: Callable[..., str]) -> None:
    settings = ("encoder.checkpoint=bundled:encoder", "source.train.path=bundled:en.train.conll", "target.language=ar")
    expect(refused(*settings), "knows en and de alone", "target.language is ar", "set encoder.checkpoint to pretrain")


def test_a_configuration_that_names_no_encoder_gets_the_bundled_one(refused: Callable[..., str], data: Path) -> None:
    settings = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    del settings["encoder"]
    (data / "without.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    expect(refused(config=data / "without.yaml"), "bundled:encoder", "source.train is en.conll")


def test_a_bundled_model_that_does_not_exist(refused: Callable[..., str]) -> None:
    expect(refused("encoder.checkpoint=bundled:encodr"), "bundled:encodr", "there is bundled:encoder")


def test_an_empty_name_of_an_encoder(refused: Callable[..., str]) -> None:
    expect(refused("encoder.checkpoint=''"), "encoder.checkpoint", "write pretrain")


def test_an_unknown_key_names_the_nearest(refused: Callable[..., str]) -> None:
    expect(refused("student.learning_rat=0.1"), "student.learning_rat", "student.learning_rate")


def test_a_value_out_of_range(refused: Callable[..., str]) -> None:
    expect(refused("student.learning_rate=-1"), "student.learning_rate", "greater than 0", "-1")


def test_parallel_files_of_different_length(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "short.de"
    path.write_text("Ein Satz.\n")
    expect(refused(f"parallel.0.target={path}"), "60 lines", "1")


@pytest.mark.parametrize(("format", "advice"), [(99, "upgrade"), (1, "delete this one")])
def test_a_store_made_by_another_version(refused: Callable[..., str], tmp_path: Path, format: int, advice: str) -> None:
    store = tmp_path / "other"
    store.mkdir()
    (store / "store.json").write_text(json.dumps({"format": format}))
    expect(refused(store=store), f"format {format}", advice)
    assert sorted(p.name for p in store.iterdir()) == ["store.json"]


def test_two_test_sets_of_one_name(refused: Callable[..., str]) -> None:
    twice = "target.tests=[{name: a, path: de.test.conll}, {name: a, path: de.test.conll}]"
    expect(refused(twice), "2 test sets", "'a'")


def test_a_window_longer_than_the_encoder(refused: Callable[..., str]) -> None:
    expect(refused("windows.max_length_subwords=300"), "300", "96")


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("inference.precision", "inference"),
        ("source_training.precision", "source_training"),
        ("encoder.pretraining.precision", "encoder.pretraining"),
    ],
)
def test_a_gpu_that_does_not_compute_in_the_asked_format(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, setting: str, key: str
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: including_emulation)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Old GPU")
    expect(refused(f"{setting}=bf16"), f"{key}: precision bf16", "Old GPU", "set precision to float32")


def test_a_translator_that_does_not_compute_in_the_asked_format(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda device: {"float32"})
    message = refused("translation.marked.generation.precision=bf16")
    expect(message, "translation.marked.generation: generation.precision bf16", "set precision to float32")


def test_an_alignment_by_a_layer_that_the_encoder_does_not_have(refused: Callable[..., str]) -> None:
    settings = ("translation.method=aligned", "translation.aligned.encoder.layer=2")
    expect(refused(*settings), "translation.aligned.encoder.layer", "layer 2", "the encoder has 1")


def test_a_command_as_translator_that_is_to_rank_candidates(refused: Callable[..., str]) -> None:
    external = "translation.marked.translator.external={command: cat, version: '1'}"
    settings = ("translation.method=aligned", external, "translation.aligned.ranking=unplaced")
    expect(refused(*settings), "translation.aligned.ranking unplaced", "the command `cat` gives none", "to off")


def test_an_alignment_by_eflomal_that_is_not_installed(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.translation.pairs.word_alignment.find_spec", lambda name: None)
    lost = ("translation.method=marked", "translation.marked.lost=aligned", "translation.aligned.aligner=both")
    expect(refused(*lost), "translation.aligned.aligner both", "eflomal is not installed", "or set it to encoder")


def test_settings_of_a_translator_are_named_as_the_configuration_has_them(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    named = ("translation.method=marked", f"translation.marked.translator.checkpoint={tmp_path / 'bert'}")
    expect(refused(*named), "model_type is 'bert'", "by a command: translation.marked.translator.external")


@pytest.mark.parametrize(
    ("learnt", "form", "told"),
    [
        (None, "xml", ""),
        (("slot",), "slot", ""),
        (("slot",), "xml", "was trained on markers of the form slot alone; set marking.form to slot"),
        ((), "slot", "was trained on sentences without markers; train it with markers"),
    ],
)
def test_a_translator_that_was_trained_here_is_asked_for_markers_that_it_has_learnt(
    tmp_path: Path, learnt: tuple[Literal["slot"], ...] | None, form: Literal["slot", "xml"], told: str
) -> None:
    write_card(TranslatorCard(family="m2m100", markers=learnt), tmp_path)
    choice, runtime = TranslatorChoice(checkpoint=str(tmp_path)), Runtime(data=str(tmp_path))
    if not told:
        check_marking(choice, Marking(form=form), runtime)
        return
    with pytest.raises(InputError, match=told):
        check_marking(choice, Marking(form=form), runtime)
    check_marking(choice.model_copy(update={"fine_tune": True}), Marking(form="slot"), runtime)


def test_translate_test_without_what_it_translates_and_aligns_by(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = "score_translate_test=true"
    expect(refused(wanted, "parallel=[]"), "score_translate_test: test sentences need a translator", "`parallel` names")
    expect(refused(wanted, "target.tests=[]"), "score_translate_test", "target.tests names none")
    expect(refused(wanted, "source.language=tlh"), "language filter: found the language 'tlh'")
    expect(refused(wanted, "translation.aligned.encoder.layer=2"), "translation.aligned.encoder.layer", "layer 2")
    command = "translation.marked.translator.external={command: cat, version: '1'}"
    expect(refused(wanted, command, "translation.aligned.ranking=all"), "translation.aligned.ranking all", "`cat`")
    monkeypatch.setattr("tasks.translation.pairs.word_alignment.find_spec", lambda name: None)
    expect(refused(wanted, "translation.aligned.aligner=eflomal"), "eflomal is not installed")


@pytest.mark.parametrize(
    ("method", "directions"), [("words", [("de", "en")]), ("marked", [("en", "de"), ("de", "en")])]
)
def test_translate_test_needs_a_translator_of_its_own_direction(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, directions: list[tuple[str, str]]
) -> None:
    asked: list[list[tuple[str, str]]] = []
    split: list[list[str]] = []
    monkeypatch.setattr(
        "flows.parts.translation_checks.check_translator", lambda _, these, *rest: asked.append(list(these))
    )
    monkeypatch.setattr("flows.parts.translation_checks.check_segmenters", lambda corpora: split.append(list(corpora)))
    described, config = load(data / "tiny.yaml", ["score_translate_test=true", f"translation.method={method}"])
    described.check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
    assert asked[-1] == directions
    assert split[-1] == ["source.train"]  # Its tagger reads the translations.


def test_a_projecting_teacher_reads_what_it_can_before_the_run(
    refused: Callable[..., str], tiny_config: Callable[[str], Path]
) -> None:
    panel = {"config": tiny_config("panel")}
    wanted = "teachers=[{learns: source}, {learns: projection, translation: marked}]"
    brackets = "translation.marked.marking.form=brackets"
    translator = "translation.marked.translator.external={command: cat, version: '1'}"
    expect(refused(wanted, brackets, translator, **panel), "teachers: projection", "brackets", "set it to slot or xml")
    # M2M100 knows Yoruba, langid does not.
    yoruba = ("source.language=yo", "translation.marked.reading.language_filter=off")
    expect(refused(wanted, *yoruba, **panel), "language filter: found the language 'yo'")


def test_a_text_to_translate_stands_once(refused: Callable[..., str], tiny_config: Callable[[str], Path]) -> None:
    files = "{source: parallel.en, target: parallel.de}"
    twice = f"targets.0.translation_tests=[{files}, {files}]"
    expect(
        refused(twice, config=tiny_config("crop")),
        "targets.0.translation_tests.1: parallel.en and parallel.de stand there twice",
        "expected each pair of files once",
        "take one of them away",
    )


def test_translations_that_conner_learns_are_split_as_its_source_is(
    data: Path, tiny_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    split: list[list[str]] = []
    monkeypatch.setattr("flows.conner.check_segmenters", lambda corpora: split.append(list(corpora)))
    monkeypatch.setattr("flows.conner.check_pairs", lambda *_: None)

    def check(*settings: str) -> list[list[str]]:
        split.clear()
        described, config = load(tiny_config("conner"), list(settings))
        described.check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
        return list(split)

    assert check("pairs.imported=null") == [["source.train"]]
    assert check("pairs.imported=null", "ablation=trans_label") == [["target.text"]]  # In the target's language.
    assert check("pairs.imported=null", "student.beta=0") == []
    assert check() == []  # Imported pairs are words already.


def test_more_placeholders_than_the_translator_learns(
    data: Path, tiny_config: Callable[[str], Path], tmp_path: Path
) -> None:
    def check(*settings: str) -> None:
        described, config = load(tiny_config("conner"), ["pairs.imported=null", *settings])
        described.check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))

    told = r"pairs\.spans\.max_spans: {}, but the translator that is trained here has symbols for {}; lower it to {}"
    with pytest.raises(InputError, match=told.format(11, 10, 10)):
        check("pairs.spans.max_spans=11")
    with pytest.raises(InputError, match=told.format(13, 12, 12)):
        check("pairs.marking.max_spans=12", "pairs.spans.max_spans=13")
    check("pairs.marking.max_spans=3", "pairs.spans.max_spans=10")  # There are ten symbols at least.
    check("pairs.marking.max_spans=12", "pairs.spans.max_spans=12")
    check("pairs.spans.max_spans=50", "pairs.spans.placeholder=span")
    check("pairs.spans.max_spans=50", "student.beta=0")


@pytest.mark.parametrize(
    ("language", "splitters", "told"),
    [
        ("zh", ("jieba",), "found by jieba"),
        ("zh", ("", "jieba"), "found by jieba"),
        ("zh", ("characters",), ""),
        ("yue", ("characters",), ""),
        ("km", ("characters",), "its words are characters, and translations and parallel text in km are split at"),
        ("km", ("moses",), ""),
    ],
)
def test_a_text_is_split_as_its_translations_are(language: str, splitters: tuple[str, ...], told: str) -> None:
    parts = tuple(Part("a.txt", "text", "", None, 1, (), each) for each in splitters)
    corpus = Corpus(language, [["a"]], parts=parts)
    with pytest.raises(InputError, match=told) if told else nullcontext():
        check_segmenters({"target.text": corpus})
