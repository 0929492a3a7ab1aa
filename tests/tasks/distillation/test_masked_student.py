"""A panel's student minimises w CE + omega L_mlm, from the artifacts it is given to the losses that it notes.

As in test_span_training.py: with a rate of next to nothing, the output says what the model said before the first
update. With a mask rate of next to 1 every sub-word is hidden.
"""

import numpy as np
import pytest
from easy_text import FAST
from hidden_pieces import masked_loss
from safetensors.torch import load_file

from artifacts.catalog import ENCODER, LABELLED, RELIABILITY, SENTENCES, SOFT_LABELS
from artifacts.step import run_alone
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.distillation.train_student import StudentTraining, train_student
from tasks.tagging.labelling import label_words
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "B-PER"]
META = {"language": "de", "labels": LABELS}
TEXT = [["Paris", "lives"], ["abc"], ["Anna", "in", "Berlin", "in", "Paris"]]
SOFT = [[[0.2, 0.7, 0.1], [0.8, 0.1, 0.1]], [[0.6, 0.3, 0.1]], [[0.1, 0.1, 0.8], *([[0.5, 0.25, 0.25]] * 4)]]
WEIGHTS = [[0.5, 0.25], [1.0], [0.1, 0.2, 0.3, 0.4, 0.5]]
WORDS, TAGS = [["Anna", "."], ["in", "Berlin", "."]], [["B-PER", "O"], ["O", "B-LOC", "O"]]
WINDOWS = WindowConfig(max_length_subwords=16, overlap_subwords=4)
STILL = {"epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "warmup_fraction": 0.0, "frozen_layers": 0}
ALL = {"mask_rate": 1 - 1e-9}


@pytest.fixture
def encoder(put_model, sharp_masked_encoder):
    return put_model(ENCODER, sharp_masked_encoder)


@pytest.fixture
def joint(put_table):
    return put_table(SOFT_LABELS, {"sentence_id": [0, 1, 2], "words": TEXT, "probabilities": SOFT}, META)


@pytest.fixture
def reliability(put_table):
    columns = {"sentence_id": [0, 1, 2], "agreement": WEIGHTS, "weight": WEIGHTS}
    return put_table(RELIABILITY, columns, {"labels": LABELS})


@pytest.fixture
def labelled(put_table):
    return put_table(LABELLED, {"sentence_id": [4, 7], "words": WORDS, "tags": TAGS}, {**META, "language": "en"})


@pytest.fixture
def l_ce(store, put_table):
    """Sum over sentences of the mean over their words of w CE, or sum over words, of what a tagger says."""
    of = np.eye(3)
    targets = [*SOFT, *([of[LABELS.index(tag)] for tag in tags] for tags in TAGS)]
    weights = [*WEIGHTS, *([0.5] * len(words) for words in WORDS)]

    def losses(tagger, sentences, each_word):
        everything = TEXT + WORDS
        put = put_table(SENTENCES, {"sentence_id": list(range(5)), "words": everything}, {"language": "de"})
        said = store.table(run_alone(store, label_words, tagger, put, WINDOWS))["probabilities"].to_pylist()
        found = [
            [-w * np.dot(q, np.log(p)) for p, q, w in zip(*each, strict=True)]
            for each in list(zip(said, targets, weights, strict=True))[:sentences]
        ]
        return sum(sum(each) if each_word else np.mean(each) for each in found)

    return losses


@pytest.mark.parametrize("room", [{"sentences_per_batch": 100}, {"sentences_per_batch": 1}, {"subwords_per_batch": 16}])
@pytest.mark.parametrize("omega", [0.0, 0.7])
def test_every_window_of_raw_text_weighs_the_same(
    store, joint, reliability, labelled, encoder, sharp_masked_encoder, l_ce, omega, room
):
    """Five sentences, each one window; what is hidden is in the three of raw text.

    In updates of one sentence the mean over the updates is the same, and so it is over the passes of one update.
    """
    config = PanelStudentTraining(**STILL, **ALL, **room, labelled_weight=0.5, mlm_weight=omega)
    student = run_alone(store, train_panel_student, encoder, joint, reliability, labelled, config, WINDOWS)
    notes = store.require(student).notes
    l_mlm = 3 * masked_loss(sharp_masked_encoder, TEXT, each_piece=False)
    assert notes["losses"] == [pytest.approx((l_ce(student, 5, each_word=False) + omega * l_mlm) / 5, rel=1e-4)]
    about = ("pretrained", "[MASK]") if omega else (None, None)
    assert (notes.get("masked_language_head"), notes.get("masked_by")) == about


def test_every_hidden_sub_word_may_weigh_the_same(
    store, joint, reliability, labelled, encoder, sharp_masked_encoder, l_ce
):
    config = PanelStudentTraining(
        **STILL, **ALL, sentences_per_batch=100, loss_mean="word", labelled_weight=0.5, mlm_weight=0.7
    )
    student = run_alone(store, train_panel_student, encoder, joint, reliability, labelled, config, WINDOWS)
    l_mlm = 3 / 5 * masked_loss(sharp_masked_encoder, TEXT, each_piece=True)
    expected = l_ce(student, 5, each_word=True) / 13 + 0.7 * l_mlm
    assert store.require(student).notes["losses"] == [pytest.approx(expected, rel=1e-4)]


def test_the_mask_rate_says_how_much_is_hidden(store, joint, encoder):
    losses = {}
    for rate in (1e-9, 0.5):
        config = PanelStudentTraining(**STILL, sentences_per_batch=100, mask_rate=rate, mlm_weight=1.0)
        student = run_alone(store, train_panel_student, encoder, joint, None, None, config, WINDOWS)
        (losses[rate],) = store.require(student).notes["losses"]
    plain = PanelStudentTraining(**STILL, sentences_per_batch=100)
    student = run_alone(store, train_panel_student, encoder, joint, None, None, plain, WINDOWS)
    assert losses[1e-9] == pytest.approx(store.require(student).notes["losses"][0], rel=1e-5)
    assert losses[0.5] > losses[1e-9] + 0.1


@pytest.mark.parametrize("weighed", [False, True])
def test_without_it_the_student_is_trained_as_colada_s_bit_by_bit(store, joint, reliability, encoder, weighed):
    same = {**FAST, "dropout": 0.1, "epochs": 2, "sentences_per_batch": 2}
    weights = reliability if weighed else None
    config = PanelStudentTraining(**same, mlm_weight=0.0, mask_rate=0.9)
    ours = run_alone(store, train_panel_student, encoder, joint, weights, None, config, WINDOWS)
    theirs = run_alone(store, train_student, encoder, joint, weights, StudentTraining(**same), WINDOWS)
    assert ours.digest == theirs.digest


def test_it_moves_the_encoder_in_as_many_updates_and_saves_the_tagger_alone(store, joint, encoder):
    saved, updates = {}, set()
    for omega in (0.0, 1.0):
        config = PanelStudentTraining(**{**FAST, "epochs": 2}, mlm_weight=omega)
        student = run_alone(store, train_panel_student, encoder, joint, None, None, config, WINDOWS)
        saved[omega] = load_file(store.folder(student) / "model.safetensors")
        updates.add(store.require(student).notes["updates"])
    assert saved[0.0].keys() == saved[1.0].keys() and len(updates) == 1
    name = "bert.encoder.layer.0.attention.self.query.weight"
    assert (saved[0.0][name] - saved[1.0][name]).abs().max() > 1e-3


def test_what_is_hidden_is_drawn_alike_each_time(store, joint, encoder):
    config = PanelStudentTraining(**{**FAST, "epochs": 2, "dropout": 0.1}, mlm_weight=1.0)
    arguments = (encoder, joint, None, None, config, WINDOWS)
    first = run_alone(store, train_panel_student, *arguments)
    store.move_aside(first.kind, first.key)
    assert run_alone(store, train_panel_student, *arguments).digest == first.digest


def test_epochs_are_not_kept_beside_hidden_text() -> None:
    with pytest.raises(ValueError, match=r"keep_epochs is set and mlm_weight is 0\.1"):
        PanelStudentTraining(keep_epochs=True, mlm_weight=0.1)
    assert PanelStudentTraining(keep_epochs=True).keep_epochs and PanelStudentTraining(mlm_weight=0.1).mlm_weight
