"""Logs that are not what a method wants: each tells so, or gives the documented answer (docs/how-to/bad-input.md).

Every entry of METHODS is tried on every log: ratings and purchases, marks that are all alike, customers with one item,
items nobody bought, features with gaps. A refusal says what was wanted, what came and what to do.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import shops
from contracts.subjects import METHOD_SUBJECTS, RATERS, SETTINGS
from regulars.core import DAY, MISSING, QUIET, Dataset, Queries, Vocabulary, ints
from regulars.core.errors import DataError
from regulars.models import METHODS

WHOLE = shops.described(seed=3).data
RATED = shops.ratings(seed=3).data
NEED_FEATURES = ("content", "content_to_cf", "category_popularity")


def log(name: str) -> Dataset:
    """A good log for this method: ratings for those that predict them."""
    return METHOD_SUBJECTS[name].planted.data


def fitted(name: str, data: Dataset) -> Any:
    return METHODS[name](**SETTINGS.get(name, {})).fit(data, QUIET)


def answered(name: str, data: Dataset) -> np.ndarray:
    """The ten best items for everybody; no score is infinite, and padding and NaN go together."""
    answer = fitted(name, data).recommend(data.everyone(), 10)
    np.testing.assert_array_equal(answer.items == MISSING, np.isnan(answer.scores))
    assert not np.isinf(answer.scores).any()
    return answer.items


def refusal(name: str, data: Dataset) -> str:
    with pytest.raises(DataError) as refused:
        fitted(name, data)
    return str(refused.value)


every = pytest.mark.parametrize("name", METHODS)
implicit = pytest.mark.parametrize("name", [name for name in METHODS if name not in RATERS])
explicit = pytest.mark.parametrize("name", RATERS)


# ---- ratings where purchases are wanted, and the reverse


@implicit
def test_ratings_are_read_as_how_much_an_item_was_wanted(name):
    features = WHOLE.item_features if name in NEED_FEATURES else pl.DataFrame()
    items = answered(name, replace(RATED, item_features=features))
    assert (items != MISSING).any(axis=1).all()


@explicit
def test_purchases_are_no_ratings(name):
    ones = replace(WHOLE, weight=np.ones(len(WHOLE), np.float32))
    assert "all" in (said := refusal(name, ones))
    assert "take als, item_knn or ease" in said
    counted = replace(ones, kinds=("purchase",), weight=WHOLE.weight)
    assert "these are of purchase" in (said := refusal(name, counted))
    assert "'rating'" in said


@explicit
@pytest.mark.parametrize("mark", [1.0, 3.0, -2.0])
def test_ratings_that_are_all_alike_are_refused_with_their_value(name, mark):
    said = refusal(name, replace(RATED, weight=np.full(len(RATED), mark, np.float32)))
    assert f"are {mark:g}" in said
    assert "some that differ" in said


@implicit
def test_weights_that_are_all_alike_are_fine(name):
    items = answered(name, replace(log(name), weight=np.full(len(log(name)), 3.0, np.float32)))
    assert (items != MISSING).any(axis=1).mean() > 0.9


@explicit
def test_ratings_among_purchases_are_told_apart(name):
    """Half of the events are views of everything, of another kind: the predictions are those of the ratings alone."""
    views = replace(RATED, kind=np.ones(len(RATED), np.int8), weight=np.full(len(RATED), 0.2, np.float32))
    both = joined(replace(RATED, kinds=("rating", "view")), views)
    alone = fitted(name, replace(RATED, kinds=("rating",)))
    np.testing.assert_allclose(
        fitted(name, both).score(both.everyone()), alone.score(RATED.everyone()), rtol=1e-3, atol=1e-3
    )


# ---- small and thin logs


@every
def test_customers_with_one_item_spoil_nothing(name):
    """Forty customers bring one item each. They get an answer or none; the others get one as before."""
    good = log(name)
    single = Dataset.of(
        pl.DataFrame(
            {
                "user_id": np.arange(1_000, 1_040),
                "item_id": np.arange(40),
                "time": good.time.min() + DAY * np.arange(40),
                "weight": np.linspace(1, 4, 40),
            }
        )
    )
    users = Vocabulary.of(pl.concat([good.users.ids, single.users.ids]))
    behind = (single.user + good.n_users).astype(np.int32)
    more = replace(single, users=users, items=good.items, user=behind, item_features=good.item_features)
    data = joined(replace(good, users=users, user_features=pl.DataFrame()), more)
    items = answered(name, data)
    assert (items[: good.n_users] != MISSING).any(axis=1).mean() > 0.9


@every
def test_a_log_of_nothing_but_customers_with_one_item_is_answered_or_refused(name):
    """There is nothing to learn from: what answers does so with items that were met, what refuses says why."""
    rows = pl.DataFrame(
        {"user_id": np.arange(30), "item_id": np.arange(30) % 7, "time": np.arange(30) * DAY, "weight": [1.0, 2.0] * 15}
    )
    features = pl.DataFrame({"item_id": np.arange(7), "color": ["red", "blue"] * 3 + [None]})
    told(name, Dataset.of(rows, items=features))


@every
def test_a_log_of_one_event_is_answered_or_refused(name):
    features = pl.DataFrame({"item_id": [1, 2], "color": ["red", "blue"]})
    told(name, Dataset.of(pl.DataFrame({"user_id": [1], "item_id": [1], "time": [DAY]}), items=features))


@every
def test_a_log_in_which_everything_was_taken_back_is_answered_by_nobody_or_refused(name):
    data = log(name)
    back = replace(data, weight=-data.weight) if name not in RATERS else data.where(np.zeros(len(data), dtype=bool))
    items = told(name, back)
    assert items is None or (items == MISSING).all() or name in NEED_FEATURES


@every
def test_an_empty_log_is_answered_by_nobody_or_refused(name):
    data = log(name)
    items = told(name, data.where(np.zeros(len(data), dtype=bool)))
    assert items is None or (items == MISSING).all()


# ---- items never bought, features with gaps


@every
def test_items_that_nobody_bought_are_recommended_by_nobody_who_does_not_read_the_catalog(name):
    data = log(name)
    wide = replace(data, items=data.items.extended(np.arange(1_000, 1_200)), item_features=wider(data, 200))
    model = fitted(name, wide)
    items = model.recommend(wide.everyone(), 30).items
    assert (items < data.n_items).all() or name in NEED_FEATURES
    scores = model.score(wide.everyone()[slice(0, 5)], ints([data.n_items, wide.n_items - 1]))
    assert scores.shape == (5, 2)
    assert np.isnan(scores).all() or name in NEED_FEATURES


@every
def test_features_with_gaps_are_used_where_they_are(name):
    """Every second item, and every second customer, has nulls; one column knows nothing at all."""
    data = log(name)
    gaps = pl.DataFrame(
        {
            "brand": [None if i % 2 else f"brand {i // 10}" for i in range(data.n_items)],
            "price": [None if i % 2 else float(i) for i in range(data.n_items)],
            "empty": pl.Series([None] * data.n_items, dtype=pl.String),
        }
    )
    towns = pl.DataFrame({"town": [None if i % 2 else "Rome" for i in range(data.n_users)]})
    items = answered(name, replace(data, item_features=gaps, user_features=towns))
    assert (items != MISSING).any(axis=1).mean() > 0.9


@every
def test_a_question_about_items_and_attributes_never_heard_of_is_answered(name):
    model = METHOD_SUBJECTS[name].fitted
    attributes = pl.DataFrame({"planet": ["Mars", None]})
    answer = model.recommend(Queries.of([[9_999, MISSING], []], times=shops.START, attributes=attributes), 5)
    assert answer.items.shape == (2, 5)


def told(name: str, data: Dataset) -> np.ndarray | None:
    """The answers, of met items alone unless the catalog is read; None after a refusal that says what to do."""
    try:
        items = answered(name, data)
    except DataError as refused:
        said = str(refused)
    else:
        assert name in NEED_FEATURES or np.isin(items[items != MISSING], data.item).all()
        return items
    assert any(word in said for word in ADVICE), said
    return None


ADVICE = ("needs", "give", "lower", "take", "name", "add", "raise")


def joined(left: Dataset, right: Dataset) -> Dataset:
    """The events of both, which share their vocabularies and kinds."""
    names = ("user", "item", "time", "weight", "kind")
    return replace(left, **{one: np.concatenate([getattr(left, one), getattr(right, one)]) for one in names}).sorted()


def wider(data: Dataset, n: int) -> pl.DataFrame:
    """The features of the items with n rows of nulls after them."""
    if not data.item_features.width:
        return data.item_features
    nulls = data.item_features.clear(n)
    return pl.concat([data.item_features, nulls])
