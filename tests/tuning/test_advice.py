"""The data advisor: every method says what it needs, and the shop's figures decide."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Dataset
from regulars.models import METHODS
from regulars.tuning import NEEDS, Facts, Space, Verdict, advise
from regulars.tuning.advice import overview, table

SHOP = Facts(
    events=10_000,
    customers=1_000,
    items=500,
    met=400,
    pairs=8_000,
    days=300.0,
    ratings=0,
    item_columns=("brand", "color", "price", "text", "fit"),
    customer_columns=("town",),
    visits=2_000,
    items_each=8.0,
    customers_each=20.0,
    thin=0.1,
    tail=0.02,
    lonely=0.05,
    repeats=0.2,
    young=0.01,
    free_mb=8_000.0,
)


def of(facts, method):
    return advise(facts, [method])[0]


def test_every_method_says_what_it_needs():
    assert set(METHODS) == set(NEEDS)


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_that_is_held_is_one_of_the_method(name):
    Space(METHODS[name](), {}, NEEDS[name].held)
    assert set(NEEDS[name].held) <= set(vars(METHODS[name]()))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_spoken_of_in_whole_sentences_with_figures_of_the_shop(method):
    for facts in (SHOP, replace(SHOP, ratings=500, days=0.0, visits=0, item_columns=(), tail=0.9, items_each=2)):
        said = of(facts, method).said
        assert said.startswith("It ")
        assert said.endswith(".")
        assert "  " not in said
        assert any(letter.isdigit() for letter in said) or "none" in said or "no column" in said


@pytest.mark.parametrize(
    ("method", "change", "verdict", "said"),
    [
        (
            "als",
            {},
            "yes",
            "It learns tastes from everything that was met. Here: 950 customers with two items",
        ),
        ("als", {"items_each": 3.0}, "poorly", "But the median customer has 3 items; a taste shows from about 5 on"),
        ("als", {"lonely": 1.0}, "no", "it learns from customers with two items or more, and there are none"),
        ("svd", {}, "no", "it needs ratings that differ, such as 1 to 5 stars, and the log has none"),
        ("svd", {"ratings": 4_000}, "yes", "4,000 ratings"),
        ("trending", {"days": 0.0}, "no", "it needs the times of the events, and no column tells them"),
        ("trending", {"days": 20.0}, "poorly", "compares a week with the four before, and the log covers 20 days"),
        ("personal", {"repeats": 0.001}, "no", "customers hardly buy the same again here (0.1% of the events)"),
        ("vsknn", {"visits": 7}, "no", "it learns from visits with two items or more, and there are 7"),
        ("content", {}, "yes", "the catalog tells brand, color, price, text and 1 more"),
        ("content", {"item_columns": ()}, "no", "it needs a table of items with attributes"),
        ("ease", {"met": 92_331}, "poorly", "10,000 of the 92,331 items that were ever wanted take part"),
        ("ease", {"met": 9_000, "free_mb": 100.0}, "no", "But a fit takes about 324 MB here, and 100 MB are free"),
        ("item_knn", {"tail": 0.8}, "poorly", "80% of what was wanted are items of fewer than 5 customers"),
    ],
)
def test_the_figures_decide(method, change, verdict, said):
    advice = of(replace(SHOP, **change), method)
    assert (advice.verdict, advice.possible) == (verdict, verdict != "no")
    assert said in advice.said


def test_a_method_of_ones_own_needs_events_alone():
    assert of(SHOP, "loudest").verdict is Verdict.YES


def test_the_facts_of_a_small_shop_by_hand():
    minute, day = 60, 86_400
    rows = [  # customer, item, time
        ("a", "x", 0),
        ("a", "y", 10 * minute),
        ("a", "x", 20 * minute),
        ("b", "x", day),
        ("b", "y", 3 * day),
        ("c", "z", 10 * day),
    ]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row")
    items = pl.DataFrame({"item_id": ["x", "y", "z", "w"], "brand": ["A", None, "B", "B"], "same": ["s"] * 4})
    facts = Facts.of(Dataset.of(events, items=items))
    assert (facts.events, facts.customers, facts.items, facts.met, facts.pairs) == (6, 3, 4, 3, 5)
    assert (facts.days, facts.visits, facts.ratings) == (10.0, 1, 0)
    assert facts.item_columns == ("brand",)
    assert facts.customer_columns == ()
    assert (facts.items_each, facts.customers_each) == (2.0, 2.0)
    assert facts.lonely == pytest.approx(1 / 3)
    assert facts.repeats == pytest.approx(1 / 6)
    assert facts.young == 1.0
    assert (facts.thin, facts.tail) == (1.0, 1.0)


def test_visits_are_those_that_the_log_names():
    rows = [("a", "x", 1, 0), ("a", "y", 1, 9_000), ("a", "z", 2, 9_001), ("b", "x", 2, 9_002)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "session", "time"], orient="row")
    assert Facts.of(Dataset.of(events)).visits == 1  # a's first; the two halves of session 2 are of two customers
    assert Facts.of(Dataset.of(events.drop("session"))).visits == 1  # y and z, one second apart


def test_stars_are_ratings_and_weights_of_kinds_are_not():
    stars = Facts.of(shops.ratings().data)
    assert stars.ratings == 0  # every mark differs from every other: these are no stars
    rated = shops.ratings().data
    assert Facts.of(replace(rated, weight=np.rint(rated.weight))).ratings == len(rated)
    mixed = replace(rated, kinds=("view", "purchase"), weight=np.where(rated.weight > 3, 1, 0.2).astype(np.float32))
    assert Facts.of(mixed).ratings == 0
    ones = replace(rated, weight=np.ones(len(rated), dtype=np.float32))
    assert Facts.of(ones).ratings == 0


def test_what_was_taken_back_is_no_fact():
    data = shops.communities().data
    returned = replace(data, weight=np.where(np.arange(len(data)) < 100, -1, data.weight).astype(np.float32))
    assert Facts.of(returned).events == len(data) - 100


def test_the_overview_tells_what_is_unusual():
    assert len(overview(replace(SHOP, repeats=0.0))) == 2
    said = " ".join(overview(replace(SHOP, repeats=0.5, young=0.3, lonely=0.4)))
    assert "50% of the events are of items that the customer had before" in said
    assert "30% of the newest events are of items that the earlier log does not know" in said
    assert "40% of the customers have a single item" in said


def test_the_table_names_those_that_work_first():
    found = table(advise(SHOP))["works here"].to_list()
    assert found == sorted(found, key=["yes", "poorly", "no"].index)
