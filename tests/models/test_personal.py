"""Personal against hand-worked histories."""

import numpy as np
import polars as pl

from regulars.core import DAY, MISSING, Dataset, Histories, Queries
from regulars.models import Personal

CATALOG = Dataset.of(pl.DataFrame({"user_id": [0] * 5, "item_id": list(range(5))}))
HISTORY = Histories.of(
    [[1, 2, 1, 2, 3, 4, 4], []],
    times=[[0, 30 * DAY, 60 * DAY, 60 * DAY, 120 * DAY, 120 * DAY, 120 * DAY], []],
    weights=[[1, 1, 1, 1, 1, 1, -1], []],
)
QUERIES = Queries.of(HISTORY, times=120 * DAY)


def test_an_item_scores_its_purchases_each_halved_after_a_half_life():
    """Half-life 60 days: item 1 is 1/4 + 1/2, item 2 is 2 ** -1.5 + 1/2, item 3 is new, item 4 was returned."""
    scores = Personal().fit(CATALOG).score(QUERIES)
    nan = np.nan
    np.testing.assert_allclose(scores, [[nan, 0.75, 0.5 + 2**-1.5, 1, nan], [nan] * 5], rtol=1e-6)


def test_of_items_bought_equally_often_the_newest_comes_first():
    answer = Personal(half_life_days=3650.0).fit(CATALOG).recommend(QUERIES, 4)
    assert answer.items.tolist() == [[2, 1, 3, MISSING], [MISSING] * 4]


def test_binary_looks_at_the_newest_purchase_alone():
    scores = Personal(rule="binary").fit(CATALOG).score(QUERIES)[0]
    np.testing.assert_allclose(scores[1:4], [0.5, 0.5, 1.0])


def test_each_item_is_its_own_reason():
    model = Personal().fit(CATALOG)
    answer = model.recommend(QUERIES, 4)
    reasons = model.because(QUERIES, answer, 2)
    np.testing.assert_array_equal(reasons.items[:, :, 0], answer.items)
    np.testing.assert_allclose(reasons.shares[0, :3, 0], 1.0)
    assert (reasons.items[:, :, 1] == MISSING).all()


def test_it_answers_from_a_history_that_training_never_saw():
    nobody = Personal().fit(CATALOG).recommend(Queries.of([[3, 3, 0]]), 2)
    assert nobody.items.tolist() == [[3, 0]]
