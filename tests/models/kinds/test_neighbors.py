"""Neighbor models: what they refuse, and what they promise whichever method fitted them."""

import math
from dataclasses import replace

import numpy as np
import pytest

import shops
from regulars.core import Allowed, Queries, ints
from regulars.core.errors import BadTable
from regulars.models import STAN, VSKNN, UserKNN, UserKNNBaseline
from regulars.models.kinds.neighbors import Neighbors
from regulars.models.kinds.session_neighbors import SessionNeighbors

DATA = shops.communities().data
USERS = UserKNN().fit(DATA)
SESSIONS = VSKNN(gap_minutes=math.inf).fit(DATA)
TIMED = STAN(gap_minutes=math.inf).fit(DATA)
RATERS = UserKNNBaseline().fit(shops.ratings().data).predictor


@pytest.mark.parametrize("model", [USERS, SESSIONS, RATERS], ids=lambda model: model.method)
def test_columns_of_different_lengths_and_items_beyond_the_catalog_are_refused(model) -> None:
    with pytest.raises(BadTable, match="of 41 items need"):
        replace(model, items=model.items[:-1])
    with pytest.raises(BadTable, match="of 41 items need"):
        replace(model, items=np.where(np.arange(len(model.items)) == 3, 41, model.items).astype(np.int32))


def test_sessions_out_of_order_are_refused() -> None:
    with pytest.raises(BadTable, match="order of their times"):
        replace(SESSIONS, times=SESSIONS.times[::-1])


@pytest.mark.parametrize("model", [USERS, SESSIONS, TIMED], ids=lambda model: model.method)
def test_the_shares_of_all_reasons_of_an_answer_sum_to_one(model: Neighbors | SessionNeighbors) -> None:
    queries = DATA.everyone()
    answer = model.recommend(queries, 12, Allowed.all_but(queries.history))
    shares = model.because(queries, answer, 20).shares
    told = answer.items >= 0
    np.testing.assert_allclose(np.nansum(shares, axis=2)[told], 1, rtol=1e-5)


def test_a_model_holds_no_number_of_a_customer() -> None:
    """Customers in another order: the same stored histories in another order, and the same answers."""
    turned = replace(DATA, user=(DATA.n_users - 1 - DATA.user).astype(np.int32)).sorted()
    queries = Queries.of(DATA.everyone().history)
    for method in (UserKNN(), VSKNN(gap_minutes=math.inf)):
        left, right = (method.fit(data).recommend(queries, 5) for data in (DATA, turned))
        np.testing.assert_array_equal(left.items, right.items)
        np.testing.assert_allclose(left.scores, right.scores, rtol=1e-5)


def test_the_newest_sample_of_sessions_is_looked_at_alone() -> None:
    few = VSKNN(10, sample=1, gap_minutes=math.inf).fit(DATA)
    answer = few.score(Queries.of([[0], [5]]))
    for row, item in enumerate((0, 5)):
        newest = max(s for s in range(len(few.times)) if item in few.items[few.starts[s] : few.starts[s + 1]])
        heard = few.items[few.starts[newest] : few.starts[newest + 1]]
        assert sorted(np.flatnonzero(~np.isnan(answer[row]))) == sorted(ints(heard).tolist())
