"""Pairs: every product that a customer has bought, as it was known at the moment of asking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import polars as pl

from regulars.core import DAY, Bools, Floats, Frame, Ints, Longs, ints, spans, starts_of

SHELF = ("price now", "usual price", "buyers of 4 weeks", "buyers of 12 weeks")
"""What the shop knew of the product at the moment: mean price of 4 weeks and of all weeks, buyers per week."""


@dataclass(frozen=True)
class Pairs:
    """n products that m customers have bought before, all strictly before the moment of asking.

    row: int32 [n], rising, the question that a pair belongs to; items: int32 [n], rising within a row.
    users: int32 [m], MISSING for a stranger; at: int64 [m], seconds UTC.

    Days of purchase: pair p has starts[p]:starts[p + 1] of `ages` (int32, whole days before the moment, 0 for the last
    24 hours, oldest first, no day twice), `quantities`, `prices` (paid for one) and `promoted` (0 to 1), float32, NaN
    where the log does not tell.
    Visits: row r has visit_starts[r]:visit_starts[r + 1] of `visits`, the ages of the days with a purchase.
    observed: int32 [m], days that the log reached back. shelf: float32 [n, SHELF], NaN where it is not known.
    item_features: n_items rows, shared; user_features: m rows; or frames without columns.
    """

    row: Ints
    items: Ints
    users: Ints
    at: Longs
    starts: Longs
    ages: Ints
    quantities: Floats
    prices: Floats
    promoted: Floats
    visit_starts: Longs
    visits: Ints
    observed: Ints
    shelf: Floats
    item_features: Frame
    user_features: Frame

    def __len__(self) -> int:
        return len(self.row)

    @property
    def customers(self) -> Ints:
        """The customer of each pair; int32 [n]."""
        return self.users[self.row]

    @cached_property
    def counts(self) -> Ints:
        """On how many days each was bought; int32 [n], at least 1."""
        return ints(np.diff(self.starts))

    @cached_property
    def since(self) -> Ints:
        """Days from the last purchase to the moment, in which none was made; int32 [n]."""
        return self.ages[self.starts[1:] - 1]

    @cached_property
    def first(self) -> Ints:
        """The age of the first purchase; int32 [n]."""
        return self.ages[self.starts[:-1]]

    @cached_property
    def gaps(self) -> tuple[Longs, Ints]:
        """Days between one purchase and the next: starts int64 [n + 1] and the gaps, oldest first, each at least 1."""
        later = np.ones(len(self.ages), dtype=np.bool_)
        later[self.starts[:-1]] = False
        between = np.zeros(len(self.ages), dtype=np.int32)
        between[1:] = self.ages[:-1] - self.ages[1:]
        return starts_of(self.counts - 1), between[later]

    def only(self, pairs: Ints | Longs | Bools) -> "Pairs":
        """These pairs, a mask or rising positions; the questions stay whole."""
        picked = np.flatnonzero(pairs) if pairs.dtype == np.bool_ else pairs
        lengths = np.diff(self.starts)[picked]
        days = spans(self.starts[:-1][picked], lengths)
        return replace(
            self,
            row=self.row[picked],
            items=self.items[picked],
            starts=starts_of(lengths),
            ages=self.ages[days],
            quantities=self.quantities[days],
            prices=self.prices[days],
            promoted=self.promoted[days],
            shelf=self.shelf[picked],
        )

    def blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Rows low:high, all of whose pairs together are about `size`; no customer is divided."""
        ends = np.searchsorted(self.row, np.arange(len(self.users)), side="right")
        low = 0
        while low < len(self.users):
            begin = int(ends[low - 1]) if low else 0
            high = max(low + 1, int(np.searchsorted(ends, begin + size, side="right")))
            yield low, min(high, len(self.users))
            low = high

    def of_rows(self, low: int, high: int) -> "Pairs":
        """The questions low:high with all of their pairs."""
        some = self.only(np.arange(*np.searchsorted(self.row, [low, high])))
        visits = slice(int(self.visit_starts[low]), int(self.visit_starts[high]))
        return replace(
            some,
            row=some.row - np.int32(low),
            users=self.users[low:high],
            at=self.at[low:high],
            visit_starts=self.visit_starts[low : high + 1] - self.visit_starts[low],
            visits=self.visits[visits],
            observed=self.observed[low:high],
            user_features=self.user_features[low:high] if self.user_features.width else self.user_features,
        )

    def weekly(self, weeks: int) -> "Weekly":
        """What was bought in each of the last `weeks` weeks before the moment, the oldest first."""
        pair = np.repeat(np.arange(len(self)), self.counts)
        week = weeks - 1 - self.ages // 7
        kept = week >= 0
        place = pair[kept] * weeks + week[kept]
        size = len(self) * weeks
        columns = self.quantities[kept], self.prices[kept], self.promoted[kept]
        counts = np.bincount(place, minlength=size).reshape(-1, weeks).astype(np.float32)
        sums, prices, promoted = (_cell_means(place, values, size).reshape(-1, weeks) for values in columns)
        return Weekly(counts, np.nan_to_num(sums) * counts, prices, promoted)

    @classmethod
    def joined(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """Questions of several moments below one another; they share the catalog."""
        if len(parts) == 1:
            return parts[0]
        first = starts_of([len(part.users) for part in parts])
        whole = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(cls)
            if f.name not in ("row", "starts", "visit_starts", "item_features", "user_features")
        }
        told = [part.user_features for part in parts]
        return cls(
            row=np.concatenate([part.row + np.int32(low) for part, low in zip(parts, first, strict=False)]),
            starts=starts_of(np.concatenate([np.diff(part.starts) for part in parts])),
            visit_starts=starts_of(np.concatenate([np.diff(part.visit_starts) for part in parts])),
            item_features=parts[0].item_features,
            user_features=pl.concat(told) if told[0].width else told[0],
            **whole,
        )


@dataclass(frozen=True)
class Weekly:
    """Weeks before the moment, float32 [n, weeks], the oldest first; the last ends at the moment.

    counts: days of purchase; quantities: units; prices and promoted: of the week's purchases, NaN in weeks without.
    """

    counts: Floats
    quantities: Floats
    prices: Floats
    promoted: Floats


def weeks_of_year(at: Longs, weeks: int) -> Floats:
    """The season of each of the last `weeks` weeks before each moment, 0 to 1 through the year; float32 [n, weeks]."""
    middles = at[:, None] - (np.arange(weeks, 0, -1) - 0.5)[None, :] * 7 * DAY
    return ((middles / DAY / 365.2425) % 1.0).astype(np.float32)


def _cell_means(place: Longs, values: Floats, size: int) -> Floats:
    known = ~np.isnan(values)
    counts = np.bincount(place[known], minlength=size)
    sums = np.bincount(place[known], values[known], size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
