"""Rules: how they are read, merged and checked."""

from typing import Any

import pytest

from regulars.core.errors import RuleError
from regulars.ranking.rules import Condition, Diversity, Pin, Rules, Screen, Share
from rule_twins import catalog_of

WHOLE: dict[str, Any] = {
    "where": "price < 50",
    "allow": ["a", 12],
    "deny": ["b", "b"],
    "available_from": "since",
    "available_until": "until",
    "unseen": ["purchase"],
    "boosts": [{"where": 'brand = "A"', "factor": 2}, {"where": "old", "add": -0.5}],
    "bury": "old",
    "pins": [{"item": 12, "slot": 3, "where": 'context.channel = "web"'}],
    "shares": [{"where": "old", "at_most": 0.3}, {"by": "brand", "at_most": 0.5}],
    "caps": {"brand": 2},
    "weights": {"margin": 0.5},
    "diversity": {"by": "brand", "strength": 0.7},
}


def test_every_key_of_a_table_is_read() -> None:
    rules = Rules.of(WHOLE)
    screen = Screen(Condition.of("price < 50"), ("a", "12"), ("b",), "since", "until")
    assert rules.screens == (screen,)
    assert rules.unseen == ("purchase",)
    assert [(boost.factor, boost.add) for boost in rules.boosts] == [(2, 0), (1, -0.5)]
    assert rules.bury == (Condition.of("old"),)
    assert rules.pins == (Pin("12", 3, Condition.of('context.channel = "web"')),)
    assert rules.shares == (Share(Condition.of("old"), at_most=0.3), Share(by="brand", at_most=0.5))
    assert (rules.caps, rules.weights) == ((("brand", 2),), (("margin", 0.5),))
    assert rules.diversity == Diversity("brand", 0.7)


