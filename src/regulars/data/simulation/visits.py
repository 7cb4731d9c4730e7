"""What customers do in a simulated shop: visits, staples, answers to campaigns, returns."""

from dataclasses import dataclass, fields, replace

import numpy as np

from regulars.core import DAY, Bools, Codes, Floats, Ints, Longs, longs, starts_of

from .campaigns import Campaigns
from .catalog import MONTHS, Catalog
from .customers import Customers
from .settings import ShopSettings
from .tastes import Bytes, Doubles, Shelves, Tastes, groups
from .words import CHANNELS, KINDS

VIEW, CART, PURCHASE, RETURN = range(len(KINDS))
STORE = CHANNELS.index("store")
_LOOKS = 2.5  # products looked at in a visit, beside the first
_TO_CART, _TO_PURCHASE, _BOUGHT_IN_STORE = 0.35, 0.55, 0.5
_SECONDS = 75  # between two looks, on average
_HABIT = 0.8  # how often a customer uses the channel that they prefer
_WEEK = np.array([1.0, 0.9, 0.9, 1.0, 1.3, 1.6, 1.2])  # Monday (the first day) to Sunday
_GAMMA = 25  # shape of the time between two purchases of a staple: it varies by a fifth of its mean


@dataclass(frozen=True)
class Happenings:
    """Events as arrays of one length, in no order.

    users: row of `Customers`; seconds: since the shop's first day; quantities; prices: of one piece, as paid.
    """

    users: Ints
    items: Ints
    seconds: Longs
    kinds: Codes
    channels: Codes
    quantities: Codes
    prices: Floats

    @classmethod
    def concat(cls, parts: list["Happenings"]) -> "Happenings":
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    @classmethod
    def of(cls, users: Ints, items: Ints, seconds: Longs, kind: int, channels: Codes) -> "Happenings":
        """Events of one kind, each of one piece, the price not yet known."""
        n = len(users)
        kinds, ones = np.full(n, kind, dtype=np.int8), np.ones(n, dtype=np.int8)
        return cls(users, items, seconds, kinds, channels, ones, np.zeros(n, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.users)

    def where(self, keep: Bools | Longs) -> "Happenings":
        return Happenings(*(getattr(self, f.name)[keep] for f in fields(self)))

    def later(self, seconds: Longs, kind: int) -> "Happenings":
        """The same customers and items so many seconds later, as events of another kind."""
        return replace(self, seconds=self.seconds + seconds, kinds=np.full(len(self), kind, dtype=np.int8))


@dataclass(frozen=True)
class Street:
    """All that visits depend on; the shelves of each month, of what is used up, and of each campaign's category."""

    settings: ShopSettings
    catalog: Catalog
    customers: Customers
    campaigns: Campaigns
    months: tuple[Shelves, ...]
    pantry: Shelves | None
    advertised: tuple[Shelves, ...]

    @classmethod
    def of(cls, settings: ShopSettings, catalog: Catalog, customers: Customers, campaigns: Campaigns) -> "Street":
        tastes = Tastes(catalog.popularity, catalog.tastes, customers.slots)
        used_up = ~np.isnan(catalog.cycle_days) & (catalog.available == 0)
        return cls(
            settings,
            catalog,
            customers,
            campaigns,
            tuple(Shelves.of(tastes, boost) for boost in monthly(catalog, settings.days)),
            Shelves.of(tastes, used_up.astype(np.float64)) if used_up.any() else None,
            tuple(
                _advertised(tastes, catalog, *which) for which in zip(campaigns.category, campaigns.first, strict=True)
            ),
        )

    def happenings(self, users: Ints, random: np.random.Generator) -> Happenings:
        """All that these customers do in the whole period."""
        parts = [self._visits(users, random), self._staples(users, random)]
        parts += [self._answers(users, campaign, random) for campaign in range(len(self.campaigns))]
        done = Happenings.concat(parts)
        end = self.settings.days * DAY
        done = self._paid(done.where((done.seconds >= 0) & (done.seconds < end)), random)
        sent_back = self._returns(done, random)
        return Happenings.concat([done, sent_back.where(sent_back.seconds < end)])

    def _visits(self, users: Ints, random: np.random.Generator) -> Happenings:
        joined = self.customers.joined[users]
        months = (self.settings.days - joined) / 30
        who = np.repeat(users, random.poisson(self.customers.rate[users] * months))
        began = self._days(self.customers.joined[who], random) * DAY + _clock(len(who), random)
        channel = self._channels(who, random)
        looks = 1 + random.poisson(_LOOKS, len(who))
        visit = np.repeat(np.arange(len(who)), looks)
        pauses = np.minimum(random.exponential(_SECONDS, len(visit)), 600).astype(np.int64)
        seconds = began[visit] + _running(pauses, looks)
        seen = self._picked(who[visit], seconds, channel[visit], random)
        return _funnel(seen, random)

    def _picked(self, who: Ints, seconds: Longs, channel: Codes, random: np.random.Generator) -> Happenings:
        """What they look at: by taste, among what is sold in that month, in its season."""
        month = month_of(seconds // DAY, self.settings.days)
        taste = _tastes(self.customers.slots, who, random)
        items = np.empty(len(who), dtype=np.int32)
        for code, rows in groups(month, len(self.months)):
            items[rows] = self.months[code].draw(taste[rows], random)
        return Happenings.of(who, items, seconds, VIEW, channel).where(self.catalog.available[items] * DAY <= seconds)

    def _staples(self, users: Ints, random: np.random.Generator) -> Happenings:
        """What they buy again and again: each at the item's own cycle, a little faster or slower by customer."""
        who = np.repeat(users, random.poisson(self.settings.staples, len(users)))
        if self.pantry is None or not len(who):
            return _nothing()
        items = self.pantry.draw(_tastes(self.customers.slots, who, random), random)
        pairs = np.unique(np.stack([who, items]), axis=1)
        who, items = pairs[0], pairs[1]
        mean = self.catalog.cycle_days[items].astype(np.float64) * self.customers.pace[who]
        first = self.customers.joined[who] + random.random(len(who)) * mean
        times = np.ceil(1.5 * (self.settings.days - first).clip(0) / mean).astype(np.int64) + 2
        pair = np.repeat(np.arange(len(who)), times)
        gaps = random.gamma(_GAMMA, 1 / _GAMMA, len(pair)) * mean[pair]
        gaps[starts_of(times)[:-1]] = first
        days = _running(gaps, times).astype(np.int64)
        seconds = days * DAY + _clock(len(pair), random)
        return Happenings.of(who[pair], items[pair], seconds, PURCHASE, self._channels(who[pair], random))

    def _answers(self, users: Ints, campaign: int, random: np.random.Generator) -> Happenings:
        """The purchases that the contacts of a campaign add."""
        plan = self.campaigns
        added = np.where(plan.contacted[campaign, users], plan.added[campaign, users], 0)
        who = np.repeat(users, random.poisson(added))
        items = self.advertised[campaign].draw(_tastes(self.customers.slots, who, random), random)
        days = random.integers(plan.first[campaign], plan.last[campaign], len(who))
        return Happenings.of(who, items, days * DAY + _clock(len(who), random), PURCHASE, self._channels(who, random))

    def _paid(self, done: Happenings, random: np.random.Generator) -> Happenings:
        """Some buy two or three; every item is reduced to 80 % in one week of ten."""
        n = len(done)
        more = (random.random(n) < 0.12).astype(np.int8) + (random.random(n) < 0.03)
        reduced = (done.items * 7 + done.seconds // (7 * DAY) * 3) % 10 == 0
        prices = np.round(self.catalog.price[done.items] * np.where(reduced, 0.8, 1.0), 2).astype(np.float32)
        quantities = np.where(done.kinds == PURCHASE, 1 + more, 1).astype(np.int8)
        return replace(done, quantities=quantities, prices=prices)

    def _returns(self, done: Happenings, random: np.random.Generator) -> Happenings:
        bought = done.where(done.kinds == PURCHASE)
        back = bought.where(random.random(len(bought)) < self.catalog.returned[bought.items])
        return back.later(random.integers(3 * DAY, 21 * DAY, len(back)), RETURN)

    def _days(self, joined: Ints, random: np.random.Generator) -> Longs:
        """A day from joining on; weekends are busier."""
        running = np.cumsum(_WEEK[np.arange(self.settings.days) % 7])
        before = np.where(joined > 0, running[joined - 1], 0)
        luck = before + random.random(len(joined)) * (running[-1] - before)
        return longs(np.minimum(np.searchsorted(running, luck, side="right"), self.settings.days - 1))

    def _channels(self, who: Ints, random: np.random.Generator) -> Codes:
        habit = random.random(len(who)) < _HABIT
        return np.where(habit, self.customers.channel[who], random.integers(0, len(CHANNELS), len(who))).astype(np.int8)


def monthly(catalog: Catalog, days: int) -> list[Doubles]:
    """How often as usual each item is wanted in each month: its season, 0 before it is sold; [months, n_items]."""
    last = int(month_of(np.array([days - 1]), days)[0])
    ends = [(month + 1) * 365 / MONTHS for month in range(last + 1)]
    # a shelf must not be empty, however young the shop: the day decides again, item by item
    return [catalog.season[i % MONTHS] * np.maximum(catalog.available < end, 1e-12) for i, end in enumerate(ends)]


def month_of(days: Longs, period: int) -> Longs:
    """The month of the shop, counted from its first day, of each day."""
    return longs(np.minimum(days.clip(0, period - 1) * MONTHS // 365, period * MONTHS // 365))


def _advertised(tastes: Tastes, catalog: Catalog, category: int, first: int) -> Shelves:
    offered = (catalog.category == category) & (catalog.available <= first)
    return Shelves.of(tastes, np.maximum(offered, 1e-12))


def _tastes(slots: Bytes, who: Ints, random: np.random.Generator) -> Bytes:
    return slots[who, random.integers(0, slots.shape[1], len(who))]


def _funnel(seen: Happenings, random: np.random.Generator) -> Happenings:
    """Views, and from some of them carts and purchases; in a store only the purchase leaves a trace."""
    in_store = seen.channels == STORE
    views = seen.where(~in_store)
    carts = views.where(random.random(len(views)) < _TO_CART)
    bought = carts.where(random.random(len(carts)) < _TO_PURCHASE)
    taken = seen.where(in_store & (random.random(len(seen)) < _BOUGHT_IN_STORE))
    return Happenings.concat(
        [
            views,
            carts.later(random.integers(5, 60, len(carts)), CART),
            bought.later(random.integers(60, 600, len(bought)), PURCHASE),
            taken.later(np.zeros(len(taken), dtype=np.int64), PURCHASE),
        ]
    )


def _clock(n: int, random: np.random.Generator) -> Longs:
    """Seconds since midnight: most come in the evening, nobody at night."""
    hours = np.clip(random.normal(17, 3.2, n), 6, 23.4)
    return (hours * 3600).astype(np.int64)


def _running(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The running sum of `steps` within each ragged row."""
    total = np.concatenate([[0], np.cumsum(steps)])
    starts = starts_of(lengths)
    running: np.ndarray = total[1:] - np.repeat(total[starts[:-1]], lengths)
    return running


def _nothing() -> Happenings:
    none = np.empty(0, dtype=np.int32)
    return Happenings.of(none, none, none.astype(np.int64), PURCHASE, none.astype(np.int8))
