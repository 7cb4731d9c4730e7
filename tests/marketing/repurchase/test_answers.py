"""The verbs: who gets which products, with what chance, date and reason."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY, floats
from regulars.core.errors import SettingError
from regulars.marketing.repurchase import (
    Calibrated,
    CrossSell,
    Frequency,
    Hazard,
    buy_again,
    due,
    expected_days,
    next_basket,
    pairs_of,
    reasons,
)
from regulars.models import ItemKNN, Popularity


@pytest.fixture(scope="module")
def shop():
    return renewals(customers=60)[0]


@pytest.fixture(scope="module")
def model(shop):
    return Hazard().fit(shop)


def test_each_customer_gets_the_likeliest_of_what_was_bought_in_order(shop, model):
    told = buy_again(model, shop, horizon_weeks=2, k=3)
    assert told.columns == ["user_id", "rank", "item_id", "probability", "expected_date", "reason"]
    pairs = pairs_of(shop)
    said = model.probabilities(pairs, (2,))[:, 0]
    for (user,), rows in told.group_by("user_id"):
        own = pairs.customers == shop.users.index([user])[0]
        assert rows["rank"].to_list() == list(range(1, min(3, own.sum()) + 1))
        assert np.allclose(rows["probability"], np.sort(said[own])[::-1][:3])
        bought_before = shop.items.names(pairs.items[own]).to_list()
        assert set(rows["item_id"]) <= set(bought_before)


def test_some_customers_get_what_they_get_among_all(shop, model):
    everybody = buy_again(model, shop, k=5)
    some = buy_again(model, shop, shop.users.known(["c007", "c003"]), k=5)
    assert some["user_id"].unique(maintain_order=True).to_list() == ["c007", "c003"]
    for user in ("c003", "c007"):
        assert some.filter(user_id=user).equals(everybody.filter(user_id=user))


def test_what_is_not_for_sale_is_not_named(shop, model):
    allowed = np.ones(shop.n_items, dtype=np.bool_)
    allowed[shop.items.known(["p00", "p03"])] = False
    named = buy_again(model, shop, k=12, allowed=allowed)["item_id"]
    assert not set(named) & {"p00", "p03"}
    assert len(named)


def test_a_customer_who_bought_nothing_gets_no_line(model, shop):
    early = shop.before(int(shop.time.min()) + DAY)
    told = buy_again(model, early, k=5)
    assert 0 < told["user_id"].n_unique() < shop.n_users


def test_no_line_is_a_table_without_rows(shop, model):
    allowed = np.zeros(shop.n_items, dtype=np.bool_)
    told = buy_again(model, shop, allowed=allowed)
    assert told.height == 0
    assert told.schema["expected_date"] == pl.Date


def test_reasons_tell_the_rhythm_and_the_last_time():
    rows = [("a", "milk", day) for day in (0, 22, 42, 63)]
    rows += [("a", "soap", 50), ("a", "tea", 61), ("a", "tea", 62), ("a", "rice", 10), ("a", "rice", 80)]
    rows += [("a", "bread", day) for day in (79, 80, 81)]
    data = bought(rows)
    pairs = pairs_of(data, MONDAY + 82 * DAY)
    told = dict(zip(data.items.names(pairs.items), reasons(pairs), strict=True))
    assert told == {
        "milk": "every 21 days; last bought 18 days ago",
        "soap": "bought once; last bought 31 days ago",
        "tea": "bought twice, on two days running; last bought 19 days ago",
        "rice": "bought twice, 70 days apart; last bought yesterday",
        "bread": "every day; last bought today",
    }


def test_the_expected_day_is_that_of_an_even_chance():
    weekly_half = floats([[0.5, 0.75, 0.9375]])
    assert expected_days(weekly_half)[0] == pytest.approx(7)
    slow = 1 - np.exp(-0.01 * 7 * np.array([[1, 2, 4]]))
    assert expected_days(floats(slow))[0] == pytest.approx(np.log(2) / 0.01, rel=1e-3)
    assert np.isnan(expected_days(floats([[1e-6, 1e-6, 1e-6]])))[0]


def test_dates_are_counted_from_the_moment():
    data = bought([(f"c{n}", "milk", day) for n in range(30) for day in range(0, 140, 10)])
    model = Hazard().fit(data)
    told = buy_again(model, data, k=1, at=MONDAY + 136 * DAY)
    assert told["expected_date"].is_between(date(2024, 3, 31), date(2024, 4, 2)).all()


@pytest.mark.parametrize("weeks", [0, 53, -1])
def test_a_horizon_that_nobody_can_look_over_is_refused(shop, model, weeks):
    with pytest.raises(SettingError, match="from 1 to 52"):
        buy_again(model, shop, horizon_weeks=weeks)


def test_the_next_basket_has_repeats_and_new_products_apart():
    data, _, _ = renewals(customers=80, days=200)
    model = Calibrated(Frequency()).fit(data)
    explore = CrossSell(of=Popularity(), depth=6).fit(sparse(data))
    told = next_basket(model, data, explore=explore, k=6, new=2)
    assert told.columns[-1] == "part"
    had = {(user, item) for user, item in zip(data.users.names(data.user), data.items.names(data.item), strict=True)}
    for row in told.iter_rows(named=True):
        assert ((row["user_id"], row["item_id"]) in had) == (row["part"] == "repeat")
    for _, rows in told.group_by("user_id"):
        assert rows["rank"].to_list() == list(range(1, rows.height + 1))
        assert rows["part"].to_list() == sorted(rows["part"], reverse=True)
        assert (rows["part"] == "repeat").sum() <= 4
        assert rows.height <= 6
    assert set(told["part"]) == {"repeat", "explore"}


def test_without_new_products_the_next_basket_is_what_is_bought_again(shop, model):
    told = next_basket(model, shop, horizon_weeks=2, k=4)
    assert told.drop("part").equals(buy_again(model, shop, horizon_weeks=2, k=4))


@pytest.mark.parametrize("beside", [(), (ItemKNN(),)])
def test_chances_of_new_products_are_as_often_true(beside):
    data, _, _ = renewals(customers=400, days=300, products=20)
    early = sparse(data)
    moment = MONDAY + 240 * DAY
    model = CrossSell(of=Popularity(), beside=beside, depth=10).fit(early.before(moment))
    users = np.arange(early.n_users, dtype=np.int32)
    offers = model.offers(early.queries(users, moment))
    later = early.where((early.time >= moment) & (early.time < moment + 28 * DAY))
    bought_later = set(zip(later.user.tolist(), later.item.tolist(), strict=True))
    hits = [
        [(user, item) in bought_later for item in row]
        for user, row in zip(users.tolist(), offers.items.tolist(), strict=True)
    ]
    there = offers.items >= 0
    assert offers.chances[there][:, 2].mean() == pytest.approx(np.array(hits)[there].mean(), abs=0.04)
    assert (np.diff(offers.chances[there], axis=1) >= 0).all()


def sparse(data):
    """The log with customers who begin with their products one after the other, so that something is new each week."""
    place = (data.user * 7 + data.item * 11) % 40
    return data.where(data.time >= MONDAY + place * 7 * DAY)


def test_dates_are_those_of_the_shop(shop, model):
    moment = MONDAY + 350 * DAY + 43_200  # noon in Greenwich
    here, there = (buy_again(model, shop, at=moment, k=4, zone=zone) for zone in ("UTC", "Pacific/Auckland"))
    days = (there["expected_date"] - here["expected_date"]).dt.total_days()
    assert set(days.drop_nulls().to_list()) == {0, 1}


def test_who_is_due_is_whoever_is_expected_then_and_the_chance_is_that_of_the_days(shop, model):
    moment = MONDAY + 350 * DAY
    everything = buy_again(model, shop, at=moment, k=99).drop_nulls("expected_date")
    first, last = date.fromtimestamp(moment) + timedelta(days=7), date.fromtimestamp(moment) + timedelta(days=13)
    told = due(model, shop, (first, last), at=moment)
    wanted = everything.filter(pl.col("expected_date").is_between(first, last))
    keys = ["expected_date", "user_id", "item_id"]
    assert 0 < told.height == wanted.height
    assert told.select(keys).sort(keys).equals(wanted.select(keys).sort(keys))
    pairs = pairs_of(shop, moment)
    said = model.probabilities(pairs, (1, 2))
    own = (pairs.customers == shop.users.known([told["user_id"][0]])[0]) & (
        pairs.items == shop.items.known([told["item_id"][0]])[0]
    )
    assert told["probability"][0] == pytest.approx(float((said[own, 1] - said[own, 0])[0]), rel=1e-4)


def test_days_that_are_over_are_refused(shop, model):
    yesterday = date.fromtimestamp(MONDAY + 99 * DAY)
    with pytest.raises(SettingError, match="must not be before"):
        due(model, shop, (yesterday, yesterday), at=MONDAY + 100 * DAY)


def test_days_that_are_years_away_are_refused(shop, model):
    later = date.fromtimestamp(MONDAY + 900 * DAY)
    with pytest.raises(SettingError, match="dates are told for a year"):
        due(model, shop, (later, later), at=MONDAY + 100 * DAY)
