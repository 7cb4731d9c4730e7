"""What was done until a step, and what was done next: the sums over all beginnings of all histories.

The steps of a customer are 0, 1, ..., n - 1. Cut after any but the last step c, of weight W_c, a history has a past, in
which an event of step s weighs d^(c - s), and a future, in which one of step s weighs a^(s - c - 1). With one row of S
and one of T for each cut, the sums of S'WS and S'WT over the cuts follow from the steps s and s' of two events:

    S'WS: d^|s - s'| q_max(s, s'), where q_s = W_s + d^2 q_(s + 1)
    S'WT: F(s, s') = W_s a^(s' - s - 1) + d F(s + 1, s'), where F(s', s') = 0

so that no cut is ever written down: the work is that of all pairs of events that are near enough to matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks

BLOCK = 64  # items that one thread works on at a time
LEAST = 1e-6  # a pair that weighs less than this part of its nearest is left out
FAR = 2**40  # steps; more than anybody takes


class Walks(NamedTuple):
    """The events of all customers, oldest first, customer after customer."""

    starts: Longs  # [n_users + 1]
    items: Ints  # [n_events]
    weights: Floats  # [n_events]
    steps: Longs  # [n_events], rising, counted over all customers
    cuts: Floats  # W of each step; 0 for a customer's last one


def add_prefixes(walks: Walks, past: float, ahead: float, gram: Floats, right: Floats, *, threads: int | None) -> None:
    """Adds S'WS to `gram`, on and above the diagonal, and (S'WT)' to `right`; both float32 [n_items, n_items].

    past, ahead: d and a, from 0 to 1. right[i, j]: how much item j of the past goes with item i of the future.
    """
    order = np.argsort(walks.items, kind="stable")
    item_starts = np.concatenate([[0], np.cumsum(np.bincount(walks.items, minlength=len(gram)))])
    users = np.repeat(np.arange(len(walks.starts) - 1, dtype=np.int32), np.diff(walks.starts))
    later = _later(walks.starts, walks.steps, walks.cuts, past)
    reach = _reach(max(past, ahead))

    def work(begin: int, end: int) -> None:
        _add(begin, end, item_starts, order, users, *walks, later, past, ahead, reach, gram, right)

    in_blocks(work, len(gram), BLOCK, threads)


def _reach(slowest: float) -> int:
    """How many steps apart two events still count."""
    if slowest >= 1:
        return FAR
    return 1 if slowest <= 0 else int(min(FAR, 1 + np.log(LEAST) / np.log(slowest)))


@njit(cache=True, nogil=True)
def _later(starts: Longs, steps: Longs, cuts: Floats, past: float) -> Floats:
    """q of each step."""
    sums = np.zeros(len(cuts), dtype=np.float32)
    for user in range(len(starts) - 1):
        if starts[user] == starts[user + 1]:
            continue
        after = 0.0
        for step in range(steps[starts[user + 1] - 1], steps[starts[user]] - 1, -1):
            after = cuts[step] + past * past * after
            sums[step] = after
    return sums


@njit(cache=True, nogil=True)
def _add(
    first: int,
    last: int,
    item_starts: Longs,
    order: Longs,
    users: Ints,
    starts: Longs,
    items: Ints,
    weights: Floats,
    steps: Longs,
    cuts: Floats,
    later: Floats,
    past: float,
    ahead: float,
    reach: int,
    gram: Floats,
    right: Floats,
) -> None:
    for item in range(first, last):
        met, before = gram[item], right[item]
        for place in range(item_starts[item], item_starts[item + 1]):
            event = order[place]
            begin, end = starts[users[event]], starts[users[event] + 1]
            _backward(event, begin, items, weights, steps, cuts, later, past, ahead, reach, met, before)
            _forward(event, end, items, weights, steps, later, past, reach, met)


@njit(cache=True, nogil=True)
def _backward(
    event: int,
    begin: int,
    items: Ints,
    weights: Floats,
    steps: Longs,
    cuts: Floats,
    later: Floats,
    past: float,
    ahead: float,
    reach: int,
    met: Floats,
    before: Floats,
) -> None:
    """The event itself and those before it: what they share of pasts, and how far they lead to it."""
    item, own, step = items[event], steps[event], steps[event]
    near, far, leads = weights[event] * later[own], 1.0, 0.0
    for at in range(event, begin - 1, -1):
        while step > steps[at]:
            step -= 1
            near *= past
            leads = past * leads + cuts[step] * far
            far *= ahead
        if own - step > reach:
            break
        if items[at] >= item:
            met[items[at]] += near * weights[at]
        before[items[at]] += leads * weights[event] * weights[at]


@njit(cache=True, nogil=True)
def _forward(
    event: int,
    end: int,
    items: Ints,
    weights: Floats,
    steps: Longs,
    later: Floats,
    past: float,
    reach: int,
    met: Floats,
) -> None:
    """The events after it: what they share of pasts."""
    item, own, step, near = items[event], steps[event], steps[event], float(weights[event])
    for at in range(event + 1, end):
        while step < steps[at]:
            step += 1
            near *= past
        if step - own > reach:
            break
        if items[at] >= item:
            met[items[at]] += near * later[step] * weights[at]
