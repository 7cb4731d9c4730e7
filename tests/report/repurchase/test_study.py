"""What the page of repurchases is made from: sums that add up, shares and intervals worked by hand."""

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY, Run
from regulars.core.errors import SettingError
from regulars.marketing.repurchase import Calibrated, Frequency, Hazard, pairs_of
from regulars.marketing.repurchase.judged import Judged
from regulars.marketing.repurchase.reading import Past
from regulars.report.repurchase import Known, Look, repurchases
from regulars.report.repurchase.plan import plan, spread_out, totals
from regulars.report.repurchase.tried import by_age, reliability, wilson

METHODS = {"gaps": Calibrated(Hazard()), "frequency": Calibrated(Frequency())}


def known(data, **more):
    names = data.items.ids.cast(pl.String)
    return Known(data, names, pl.Series([], dtype=pl.String), **more)


@pytest.fixture(scope="module")
def found():
    data, _, _ = renewals(customers=100)
    model = METHODS["gaps"].fit(data)
    return repurchases(known(data), "gaps", model, METHODS, look=Look(shown=9, products=4), run=Run(seed=1))


def test_the_share_of_ten_in_twenty_has_the_interval_of_the_book():
    low, high = wilson([10, 0], [20, 20])
    assert (low[0], high[0]) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert low[1] == 0
    assert high[1] == pytest.approx(0.1611, abs=1e-4)


def test_a_part_of_the_pairs_says_what_happened_and_every_pair_stands_in_one():
    said = np.linspace(0.01, 0.9, 400, dtype=np.float32)
    happened = np.random.default_rng(0).random(400) < said
    points = reliability(Judged("x", 1, np.arange(400, dtype=np.int32), said, happened))
    assert points["pairs"].sum() == 400
    assert (points["happened"] * points["pairs"]).sum() == pytest.approx(happened.sum())
    assert (points["low"] <= points["happened"]).all()
    assert (points["high"] >= points["happened"]).all()


def test_pairs_of_one_customer_that_go_together_make_the_interval_wider():
    happened = np.arange(400) % 8 < 4
    alone, together = np.arange(400, dtype=np.int32), (np.arange(400) // 4).astype(np.int32)
    said = np.full(400, 0.5, dtype=np.float32)
    halves = [reliability(Judged("x", 1, row, said, happened)).row(0, named=True) for row in (alone, together)]
    spans = [half["high"] - half["low"] for half in halves]
    assert spans[0] == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 200))
    assert spans[1] == pytest.approx(2 * spans[0]), "four that are one count as one"


def test_shares_by_days_since_the_last_purchase_by_hand():
    rows = pl.DataFrame(
        {
            "item": [7] * 60,
            "since": [1] * 30 + [9] * 26 + [30] * 4,
            "bought": [True] * 6 + [False] * 24 + [True] * 13 + [False] * 17,
            "said x": [0.2] * 30 + [0.4] * 30,
        }
    )
    told = by_age(rows, ["x"])
    assert told["pairs"].to_list() == [30, 26], "four cases say nothing"
    assert told["bought"].to_list() == [0.2, 0.5]
    assert told["days"].to_list() == [1, 9]
    assert told["said"].to_list() == pytest.approx([0.2, 0.4])


def test_the_chances_of_the_weeks_add_up_to_that_of_all_of_them(found):
    lines = found.plan.lines
    assert lines["weeks"].list.sum().to_numpy() == pytest.approx(lines["within"].to_numpy(), abs=1e-5)
    assert (lines["weeks"].list.min() >= 0).all()
    assert lines.group_by("customer").len()["len"].max() == 4
    for (_,), mine in lines.group_by("customer"):
        days = mine["days"].fill_null(1e9)
        assert days.is_sorted()


