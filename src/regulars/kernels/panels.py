"""How many items stand before the answer of a question, where tables of scores are mixed item by item.

A mixture is tried hundreds of times on the same tables, and only whether an answer is among the first k matters: a
question is left as soon as k items beat its answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs

CHUNK = 256  # items compared before it is asked whether k were found


class Panel(NamedTuple):
    """Questions with one answer each. own, content, alike: float32 [n, n_items]; lengths: float32 [n], what it gives to
    an item of worth 1; targets: int32 [n]; question i may not be answered by known[starts[i]:starts[i + 1]], different
    items other than its target."""

    own: Floats
    content: Floats
    alike: Floats
    lengths: Floats
    targets: Ints
    starts: Longs
    known: Ints


def places(panel: Panel, rows: Longs, mixed: tuple[Floats, Floats, Floats, Floats], allowed: Bools, k: int) -> Longs:
    """How many allowed items beat the target of each of the rows, at most k; k where the target itself is not allowed;
    int64 [n].

    mixed: what own, content, alike and lengths are multiplied by for each item; float32 [n_items] each.
    """
    found = np.full(len(rows), k, dtype=np.int64)
    if len(found):
        _count(panel, rows, mixed, allowed, found)
    return found


@njit(cache=True, nogil=True)
def _count(panel: Any, rows: Any, mixed: Any, allowed: Any, found: Any) -> None:
    own, content, alike, lengths, targets, starts, known = panel
    a, b, c, e = mixed
    n_items = len(allowed)
    for place, row in enumerate(rows):
        target, k = targets[row], found[place]
        if not allowed[target]:
            continue
        x, y, z, w = own[row], content[row], alike[row], lengths[row]
        reached = x[target] * a[target] + y[target] * b[target] + z[target] * c[target] + w * e[target]
        beaten = 0
        for item in known[starts[row] : starts[row + 1]]:
            score = x[item] * a[item] + y[item] * b[item] + z[item] * c[item] + w * e[item]
            beaten -= allowed[item] and score > reached
        for begin in range(0, n_items, CHUNK):
            for item in range(begin, min(begin + CHUNK, n_items)):
                score = x[item] * a[item] + y[item] * b[item] + z[item] * c[item] + w * e[item]
                beaten += allowed[item] & (score > reached)
            if beaten >= k:
                break
        found[place] = min(beaten, k)
