"""The steps from labelled sentences to a shipped student, on words that a tiny encoder can tell apart."""

import re
from unittest.mock import MagicMock

import numpy as np
import pytest
import yaml
from easy_text import FAST, TAGS, WINDOWS, WORDS
from transformers import pipeline

from artifacts.catalog import ENCODER, GOLD, LABELLED, RELIABILITY, SENTENCES, SOFT_LABELS, TRANSLATION
from artifacts.errors import InputError, StoreError
from artifacts.runtime import Runtime
from artifacts.step import Job, run_alone, run_alone_on
from artifacts.writer import Writer
from tasks.distillation.export_student import StudentCard, export_student, model_card
from tasks.distillation.teaching import read_teaching
from tasks.distillation.train_collaborator import CollaborationWeights, CollaboratorTraining, train_collaborator
from tasks.distillation.train_student import StudentTraining, student_targets, train_student
from tasks.evaluation.bins import bin_reliability
from tasks.evaluation.changed import measure_change
from tasks.evaluation.decode import decode
from tasks.evaluation.scores import score
from tasks.tagging import training_shell
from tasks.tagging.crf_head import CRF
from tasks.tagging.decoding import Decoding
from tasks.tagging.fitting import Objective
from tasks.tagging.heads import LINEAR, LinearHead
from tasks.tagging.labelling import label_words
from tasks.tagging.student import load_student
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig
from tasks.training.loop import Checkpoints

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "en", "labels": LABELS}


def ids(rows=WORDS):
    return list(range(len(rows)))


@pytest.fixture
def encoder(put_model, tiny_encoder):
    return put_model(ENCODER, tiny_encoder)


@pytest.fixture
def source(put_table):
    return put_table(LABELLED, {"sentence_id": ids(), "words": WORDS, "tags": TAGS}, META)


@pytest.fixture
def translation(put_table):
    origin = [["lexicon"] * len(words) for words in WORDS]
    columns = {"sentence_id": ids(), "words": WORDS, "tags": TAGS, "source_words": WORDS, "origin": origin}
    columns |= {"corpus": ["labelled/ab"] * len(WORDS), "source_sentence_id": ids()}
    return put_table(TRANSLATION, columns, META)


@pytest.fixture
def tagger(store, source, encoder):
    return run_alone(store, train_tagger, source, encoder, TaggerTraining(**FAST), WINDOWS)


@pytest.fixture
def weights(put_table):
    ones = [[1.0] * len(words) for words in WORDS]
    columns = {"sentence_id": ids(), "agreement": ones, "weight": ones}
    return put_table(RELIABILITY, columns, {"labels": LABELS, "class_mean": {}, "neighbours": 1})


def test_from_labelled_sentences_to_a_student_that_a_pipeline_loads(
    store, put_table, tagger, translation, encoder, weights
):
    sentences = put_table(SENTENCES, {"sentence_id": ids(), "words": WORDS}, {"language": "de"})
    gold = put_table(GOLD, {"sentence_id": ids(), "tags": TAGS}, {**META, "language": "de"})
    on_translation = run_alone(store, label_words, tagger, translation, WINDOWS)
    beta_soft, beta_hard = CollaborationWeights().at(1)
    collaborator = run_alone(
        store,
        train_collaborator,
        *(tagger, translation, on_translation, weights, beta_soft, beta_hard),
        CollaboratorTraining(**FAST),
        WINDOWS,
    )
    soft = run_alone(store, label_words, collaborator, sentences, WINDOWS)
    student = run_alone(store, train_student, encoder, soft, weights, StudentTraining(**FAST), WINDOWS)
    final = run_alone(store, label_words, student, sentences, WINDOWS)
    predictions = run_alone(store, decode, final, Decoding())
    scores = run_alone(store, score, predictions, gold, "student")
    assert store.table(scores)["f1"].to_pylist() == [1.0, 1.0, 1.0]
    assert store.metadata(scores) == {"name": "student"}
    assert store.metadata(soft) == {"language": "de", "labels": LABELS}
    assert store.require(student).notes["device"] == store.require(soft).notes["device"] == Runtime().resolved_device()
    assert store.table(run_alone(store, measure_change, soft, final))["share"].to_pylist() == [0.0]
    bins = store.table(run_alone(store, bin_reliability, soft, weights, gold, Decoding(), 5))
    assert bins["words"].to_pylist() == [0, 0, 0, 0, sum(map(len, WORDS))]
    assert bins["token_f1"].to_pylist()[-1] == 1.0

    card = StudentCard(source_language="en", target_languages=("de", "nl"), data=("ours",), config_text="iterations: 1")
    texts = tuple(
        put_table(SENTENCES, {"sentence_id": [0], "words": [["x"]]}, {"language": language, "splitter": splitter})
        for language, splitter in (("zh-cn", "characters"), ("de", "moses"), ("ja", ""))
    )
    shipped = store.folder(run_alone(store, export_student, student, (scores,), card, texts))
    found = pipeline("token-classification", str(shipped), aggregation_strategy="first")("Anna lives in Paris.")
    assert [(entity["entity_group"], entity["word"]) for entity in found] == [("PER", "Anna"), ("LOC", "Paris")]
    readme = (shipped / "README.md").read_text(encoding="utf-8")
    assert "| overall | 100.0 | 100.0 | 100.0 | 30 |" in readme
    assert str(store.root) not in readme
    front = yaml.safe_load(readme.split("---\n")[1])
    # Words of ja were given; those of de are found by Moses' rules, as always.
    assert front["language"] == ["de", "nl"] and front["segmenters"] == {"zh": "characters"}
    assert "A named-entity tagger for de, nl, trained without labels" in readme
    assert "windows" not in front and "decoding" not in front and "(Viterbi)" in readme
    loaded = load_student(shipped, tokenized=True, windows=WINDOWS)
    tagged = list(loaded.tag_words([["Anna", "."], [], ["in"] * 200 + ["Paris"]]))
    assert [len(each.tags) for each in tagged] == [2, 0, 201]
    assert tagged[0].tags == ["B-PER", "O"]
    assert tagged[2].tags[-1] == "B-LOC"


