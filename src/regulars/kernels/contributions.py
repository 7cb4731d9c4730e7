"""What each entry of a profile adds to the score of each answer, and which entries add the most."""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs
from .profiles import Sparse


def dense_contributions(profiles: Sparse, weights: Floats, answers: Ints) -> Floats:
    """amount * weights[item, answer] for each entry of each profile; float32 [n_entries, k].

    answers: int32 [n, k], columns of weights, -1 for none (contributes 0).
    """
    out = np.zeros((len(profiles[1]), answers.shape[1]), dtype=np.float32)
    _dense(*profiles, weights, answers, out)
    return out


def sparse_contributions(profiles: Sparse, weights: Sparse, answers: Ints, n_items: int) -> Floats:
    """The same with the weights as CSR rows [m, n_items]."""
    out = np.zeros((len(profiles[1]), answers.shape[1]), dtype=np.float32)
    _sparse(*profiles, *weights, answers, n_items, out)
    return out


def strongest(starts: Longs, items: Ints, contributions: Floats, r: int) -> tuple[Ints, Floats]:
    """The r entries of each profile that contribute most to each answer: items int32 and
    shares float32, both [n, k, r].

    Only what speaks for an answer counts: more than 0 added to a score above 0. The rest is -1 and NaN.
    """
    return _strongest(starts, items, contributions, r)


@njit(cache=True, nogil=True)
def _dense(starts: Longs, items: Ints, amounts: Floats, weights: Floats, answers: Ints, out: Floats) -> None:
    for row in range(len(answers)):
        for at in range(starts[row], starts[row + 1]):
            for place in range(answers.shape[1]):
                if answers[row, place] >= 0:
                    out[at, place] = amounts[at] * weights[items[at], answers[row, place]]


@njit(cache=True, nogil=True)
def _sparse(
    starts: Longs,
    items: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    answers: Ints,
    n_items: int,
    out: Floats,
) -> None:
    places = np.full(n_items, -1, dtype=np.int32)
    for row in range(len(answers)):
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = place
        for at in range(starts[row], starts[row + 1]):
            for near in range(weight_starts[items[at]], weight_starts[items[at] + 1]):
                place = places[neighbors[near]]
                if place >= 0:
                    out[at, place] = amounts[at] * weights[near]
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = -1


@njit(cache=True, nogil=True)
def _strongest(starts: Longs, items: Ints, contributions: Floats, r: int) -> tuple[Ints, Floats]:
    n, k = len(starts) - 1, contributions.shape[1]
    best, shares = np.full((n, k, r), -1, dtype=np.int32), np.full((n, k, r), np.nan, dtype=np.float32)
    places = np.empty(r, dtype=np.int64)
    for row in range(len(best)):
        begin, end = starts[row], starts[row + 1]
        for place in range(best.shape[1]):
            amounts, found = contributions[:, place], 0
            total = amounts[begin:end].sum()
            if not total > 0:
                continue
            for entry in range(begin, end):
                found = _inserted(places, found, entry, amounts)
            for rank in range(found):
                best[row, place, rank] = items[places[rank]]
                shares[row, place, rank] = amounts[places[rank]] / total
    return best, shares


@njit(cache=True, nogil=True, inline="always")
def _inserted(places: Longs, found: int, entry: int, amounts: Floats) -> int:
    """Puts an entry among the `found` largest ones above 0, behind its equals, if it belongs there; the new `found`."""
    amount = amounts[entry]
    if not amount > 0 or (found == len(places) and (found == 0 or not amount > amounts[places[found - 1]])):
        return found
    at = found if found < len(places) else found - 1
    while at > 0 and amounts[places[at - 1]] < amount:
        places[at] = places[at - 1]
        at -= 1
    places[at] = entry
    return min(found + 1, len(places))
