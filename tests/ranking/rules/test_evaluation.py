"""Conditions over columns say what they say item by item; what is missing; how long an answer holds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.ranking.rules import Catalog, Condition, Rules
from regulars.ranking.rules.evaluation import mask_of
from regulars.ranking.rules.syntax import Node
from rule_twins import START, asked, catalog_of, contexts, documents, is_true, nodes


@given(nodes(), documents(), contexts(), st.integers(START - 3, START + 3))
def test_a_condition_is_true_of_the_items_that_it_is_true_of_one_by_one(
    node: Node, items: list[dict[str, Any]], context: dict[str, Any], now: int
) -> None:
    found = _true_of(node, catalog_of(items), context, now)
    assert found == [is_true(node, item, context, now) for item in items]


@given(nodes(), documents(), contexts(), st.integers(START - 3, START + 3), st.integers(-100, 100))
def test_a_mask_holds_for_as_long_as_it_says(
    node: Node, items: list[dict[str, Any]], context: dict[str, Any], now: int, later: int
) -> None:
    catalog = catalog_of(items)
    variables = {("context", name): value for name, value in context.items()}
    mask = mask_of(Condition.joined(node), catalog, variables, now)
    assert mask.holds(now)
    if mask.holds(now + later):
        assert mask.values[: len(items)].tolist() == [is_true(node, item, context, now + later) for item in items]


ITEMS = [
    {"price": 10, "brand": "A", "old": True, "tags": ["x", "y"], "since": START, "stock": {"rome": 2}},
    {"price": 90, "brand": "B", "old": False, "tags": [], "since": START + 100, "stock": {"rome": 0, "berlin": 4}},
    {},
]


@pytest.mark.parametrize(
    ("text", "true_of"),
    [
        ("price < 50", [0]),
        ("not (price < 50)", [1]),
        ("not price < 50 or price is missing", [1, 2]),
        ('brand != "A"', [1]),
        ('brand not in ["A", "C"]', [1]),
        ("old", [0]),
        ("not old", [1, 2]),
        ("old = false", [1]),
        ('tags has "x"', [0]),
        ('not tags has "x"', [1, 2]),
        ('tags has all ["x", "z"]', []),
        ('tags has any ["x", "z"]', [0]),
        ("tags is missing", [1, 2]),
        ('"x" in tags', [0]),
        ("stock[store] > 0", [0]),
        ('stock["berlin"] > 0', [1]),
        ('stock["nowhere"] > 0', []),
        ("stock[planet] > 0", []),
        ("since <= now", [0]),
        ("since > now - 1 day and since < now + 50 seconds", [0]),
        ("since >= 2023-11-14", [0, 1]),
        ('since < "2023-11-14T22:14:00"', [0]),
        ("price * 2 + 1 = 21", [0]),
        ("price / 0 > 1 or price / 0 <= 1", []),
        ("context.store = 'rome'", [0, 1, 2]),
        ("nobody < 3", []),
        ("not nobody", [0, 1, 2]),
        ("price < limit", [0]),
        ("brand in favorites", [1]),
        ("favorites has brand", [1]),
        ("not brand in hidden", [0, 1, 2]),
        ("brand < 5 or price = 'A' or tags > 1", []),
    ],
)
def test_what_is_missing_is_neither_below_nor_above(text: str, true_of: list[int]) -> None:
    context = {"store": "rome", "limit": "50.0", "favorites": ["B", "C"]}
    found = _true_of(Condition.of(text).node, catalog_of(ITEMS), context, START)
    assert [item for item, true in enumerate(found) if true] == true_of


def test_many_options_are_found_as_few_are() -> None:
    catalog = catalog_of(ITEMS)
    texts = "[" + ", ".join(f'"{letter}"' for letter in "BCDEFGHI") + "]"
    assert _true_of(Condition.of(f"brand in {texts}").node, catalog, {}, START) == [False, True, False]
    assert _true_of(Condition.of(f"brand not in {texts}").node, catalog, {}, START) == [True, False, False]
    assert _true_of(Condition.of("price in [1, 2, 3, 4, 5, 90]").node, catalog, {}, START) == [False, True, False]
    assert _true_of(Condition.of("price not in [1, 2, 3, 4, 5, 90]").node, catalog, {}, START) == [True, False, False]


def test_a_field_goes_before_a_variable_of_the_same_name_unless_the_scope_is_said() -> None:
    catalog = Catalog.of_documents([{"store": "a"}, {"store": "b"}], catalog_of(ITEMS[:2]).items)
    queries = asked(context={"store": "b"})
    for text, shown in (('store = "b"', [False, True]), ("store = context.store", [False, True])):
        assert Rules.of({"where": text}).bound(catalog).allowed(queries).dense(1, 2).tolist() == [shown]
    nobody = Rules.of({"where": 'context.store = "a"'}).bound(catalog).allowed(queries)
    assert not nobody.dense(1, 2).any()


def _true_of(node: Node, catalog: Catalog, context: dict[str, Any], now: int) -> list[bool]:
    variables = {("context", name): value for name, value in context.items()}
    found: list[bool] = np.asarray(mask_of(Condition.joined(node), catalog, variables, now).values).tolist()
    return found[: catalog.n_items]
