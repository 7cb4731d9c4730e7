"""Repeats: what a service is told of a customer makes the number that the log makes; and it survives the disk."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY, MISSING, Allowed, Foretells, Histories, Queries, Recommender, Run
from regulars.core.errors import EmptyData, SettingError, VocabularyMismatch
from regulars.data.kinds import WEIGHTS
from regulars.marketing.repurchase import (
    REPURCHASE,
    BoughtAgain,
    Calibrated,
    CrossSellModel,
    Frequency,
    Hazard,
    Recurrent,
    Repeats,
    RepurchaseTrees,
    buy_again,
    pairs_of,
)
from regulars.models import Personal, Popularity
from regulars.models.kinds.saving import load, save
from regulars.models.kinds.tree import from_tree, to_tree
from regulars.ranking import AdditiveRanker, TwoStage

ONE = Run(threads=1)
LSTM = Recurrent(epochs=1, moments=2, width=8, batch=256)
TREES = {"trees": 10, "leaves": 7, "least": 20, "moments": 1}
METHODS = {
    "frequency": REPURCHASE["frequency"],
    "gamma": Calibrated(Hazard(gaps="gamma", rounds=3)),
    "weibull": Calibrated(Hazard(gaps="weibull", rounds=3), kind="platt"),
    "lstm": LSTM,
    "trees": RepurchaseTrees(of=(Hazard(rounds=3),), **TREES),
    "stacked": RepurchaseTrees(of=(Hazard(gaps="weibull", rounds=3), LSTM), **TREES),
}
NEEDED = {"lstm": ("torch",), "trees": ("lightgbm",), "stacked": ("torch", "lightgbm")}


@pytest.fixture(scope="module")
def shop():
    data = renewals(customers=60)[0]
    cities = pl.DataFrame({"city": [("north", "south")[place % 2] for place in range(data.n_users)]})
    return replace(data, user_features=cities)


@pytest.fixture(scope="module", params=METHODS)
def repeats(request, shop):
    for name in NEEDED.get(request.param, ()):
        if not find_spec(name):
            pytest.skip(f"needs {name}")
    return Repeats.fit(METHODS[request.param], shop, 2, ONE)


def everybody(data):
    return data.queries(np.arange(data.n_users, dtype=np.int32), int(data.time.max()) + 1)


def test_every_way_is_here():
    assert METHODS.keys() == REPURCHASE.keys()


def test_every_model_survives_the_disk(repeats, shop, tmp_path):
    assert isinstance(repeats, Recommender)
    assert isinstance(repeats, Foretells)
    save(repeats, tmp_path, shop.items)
    back = load(tmp_path, items=shop.items).recommender
    pairs = pairs_of(shop)
    np.testing.assert_array_equal(back.model.probabilities(pairs), repeats.model.probabilities(pairs))
    asked = everybody(shop)
    np.testing.assert_array_equal(back.recommend(asked, 5).items, repeats.recommend(asked, 5).items)


def test_a_model_of_other_products_is_refused(shop, tmp_path):
    save(Repeats.fit(Frequency(), shop), tmp_path, shop.items)
    others = bought([("a", "milk", 0), ("a", "soap", 3)])
    with pytest.raises(VocabularyMismatch, match="fitted on others"):
        load(tmp_path, items=others.items)
    with pytest.raises(VocabularyMismatch, match="fit it again"):
        load(tmp_path).check(others.items)


def test_what_a_service_says_is_what_buy_again_says(repeats, shop):
    moment = int(shop.time.max()) + 1
    asked = shop.queries(np.arange(shop.n_users, dtype=np.int32), moment)
    asked = replace(asked, times=asked.times - 1)  # a service asks at a second, and knows what happened in it
    bare = replace(shop, context=pl.DataFrame())
    table = buy_again(repeats.model, bare, horizon_weeks=2, k=4, at=moment)
    answer = repeats.recommend(asked, 4)
    told = repeats.foretell(asked, answer)
    rows, places = np.nonzero(answer.items != MISSING)
    assert shop.users.names(rows.astype(np.int32)).to_list() == table["user_id"].to_list()
    assert shop.items.names(answer.items[rows, places]).to_list() == table["item_id"].to_list()
    np.testing.assert_allclose(answer.scores[rows, places], table["probability"], rtol=1e-4)
    np.testing.assert_allclose(told.chances[rows, places], table["probability"], rtol=1e-4)
    assert [told.reasons[row][place] for row, place in zip(rows, places, strict=True)] == table["reason"].to_list()
    dates = table["expected_date"].to_numpy().astype("datetime64[D]")
    days = told.days[rows, places].astype(np.float64)
    assert (np.isnan(days) == np.isnat(dates)).all()
    expected = ((moment + days[~np.isnan(days)] * DAY) // DAY).astype("datetime64[D]")
    assert (np.abs(expected - dates[~np.isnan(days)]).astype(int) <= 1).all()


def test_batches_answer_as_one_by_one(repeats, shop):
    asked = everybody(shop)[:7]
    together = repeats.recommend(asked, 3)
    for row in range(7):
        alone = repeats.recommend(asked[row : row + 1], 3)
        assert alone.items.tolist() == together.items[row : row + 1].tolist()
        np.testing.assert_allclose(alone.scores, together.scores[row : row + 1], rtol=1e-5)


def test_a_purchase_of_this_second_moves_the_product_down_and_the_reason_along():
    data = bought([(f"c{n}", item, day) for n in range(20) for item in "abc" for day in range(0, 140, 14)])
    repeats = Repeats.fit(Hazard(), data)
    now = MONDAY + 143 * DAY
    items = np.arange(3, dtype=np.int32)
    before = Histories.of(
        [np.repeat(items, 10)], times=[[MONDAY + day * DAY for _ in items for day in range(0, 140, 14)]]
    )
    order = np.argsort(before.times, kind="stable")
    before = replace(before, items=before.items[order], times=before.times[order])
    after = before.joined(Histories.of([[1]], times=[[now]]))
    early, late = (Queries.of(past, times=now) for past in (before, after))
    assert np.allclose(repeats.recommend(early, 3).scores, repeats.recommend(early, 3).scores[0, 0])
    answer = repeats.recommend(late, 3)
    assert answer.items[0].tolist() == [0, 2, 1]
    assert answer.scores[0, 2] < answer.scores[0, 0]
    assert repeats.foretell(late, answer).reasons[0][2].endswith("last bought today")
    assert repeats.foretell(early, answer).reasons[0][2] == "every 14 days; last bought 17 days ago"


def test_strangers_items_from_later_and_what_may_not_be_shown(shop):
    repeats = Repeats.fit(Hazard(rounds=3), shop)
    asked = everybody(shop)[:2]
    history = asked.history.joined(Histories.of([[99], []], times=[[int(shop.time.max())], []]))
    asked = replace(asked, history=history)
    answer = repeats.recommend(asked, 20)
    assert 99 in answer.items[0]  # an item that the fit never met
    only = repeats.recommend(asked, 20, Allowed(np.arange(12)[None, :] < 4))
    assert set(only.items.ravel().tolist()) <= {MISSING, 0, 1, 2, 3}
    stranger = repeats.recommend(Queries.of([[]]), 3)
    assert (stranger.items == MISSING).all()
    assert repeats.foretell(Queries.of([[]]), answer[:1]).reasons[0][0] == ""


def test_views_do_not_count_where_the_log_names_purchases(shop):
    rows = [(f"c{n}", item, day) for n in range(20) for item in "ab" for day in range(0, 140, 14)]
    data = bought(rows, kind=["purchase"] * len(rows))
    repeats = Repeats.fit(Hazard(rounds=3), data)
    view = [*data.kinds, *(kind for kind in WEIGHTS if kind not in data.kinds)].index("view")
    past = replace(Histories.of([[0, 1]], times=[[MONDAY, MONDAY + DAY]]), kinds=np.array([0, view], dtype=np.int8))
    answer = repeats.recommend(Queries.of(past, times=MONDAY + 9 * DAY), 2)
    assert answer.items[0].tolist() == [0, MISSING]


def test_new_products_survive_the_disk_too(shop):
    weights = np.array([[-3.0, 0.1, -0.2, 0.3, 0.4, 0.5], [-2.0, 0.1, -0.2, 0.3, 0.4, 0.5], [-1.0, 0, 0, 0, 0, 0]])
    model = CrossSellModel(Popularity().fit(shop), weights, np.ones(shop.n_items, dtype=np.float32), 5)
    arrays = {}
    back = from_tree(to_tree(model, "model", arrays), arrays)
    asked = everybody(shop)
    told = model.offers(asked)
    assert np.isfinite(told.chances).any()
    np.testing.assert_array_equal(back.offers(asked).chances, told.chances)


def test_mistakes_are_named(shop):
    with pytest.raises(SettingError, match="from 1 to 52"):
        Repeats.fit(Frequency(), shop, weeks=0)
    with pytest.raises(EmptyData, match="56 days or more"):
        Repeats.fit(REPURCHASE["weibull"], shop.where(shop.time < int(shop.time.min()) + 20 * DAY))


def test_scores_are_the_probabilities_of_what_was_bought(repeats, shop):
    asked, wanted = everybody(shop)[:5], np.array([3, 99, 0], dtype=np.int32)
    scores, answer = repeats.score(asked), repeats.recommend(asked, 12)
    for row in range(5):
        own = answer.items[row][answer.items[row] != MISSING]
        assert set(own.tolist()) == set(np.flatnonzero(~np.isnan(scores[row])).tolist())
        np.testing.assert_array_equal(scores[row, own], answer.scores[row, : len(own)])
    some = repeats.score(asked, wanted)
    np.testing.assert_array_equal(some[:, [0, 2]], scores[:, [3, 0]])
    assert np.isnan(some[:, 1]).all()


def test_in_visits_what_comes_every_third_time_is_due_at_the_third():
    visits = [(f"c{n}", f"v{place}", day) for n in range(30) for place, day in enumerate(range(0, 120, 3 + n % 5))]
    rows = [(who, item, day) for who, place, day in visits for item in _basket(int(place[1:]))]
    data = bought(rows)
    model = BoughtAgain(Hazard(gaps="weibull"), clock="visits").fit(data)
    milk, oil = data.items.known(["milk", "oil"])
    said = []
    for waited in (1, 2, 3):
        past = [_basket(place) for place in range(12 + waited)]
        items = [data.items.known([item])[0] for basket in past for item in basket]
        times = [MONDAY + place * DAY for place, basket in enumerate(past) for _ in basket]
        asked = Queries.of(Histories.of([items], times=[times]), times=times[-1] + DAY)
        said.append(model.score(asked)[0])
    assert min(one[milk] for one in said) > 0.75
    assert said[2][oil] > 0.6 > 0.4 > said[0][oil]


def _basket(place):
    return ["milk", "oil"] if place % 3 == 0 else ["milk"]


def test_a_ranker_reads_it_out_of_fold():
    data = renewals(customers=60)[0]
    sources = (Personal(), BoughtAgain(Hazard(rounds=3)))
    pipeline = TwoStage(sources, AdditiveRanker(), ("rhythm",), withheld="baskets", lessons=2, depth=12).fit(data)
    answer = pipeline.recommend(everybody(data), 5)
    assert (answer.items[:, 0] != MISSING).all()
    assert set(answer.names) == {"personal", "buy_again"}
