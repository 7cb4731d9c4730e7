"""Fallback with models of few items, worked by hand."""

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Allowed, Dataset, Queries, Recommendations, excluding, floats, ints
from regulars.core.errors import CannotDo, SettingError
from regulars.models import Content, NaiveBayes, Personal
from regulars.models.kinds.item_item import SparseItemItem
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking import Fallback
from regulars.ranking.fallback import banded

NAN = float("nan")
PERSONAL = Personal().fit(Dataset.of(pl.DataFrame({"user_id": [0] * 6, "item_id": list(range(6))})))
TREND = ItemScores("trending", 6, floats([[NAN, 7, NAN, NAN, 9, NAN]]))
POPULAR = ItemScores("popularity", 6, floats([[60, 50, 40, 30, 20, NAN]]))
FALLBACK = Fallback((PERSONAL, TREND, POPULAR))


def test_each_recommender_fills_what_the_ones_before_left_open():
    answer = FALLBACK.recommend(Queries.of([[1, 3, 3], []]), 4)
    assert answer.items.tolist() == [[3, 1, 4, 0], [4, 1, 0, 2]]
    assert answer.names == ("personal", "trending", "popularity")
    assert answer.sources.tolist() == [[0, 0, 1, 2], [1, 1, 2, 2]]


def test_a_full_first_answer_is_left_as_it_is():
    answer = FALLBACK.recommend(Queries.of([[1, 3, 3]]), 2)
    assert answer.items.tolist() == [[3, 1]]
    assert answer.names == ("personal", "trending", "popularity")


def test_what_is_forbidden_is_filled_by_none_of_them():
    allowed = Allowed(np.array([[False, True, True, True, True, True]])) & excluding([[3], [4, 1]])
    answer = FALLBACK.recommend(Queries.of([[1, 3, 3], []]), 6, allowed)
    assert answer.items.tolist() == [[1, 4, 2, MISSING, MISSING, MISSING], [2, 3, MISSING, MISSING, MISSING, MISSING]]


def test_every_recommender_has_its_band_of_scores():
    answer = FALLBACK.recommend(Queries.of([[1, 3, 3]]), 6)
    band = np.ceil(answer.scores[0, :5]).astype(int)
    assert band.tolist() == [1, 1, 0, -1, -1]
    assert np.isnan(answer.scores[0, 5])


def test_a_score_in_a_band_depends_on_the_score_alone():
    first = FALLBACK.recommend(Queries.of([[]]), 4)
    second = FALLBACK.recommend(Queries.of([[1, 3, 3]]), 4)
    assert first.scores[0, 0] == second.scores[0, 2] == banded(floats([9]), 1)[0]


def test_bands_keep_the_order_of_scores_and_do_not_overlap():
    scores = floats([-1e30, -500.5, -1, -0.001, 0, 1e-5, 0.3, 1, 100_000, 100_010, 1e30])
    first, second = banded(scores, 0), banded(scores, 1)
    assert (np.diff(first) > 0).all()
    assert 0 < first.min() < first.max() < 1
    assert second.max() < first.min()


def test_a_fallback_of_fallbacks_keeps_the_sources():
    nested = Fallback((Fallback((PERSONAL, TREND)), POPULAR))
    queries = Queries.of([[1, 3, 3], []])
    flat = FALLBACK.recommend(queries, 5)
    answer = nested.recommend(queries, 5)
    np.testing.assert_array_equal(answer.items, flat.items)
    np.testing.assert_array_equal(answer.sources, flat.sources)
    assert answer.names == flat.names


def test_reasons_come_from_the_recommender_that_proposed_the_item():
    queries = Queries.of([[1, 3, 3], []])
    for fallback in (FALLBACK, Fallback((Fallback((TREND, PERSONAL)), POPULAR))):
        answer = fallback.recommend(queries, 4)
        reasons = fallback.because(queries, answer, 2)
        from_history = np.array([[answer.names[s] == "personal" for s in row] for row in answer.sources])
        np.testing.assert_array_equal(reasons.items[:, :, 0], np.where(from_history, answer.items, MISSING))


def pairs(*triples):
    """An item-item model of 6 items from (item, similar item, weight)."""
    found = sorted(triples)
    indptr = np.searchsorted([t[0] for t in found], np.arange(7))
    return SparseItemItem("pairs", 6, indptr, ints([t[1] for t in found]), floats([t[2] for t in found]))


def test_similar_items_come_from_the_first_that_knows_the_item():
    fallback = Fallback((POPULAR, pairs((0, 1, 0.5)), pairs((0, 2, 9.0), (0, 1, 8.0), (3, 4, 1.0))))
    answer = fallback.similar_items(ints([0, 3, 5]), 2)
    assert answer.items.tolist() == [[1, 2], [4, MISSING], [MISSING, MISSING]]


def test_without_anybody_who_finds_similar_items_it_says_so():
    with pytest.raises(CannotDo, match="finds similar items"):
        Fallback((POPULAR,)).similar_items(ints([0]), 2)


def test_an_empty_fallback_is_refused():
    with pytest.raises(SettingError, match="at least one"):
        Fallback(())


def test_any_recommender_will_do():
    class Fixed:
        def recommend(self, queries, k, allowed=None):
            answer = Recommendations.none(len(queries), k, "fixed")
            answer.items[:, :1], answer.scores[:, :1] = 2, 1.0
            return answer

    answer = Fallback((Fixed(), POPULAR)).recommend(Queries.of([[], [1]]), 3)
    assert answer.items.tolist() == [[2, 0, 1]] * 2


def test_attributes_keep_their_names_behind_a_fallback():
    people = pl.DataFrame({"user_id": range(6), "town": ["Rome", "Oslo"] * 3})
    goods = pl.DataFrame({"item_id": range(6), "brand": ["Nike", "Puma"] * 3})
    rows = [(user, item) for user in range(6) for item in (user % 2, user % 2 + 2)]
    shop = Dataset.of(pl.DataFrame(rows, ["user_id", "item_id"], orient="row"), items=goods, customers=people)
    content = Content(rule="binary").fit(shop)
    who = NaiveBayes(min_customers=2, smoothing=1.0).fit(shop)
    queries = Queries.of([[0], []], attributes=pl.DataFrame({"town": [None, "Oslo"]}, schema={"town": pl.String}))
    both = Fallback((content, who))
    reasons = both.because(queries, both.recommend(queries, 1), 1)
    assert [reasons.names[feature] for feature in reasons.features[:, 0, 0]] == ["brand = Nike", "town = Oslo"]
    assert reasons.items[:, 0, 0].tolist() == [0, MISSING]
