"""Lifts, best sellers and reasons of a tree of categories against slow twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from regulars.kernels.cells import Tree, best_of_cells, lifts, reasons, shelf_of
from regulars.kernels.profiles import Sparse
from regulars.kernels.topk import top_k

N_CELLS, N_ITEMS, N = 9, 30, 7


def tree(random: np.random.Generator) -> Tree:
    """Each cell below an earlier one or at the top; some items in none."""
    parents = np.array([random.integers(-1, cell) if cell else -1 for cell in range(N_CELLS)], dtype=np.int32)
    usual = random.uniform(0.1, 1, N_CELLS).astype(np.float32)
    return Tree(parents, usual, random.integers(-1, N_CELLS, N_ITEMS).astype(np.int32))


def profiles(random: np.random.Generator) -> Sparse:
    dense = random.uniform(0.5, 3, (N, N_ITEMS)) * (random.random((N, N_ITEMS)) < 0.15)
    dense[2] = 0
    matrix = csr_array(dense.astype(np.float32))
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def path(tree: Tree, cell: int) -> list[int]:
    """The cell, the one above it, and so on."""
    return [] if cell < 0 else [cell, *path(tree, int(tree.parents[cell]))]


def row_of(given: Sparse, row: int) -> list[tuple[int, float]]:
    part = slice(given[0][row], given[0][row + 1])
    return list(zip(given[1][part].tolist(), given[2][part].tolist(), strict=True))


def twin(given: Sparse, tree: Tree, smoothing: float, cell: int, row: int) -> float:
    """The lift as its definition says it: a recursion from the top."""
    if cell < 0:
        return 1.0
    own = [(item, amount) for item, amount in row_of(given, row) if tree.cells[item] >= 0]
    total = sum(amount for _, amount in own)
    count = sum(amount for item, amount in own if cell in path(tree, int(tree.cells[item])))
    above = twin(given, tree, smoothing, int(tree.parents[cell]), row)
    return float((count / tree.usual[cell] + smoothing * above) / (total + smoothing))


@pytest.mark.parametrize("power", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("seed", range(5))
def test_lifts_are_those_of_the_recursion(seed, power):
    random = np.random.default_rng(seed)
    shape, given = tree(random), profiles(random)
    found = lifts(given, shape, 5.0, power)
    assert np.isnan(found[2]).all()
    for row in (0, 1, 3, 4, 5, 6):
        own = [item for item, _ in row_of(given, row) if shape.cells[item] >= 0]
        expected = [twin(given, shape, 5.0, cell, row) ** power if own else np.nan for cell in range(N_CELLS)]
        np.testing.assert_allclose(found[row], expected, rtol=2e-6)


@given(seed=st.integers(0, 999), k=st.integers(0, 12), wide=st.booleans())
def test_the_best_sellers_are_the_best_of_all_products(seed, k, wide):
    """Sales are whole numbers, so that products tie; some items are without sales, one customer without weights."""
    random = np.random.default_rng(seed)
    shape = tree(random)
    sales = random.integers(0, 5, N_ITEMS).astype(np.float32)
    weights = random.integers(0, 4, (N, N_CELLS)).astype(np.float32)
    weights[2] = np.nan
    dense = np.where((shape.cells >= 0) & (sales > 0), weights[:, shape.cells] * sales, np.nan).astype(np.float32)
    allowed = random.random((N if wide else 1, N_ITEMS)) < 0.8
    banned = np.arange(N + 1, dtype=np.int64), random.integers(-1, N_ITEMS + 2, N).astype(np.int32)
    expected = top_k(dense, k, allowed=allowed, excluded=banned)
    shelf = shelf_of(shape.cells, sales, N_CELLS)
    for threads in (1, 2):
        found = best_of_cells(weights, shelf, k, N_ITEMS, allowed=allowed, excluded=banned, threads=threads)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("seed", range(5))
def test_reasons_are_the_parts_of_the_lift_that_are_more_than_usual(seed):
    random = np.random.default_rng(seed)
    shape, given = tree(random), profiles(random)
    answers = random.integers(-1, N_ITEMS, (N, 4)).astype(np.int32)
    items, shares, cells = reasons(given, shape, 5.0, answers, 2)
    for row, place in np.ndindex(*answers.shape):
        own = [(item, amount) for item, amount in row_of(given, row) if shape.cells[item] >= 0]
        total = sum(amount for _, amount in own)
        cell = int(shape.cells[answers[row, place]]) if answers[row, place] >= 0 and own else -1
        told = []
        for depth, step in enumerate(path(shape, cell)):
            there = {item: amount for item, amount in own if step in path(shape, int(shape.cells[item]))}
            part = sum(there.values()) / shape.usual[step] / (total + 5) * (5 / (total + 5)) ** depth
            if sum(there.values()) > total * shape.usual[step]:
                lift = twin(given, shape, 5.0, cell, row)
                told.append((part / lift, max(there, key=lambda item: there[item]), step))
        told.sort(reverse=True)
        expected = (told + [(np.nan, -1, -1)] * 2)[:2]
        np.testing.assert_allclose(shares[row, place], [share for share, _, _ in expected], rtol=2e-6)
        assert items[row, place].tolist() == [item for _, item, _ in expected]
        assert cells[row, place].tolist() == [step for _, _, step in expected]
