"""What all lists together do to the catalog, worked by hand."""

from itertools import combinations
from math import isnan, log2

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import MISSING, Dataset, ints
from regulars.evaluation.catalog_metrics import (
    Shown,
    category_diversity,
    coverage,
    diversity,
    filled,
    gini,
    novelty,
    overlap,
    popularity,
)
from regulars.evaluation.facts import ItemFacts

# customers of item 0: all four, of 1: two, of 2: one (twice), of 3: nobody
EVENTS = [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (2, 2), (2, 2)]
ITEMS = pl.DataFrame({"item_id": [0, 1, 2, 3], "category": ["food", "food", "toys", None]})
TRAIN = Dataset.of(pl.DataFrame(EVENTS, schema=["user_id", "item_id"], orient="row"), items=ITEMS)
FACTS = ItemFacts.of(TRAIN)


def shown(rows, facts=FACTS):
    items = ints(rows)
    counts = np.bincount(items[items >= 0], minlength=facts.n_items)
    return Shown(counts, len(items), items.shape[1], items, facts)


def test_facts_count_events_and_different_customers():
    assert FACTS.events.tolist() == [4, 2, 2, 0]
    assert FACTS.customers.tolist() == [4, 2, 1, 0]
    assert FACTS.n_users == 4


def test_coverage_and_filled_places():
    lists = shown([[0, 1], [0, MISSING]])
    assert (coverage(lists), filled(lists)) == (2 / 4, 3 / 4)


def test_gini_of_equal_and_of_one_sided_places():
    assert gini(shown([[0, 1], [2, 3]])) == 0
    # counts 0 0 0 4: the largest that four items allow, 1 - 1/4
    assert gini(shown([[0], [0], [0], [0]])) == pytest.approx(3 / 4)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_gini_agrees_with_the_mean_difference_of_all_pairs(items):
    counts = np.bincount(items, minlength=4)
    differences = sum(abs(int(a) - int(b)) for a in counts for b in counts)
    assert gini(shown([[item] for item in items])) == pytest.approx(differences / (2 * 4 * len(items)))


def test_novelty_is_the_mean_of_the_bits_and_an_item_of_nobody_counts_as_of_one():
    assert novelty(shown([[0, 1], [2, 3]])) == pytest.approx((0 + log2(4 / 2) + log2(4 / 1) + log2(4 / 1)) / 4)


def test_popularity_is_the_mean_percentile_with_equals_counted_half():
    # percentiles: item 3 .125, item 2 .375, item 1 .625, item 0 .875
    assert popularity(shown([[0, 3]])) == pytest.approx((0.875 + 0.125) / 2)
    assert popularity(shown([[0, 1], [2, 3]])) == pytest.approx(0.5)


def test_overlap_by_hand():
    # {0,1} and {0,2}: 1/3; {0,1} and {3}: 0; {0,2} and {3}: 0
    assert overlap(shown([[0, 1], [0, 2], [3, MISSING]])) == pytest.approx(1 / 9)
    assert overlap(shown([[0, 1], [1, 0]])) == pytest.approx(1)


def test_diversity_by_hand():
    # cosines of the sets of customers: 0 and 1: 2 / sqrt(4 * 2); 0 and 2: 1 / sqrt(4); 1 and 2: 0; 3 has no customers
    assert diversity(shown([[0, 1]])) == pytest.approx(1 - 2 / np.sqrt(8), abs=1e-5)
    assert diversity(shown([[0, 1, 2]])) == pytest.approx(1 - (2 / np.sqrt(8) + 1 / 2) / 3, abs=1e-5)
    assert diversity(shown([[0, 3], [1, MISSING]])) == pytest.approx(1)


def test_sketched_cosines_are_right_on_average():
    rng = np.random.default_rng(0)
    marks = rng.random((2000, 30)) < rng.uniform(0.02, 0.3, 30)
    users, items = np.nonzero(marks)
    facts = ItemFacts.of(Dataset.of(pl.DataFrame({"user_id": users, "item_id": items})))
    order = Dataset.of(pl.DataFrame({"user_id": users, "item_id": items})).items.ids.to_numpy()
    unit = marks[:, order] / np.sqrt(marks[:, order].sum(axis=0))
    exact = [unit[:, a] @ unit[:, b] for a, b in combinations(range(30), 2)]
    sketch = facts.vectors(ints(range(30)))
    estimates = [sketch[a] @ sketch[b] for a, b in combinations(range(30), 2)]
    assert np.mean(estimates) == pytest.approx(np.mean(exact), abs=0.015)
    assert np.std(np.subtract(estimates, exact)) < 1.5 / np.sqrt(1024)


def test_category_diversity_counts_pairs_of_different_categories_and_an_unknown_one_differs_from_all():
    assert category_diversity(shown([[0, 1, 2]])) == pytest.approx(2 / 3)
    assert category_diversity(shown([[3, 0], [1, 0]])) == pytest.approx(1 / 2)


def test_without_categories_there_is_no_category_diversity():
    bare = ItemFacts.of(Dataset.of(pl.DataFrame(EVENTS, schema=["user_id", "item_id"], orient="row")))
    assert isnan(category_diversity(shown([[0, 1]], bare)))


def test_of_empty_lists_only_the_places_are_known():
    empty = shown([[MISSING, MISSING], [MISSING, MISSING]])
    assert (coverage(empty), filled(empty)) == (0, 0)
    assert all(isnan(figure(empty)) for figure in (gini, novelty, popularity, overlap, diversity))
