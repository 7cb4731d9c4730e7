import math

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Dataset, Queries, Recommendations, floats, ints
from regulars.core.errors import MissingColumn, SettingError
from regulars.models.content import Content

EVENTS = pl.DataFrame({"user_id": ["ann", "ann", "bob"], "item_id": ["a", "b", "c"]})
ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e", "f"],
        "brand": ["Nike", "Nike", "Puma", "Puma", "Puma", None],
        "tags": [["run"], ["run", "gym"], ["gym"], ["run"], None, None],
        "same": ["x"] * 6,
    }
)
SHOP = Dataset.of(EVENTS, items=ITEMS)
NIKE, PUMA = math.log(5 / 2), math.log(5 / 3)  # brands are known of five items
RUN, GYM = math.log(4 / 3), math.log(4 / 2)  # tags of four


def test_vectors_are_those_worked_out_by_hand():
    """A column is a vector of length 1, of which rare values have more, times sqrt(information * sqrt(values))."""
    model = Content(similarity="linear", rarity=1.0, breadth=0.5).fit(SHOP)
    assert model.columns.names == ("brand = Puma", "brand = Nike", "tags: run", "tags: gym")
    vectors = model._matrix.toarray()
    rarer = GYM**2 / (RUN**2 + GYM**2)  # the part of "gym" in the square of the two tags of b
    told = ((1 - rarer) * RUN + rarer * GYM) * math.sqrt(2)  # two values
    np.testing.assert_allclose(vectors[0], [0, math.sqrt(NIKE), math.sqrt(RUN), 0], rtol=1e-6)
    np.testing.assert_allclose(
        vectors[1], [0, math.sqrt(NIKE), math.sqrt((1 - rarer) * told), math.sqrt(rarer * told)], rtol=1e-6
    )
    np.testing.assert_allclose(vectors[4], [math.sqrt(PUMA), 0, 0, 0], rtol=1e-6)
    assert not vectors[5].any()


@pytest.mark.parametrize("similarity", ["cosine", "linear", "euclidean"])
def test_scores_are_likenesses_with_the_mean_of_the_history(similarity):
    model = Content(similarity=similarity).fit(SHOP)
    vectors = model._matrix.toarray().astype(np.float64)
    profile = vectors[:2].mean(axis=0)
    scores = model.score(Queries.of([[0, 1]]))[0]
    for item in range(4):
        inner = profile @ vectors[item]
        expected = {
            "linear": inner,
            "cosine": inner / np.linalg.norm(profile) / np.linalg.norm(vectors[item]),
            "euclidean": 1 / (1 + np.linalg.norm(profile - vectors[item])),
        }[similarity]
        assert scores[item] == (pytest.approx(expected, rel=1e-5) if inner else pytest.approx(np.nan, nan_ok=True))
    assert np.isnan(scores[4:]).all()  # Puma alone, and nothing at all


def test_an_item_that_nobody_met_is_found_by_its_attributes():
    model = Content().fit(SHOP)
    assert model.recommend(Queries.of([[2]]), 2).items.tolist() == [[2, 4]]
    assert model.similar_items(ints([3, 5, 99]), 2).items.tolist() == [[4, 2], [MISSING] * 2, [MISSING] * 2]


def test_an_item_of_the_history_without_attributes_changes_nothing():
    model = Content().fit(SHOP)
    np.testing.assert_array_equal(model.score(Queries.of([[0, 5]])), model.score(Queries.of([[0]])))
    assert np.isnan(model.score(Queries.of([[5]]))).all()


def test_the_attributes_that_speak_most_are_the_reasons_with_the_item_that_has_them():
    model = Content(similarity="linear").fit(SHOP)
    answer = Recommendations(ints([[1]]), floats([[1.0]]))
    reasons = model.because(Queries.of([[0, 2]]), answer, 4)
    assert [reasons.names[f] for f in reasons.features[0, 0, :3]] == ["brand = Nike", "tags: gym", "tags: run"]
    assert reasons.items[0, 0].tolist() == [0, 2, 0, MISSING]
    assert np.nansum(reasons.shares) == pytest.approx(1)


def test_a_long_text_does_not_drown_the_brand():
    words = [f"word{letter}" for letter in "abcdefghijklmnop"]
    random = np.random.default_rng(0)
    stories = [" ".join(random.permutation(words)[:12]) for _ in range(40)]
    items = pl.DataFrame({"item_id": range(40), "brand": [f"b{i % 8}" for i in range(40)], "story": stories})
    shop = Dataset.of(pl.DataFrame({"user_id": [1], "item_id": [0]}), items=items)
    found = Content().fit(shop).similar_items(ints(np.arange(40)), 4).items
    assert (found % 8 == np.arange(40)[:, np.newaxis] % 8).mean() > 0.95


def test_a_weight_of_nothing_leaves_a_column_out():
    without = Content(columns=("tags",)).fit(SHOP).score(Queries.of([[0, 1]]))
    muted = Content(columns=("brand", "tags"), weights=(0.0, 2.0)).fit(SHOP).score(Queries.of([[0, 1]]))
    np.testing.assert_allclose(muted, without, rtol=1e-6)


def test_what_a_column_means_can_be_said():
    shop = Dataset.of(EVENTS, items=ITEMS.with_columns(size=pl.Series([38, 39, 40, 38, 39, 40])))
    assert "size = 38" in Content().fit(shop).columns.names
    assert "size below 39" in Content(columns=("size",), kinds=("number",), bins=3).fit(shop).columns.names


def test_without_attributes_of_items_it_says_which_table_to_give():
    with pytest.raises(
        MissingColumn, match=r"give a table of items with an item_id and columns such as.*regulars\.toml"
    ):
        Content().fit(Dataset.of(EVENTS))


def test_a_column_that_the_table_lacks_is_named():
    with pytest.raises(
        MissingColumn, match=r"columns names \['color'\]; the table of items has \['brand', 'tags', 'same'\]"
    ):
        Content(columns=("brand", "color")).fit(SHOP)


def test_attributes_that_say_nothing_make_a_model_that_cannot_tell():
    shop = Dataset.of(EVENTS, items=ITEMS.select("item_id", "same"))
    assert np.isnan(Content().fit(shop).score(Queries.of([[0, 1]]))).all()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"columns": ("brand",), "weights": (1.0, 2.0)}, "weights has 2 entries; columns has 1"),
        ({"kinds": ("text",)}, "kinds has 1 entries; columns has 0"),
        ({"columns": ("brand",), "kinds": ("value",)}, "kinds are category, list, number, date, text"),
        ({"columns": ("brand",), "weights": (-1.0,)}, "weights are 0 or more"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, match):
    with pytest.raises(SettingError, match=match):
        Content(**settings)
