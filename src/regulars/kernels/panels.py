"""How many items stand before the answer of a question, where three tables of scores are mixed item by item.

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
    """Questions with one answer each. own, content, alike: float32 [n, n_items]; targets: int32 [n]; question i may not
    be answered by known[starts[i]:starts[i + 1]], different items other than its target."""

    own: Floats
    content: Floats
    alike: Floats
    targets: Ints
    starts: Longs
    known: Ints


def places(panel: Panel, mixed: tuple[Floats, Floats, Floats], allowed: Bools, k: int) -> Longs:
    """How many allowed items beat each target, at most k; k where the target itself is not allowed; int64 [n].

    mixed: what own, content and alike of each item are multiplied by; float32 [n_items] each.
    """
    found = np.full(len(panel.targets), k, dtype=np.int64)
    if len(found):
        _count(panel, mixed, allowed, found)
    return found


@njit(cache=True, nogil=True)
def _count(panel: Any, mixed: Any, allowed: Any, found: Any) -> None:
    own, content, alike, targets, starts, known = panel
    a, b, c = mixed
    n_items = len(allowed)
    for row in range(len(targets)):
        target, k = targets[row], found[row]
        if not allowed[target]:
            continue
        x, y, z = own[row], content[row], alike[row]
        reached = x[target] * a[target] + y[target] * b[target] + z[target] * c[target]
        beaten = 0
        for item in known[starts[row] : starts[row + 1]]:
            beaten -= allowed[item] and x[item] * a[item] + y[item] * b[item] + z[item] * c[item] > reached
        for begin in range(0, n_items, CHUNK):
            for item in range(begin, min(begin + CHUNK, n_items)):
                beaten += allowed[item] & (x[item] * a[item] + y[item] * b[item] + z[item] * c[item] > reached)
            if beaten >= k:
                break
        found[row] = min(beaten, k)
