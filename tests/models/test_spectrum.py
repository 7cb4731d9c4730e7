"""Leading singular vectors against ARPACK and against numpy."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array
from scipy.sparse.linalg import svds

from regulars.core import Progress, Run
from regulars.models.spectrum import FEW, PASSES, Graph, Spectrum, spectrum

SEEN: list[Progress] = []


def log(n_users: int, n_items: int, seed: int = 0) -> csr_array:
    """A sparse log of communities, so that its first singular values stand apart."""
    random = np.random.default_rng(seed)
    tastes = np.repeat(np.linspace(0.3, 0.05, 8), n_items // 8 + 1)[:n_items]
    same = (np.arange(n_users)[:, None] % 8) == (np.arange(n_items) // (n_items // 8 + 1))
    return csr_array(
        np.where(random.random((n_users, n_items)) < np.where(same, tastes, 0.01), 1, 0).astype(np.float32)
    )


def of(matrix: csr_array, d: int, threads: int = 1) -> Spectrum:
    return spectrum(Graph.of(matrix, Run(threads=threads, on_epoch=SEEN.append)), d, "test")


def test_the_leading_vectors_are_those_of_arpack() -> None:
    matrix = log(900, FEW + 200)
    found = of(matrix, 40)
    _, values, vectors = svds(matrix.astype(np.float64), 4)
    np.testing.assert_allclose(found.values[:4], values[::-1], rtol=1e-4)
    overlap = np.abs(vectors[::-1] @ found.vectors[:, :4])
    np.testing.assert_allclose(overlap, np.eye(4), atol=5e-3)


def test_a_small_log_is_solved_as_a_whole() -> None:
    matrix = log(60, 40)
    found = of(matrix, 40)
    _, values, vectors = np.linalg.svd(matrix.toarray().astype(np.float64))
    np.testing.assert_allclose(found.values[:10], values[:10], rtol=1e-5)
    np.testing.assert_allclose(np.abs((vectors[:10] * found.vectors[:, :10].T).sum(axis=1)), 1, atol=1e-4)


@pytest.mark.parametrize(("n_users", "n_items"), [(60, 40), (30, FEW + 500), (900, FEW + 200)])
def test_vectors_are_orthonormal_and_no_more_than_the_rank(n_users: int, n_items: int) -> None:
    found = of(log(n_users, n_items), 64)
    d = found.vectors.shape[1]
    assert d == len(found.values) <= min(64, n_users, n_items)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(d), atol=1e-4)
    assert (np.diff(found.values) <= 0).all()


def test_threads_change_nothing_and_progress_is_told() -> None:
    matrix = csr_array(random_array((700, FEW + 300), density=0.02, rng=np.random.default_rng(5), dtype=np.float32))
    one = of(matrix, 20)
    SEEN.clear()
    three = of(matrix, 20, threads=3)
    np.testing.assert_array_equal(one.vectors, three.vectors)
    assert [progress.done for progress in SEEN] == list(range(1, PASSES + 1))
