"""What may be shown: lists of ids, dates, what was seen, the context of each question; and masks that are kept."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Histories, Queries
from regulars.ranking.rules import Bound, Catalog, Rules
from rule_twins import START, asked, catalog_of, vocabulary

SHOP = [{"price": float(item), "brand": "AB"[item % 2], "stock": {"rome": item}} for item in range(4)]


def _allowed(table: dict[str, Any], queries: Queries | None = None, catalog: Catalog | None = None) -> list[list[int]]:
    catalog, queries = catalog or catalog_of(SHOP), asked() if queries is None else queries
    bound = Rules.of(table).bound(catalog, ("view", "purchase"))
    return [np.flatnonzero(row).tolist() for row in bound.allowed(queries).dense(len(queries), catalog.n_items)]


def test_allow_and_deny_are_by_id_and_strangers_do_not_matter() -> None:
    assert _allowed({"allow": ["i1", "i2", "nobody"]}) == [[1, 2]]
    assert _allowed({"deny": ["i1", "nobody"]}) == [[0, 2, 3]]
    assert _allowed({"allow": []}) == [[]]
    assert _allowed({"allow": ["i1", "i2"], "deny": ["i1"], "where": "price > 0"}) == [[2]]


def test_whole_numbers_are_ids_too() -> None:
    catalog = Catalog(type(vocabulary(1))(pl.Series([10, 11, 12])))
    assert _allowed({"deny": [10, "12"]}, catalog=catalog) == [[1]]


def test_an_id_that_comes_later_is_allowed_from_then_on() -> None:
    catalog = catalog_of(SHOP)
    assert _allowed({"allow": ["i5"]}, catalog=catalog) == [[]]
    assert _allowed({"allow": ["i5"]}, catalog=catalog.extended(vocabulary(6))) == [[5]]


def test_merged_lists_are_cut_by_each_other() -> None:
    rules = Rules.of({"allow": ["i1", "i2"]}).merged(
        Rules.of({"allow": ["i2", "i3"]}), Rules.of({"where": "price < 9"})
    )
    assert np.flatnonzero(rules.bound(catalog_of(SHOP)).allowed(asked()).dense(1, 4)).tolist() == [2]


@given(
    st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.integers(-3, 3)), min_size=1, max_size=5),
    st.lists(st.integers(-4, 4), min_size=1, max_size=6),
)
def test_an_item_is_there_from_its_first_moment_until_before_its_last(
    spans: list[tuple[int | None, int | None]], moments: list[int]
) -> None:
    items = [
        {name: float(START + at) for name, at in zip(("begin", "end"), span, strict=True) if at is not None}
        for span in spans
    ]
    queries = replace(asked(len(moments)), times=START + np.array(moments, dtype=np.int64))
    found = _allowed({"available_from": "begin", "available_until": "end"}, queries, catalog_of(items))
    assert found == [
        [
            item
            for item, (begin, end) in enumerate(spans)
            if (begin is None or begin <= moment) and (end is None or moment < end)
        ]
        for moment in moments
    ]


def test_dates_that_are_no_times_are_no_limit() -> None:
    assert _allowed({"available_from": "nothing", "available_until": "brand"}) == [[0, 1, 2, 3]]


def test_what_was_seen_is_not_shown_again() -> None:
    history = replace(Histories.of([[0, 1], [2]]), kinds=np.array([0, 1, 0], dtype=np.int8))
    queries = Queries.of(history, times=START)
    assert _allowed({"unseen": True}, queries) == [[2, 3], [0, 1, 3]]
    assert _allowed({"unseen": ["purchase", "wish"]}, queries) == [[0, 2, 3], [0, 1, 2, 3]]
    assert _allowed({"unseen": "view", "where": "price > 1"}, queries) == [[2, 3], [3]]


def test_each_question_has_its_context_and_its_customer() -> None:
    context = pl.DataFrame({"store": ["rome", "oslo", "rome", None], "limit": [1, 9, 2, 9]})
    attributes = pl.DataFrame({"age": [17, 30, 40, None]})
    queries = replace(asked(4), context=context, attributes=attributes)
    assert _allowed({"where": "stock[store] > 0 and price <= limit"}, queries) == [[1], [], [1, 2], []]
    assert _allowed({"where": "price > 1 or customer.age >= 18"}, queries) == [
        [2, 3],
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [2, 3],
    ]


@pytest.mark.parametrize("other", [1, 1.0, True, "1", None, float("nan"), ["1"], {"a": 1}])
def test_values_that_look_alike_are_kept_apart(other: object) -> None:
    catalog = catalog_of([{"brand": "1"}, {"size": 1.0}])
    alone = _allowed(
        {"where": "brand = value or size = value"}, _value(other), catalog_of([{"brand": "1"}, {"size": 1.0}])
    )
    for value in ("1", 1, True, 2.0):
        _allowed({"where": "brand = value or size = value"}, _value(value), catalog)
    assert _allowed({"where": "brand = value or size = value"}, _value(other), catalog) == alone


def _value(value: object) -> Queries:
    return replace(asked(), context=pl.DataFrame({"value": pl.Series([value], dtype=pl.Object)}))


def test_one_mask_serves_all_where_the_rules_see_no_difference() -> None:
    context = pl.DataFrame({"channel": ["web", "shop", "mail"]})
    queries = replace(asked(3), context=context, times=START + np.arange(3))
    for table in ({"where": "price > 1"}, {"where": "now > 2020-01-01 and price > 1"}):
        mask = Rules.of(table).bound(catalog_of(SHOP)).allowed(queries).mask
        assert mask is not None
        assert mask.shape == (1, 4)


def test_a_mask_is_made_once_and_shared_by_whoever_asks() -> None:
    catalog = catalog_of(SHOP)
    masks = [Rules.of({"where": "price>1 and brand='A'"}).bound(catalog).allowed(asked()).mask for _ in range(2)]
    assert masks[0] is not None
    assert masks[1] is not None
    assert np.shares_memory(masks[0], masks[1])


def test_the_masks_that_are_kept_do_not_outgrow_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.ranking.rules.masks.ROOM", 1_000)
    catalog = catalog_of(SHOP)
    for limit in range(200):
        _allowed({"where": f"price < {limit}"}, catalog=catalog)
    assert len(catalog.masks) * catalog.room <= 1_000


def test_nobody_asks_and_nothing_breaks() -> None:
    assert _allowed({"where": "price > 1 and stock[store] > 0"}, asked(0)) == []


def test_rules_that_say_nothing_cost_nothing() -> None:
    bound = Bound(Rules(), catalog_of(SHOP))
    assert bound.allowed(asked()).mask is None
    assert not bound.arranges
