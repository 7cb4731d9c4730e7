"""Clues of a few items, worked by hand."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Allowed, Dataset, Histories, Queries, floats, ints
from regulars.core.errors import BadTable
from regulars.features import Inputs
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking.clues import GroupHabits, Prices, Recency, prices_of
from regulars.ranking.pairs import known_of, pairs_of
from regulars.ranking.table import UNKNOWN
from regulars.ranking.traits import CustomerTraits, ItemTraits, Readings

NAN = float("nan")
MODEL = ItemScores("one", 4, floats([[4, 3, 2, 1]]))
HISTORY = Histories.of([[3, 0, 3], []], times=[[DAY, 2 * DAY, 3 * DAY], []])
QUERIES = Queries.of(HISTORY, times=7 * DAY, attributes=pl.DataFrame({"town": ["Ulm", None], "age": [30.0, None]}))
PAIRS = pairs_of((MODEL,), QUERIES, Allowed(), wide=4, depth=4)


def told(clue, queries=QUERIES):
    """The numbers by name, [query, item], and the codes."""
    table = clue.table(queries, known_of(queries, 4), PAIRS)
    assert table.numbers.shape[1] == len(clue.names)
    assert table.codes.shape[1] == len(clue.sizes)
    return {name: column.reshape(2, 4) for name, column in zip(clue.names, table.numbers.T, strict=True)}, table.codes


def test_groups_count_what_the_customer_had_of_them_and_when():
    """Items 0 and 1 are tea, 2 is bread, of 3 nothing is known; the customer had 3, 0 and 3 again."""
    numbers, _ = told(GroupHabits(("kind",), ints([[0], [0], [1], [-1]]), (2,)))
    np.testing.assert_allclose(numbers["share of kind"], [[1 / 3, 1 / 3, 0, UNKNOWN], [0, 0, 0, UNKNOWN]])
    np.testing.assert_allclose(numbers["events in kind"][0], [np.log(2), np.log(2), 0, UNKNOWN])
    np.testing.assert_allclose(numbers["since kind"][0], [np.log1p(5), np.log1p(5), UNKNOWN, UNKNOWN])
    np.testing.assert_allclose(numbers["since kind"][1], UNKNOWN)


def test_a_price_stands_among_all_prices_and_beside_what_the_customer_pays():
    """The customer paid 8, 2 and 8 on average, which is 6; item 2 has no price."""
    numbers, _ = told(Prices.of(floats([2, 6, NAN, 8])))
    np.testing.assert_allclose(numbers["price"][0], [0, 1 / 3, UNKNOWN, 2 / 3])
    np.testing.assert_allclose(numbers["price beside the customer's"][0], [2 / 8, 6 / 12, UNKNOWN, 8 / 14])
    np.testing.assert_allclose(numbers["price beside the customer's"][1], UNKNOWN)


def log(**columns):
    frame = pl.DataFrame({"user_id": ["a", "a", "b", "b"], "item_id": [0, 1, 0, 2], **columns})
    return Dataset.of(frame, items=pl.DataFrame({"item_id": [0, 1, 2, 3]}))


def test_prices_are_those_of_the_events_where_the_catalog_has_none():
    np.testing.assert_allclose(prices_of(log(price=[1.0, 5.0, 3.0, None])), [2, 5, NAN, NAN])
    np.testing.assert_allclose(prices_of(log(value=[4.0, 5.0, 9.0, 1.0], quantity=[2, 1, 3, 0])), [2.5, 5, NAN, NAN])
    assert np.isnan(prices_of(log())).all()


def test_recency_tells_new_items_from_old_ones_and_how_long_the_customer_stayed_away():
    data = log(time=[0, DAY, 2 * DAY, 5 * DAY])
    numbers, _ = told(Recency.of(data))
    np.testing.assert_allclose(numbers["new"][0, 1:], [np.log1p(6), np.log1p(2), UNKNOWN], rtol=1e-6)
    np.testing.assert_allclose(numbers["sold"][0, 0], np.log1p(5), rtol=1e-6)
    np.testing.assert_allclose(numbers["idle"][:, 0], [np.log1p(4), UNKNOWN], rtol=1e-6)
    newest = numbers["share in 28 days"][0]  # the newest fourth of five days holds the event of item 2 alone
    np.testing.assert_allclose(newest, np.log([2, 2, 1, 2]), rtol=1e-6)


ITEMS = pl.DataFrame({"kind": ["tea", "tea", "bread", "bread"], "weight": [1.0, 2.0, 3.0, None]})


def test_attributes_of_items_are_codes_and_numbers_with_flags():
    inputs = Inputs.learn(ITEMS)
    numbers, codes = told(ItemTraits.of(inputs, ITEMS, 4))
    assert numbers["no weight"][0].tolist() == [0, 0, 0, 1]
    assert codes[0, 0] == codes[1, 0] != codes[2, 0]
    assert codes.min() >= 1


def test_a_customer_without_attributes_and_a_category_unseen_in_training_are_unknown():
    towns = pl.DataFrame({"town": ["Ulm", "Ulm", "Bonn", "Bonn"], "age": [20.0, 40.0, 30.0, 50.0]})
    clue = CustomerTraits(Inputs.learn(towns))
    numbers, codes = told(clue)
    assert codes.ravel().tolist() == [*[codes[0, 0]] * 4, 0, 0, 0, 0]
    assert codes[0, 0] > 0
    assert numbers["no age"][1].tolist() == [1, 1, 1, 1]
    assert told(clue, Queries.of(HISTORY, times=0))[1].max() == 0
    foreign = Queries.of(HISTORY, times=0, attributes=pl.DataFrame({"town": ["Rome", "Rome"]}))
    assert told(clue, foreign)[1].max() == 0


def test_a_number_that_is_nan_is_refused_with_its_column():
    towns = pl.DataFrame({"age": [20.0, 40.0, 30.0, 50.0]})
    queries = Queries.of(HISTORY, times=0, attributes=pl.DataFrame({"age": [20.0, NAN]}))
    with pytest.raises(BadTable, match="the column age holds NaN"):
        told(CustomerTraits(Inputs.learn(towns)), queries)
    items = pl.DataFrame({"item_id": [2, 3], "weight": [1.0, NAN]})
    data = Dataset.of(pl.DataFrame({"user_id": [1], "item_id": [2]}), items=items)
    with pytest.raises(BadTable, match="the column weight holds NaN"):
        Readings.of(data, ("items",), ())
