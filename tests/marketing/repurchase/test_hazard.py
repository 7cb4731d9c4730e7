"""Gaps as hazards: what is true of a shop that was drawn from them is found again."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY, Dataset
from regulars.core.errors import EmptyData
from regulars.marketing.repurchase import Frequency, Hazard, bought_within, pairs_of


@pytest.fixture(scope="module")
def shop():
    return renewals(customers=400, days=420)


@pytest.mark.parametrize("gaps", ["gamma", "weibull"])
def test_the_usual_days_of_products_and_the_paces_of_customers_are_found(shop, gaps):
    data, usual, pace = shop
    model = Hazard(gaps=gaps, rounds=30).fit(data)
    pairs = pairs_of(data)
    _, log_days = model.scales(pairs)
    own = np.array([int(name[1:]) for name in data.items.names(pairs.items)])
    who = np.array([int(name[1:]) for name in data.users.names(pairs.customers)])
    truth = np.log(usual[own]) + np.log(pace[who])
    assert np.corrcoef(log_days, truth)[0, 1] > 0.97
    assert np.std(log_days - truth) < 0.2


def test_the_shape_of_gamma_gaps_is_found(shop):
    model = Hazard(gaps="gamma", rounds=30).fit(shop[0])
    assert model.spread.shape == pytest.approx(3.0, rel=0.2)
    assert model.spread.spread > 5  # nothing but product and customer makes rates differ


@pytest.mark.parametrize("gaps", ["gamma", "weibull"])
def test_what_is_said_to_happen_happens_as_often(shop, gaps):
    data, _, _ = shop
    moment = MONDAY + 364 * DAY
    pairs = pairs_of(data, moment)
    said = Hazard(gaps=gaps).fit(data.before(moment)).probabilities(pairs, (1, 4))
    happened = bought_within(data, pairs, (1, 4))
    for place in (0, 1):
        likely = said[:, place] > np.median(said[:, place])
        for part in (likely, ~likely):
            assert said[part, place].mean() == pytest.approx(happened[part, place].mean(), abs=0.06)


def test_hazards_say_more_than_frequency_of_goods_with_a_rhythm(shop):
    data, _, _ = shop
    moment = MONDAY + 364 * DAY
    pairs, before = pairs_of(data, moment), data.before(moment)
    happened = bought_within(data, pairs, (2,))
    losses = []
    for method in (Hazard(), Frequency()):
        said = np.clip(method.fit(before).probabilities(pairs, (2,)), 1e-6, 1 - 1e-6)
        losses.append(-np.where(happened, np.log(said), np.log1p(-said)).mean())
    assert losses[0] < losses[1] - 0.03


def test_a_product_bought_once_is_shrunk_to_its_group():
    rows = [(f"c{n}", "weekly", day) for n in range(20) for day in range(0, 84, 7)]
    rows += [(f"c{n}", "monthly", day) for n in range(20) for day in range(0, 84, 28)]
    rows += [("c1", "new weekly", 77), ("c1", "new monthly", 77)]
    category = {"weekly": "quick", "new weekly": "quick", "monthly": "slow", "new monthly": "slow"}
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "day"], orient="row")
    events = events.with_columns(time=pl.col("day") * DAY + MONDAY).drop("day")
    items = pl.DataFrame({"item_id": list(category), "category": list(category.values())})
    data = Dataset.of(events, items=items)
    model = Hazard().fit(data)
    days = dict(zip(data.items.ids.to_list(), model.items.tolist(), strict=True))
    assert days["new weekly"] < days["new monthly"] - 0.2


def test_horizons_rise_and_longer_waiting_for_a_regular_product_makes_it_likelier():
    rows = [(f"c{n}", "milk", day) for n in range(30) for day in range(0, 140, 10)]
    data = bought(rows)
    model = Hazard().fit(data)
    early = model.probabilities(pairs_of(data, MONDAY + 131 * DAY), (1, 2, 4, 60))
    late = model.probabilities(pairs_of(data, MONDAY + 138 * DAY), (1,))
    assert (np.diff(early, axis=1) >= 0).all()
    assert (late[:, 0] > early[:, 0]).all()
    assert early[:, 3].min() > 0.99


def test_the_pace_of_a_customer_is_that_of_the_moment_so_strangers_get_it_too():
    quick = [(f"q{n}", item, day) for n in range(15) for item in "abc" for day in range(0, 98, 7)]
    slow = [(f"s{n}", item, day) for n in range(15) for item in "abc" for day in range(0, 98, 21)]
    data = bought([*quick, *slow])
    model = Hazard().fit(data)
    pairs = pairs_of(data, MONDAY + 98 * DAY)
    said = model.probabilities(pairs, (1,))[:, 0]
    assert said[pairs.customers < 15].min() > said[pairs.customers >= 15].max()
    alone = pairs_of(data.where(data.user == 0), MONDAY + 98 * DAY)
    assert np.allclose(model.probabilities(alone, (1,))[:, 0], said[:3])


def test_an_item_younger_than_the_model_is_judged_by_the_shop():
    data, _, _ = renewals(customers=30)
    model = Hazard().fit(data)
    pairs = pairs_of(data)
    younger = replace(pairs, items=pairs.items + 100)
    assert np.isfinite(model.probabilities(younger)).all()


def lapsing(customers=400, days=420, seed=1):
    """Every customer buys one product in gamma gaps of 10 days, and stops for good after each purchase with .1."""
    random, rows, alive = np.random.default_rng(seed), [], {}
    for customer in range(customers):
        day = random.uniform(0, 150)
        while day < days:
            rows.append((f"c{customer:03d}", "milk", int(day)))
            alive[f"c{customer:03d}"] = goes_on = random.random() > 0.1
            if not goes_on:
                break
            day += max(random.gamma(3.0, 10 / 3), 1.0)
    return bought(rows), alive


@pytest.mark.parametrize("gaps", ["gamma", "weibull"])
def test_who_is_long_overdue_has_stopped_and_who_is_not_goes_on(gaps):
    data, alive = lapsing()
    model = Hazard(gaps=gaps, rounds=30).fit(data)
    pairs = pairs_of(data, MONDAY + 420 * DAY)
    said = model.probabilities(pairs, (4,))[:, 0]
    truth = np.array([alive[name] for name in data.users.names(pairs.customers)])
    assert said[pairs.since > 60].max() < 0.1
    assert said[truth & (pairs.since < 20)].min() > 0.5
    odds = model.spread.stops * (1 + np.arange(8)) ** -model.spread.lasts
    assert (odds / (1 + odds)).mean() == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("gaps", ["gamma", "weibull"])
def test_customers_like_clocks_are_foretold_not_nan(gaps):
    data = bought([(f"c{n}", item, day) for n in range(20) for item in "abc" for day in range(0, 140, 14)])
    model = Hazard(gaps=gaps, rounds=40).fit(data)
    due = model.probabilities(pairs_of(data, MONDAY + 139 * DAY), (1,))
    just_bought = model.probabilities(pairs_of(data, MONDAY + 127 * DAY), (1,))
    assert due.min() > 0.9
    assert just_bought.max() < 0.1


def test_a_shop_where_nothing_was_bought_twice_is_told():
    data = bought([("a", "milk", 0), ("b", "milk", 3), ("a", "soap", 3)])
    with pytest.raises(EmptyData, match="on two days"):
        Hazard().fit(data)


def test_survival_of_a_product_falls_from_one():
    data, _, _ = renewals(customers=40)
    curve = Hazard().fit(data).survival(np.array([0, 1], dtype=np.int32), np.array([0.0, 5.0, 20.0, 200.0]))
    assert curve.shape == (2, 4)
    assert (curve[:, 0] == 1).all()
    assert (np.diff(curve, axis=1) < 0).all()