@pytest.mark.parametrize(
    ("settings", "authors", "parts", "says"),
    [
        ({}, {}, "trained without labels of that language from labels in en (CoLaDa, by Crosstag).", ""),
        ({"chosen_by_gold": True}, {}, "trained from labels in en (CoLaDa, by Crosstag).",
         "Gold labels of a development set of that language chose its epochs: it is not zero-resource."),
        ({"previous": "student/ab"}, {}, "trained from labels in en (CoLaDa, by Crosstag).",
         "It goes on from `student/ab`; what that one was trained from, its own card says."),
        ({}, {"ada": 2}, "trained from labels in en (CoLaDa, by Crosstag), and from labels that people gave 2 of the "
         "sentences that it learnt from: ada 2.", ""),
    ],
)  # fmt: skip
def test_a_card_tells_which_labels_of_its_own_language_a_student_had(settings, authors, parts, says):
    card = StudentCard(source_language="en", target_languages=("de",), **settings)
    told = model_card(card, LABELS, [], LINEAR, True, None, {}, authors).split("\n\n")[2]
    assert told == f"A named-entity tagger for de, {parts} {says}".strip()


def test_a_card_says_in_which_windows_the_student_saw_its_text():
    card = StudentCard(target_languages=("de",), windows=WindowConfig(max_length_subwords=48, overlap_subwords=6))
    text = model_card(card, LABELS, [], LINEAR, True, 64, {}, {})
    assert yaml.safe_load(text.split("---\n")[1])["windows"] == {"max_length_subwords": 48, "overlap_subwords": 6}
    assert "stride=6)" in text


@pytest.mark.parametrize("head", [LINEAR, CRF])
@pytest.mark.parametrize(
    ("languages", "segmenters", "in_pipelines", "not_found"),
    [
        (("de",), {}, True, ""),
        (("zh-cn",), {}, False, "the words of zh-cn, between"),
        (("ja", "th"), {}, False, "the words of ja, th, between"),
        (("yue",), {"yue": "characters"}, False, "the words of yue, between"),
        (("yue",), {}, True, ""),
        (("de", "zh"), {"zh": "jieba"}, True, "the words of zh, between"),
    ],
)
def test_a_card_says_of_which_languages_a_pipeline_finds_no_words(head, languages, segmenters, in_pipelines, not_found):
    text = model_card(StudentCard(target_languages=languages), LABELS, [], head, True, 64, segmenters, {})
    assert ("from transformers import pipeline" in text and "stride=" in text) == in_pipelines
    assert ("A pipeline of transformers does not find" in text) == bool(not_found) and not_found in text
    assert "load_student" in text


def test_a_card_says_how_its_scores_become_tags():
    text = model_card(StudentCard(decoding=Decoding(method="argmax")), LABELS, [], LINEAR, True, 64, {}, {})
    assert yaml.safe_load(text.split("---\n")[1])["decoding"] == {"method": "argmax", "inside_at_start": False}
    assert "where Crosstag counts it as none" in text and "Viterbi" not in text


def test_the_first_iteration_has_weights_of_its_own():
    weights = CollaborationWeights(beta_soft_first=0.1, beta_hard_first=0.2, beta_soft_later=0.3, beta_hard_later=0.4)
    assert [weights.at(i) for i in (1, 2, 3)] == [(0.1, 0.2), (0.3, 0.4), (0.3, 0.4)]


