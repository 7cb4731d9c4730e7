"""What was known at a moment, and what came after it."""

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY, Dataset
from regulars.core.errors import EmptyData
from regulars.marketing.repurchase import Pairs, bought_within, days_until, pairs_of, weeks_of_year
from regulars.marketing.repurchase.reading import Past


def test_ages_are_whole_days_before_the_moment():
    data = bought([("a", "milk", 0), ("a", "milk", 7), ("a", "bread", 9, 86_399)])
    pairs = pairs_of(data, MONDAY + 10 * DAY)
    assert data.items.names(pairs.items).to_list() == ["milk", "bread"]
    assert pairs.starts.tolist() == [0, 2, 3]
    assert pairs.ages.tolist() == [9, 2, 0]
    assert pairs.since.tolist() == [2, 0]
    assert pairs.first.tolist() == [9, 0]
    assert pairs.gaps[1].tolist() == [7]
    assert pairs.visits.tolist() == [9, 2, 0]
    assert pairs.observed.tolist() == [10]


def test_several_purchases_of_a_day_are_one_day_with_all_units():
    rows = [("a", "milk", 0, 10), ("a", "milk", 0, 40_000), ("a", "milk", 3)]
    data = bought(rows, quantity=[1, 3, 2], value=[2.0, 4.0, 1.0], discount=[0.0, 0.5, 0.0])
    pairs = pairs_of(data, MONDAY + 4 * DAY)
    assert pairs.ages.tolist() == [3, 0]
    assert pairs.quantities.tolist() == [4, 2]
    assert pairs.prices.tolist() == [1.5, 0.5]
    assert pairs.promoted.tolist() == [0.5, 0]


def test_the_moment_says_when_a_day_begins_so_that_no_time_zone_matters():
    evening_in_tokyo = [("a", "tea", 0, 14 * 3_600), ("a", "tea", 0, 16 * 3_600)]  # 23:00 and 1:00 there
    data = bought(evening_in_tokyo)
    assert pairs_of(data, MONDAY + DAY).counts.tolist() == [1]
    assert pairs_of(data, MONDAY + DAY - 9 * 3_600 + DAY).counts.tolist() == [2]


def test_what_came_back_was_not_bought():
    rows = [("a", "milk", 0), ("a", "milk", 5), ("a", "milk", 6), ("a", "soap", 1), ("a", "soap", 2)]
    kinds = ["purchase", "purchase", "return", "purchase", "return"]
    data = bought(rows, kind=kinds, weight=[1.0, 1.0, -1.0, 1.0, -1.0])
    pairs = pairs_of(data, MONDAY + 10 * DAY)
    assert data.items.names(pairs.items).to_list() == ["milk"]
    assert pairs.ages.tolist() == [9]


def test_a_part_that_came_back_leaves_the_purchase():
    data = bought([("a", "milk", 0), ("a", "milk", 3)], kind=["purchase", "return"], weight=[1.0, -1 / 3])
    assert pairs_of(data, MONDAY + 10 * DAY).ages.tolist() == [9]


def test_views_are_not_purchases():
    data = bought([("a", "milk", 0), ("a", "soap", 1)], kind=["purchase", "view"])
    assert len(pairs_of(data)) == 1


def test_a_log_of_views_alone_has_nothing_that_is_bought_again():
    data = bought([("a", "milk", 0), ("a", "soap", 1)], kind=["view", "cart"])
    with pytest.raises(EmptyData, match="the log has cart, view"):
        pairs_of(data)


def test_events_without_a_kind_and_kinds_of_the_shop_are_purchases_where_none_is_named():
    rows = [("a", "milk", 0), ("a", "soap", 1), ("a", "tea", 2), ("a", "rice", 3)]
    data = bought(rows, kind=["event", "view", "dispatched", "rating"])
    assert data.items.names(pairs_of(data).items).to_list() == ["milk", "tea"]


def test_nothing_after_the_moment_changes_the_pairs():
    data, _, _ = renewals(customers=30)
    moment = MONDAY + 200 * DAY
    random = np.random.default_rng(5)
    later = data.time >= moment
    changed = Dataset(
        data.users,
        data.items,
        data.user,
        np.where(later, random.permutation(data.item), data.item).astype(np.int32),
        data.time,
        np.where(later, 9.0, data.weight).astype(np.float32),
        data.kind,
        data.kinds,
    )
    told, other = pairs_of(data, moment), pairs_of(changed, moment)
    for name in ("row", "items", "ages", "starts", "visits", "visit_starts", "observed", "shelf", "quantities"):
        assert np.array_equal(getattr(told, name), getattr(other, name), equal_nan=True), name


