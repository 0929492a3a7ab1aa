"""UniTrans' steps from soft labels of three taggers to a student, on words that a tiny encoder can tell apart."""

import pytest
from easy_text import FAST, TAGS, WINDOWS, WORDS
from pydantic import ValidationError

from artifacts.catalog import ENCODER, LABELLED, SENTENCES, SOFT_LABELS, TRANSLATION
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.denoising.vote_labels import vote_labels
from tasks.denoising.voting import voted_ids
from tasks.distillation.train_voted_student import VotedStudentTraining, train_voted_student
from tasks.distillation.training_sets import training_set
from tasks.tagging.labelling import label_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger

LABELS = ["O", "B-LOC", "B-PER"]
META = {"language": "de", "labels": LABELS}
IDS = list(range(len(WORDS)))
SURE = 0.9


def said(tags):
    """Probabilities of a tagger that gives each word a label with 9/10."""
    rest = (1 - SURE) / (len(LABELS) - 1)
    return [[[SURE if name == tag else rest for name in LABELS] for tag in row] for row in tags]


@pytest.fixture
def encoder(put_model, tiny_encoder):
    return put_model(ENCODER, tiny_encoder)


@pytest.fixture
def put_soft(put_table):
    def put(tags, words=WORDS, meta=META):
        return put_table(
            SOFT_LABELS,
            {"sentence_id": list(range(len(words))), "words": words, "probabilities": said(tags)},
            meta,
        )

    return put


def wrong(word, tag):
    """The tags of a tagger that is mistaken about one word."""
    return [[tag if w == word else t for w, t in zip(*both, strict=True)] for both in zip(WORDS, TAGS, strict=True)]


def tags_of(store, tagger, sentences):
    soft = store.table(run_alone(store, label_words, tagger, sentences, WINDOWS))["probabilities"].to_pylist()
    return [[LABELS[max(range(3), key=p.__getitem__)] for p in sentence] for sentence in soft]


def test_votes_keep_the_label_that_three_taggers_give_and_nothing_elsewhere(store, put_soft):
    # Theta_src takes Anna for a place, Theta_trans takes Paris for a person: both words lose their label.
    votes = run_alone(
        store, vote_labels, put_soft(TAGS), put_soft(wrong("Anna", "B-LOC")), put_soft(wrong("Paris", "O"))
    )
    table = store.table(votes)
    assert table["votes"].to_pylist()[:2] == [[None, "O", "O", None], ["B-LOC", "O"]]
    assert table["words"].to_pylist() == WORDS
    # 6 times: lives, in, ".", in, "." are O; Berlin twice is a place; Anna (twice) and Paris have no label.
    agreed = {"O": 30, "B-LOC": 12, "B-PER": 0}
    assert store.metadata(votes) == {**META, "words": 60, "agreed": agreed}
    assert voted_ids(table, LABELS)[:6].tolist() == [-1, 0, 0, -1, 1, 0]


def test_votes_need_the_same_labels_and_sentences(store, put_soft):
    teacher = put_soft(TAGS)
    other = put_soft([["O", "O"]], [["Anna", "."]])
    with pytest.raises(InputError, match="Theta_teach and Theta_src: 24 and 1 sentences"):
        run_alone(store, vote_labels, teacher, other, teacher)
    renamed = put_soft(TAGS, meta={**META, "labels": ["O", "B-ORG", "B-PER"]})
    with pytest.raises(InputError, match="Theta_teach has O, B-LOC, B-PER; Theta_trans has O, B-ORG, B-PER;"):
        run_alone(store, vote_labels, teacher, teacher, renamed)


def test_the_student_learns_soft_labels_and_votes(store, put_table, put_soft, encoder):
    sentences = put_table(SENTENCES, {"sentence_id": IDS, "words": WORDS}, {"language": "de"})
    teacher = put_soft(TAGS)
    votes = run_alone(store, vote_labels, teacher, teacher, teacher)
    for given, options in ((votes, {}), (None, {}), (votes, {"soft_weight": 0.0})):
        config = VotedStudentTraining(**FAST, **options)
        student = run_alone(store, train_voted_student, encoder, teacher, given, config, WINDOWS)
        assert tags_of(store, student, sentences) == TAGS


