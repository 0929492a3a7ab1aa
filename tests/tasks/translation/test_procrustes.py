import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.translation.procrustes import align, map_rows, normalise, procrustes


def rotation(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_a_quarter_turn_is_recovered() -> None:
    # s_1 = (1, 0) goes to t_1 = (0, 1); s_2 = (0, 1) goes to t_2 = (-1, 0): a turn by 90 degrees.
    #   T S^T = t_1 s_1^T + t_2 s_2^T = [[0, -1], [1, 0]], itself orthogonal, so P = U V^T is the same matrix.
    source = np.array([[1.0, 0.0], [0.0, 1.0]])
    target = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert procrustes(source, target) == pytest.approx(np.array([[0.0, -1.0], [1.0, 0.0]]))


def test_lengths_of_the_vectors_do_not_bend_the_rotation() -> None:
    # T S^T = 2 * 3 * t s^T summed over both axes stays a multiple of the rotation; only Sigma changes.
    source = 2 * np.eye(2)
    target = 3 * np.eye(2) @ rotation(30).T
    assert procrustes(source, target) == pytest.approx(rotation(30))


def test_a_mirrored_space_is_recovered_because_p_may_be_a_reflection() -> None:
    source = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert procrustes(source, source * [1, -1]) == pytest.approx(np.diag([1.0, -1.0]))


def test_one_pair_still_gives_an_orthogonal_map_that_serves_it() -> None:
    mapping = procrustes(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]]))
    assert mapping @ [1.0, 0.0] == pytest.approx([0.6, 0.8])
    assert mapping.T @ mapping == pytest.approx(np.eye(2))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), dimension=st.integers(2, 12))
