"""Top-k against a sort of everything: same items, order and scores, whatever is forbidden and however it is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernels import tiles, topk
from regulars.kernels.topk import top_k, top_k_product


def slow_top_k(scores, k, allowed=None, excluded=None):
    items = np.full((len(scores), k), -1, dtype=np.int32)
    best = np.full((len(scores), k), np.nan, dtype=np.float32)
    for row, line in enumerate(scores):
        left = ~np.isnan(line)
        if allowed is not None:
            left &= allowed[row if len(allowed) > 1 else 0]
        if excluded is not None:
            banned = excluded[1][excluded[0][row] : excluded[0][row + 1]]
            left[banned[(banned >= 0) & (banned < len(line))]] = False
        order = sorted(np.flatnonzero(left), key=lambda item: (-line[item], item))[:k]
        items[row, : len(order)], best[row, : len(order)] = order, line[order]
    return items, best


def exact_scores(queries, items):
    return (queries.astype(np.float64) @ items.astype(np.float64).T).astype(np.float32)


def some_exclusions(rng, n, m, most):
    counts = rng.integers(0, most + 1, n)
    return np.concatenate([[0], np.cumsum(counts)]), rng.integers(-1, m + 3, counts.sum()).astype(np.int32)


def assert_same(answer, wanted):
    np.testing.assert_array_equal(answer[0], wanted[0])
    np.testing.assert_array_equal(answer[1], wanted[1])
    assert answer[0].dtype == np.int32
    assert answer[1].dtype == np.float32


@pytest.fixture(params=["bytes", "floats"])
def machine(request, monkeypatch):
    """Every machine must give the same answer: with a matrix unit for bytes and without."""
    if request.param == "bytes" and not tiles.available():
        pytest.xfail("this machine has no matrix unit for bytes")
    if request.param == "floats":
        monkeypatch.setattr(topk.tiles, "available", lambda: False)


def test_the_best_come_first_and_short_rows_are_padded():
    items, scores = top_k(np.array([[1, np.nan, 3], [np.nan, np.nan, np.nan]], dtype=np.float32), 3)
    assert items.tolist() == [[2, 0, -1], [-1, -1, -1]]
    np.testing.assert_array_equal(scores, [[3, 1, np.nan], [np.nan, np.nan, np.nan]])


def test_equal_scores_go_to_the_lower_item():
    items, _ = top_k(np.array([[5, 7, 5, 7, 5, 7]], dtype=np.float32), 4)
    assert items.tolist() == [[1, 3, 5, 0]]


def test_minus_infinity_is_a_score_like_any_other():
    items, scores = top_k(np.array([[-np.inf, np.nan, -np.inf]], dtype=np.float32), 3)
    assert items.tolist() == [[0, 2, -1]]
    assert scores[0, 1] == -np.inf


@given(st.data())
def test_top_k_is_what_a_sort_of_everything_gives(data):
    n, m, k = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 150)), data.draw(st.integers(0, 160))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scores = rng.integers(-4, 5, (n, m)).astype(np.float32) if data.draw(st.booleans()) else rng.normal(size=(n, m))
    scores = np.where(rng.random((n, m)) < data.draw(st.sampled_from([0, 0.3, 1])), np.nan, scores).astype(np.float32)
    rows = data.draw(st.sampled_from([None, 1, n]))
    allowed = None if rows is None else rng.random((rows, m)) < 0.5
    excluded = some_exclusions(rng, n, m, 20) if data.draw(st.booleans()) else None
    assert_same(top_k(scores, k, allowed=allowed, excluded=excluded), slow_top_k(scores, k, allowed, excluded))


@pytest.mark.parametrize(("n", "d"), [(3, 8), (70, 8), (70, 100), (300, 3)])
@pytest.mark.parametrize("mask_rows", [None, 1, "n"])
def test_largest_products_are_what_a_sort_of_all_products_gives(machine, n, d, mask_rows):
    rng = np.random.default_rng(n + d)
    queries = rng.normal(size=(n, d)).astype(np.float32)
    items = (rng.normal(size=(1500, d)) * rng.gamma(2, size=(1500, 1))).astype(np.float32)
    allowed = None if mask_rows is None else rng.random((n if mask_rows == "n" else 1, 1500)) < 0.2
    excluded = some_exclusions(rng, n, 1500, 60)
    wanted = slow_top_k(exact_scores(queries, items), 20, allowed, excluded)
    assert_same(top_k_product(queries, items, 20, allowed=allowed, excluded=excluded), wanted)


def test_equal_products_go_to_the_lower_item(machine):
    rng = np.random.default_rng(1)
    items = rng.normal(size=(40, 5)).astype(np.float32)[rng.integers(0, 40, 900)]
    queries = rng.normal(size=(50, 5)).astype(np.float32)
    assert_same(top_k_product(queries, items, 30), slow_top_k(exact_scores(queries, items), 30))


def test_products_of_small_whole_numbers_with_many_ties_are_ordered_by_item(machine):
    rng = np.random.default_rng(2)
    items = rng.integers(-2, 3, (700, 4)).astype(np.float32)
    queries = rng.integers(-2, 3, (60, 4)).astype(np.float32)
    queries[7] = 0
    assert_same(top_k_product(queries, items, 25), slow_top_k(exact_scores(queries, items), 25))


def test_a_vector_that_is_not_finite_cannot_tell(machine):
    rng = np.random.default_rng(3)
    queries, items = rng.normal(size=(40, 6)).astype(np.float32), rng.normal(size=(300, 6)).astype(np.float32)
    queries[5, 2] = np.nan
    items[[7, 299], 0] = [np.nan, np.inf]
    scores = exact_scores(queries, np.nan_to_num(items, posinf=0))
    scores[5], scores[:, [7, 299]] = np.nan, np.nan
    assert_same(top_k_product(queries, items, 298), slow_top_k(scores, 298))
    assert_same(top_k_product(queries[:6], items, 298), slow_top_k(scores[:6], 298))


def test_the_answer_to_a_query_does_not_depend_on_the_others(machine):
    rng = np.random.default_rng(4)
    queries, items = rng.normal(size=(600, 48)).astype(np.float32), rng.normal(size=(2000, 48)).astype(np.float32)
    together = top_k_product(queries, items, 10, threads=2)
    for rows in (slice(0, 1), slice(5, 90), slice(590, 600)):
        alone = top_k_product(queries[rows], items, 10, threads=1)
        assert_same(alone, (together[0][rows], together[1][rows]))


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12])
def test_the_size_of_the_vectors_does_not_matter(machine, scale):
    rng = np.random.default_rng(5)
    queries, items = rng.normal(size=(40, 16)).astype(np.float32), rng.normal(size=(600, 16)) * scale
    items = items.astype(np.float32)
    assert_same(top_k_product(queries, items, 10), slow_top_k(exact_scores(queries, items), 10))


def test_one_outlier_among_the_components_does_not_hide_the_best(machine):
    rng = np.random.default_rng(6)
    queries, items = rng.normal(size=(40, 16)).astype(np.float32), rng.normal(size=(600, 16)).astype(np.float32)
    items[:, 0] *= 1000  # bytes then keep almost nothing of the other components
    queries[:, 0] *= 1e-4
    assert_same(top_k_product(queries, items, 10), slow_top_k(exact_scores(queries, items), 10))


@pytest.mark.parametrize(("n", "m", "k"), [(0, 5, 3), (40, 0, 3), (40, 5, 0), (1, 0, 2), (40, 5, 9)])
def test_empty_and_small_shapes_are_answered(machine, n, m, k):
    rng = np.random.default_rng(7)
    queries, items = rng.normal(size=(n, 4)).astype(np.float32), rng.normal(size=(m, 4)).astype(np.float32)
    assert_same(top_k_product(queries, items, k), slow_top_k(exact_scores(queries, items), k))


def test_a_mask_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"allowed must be \[1, 3\] or \[2, 3\]; it is \[2, 4\]"):
        top_k(np.zeros((2, 3), dtype=np.float32), 1, allowed=np.ones((2, 4), dtype=bool))


def test_exclusions_for_another_number_of_rows_are_refused():
    with pytest.raises(ValueError, match="excluded needs 3 starts for 2 rows; it has 2"):
        top_k(np.zeros((2, 3), dtype=np.float32), 1, excluded=(np.zeros(2, np.int64), np.zeros(0, np.int32)))
