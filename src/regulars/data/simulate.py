"""Shops of any size whose truth is known: for tests, benchmarks and demonstrations without anybody's data.

A simulated shop sells things by taste. Each customer is a mixture of a few tastes (rustic, modern, sporty, ...), each
item serves some of them, and some items are simply wanted more than others. On top come seasons, things that are used
up and bought again, campaigns with a control group, and returns. Because we drew all of that, we know it: `Truth` says
what a recommender, a repurchase model or an uplift model should find. See docs/explanation/simulated-shop.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from regulars.core import QUIET, Frame, Ints, Progress, Run, starts_of

from .simulation.campaigns import Campaigns
from .simulation.catalog import Catalog, item_ids, user_ids
from .simulation.customers import Customers
from .simulation.log import LogSettings, simulate_log
from .simulation.pictures import Pixels, draw, png
from .simulation.settings import START, ShopSettings
from .simulation.tastes import Doubles, Tastes
from .simulation.visits import RETURN, Happenings, Street, month_of, monthly
from .simulation.words import CHANNELS, KINDS

__all__ = ["LogSettings", "ShopSettings", "SimulatedShop", "Truth", "simulate", "simulate_log", "write_shop"]

_GAP = 1800  # seconds without an event that end a session
_PER_VISIT = 3.6  # events, for the size of parts


@dataclass(frozen=True)
class Truth:
    """What a simulated shop is made of; item i is the i-th row of its items, customer u the u-th of its customers."""

    catalog: Catalog
    customers: Customers
    campaigns: Campaigns
    days: int

    @property
    def tastes(self) -> Tastes:
        """Who likes what; `Tastes.chances` gives the probability of the next look, seasons aside."""
        return Tastes(self.catalog.popularity, self.catalog.tastes, self.customers.slots)

    def chances(self, users: Ints, day: int) -> Doubles:
        """P(item | customer) of what each of `users` looks at on a day, its season included; float64 [n, n_items]."""
        month = int(month_of(np.array([day]), self.days)[0])
        sold = self.catalog.available <= day
        return self.tastes.chances(users, monthly(self.catalog, self.days)[month] * sold)


@dataclass(frozen=True)
class SimulatedShop:
    """The tables that the shop's owner sees, and the truth that only we know.

    events: user_id, item_id, timestamp, kind (view, cart, purchase, return), quantity, price, value, session, channel;
    items: item_id, title, category, brand, price, description, ...; customers: user_id, age, city, channel, ...;
    campaigns, contacts: see `Campaigns`.
    """

    events: Frame
    items: Frame
    customers: Frame
    campaigns: Frame
    contacts: Frame
    truth: Truth

    def picture(self, item: int) -> Pixels:
        """The product picture of the item in row `item`; uint8 [64, 64, 3]."""
        catalog = self.truth.catalog
        return draw(catalog.tastes[item], int(catalog.category[item]), item)


def simulate(settings: ShopSettings | None = None, seed: int = 0) -> SimulatedShop:
    """A shop in memory; the same settings and seed give the same shop. See `write_shop` for large ones."""
    plan = _Plan.of(settings or ShopSettings(), seed)
    events = pl.concat(list(plan.parts())).sort("timestamp", "user_id", maintain_order=True)
    return plan.shop(events)


def write_shop(
    folder: Path | str,
    settings: ShopSettings | None = None,
    seed: int = 0,
    *,
    pictures: bool = False,
    run: Run = QUIET,
) -> Truth:
    """Writes a shop of any size into `folder`, some customers at a time, and returns its truth.

    Writes events/part-*.parquet (each part all events of some customers, in the order of time), items.parquet,
    customers.parquet, campaigns.parquet, contacts.parquet and, on request, pictures/ITEM.png. Memory: the catalog, the
    customers and one part. The same arguments write the same bytes.
    """
    folder = Path(folder)
    plan = _Plan.of(settings or ShopSettings(), seed)
    (folder / "events").mkdir(parents=True, exist_ok=True)
    for number, events in enumerate(plan.parts()):
        events.sort("timestamp", "user_id", maintain_order=True).write_parquet(
            folder / "events" / f"part-{number:05d}.parquet", statistics=False
        )
        run.on_epoch(Progress("simulate", number + 1, len(plan.blocks)))
    shop = plan.shop(pl.DataFrame())
    for name in ("items", "customers", "campaigns", "contacts"):
        getattr(shop, name).write_parquet(folder / f"{name}.parquet", statistics=False)
    if pictures:
        _write_pictures(folder / "pictures", shop, run)
    return shop.truth


@dataclass(frozen=True)
class _Plan:
    """Everything but the events; each part of those has a generator of its own and so depends on no other."""

    settings: ShopSettings
    seed: int
    truth: Truth

    @classmethod
    def of(cls, settings: ShopSettings, seed: int) -> "_Plan":
        random = np.random.default_rng([seed, 0])
        catalog = Catalog.draw(settings, random)
        shares = catalog.popularity @ catalog.tastes.astype(np.float64)
        customers = Customers.draw(settings, shares, random)
        campaigns = Campaigns.draw(settings, customers, random)
        return cls(settings, seed, Truth(catalog, customers, campaigns, settings.days))

    @property
    def blocks(self) -> list[Ints]:
        """The customers of each part."""
        s = self.settings
        each = 1 + s.days / 30 * s.visits * _PER_VISIT + s.staples * s.days / 27 + s.campaigns * s.effect
        size = max(1, int(s.part_events / each))
        everyone = np.arange(s.customers, dtype=np.int32)
        return [everyone[start : start + size] for start in range(0, s.customers, size)]

    def parts(self) -> Iterator[Frame]:
        truth = self.truth
        street = Street.of(self.settings, truth.catalog, truth.customers, truth.campaigns)
        for number, users in enumerate(self.blocks):
            random = np.random.default_rng([self.seed, 1, number])
            yield self._table(street.happenings(users, random))

    def shop(self, events: Frame) -> SimulatedShop:
        random = np.random.default_rng([self.seed, 2])
        truth = self.truth
        items = truth.catalog.frame(self.settings.texts, random)
        campaigns = truth.campaigns
        return SimulatedShop(events, items, truth.customers.frame(), campaigns.frame(), campaigns.contacts(), truth)

    def _table(self, done: Happenings) -> Frame:
        done = done.where(np.lexsort((done.kinds, done.seconds, done.users)))
        return pl.DataFrame(
            {
                "user_id": self._user_ids.gather(done.users),
                "item_id": self._item_ids.gather(done.items),
                "timestamp": pl.from_epoch(pl.Series(START + done.seconds), time_unit="s"),
                "kind": pl.Series(KINDS).gather(done.kinds),
                "quantity": done.quantities.astype(np.int32),
                "price": done.prices,
                "value": np.round(done.prices * done.quantities, 2),
                "session": done.users.astype(np.int64) * 100_000 + _sessions(done),
                "channel": pl.Series(CHANNELS).gather(done.channels),
            }
        )

    @cached_property
    def _user_ids(self) -> pl.Series:
        return user_ids(self.settings.customers)

    @cached_property
    def _item_ids(self) -> pl.Series:
        return item_ids(self.settings.items)


def _sessions(done: Happenings) -> np.ndarray:
    """The number of the session, from 0 for each customer, of events in the order of (customer, time).

    Half an hour without an event ends a session; a return is a session of its own.
    """
    n = len(done)
    new = np.ones(n, dtype=bool)
    new[1:] = (np.diff(done.users) != 0) | (np.diff(done.seconds) > _GAP)
    back = done.kinds == RETURN
    new |= back
    new[1:] |= back[:-1]
    running = np.cumsum(new) - 1
    lengths = np.bincount(done.users)
    first = starts_of(lengths)[:-1][done.users]
    return running - running[first] if n else running


def _write_pictures(folder: Path, shop: SimulatedShop, run: Run) -> None:
    folder.mkdir(exist_ok=True)
    for item, name in enumerate(shop.items["item_id"]):
        (folder / f"{name}.png").write_bytes(png(shop.picture(item)))
        if item % 1_000 == 999:
            run.on_epoch(Progress("draw pictures", item + 1, shop.items.height))
