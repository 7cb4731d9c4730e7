"""Returns: each takes back what the customer did to that item before it, by the pieces that came back."""

from collections.abc import Sequence

import numpy as np

from regulars.core import Codes, Floats, Ints
from regulars.kernels.logs import taken_back, touched

from .kinds import TAKEN_BACK_BY


def net_weights(
    user: Ints, item: Ints, kind: Codes, weight: Floats, quantity: np.ndarray, kinds: Sequence[str]
) -> tuple[Floats, int, int]:
    """Weights in which a return is minus what it takes back; how many took something, and how many found nothing.

    Events in the order of (user, time). weight: a taking event's is a share, -1 for all of it. A return of 2 of 6
    pieces takes a third; without quantities each event is a piece. One that finds no earlier purchase weighs 0.
    """
    result = weight.copy()
    taken = lost = 0
    for back, forth in TAKEN_BACK_BY.items():
        if back not in kinds:
            continue
        takes = kind == kinds.index(back)
        gives = kind == kinds.index(forth) if forth in kinds else np.zeros(len(kind), dtype=np.bool_)
        if not takes.any():
            continue
        rows = np.flatnonzero((takes | gives) & touched(user, item, takes))
        pair = user[rows].astype(np.int64) << 32 | item[rows]
        by_pair = np.argsort(pair, kind="stable")
        order = rows[by_pair]
        pieces = np.abs(quantity[order])
        pieces = np.where(np.isnan(pieces) | (pieces == 0), 1.0, pieces)
        net, orphans = taken_back(pair[by_pair], weight[order].astype(np.float64), pieces, takes[order])
        share = np.where(takes[order], np.abs(weight[order]), 1.0)
        result[order] = (net * share).astype(np.float32)
        taken += int(takes.sum()) - orphans
        lost += orphans
    return result, taken, lost
