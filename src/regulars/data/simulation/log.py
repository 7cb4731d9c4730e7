"""A bare event log of any length, fast: what benchmarks read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from regulars.core import DAY, QUIET, Frame, Ints, Progress, Run, Settings, setting

from .settings import START
from .tastes import SLOTS, Doubles, Shelves, Tastes, customer_slots, item_tastes, power_law
from .words import KINDS

_KIND_SHARES = (0.80, 0.10, 0.095, 0.005)


@dataclass(frozen=True)
class LogSettings(Settings):
    """What a bare log looks like. Tastes and popularity as in `Tastes`; columns as in `simulate_log`."""

    tastes: int = setting(16, low=2, high=250)
    popularity_exponent: float = setting(0.9, low=0.0, high=2.0)  # demand falls with rank ** -exponent
    activity_exponent: float = setting(0.4, low=0.0, high=2.0)  # so do the events per customer
    focus: float = setting(4.0, low=0.1, high=100.0, log=True)  # how narrow tastes are
    days: int = setting(365, low=1, high=10_000)
    part_events: int = setting(1_000_000, low=1_000, high=10_000_000)  # events per file


def simulate_log(
    folder: Path | str,
    n_events: int,
    n_users: int,
    n_items: int,
    *,
    seed: int = 0,
    settings: LogSettings | None = None,
    run: Run = QUIET,
) -> Tastes:
    """Writes a log of exactly `n_events` into `folder` as Parquet parts in the order of time; returns its truth.

    Columns: user_id, item_id (Int64, equal to the indices of the truth), timestamp (Int64, seconds UTC), kind (String),
    price (Float32). Memory: one part, 72 bytes per customer and 12 bytes per item and taste, whatever `n_events`.
    The same arguments write the same bytes, and `part-00007` depends on no other part.
    """
    settings = settings or LogSettings()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plan = _Plan.of(n_users, n_items, seed, settings)
    n_parts = -(-n_events // settings.part_events)
    for number, events in enumerate(plan.parts(n_events, seed, settings)):
        events.write_parquet(folder / f"part-{number:05d}.parquet", statistics=False)
        run.on_epoch(Progress("simulate", number + 1, n_parts))
    return plan.tastes


@dataclass(frozen=True)
class _Plan:
    """What all parts share: the truth, and how often each customer comes (running sum, float64 [n_users])."""

    tastes: Tastes
    shelves: Shelves
    activity: Doubles
    prices: np.ndarray

    @classmethod
    def of(cls, n_users: int, n_items: int, seed: int, settings: LogSettings) -> "_Plan":
        random = np.random.default_rng([seed, 0])
        popularity = power_law(n_items, settings.popularity_exponent, random)
        items = item_tastes(n_items, settings.tastes, settings.focus, random)
        shares = popularity @ items.astype(np.float64)
        tastes = Tastes(popularity, items, customer_slots(n_users, shares, settings.focus, random))
        activity = np.cumsum(power_law(n_users, settings.activity_exponent, random))
        prices = np.round(np.exp(random.normal(2.5, 0.8, n_items)), 2).astype(np.float32)
        return cls(tastes, Shelves.of(tastes), activity, prices)

    def parts(self, n_events: int, seed: int, settings: LogSettings) -> Iterator[Frame]:
        span = settings.days * DAY
        for number, first in enumerate(range(0, n_events, settings.part_events)):
            size = min(settings.part_events, n_events - first)
            low, high = (START + span * done // n_events for done in (first, first + size))
            yield self._part(size, (low, high), np.random.default_rng([seed, 1, number]))

    def _part(self, size: int, period: tuple[int, int], random: np.random.Generator) -> Frame:
        users = self._users(size, random)
        taste = self.tastes.slots.ravel()[users.astype(np.int64) * SLOTS + random.integers(0, SLOTS, size)]
        items = self.shelves.draw(taste, random)
        kinds = np.searchsorted(np.cumsum(_KIND_SHARES)[:-1], random.random(size), side="right").astype(np.uint8)
        return pl.DataFrame(
            {
                "user_id": users.astype(np.int64),
                "item_id": items.astype(np.int64),
                "timestamp": np.sort(random.integers(*period, size)),
                "kind": pl.Series(KINDS).gather(kinds),
                "price": self.prices[items],
            }
        )

    def _users(self, size: int, random: np.random.Generator) -> Ints:
        """Who each event is by; drawn in order and then mixed, which spares the search its cache misses."""
        luck = np.sort(random.random(size))
        users = np.minimum(np.searchsorted(self.activity, luck, side="right"), len(self.activity) - 1)
        return random.permutation(users).astype(np.int32)
