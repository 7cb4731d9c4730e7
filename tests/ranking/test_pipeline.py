"""Pipelines: what a ranker learns from is what it is asked, an item scores alike in every company, rules are kept."""

import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY, MISSING, Allowed, Dataset, Queries, Run, ints
from regulars.core.errors import BadTable, MissingColumn, SettingError
from regulars.marketing.repurchase import BoughtAgain, Hazard, Recurrent
from regulars.models import EASE, CategoryPopularity, ItemKNN, Personal, Popularity
from regulars.models.kinds.saving import load, save
from regulars.ranking import RANKERS, Boost, Cap, DeepRanker, Only, TreeRanker, TwoStage, Unseen
from regulars.ranking.pairs import pairs_of
from regulars.ranking.traits import FEATURES, Readings
from regulars.ranking.two_stage import evidence_of

RUN = Run(threads=1)
SMALL = {"width": 16, "batch": 16, "rate": 0.01, "precision": "float32", "least": 5}
QUICK = {"additive": {}, "trees": {"trees": 20, "least": 5}, "dcn": {"epochs": 4, **SMALL}}
TASTES = shops.described()
PARTS = (EASE(regularization=5.0), ItemKNN(neighbors=20), Popularity())


def ranker(name):
    pytest.importorskip({"trees": "lightgbm", "dcn": "torch"}.get(name, "numpy"))
    return RANKERS[name](**QUICK[name])


def towns(n=1_000, seed=0):
    """A shop in which the town decides what is bought after soap: in Ulm tea, in Bonn bread; 10 items of each.

    Ulm has more customers than Bonn, so that tea sells best.
    """
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(n):
        day = int(random.integers(60))
        rows.append((customer, int(20 + random.integers(10)), day))
        rows.append((customer, int(10 * (customer % 5 > 2) + random.integers(10)), day + 1 + int(random.integers(40))))
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "day"], orient="row")
    log = log.with_columns(time=pl.col("day") * DAY + pl.int_range(pl.len())).drop("day")
    items = pl.DataFrame({"item_id": range(30), "kind": ["tea"] * 10 + ["bread"] * 10 + ["soap"] * 10})
    items = items.with_columns(price=pl.col("item_id") % 7 + 1.5)
    customers = pl.DataFrame({"user_id": range(n), "town": ["Ulm" if n_ % 5 <= 2 else "Bonn" for n_ in range(n)]})
    return Dataset.of(log, items=items, customers=customers)


def twice(data: Dataset) -> Dataset:
    """Everything is bought again nine days later."""
    both = {name: np.concatenate([getattr(data, name)] * 2) for name in ("user", "item", "time", "weight", "kind")}
    both["time"][len(data) :] += 9 * DAY
    return replace(data, **both).sorted()


@pytest.mark.parametrize(
    ("name", "settings"), [("trees", {"rate": 0.2, "least": 20, "part": 1.0}), ("dcn", {"epochs": 6, **SMALL})]
)
def test_it_learns_what_only_attributes_tell(name, settings):
    data = towns()
    ranker(name)
    method = TwoStage((Popularity(),), RANKERS[name](**settings), ("items", "customers"), share=0.3, depth=30)
    pipeline = method.fit(data, RUN)
    soap = data.items.index([25, 25])[:, np.newaxis].tolist()
    strangers = Queries.of(soap, times=100 * DAY, attributes=pl.DataFrame({"town": ["Ulm", "Bonn"]}))
    kinds = data.items.ids.to_numpy()[pipeline.recommend(strangers, 8).items] // 10
    assert (kinds == [[0], [1]]).mean() > 0.9


