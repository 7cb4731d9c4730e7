"""Calendar: the regular days or weeks on which demand is counted."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from regulars.core.errors import SettingError

STEPS = {"day": 1, "week": 7}  # days of one step
Dates = npt.NDArray[np.datetime64]  # datetime64[D]


@dataclass(frozen=True)
class Calendar:
    """Days or weeks, counted from `start`: the first day of step 0. step: "day" or "week"."""

    start: date
    step: str = "week"

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise SettingError(f"a calendar counts by {' or '.join(STEPS)}; it is asked to count by {self.step!r}")

    @property
    def days(self) -> int:
        """Days of one step."""
        return STEPS[self.step]

    @property
    def season(self) -> int:
        """Steps after which the pattern returns: 7 days, or 52 weeks."""
        return {"day": 7, "week": 52}[self.step]

    def dates(self, n: int, first: int = 0) -> Dates:
        """The first day of each of the `n` steps from step `first` on; datetime64[D] [n]."""
        begin = np.datetime64(self.start + timedelta(days=first * self.days), "D")
        return begin + np.arange(n) * np.timedelta64(self.days, "D")

    def at(self, dates: Dates) -> npt.NDArray[np.int64]:
        """The step in which each date falls; below 0 before the start."""
        passed = (dates.astype("datetime64[D]") - np.datetime64(self.start, "D")).astype(np.int64)
        return passed // self.days