def test_any_rotation_is_recovered_and_the_map_is_orthogonal(seed: int, dimension: int) -> None:
    random = np.random.default_rng(seed)
    true, _ = np.linalg.qr(random.normal(size=(dimension, dimension)))
    source = random.normal(size=(3 * dimension, dimension))
    mapping = procrustes(source, source @ true.T)
    assert mapping == pytest.approx(true, abs=1e-8)
    assert mapping.T @ mapping == pytest.approx(np.eye(dimension), abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_other_rotation_brings_noisy_pairs_nearer(seed: int) -> None:
    random = np.random.default_rng(seed)
    source, target = random.normal(size=(2, 10, 3))
    best = np.linalg.norm(source @ procrustes(source, target).T - target)
    other, _ = np.linalg.qr(random.normal(size=(3, 3)))
    assert best <= np.linalg.norm(source @ other.T - target) + 1e-9


def test_mapped_rows_are_p_x_at_length_one() -> None:
    # P (2, 0) = (0, 2) under a quarter turn; at length 1 (0, 1). A row of zeros stays zero.
    mapped = map_rows(np.array([[2.0, 0.0], [0.0, 0.0]]), rotation(90))
    assert mapped == pytest.approx(np.array([[0.0, 1.0], [0.0, 0.0]]), abs=1e-7)


def test_centring_takes_away_what_all_words_share() -> None:
    # Unit rows (1, 0) and (0, 1) have the mean (.5, .5); the rest, (.5, -.5) and (-.5, .5), has length sqrt(.5).
    rows = normalise(np.array([[3.0, 0.0], [0.0, 2.0]]), "centred")
    half = np.sqrt(0.5)
    assert rows == pytest.approx(np.array([[half, -half], [-half, half]]), abs=1e-6)
    assert normalise(np.array([[3.0, 4.0]]), "unit") == pytest.approx(np.array([[0.6, 0.8]]))
    assert normalise(np.array([[3.0, 4.0]]), "none") == pytest.approx(np.array([[3.0, 4.0]]))


def test_refinement_mends_a_poor_seed() -> None:
    # The target is the source turned by a known rotation. A third of the seed is wrong, so Procrustes on it alone
    # misses; the mutual neighbours under that rough map are the true pairs, and Procrustes on those is exact.
    random = np.random.default_rng(3)
    true, _ = np.linalg.qr(random.normal(size=(8, 8)))
    source = random.normal(size=(200, 8)).astype(np.float32)
    target = (source @ true.T).astype(np.float32)
    seed = np.stack([np.arange(60), np.arange(60)], axis=1)
    seed[:20, 1] = np.roll(seed[:20, 1], 1)
    rough, _, _ = align(source, target, seed, refinements=0, refine_words=200, neighbours=5)
    refined, history, kept = align(source, target, seed, refinements=2, refine_words=200, neighbours=5)
    assert np.abs(rough - true).max() > 0.02
    assert refined == pytest.approx(true, abs=1e-4)
    assert [tried.pairs for tried in history] == [60, 200, 200]
    assert history[0].mean_cosine < history[1].mean_cosine == pytest.approx(1, abs=1e-5) and kept > 0


def test_refinement_looks_at_the_most_frequent_words_only() -> None:
    random = np.random.default_rng(0)
    source = random.normal(size=(50, 4)).astype(np.float32)
    seed = np.stack([np.arange(50), np.arange(50)], axis=1)
    _, history, _ = align(source, source, seed, refinements=1, refine_words=20, neighbours=5)
    assert [tried.pairs for tried in history] == [50, 20]


def degrees(*angles: float) -> np.ndarray:
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_the_map_with_the_highest_mean_cosine_is_kept() -> None:
    # One pair as the seed: the map may turn or mirror, and serves that pair; with two pairs it is a rotation.
    #   sources 0, 90, 180; targets 0, 96, 186, the same words; K = 3, all, so r is nearly alike and cosine decides.
    #   seed (0 -> 0), (90 -> 96): the best rotation splits the 6 degrees, 3; errors of the words: 3, 3, 3 degrees.
    #   all three pairs: errors under a turn by x: x, 6 - x, 6 - x, least squares at x near 4: 4, 2, 2 degrees.
    #   mean cosines: cos 3 = .99863 and (cos 4 + 2 cos 2) / 3 = .99878: the refined map is better.
    source, target = degrees(0, 90, 180), degrees(0, 96, 186)
    seed = np.array([[0, 0], [1, 1]])
    best, history, kept = align(source, target, seed, refinements=1, refine_words=3, neighbours=3)
    assert [tried.pairs for tried in history] == [2, 3] and kept == 1
    assert [tried.mean_cosine for tried in history] == pytest.approx([0.99863, 0.99878], abs=1e-5)
    assert best == pytest.approx(rotation(4), abs=1e-3)


def test_a_refinement_that_is_worse_is_not_kept_unless_the_last_is_asked_for() -> None:
    # As above, but the third word's vectors have length 10: it counts 100 times in Eq. 1, once in the mean cosine.
    #   seed: a turn by 3, mean cosine cos 3 = .99863.
    #   all three: a turn by about (6 + 100 * 6) / 102 = 5.94, errors 5.94, .06, .06: (.99463 + 2) / 3 = .99821.
    source, target = (rows * [[1], [1], [10]] for rows in (degrees(0, 90, 180), degrees(0, 96, 186)))
    seed = np.array([[0, 0], [1, 1]])
    best, history, kept = align(source, target, seed, refinements=1, refine_words=3, neighbours=3)
    assert [tried.mean_cosine for tried in history] == pytest.approx([0.99863, 0.99821], abs=1e-5) and kept == 0
    assert best == pytest.approx(rotation(3), abs=1e-4)
    last, _, kept = align(source, target, seed, refinements=1, refine_words=3, neighbours=3, keep="last")
    assert last == pytest.approx(rotation(5.94), abs=1e-3) and kept == 1


def test_of_equally_good_maps_the_first_is_kept() -> None:
    # A single pair: every map learnt from it serves it, with cosine 1.
    _, history, kept = align(degrees(0), degrees(0), np.array([[0, 0]]), refinements=2, refine_words=1, neighbours=1)
    assert [tried.mean_cosine for tried in history] == pytest.approx([1.0] * 3) and kept == 0


def test_without_a_mutual_pair_the_seed_is_all_there_is() -> None:
    # One frequent word a side: a at 0, x at 60, but a's translation is the rare y at 0 (the seed pairs y with a).
    mapping, history, kept = align(
        degrees(0), degrees(60, 0), np.array([[0, 1]]), refinements=3, refine_words=1, neighbours=1
    )
    assert [(tried.pairs, tried.mean_cosine) for tried in history] == [(1, -1.0)] and kept == 0
    assert mapping @ [1.0, 0.0] == pytest.approx([1.0, 0.0], abs=1e-6)
