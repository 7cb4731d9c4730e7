"""Evidence of a few items, worked by hand."""

import numpy as np
import polars as pl

from regulars.core import DAY, Allowed, Dataset, Histories, Queries, floats
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking.evidence import FACTS, Evidence, ItemLore, Yardstick
from regulars.ranking.pairs import pairs_of
from regulars.ranking.table import UNKNOWN

NAN = float("nan")


def test_a_surprise_is_how_rare_a_higher_score_is():
    stick = Yardstick.of(floats(np.random.default_rng(0).permutation(10_000)))
    np.testing.assert_allclose(stick(floats([5_000, 9_000, 9_900])), np.log([2, 10, 100]), rtol=0.02)
    assert stick(floats([NAN]))[0] == UNKNOWN
    assert stick(floats([-5]))[0] == 0
    assert stick(floats([20_000]))[0] == stick(floats([9_999]))[0]


def test_a_yardstick_rises_and_equal_scores_are_equally_rare():
    stick = Yardstick.of(floats([1] * 900 + [2] * 90 + [3] * 10))
    assert (np.diff(stick.scores) > 0).all()
    assert (np.diff(stick(floats([1, 1.5, 2, 2.5, 3]))) > 0).all()


def test_a_model_that_can_tell_of_nothing_has_a_yardstick_all_the_same():
    assert Yardstick.of(floats([NAN]))(floats([NAN, 1])).tolist() == [UNKNOWN, 0]


def test_lore_counts_customers_and_who_came_back():
    """Item 0: three customers, two of whom came back; item 1: one, who did not; item 2: nobody kept it."""
    events = [("a", 0, 1), ("a", 0, 1), ("b", 0, 1), ("b", 0, 1), ("c", 0, 1), ("c", 1, 1), ("a", 2, -1)]
    frame = pl.DataFrame(events, schema=["user_id", "item_id", "weight"], orient="row")
    lore = ItemLore.of(Dataset.of(frame))
    np.testing.assert_allclose(lore.customers, np.log([4 / 4, 4 / 2, 4 / 1]), rtol=1e-6)
    usual = 3 / 5
    np.testing.assert_allclose(lore.again, -np.log([(2 + 5 * usual) / 8, 5 * usual / 6, usual]), rtol=1e-6)


def test_places_are_counted_among_what_is_new_and_among_what_is_not():
    """The history holds 0 and 3 (twice) of 5 items whose scores are 9 8 7 6 and none; 2 may not be answered."""
    model = ItemScores("one", 5, floats([[9, 8, 7, 6, NAN]]))
    history = Histories.of([[3, 0, 3, 77]], times=[[DAY, 2 * DAY, 3 * DAY, 4 * DAY]])
    queries = Queries.of(history, times=7 * DAY)
    lore = ItemLore(floats(np.arange(5)), floats(np.arange(5)) / 10)
    allowed = Allowed(np.array([[True, True, False, True, True]]))
    pairs = pairs_of((model,), queries, allowed, wide=5, depth=3)
    assert pairs.items.tolist() == [0, 1, 3]
    assert pairs.places[:, 0].tolist() == [0, 0, 1]  # 0 leads the known ones, 1 the new ones
    evidence = Evidence((Yardstick.of(floats([6, 7, 8, 9])),), lore)
    table = evidence.table(queries, pairs)
    assert table.numbers.shape == (3, 2 + len(FACTS))
    facts = dict(zip(evidence.names(("one",)), table.numbers.T, strict=True))
    assert facts["customers"].tolist() == [0, 1, 3]
    np.testing.assert_allclose(facts["place by one"], np.log1p(pairs.places[:, 0]))
    np.testing.assert_allclose(facts["events"], np.log1p([3, 3, 3]))
    np.testing.assert_allclose(facts["items"], np.log1p([2, 2, 2]))
    np.testing.assert_allclose(facts["times"], np.log1p([1, 0, 2]))
    np.testing.assert_allclose(facts["since"], [np.log1p(5), UNKNOWN, np.log1p(4)])
    np.testing.assert_allclose(facts["due"], [UNKNOWN, UNKNOWN, np.log1p(4 / 2)])
