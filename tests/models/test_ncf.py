"""NCF: pairs are judged as the paper's network does, by a customer's history without the item itself."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Allowed, Dataset, Queries, Run, ints
from regulars.core.errors import BadTable
from regulars.models import NCF
from regulars.models.kinds import pairs as kind
from regulars.models.networks import neumf
from regulars.models.networks.lesson import Lesson
from regulars.models.networks.ncf import Judging, Met

SHOP = shops.communities()
SMALL = NCF(factors=5, hidden=8, batch=200, epochs=2, rate=0.02, patience=0, precision="float32")


def judged(w, said, item):
    """The score of one pair from the weights by name; said: float [13], the customer; by hand."""
    vector = w["items"][item]
    product = said[:5] * vector[:5]
    read = w["of_query.weight"] @ said[5:] + w["of_query.bias"] + w["of_item.weight"] @ vector[5:]
    read = np.maximum(read, 0)
    for layer in range(2):
        read = np.maximum(w[f"layers.{layer}.weight"] @ read + w[f"layers.{layer}.bias"], 0)
    return float(w["last.weight"][0] @ np.concatenate([product, read]) + w["last.bias"][0])


def weights_of(module):
    return {name: tensor.detach().numpy().astype(float) for name, tensor in module.state_dict().items()}


def test_the_catalog_is_scored_as_pair_by_pair(monkeypatch):
    model = SMALL.fit(SHOP.data)
    scorer = model.scorer
    w = dict(zip(scorer.weights.names, scorer.weights.arrays, strict=True))
    queries = SHOP.queries[slice(0, 5)]
    expected = np.full((5, 41), np.nan)
    for row in range(5):
        history = np.unique(queries.history[slice(row, row + 1)].items)
        said = w["contexts"][history].sum(axis=0) / len(history) ** 0.5
        expected[row, :40] = [judged(w, said, item) for item in range(40)]
    np.testing.assert_allclose(model.score(queries), expected, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(kind, "PAIRS", 100)
    monkeypatch.setattr(neumf, "PARTS", 50)
    np.testing.assert_allclose(model.score(queries), expected, rtol=1e-4, atol=1e-5)
    own = ints([[3, 9], [4, 40], [0, 0], [39, 1], [7, 7]])
    np.testing.assert_allclose(
        scorer.score(queries, own), np.take_along_axis(expected, own, axis=1), rtol=1e-4, atol=1e-5
    )


def test_the_loss_is_the_cross_entropy_of_each_item_told_from_the_others_of_its_history(monkeypatch):
    task = Judging(SMALL, Lesson.of(SHOP.data, SMALL, Run()))
    w, rows = weights_of(task.module), task.lesson.rows
    drawn = np.random.default_rng(5).integers(0, 40, size=(16, 4))
    drawn[3, 2] = -1
    monkeypatch.setattr(task.met, "others", lambda rows, k, random: drawn)
    loss, targets = task.loss(np.array([4, 9]), np.random.default_rng(0))
    assert targets == 16
    expected, place = 0.0, 0
    for customer in (4, 9):
        history = rows.items[rows.starts[customer] : rows.starts[customer + 1]]
        whole = w["contexts"][history].sum(axis=0) / 8**0.5
        for item in history:
            rest = w["contexts"][history[history != item]].sum(axis=0) / 7**0.5
            expected += np.log1p(np.exp(-judged(w, rest, item)))
            expected += sum(np.log1p(np.exp(judged(w, whole, other))) for other in drawn[place] if other >= 0)
            place += 1
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_negatives_are_items_that_the_customer_did_not_meet():
    task = Judging(SMALL, Lesson.of(SHOP.data, SMALL, Run()))
    rows = np.repeat(np.arange(60), 50)
    drawn = task.met.others(rows, 4, np.random.default_rng(0))
    met = SHOP.data.matrix().toarray()[:, :40] > 0
    assert not met[np.repeat(rows, 4)[drawn.ravel() >= 0], drawn[drawn >= 0]].any()
    assert (drawn >= 0).mean() > 0.98
    assert len(np.unique(drawn[drawn >= 0])) == 40


def test_who_met_everything_has_no_negatives():
    rows = Lesson.of(Dataset.of(pl.DataFrame({"user_id": [1, 1, 2], "item_id": [1, 2, 2]})), SMALL, Run()).rows
    drawn = Met(rows, 2).others(np.array([0, 1, 1]), 3, np.random.default_rng(0))
    assert (drawn[0] == -1).all()
    assert set(drawn[1:].ravel().tolist()) <= {0, -1}


def test_a_step_takes_whole_customers_of_about_so_many_items():
    task = Judging(SMALL, Lesson.of(SHOP.data, SMALL, Run()))
    steps = list(task.steps(np.random.default_rng(0)))
    assert np.sort(np.concatenate(steps)).tolist() == list(range(60))
    assert all(0 < 8 * len(step) <= 208 for step in steps)


def test_deleting_a_reason_lowers_the_score():
    model = replace(SMALL, epochs=30).fit(SHOP.data)
    query = Queries.of([[0, 1, 2, 3, 11, 12]])
    answer = model.recommend(query, 1, Allowed.all_but(query.history))
    reasons = [item for item in model.because(query, answer, 3).items[0, 0].tolist() if item >= 0]
    assert reasons
    for reason in reasons:
        left = [item for item in (0, 1, 2, 3, 11, 12) if item != reason]
        assert model.score(Queries.of([left]), answer.items[0])[0, 0] < answer.scores[0, 0]


def test_a_catalog_of_one_item_knows_that_item():
    rows = pl.DataFrame({"user_id": range(30), "item_id": [7] * 30, "time": range(30)})
    model = replace(SMALL, patience=2).fit(Dataset.of(rows))
    assert model.recommend(Queries.of([[0], [], [1]]), 2).items.tolist() == [[0, -1], [-1, -1], [-1, -1]]


def test_weights_that_are_no_numbers_are_refused():
    weight = SHOP.data.weight.copy()
    weight[7] = np.inf
    with pytest.raises(BadTable, match=r"1 of \d+ are not"):
        replace(SMALL, rule="log").fit(replace(SHOP.data, weight=weight))
