"""The kernels of ALS against slow twins that form and solve every normal equation."""

import numpy as np
import pytest

from regulars.kernels.als import Side, align, improve, run_pass
from regulars.kernels.solve import Prior, Rows, solve_rows


def rows_of(met: np.ndarray) -> Rows:
    """Ragged rows of a dense matrix of weights [n, m]; zero is "not met"."""
    who, what = np.nonzero(met)
    starts = np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(met)))])
    return Rows(starts.astype(np.int64), what.astype(np.int32), met[who, what].astype(np.float32))


def exact(rows: Rows, vectors: np.ndarray, prior: Prior) -> np.ndarray:
    """The minimum of every row by float64 normal equations."""
    answers = np.zeros((len(rows.starts) - 1, vectors.shape[1]))
    for row in range(len(answers)):
        events = slice(rows.starts[row], rows.starts[row + 1])
        met, weights = vectors[rows.columns[events]].astype(float), rows.weights[events].astype(float)
        left = (met.T * weights) @ met + np.diag(prior.unseen[row] * prior.spectrum + prior.ridge[row])
        answers[row] = np.linalg.solve(left, met.T @ weights)
    return answers


def shop(seed: int = 0, n: int = 60, m: int = 40, d: int = 12) -> tuple[Side, Side, np.ndarray, np.ndarray, np.ndarray]:
    """Both sides of a small shop whose customers 0 and 1 met nothing, start vectors, and the matrix of weights."""
    random = np.random.default_rng(seed)
    met = random.integers(1, 9, (n, m)) * (random.random((n, m)) < 0.2)
    met[:2] = 0
    users = Side(rows_of(met), full(n, 1.0), random.random(n, dtype=np.float32) + 0.5)
    items = Side(rows_of(met.T), 0.1 + 0.2 * random.random(m, dtype=np.float32), full(m, 0.7))
    x, y = (random.standard_normal((rows, d)).astype(np.float32) * 0.3 for rows in (n, m))
    return users, items, x, y, met


def full(n: int, value: float) -> np.ndarray:
    return np.full(n, value, dtype=np.float32)


def loss(users: Side, items: Side, x: np.ndarray, y: np.ndarray, met: np.ndarray) -> float:
    """The objective of the module's docstring, term by term."""
    scores = x.astype(float) @ y.T.astype(float)
    seen = (met * (1 - scores) ** 2).sum()
    unseen = (np.outer(users.unseen, items.unseen) * scores**2).sum()
    return float(seen + unseen + users.ridge @ (x**2).sum(1) + items.ridge @ (y**2).sum(1))


def test_enough_steps_reach_the_minimum_of_every_row():
    users, _, x, y, _ = shop()
    prior = Prior(np.linspace(0.01, 4, 12, dtype=np.float32), users.unseen, users.ridge)
    solve_rows(users.rows, y, prior, x, steps=60, tolerance=1e-6, threads=1)
    np.testing.assert_allclose(x, exact(users.rows, y, prior), rtol=1e-4, atol=1e-5)


def test_a_row_of_many_events_some_of_the_same_item_reaches_its_minimum():
    random = np.random.default_rng(1)
    n = 30_001
    rows = Rows(np.array([0, 3, n]), random.integers(0, 50, n).astype(np.int32), random.random(n, dtype=np.float32))
    y = random.standard_normal((50, 8)).astype(np.float32)
    prior = Prior(full(8, 30.0), full(2, 1.0), full(2, 5.0))
    x = np.zeros((2, 8), dtype=np.float32)
    solve_rows(rows, y, prior, x, steps=40, tolerance=1e-6)
    np.testing.assert_allclose(x, exact(rows, y, prior), rtol=1e-3, atol=1e-5)


def test_a_row_without_columns_becomes_zero():
    users, _, x, y, _ = shop()
    solve_rows(users.rows, y, Prior(full(12, 1.0), users.unseen, users.ridge), x, steps=2)
    assert not x[:2].any()
    assert x[2:].any(axis=1).all()


@pytest.mark.parametrize("seed", range(3))
def test_one_step_lowers_the_objective_of_every_row(seed):
    users, _, x, y, _ = shop(seed)
    prior = Prior(full(12, 2.0), users.unseen, users.ridge)
    best = exact(users.rows, y, prior)
    energy = [np.zeros(0), np.zeros(0)]
    for step in (0, 1):
        solve_rows(users.rows, y, prior, x, steps=step)
        energy[step] = np.array([excess(users.rows, y, prior, row, x[row] - best[row]) for row in range(len(x))])
    assert (energy[1][2:] < energy[0][2:]).all()


def excess(rows: Rows, y: np.ndarray, prior: Prior, row: int, off: np.ndarray) -> float:
    """How far the objective of a row lies above its minimum when its vector lies `off` the best one."""
    events = slice(rows.starts[row], rows.starts[row + 1])
    seen = rows.weights[events] @ (y[rows.columns[events]] @ off) ** 2
    return float(seen + (prior.unseen[row] * prior.spectrum + prior.ridge[row]) @ off**2)


def test_the_number_of_threads_does_not_change_a_bit():
    users, _, x, y, _ = shop(n=500)
    results = []
    for threads in (1, 2, 5):
        mine = x.copy()
        solve_rows(users.rows, y, Prior(full(12, 2.0), users.unseen, users.ridge), mine, steps=2, threads=threads)
        results.append(mine)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


@pytest.mark.parametrize("uniform", [True, False])
def test_aligning_makes_the_weighted_gram_matrix_diagonal_and_keeps_all_scores(uniform):
    _, items, x, y, _ = shop()
    unseen = full(len(y), 0.3) if uniform else items.unseen
    scores = x @ y.T
    spectrum = align(y, unseen, x)
    np.testing.assert_allclose((y.T * unseen) @ y, np.diag(spectrum), atol=1e-5)
    np.testing.assert_allclose(x @ y.T, scores, atol=1e-5)


def test_a_half_pass_with_many_steps_solves_the_normal_equations_of_the_whole_objective():
    users, items, x, y, met = shop()
    improve(users, items.unseen, y, x, steps=60)
    scores = x.astype(float) @ y.T.astype(float)
    slope = (met * (scores - 1) + np.outer(users.unseen, items.unseen) * scores) @ y + users.ridge[:, None] * x
    np.testing.assert_allclose(slope, 0, atol=2e-3)


def test_two_steps_a_pass_end_as_low_as_exact_alternation():
    users, items, x, y, met = shop()
    slow_x, slow_y = x.copy(), y.copy()
    for _ in range(30):
        run_pass(users, items, x, y, steps=2)
        run_pass(users, items, slow_x, slow_y, steps=60)
    assert loss(users, items, x, y, met) < 1.005 * loss(users, items, slow_x, slow_y, met)


def test_every_half_pass_lowers_the_objective():
    users, items, x, y, met = shop(3)
    before = np.inf
    for _ in range(4):
        run_pass(users, items, x, y)
        now = loss(users, items, x, y, met)
        assert now < before
        before = now
