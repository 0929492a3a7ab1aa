import numpy as np
import pytest

from tasks.translation import csls
from tasks.translation.csls import csls_neighbours, frequent_translations, local_means, mutual
from tasks.words.unit_rows import unit_rows


def at_degrees(*angles: float) -> np.ndarray:
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def naive(source: np.ndarray, target: np.ndarray, neighbours: int) -> np.ndarray:
    """Eq. 3 written down with the whole [N, M] matrix."""
    cosines = source.astype(np.float64) @ target.T.astype(np.float64)
    source_means = np.sort(cosines, axis=1)[:, -neighbours:].mean(axis=1)
    target_means = np.sort(cosines, axis=0)[-neighbours:].mean(axis=0)
    return 2 * cosines - source_means[:, None] - target_means[None, :]


def test_local_mean_is_the_mean_cosine_to_the_nearest_k() -> None:
    # The word at 0 degrees has cosine 1 to 0, 0.5 to 60 and 0 to 90: for K = 2, r = (1 + 0.5) / 2.
    assert local_means(at_degrees(0), at_degrees(90, 0, 60), 2) == pytest.approx([0.75], abs=1e-6)


def test_k_larger_than_the_bank_means_the_whole_bank() -> None:
    assert local_means(at_degrees(0), at_degrees(90, 0), 10) == pytest.approx([0.5], abs=1e-6)


def test_csls_of_one_pair_worked_by_hand() -> None:
    # Source a at 0; targets x at 0, y at 60. K = 1.
    #   r_T(a) = max(1, .5) = 1;  r_S(x) = 1;  r_S(y) = .5
    #   CSLS(a, x) = 2*1 - 1 - 1 = 0;  CSLS(a, y) = 2*.5 - 1 - .5 = -.5
    source, target = at_degrees(0), at_degrees(60, 0)
    rows, scores = csls_neighbours(source, target, local_means(target, source, 1), 1, 2)
    assert rows.tolist() == [[1, 0]]
    assert scores == pytest.approx(np.array([[0.0, -0.5]]), abs=1e-6)


def test_csls_passes_over_a_hub_that_cosine_would_choose() -> None:
    # Sources a, b, c at 0, 10, 20 degrees; targets h at 10 and y at -12. K = 3 for r_S (three sources), 2 for r_T.
    #   cosines of a: h cos 10 = .985, y cos 12 = .978: by cosine a chooses h, the hub all sources are near to.
    #   r_S(h) = (cos 10 + cos 0 + cos 10) / 3 = (.985 + 1 + .985) / 3 = .990
    #   r_S(y) = (cos 12 + cos 22 + cos 32) / 3 = (.978 + .927 + .848) / 3 = .918
    #   2 cos - r_S: h 1.970 - .990 = .980; y 1.956 - .918 = 1.038: by CSLS a chooses y.
    source, target = at_degrees(0, 10, 20), at_degrees(10, -12)
    assert (source[:1] @ target.T).argmax() == 0
    rows, scores = csls_neighbours(source, target, local_means(target, source, 3), 3, 1)
    assert rows[0].tolist() == [1]
    # r_T(a) = (.985 + .978) / 2 = .982 (only two targets), so CSLS(a, y) = 1.038 - .982 = .057.
    assert scores[0, 0] == pytest.approx(0.057, abs=0.001)


def test_blocks_give_what_the_whole_matrix_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    source, target = unit_rows(random.normal(size=(53, 6))), unit_rows(random.normal(size=(71, 6)))
    expected = naive(source, target, 10)
    monkeypatch.setattr(csls, "BLOCK_SIMILARITIES", 300)
    rows, scores = csls_neighbours(source, target, local_means(target, source, 10), 10, 5)
    best = np.argsort(-expected, axis=1)[:, :5]
    assert rows.tolist() == best.tolist()
    assert scores == pytest.approx(np.take_along_axis(expected, best, axis=1), abs=1e-5)
    # Twenty words a side count as frequent; translations are searched among all, and dropped if they are not frequent.
    forward, backward = frequent_translations(source, target, 20, 10)
    forth, back = expected.argmax(axis=1), expected.argmax(axis=0)
    assert forward.tolist() == [[row, forth[row]] for row in range(20) if forth[row] < 20]
    assert backward.tolist() == [[back[row], row] for row in range(20) if back[row] < 20]
    both = [[row, forth[row]] for row in range(20) if forth[row] < 20 and back[forth[row]] == row]
    assert mutual(forward, backward).tolist() == both and 0 < len(both) < len(forward) < 20


def test_mutual_translations_leave_out_one_sided_choices() -> None:
    # Sources at 0 and 8 degrees, the only target at 0: both sources choose it, it chooses the first.
    forward, backward = frequent_translations(at_degrees(0, 8), at_degrees(0), 2, 1)
    assert forward.tolist() == [[0, 0], [1, 0]] and backward.tolist() == [[0, 0]]
    assert mutual(forward, backward).tolist() == [[0, 0]]


def test_a_translation_is_searched_among_all_words_and_dropped_if_it_is_rare() -> None:
    # One frequent word a side. Source a at 0; targets x at 60 (frequent), y at 0 (rare): a's translation is y, so there
    # is no pair, though x is the nearest frequent word. Back, x chooses a, the only source word.
    forward, backward = frequent_translations(at_degrees(0), at_degrees(60, 0), 1, 1)
    assert forward.tolist() == [] and backward.tolist() == [[0, 0]]
    assert mutual(forward, backward).tolist() == []


def test_more_candidates_than_targets_are_clamped() -> None:
    source, target = at_degrees(0), at_degrees(60, 0)
    rows, _ = csls_neighbours(source, target, local_means(target, source, 10), 10, 5)
    assert rows.shape == (1, 2)


def test_progress_counts_every_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csls, "BLOCK_SIMILARITIES", 4)
    counted: list[int] = []
    local_means(at_degrees(*range(7)), at_degrees(0, 1), 1, advance=counted.append)
    assert sum(counted) == 7 and len(counted) > 1


def test_a_word_without_a_vector_has_cosine_zero() -> None:
    assert unit_rows(np.array([[0.0, 0.0], [0.0, 5.0]])).tolist() == [[0.0, 0.0], [0.0, 1.0]]