def test_what_students_learn_from_is_float32(store, translation, tagger, weights):
    # In float64 a batch would be too, and the loss with it, at twice the room.
    soft = run_alone(store, label_words, tagger, translation, WINDOWS)
    job = Job(store, Runtime(store=str(store)), writer=None)
    for reliability in (None, weights):
        teaching = read_teaching(job, soft, reliability)
        assert teaching.weights.dtype == teaching.probabilities.dtype == np.float32
    assert student_targets(teaching, "viterbi").dtype == student_targets(teaching, "soft").dtype == np.float32


def test_a_tagger_is_told_what_its_labels_come_from(store, put_table, source, translation, tagger, encoder):
    strange = put_table(LABELLED, {"sentence_id": [0], "words": [["Anna"]], "tags": [["B-ORG"]]}, META)
    with pytest.raises(InputError, match=r"^labelled: tag 'B-ORG' is not one of"):
        run_alone(store, train_tagger, strange, encoder, TaggerTraining(**FAST), WINDOWS)
    fewer = {"sentence_id": [0], "words": [["Anna"]], "tags": [["O"]]}
    with pytest.raises(InputError, match=r"the tagger to start from has .*; labelled has O, B-LOC;"):
        other = put_table(LABELLED, fewer, {**META, "labels": ["O", "B-LOC"]})
        run_alone(store, train_tagger, other, tagger, TaggerTraining(**FAST), WINDOWS)


def test_a_head_gets_the_model_that_it_learns_for(monkeypatch, store, source, encoder):
    def spy(self, model, outputs, batch):
        assert self.labels(model) == LABELS and outputs.shape == (len(batch["hard"]), len(LABELS))
        raise NotImplementedError("seen")

    monkeypatch.setattr(LinearHead, "losses", spy)
    with pytest.raises(NotImplementedError, match="seen"):
        run_alone(store, train_tagger, source, encoder, TaggerTraining(**FAST), WINDOWS)


def test_training_goes_on_from_a_tagger_and_is_reproducible(store, source, tagger):
    config = TaggerTraining(**{**FAST, "epochs": 1, "learning_rate": 1e-4})
    further = run_alone(store, train_tagger, source, tagger, config, WINDOWS)
    assert further.digest != tagger.digest
    store.move_aside(further.kind, further.key)
    assert run_alone(store, train_tagger, source, tagger, config, WINDOWS).digest == further.digest


@pytest.mark.parametrize("options", [{"targets": "viterbi"}, {"start": "collaborator"}, {"loss_mean": "word"}])
def test_the_published_codes_departures_train_a_student(store, tagger, translation, encoder, options):
    soft = run_alone(store, label_words, tagger, translation, WINDOWS)
    start = tagger if "start" in options else encoder
    student = run_alone(store, train_student, start, soft, None, StudentTraining(**FAST, **options), WINDOWS)
    after = run_alone(store, label_words, student, translation, WINDOWS)
    assert store.table(run_alone(store, measure_change, soft, after))["share"].to_pylist() == [0.0]


def test_artifacts_with_other_labels_or_sentences_are_refused(store, put_table, tagger, translation, encoder):
    soft = run_alone(store, label_words, tagger, translation, WINDOWS)
    few = put_table(RELIABILITY, {"sentence_id": [0], "agreement": [[1.0]], "weight": [[1.0]]}, {"labels": LABELS})
    with pytest.raises(InputError, match="24 and 1 sentences"):
        run_alone(store, train_student, encoder, soft, few, StudentTraining(**FAST), WINDOWS)
    renamed = put_table(RELIABILITY, {"sentence_id": [0], "agreement": [[1.0]], "weight": [[1.0]]}, {"labels": ["O"]})
    with pytest.raises(InputError, match=f"soft labels has {', '.join(LABELS)}; reliability has O;"):
        run_alone(store, train_student, encoder, soft, renamed, StudentTraining(**FAST), WINDOWS)
    columns = {"sentence_id": [0], "words": [["Anna"]], "probabilities": [[[0.5, 0.25, 0.25]]]}
    other = put_table(SOFT_LABELS, columns, {"language": "de", "labels": ["O", "B-LOC", "I-LOC"]})
    with pytest.raises(InputError, match=f"translation has {', '.join(LABELS)}; soft labels has O, B-LOC, I-LOC;"):
        run_alone(
            store, train_collaborator, tagger, translation, other, None, 0.5, 0.5, CollaboratorTraining(**FAST), WINDOWS
        )
    told = f"the tagger to start from has {', '.join(LABELS)}; soft labels has O, B-LOC, I-LOC;"
    with pytest.raises(InputError, match=re.escape(told)):
        run_alone(store, train_student, tagger, other, None, StudentTraining(**FAST), WINDOWS)
    gold = put_table(GOLD, {"sentence_id": [0, 2], "tags": [["O"], ["O"]]}, META)
    predictions = run_alone(store, decode, soft, Decoding())
    with pytest.raises(InputError, match="gold and predictions: 2 and 24 sentences"):
        run_alone(store, score, predictions, gold, "x")


