"""Intervals of figures over all pairs, against shops whose customers are written out as often as they were drawn."""

import numpy as np
import pytest

from regulars.marketing.repurchase.judged import Judged, average_precision
from regulars.marketing.repurchase.spans import Drawn, _Ranked


def pairs(seed=0, customers=60, each=8, skill=2.0):
    random = np.random.default_rng(seed)
    row = np.repeat(np.arange(customers), each).astype(np.int32)
    chance = np.round(random.beta(1, 4, len(row)), 2)
    happened = random.random(len(row)) < chance
    said = np.round(np.clip(chance ** (1 / skill) * 0.5, 0.01, 0.99), 2).astype(np.float32)
    return row, said, happened


def test_a_customer_who_is_drawn_thrice_counts_as_three():
    row, said, happened = pairs(customers=20)
    times = np.random.default_rng(1).integers(0, 4, 20)
    written = np.repeat(np.arange(len(row)), times[row])
    ranked = _Ranked.of(row, said, happened).average_precision(times)
    assert ranked == pytest.approx(average_precision(said[written], happened[written]))


def test_the_intervals_hold_the_values():
    row, said, happened = pairs()
    figures = Judged("x", 1, row, said, happened).per_pair()
    drawn = Drawn.of(row, said, happened)
    for figure in ("log loss", "average precision"):
        low, high = drawn.interval(figure)
        assert low < figures[figure] < high


def test_the_same_said_twice_is_no_difference_and_noise_is_one():
    row, said, happened = pairs(customers=200)
    one, noise = Drawn.of(row, said, happened), Drawn.of(row, said[::-1].copy(), happened)
    assert one.p("log loss", 0.0, Drawn.of(row, said, happened)) == 1
    apart = average_precision(said, happened) - average_precision(said[::-1], happened)
    assert one.p("average precision", apart, noise) < 0.001


def test_nobody_and_nothing_bought_are_no_figures():
    nothing = np.zeros(0, dtype=np.float32)
    none = Drawn.of(np.zeros(0, dtype=np.int32), nothing, nothing > 0)
    assert np.isnan(none.interval("log loss")).all()
    row, said, _ = pairs(customers=5)
    assert np.isnan(Drawn.of(row, said, said > 2).interval("average precision")).all()
