"""Factors with an encoder that can be followed by hand: a history is the sum of its items' vectors."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Allowed, Floats, Frame, Ints, Queries, excluding, ints
from regulars.core.errors import BadTable, CannotDo
from regulars.models.kinds.factors import Encoder, Factors, Parts

NAN = np.nan
VECTORS = np.array([[1, 0], [0, 2], [3, 1], [NAN, NAN], [-1, 0.5], [0, 0]], dtype=np.float32)


@dataclass(frozen=True)
class Sum(Encoder):
    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        parts = [item_vectors[queries.history[slice(row, row + 1)].items] for row in range(len(queries))]
        return np.array([part.sum(axis=0) if len(part) else [NAN, NAN] for part in parts], dtype=np.float32)

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        history = queries.history
        wanted = np.where(answers[..., np.newaxis] >= 0, item_vectors[answers], 0)
        added = np.einsum("ed,ekd->ek", item_vectors[history.items], wanted[history.rows])
        return history.starts, history.items, added.astype(np.float32)


@pytest.fixture
def model():
    return Factors("sum", 6, VECTORS, Sum())


def test_a_score_is_the_inner_product(model):
    scores = model.score(Queries.of([[0, 1], [2], []]))
    np.testing.assert_array_equal(scores[:2], [[1, 4, 5, NAN, 0, 0], [3, 2, 10, NAN, -2.5, 0]])
    assert np.isnan(scores[2]).all()


def test_scores_of_candidates_are_columns_and_nobody_is_nan(model):
    scores = model.score(Queries.of([[0, 1]]), ints([2, MISSING, 6, 0, 2]))
    np.testing.assert_array_equal(scores, [[5, NAN, NAN, 1, 5]])


def test_the_best_products_are_recommended(model):
    answer = model.recommend(Queries.of([[0, 1], []]), 3, excluding([[2], []]))
    assert answer.items.tolist() == [[1, 0, 4], [MISSING] * 3]
    assert answer.scores[0].tolist() == [4, 1, 0]
    assert answer.names == ("sum",)


@pytest.mark.parametrize("width", [3, 9])
def test_a_mask_of_another_width_is_cut_or_filled_with_not_allowed(model, width):
    answer = model.recommend(Queries.of([[0, 1]]), 5, Allowed(np.ones((1, width), dtype=np.bool_)))
    found = sorted(item for item in answer.items[0].tolist() if item != MISSING)
    assert found == ([0, 1, 2] if width == 3 else [0, 1, 2, 4, 5])


def test_similar_items_point_in_the_same_direction_whatever_their_length(model):
    answer = model.similar_items(ints([0, 1, 3, 5, 6, MISSING]), 2)
    assert answer.items.tolist() == [[2, 1], [4, 2], *[[MISSING] * 2] * 4]
    np.testing.assert_allclose(answer.scores[0], [3 / np.sqrt(10), 0], atol=1e-6)


def test_reasons_are_shares_of_the_score(model):
    queries = Queries.of([[0, 1, 4]])
    reasons = model.because(queries, model.recommend(queries, 2), 2)
    assert model.recommend(queries, 2).items.tolist() == [[1, 2]]
    assert reasons.items.tolist() == [[[1, 4], [0, 1]]]  # item 2: 3 from item 0, 2 from item 1, -2.5 from item 4
    np.testing.assert_allclose(reasons.shares, [[[4 / 5, 1 / 5], [3 / 2.5, 2 / 2.5]]])


def test_vectors_that_are_not_one_for_each_item_are_refused():
    with pytest.raises(BadTable, match=r"7 items need as many vectors; they are \[6, 2\]"):
        Factors("sum", 7, VECTORS, Sum())


@dataclass(frozen=True)
class Placing(Encoder):
    """Sum, that places a new item at (price, 1)."""

    encode = Sum.encode
    contributions = Sum.contributions

    def placed(self, features: Frame) -> tuple["Placing", Floats]:
        price = features["price"].to_numpy()
        return self, np.stack([price, np.ones(len(price))], axis=1).astype(np.float32)


def test_models_that_grow_out_of_one_another_leave_each_other_alone():
    first = Factors("sum", 6, VECTORS, Placing())
    first.similar_items(ints([0]), 1)
    second = first.add_items(pl.DataFrame({"price": [5.0]}))
    third = second.add_items(pl.DataFrame({"price": [7.0, 8.0]}))
    other = second.add_items(pl.DataFrame({"price": [-9.0]}))
    assert [one.n_items for one in (first, second, third, other)] == [6, 7, 9, 8]
    assert first.item_vectors is VECTORS
    np.testing.assert_array_equal(third.item_vectors[6:], [[5, 1], [7, 1], [8, 1]])
    np.testing.assert_array_equal(other.item_vectors[6:], [[5, 1], [-9, 1]])
    fresh = Factors("sum", 9, third.item_vectors.copy(), Placing())
    assert third.similar_items(ints([8, 0]), 4).items.tolist() == fresh.similar_items(ints([8, 0]), 4).items.tolist()
    assert other.similar_items(ints([7]), 1).items.tolist() == [[4]]
    assert second.recommend(Queries.of([[0]]), 9).items[0].tolist() == [6, 2, 0, 1, 5, 4, *[MISSING] * 3]


def test_what_cannot_place_items_says_so(model):
    with pytest.raises(CannotDo, match="sum cannot place items by their attributes"):
        model.add_items(pl.DataFrame({"price": [5.0]}))
