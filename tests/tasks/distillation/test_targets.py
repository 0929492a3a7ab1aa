import numpy as np

from tasks.distillation.teaching import Teaching
from tasks.distillation.train_collaborator import CollaborationWeights
from tasks.distillation.train_student import student_targets
from tasks.words.agreement import WhichSentences


def test_hard_targets_are_the_decoded_labels_not_the_most_probable_ones():
    # O I-LOC is what is most probable, and forbidden; B-LOC I-LOC (.3 x .8) beats O O (.6 x .1).
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)
    sentences = WhichSentences(np.array([0]), np.array([2]))
    teaching = Teaching(["O", "B-LOC", "I-LOC"], sentences, probabilities, np.ones(2, np.float32))
    assert student_targets(teaching, "viterbi").tolist() == [[0, 1, 0], [0, 0, 1]]
    assert student_targets(teaching, "soft") is probabilities


def test_betas_change_after_the_first_iteration():
    weights = CollaborationWeights()
    assert [weights.at(i) for i in (1, 2, 8)] == [(0.5, 0.5), (0.9, 0.1), (0.9, 0.1)]