def test_training_rows_are_the_rows_of_serving_at_that_moment():
    """What the ranker learned from, made again the way a shop asks: one customer at a time, from the whole log."""
    data = towns(200)
    method = TwoStage((Personal(), Popularity()), share=0.4, depth=15)
    (lesson,) = method.past(data)
    early = [one.fit(lesson.before) for one in method.of]
    readings = Readings.of(data, method.features, ())
    taught, _ = method._lists(lesson, early, readings, RUN)
    spread = method._pairs(early, lesson.queries, RUN)
    evidence = evidence_of(lesson.before, spread, readings)
    moment = int(lesson.queries.times[0])
    assert len(taught.lengths) > 20
    for place, user in enumerate(lesson.queries.users):
        asked = data.queries(ints([user]), moment)
        pairs = pairs_of(early, asked, Allowed(), wide=15, depth=15)
        rows = slice(taught.starts[place], taught.starts[place + 1])
        np.testing.assert_array_equal(pairs.items, spread.items[rows])
        served = evidence.table(asked, pairs)
        np.testing.assert_array_equal(served.numbers, taught.table.numbers[rows])
        np.testing.assert_array_equal(served.codes, taught.table.codes[rows])


@pytest.mark.parametrize(
    "sources",
    [
        (Personal(), Popularity()),
        (CategoryPopularity(), BoughtAgain(Hazard(gaps="weibull"))),
        (CategoryPopularity(columns=("kind",)), BoughtAgain(Recurrent(weeks=1, moments=1, epochs=1), clock="visits")),
    ],
)
def test_what_came_after_the_moment_changes_no_training_row(sources):
    data = twice(towns(200))
    method = TwoStage(sources, features=FEATURES, share=0.4, depth=15)
    (lesson,) = method.past(data)
    late = data.time >= lesson.queries.times[0]
    random = np.random.default_rng(1)
    other = replace(data, item=np.where(late, random.permutation(data.item), data.item).astype(np.int32))
    tables = []
    for shop in (data, other):
        (lesson,) = method.past(shop)
        early = [one.fit(lesson.before, RUN) for one in method.of]
        tables.append(method._lists(lesson, early, Readings.of(shop, method.features, ()), RUN)[0])
    np.testing.assert_array_equal(tables[0].table.numbers, tables[1].table.numbers)
    assert (tables[0].wanted != tables[1].wanted).any()


