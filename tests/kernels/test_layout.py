"""The descent of a map: neighbors pull, others push, and a seed gives one result."""

import numpy as np

from regulars.kernels.layout import settle


def settled(edges, n, *, epochs=200, seed=1):
    """Places of n points that begin on a small circle; edges: (i, j, weight), in one direction."""
    both = sorted([*edges, *((j, i, weight) for i, j, weight in edges)])
    starts = np.searchsorted([i for i, _, _ in both], np.arange(n + 1)).astype(np.int64)
    neighbors = np.array([j for _, j, _ in both], dtype=np.int64)
    weights = np.array([weight for _, _, weight in both])
    angles = 2 * np.pi * np.arange(n) / n
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    settle(places, starts, neighbors, weights, epochs, seed)
    return places


def distance(places, i, j):
    return float(np.linalg.norm(places[i] - places[j]))


def test_who_is_joined_ends_nearer_than_who_is_not():
    """Two rings of five, each point joined to the next two of its ring."""
    edges = [(5 * ring + i, 5 * ring + (i + step) % 5, 1.0) for ring in (0, 1) for i in range(5) for step in (1, 2)]
    places = settled(sorted({(min(i, j), max(i, j), w) for i, j, w in edges}), 10)
    inside = [distance(places, i, j) for i in range(10) for j in range(i) if i // 5 == j // 5]
    across = [distance(places, i, j) for i in range(10) for j in range(i) if i // 5 != j // 5]
    assert max(inside) < min(across)


def test_a_seed_gives_one_result_and_another_one_another():
    edges = [(0, 1, 1.0), (2, 3, 0.5)]
    np.testing.assert_array_equal(settled(edges, 5), settled(edges, 5))
    assert (settled(edges, 5) != settled(edges, 5, seed=2)).any()


def test_no_epochs_move_nothing_and_a_point_without_edges_is_pushed_by_nobody_of_its_own():
    still = settled([(0, 1, 1.0)], 3, epochs=0)
    moved = settled([(0, 1, 1.0)], 3)
    np.testing.assert_array_equal(still[2], moved[2])
    assert (still[0] != moved[0]).any()


def test_points_in_one_place_stay_finite():
    places = np.zeros((3, 2))
    settle(places, np.array([0, 1, 2, 2]), np.array([1, 0]), np.ones(2), 50, 3)
    assert np.isfinite(places).all()
