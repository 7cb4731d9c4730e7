"""What every way to foretell repurchases can do."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Run, floats

from .pairs import Pairs

HORIZONS: Final = (1, 2, 4)  # weeks


class RepurchaseModel(Protocol):
    """What a method has learned. It holds no log: a customer is what the pairs show at the moment of asking."""

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        """How likely each is bought within each horizon (weeks) after the moment; float32 [n, horizons].

        Between 0 and 1 and rising with the horizon; NaN where the model cannot tell.
        """
        ...


class RepurchaseMethod(Protocol):
    """Settings of one way: a frozen dataclass of `setting`s."""

    def fit(self, data: Dataset, run: Run = QUIET) -> RepurchaseModel:
        """Learns from the log, up to its last event. Raises EmptyData when it is too short."""
        ...


def at_horizons(told: Floats, known: Sequence[int], wanted: Sequence[float]) -> Floats:
    """Probabilities of other horizons than those that were learned; told: [n, known], rising; float32 [n, wanted].

    In between, purchases come at an even pace; beyond the last, at that of the last stretch.
    """
    if tuple(known) == tuple(wanted):
        return told
    weeks = np.array([0.0, *known])
    hazard = np.pad(-np.log1p(-np.clip(told.astype(np.float64), 0, 1 - 1e-9)), ((0, 0), (1, 0)))
    place = np.clip(np.searchsorted(weeks, wanted) - 1, 0, len(known) - 1)
    pace = (hazard[:, place + 1] - hazard[:, place]) / (weeks[place + 1] - weeks[place])
    return floats(-np.expm1(-(hazard[:, place] + pace * (np.array(wanted) - weeks[place]))))