def test_votes_outweigh_a_teacher_that_they_contradict(store, put_table, put_soft, encoder):
    # The votes come from another teacher, so that one can see which loss a word follows: Paris has no vote.
    sentences = put_table(SENTENCES, {"sentence_id": IDS, "words": WORDS}, {"language": "de"})
    right, mistaken = put_soft(TAGS), put_soft(wrong("Paris", "O"))
    votes = run_alone(store, vote_labels, right, right, mistaken)
    config = VotedStudentTraining(**FAST, hard_weight=10.0)
    student = run_alone(store, train_voted_student, encoder, put_soft(wrong("Anna", "B-LOC")), votes, config, WINDOWS)
    assert tags_of(store, student, sentences)[0] == ["B-PER", "O", "O", "B-LOC"]


def test_the_published_means_train_too_and_the_same_bytes_come_out_again(store, put_soft, encoder):
    teacher = put_soft(TAGS)
    votes = run_alone(store, vote_labels, teacher, teacher, put_soft(wrong("Paris", "O")))
    config = VotedStudentTraining(**{**FAST, "epochs": 1}, loss_mean="word", hard_mean="agreed")
    student = run_alone(store, train_voted_student, encoder, teacher, votes, config, WINDOWS)
    store.move_aside(student.kind, student.key)
    assert run_alone(store, train_voted_student, encoder, teacher, votes, config, WINDOWS).digest == student.digest


def test_a_student_with_nothing_to_learn_is_refused(store, put_soft, encoder):
    one, two = put_soft([["O"] * len(words) for words in WORDS]), put_soft([["B-PER"] * len(words) for words in WORDS])
    votes = run_alone(store, vote_labels, one, two, one)
    config = VotedStudentTraining(**FAST, soft_weight=0.0)
    with pytest.raises(InputError, match="agree on no word"):
        run_alone(store, train_voted_student, encoder, one, votes, config, WINDOWS)
    other = put_soft([["O", "O"]], [["Anna", "."]])
    short = run_alone(store, vote_labels, other, other, other)
    with pytest.raises(InputError, match="soft labels and votes: 24 and 1 sentences"):
        run_alone(store, train_voted_student, encoder, one, short, VotedStudentTraining(**FAST), WINDOWS)
    renamed = put_soft(TAGS, meta={**META, "labels": ["O", "B-ORG", "B-PER"]})
    votes = run_alone(store, vote_labels, renamed, renamed, renamed)
    with pytest.raises(InputError, match="soft labels has O, B-LOC, B-PER; votes has O, B-ORG, B-PER;"):
        run_alone(store, train_voted_student, encoder, one, votes, VotedStudentTraining(**FAST), WINDOWS)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"soft_weight": 0, "hard_weight": 0}, "nothing is left to learn"), ({"hard_mean": "agreed"}, "set both")],
)
def test_settings_that_contradict_each_other_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        VotedStudentTraining(**options)


def test_a_tagger_learns_from_source_and_translation_together(store, put_table, encoder):
    meta = {**META, "language": "en"}
    source = put_table(LABELLED, {"sentence_id": [5], "words": [["Anna"]], "tags": [["B-PER"]]}, meta)
    columns = {"sentence_id": IDS, "words": WORDS, "tags": TAGS, "source_words": WORDS, "origin": WORDS}
    columns |= {"corpus": ["labelled/ab"] * len(IDS), "source_sentence_id": IDS}
    translation = put_table(TRANSLATION, columns, META)
    both = run_alone(store, training_set, (source, translation))
    assert store.table(both)["words"].to_pylist() == [["Anna"], *WORDS]
    assert store.table(both)["tags"].to_pylist() == [["B-PER"], *TAGS]
    tagger = run_alone(store, train_tagger, both, encoder, TaggerTraining(**FAST), WINDOWS)
    assert tags_of(store, tagger, translation) == TAGS
