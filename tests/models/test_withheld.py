"""Withheld events: whose, which, and how a network is judged by them."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset
from regulars.models.withheld import MOST, Withheld


def shop(rows):
    """A dataset of (customer, item, time)."""
    users, items, times = zip(*rows, strict=True)
    return Dataset.of(pl.DataFrame({"user_id": users, "item_id": items, "time": times}))


def random(seed=0):
    return np.random.default_rng(seed)


def diverse(n=200, items=20, seed=1):
    draw = np.random.default_rng(seed)
    return shop([(u, int(draw.integers(items)), t) for u in range(n) for t in range(int(draw.integers(1, 9)))])


def test_the_newest_event_is_withheld_and_asked_for_right_after_what_came_before():
    data = shop([("a", 1, 10), ("a", 2, 20), ("a", 3, 30), ("b", 3, 5), ("b", 1, 6)])
    withheld = Withheld.of(data, 0.5, random(1))
    user = int(withheld.queries.users[0])
    low, high = data.starts[user : user + 2]
    assert withheld.targets.tolist() == [data.item[high - 1]]
    assert withheld.queries.history.items.tolist() == data.item[low : high - 1].tolist()
    assert withheld.queries.times.tolist() == [data.time[high - 1] + 1]
    assert len(withheld.known) == 4


def test_a_share_of_the_customers_is_asked_and_never_too_many():
    data = diverse(400)
    able = int((np.diff(data.starts) >= 2).sum())
    assert len(Withheld.of(data, 0.25, random())) == math.ceil(0.25 * able)
    many = shop([(u, (u * 7 + t) % 50, t) for u in range(MOST + 2_000) for t in range(2)])
    assert len(Withheld.of(many, 1.0, random())) == MOST


def test_nothing_is_withheld_for_a_share_of_nothing():
    data = diverse()
    withheld = Withheld.of(data, 0.0, random())
    assert withheld.known is data
    assert len(withheld) == 0
    assert math.isnan(withheld.ndcg(lambda queries: np.zeros((len(queries), data.n_items), dtype=np.float32)))


def test_known_and_withheld_events_are_all_events_and_every_customer_stays_known():
    data = diverse()
    withheld = Withheld.of(data, 1.0, random())
    assert len(withheld.known) + len(withheld) == len(data)
    assert (np.diff(withheld.known.starts)[np.diff(data.starts) > 0] > 0).all()


def test_the_only_event_of_an_item_is_never_withheld():
    data = shop([("a", 1, 1), ("a", 2, 2), ("b", 2, 1), ("b", 1, 2), ("c", 1, 1), ("c", 9, 2)])
    withheld = Withheld.of(data, 1.0, random())
    assert set(withheld.known.item.tolist()) == set(data.item.tolist())
    assert 2 not in withheld.queries.users


def test_of_events_at_the_same_time_each_is_drawn_sooner_or_later():
    data = shop([("a", item, 7) for item in (1, 2, 3)] + [("b", item, 7) for item in (1, 2, 3)])
    drawn = {tuple(Withheld.of(data, 0.5, random(seed)).targets.tolist()) for seed in range(30)}
    assert drawn == {(0,), (1,), (2,)}


def test_what_came_after_the_newest_eligible_event_is_not_known():
    data = shop([(u, item, t) for u in "abcd" for t, item in enumerate([1, 2, 3, 1])])
    withheld = Withheld.of(data, 0.25, random(), eligible=data.time <= 1)
    assert withheld.queries.history.items.tolist() == [0]
    assert withheld.targets.tolist() == [1]
    assert len(withheld.known) == len(data) - 3


def test_no_further_line_of_the_receipt_tells_the_answer():
    rows = [(u, item, t) for u in "abcd" for t, item in enumerate([1, 2, 3])]
    twice = shop([row for row in rows for _ in range(2)])
    withheld = Withheld.of(twice, 0.5, random())
    assert len(withheld.known) == len(twice) - 4
    assert (withheld.queries.history.items != withheld.targets[withheld.queries.history.rows]).all()


def test_an_item_of_which_there_are_further_lines_of_one_customer_alone_is_not_withheld():
    data = shop([("a", 1, 1), ("a", 9, 2), ("a", 9, 2), ("b", 1, 1), ("b", 1, 2), ("c", 1, 1)])
    assert 0 not in Withheld.of(data, 1.0, random()).queries.users


def test_the_figure_is_that_of_the_definition():
    data = diverse(300, items=40)
    withheld = Withheld.of(data, 0.5, random())
    scores = np.random.default_rng(3).standard_normal((len(withheld), data.n_items)).astype(np.float32)
    rows = iter(range(len(withheld)))
    gains = []
    for row in range(len(withheld)):
        mine = scores[row].copy()
        if not withheld.repeats:
            mine[withheld.queries.history[[row]].items] = -np.inf
        rank = int((-mine).argsort().tolist().index(withheld.targets[row]))
        gains.append(1 / math.log2(rank + 2) if rank < 10 else 0)
    figure = withheld.ndcg(lambda queries: scores[[next(rows) for _ in range(len(queries))]])
    assert figure == pytest.approx(np.mean(gains))


def test_a_perfect_ranking_is_judged_one_and_cannot_tell_zero():
    data = diverse()
    withheld = Withheld.of(data, 1.0, random())
    right = np.zeros((len(withheld), data.n_items), dtype=np.float32)
    right[np.arange(len(withheld)), withheld.targets] = 1
    repeating = Withheld(withheld.known, withheld.queries, withheld.targets, repeats=True)
    assert repeating.ndcg(lambda _: right) == 1
    assert withheld.ndcg(lambda _: np.full_like(right, np.nan)) == 0


def test_lists_hold_what_was_met_only_where_customers_meet_things_again():
    again = shop([(u, u % 5, t) for u in range(20) for t in range(3)])
    never = shop([(u, (u + t) % 9, t) for u in range(20) for t in range(3)])
    assert Withheld.of(again, 1.0, random()).repeats
    assert not Withheld.of(never, 1.0, random()).repeats


def test_the_same_seed_withholds_the_same():
    data = diverse()
    one, two = (Withheld.of(data, 0.3, random(4)) for _ in range(2))
    np.testing.assert_array_equal(one.targets, two.targets)
    np.testing.assert_array_equal(one.queries.users, two.queries.users)
