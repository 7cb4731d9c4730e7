"""Places of answers in mixed lists are those that sorting finds."""

import numpy as np

from regulars.core import floats, ints
from regulars.kernels.panels import CHUNK, Panel, places


def sorted_places(panel, mixed, allowed, k):
    found = []
    for row, target in enumerate(panel.targets):
        tables = zip((panel.own, panel.content, panel.alike, panel.lengths), mixed, strict=True)
        scores = sum(table[row].astype(np.float64) * by for table, by in tables)
        may = allowed.copy()
        may[panel.known[panel.starts[row] : panel.starts[row + 1]]] = False
        before = (scores[may] > scores[target]).sum()
        found.append(min(before, k) if allowed[target] else k)
    return found


def test_places_are_those_of_sorted_lists_up_to_the_last_that_counts():
    random = np.random.default_rng(0)
    n, n_items = 40, 2 * CHUNK + 17
    targets = ints(random.integers(n_items, size=n))
    known = [np.setdiff1d(random.choice(n_items, random.integers(9), replace=False), [t]) for t in targets]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in known])]).astype(np.int64)
    tables = [floats(random.standard_normal((n, n_items))) for _ in range(3)]
    panel = Panel(*tables, floats(random.standard_normal(n)), targets, starts, ints(np.concatenate(known)))
    mixed = tuple(floats(random.uniform(0, 2, n_items)) for _ in range(4))
    allowed = random.random(n_items) < 0.8
    for k in (1, 10, 10_000):
        expected = np.array(sorted_places(panel, mixed, allowed, k))
        for rows in (np.arange(n), np.arange(n)[::-3]):
            assert places(panel, rows, mixed, allowed, k).tolist() == expected[rows].tolist()


def test_no_questions_have_no_places():
    empty = np.empty((0, 5), dtype=np.float32)
    panel = Panel(empty, empty, empty, floats([]), ints([]), np.zeros(1, dtype=np.int64), ints([]))
    assert not len(places(panel, np.arange(0), (floats([1] * 5),) * 4, np.ones(5, dtype=np.bool_), 10))
