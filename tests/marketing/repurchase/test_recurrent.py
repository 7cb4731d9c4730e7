"""The recurrent network of repurchases: against the true hazard of renewal processes, and what it may not see."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import gamma

from regulars.core import DAY, Dataset, Run, Vocabulary, floats, ints, longs
from regulars.core.errors import EmptyData
from regulars.marketing.repurchase import bought_within, pairs_of
from regulars.marketing.repurchase.recurrent import Recurrent
from regulars.marketing.repurchase.telling import Habits, moments_told, purchases_told
from regulars.models.kinds.tree import from_tree, to_tree

ONE = Run(threads=1)
MEANS, SHAPE = np.array([7.0, 12, 20, 30, 45, 60]), 4.0  # days from one purchase to the next, gamma
QUICK = Recurrent(epochs=1, moments=2, width=8, batch=256)


def log_of(user, item, days):
    order = np.lexsort((days, user))
    n = len(order)
    users, items = (Vocabulary(pl.Series(np.arange(m))) for m in (max(user) + 1, max(item) + 1))
    time = longs(np.asarray(days)[order] * DAY)
    user, item = ints(np.asarray(user)[order]), ints(np.asarray(item)[order])
    return Dataset(users, items, user, item, time, np.ones(n, np.float32), np.zeros(n, np.int8))


def renewals(customers=300, days=280, seed=0):
    random = np.random.default_rng(seed)
    bought = []
    for customer in range(customers):
        for item, mean in enumerate(MEANS):
            times = -random.random() * 3 * mean + np.cumsum(random.gamma(SHAPE, mean / SHAPE, 200))
            bought += [(customer, item, time) for time in times if 0 <= time < days]
    return log_of(*map(list, zip(*bought, strict=True)))


def test_it_finds_the_true_hazard_of_renewal_processes():
    data = renewals()
    moment = 252 * DAY
    past = data.where(data.time < moment)
    model = Recurrent(epochs=6, moments=5, batch=256, rate=5e-3).fit(past, ONE)
    pairs = pairs_of(past, moment)
    said = model.probabilities(pairs)
    survived, mean = pairs.since + 0.5, MEANS[pairs.items] / SHAPE
    left = [
        1 - gamma.sf(survived + 7 * k, SHAPE, scale=mean) / gamma.sf(survived, SHAPE, scale=mean) for k in (1, 2, 4)
    ]
    for column, true in zip(said.T, left, strict=True):
        assert np.corrcoef(column, true)[0, 1] > 0.97
        assert np.abs(column - true).mean() < 0.06
    happened = bought_within(data, pairs, (1, 2, 4))
    for part in np.array_split(np.argsort(said[:, 1]), 5):  # calibrated, from the unlikely to the likely
        assert abs(said[part, 1].mean() - happened[part, 1].mean()) < 0.08


def test_probabilities_rise_with_the_horizon_and_go_on_beyond_the_weeks_that_were_learned():
    data = renewals(customers=30)
    model = QUICK.fit(data, ONE)
    pairs = pairs_of(data)
    said = model.probabilities(pairs, (1, 2, 4, 8, 12))
    assert ((said > 0) & (said < 1)).all()
    assert (np.diff(said, axis=1) > 0).all()
    hazard = model.hazards(pairs)
    np.testing.assert_allclose(said[:, 0], hazard[:, 0], rtol=1e-4)
    np.testing.assert_allclose(said[:, 3], 1 - (1 - said[:, 2]) * (1 - hazard[:, 3]) ** 4, rtol=1e-4)


def test_a_pair_is_told_the_same_alone_and_among_others():
    data = renewals(customers=30)
    model = QUICK.fit(data, ONE)
    pairs = pairs_of(data)
    chosen = np.array([3, 40, 41, 90])
    np.testing.assert_allclose(
        model.probabilities(pairs.only(chosen)), model.probabilities(pairs)[chosen], rtol=1e-4, atol=1e-6
    )


def test_what_happened_after_the_moment_changes_nothing():
    data = renewals(customers=20)
    moment = 200 * DAY
    past = data.where(data.time < moment)
    habits = Habits.of(pairs_of(past), data.n_items)
    now, then = pairs_of(data, moment), pairs_of(past, moment)
    np.testing.assert_array_equal(moments_told(now, habits), moments_told(then, habits))
    for one, other in zip(purchases_told(now, 9, seasonal=True), purchases_told(then, 9, seasonal=True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_purchase_is_told_by_its_gap_in_days_and_in_visits():
    # one customer: product 0 on days 0, 10 and 24; product 1 on days 3, 4, 12, which are visits as well
    data = log_of([0] * 6, [0, 1, 1, 0, 1, 0], [0.0, 3, 4, 10, 12, 24])
    pairs = pairs_of(data, 30 * DAY)
    steps, starts = purchases_told(pairs, 2, seasonal=False)
    assert starts.tolist() == [0, 2, 4]
    np.testing.assert_allclose(np.expm1(steps[:2, 0]), [10, 14], rtol=1e-5)
    assert steps[:, 1].tolist() == [0, 0, 0, 0]  # the first purchases of both are older than what is read
    np.testing.assert_allclose(np.expm1(steps[:2, 2]), [3, 2], rtol=1e-5)
    whole, _ = purchases_told(pairs, 9, seasonal=False)
    assert whole[:, 1].tolist() == [1, 0, 0, 1, 0, 0]


def test_products_of_few_buyers_have_the_habits_of_all():
    data = log_of([0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 0, 1], [0.0, 5, 10, 0, 20, 0])
    habits = Habits.of(pairs_of(data, 30 * DAY), 3, usual=1e-9)
    np.testing.assert_allclose(np.exp(habits.table[:2, 0]), [2.5, 1.0], rtol=1e-4)
    np.testing.assert_allclose(np.exp(habits.table[0, 2]), np.exp(np.log([5, 5, 20]).mean()), rtol=1e-4)
    assert np.isfinite(habits.table).all()


def test_the_same_seed_gives_the_same_model_and_it_survives_the_disk():
    data = renewals(customers=20)
    one, same = QUICK.fit(data, ONE), QUICK.fit(data, ONE)
    other = QUICK.fit(data, replace(ONE, seed=5))
    pairs, arrays = pairs_of(data), {}
    back = from_tree(to_tree(one, "model", arrays), arrays)
    np.testing.assert_array_equal(same.probabilities(pairs), one.probabilities(pairs))
    np.testing.assert_array_equal(back.probabilities(pairs), one.probabilities(pairs))
    assert not np.array_equal(other.probabilities(pairs), one.probabilities(pairs))


@pytest.mark.parametrize("arrangement", ["one_to_many", "many_to_many"])
def test_it_may_go_on_week_by_week_and_read_tables(arrangement):
    data = renewals(customers=20)
    items = pl.DataFrame({"category": ["a", "a", "a", "b", "b", "b"], "size": [1.0, 2, 3, 4, 5, 6]})
    customers = pl.DataFrame({"age": [30.0, 40.0] * 10, "city": ["x", "y"] * 10})
    data = replace(data, item_features=items, user_features=customers)
    model = replace(QUICK, arrangement=arrangement).fit(data, ONE)
    said = model.probabilities(pairs_of(data))
    assert np.isfinite(floats(said)).all()
    assert len(model.net.shape.tables) == 2


def test_a_log_that_is_too_short_is_refused():
    with pytest.raises(EmptyData, match="looks 4 weeks ahead"):
        QUICK.fit(log_of([0, 0], [0, 0], [0.0, 3.0]), ONE)
