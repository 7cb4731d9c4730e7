"""Each metric against a case worked by hand and against the plainest program for its formula."""

from math import isnan, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import longs
from regulars.evaluation import METRICS, Judged

#  rank             1  2  3  4
HITS = [False, True, False, True]  # and five items were wanted
BY_HAND = {
    "recall": 2 / 5,
    "recall_capped": 2 / 4,
    "precision": 2 / 4,
    "hit_rate": 1.0,
    "mrr": 1 / 2,
    "map": (1 / 2 + 2 / 4) / 4,
    # (1/log2(3) + 1/log2(5)) / (1 + 1/log2(3) + 1/2 + 1/log2(5)) = (.63093 + .43068) / 2.56161
    "ndcg": 1.06161 / 2.56161,
}


def figure(name, hits, wanted):
    return float(METRICS[name](Judged(np.array([hits], dtype=bool), longs([wanted])))[0])


@pytest.mark.parametrize("name", METRICS)
def test_a_list_of_four_with_hits_at_ranks_two_and_four_of_five_wanted(name):
    assert figure(name, HITS, 5) == pytest.approx(BY_HAND[name], abs=1e-5)


def test_with_one_wanted_item_at_rank_three_of_four():
    at_three = [False, False, True, False]
    expected = {
        "recall": 1,
        "recall_capped": 1,
        "precision": 1 / 4,
        "hit_rate": 1,
        "mrr": 1 / 3,
        "map": 1 / 3,
        "ndcg": 1 / 2,
    }
    assert {name: figure(name, at_three, 1) for name in METRICS} == pytest.approx(expected)


def gain(ranks):
    return sum(1 / log2(rank + 1) for rank in ranks)


def plain(name, hits, wanted):
    k, found = len(hits), sum(hits)
    ranks = [rank for rank, hit in enumerate(hits, 1) if hit]
    return {
        "recall": lambda: found / wanted,
        "recall_capped": lambda: found / min(k, wanted),
        "precision": lambda: found / k,
        "hit_rate": lambda: float(found > 0),
        "mrr": lambda: 1 / ranks[0] if ranks else 0.0,
        "map": lambda: sum(i / rank for i, rank in enumerate(ranks, 1)) / min(k, wanted),
        "ndcg": lambda: (
            sum(1 / log2(r + 1) for r in ranks) / sum(1 / log2(r + 1) for r in range(1, min(k, wanted) + 1))
        ),
    }[name]()


lists = st.lists(st.booleans(), min_size=1, max_size=12)


@pytest.mark.parametrize("name", METRICS)
@given(st.lists(st.tuples(lists, st.integers(0, 5)), min_size=1, max_size=6))
def test_a_block_of_lists_agrees_with_the_formula_one_by_one(name, rows):
    k = min(len(hits) for hits, _ in rows)
    hits = [row[:k] for row, _ in rows]
    wanted = [sum(row) + more for row, (_, more) in zip(hits, rows, strict=True)]
    figures = METRICS[name](Judged(np.array(hits, dtype=bool), longs(wanted)))
    for i, one in enumerate(figures.tolist()):
        assert isnan(one) if not wanted[i] else one == pytest.approx(plain(name, hits[i], wanted[i]), abs=1e-6)
