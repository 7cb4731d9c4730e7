"""Candidates, their standing and their past against loops over lists."""

import numpy as np
import pytest

from regulars.kernels.pairs import met, standings, union

RANDOM = np.random.default_rng(0)


def test_the_union_holds_each_item_once_in_order_and_no_padding():
    lists = RANDOM.integers(-1, 12, size=(200, 9)).astype(np.int32)
    starts, items = union(lists)
    for row, listed in enumerate(lists):
        assert items[starts[row] : starts[row + 1]].tolist() == sorted(set(listed.tolist()) - {-1})


@pytest.mark.parametrize("d", [1, 7])
def test_a_standing_is_the_number_of_better_ones(d):
    best = -np.sort(-RANDOM.integers(0, 30, size=(50, d)).astype(np.float32), axis=1)
    best[::3, d // 2 :] = np.nan
    lengths = RANDOM.integers(0, 9, size=50)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    scores = RANDOM.integers(0, 30, size=starts[-1]).astype(np.float32)
    scores[::5] = np.nan
    rows = np.repeat(np.arange(50), lengths)
    expected = [d if np.isnan(s) else int((best[row] > s).sum()) for row, s in zip(rows, scores, strict=True)]
    assert standings((starts, np.zeros(len(scores), np.int32)), scores, best).tolist() == expected


def test_what_was_met_is_counted_like_a_loop_would():
    n, n_items = 40, 15
    pairs = union(RANDOM.integers(-1, n_items, size=(n, 6)).astype(np.int32))
    lengths = RANDOM.integers(0, 20, size=n)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    items = RANDOM.integers(-1, n_items + 2, size=starts[-1]).astype(np.int32)
    times = RANDOM.integers(-5, 50, size=starts[-1])
    weights = RANDOM.choice([1.0, 0.0, -1.0], size=starts[-1]).astype(np.float32)
    counts, first, last = met(pairs, (starts, items), times, weights, n_items)
    for row in range(n):
        for at in range(pairs[0][row], pairs[0][row + 1]):
            own = slice(starts[row], starts[row + 1])
            moments = times[own][(items[own] == pairs[1][at]) & (weights[own] > 0)]
            expected = (len(moments), moments.min(), moments.max()) if len(moments) else (0, 0, 0)
            assert (counts[at], first[at], last[at]) == expected
