"""Exploring: some slots of a list are drawn, and the chance of each item in its slot is known exactly."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Drawn(NamedTuple):
    """The places, in the list that was drawn from, of what is shown; and the chance of each in its slot."""

    places: list[int]
    chances: list[float]


def drawn(k: int, n: int, share: float, random: np.random.Generator, fixed: Sequence[int] = ()) -> Drawn:
    """The first k of n candidates, in which about `share` of the slots show one of the n - k others instead.

    Each slot that is not `fixed` is drawn with the chance `share`, at most as many slots as there are others; what a
    drawn slot shows is one of the others, all alike, none twice. So with s slots and q others, an item that keeps its
    slot has the chance 1 - share * min(s, q) / s, and each of the others share * min(s, q) / (s * q) in that slot:
    whatever the other slots show.
    """
    k = min(k, n)
    places, chances = list(range(k)), [1.0] * k
    open_ = np.array([slot for slot in range(k) if slot not in set(fixed)], dtype=np.int64)
    slots, others = len(open_), n - k
    if share <= 0 or not slots or not others:
        return Drawn(places, chances)
    able = min(slots, others)
    candidates = random.permutation(others)[:able] + k
    at = random.permutation(open_)[:able] if able < slots else open_
    draws = random.random(able) < share
    kept = 1 - share * able / slots
    for slot in open_.tolist():
        chances[slot] = kept
    for slot, candidate in zip(at[draws].tolist(), candidates[draws].tolist(), strict=True):
        places[slot], chances[slot] = candidate, share * able / (slots * others)
    return Drawn(places, chances)
