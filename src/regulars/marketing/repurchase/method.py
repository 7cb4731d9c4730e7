"""What every way to foretell repurchases can do."""

from collections.abc import Sequence
from typing import Final, Protocol

from regulars.core import QUIET, Dataset, Floats, Run

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
