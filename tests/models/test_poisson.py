"""Poisson regression finds the weights that counts were drawn by."""

import numpy as np

from regulars.models.poisson import RIDGE, log_linear


def test_the_weights_are_those_that_counts_were_drawn_by():
    random = np.random.default_rng(0)
    features = np.column_stack([np.ones(20_000), random.standard_normal((20_000, 2))])
    true = np.array([-3.0, 0.7, -1.2])
    counts = random.poisson(np.exp(features @ true))
    np.testing.assert_allclose(log_linear(features, counts), true, atol=0.05)


def test_a_constant_alone_is_the_log_of_the_mean():
    np.testing.assert_allclose(log_linear(np.ones((4, 1)), np.array([0, 0, 3, 9])), np.log(3))


def test_at_the_best_weights_the_pull_holds_against_the_slope():
    random = np.random.default_rng(1)
    features = np.column_stack([np.ones(50), random.standard_normal(50), np.arange(50) > 40])
    counts = np.where(np.arange(50) > 40, 0, random.poisson(2.0, 50))  # without a pull the last weight has no end
    weights = log_linear(features, counts)
    slope = features.T @ (counts - np.exp(features @ weights))
    np.testing.assert_allclose(slope, RIDGE * weights * [0, 1, 1], atol=1e-4)
