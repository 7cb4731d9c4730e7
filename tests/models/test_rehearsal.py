"""The newest part of a log is asked for as the future will be: by what was known, and what customers had done."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset
from regulars.models.rehearsal import ENOUGH, Rehearsal


def visits(n_users, days):
    """Each customer buys two things on each of so many days; item i99 is sold on the last day alone."""
    rows = [(f"u{u}", f"i{(u + 7 * d + j) % 50}", d * DAY) for u in range(n_users) for d in range(days) for j in (0, 1)]
    rows += [(f"u{u}", "i99", (days - 1) * DAY) for u in range(0, n_users, 5)]
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row"))


@pytest.fixture
def log():
    return visits(100, 5)


def test_the_last_day_is_asked_for_by_what_customers_had_done_before_it(log):
    rehearsal = Rehearsal.of(log)
    assert rehearsal.known.time.max() == 3 * DAY
    queries, targets = rehearsal.discovered(np.ones(log.n_items, dtype=np.bool_), 1000, np.random.default_rng(0))
    assert (queries.times == 4 * DAY).all()
    assert (queries.history.lengths == 8).all()
    assert (queries.history.times < 4 * DAY).all()
    asked = np.bincount(targets, minlength=log.n_items)
    assert asked.sum() == 100 * 2 + 20
    assert asked[log.items.index(["i99"])[0]] == 20


def test_what_a_customer_finds_again_and_who_comes_for_the_first_time_are_not_asked_about(log):
    last = log.time == 4 * DAY
    again = log.where(last | (log.user > 0))
    assert 0 not in again.user[Rehearsal.of(again).found]
    twice = replace(log, item=np.where(last & (log.user == 1), log.item[log.user == 1][0], log.item))
    assert 1 not in twice.user[Rehearsal.of(twice).found]


def test_what_customers_come_back_for_is_asked_for_by_itself_where_it_is_much(log):
    """The second line of a receipt is no return."""
    assert not len(Rehearsal.of(log).again)
    habit = np.where(log.time >= 3 * DAY, log.item[log.starts[log.user]], log.item)  # the first thing that they bought
    rehearsal = Rehearsal.of(replace(log, item=np.where(log.user < 50, habit, log.item)))
    queries, targets = rehearsal.returned(1000, np.random.default_rng(0))
    assert (queries.times == 4 * DAY).all()
    assert len(targets) == 50 * 2 + 10
    assert (targets == log.item[log.starts[queries.users]]).all()


def test_new_answers_count_by_the_root_of_how_many_found_them_and_by_the_odds_of_novelty(log):
    rehearsal = Rehearsal.of(log)
    counts, targets = np.bincount(rehearsal.known.item, minlength=log.n_items), log.item[rehearsal.found]
    warm = (counts[targets][counts[targets] > 0] ** -0.5).sum()
    new = 20 * 20**-0.5  # one item, found by twenty
    assert np.isclose(rehearsal.share(counts, 0.5), new / (new + warm))
    assert np.isclose(rehearsal.share(counts, 0.9), 9 * new / (9 * new + warm))
    assert (rehearsal.share(counts, 0.0), rehearsal.share(counts, 1.0)) == (0, 1)


def test_some_of_the_questions_have_the_answers_that_are_wanted(log):
    rehearsal = Rehearsal.of(log)
    new = np.arange(log.n_items) == log.items.index(["i99"])[0]
    random = np.random.default_rng(0)
    assert len(rehearsal.discovered(new, 1000, random)[1]) == 20
    queries, targets = rehearsal.discovered(~new, 30, random)
    assert len(targets) == len(queries) == 30
    assert not new[targets].any()


def test_nothing_is_rehearsed_where_too_little_could_be_told(log):
    assert Rehearsal.of(replace(log, time=np.zeros_like(log.time))) is None
    assert Rehearsal.of(visits(100, 1)) is None
    assert Rehearsal.of(visits(ENOUGH // 3, 5)) is None
    assert Rehearsal.of(log.where(log.time >= 3 * DAY)) is None  # half of it and more would be asked for
    assert Rehearsal.of(log.where(np.arange(0))) is None
