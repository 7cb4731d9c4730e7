"""What a ranker learns from newest baskets, and what it reads of rhythm; worked by hand."""

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY, Allowed, Dataset, Histories, Queries, floats
from regulars.core.errors import EmptyData
from regulars.models import BasketRidge, GPTopFreq
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking import AdditiveRanker, TwoStage
from regulars.ranking.lessons import Lesson
from regulars.ranking.pairs import known_of, pairs_of
from regulars.ranking.rhythm import Rhythm
from regulars.ranking.table import UNKNOWN


def log(**baskets: str) -> Dataset:
    """Each customer's baskets, a day apart, words whose letters are items."""
    rows = [
        {"user_id": user, "item_id": item, "time": day * DAY}
        for user, words in baskets.items()
        for day, word in enumerate(words.split())
        for item in word
    ]
    return Dataset.of(pl.DataFrame(rows), items=pl.DataFrame({"item_id": list("abcd")}))


def test_newest_baskets_are_withheld_part_by_part_and_what_others_bought_last_is_known():
    data = log(ann="ab c", bob="a b cd", eve="d", kim="b bd")
    lessons = Lesson.turns(data, 2, (), np.random.default_rng(0))
    asked = np.concatenate([lesson.queries.users for lesson in lessons])
    assert sorted(asked.tolist()) == [0, 1, 3]  # eve never came back
    for lesson in lessons:
        held = lesson.queries.users
        assert not np.isin(lesson.before.user, held).any()
        others = ~np.isin(data.user, held)
        np.testing.assert_array_equal(lesson.before.time, data.time[others])
        for row, user in enumerate(held):
            own = data.user == user
            last = data.time[own].max()
            wanted = {key % 4 for key in lesson.wanted.tolist() if key // 4 == row}
            assert wanted == set(data.item[own & (data.time == last)].tolist())
            history = lesson.queries.history[row : row + 1]
            assert (history.times < last).all()
            assert len(history.items) == int((own & (data.time < last)).sum())


def test_nobody_who_came_back_is_an_error_that_says_what_to_do():
    with pytest.raises(EmptyData, match="longer log"):
        Lesson.turns(log(ann="a", bob="b"), 2, (), np.random.default_rng(0))


def test_rhythm_counts_baskets_and_gaps():
    """Asked on day 7: item a in baskets 0, 1 and 3 of four, b in the newest alone, which lies on day 3."""
    data = log(ann="ab a b a", bob="a a a a", eve="a c c d")
    history = Histories.of([[0, 0, 2, 0, 1], []], times=[[0, DAY, 2 * DAY, 3 * DAY, 3 * DAY], []])
    queries = Queries.of(history, times=7 * DAY)
    pairs = pairs_of((ItemScores("one", 4, floats([[4, 3, 2, 1]])),), queries, Allowed(), wide=4, depth=4)
    rhythm = Rhythm.of(data)
    np.testing.assert_array_equal(rhythm.usual, [1, np.nan, np.nan, np.nan])  # of a: gaps of 1, 2, 1, 1, 1 days
    table = rhythm.table(queries, known_of(queries, 4), pairs)
    told = {name: column.reshape(2, 4) for name, column in zip(rhythm.names, table.numbers.T, strict=True)}
    np.testing.assert_allclose(told["baskets"], np.log1p([[4] * 4, [0] * 4]), rtol=1e-6)
    np.testing.assert_allclose(told["in baskets"], np.log1p([[3, 1, 1, 0], [0] * 4]), rtol=1e-6)
    np.testing.assert_allclose(told["share of baskets"][0], [3 / 4, 1 / 4, 1 / 4, 0])
    np.testing.assert_allclose(told["in baskets lately"][0], [1 + 0.7**2 + 0.7**3, 1, 0.7, 0], rtol=1e-6)
    np.testing.assert_allclose(told["baskets since"][0], [0, 0, np.log1p(1), UNKNOWN], rtol=1e-6)
    np.testing.assert_allclose(told["due in baskets"][0], [np.log1p(1), UNKNOWN, UNKNOWN, UNKNOWN], rtol=1e-6)
    np.testing.assert_allclose(told["due as usual"][0], [np.log1p(4), UNKNOWN, UNKNOWN, UNKNOWN], rtol=1e-6)
    np.testing.assert_allclose(told["usual size"][0], np.log1p(5 / 4), rtol=1e-6)
    np.testing.assert_allclose(told["baskets since"][1], UNKNOWN)


def test_a_ranker_of_newest_baskets_finds_the_habit():
    planted = shops.habits()
    sources = GPTopFreq(0.95), BasketRidge()
    method = TwoStage(sources, AdditiveRanker(), ("rhythm",), lessons=3, withheld="baskets", depth=20)
    answer = method.fit(planted.data).recommend(planted.queries, 1)
    assert (answer.items[:, 0] == planted.wanted).mean() >= 0.9
