"""The learned blend: it trusts who is right, does not leak, and scores an item alike in every company."""

import sys

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY, MISSING, Allowed, Dataset, Queries, excluding
from regulars.core.errors import EmptyData, SettingError
from regulars.models import EASE, ItemKNN, Personal, Popularity
from regulars.ranking import LearnedBlend, RankFusion, Unseen
from regulars.ranking.lessons import Lesson

HABITS, TASTES = shops.habits(), shops.communities()


def found(recommender, planted, k, allowed=None):
    answer = recommender.recommend(planted.queries, k, allowed)
    return (answer.items == planted.wanted[:, np.newaxis]).any(axis=1).mean()


def test_it_learns_whom_to_trust_where_ranks_alone_cannot_tell():
    """Where customers buy again, popularity is noise beside habit; a fusion of equal weights mixes both."""
    parts = (Popularity(), Personal(half_life_days=30.0))
    blend = LearnedBlend(parts, share=0.2).fit(HABITS.data)
    fusion = RankFusion(blend.recommenders)
    assert found(blend, HABITS, 1) > 0.9
    assert found(blend, HABITS, 1) > found(fusion, HABITS, 1)


@pytest.mark.parametrize("learner", ["linear", "trees"])
def test_the_score_of_an_item_is_the_same_in_any_company(learner):
    if learner == "trees":
        pytest.importorskip("lightgbm")
    parts = (EASE(regularization=5.0), ItemKNN(neighbors=20), Popularity())
    blend = LearnedBlend(parts, learner=learner, depth=8, trees=20).fit(TASTES.data)
    queries = TASTES.queries
    whole = blend.recommend(queries, 30)
    scores = np.full((len(queries), 41), np.nan, dtype=np.float32)
    rows, columns = np.nonzero(whole.items != MISSING)
    scores[rows, whole.items[rows, columns]] = whole.scores[rows, columns]
    random = np.random.default_rng(0)
    for allowed in (Allowed(random.random((1, 41)) < 0.3), Allowed(random.random((60, 41)) < 0.3), Unseen()(queries)):
        some = blend.recommend(queries, 5, allowed)
        row, column = np.nonzero(some.items != MISSING)
        expected = scores[row, some.items[row, column]]
        assert np.isfinite(expected).mean() > 0.9
        same = np.isfinite(expected)
        np.testing.assert_array_equal(some.scores[row, column][same], expected[same])


def test_the_source_is_the_model_that_puts_an_item_highest():
    parts = (EASE(regularization=5.0), Popularity())
    blend = LearnedBlend(parts, depth=8).fit(TASTES.data)
    answer = blend.recommend(TASTES.queries, 5, Unseen()(TASTES.queries))
    assert answer.names == ("ease", "popularity")
    assert set(answer.sources.ravel().tolist()) == {0, 1}


def log(*events):
    frame = pl.DataFrame(events, schema=["user_id", "item_id", "time"], orient="row")
    return Dataset.of(frame.with_columns(pl.col("time") * DAY))


def test_a_lesson_withholds_the_newest_events_and_asks_whom_it_knows():
    data = log(*(("a", item, item) for item in range(8)), ("b", 0, 9), ("a", 8, 10), ("a", 8, 11))
    lesson = Lesson.of(data, 0.2, (), np.random.default_rng(0))
    assert lesson.before.time.max() < lesson.queries.times[0]
    assert lesson.queries.users.tolist() == [0]  # b did nothing before
    assert lesson.wanted.tolist() == [8]  # once, however often
    assert lesson.holds(np.array([0, 0]), np.array([8, 3], np.int32)).tolist() == [True, False]


def test_a_lesson_of_a_log_without_times_withholds_pairs_at_random():
    frame = pl.DataFrame({"user_id": np.repeat(np.arange(50), 40), "item_id": np.tile(np.arange(40), 50)})
    data = Dataset.of(pl.concat([frame, frame]))
    lesson = Lesson.of(data, 0.25, (), np.random.default_rng(0))
    assert 0.2 < len(lesson.wanted) / len(frame) < 0.3
    rows, items = lesson.wanted // 40, (lesson.wanted % 40).astype(np.int32)
    history = lesson.queries.history
    both = set(zip(rows.tolist(), items.tolist(), strict=True)) & set(
        zip(history.rows.tolist(), history.items.tolist(), strict=True)
    )
    assert not both, "all events of a withheld pair are withheld"


def test_a_sample_of_a_lesson_keeps_what_its_customers_wanted():
    data = log(*((customer, item, item + customer / 100) for customer in range(30) for item in range(10)))
    lesson = Lesson.of(data, 0.2, (), np.random.default_rng(0))
    few = lesson.sample(7, np.random.default_rng(1))
    assert len(few.queries) == 7
    for row, user in enumerate(few.queries.users):
        whole = lesson.wanted[lesson.wanted // 10 == np.flatnonzero(lesson.queries.users == user)[0]] % 10
        assert (few.wanted[few.wanted // 10 == row] % 10).tolist() == whole.tolist()


def test_kinds_say_what_is_wanted():
    frame = pl.DataFrame(
        {
            "user_id": ["a"] * 6,
            "item_id": [0, 1, 2, 3, 4, 5],
            "time": np.arange(6) * DAY,
            "kind": ["view", "buy", "view", "buy", "view", "buy"],
        }
    )
    lesson = Lesson.of(Dataset.of(frame), 0.5, ("buy",), np.random.default_rng(0))
    assert (lesson.wanted % 6).tolist() == [3, 5]


def test_a_log_too_short_to_withhold_anything_is_told():
    with pytest.raises(EmptyData, match="Give a longer log"):
        LearnedBlend((Popularity(),)).fit(log(("a", 0, 0), ("b", 1, 1)))


def test_methods_that_propose_nothing_wanted_are_told():
    data = log(*(("a", item, item) for item in range(10)))
    with pytest.raises(EmptyData, match="Raise depth"):
        LearnedBlend((Personal(),), depth=2).fit(data)


def test_nothing_to_blend_is_refused():
    with pytest.raises(SettingError, match="at least one method"):
        LearnedBlend(())


def test_answering_needs_no_lightgbm(monkeypatch):
    pytest.importorskip("lightgbm")
    blend = LearnedBlend((EASE(regularization=5.0), Popularity()), learner="trees", trees=5).fit(TASTES.data)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert (blend.recommend(Queries.of([[1, 2]]), 3, excluding([[1, 2]])).items != MISSING).all()