def test_no_rules_say_nothing() -> None:
    rules = Rules.of({})
    assert (rules.screens, rules.arranges, rules.unseen) == ((), False, ())
    assert Rules.of({"unseen": True}).unseen == ("*",)
    assert Rules.of({"unseen": False, "bury": ["a", "b"]}).bury == (Condition.of("a"), Condition.of("b"))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"wher": "a"}, r"\[rules\] has no wher; did you mean where\? It may have where, allow, deny"),
        ({"where": 5}, r"\[rules\] where must be a text; it is 5"),
        ({"where": "price <"}, r"\[rules\] where: a field, a number or a text is wanted; the text ends, at letter 8"),
        ({"allow": "a"}, r"\[rules\] allow must be a list; it is 'a'"),
        ({"deny": [1.5]}, r"\[rules\] deny no. 1 must be the id of an item; it is 1.5"),
        ({"caps": {"brand": 0}}, r"\[rules\] caps brand must be a whole number from 1 to 10,000; it is 0"),
        ({"caps": {"brand": True}}, "must be a whole number"),
        ({"caps": ["brand"]}, "must be a table from fields to numbers"),
        ({"weights": {"price": float("nan")}}, "must be a number from -1 to 1; it is nan"),
        ({"weights": {"price": 2}}, "must be a number from -1 to 1; it is 2"),
        ({"boosts": [{"where": "a"}]}, r"boosts no. 1 needs a factor \(2 doubles the worth\) or something to add"),
        ({"boosts": [{"factor": 2}]}, "boosts no. 1 lacks where"),
        ({"boosts": {"factor": 2}}, "boosts must be a list"),
        ({"pins": [{"item": "a", "slot": 0}]}, "pins no. 1 slot must be a whole number from 1"),
        ({"pins": [{"item": "a", "slots": 1}]}, "lacks slot"),
        ({"pins": ["a"]}, "pins no. 1 must be a table; it is 'a'"),
        ({"shares": [{"at_most": 0.5}]}, "needs either where"),
        ({"shares": [{"where": "a", "by": "b", "at_most": 0.5}]}, "needs either where"),
        ({"shares": [{"where": "a"}]}, "needs at_least or at_most"),
        ({"shares": [{"where": "a", "at_least": 0.5, "at_most": 0.2}]}, "turn them around"),
        ({"shares": [{"by": "a", "at_least": 0.5}]}, "name the value with where"),
        ({"shares": [{"where": "a", "at_most": 30}]}, "must be a number from 0 to 1; it is 30"),
        ({"diversity": 0.5}, "diversity must be a table; it is 0.5"),
        ({"bury": ["old"] * 101}, "bury has 101 entries; 100 are the most"),
        ({"unseen": 5}, "unseen must be a list; it is 5"),
        ([], "must be a table"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_place(table: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Rules.of(table)


def test_the_place_of_the_rules_begins_every_message() -> None:
    with pytest.raises(RuleError, match=r"^\[scenarios.home.rules\] caps brand must be"):
        Rules.of({"caps": {"brand": -1}}, "[scenarios.home.rules]")


def test_merged_rules_hold_all_conditions_and_the_tighter_cap() -> None:
    shop = Rules.of({"where": "a", "caps": {"brand": 2, "kind": 5}, "weights": {"price": 0.1}, "unseen": True})
    page = Rules.of({"where": "b", "caps": {"brand": 3, "maker": 1}, "weights": {"price": 0.2}, "deny": ["x"]})
    both = shop.merged(page)
    assert both.screens == shop.screens + page.screens
    assert dict(both.caps) == {"brand": 2, "kind": 5, "maker": 1}
    assert (both.weights, both.unseen) == ((("price", 0.2),), ("*",))
    assert shop.merged(shop, Rules()).screens == shop.screens
    assert Rules().merged(Rules.of(WHOLE)) == Rules.of(WHOLE)


def test_of_diversity_and_of_a_slot_the_last_word_counts() -> None:
    shop = Rules.of({"diversity": {"by": "brand"}, "pins": [{"item": "a", "slot": 1}]})
    page = Rules.of({"diversity": {"by": "kind"}, "pins": [{"item": "b", "slot": 1}]})
    both = shop.merged(page)
    assert both.diversity == Diversity("kind")
    assert [pin.item for pin in both.pins] == ["b", "a"]


CATALOG = catalog_of([{"price": 1.0, "brand": "A", "tags": ["A"], "stock": {"rome": 1}, "old": True, "since": 0}])


@pytest.mark.parametrize(
    "table",
    [
        {"where": "price < 50 and channel = 'web' and stock[store] > 0 and customer.age > 18 and since < now"},
        {"caps": {"brand": 1}, "weights": {"price": 1}, "available_from": "since"},
        {"pins": [{"item": "nobody", "slot": 1, "where": "context.channel = 'web'"}]},
    ],
)
def test_rules_whose_names_are_known_pass(table: dict[str, Any]) -> None:
    Rules.of(table).check(CATALOG, ["channel", "store"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"where": "prise < 50"}, r"where: the items have no field prise; did you mean price\?"),
        ({"where": "item.channel = 'web'"}, "the items have no field channel"),
        ({"where": "context.chanel = 'web'"}, r"the context has no chanel; did you mean channel\?"),
        ({"where": "stock > 0"}, "stock is a map; say of which key"),
        ({"where": "price[store] > 0"}, "price is a number, not a map"),
        ({"where": "stock[stroe] > 0"}, r"the context has no stroe; did you mean store\?"),
        ({"caps": {"brnad": 2}}, r"caps: the items have no field brnad; did you mean brand\?"),
        ({"caps": {"tags": 2}}, "caps want a field with one value for each item; tags is a list"),
        ({"diversity": {"by": "stock"}}, "diversity wants"),
        ({"weights": {"margin": 1}}, "weights: the items have no field margin"),
        ({"weights": {"brand": 1}}, "weights want a field of numbers; brand is a text"),
        ({"available_until": "until"}, "available_until: the items have no field until"),
        ({"available_from": "brand"}, "available_from wants a field of times; brand is a text"),
        ({"boosts": [{"where": "nwe", "factor": 2}]}, "boosts: the items have no field nwe"),
    ],
)
def test_a_name_that_nothing_answers_to_is_told(table: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Rules.of(table).check(CATALOG, ["channel", "store"])


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ('tags = "A"', 'tags is a list; write tags has "A"'),
        ('tags in ["A", "B"]', r'tags is a list; write tags has any \["A", "B"\]'),
        ('price < "cheap"', 'price is a number, and "cheap" is none'),
        ('not (price in [1, "cheap"])', 'price is a number, and "cheap" is none'),
        ("brand = 5", 'brand is a text, and 5 is none; write "5"'),
        ("brand = price", "brand is a text, and price is none"),
        ('brand < "B"', "brand is a text, which is = or != another, and not <"),
        ("brand + 1 > 2", "brand is a text, with which nothing can be calculated"),
        ('old = "maybe"', 'old is a flag, and "maybe" is none'),
        ('stock["rome"] = "much"', r'stock\["rome"\] is a number, and "much" is none'),
        ('day > "soon"', 'day is a time, and "soon" is none'),
        ('brand has any ["A", 5]', "brand is a text, and 5 is none"),
    ],
)
def test_a_comparison_that_can_hold_for_no_item_is_told(where: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Rules.of({"where": where}).check(DATED)


@pytest.mark.parametrize(
    "where",
    [
        'price < "5.5" and old = "true" and day > "2026-01-01" and day + 3 days > now and now - day < 1 week',
        'brand in ["A", "B"] and "A" in tags and tags has any ["A", 5] and "A" in brand and brand = context.brand',
        'price = context.price and day < context.until and stock[store] > 0 and stock["oslo"] = "much" and since < now',
    ],
)
def test_a_comparison_that_can_hold_passes(where: str) -> None:
    Rules.of({"where": where}).check(DATED, ["brand", "price", "until", "store"])


DATED = catalog_of(
    [{"price": 1.0, "brand": "A", "tags": ["A"], "stock": {"rome": 1}, "old": True, "since": 0, "day": "2026-01-01"}]
)
