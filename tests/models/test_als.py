"""ALS: what it learns is the minimum that it says, and who is asked about need not have been there."""

from dataclasses import replace

import numpy as np
import pytest

import shops
from regulars.core import Allowed, Progress, Queries, Run
from regulars.core.errors import Interrupted
from regulars.models.als import ALS

SHOP = shops.communities()


def test_the_items_lie_at_a_minimum_of_the_stated_objective():
    """Moving the item vectors any way from where many passes left them, customers solved anew, raises the objective."""
    settings = ALS(factors=6, passes=64, steps=10, rule="count")
    model = settings.fit(SHOP.data)
    weights = SHOP.data.matrix().toarray()[:, :40].astype(float)
    met = weights > 0
    damped = weights / met.sum(axis=1, keepdims=True) ** 0.25 / met.sum(axis=0) ** 0.25
    damped *= weights.sum() / damped.sum()
    vectors, customers = model.item_vectors[:40].astype(float), model.encode(SHOP.queries).astype(float)

    def slope(side: np.ndarray, other: np.ndarray, pull: np.ndarray) -> float:
        scores = side @ other.T
        counts = (pull > 0).sum(axis=1) + settings.unobserved_weight * len(other)
        ridges = settings.regularization * met.sum() / np.sqrt(pull.size) * (counts / counts.mean()) ** 0.25
        push = (pull * (scores - 1) + settings.unobserved_weight * scores) @ other
        return float(np.abs(push + ridges[:, np.newaxis] * side).max())

    assert slope(customers, vectors, damped) < 2e-3
    assert slope(vectors, customers, damped.T) < 2e-3


def test_items_of_a_community_are_alike_and_the_withheld_one_is_found():
    model = ALS(factors=8).fit(SHOP.data)
    answer = model.recommend(SHOP.queries, 3, Allowed.all_but(SHOP.queries.history))
    assert (answer.items == SHOP.wanted[:, np.newaxis]).any(axis=1).mean() > 0.9
    alike = model.similar_items(np.arange(40, dtype=np.int32), 5)
    assert (alike.items // 10 == np.arange(40)[:, np.newaxis] // 10).mean() > 0.95


def test_a_stranger_gets_what_a_customer_with_the_same_history_gets():
    model = ALS(factors=8).fit(SHOP.data)
    strangers = Queries.of(SHOP.queries.history, times=SHOP.queries.times)
    np.testing.assert_array_equal(model.encode(strangers), model.encode(SHOP.queries))


def test_an_item_that_nobody_met_has_no_vector():
    model = ALS(factors=8).fit(SHOP.data)
    assert np.isnan(model.item_vectors[40]).all()
    assert not np.isnan(model.item_vectors[:40]).any()


def test_deleting_a_reason_from_the_history_lowers_the_score():
    model = ALS(factors=8, regularization_power=0.0).fit(SHOP.data)
    history = [0, 1, 2, 3, 11, 12]
    query = Queries.of([history])
    answer = model.recommend(query, 1, Allowed.all_but(query.history))
    reasons = model.because(query, answer, 3).items[0, 0].tolist()
    assert set(reasons) <= set(history)
    for reason in reasons:
        left = model.score(Queries.of([[item for item in history if item != reason]]), answer.items[0])
        assert left[0, 0] < answer.scores[0, 0]


def test_weights_pull_and_a_binary_rule_ignores_them():
    data = SHOP.data
    louder = replace(data, weight=np.where(data.item == 3, 20 * data.weight, data.weight).astype(np.float32))
    for rule, same in (("binary", True), ("count", False)):
        before, after = (ALS(factors=8, rule=rule).fit(shop).item_vectors[:40] for shop in (data, louder))
        assert np.array_equal(before, after) == same


def test_the_number_of_threads_does_not_change_a_bit():
    alone, together = (ALS(factors=8).fit(SHOP.data, Run(threads=threads)) for threads in (1, 2))
    np.testing.assert_array_equal(alone.item_vectors, together.item_vectors)


def test_every_pass_is_told_and_can_be_the_last():
    told = []

    def watch(progress: Progress) -> None:
        told.append((progress.task, progress.done, progress.total))
        if progress.done == 2:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        ALS(factors=8, passes=5).fit(SHOP.data, Run(on_epoch=watch))
    assert told == [("als", 1, 5), ("als", 2, 5)]
