"""The gate asks as customers will ask, and lets neither best sellers nor baskets decide for everything."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, QUIET, Dataset, Run, floats, ints
from regulars.models import ContentToCF
from regulars.models.folds import RETURNED, came_back
from regulars.models.gating import ENOUGH, Court, surely_short
from regulars.models.jury import Asked, Jury, Places
from regulars.models.kinds.gate import Decision


def visits(n_users, days):
    """Each customer buys two things on each of so many days."""
    rows = [(f"u{u}", f"i{(u + 7 * d + j) % 50}", d * DAY) for u in range(n_users) for d in range(days) for j in (0, 1)]
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row"))


def test_what_came_after_the_first_visit_is_told_where_customers_come_back():
    several, once = visits(20, 3), visits(RETURNED + 20, 1)
    assert (came_back(several) == (several.time > 0)).all()
    assert not came_back(once).any()


@pytest.mark.parametrize("days", [1, 3])
def test_the_newest_discovery_is_asked_for_by_what_was_done_before_that_visit(days):
    data = visits(200, days)
    withheld = ContentToCF()._withheld(data, Run())
    assert len(withheld) > 20
    latest = withheld.queries.history.times.max()
    assert latest == (0 if days == 1 else DAY)
    if days > 1:
        assert (withheld.queries.times == 2 * DAY).all()
        assert (withheld.queries.history.lengths == 4).all()


def test_likeness_counts_as_often_as_was_decided():
    own, content = floats([[1, 1, 0, 0, 0]]), floats([[1, 2, 3, 4, 5]])
    made = Decision(scale=2.0, yields=0.0, alike=3.0, factors=2).vectors(own, content, ints([7]), floats([0]))
    np.testing.assert_allclose(made, [[1 + 2, 1 + 4, 18, 24, 10]])
    plain = Decision(scale=2.0, yields=0.0, alike=3.0, factors=5).vectors(own, content, ints([7]), floats([0]))
    np.testing.assert_allclose(plain, [[3, 5, 6, 8, 10]])


def test_a_jury_ranks_as_the_vectors_of_the_decision_do():
    random = np.random.default_rng(0)
    own, content = (floats(random.standard_normal((300, 9))) for _ in range(2))
    own[:, 4:] = 0
    own[:20] = np.nan
    content[250:] = np.nan
    counts = np.where(np.isnan(own[:, 0]), 0, random.integers(1, 50, 300))
    queries, targets = floats(random.standard_normal((200, 9))), ints(random.integers(300, size=200))
    rates = floats(random.standard_normal(300))
    places = Places(own, content, counts, 4, rates)
    asked = Asked(queries, targets, np.arange(201, dtype=np.int64), ints((targets + 1) % 300))
    hidden = ints([30, 31, 32])
    jury = Jury(places, asked, hidden)
    bare, counts = own.copy(), counts.copy()
    bare[hidden], counts[hidden] = np.nan, 0
    for decision in (
        Decision(1.5, 3.0, 0.5, alike=2.0, factors=4),
        Decision(2.0, 0.0, 1.0, 20.0, factors=4),
        Decision(1.5, 3.0, 0.5, factors=4, pace=0.5),
    ):
        vectors = Places(bare, content, counts, 4, rates).by(decision)
        scores = queries @ np.nan_to_num(vectors, nan=0).T
        reached = scores[np.arange(200), targets]
        scores[np.arange(200), asked.known] = -np.inf
        places_of = (scores > reached[:, np.newaxis]).sum(axis=1)
        expected = np.where(places_of < 10, 1 / np.log2(2 + places_of), 0)
        np.testing.assert_allclose(jury.ndcg(decision), expected)


def test_each_item_counts_by_the_root_of_how_often_it_was_met():
    places = Places(floats(np.ones((3, 2))), floats(np.ones((3, 2))), np.array([100, 1, 0]), 2, floats([0, 0, 0]))
    asked = Asked(floats(np.ones((3, 2))), ints([0, 1, 2]), np.zeros(4, dtype=np.int64), ints([]))
    np.testing.assert_allclose(Jury(places, asked, ints([])).weights, np.array([0.1, 1, 1]) / 2.1)


def test_popular_answers_may_seem_to_lose_what_chance_may_take_and_no_more():
    plain = np.tile([0.0, 1.0], 50)
    either = np.where(np.arange(100) < 50, 0.4, -0.4)
    assert surely_short(plain + either - 0.03, plain) == 0
    assert np.isclose(surely_short(plain + either - 0.1, plain), 0.1 - 0.04)
    assert np.isclose(surely_short(plain - 0.1, plain), 0.1)
    assert surely_short(plain + 0.1, plain) == 0 == surely_short(plain[:0], plain[:0])


@pytest.mark.parametrize("seen", [ENOUGH - 1, 60])
def test_few_answers_that_are_not_hidden_decide_nothing(seen):
    random = np.random.default_rng(0)
    own, content = (floats(random.standard_normal((100, 4))) for _ in range(2))
    places = Places(own, content, np.full(100, 3), 4, floats(np.zeros(100)))
    targets = ints(np.arange(60))

    def of(some):
        return Asked(floats(content[some]), some, np.zeros(len(some) + 1, dtype=np.int64), ints([]))

    hidden = ints(np.setdiff1d(targets, targets[:seen]))
    court = Court(places, of(targets), of(hidden), of(ints([])), hidden, 0.5, 0.5, QUIET)
    decision = court.decided()
    stays = (decision.half, decision.yields) == (0, 1)
    assert stays == (seen < ENOUGH)