def test_a_training_keeps_checkpoints_in_its_own_folder_as_often_as_the_runtime_says(
    monkeypatch, store, encoder, source
):
    def spy(*arguments, checkpoints, **options):
        assert checkpoints == Checkpoints(store.work_folder(*key), Runtime().checkpoint_minutes)
        raise NotImplementedError("seen")

    monkeypatch.setattr(training_shell, "train", spy)
    arguments = (source, encoder, TaggerTraining(**FAST), WINDOWS)
    key = train_tagger.key_of(train_tagger.bound(*arguments))
    with pytest.raises(NotImplementedError, match="seen"):
        run_alone(store, train_tagger, *arguments)


def test_what_a_training_does_between_epochs_and_changes_beside_the_model_reaches_the_loop(monkeypatch, tmp_path):
    between, beside = object(), object()

    def spy(*arguments, **options):
        assert (options["after_epoch"], options["beside"]) == (between, beside)
        assert options["sentences"].tolist() == [7] and options["of_update"] is between
        raise NotImplementedError("seen")

    monkeypatch.setattr(training_shell, "train", spy)
    job = MagicMock(work_folder=tmp_path, checkpoint_minutes=1.0, device="cpu")
    objective = Objective(np.array([3]), np.array([7]), collate=None, of_update=between, loss=None)
    with pytest.raises(NotImplementedError, match="seen"):
        training_shell.train_and_save(
            job, None, None, LABELS, objective, TaggerTraining(**FAST), "x", after_epoch=between, beside=beside
        )


def test_epochs_are_kept_after_what_a_training_does_between_them(monkeypatch, tmp_path):
    told = []

    def spy(*arguments, after_epoch, **options):
        after_epoch(4, "model")
        raise NotImplementedError("seen")

    def keeper(folder):
        return lambda *of: told.append((folder, *of))

    monkeypatch.setattr(training_shell, "train", spy)
    monkeypatch.setattr(training_shell, "epoch_keeper", keeper)
    job = MagicMock(work_folder=tmp_path, checkpoint_minutes=1.0, device="cpu")
    objective = Objective(np.array([3]), np.array([7]), collate=None, of_update=None, loss=None)
    config = TaggerTraining(**FAST, keep_epochs=True)
    for between in (lambda *of: told.append(of), None):
        with pytest.raises(NotImplementedError, match="seen"):
            training_shell.train_and_save(job, None, None, LABELS, objective, config, "x", after_epoch=between)
    assert told == [(4, "model"), (tmp_path, 4, "model"), (tmp_path, 4, "model")]


def test_epochs_lie_beside_the_last_tagger_where_they_are_asked_for(store, source, encoder):
    for keep, files in ((True, ["0001.safetensors", "0002.safetensors"]), (False, [])):
        config = TaggerTraining(**{**FAST, "epochs": 2}, keep_epochs=keep)
        folder = store.folder(run_alone(store, train_tagger, source, encoder, config, WINDOWS))
        assert sorted(each.name for each in folder.glob("epochs/*")) == files


def test_epochs_that_are_kept_outlive_a_training_that_could_not_be_committed(store, source, encoder, monkeypatch):
    config = TaggerTraining(**{**FAST, "epochs": 3}, keep_epochs=True)
    runtime = Runtime(store=str(store), checkpoint_minutes=0)
    with monkeypatch.context() as lost, pytest.raises(StoreError, match="no answer"):
        lost.setattr(Writer, "finish", MagicMock(side_effect=StoreError("no answer from the bucket")))
        run_alone_on(runtime, train_tagger, source, encoder, config, WINDOWS)
    tagger = run_alone_on(runtime, train_tagger, source, encoder, config, WINDOWS)
    assert store.require(tagger).notes["resumed_at"] > 0
    assert sorted(each.stem for each in store.folder(tagger).glob("epochs/*")) == ["0001", "0002", "0003"]


def test_labels_that_came_with_the_sentences_do_not_matter_to_labelling(store, put_table, tagger, source):
    plain = put_table(SENTENCES, {"sentence_id": ids(), "words": WORDS}, {"language": "en"})
    one, two = (run_alone(store, label_words, tagger, data, WINDOWS) for data in (source, plain))
    assert store.table(one)["probabilities"].to_pylist() == store.table(two)["probabilities"].to_pylist()
    for words, rows in zip(WORDS, store.table(one)["probabilities"].to_pylist(), strict=True):
        assert len(rows) == len(words)
        assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in rows)
