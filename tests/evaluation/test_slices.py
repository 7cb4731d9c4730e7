"""Slices: which wanted item is of which part."""

import polars as pl

from regulars.core import Dataset, Histories, Queries
from regulars.evaluation import Slices, Split
from regulars.evaluation.facts import ItemFacts
from regulars.evaluation.slices import by_activity, by_age, by_interactions, by_repeat, by_traffic


def parts(slicing, counts, histories, wanted):
    """The part of each wanted item, with counts[i] training events of item i."""
    log = pl.DataFrame({"user_id": [0] * sum(counts), "item_id": [i for i, n in enumerate(counts) for _ in range(n)]})
    train = Dataset.of(log, items=pl.DataFrame({"item_id": range(len(counts))}))
    index = {item: i for i, item in enumerate(train.items.ids.to_list())}
    split = Split(
        "by hand",
        train,
        Queries.of(Histories.of([[index.get(i, i) for i in row] for row in histories])),
        Histories.of([[index.get(i, i) for i in row] for row in wanted]),
    )
    slices: Slices = slicing(split, ItemFacts.of(train))
    named = [slices.names[code] for code in slices.codes]
    items = [train.items.ids[i] if i < len(train.items) else i for i in split.wanted.items.tolist()]
    return dict(zip(zip(split.wanted.rows.tolist(), items, strict=True), named, strict=True))


def test_head_is_what_stands_behind_less_than_80_percent_of_the_traffic():
    # shares of the traffic ahead: item 0: 0, item 1: .7, item 2: .9, items 3 and 4: .96 (equals are of one part)
    found = parts(by_traffic, [70, 20, 6, 2, 2, 0], [[]], [[0, 1, 2, 3, 4, 5]])
    assert [found[0, i] for i in range(6)] == ["head", "head", "middle", "tail", "tail", "tail"]


def test_items_with_equally_many_events_are_of_one_part():
    assert set(parts(by_traffic, [10] * 5, [[]], [[0, 1, 2, 3, 4]]).values()) == {"head"}


def test_numbers_of_interactions_at_every_border():
    counts = [0, 1, 3, 4, 10, 11, 30, 31, 100, 101, 300, 301]
    found = parts(by_interactions, counts, [[]], [range(12)])
    expected = ["0", "1-3", "1-3", "4-10", "4-10", "11-30", "11-30", "31-100", "31-100", "101-300", "101-300", ">300"]
    assert [found[0, i] for i in range(12)] == expected


def test_an_item_beyond_the_catalog_is_new_and_of_the_tail():
    assert parts(by_age, [3, 0], [[]], [[0, 1, 9]]) == {(0, 0): "known", (0, 1): "new", (0, 9): "new"}
    assert parts(by_traffic, [3], [[]], [[0, 9]]) == {(0, 0): "head", (0, 9): "tail"}
    assert parts(by_interactions, [3], [[]], [[9]]) == {(0, 9): "0"}


def test_customers_by_their_events_and_their_wanted_items_by_whether_they_had_them():
    histories, wanted = [[], [0, 0, 0], [1] * 101], [[0], [0, 1], [0, 1]]
    assert list(parts(by_activity, [1, 1], histories, wanted).values()) == ["0", "1-3", "1-3", ">100", ">100"]
    assert list(parts(by_repeat, [1, 1], histories, wanted).values()) == [
        "explore",
        "repeat",
        "explore",
        "explore",
        "repeat",
    ]
