"""Two towers find what was planted in attributes, moments and habits, and place what they have never met."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import DAY, MISSING, Dataset, Histories, Queries, Rates, Run, ints
from regulars.core.errors import BadTable, CannotDo, EmptyData, MissingColumn, SettingError
from regulars.models import ALS, KNNBaseline
from regulars.models.kinds.chances import Chances
from regulars.models.kinds.clipped import Clipped
from regulars.models.kinds.saving import load, save
from regulars.models.two_tower import TwoTower
from regulars.ranking import Unseen

torch = pytest.importorskip("torch")

TINY = {"factors": 16, "batch": 128, "epochs": 8, "rate": 0.005, "examples": "rest", "patience": 0, "negatives": 64}


@pytest.fixture(scope="module")
def described():
    return shops.described()


@pytest.fixture(scope="module")
def fitted(described):
    return TwoTower(**TINY, id_dropout=0.5).fit(described.data)


def popular(seed=0, n=1_600):
    """Customers with four items each, drawn by nothing but their popularity, which falls from item to item."""
    random = np.random.default_rng(seed)
    share = 0.75 ** np.arange(12)
    items = random.choice(12, n, p=share / share.sum())
    return Dataset.of(pl.DataFrame({"user_id": np.arange(n) // 4, "item_id": items, "time": np.arange(n)}).sort("time"))


@pytest.mark.parametrize(("correction", "slope"), [("exact", 1.0), ("streaming", 1.0), ("none", 0.0)])
def test_with_the_correction_scores_tell_how_popular_items_are_and_without_it_nothing(correction, slope):
    data = popular()
    method = TwoTower(
        factors=4, batch=64, epochs=5, rate=0.03, negatives=4, patience=0, correction=correction, id_dropout=0.0
    )
    scores = method.fit(data).score(data.everyone()).mean(axis=0)
    popularity = np.log(np.bincount(data.item) / len(data))
    found = np.polyfit(popularity, scores, 1)[0]
    assert found == pytest.approx(slope, abs=0.3)


def test_an_item_without_events_is_placed_by_its_attributes(described, fitted):
    data = described.data
    names = {row["kind"]: group for group, row in enumerate(data.item_features[[0, 10, 20, 30]].to_dicts())}
    new = data.item_features[[3, 13, 23, 33]].with_columns(price=pl.lit(None, dtype=pl.Float64))
    wider = fitted.add_items(new)
    answer = wider.recommend(described.queries, 44, Unseen()(described.queries))
    ranks = np.argmax(answer.items[:, :, np.newaxis] == np.arange(41, 45), axis=1)  # [60, 4]
    assert len(names) == 4
    assert (ranks.argmin(axis=1) == np.arange(60) % 4).mean() > 0.9
    nothing = new.clear(2)
    assert np.isnan(fitted.add_items(nothing).score(described.queries, ints([41, 42]))).all()


def test_a_new_item_in_a_history_says_what_its_attributes_say(described, fitted):
    wider = fitted.add_items(described.data.item_features[[3, 13, 23, 33]])
    similar = wider.recommend(Queries.of([[41], [42], [43], [44]], times=shops.START), 5)
    own = np.where(similar.items < 40, similar.items // 10, similar.items - 41)
    assert (own == np.arange(4)[:, np.newaxis]).mean() > 0.9


@pytest.mark.parametrize("kind", [Chances, lambda *factors: Clipped(*factors[:2], -0.5, 0.5, factors[2])])
def test_chances_and_ratings_take_new_items_too(described, fitted, kind):
    plain = kind("two_tower", fitted.n_items, fitted)
    wider = plain.add_items(described.data.item_features[[3, 13, 23, 33]])
    assert wider.n_items == 45
    both = wider.score(described.queries, ints([3, 13, 41, 42]))
    np.testing.assert_array_equal(both[:, :2], plain.score(described.queries, ints([3, 13])))
    assert not np.isnan(both).any()


def test_only_towers_place_new_items(described):
    with pytest.raises(CannotDo, match="als cannot place items"):
        ALS(factors=4).fit(described.data).add_items(pl.DataFrame({"kind": ["kind 1"]}))
    with pytest.raises(CannotDo, match="knn_baseline cannot place items"):
        KNNBaseline().fit(shops.ratings().data).add_items(pl.DataFrame({"kind": ["kind 1"]}))


def test_an_item_that_nobody_met_but_that_has_attributes_is_in_the_catalog(described):
    data = described.data
    features = data.item_features.with_row_index("row").with_columns(
        kind=pl.when(pl.col("row") == 40).then(pl.lit("kind 2")).otherwise("kind")
    )
    model = TwoTower(**TINY).fit(replace(data, item_features=features.drop("row")))
    assert not np.isnan(model.score(described.queries, ints([40]))).any()


def visits(seed=0):
    """What is bought depends on the channel and the weekday alone: item = 7 * channel + weekday."""
    random = np.random.default_rng(seed)
    n = 2_000
    day, channel = random.integers(0, 70, n), random.integers(0, 2, n)
    monday = 1_699_833_600  # 13 November 2023, 0:00 UTC
    frame = {
        "user_id": random.integers(0, 50, n),
        "item_id": 7 * channel + day % 7,
        "time": monday + day * DAY + random.integers(0, DAY, n),
        "channel": np.array(["web", "shop"])[channel],
    }
    return Dataset.of(pl.DataFrame(frame)), monday


def test_answers_follow_the_moment_of_asking():
    data, monday = visits()
    method = TwoTower(
        factors=16, batch=128, epochs=12, rate=0.02, patience=0, negatives=16, clock=True, context_columns=("channel",)
    )
    model = method.fit(data)
    asked = [(channel, day) for channel in (0, 1) for day in range(7)]
    queries = Queries.of(
        Histories.of([[0]] * 14, times=[[0]] * 14),
        times=np.array([monday + 70 * DAY + day * DAY + 3600 for _, day in asked]),
        context=pl.DataFrame({"channel": [("web", "shop")[channel] for channel, _ in asked]}),
    )
    found = data.items.names(model.recommend(queries, 1).items[:, 0]).to_list()
    assert np.mean([item == 7 * channel + day for item, (channel, day) in zip(found, asked, strict=True)]) > 0.9
    unheard = replace(queries, context=pl.DataFrame({"channel": ["fax"] * 14}))
    without = replace(queries, context=pl.DataFrame())
    np.testing.assert_array_equal(model.score(unheard), model.score(without))


def test_a_stranger_is_answered_by_attributes_alone():
    random = np.random.default_rng(0)
    town = random.integers(0, 3, 60)
    rows = [(user, 5 * town[user] + random.integers(5)) for user in range(60) for _ in range(6)]
    data = Dataset.of(
        pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").with_row_index("time"),
        customers=pl.DataFrame({"user_id": range(60), "town": [f"town {place}" for place in town]}),
    )
    model = TwoTower(**{**TINY, "epochs": 20, "negatives": 15, "examples": "before"}).fit(data)
    asked = Queries.of(
        [[], [], [], []], times=9, attributes=pl.DataFrame({"town": ["town 0", "town 1", "town 2", None]})
    )
    answer = model.recommend(asked, 5)
    found = data.items.names(answer.items[:3].ravel()).to_numpy().reshape(3, 5)
    assert (found // 5 == np.arange(3)[:, np.newaxis]).all()
    assert (answer.items[3] == MISSING).all()


def test_probabilities_of_all_items_sum_to_about_one():
    data = popular()
    model = TwoTower(
        objective="purchase", factors=4, batch=128, epochs=6, rate=0.02, negatives=12, patience=0, id_dropout=0.0
    ).fit(data)
    chances = model.score(data.everyone())
    assert ((chances > 0) & (chances < 1)).all()
    assert chances.sum(axis=1).mean() == pytest.approx(1, abs=0.15)
    np.testing.assert_allclose(chances.mean(axis=0), np.bincount(data.item) / len(data), atol=0.05)


@pytest.mark.parametrize(("objective", "figure"), [("retrieval", "ndcg@10"), ("rating", "rmse below zero")])
def test_progress_names_the_figure_that_judges(objective, figure):
    told = []
    method = TwoTower(**{**TINY, "epochs": 1, "patience": 1, "validation": 0.5}, objective=objective)
    method.fit(shops.ratings().data, Run(on_epoch=lambda progress: told.extend(name for name, _ in progress.figures)))
    assert {name for name in told if not name.startswith("loss")} == {figure}


def test_ratings_are_foretold_within_their_scale(tmp_path):
    planted = shops.ratings()
    model = TwoTower(**{**TINY, "epochs": 15, "rate": 0.02}, objective="rating", cosine=False, temperature=1.0).fit(
        planted.data
    )
    assert isinstance(model, Rates)
    rated = model.rate(planted.queries, ints(np.arange(40)))
    assert rated.min() >= planted.data.weight.min()
    assert rated.max() <= planted.data.weight.max()
    errors = rated[planted.data.user, planted.data.item] - planted.data.weight
    assert np.sqrt((errors**2).mean()) < 0.6 * planted.data.weight.std()
    own = rated[np.arange(60), planted.wanted]
    assert own.mean() > 3.3 > 2.7 > np.delete(rated[0], np.arange(10)).mean()
    save(model, tmp_path, planted.data.items)
    again = load(tmp_path).recommender
    np.testing.assert_array_equal(again.rate(planted.queries, ints([1, 2])), model.rate(planted.queries, ints([1, 2])))


@pytest.mark.parametrize(
    "further", [{"query_layers": 1, "item_layers": 2, "hidden": 16}, {"shared": False}, {"cosine": False}]
)
def test_other_towers_find_what_was_planted_too(described, further):
    model = TwoTower(**TINY, **further).fit(described.data)
    answer = model.recommend(described.queries, 3, Unseen()(described.queries))
    assert (answer.items == described.wanted[:, np.newaxis]).any(axis=1).mean() > 0.8


def test_a_fit_stops_when_the_withheld_events_are_told_no_better(described):
    told = []
    from regulars.core import Run

    method = TwoTower(**{**TINY, "epochs": 40, "patience": 1}, validation=0.3)
    method.fit(described.data, Run(on_epoch=lambda progress: told.append(dict(progress.figures).get("ndcg@10"))))
    figures = [figure for figure in told if figure is not None]
    assert 0 < len(figures) < 40
    assert max(figures) > 0.2


# ---- bad input


def test_columns_and_kinds_that_are_not_there_are_named(described):
    for setting, table in (("item_columns", "items"), ("customer_columns", "customers"), ("context_columns", "log")):
        with pytest.raises(MissingColumn, match=rf"names the columns \['smell'\]; the .*{table} has"):
            TwoTower(**TINY, **{setting: ("smell",)}).fit(described.data)
    with pytest.raises(SettingError, match=r"kinds must be of \['event'\].*\['view'\] are not"):
        TwoTower(**TINY, kinds=("view",)).fit(described.data)


def test_a_price_that_is_no_number_is_refused(described):
    data = described.data
    prices = data.item_features["price"].to_list()
    broken = data.item_features.with_columns(price=pl.Series([*prices[:5], float("nan"), *prices[6:]]))
    with pytest.raises(BadTable, match=r"column price holds NaN or infinite numbers in 1 rows \(5,"):
        TwoTower(**TINY).fit(replace(data, item_features=broken))


def test_first_events_alone_teach_nothing():
    data = Dataset.of(pl.DataFrame({"user_id": range(9), "item_id": [1, 2, 3] * 3, "time": range(9)}))
    with pytest.raises(EmptyData, match="none among 9"):
        TwoTower(patience=0).fit(data)


def test_a_catalog_of_one_item_is_learned():
    data = Dataset.of(pl.DataFrame({"user_id": [0, 0, 1, 1], "item_id": [5] * 4, "time": range(4)}))
    model = TwoTower(**{**TINY, "examples": "before"}).fit(data)
    assert model.recommend(data.everyone(), 3).items.tolist() == [[0, MISSING, MISSING]] * 2
