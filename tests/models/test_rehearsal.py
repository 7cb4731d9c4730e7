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
    assert (rehearsal.queries.times == 4 * DAY).all()
    assert (rehearsal.queries.history.lengths == 8).all()
    assert (rehearsal.queries.history.times < 4 * DAY).all()
    asked = np.bincount(rehearsal.targets, minlength=log.n_items)
    assert asked.sum() == 100 * 2 + 20
    assert asked[log.items.index(["i99"])[0]] == 20


def test_what_a_customer_finds_again_and_who_comes_for_the_first_time_are_not_asked_about(log):
    last = log.time == 4 * DAY
    again = log.where(last | (log.user > 0))
    assert 0 not in Rehearsal.of(again).queries.users
    twice = replace(log, item=np.where(last & (log.user == 1), log.item[log.user == 1][0], log.item))
    assert 1 not in Rehearsal.of(twice).queries.users


def test_new_answers_count_by_the_root_of_what_others_were_met_and_by_the_odds_of_novelty(log):
    rehearsal = Rehearsal.of(log)
    counts = np.bincount(rehearsal.known.item, minlength=log.n_items)
    warm = (counts[rehearsal.targets][counts[rehearsal.targets] > 0] ** -0.5).sum()
    assert np.isclose(rehearsal.share(counts, 0.5), 20 / (20 + warm))
    assert np.isclose(rehearsal.share(counts, 0.9), 9 * 20 / (9 * 20 + warm))
    assert (rehearsal.share(counts, 0.0), rehearsal.share(counts, 1.0)) == (0, 1)


def test_some_of_the_questions_have_the_answers_that_are_wanted(log):
    rehearsal = Rehearsal.of(log)
    new = np.arange(log.n_items) == log.items.index(["i99"])[0]
    random = np.random.default_rng(0)
    assert len(rehearsal.some(new, 1000, random).targets) == 20
    some = rehearsal.some(~new, 30, random)
    assert len(some.targets) == len(some.queries) == 30
    assert not new[some.targets].any()


def test_nothing_is_rehearsed_where_too_little_could_be_told(log):
    assert Rehearsal.of(replace(log, time=np.zeros_like(log.time))) is None
    assert Rehearsal.of(visits(100, 1)) is None
    assert Rehearsal.of(visits(ENOUGH // 3, 5)) is None
    assert Rehearsal.of(log.where(log.time >= 3 * DAY)) is None  # half of it and more would be asked for
    assert Rehearsal.of(log.where(np.arange(0))) is None
