"""Figures of probabilities, against scikit-free definitions worked by hand."""

import numpy as np
import pytest

from marketing.repurchase.renewals import MONDAY, renewals
from regulars.core import DAY
from regulars.marketing.repurchase import Calibrated, Frequency, Hazard, judged, pairs_of, table
from regulars.marketing.repurchase.judged import Judged, average_precision, expected_calibration_error, ndcg


def test_ndcg_by_hand():
    row = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)
    said = np.array([0.9, 0.5, 0.1, 0.2, 0.8, 0.3], dtype=np.float32)
    happened = np.array([False, True, True, True, False, False])
    first = (1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3))
    told = ndcg(row, said, happened, 10)
    assert told[:2] == pytest.approx([first, 1 / np.log2(3)])
    assert np.isnan(told[2])


def test_equal_probabilities_stand_in_the_worst_order():
    told = ndcg(np.zeros(3, dtype=np.int32), np.full(3, 0.5, dtype=np.float32), np.array([True, False, False]), 10)
    assert told[0] == pytest.approx(0.5)


def test_average_precision_by_hand():
    said = np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    assert average_precision(said, np.array([True, False, True, False])) == pytest.approx((1 + 2 / 3) / 2)
    equal = average_precision(np.full(4, 0.5, dtype=np.float32), np.array([True, False, False, False]))
    assert equal == pytest.approx(0.25)


def test_calibration_error_by_hand():
    said = np.array([0.1] * 10 + [0.8] * 10, dtype=np.float32)
    happened = np.array([False] * 8 + [True] * 2 + [True] * 6 + [False] * 4)
    assert expected_calibration_error(said, happened, bins=2) == pytest.approx(0.15)


def test_loss_and_brier_by_hand():
    said = np.array([0.25, 0.5], dtype=np.float32)
    figures = Judged("x", 1, np.array([0, 0], dtype=np.int32), said, np.array([True, False])).per_pair()
    assert figures["log loss"] == pytest.approx((np.log(4) + np.log(2)) / 2)
    assert figures["brier"] == pytest.approx((0.75**2 + 0.5**2) / 2)


def test_reliability_has_every_pair_once():
    said = np.linspace(0, 1, 101, dtype=np.float32)
    plot = Judged("x", 1, np.zeros(101, dtype=np.int32), said, said > 0.5).reliability(4)
    assert plot["pairs"].sum() == 101
    assert plot["said"].is_sorted()


def test_the_better_of_two_is_called_better():
    data, _, _ = renewals(customers=150, days=420)
    moment = MONDAY + 364 * DAY
    methods = {"frequency": Calibrated(Frequency()), "gaps": Calibrated(Hazard())}
    models = {name: method.fit(data.before(moment)) for name, method in methods.items()}
    told = table(judged(models, data, pairs_of(data, moment), (2,)), "frequency")
    loss = told.filter(figure="log loss of a customer", model="gaps").row(0, named=True)
    assert loss["verdict"] == "better"
    assert loss["low"] < loss["value"] < loss["high"]
    assert told.filter(model="frequency")["verdict"].unique().to_list() == ["no difference"]
