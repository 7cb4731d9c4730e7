"""Tempo: how soon the live sources forget, and how long a visit and a basket last."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from regulars.core import Settings, setting
from regulars.core.errors import SettingError

_LONGEST = 3_650.0  # days


@dataclass(frozen=True)
class Tempo(Settings):
    """[serve.live] of regulars.toml.

    popular_days: half-life of what is popular. trending_days: of what is asked for now, and usual_days: of what it is
    compared with. visit_minutes, basket_minutes: the longest time between two items that were looked at, or bought,
    together. new_days: how long an item is new; 0: until newer ones come. repeat_days: half-life of a purchase in
    what is bought again, and gap_days: the time between two purchases where only one is known.
    """

    popular_days: float = setting(30.0, low=0.01, high=_LONGEST)
    trending_days: float = setting(1.0, low=0.01, high=_LONGEST)
    usual_days: float = setting(14.0, low=0.01, high=_LONGEST)
    visit_minutes: float = setting(30.0, low=1.0, high=10_080.0)
    basket_minutes: float = setting(60.0, low=1.0, high=10_080.0)
    new_days: float = setting(0.0, low=0.0, high=_LONGEST)
    repeat_days: float = setting(90.0, low=0.1, high=_LONGEST)
    gap_days: float = setting(21.0, low=0.1, high=_LONGEST)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trending_days >= self.usual_days:
            raise SettingError(
                f"Tempo: trending_days ({self.trending_days:g}) must be less than usual_days ({self.usual_days:g}), "
                "with which it is compared"
            )

    @property
    def half_lives(self) -> NDArray[np.float64]:
        """Days: of what is popular; of what trends, and what it did before."""
        return np.array([self.popular_days, self.trending_days, self.usual_days])

    @property
    def windows(self) -> tuple[int, int]:
        """Seconds of a visit and a basket."""
        return round(60 * self.visit_minutes), round(60 * self.basket_minutes)

    def counts_like(self, other: "Tempo") -> bool:
        """Whether counts that were kept at the one can be gone on with at the other."""
        return self.windows == other.windows and bool((self.half_lives == other.half_lives).all())


USUAL: Final = Tempo()
