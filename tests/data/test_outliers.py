"""Outliers: far beyond the rest, and only they."""

import numpy as np
import polars as pl

from regulars.data.outliers import beyond, limit, named


def test_a_reseller_is_named_with_what_is_typical():
    counts = np.concatenate([np.random.default_rng(0).integers(5, 60, 500), [20_000]])
    assert np.flatnonzero(beyond(counts)).tolist() == [500]
    found = named("events", counts, pl.Series([f"c{i}" for i in range(501)]))
    assert [(one.customer, one.count, one.typical) for one in found] == [("c500", 20_000, float(np.median(counts)))]


def test_a_shop_with_a_long_tail_has_no_outliers_because_of_the_tail():
    counts = np.exp(np.random.default_rng(0).normal(3, 1, 2_000)).astype(np.int64) + 1
    assert beyond(counts).mean() < 0.001


def test_a_few_customers_are_no_rest_to_be_beyond():
    assert limit(np.array([1, 1, 1, 100_000])) == float("inf")