@pytest.mark.parametrize("name", RANKERS)
def test_the_score_of_a_candidate_is_the_same_in_any_company(name):
    pipeline = TwoStage(PARTS, ranker(name), depth=8).fit(TASTES.data, RUN)
    queries = TASTES.queries
    whole = pipeline.recommend(queries, 30)
    scores = np.full((len(queries), 41), np.nan, dtype=np.float32)
    rows, columns = np.nonzero(whole.items != MISSING)
    scores[rows, whole.items[rows, columns]] = whole.scores[rows, columns]
    random = np.random.default_rng(0)
    for allowed in (Allowed(random.random((1, 41)) < 0.3), Unseen()(queries)):
        some = pipeline.recommend(queries, 5, allowed)
        row, column = np.nonzero(some.items != MISSING)
        expected = scores[row, some.items[row, column]]
        same = np.isfinite(expected)
        assert same.mean() > 0.9
        np.testing.assert_allclose(some.scores[row, column][same], expected[same], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", RANKERS)
def test_it_survives_the_disk_with_its_rules(name, tmp_path):
    rules = {"filters": (Unseen(),), "rerankers": (Boost(np.ones(41, np.float32)), Cap(ints(np.arange(41) // 10), 2))}
    pipeline = TwoStage(PARTS, ranker(name), depth=20, **rules).fit(TASTES.data, RUN)
    save(pipeline, tmp_path, TASTES.data.items)
    again = load(tmp_path).recommender
    for queries in (TASTES.queries, Queries.of([[]])):
        first, second = pipeline.recommend(queries, 5), again.recommend(queries, 5)
        np.testing.assert_array_equal(first.items, second.items)
        np.testing.assert_array_equal(first.scores, second.scores)


def test_filters_and_caps_hold_in_every_list():
    allowed = Only.of(np.arange(2, 40), 41)
    method = TwoStage(PARTS, depth=40, filters=(Unseen(), allowed), rerankers=(Cap(ints(np.arange(41) // 10), 2),))
    pipeline, queries = method.fit(TASTES.data, RUN), TASTES.queries
    answer = pipeline.recommend(queries, 6)
    assert (answer.items >= 2).all()
    for row, items in enumerate(answer.items):
        assert not set(items) & set(queries.history[row : row + 1].items)
        assert max(np.bincount(items // 10)) <= 2
    assert pipeline.similar_items(ints([5]), 40).items.max() < 40


def test_several_lessons_teach_more_lists():
    data = towns(200)
    once, thrice = (TwoStage((Popularity(),), share=0.2, lessons=n) for n in (1, 3))
    assert len(once.past(data)) == 1
    past = thrice.past(data)
    moments = [int(lesson.queries.times[0]) for lesson in past]
    assert moments == sorted(set(moments), reverse=True)
    assert all(lesson.before.time.max() < moment for lesson, moment in zip(past, moments, strict=True))


def test_context_is_what_the_first_answer_came_with():
    log = pl.DataFrame(
        {
            "user_id": [0] * 8 + [1] * 8,
            "item_id": [*range(8), *range(8)],
            "time": [*range(0, 80, 10), *range(5, 85, 10)],
            "store": [*"aaaaaabc", *"ddddddef"],
        }
    )
    (lesson,) = TwoStage((Popularity(),), context=("store",), share=0.25).past(Dataset.of(log))
    assert lesson.queries.users.tolist() == [0, 1]
    assert lesson.queries.context["store"].to_list() == ["b", "e"]
    (asked,) = TwoStage((Popularity(),), context=("time", "store"), share=0.25).past(Dataset.of(log))
    assert asked.queries.times.tolist() == [60, 65]
    assert max(asked.queries.history.times) < lesson.queries.times[0] <= 60
    with pytest.raises(MissingColumn, match="shop"):
        TwoStage((Popularity(),), context=("shop",), share=0.25).past(Dataset.of(log))


@pytest.mark.parametrize("name", RANKERS)
def test_questions_that_lack_what_the_ranker_reads_are_answered(name):
    data = towns(200)
    pipeline = TwoStage((Popularity(),), ranker(name), share=0.4, depth=20).fit(data, RUN)
    for attributes in (None, pl.DataFrame({"shoe": [44]}), pl.DataFrame({"town": ["Rome"]})):
        answer = pipeline.recommend(Queries.of([[1, 2]], times=60 * DAY, attributes=attributes), 5)
        assert (answer.items != MISSING).all()
        assert np.isfinite(answer.scores).all()


def test_attributes_that_are_not_numbers_are_refused():
    data = towns(200)
    ages = data.user_features.with_columns(age=pl.Series(np.where(np.arange(200) == 7, np.nan, 30.0 + np.arange(200))))
    with pytest.raises(BadTable, match=r"the column age holds NaN .* in 1 rows \(7"):
        TwoStage((Popularity(),), share=0.4).fit(replace(data, user_features=ages), RUN)


def test_a_pipeline_that_cannot_be_is_refused():
    with pytest.raises(SettingError, match="at least one method"):
        TwoStage(())
    with pytest.raises(SettingError, match="there is no weather"):
        TwoStage((Popularity(),), features=("weather",))


def test_answering_with_trees_or_curves_needs_neither_lightgbm_nor_torch(monkeypatch):
    pipelines = [TwoStage(PARTS, ranker(name), depth=8).fit(TASTES.data, RUN) for name in ("trees", "additive")]
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    for pipeline in pipelines:
        assert (pipeline.recommend(Queries.of([[1, 2]]), 3).items != MISSING).all()


def test_rankers_of_the_table_have_settings_with_ranges():
    assert isinstance(RANKERS["trees"](trees=7), TreeRanker)
    with pytest.raises(SettingError, match="loss must be one of 'listwise', 'pointwise'"):
        DeepRanker(loss="pairwise")
