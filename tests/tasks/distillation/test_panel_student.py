"""A panel's student learns joint labels, and labelled sentences beside them as much as they weigh."""

import pytest
from easy_text import FAST, TAGS, WINDOWS, WORDS

from artifacts.catalog import ENCODER, LABELLED, RELIABILITY, SENTENCES, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.distillation.train_panel_student import PanelStudentTraining, train_panel_student
from tasks.tagging.labelling import label_words

LABELS = ["O", "B-LOC", "B-PER"]
META = {"language": "de", "labels": LABELS}
IDS = list(range(len(WORDS)))


@pytest.fixture
def encoder(put_model, tiny_encoder):
    return put_model(ENCODER, tiny_encoder)


@pytest.fixture
def joint(put_table):
    def put(tags):
        said = [[[0.9 if name == tag else 0.05 for name in LABELS] for tag in row] for row in tags]
        return put_table(SOFT_LABELS, {"sentence_id": IDS, "words": WORDS, "probabilities": said}, META)

    return put


def other(word, tag):
    """The tags with another one for a word."""
    return [[tag if w == word else t for w, t in zip(*both, strict=True)] for both in zip(WORDS, TAGS, strict=True)]


def said_of(store, put_table, tagger):
    sentences = put_table(SENTENCES, {"sentence_id": IDS, "words": WORDS}, {"language": "de"})
    soft = store.table(run_alone(store, label_words, tagger, sentences, WINDOWS))["probabilities"].to_pylist()
    return [[LABELS[max(range(3), key=p.__getitem__)] for p in sentence] for sentence in soft]


@pytest.mark.parametrize(("weight", "believed"), [(0.01, "B-LOC"), (20.0, "O")])
def test_the_heavier_side_is_believed_where_they_differ(store, put_table, encoder, joint, weight, believed):
    # Raw text says that Paris is a place; the labelled sentences, of the same words, that it is none.
    labelled = put_table(LABELLED, {"sentence_id": IDS, "words": WORDS, "tags": other("Paris", "O")}, META)
    config = PanelStudentTraining(**FAST, labelled_weight=weight)
    student = run_alone(store, train_panel_student, encoder, joint(TAGS), None, labelled, config, WINDOWS)
    assert said_of(store, put_table, student) == (TAGS if believed == "B-LOC" else other("Paris", "O"))


def test_without_labelled_sentences_joint_labels_are_learnt_alone(store, put_table, encoder, joint):
    config = PanelStudentTraining(**FAST)
    student = run_alone(store, train_panel_student, encoder, joint(TAGS), None, None, config, WINDOWS)
    assert said_of(store, put_table, student) == TAGS


@pytest.mark.parametrize("trusted", ["B-LOC", "O"])
def test_labels_that_are_trusted_more_are_believed(store, put_table, encoder, joint, trusted):
    # Half of the sentences say that Paris is a place, the others, of the same words, that it is none.
    half = len(WORDS) // 2
    said = TAGS[:half] + other("Paris", "O")[half:]
    weights = [
        [1.0 if word != "Paris" or tag == trusted else 0.01 for word, tag in zip(*both, strict=True)]
        for both in zip(WORDS, said, strict=True)
    ]
    columns = {"sentence_id": IDS, "agreement": weights, "weight": weights}
    reliability = put_table(RELIABILITY, columns, {"labels": LABELS})
    config = PanelStudentTraining(**FAST)
    student = run_alone(store, train_panel_student, encoder, joint(said), reliability, None, config, WINDOWS)
    assert said_of(store, put_table, student) == (TAGS if trusted == "B-LOC" else other("Paris", "O"))


def test_labelled_sentences_of_other_types_are_refused(store, put_table, encoder, joint):
    meta = {**META, "labels": ["O", "B-ORG", "B-PER"]}
    labelled = put_table(LABELLED, {"sentence_id": [0], "words": [["Anna"]], "tags": [["B-ORG"]]}, meta)
    with pytest.raises(InputError, match="joint labels has O, B-LOC, B-PER; labelled has O, B-ORG, B-PER"):
        config = PanelStudentTraining(**FAST)
        run_alone(store, train_panel_student, encoder, joint(TAGS), None, labelled, config, WINDOWS)


def test_it_goes_on_from_a_tagger_that_has_no_head_for_hidden_text(store, put_table, encoder, joint):
    one = PanelStudentTraining(**FAST)
    taught = run_alone(store, train_panel_student, encoder, joint(TAGS), None, None, one, WINDOWS)
    none = one.model_copy(update={"epochs": 1, "learning_rate": 1e-9})  # It learns nothing more, and still knows.
    student = run_alone(store, train_panel_student, taught, joint(other("Paris", "O")), None, None, none, WINDOWS)
    assert said_of(store, put_table, student) == TAGS
    hides = one.model_copy(update={"mlm_weight": 0.1})
    with pytest.raises(InputError, match=r"mlm_weight is 0\.1, and tagger/.* is a tagger"):
        run_alone(store, train_panel_student, taught, joint(TAGS), None, None, hides, WINDOWS)
