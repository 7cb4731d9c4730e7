"""Reciprocal rank fusion against its formula, summed in a loop."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.core import MISSING, Queries, excluding, floats, ints
from regulars.core.errors import CannotDo, SettingError
from regulars.models.kinds.item_item import SparseItemItem
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking import RankFusion

NAN = float("nan")
ONE = ItemScores("one", 6, floats([[6, 5, 4, 3, NAN, NAN]]))  # 0 1 2 3
TWO = ItemScores("two", 6, floats([[NAN, 1, 7, NAN, 9, NAN]]))  # 4 2 1
NOBODY = Queries.of([[]])


def test_an_item_has_the_sum_of_its_weighted_reciprocal_ranks():
    answer = RankFusion((ONE, TWO), weights=(1.0, 3.0), constant=2.0).recommend(NOBODY, 6)
    worth = {4: 3 / 3, 2: 1 / 5 + 3 / 4, 1: 1 / 4 + 3 / 5, 0: 1 / 3, 3: 1 / 6}
    order = sorted(worth, key=worth.get, reverse=True)
    assert order == [4, 2, 1, 0, 3]
    assert answer.items[0].tolist() == [*order, MISSING]
    np.testing.assert_allclose(answer.scores[0, :5], [worth[item] for item in order], rtol=1e-6)


def test_the_source_is_who_gave_most_and_the_earlier_of_equals():
    answer = RankFusion((ONE, TWO)).recommend(NOBODY, 6)
    assert answer.names == ("one", "two")
    source = dict(zip(answer.items[0].tolist(), answer.sources[0].tolist(), strict=True))
    assert (source[0], source[1], source[2], source[3], source[4]) == (0, 0, 1, 0, 1)
    same = RankFusion((ONE, ItemScores("same", 6, ONE.scores))).recommend(NOBODY, 4)
    assert same.sources.tolist() == [[0, 0, 0, 0]]


def test_equal_sums_go_to_the_lower_item():
    left, right = ItemScores("left", 2, floats([[1, 2]])), ItemScores("right", 2, floats([[2, 1]]))
    assert RankFusion((left, right)).recommend(NOBODY, 2).items.tolist() == [[0, 1]]


def test_ranks_are_counted_among_the_allowed():
    answer = RankFusion((ONE, TWO), constant=0.0).recommend(NOBODY, 2, excluding([[0, 1, 4]]))
    assert answer.items.tolist() == [[2, 3]]
    assert answer.scores.tolist() == [[2.0, 0.5]]


def test_what_is_below_the_depth_counts_only_where_k_asks_for_more():
    fusion = RankFusion((ONE, TWO), depth=1, constant=0.0)
    assert fusion.recommend(NOBODY, 1).items.tolist() == [[0]]
    assert fusion.recommend(NOBODY, 2).scores[0].tolist() == [1.0, 1.0]


def test_it_agrees_with_a_loop_for_many_customers_and_recommenders():
    random = np.random.default_rng(0)
    parts = [ItemScores(f"m{i}", 50, random.random((1, 50)).astype(np.float32)) for i in range(5)]
    weights = tuple(random.uniform(0.5, 2, size=5))
    queries = Queries.of([[]] * 5_000)
    answer = RankFusion(tuple(parts), weights=weights, depth=12).recommend(queries, 9)
    worth = np.zeros(50)
    for part, weight in zip(parts, weights, strict=True):
        for rank, item in enumerate(np.argsort(-part.scores[0])[:12], start=1):
            worth[item] += weight / (60 + rank)
    order = np.argsort(-worth)[:9]
    np.testing.assert_array_equal(answer.items, np.tile(order, (5_000, 1)))
    np.testing.assert_allclose(answer.scores[-1], worth[order], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recommenders": ()}, "at least one"),
        ({"weights": (1.0,)}, "needs 2 weights"),
        ({"weights": (1.0, 0.0)}, "above 0"),
        ({"depth": 0}, "depth must be"),
    ],
)
def test_a_fusion_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        RankFusion(**({"recommenders": (ONE, TWO)} | settings))


def test_similar_items_are_fused_from_those_who_find_them():
    """Item 0 speaks for 1 and 2 by weights 2, 1 in one model and 1, 2 in the other; the second counts thrice."""
    first, second = links([[0, 2, 1], [0, 0, 0], [0, 0, 0]]), links([[0, 1, 2], [0, 0, 0], [0, 0, 0]])
    popular = ItemScores("popular", 3, floats([[3, 2, 1]]))
    answer = RankFusion((first, popular, second), weights=(1.0, 9.0, 3.0), constant=1.0).similar_items(ints([0]), 2)
    assert answer.items.tolist() == [[2, 1]]
    np.testing.assert_allclose(answer.scores, [[3 / 2 + 1 / 3, 3 / 3 + 1 / 2]], rtol=1e-6)


def test_a_fusion_without_finders_says_what_to_add():
    nested = RankFusion((ONE, RankFusion((TWO,))))
    with pytest.raises(CannotDo, match="add item_knn"):
        nested.similar_items(ints([0]), 2)


def links(weights: list[list[float]]) -> SparseItemItem:
    matrix = csr_array(floats(weights))
    indices = matrix.indices.astype(np.int32)
    return SparseItemItem("links", len(weights), matrix.indptr.astype(np.int64), indices, matrix.data)
