"""Chosen inside, judged outside: what tuning promises and what it keeps."""

import math

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY
from regulars.core.errors import EmptyData
from regulars.evaluation import TimeSplit
from regulars.models import Popularity, Recent
from regulars.tuning import Exam, Plan, Space, nested
from tuning.test_tune import BLURRED, market

EXAM = Exam(TimeSplit(days=30), k=5)


@pytest.fixture(scope="module")
def found():
    return nested({"blurred": BLURRED, "recent": Recent()}, market(), folds=2, exam=EXAM, plan=Plan(trials=30))


def test_every_fold_is_tuned_on_what_came_before_it(found):
    frame = found.frame()
    assert frame["fold"].n_unique() == 2
    assert frame.height == 4
    inside = [study.asked for study in found.studies]
    outside = frame["fold"].unique(maintain_order=True).to_list()
    assert inside[0].startswith(outside[1])  # the validation of one fold is the test of the one before


def test_a_real_gain_is_kept_and_told(found):
    kept = [one for one in found.outcomes if one.method == "blurred"]
    assert all(one.promised > 0.2 and one.kept > 0.2 and one.verdict == "better" for one in kept)
    assert all(one.low > 0 for one in kept)
    assert all(one.low <= one.outside_best - one.outside_first <= one.high for one in found.outcomes)
    row = found.summary().row(0, named=True)
    assert row["folds"] == 2
    assert found.said().startswith("the search chose ")
    assert "over 2 folds" in found.said()


def test_one_method_is_chosen_in_each_fold(found):
    assert found.frame().group_by("fold").agg(n=pl.col("chosen").sum())["n"].to_list() == [1, 1]


def test_a_gain_by_chance_is_promised_and_not_kept():
    """Customers who want at random: whatever is chosen was chosen by luck."""
    random = np.random.default_rng(1)
    rows = np.stack([np.repeat(np.arange(300), 12), random.integers(30, size=3600)], axis=1).astype(np.int32)
    data = shops.shop(rows, 31, random, n_users=300)
    space = Space(Popularity(half_life_days=3.0), {"half_life_days": [1, 100]})
    outcomes = nested({"popularity": space}, data, folds=3, exam=EXAM, plan=Plan(trials=12)).outcomes
    assert all(one.promised >= 0 for one in outcomes)
    assert np.mean([one.promised for one in outcomes]) > np.mean([one.kept for one in outcomes])
    assert [one.verdict for one in outcomes].count("no difference") >= 2


def test_a_log_that_is_too_short_for_more_folds_has_fewer():
    data = market()
    days = float(data.time.max() - data.time.min()) / DAY
    third = Exam(TimeSplit(days=days / 3.5), k=5)
    assert len(nested({"p": Popularity()}, data, folds=9, exam=third, plan=Plan(trials=1)).studies) == 2
    with pytest.raises(EmptyData):
        nested({"p": Popularity()}, data, exam=Exam(TimeSplit(days=2.0 * days)), plan=Plan(trials=1))


def test_each_fold_has_a_study_file_of_its_own(tmp_path):
    again = [
        nested({"p": Popularity()}, market(), folds=2, exam=EXAM, plan=Plan(trials=2), file=tmp_path / "s.db")
        for _ in range(2)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s-fold1.db", "s-fold2.db"]
    assert again[0].frame().drop("fold").equals(again[1].frame().drop("fold"))


def test_nothing_is_said_of_no_folds():
    none = nested({"p": Popularity()}, market(), folds=0, exam=EXAM, plan=Plan(trials=1))
    assert none.said() == "no fold could be judged"
    assert not math.isnan(len(none.outcomes))