def test_what_is_bought_after_the_moment_is_found_to_the_second():
    moment = MONDAY + 10 * DAY
    rows = [("a", "milk", 0), ("a", "milk", 10, 0), ("a", "soap", 1), ("a", "soap", 17, 0)]
    rows += [("a", "rice", 2), ("a", "rice", 16, 86_399), ("a", "tea", 3), ("a", "tea", 9, 86_399), ("b", "tea", 60)]
    data = bought(rows)
    pairs = pairs_of(data, moment)
    found = dict(zip(data.items.names(pairs.items), days_until(data, pairs).tolist(), strict=True))
    assert found == {"milk": 0, "soap": 7, "rice": 6, "tea": np.inf}
    within = bought_within(data, pairs, (1, 2))
    assert dict(zip(data.items.names(pairs.items), within.tolist(), strict=True)) == {
        "milk": [True, True],
        "soap": [False, True],
        "rice": [True, True],
        "tea": [False, False],
    }


def test_a_horizon_beyond_the_end_of_the_log_is_told():
    data = bought([("a", "milk", 0), ("a", "milk", 30)])
    pairs = pairs_of(data, MONDAY + 20 * DAY)
    with pytest.raises(EmptyData, match="the log ends 17 days before the 4 weeks"):
        bought_within(data, pairs, (1, 4))


def test_some_customers_get_the_pairs_that_they_have_among_all():
    data, _, _ = renewals(customers=20)
    everybody, some = pairs_of(data), Past.of(data).pairs(np.array([4, -1, 2], dtype=np.int32))
    assert some.users.tolist() == [4, -1, 2]
    for row, user in ((0, 4), (2, 2)):
        own = everybody.row == user
        assert some.items[some.row == row].tolist() == everybody.items[own].tolist()
        assert some.since[some.row == row].tolist() == everybody.since[own].tolist()
    assert not (some.row == 1).any()


def test_blocks_of_customers_and_moments_join_to_the_whole():
    data, _, _ = renewals(customers=20)
    pairs = pairs_of(data)
    blocks = [pairs.of_rows(low, high) for low, high in pairs.blocks(25)]
    assert len(blocks) > 3
    joined = Pairs.joined(blocks)
    for name in ("row", "items", "users", "at", "ages", "starts", "visits", "visit_starts", "shelf"):
        assert np.array_equal(getattr(joined, name), getattr(pairs, name), equal_nan=True), name


def test_weeks_end_at_the_moment():
    rows = [("a", "milk", 0), ("a", "milk", 7), ("a", "milk", 13), ("a", "milk", 27)]
    data = bought(rows, quantity=[1, 2, 5, 3], price=[4.0, 5.0, 3.0, 2.0])
    weekly = pairs_of(data, MONDAY + 28 * DAY).weekly(3)
    assert weekly.counts.tolist() == [[2, 0, 1]]
    assert weekly.quantities.tolist() == [[7, 0, 3]]
    assert weekly.prices[0, [0, 2]].tolist() == [4, 2]
    assert np.isnan(weekly.prices[0, 1])


def test_the_season_is_the_place_in_the_year():
    first_of_july = np.array([1_688_169_600])
    assert weeks_of_year(first_of_july + 4 * DAY, 1)[0, 0] == pytest.approx(0.5, abs=0.01)


def test_a_log_without_events_says_so():
    data = bought([("a", "milk", 0)])
    with pytest.raises(EmptyData, match="no events"):
        pairs_of(data.before(0))


def test_the_shelf_knows_prices_and_buyers():
    rows = [("a", "milk", 0), ("b", "milk", 60), ("a", "milk", 61)]
    data = bought(rows, price=[1.0, 2.0, 3.0])
    shelf = pairs_of(data, MONDAY + 62 * DAY).shelf
    assert shelf[0].tolist() == pytest.approx([2.5, 2.0, 0.5, 2 / 12])


def test_customers_bring_their_attributes():
    events = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "x"], "time": [0, 5]})
    data = Dataset.of(events, customers=pl.DataFrame({"user_id": ["b", "a"], "town": ["Kiel", "Ulm"]}))
    assert pairs_of(data).user_features["town"].to_list() == ["Ulm", "Kiel"]
