"""The learning rate of each step: it rises to its height, and falls along a cosine or stays."""

import math
from typing import Final

LAST: Final = 0.01  # of the rate, at the end of a cosine


def share_of_rate(progress: float, schedule: str, warmup: float) -> float:
    """What multiplies the rate when a part `progress` of all steps is done, this one included; in (0, 1].

    Over the part `warmup` of all steps it rises in a line. Source of the cosine: Loshchilov, Hutter, SGDR, ICLR 2017,
    eq. 5, without restarts.
    """
    if progress < warmup:
        return progress / warmup
    if schedule == "constant":
        return 1.0
    fallen = (progress - warmup) / max(1.0 - warmup, 1e-9)
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * min(fallen, 1.0)))
