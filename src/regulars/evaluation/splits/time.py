"""The default test: everything before one moment is known, everything from it on is to be foretold."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from regulars.core import DAY, Dataset, Settings, setting
from regulars.core.errors import EmptyData, SettingError

from ..split import Split, asking, need_times, targets, wanted_by


@dataclass(frozen=True)
class TimeSplit(Settings):
    """One cut in time for all: learn from what came strictly before it, ask those who act in the days after it.

    The window is the last `days` of the log, or the `days` from `date` on (ISO, UTC where it names no zone).
    kinds: the kinds of events that count as wanting an item, all if none are named; events with negative weight never.
    strangers: ask also those who had no event before the cut. Every question is asked at the cut itself.
    """

    days: float = setting(28.0, low=1e-5, high=36_500.0, log=True)
    date: str = setting("")
    kinds: tuple[str, ...] = ()
    strangers: bool = setting(False)

    def cut(self, data: Dataset) -> Split:
        """Raises BadTable when the events have no times, EmptyData when a side of the cut is empty."""
        need_times(data, "TimeSplit")
        begin, end = self.window(data)
        train = data.before(begin)
        withheld = (data.time >= begin) & (data.time < end)
        if not len(train) or not withheld.any():
            raise EmptyData(
                f"TimeSplit needs events on both sides of {_day(begin)}; {len(train):,} came before and "
                f"{int(withheld.sum()):,} within {self.days:g} days from it. "
                f"The log runs from {_day(data.time.min())} to {_day(data.time.max())}: choose other days or date"
            )
        target = targets(data, self.kinds)
        users = np.unique(data.user[withheld & target])
        wanted = wanted_by(data, users, withheld, target)
        name = f"time split at {_day(begin)}, {self.days:g} day{'' if self.days == 1 else 's'}"
        return asking(Split(name, train, train.queries(users, begin), wanted), strangers=self.strangers)

    def window(self, data: Dataset) -> tuple[int, int]:
        """The first second of the test and the first after it."""
        length = round(self.days * DAY)
        if not self.date:
            end = int(data.time.max()) + 1
            return end - length, end
        try:
            begin = datetime.fromisoformat(self.date)
        except ValueError:
            raise SettingError(f"TimeSplit: date must look like 2026-01-31; it is {self.date!r}") from None
        moment = int((begin if begin.tzinfo else begin.replace(tzinfo=UTC)).timestamp())
        return moment, moment + length


def _day(moment: int) -> str:
    try:
        return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return str(moment)
