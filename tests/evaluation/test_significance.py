"""Intervals hold the truth as often as they say, tests cry wolf as rarely as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.evaluation.significance import MANY, holm, intervals, paired_p, verdict

NONE = np.nan


def column(values):
    return np.array(values, dtype=np.float32)[:, None]


def test_the_interval_of_many_customers_is_the_normal_one():
    values = np.random.default_rng(1).random((4000, 1)).astype(np.float32)
    half = 1.96 * values.std(ddof=1) / np.sqrt(4000)
    low, high = intervals(values)[0]
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_beyond_many_customers_no_resample_is_drawn_and_the_interval_is_the_same():
    values = np.random.default_rng(1).random((MANY + 1, 1)).astype(np.float32)
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert intervals(values)[0] == pytest.approx([values.mean() - half, values.mean() + half], abs=1e-6)


def test_undefined_customers_do_not_count_and_columns_do_not_mix():
    rng = np.random.default_rng(2)
    values = rng.random((300, 1)).astype(np.float32)
    padded = np.concatenate([values, np.full((300, 1), NONE, dtype=np.float32)])
    both = intervals(np.concatenate([padded, np.full((600, 1), 0.5, dtype=np.float32)], axis=1))
    width = np.ptp(intervals(values)[0])
    assert both[0] == pytest.approx(intervals(values)[0], abs=0.15 * width)
    assert both[1].tolist() == [0.5, 0.5]


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(3).random((50, 2)).astype(np.float32)
    assert (intervals(values, seed=4) == intervals(values, seed=4)).all()


def test_nobody_has_no_interval():
    assert np.isnan(intervals(column([NONE, NONE]))).all()


def test_an_interval_never_leaves_the_range_of_the_figures():
    values = column([0.0] * 14 + [1.0])
    low, high = intervals(values)[0]
    assert 0 <= low < 1 / 15 < high <= 1


@pytest.mark.slow
def test_a_95_percent_interval_of_a_skewed_figure_holds_the_mean_about_95_times_in_100():
    rng = np.random.default_rng(5)
    shops = rng.beta(0.3, 2.0, (150, 1000)).astype(np.float32)  # 1,000 shops of 150 customers, most with figures near 0
    ends = intervals(shops)
    covered = ((ends[:, 0] <= 0.3 / 2.3) & (ends[:, 1] >= 0.3 / 2.3)).mean()
    assert 0.92 < covered < 0.97


def test_sign_flips_agree_with_counting_all_of_them():
    # 2^5 sign patterns of (1, 2, 3, 4, 5): |sum| >= 13 for sums 15 (1) and 13 (flip the 1), and their mirrors: 4 / 32
    p = paired_p(column([-1, 2, 3, 4, 5, 0, 0, NONE]))
    assert p[0] == pytest.approx(4 / 32, abs=0.015)


def test_customers_who_do_not_differ_give_p_1_and_nobody_gives_none():
    assert paired_p(column([0, 0, 0])).tolist() == [1.0]
    assert np.isnan(paired_p(column([NONE, NONE]))).all()


def test_where_the_paired_t_takes_over_both_agree(monkeypatch):
    rng = np.random.default_rng(6)
    differences = (rng.normal(0.06, 1.0, (900, 1))).astype(np.float32)
    t = paired_p(differences)
    monkeypatch.setattr("regulars.evaluation.significance.ENOUGH", 1000)
    assert paired_p(differences)[0] == pytest.approx(t[0], abs=0.02)


@pytest.mark.parametrize("n", [20, 1500])
def test_a_difference_that_is_not_there_is_found_about_5_times_in_100(n):
    rng = np.random.default_rng(7)
    differences = np.where(rng.random((n, 400)) < 0.5, rng.normal(size=(n, 400)), 0).astype(np.float32)
    assert 0.025 < (paired_p(differences) < 0.05).mean() < 0.08


def test_holm_by_hand():
    # sorted .01 .02 .04: times 3, 2, 1 = .03 .04 .04
    assert holm([0.02, NONE, 0.04, 0.01]) == pytest.approx([0.04, NONE, 0.04, 0.03], nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_raw_p_and_bonferroni_and_keeps_the_order(p):
    adjusted = holm(p)
    raw = np.array(p)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, raw * len(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()


@pytest.mark.slow
def test_among_five_that_do_not_differ_holm_finds_a_difference_in_5_of_100_shops_at_most():
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(200):
        p = paired_p(rng.normal(size=(600, 5)).astype(np.float32))
        false += bool((holm(p) < 0.05).any())
    assert false / 200 < 0.09


@pytest.mark.parametrize(
    ("difference", "p", "word"),
    [(0.1, 0.01, "better"), (-0.1, 0.01, "worse"), (0.1, 0.2, "no difference"), (0.0, NONE, "no difference")],
)
def test_a_verdict_in_words(difference, p, word):
    assert verdict(difference, p) == word
