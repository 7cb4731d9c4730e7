"""The additive ranker on what is known to be additive."""

import numpy as np
from scipy.optimize import approx_fprime

from regulars.core import floats, ints
from regulars.ranking.additive import Additive, learn_additive
from regulars.ranking.table import Lists, Table


def test_a_score_is_the_sum_of_its_curves_and_products():
    ranker = Additive(
        floats([[0, 1, 2], [0, 10, 20]]), floats([[0, 5, 6], [1, 0, 1]]), ints([[0, 1], [1, 1]]), floats([0.5, 0.01])
    )
    # 5 + 1/2 of a step to 6; half way down from 1 to 0; 1.5 * 5 / 2; 5 * 5 / 100
    assert ranker.score(Table.of_numbers([[1.5, 5]])).tolist() == [5.5 + 0.5 + 3.75 + 0.25]
    # beyond the ends as at the ends: 2 for 9, 0 for -1, 20 for 30
    assert ranker.score(Table.of_numbers([[9, 0], [-1, 0], [9, 30]])).tolist() == [7, 1, 6 + 1 + 20 + 4]


def choices(n=1_500, width=12, seed=0):
    """Lists of candidates, one of which is chosen by chances exp(true score)."""
    random = np.random.default_rng(seed)
    evidence = random.uniform(0, 4, size=(n * width, 3)).astype(np.float32)
    true = 2 * np.abs(evidence[:, 0] - 2) - evidence[:, 1] * evidence[:, 2] / 2
    chances = np.exp(true.reshape(n, width))
    chosen = (chances.cumsum(axis=1) > random.random((n, 1)) * chances.sum(axis=1, keepdims=True)).argmax(axis=1)
    wanted = np.zeros((n, width), dtype=bool)
    wanted[np.arange(n), chosen] = True
    return Lists(Table.of_numbers(evidence), np.arange(n + 1) * width, wanted.ravel()), true


def test_it_finds_the_curves_and_products_that_chose():
    lists, _ = choices()
    ranker = learn_additive(lists, ints([[1, 2]]), np.zeros(3), 2.0)
    unseen, true = choices(seed=1)
    assert np.corrcoef(ranker.score(unseen.table), true)[0, 1] > 0.99
    assert abs(ranker.weights[0] + 0.5) < 0.1


def test_the_gradient_is_that_of_the_loss(monkeypatch):
    seen = {}

    def caught(loss, start, **_):
        seen["loss"] = loss
        return type("Found", (), {"x": start})

    monkeypatch.setattr("scipy.optimize.minimize", caught)
    lists, _ = choices(n=30)
    learn_additive(lists, ints([[1, 2], [0, 1]]), np.ones(3), 2.0)
    at = np.random.default_rng(1).normal(size=3 * 9 + 2)
    np.testing.assert_allclose(seen["loss"](at)[1], approx_fprime(at, lambda x: seen["loss"](x)[0], 1e-6), atol=1e-4)


def test_a_column_that_never_changes_does_no_harm():
    lists, _ = choices(n=50)
    lists.table.numbers[:, 0] = -1.0
    assert np.isfinite(learn_additive(lists, ints([[0, 1]]), np.zeros(3), 2.0).score(lists.table)).all()


def test_of_hardly_any_lists_it_learns_hardly_more_than_the_straight_lines():
    lists, _ = choices(n=1)
    ranker = learn_additive(lists, ints([[1, 2]]), np.array([3.0, 0.0, 0.0]), 2.0)
    unseen, _ = choices(seed=1)
    assert np.corrcoef(ranker.score(unseen.table), unseen.table.numbers[:, 0])[0, 1] > 0.95
