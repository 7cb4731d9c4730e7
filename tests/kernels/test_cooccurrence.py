"""The nearest items against all pairs in plain numpy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from regulars.kernels import cooccurrence
from regulars.kernels.cooccurrence import nearest
from regulars.kernels.profiles import Sparse

NearestRows = list[dict[int, np.float32]]


def parts(matrix: csr_array) -> Sparse:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32)


def found(matrix: csr_array, left: np.ndarray, right: np.ndarray, k: int, shrinkage: float = 0.0) -> NearestRows:
    norms = left.astype(np.float32), right.astype(np.float32)
    starts, items, values = nearest(parts(matrix), parts(matrix.T.tocsr()), norms, k, shrinkage=shrinkage, threads=1)
    rows = [slice(begin, end) for begin, end in pairwise(starts)]
    return [dict(zip(items[row].tolist(), values[row], strict=True)) for row in rows]


def twin(matrix: csr_array, left: np.ndarray, right: np.ndarray, k: int, shrinkage: float = 0.0) -> NearestRows:
    """All pairs, sorted by (similarity down, index up)."""
    dots = (matrix.T @ matrix).toarray().astype(np.float32)
    similar = dots / (left[:, None] * right + shrinkage).astype(np.float32)
    np.fill_diagonal(similar, 0)
    rows = [sorted((-value, item) for item, value in enumerate(row) if value > 0)[:k] for row in similar]
    return [{item: -value for value, item in row} for row in rows]


def whole_numbers(random: np.random.Generator, n_users: int, n_items: int, filled: float) -> csr_array:
    """Small whole weights, whose sums are exact in float32: many ties."""
    values = np.ceil(random.random((n_users, n_items)) * 3) * (random.random((n_users, n_items)) < filled)
    return csr_array(values.astype(np.float32))


@given(
    seed=st.integers(0, 10_000),
    n_users=st.integers(1, 60),
    n_items=st.integers(1, 40),
    filled=st.floats(0, 1),
    k=st.integers(1, 12),
    power=st.sampled_from([0.0, 0.5, 1.0]),
    shrinkage=st.sampled_from([0.0, 10.0]),
)
@settings(max_examples=200, deadline=None)
def test_the_nearest_are_those_of_all_pairs_ties_by_lower_index(
    seed: int, n_users: int, n_items: int, filled: float, k: int, power: float, shrinkage: float
) -> None:
    random = np.random.default_rng(seed)
    matrix = whole_numbers(random, n_users, n_items, filled)
    left = random.integers(1, 5, n_items) ** power
    right = random.integers(1, 5, n_items) ** power
    expected = twin(matrix, left.astype(np.float32), right.astype(np.float32), k, shrinkage)
    for row, wanted in zip(found(matrix, left, right, k, shrinkage), expected, strict=True):
        assert sorted(row) == sorted(wanted)
        np.testing.assert_allclose([row[item] for item in wanted], list(wanted.values()), rtol=1e-6)


def test_similarities_more_than_sixteen_octaves_apart_are_told_apart() -> None:
    matrix = csr_array(np.ones((1, 40), dtype=np.float32))
    right = 2.0 ** np.arange(40)
    (row, *_) = found(matrix, np.ones(40), right, 25)
    assert sorted(row) == list(range(1, 26))


@pytest.mark.parametrize("filled", [0.01, 0.5])
def test_threads_change_nothing(filled: float) -> None:
    random = np.random.default_rng(1)
    matrix = csr_array((random.random((300, 700)) * (random.random((300, 700)) < filled)).astype(np.float32))
    ones = np.ones(700, dtype=np.float32)
    one, two = (
        nearest(parts(matrix), parts(matrix.T.tocsr()), (ones, ones), 9, shrinkage=0.0, threads=threads)
        for threads in (1, 2)
    )
    for ours, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_selection_moves_the_largest_to_the_front() -> None:
    random = np.random.default_rng(3)
    for n in (1, 2, 3, 10, 1000):
        for k in {1, n // 2 or 1, n}:
            keys = random.permutation(np.arange(n, dtype=np.uint64))
            cooccurrence._select(keys, np.int64(n), np.int64(k))
            assert sorted(keys[:k].tolist()) == list(range(n - k, n))