def test_the_plan_says_when_each_was_bought():
    data = bought([("a", "milk", 0), ("a", "milk", 30), ("a", "milk", 40), ("a", "tea", 41), ("b", "tea", 80)])
    model = Frequency().fit(data)
    told = plan(Past.of(data), model, np.array([0, 1], dtype=np.int32), weeks=3, k=5, allowed=None)
    milk = told.lines.filter(item=0).row(0, named=True)
    assert milk["ages"] == [80, 50, 40]
    assert milk["reason"] == "every 20 days; last bought 40 days ago"
    assert told.customers["since"].to_list() == [39, 0]
    assert told.customers["visits"].to_list() == [4, 1]


def test_what_may_not_be_named_is_in_no_line_and_no_sum():
    data = bought([("a", "milk", 0), ("a", "milk", 10), ("a", "tea", 11)])
    model, allowed = Frequency().fit(data), np.array([False, True])
    told = plan(Past.of(data), model, np.array([0], dtype=np.int32), weeks=2, k=5, allowed=allowed)
    assert told.lines["item"].to_list() == [1]
    sums = totals(Past.of(data), model, np.array([0], dtype=np.int32), 2, allowed, Run())
    assert sums.items["expected"].to_list()[0] == 0
    assert sums.items["again"].to_list() == [0, 0], "milk was bought again, but has no curve either"
    assert sums.items["q50"].to_list() == [10, None]


def test_sums_are_those_of_all_probabilities(found):
    data = found.known.data
    said = METHODS["gaps"].fit(data).probabilities(pairs_of(data), (1, found.look.horizon))
    assert found.totals.items["expected"].sum() == pytest.approx(said[:, 1].sum(), rel=1e-5)
    assert found.totals.coming == pytest.approx(said[:, 0].sum(), rel=1e-5)


def test_the_newest_weeks_have_the_same_purchases_whoever_counts_them(found):
    counted = dict(found.past.iter_rows())
    for week, bought_then in found.tried.weeks.select("week", "bought").iter_rows():
        assert counted[week] == bought_then


def test_what_is_expected_of_a_week_is_about_what_is_bought(found):
    sums = found.tried.weeks.sum()
    assert sums["gaps"][0] == pytest.approx(sums["bought"][0], rel=0.15)
    assert found.tried.moment == int(found.known.data.time.max()) + 1 - 28 * DAY
    assert found.names == ["gaps", "frequency"]


def test_customers_are_shown_from_the_busiest_to_the_quietest_but_none_that_was_never_there():
    assert spread_out(np.array([5, 0, 9, 1, 3]), 3).tolist() == [2, 4, 3]
    assert spread_out(np.array([5, 0, 9]), 10).tolist() == [2, 0]
    assert spread_out(np.array([0]), 3).tolist() == []


def test_a_log_too_short_to_be_tried_has_a_calendar_and_says_why():
    rows = [
        (f"c{n}", item, day)
        for n in range(30)
        for item, gap in (("milk", 7), ("tea", 15))
        for day in range(n % 7, 63, gap)
    ]
    data = bought(sorted(rows, key=lambda row: row[2]))
    found = repurchases(known(data), "frequency", METHODS["frequency"].fit(data), {"frequency": METHODS["frequency"]})
    assert found.tried is None
    assert "56 days or more" in found.untried
    assert found.plan.lines.height > 0


def test_the_method_must_be_among_those_that_are_tried(found):
    with pytest.raises(SettingError, match="must be among"):
        repurchases(found.known, "lstm", None, METHODS)


def test_the_day_of_a_plan_is_that_of_the_shop():
    from regulars.report.repurchase.words import day_of

    late = bought([("a", "milk", 0, 14 * 3600), ("a", "milk", 70, 14 * 3600)])
    model = Frequency().fit(late)
    methods = {"frequency": Frequency()}
    there = repurchases(known(late, zone="Australia/Sydney"), "frequency", model, methods)
    here = repurchases(known(late), "frequency", model, methods)
    assert there.at == MONDAY + 70 * DAY + 14 * 3600 + 1
    assert (day_of(there, there.at) - day_of(here, here.at)).days == 0
    assert day_of(here, here.at).isoformat() == "2024-01-23", "asked in the afternoon, the plan begins tomorrow"
