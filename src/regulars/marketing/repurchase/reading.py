"""From a log to the pairs of a moment, and to what was bought after it. The one place where the future could leak."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import (
    DAY,
    EVENT,
    Bools,
    Dataset,
    Floats,
    Frame,
    Ints,
    Longs,
    Queries,
    floats,
    ints,
    spans,
    starts_of,
)
from regulars.core.errors import EmptyData
from regulars.data.kinds import WEIGHTS
from regulars.features.numbers import sizes

from .pairs import SHELF, Pairs

PURCHASE = "purchase"
BACK = ("return", "refund")
LATELY, LONGER = 28, 84  # days in which the buyers of a product are counted


def counted(kinds: Sequence[str]) -> tuple[str, ...]:
    """Which kinds of a log tell of purchases and of what came back.

    Where it names no purchases, events without a kind do, and kinds that only this shop has; views, carts, ratings and
    their like never do.
    """
    own = tuple(kind for kind in kinds if kind == EVENT or kind not in WEIGHTS)
    return (*((PURCHASE,) if PURCHASE in kinds else own), *BACK)


def purchases(data: Dataset) -> Dataset:
    """What was bought and what was brought back. Raises EmptyData when no kind of the log's events is a purchase."""
    counting = counted(data.kinds)
    if len(data) and not set(data.kinds) & set(counting) - set(BACK):
        raise EmptyData(
            f"no event is a purchase: the log has {', '.join(sorted(data.kinds))}. Purchases are what this is learned "
            "from: add the table of orders as one more [[events]]"
        )
    return data.of_kinds(counting)


def last_moment(data: Dataset) -> int:
    """Right after the last event of the log. Raises EmptyData for a log without events."""
    if not len(data):
        raise EmptyData("the log has no events; there is nothing to buy again")
    return int(data.time.max()) + 1


@dataclass(frozen=True)
class Past:
    """A log as it was known at a moment, to be asked for one block of customers after the other.

    bought: purchases and what came back, strictly before `at`; shelf: float32 [n_items, SHELF].
    """

    bought: Dataset
    at: int
    observed: int
    shelf: Floats

    @classmethod
    def of(cls, data: Dataset, at: int | None = None) -> "Past":
        """What was known at `at`, by default right after the last event. Raises EmptyData for a log without events."""
        moment = last_moment(data) if at is None else at
        bought = purchases(data)
        past = bought.where(bought.time < moment)
        observed = (moment - int(data.time.min(initial=moment)) + DAY - 1) // DAY
        return cls(past, moment, observed, _shelf(past, moment))

    def pairs(self, customers: Ints) -> Pairs:
        """Every product that each of these customers (indices, MISSING for a stranger) had bought."""
        data = self.bought
        known = np.where(customers >= 0, customers, 0)
        lengths = np.where(customers >= 0, data.starts[known + 1] - data.starts[known], 0)
        theirs = data.where(spans(data.starts[known], lengths))
        at = np.full(len(customers), self.at, dtype=np.int64)
        rows = np.repeat(np.arange(len(customers)), lengths)
        bought = Bought(rows, theirs.item, theirs.time, theirs.weight, at, theirs.context)
        observed = np.full(len(customers), self.observed, dtype=np.int32)
        features = data.item_features, _attributes(data, customers)
        return bought.pairs(ints(customers), observed, self.shelf, features)


@dataclass(frozen=True)
class Bought:
    """What m customers bought and brought back before the moment of asking, by customer and in the order of time.

    rows: int64 [n_events], rising, the question of each; at: int64 [m]. context: frame of n_events rows, or no columns.
    """

    rows: Longs
    items: Ints
    times: Longs
    weights: Floats
    at: Longs
    context: Frame

    @classmethod
    def told(cls, queries: Queries, kinds: Ints) -> "Bought":
        """By the histories of questions, whatever happened by the very second of asking. kinds: codes of what counts.

        What is said to happen later happened just now: clocks differ.
        """
        history = queries.history
        history = history.where(np.isin(history.kinds, kinds))
        at = queries.times + 1
        rows = history.rows.astype(np.int64)
        return cls(rows, history.items, np.minimum(history.times, queries.times[rows]), history.weights, at, _BARE)

    def pairs(self, users: Ints, observed: Ints, shelf: Floats, features: tuple[Frame, Frame]) -> Pairs:
        """As `Pairs` has it. shelf: float32 [n_items, SHELF]; features: of the items and of the m customers."""
        width = max(len(shelf), int(self.items.max(initial=0)) + 1)
        days = _days(self, width)
        key, first = np.unique(days["key"], return_index=True)
        items = ints(key % width)
        visit_starts, visits = _visits(days["key"] // width, days["ages"], len(users))
        return Pairs(
            row=ints(key // width),
            items=items,
            users=users,
            at=self.at,
            starts=np.append(first, len(days["key"])).astype(np.int64),
            ages=ints(days["ages"]),
            quantities=days["quantities"],
            prices=days["prices"],
            promoted=days["promoted"],
            visit_starts=visit_starts,
            visits=visits,
            observed=observed,
            shelf=_shelf_of(items, shelf),
            item_features=features[0],
            user_features=features[1],
        )


_BARE = pl.DataFrame()


def pairs_of(data: Dataset, at: int | None = None, customers: Ints | None = None) -> Pairs:
    """Every product that each customer had bought strictly before `at`, by default right after the last event.

    customers: indices into `data.users`, everybody by default. Several purchases of a day count as one; what was
    brought back is taken from the purchases before it. A day is 24 hours counted back from the moment: ask at the
    midnight of the shop, and no time zone matters. Raises EmptyData for a log without events.
    """
    everybody = np.arange(data.n_users, dtype=np.int32)
    return Past.of(data, at).pairs(everybody if customers is None else customers)


def days_until(data: Dataset, pairs: Pairs) -> Floats:
    """Whole days from the moment to the next purchase, 0 for the first 24 hours, inf for never; float32 [n].

    Looks ahead: for learning from a past moment and for judging only.
    """
    bought = purchases(data)
    width = max(data.n_items, 1)
    until = np.full(len(pairs), np.inf, dtype=np.float32)
    for moment in np.unique(pairs.at).tolist():
        mine = np.flatnonzero(pairs.at[pairs.row] == moment)
        later = np.flatnonzero((bought.time >= moment) & (bought.weight > 0))
        key = bought.user[later].astype(np.int64) * width + bought.item[later]
        order = np.argsort(key, kind="stable")  # the events of a customer are in the order of time
        names, first = np.unique(key[order], return_index=True)
        wanted = pairs.customers[mine].astype(np.int64) * width + pairs.items[mine]
        found = np.minimum(np.searchsorted(names, wanted), max(len(names) - 1, 0))
        there = names[found] == wanted if len(names) else np.zeros(len(wanted), dtype=np.bool_)
        ages = (bought.time[later][order][first] - moment) // DAY
        until[mine[there]] = ages[found[there]]
    return until


def bought_within(data: Dataset, pairs: Pairs, horizons: Sequence[int]) -> Bools:
    """Whether each was bought within each of the horizons (weeks) after the moment; bool [n, horizons].

    Raises EmptyData when the log ends before the longest does.
    """
    end, needed = last_moment(data), int(pairs.at.max(initial=0)) + (max(horizons) * 7 - 1) * DAY
    if end < needed:
        raise EmptyData(
            f"the log ends {(needed - end) // DAY + 1:,} days before the {max(horizons)} weeks after the moment do; "
            "ask at an earlier moment, or for a shorter horizon"
        )
    return days_until(data, pairs)[:, None] < np.array(horizons)[None, :] * 7


def _days(bought: Bought, width: int) -> dict[str, np.ndarray]:
    """Each day on which a customer bought a product, in the order of (row, item, time); none that came back whole."""
    key = bought.rows * width + bought.items
    order = np.argsort(key, kind="stable")
    key, age = key[order], (bought.at[bought.rows[order]] - 1 - bought.times[order]) // DAY
    weight = bought.weights[order].astype(np.float64)
    starting = np.ones(len(key), dtype=np.bool_)
    starting[1:] = (key[1:] != key[:-1]) | (age[1:] != age[:-1])
    day = np.cumsum(starting) - 1
    n = int(day[-1]) + 1 if len(day) else 0
    net = np.bincount(day, weight, n)
    keys, ages = key[starting], age[starting]
    given = weight > 0
    quantities, prices, promoted = _paid(bought.context, order, day, given, n)
    kept = _kept(keys, net)
    return {
        "key": keys[kept],
        "ages": ages[kept],
        "quantities": quantities[kept],
        "prices": prices[kept],
        "promoted": promoted[kept],
    }


def _kept(keys: Longs, net: np.ndarray) -> Bools:
    """Which days are left when what came back is taken from the newest days before it."""
    kept: Bools = net > 1e-6
    back = np.flatnonzero(net < -1e-6)
    left = net.copy()
    for place in back.tolist():
        owed, before = -left[place], place - 1
        while owed > 1e-6 and before >= 0 and keys[before] == keys[place]:
            taken = min(max(left[before], 0.0), owed)
            left[before] -= taken
            owed -= taken
            kept[before] = left[before] > 1e-6
            before -= 1
    return kept


def _paid(context: Frame, order: Longs, day: Longs, given: Bools, n: int) -> tuple[Floats, Floats, Floats]:
    """Quantity, price of one and promotion of each day; float32 [n] each, NaN where the log does not tell."""
    nothing = np.full(n, np.nan, dtype=np.float32)
    quantity, value = (_numbers(context, name, order) for name in ("quantity", "value"))
    quantities = nothing if quantity is None else floats(np.bincount(day[given], quantity[given], n))
    prices, price = nothing, _numbers(context, "price", order)
    if price is not None:
        prices = floats(np.bincount(day[given], price[given], n) / np.maximum(np.bincount(day[given], minlength=n), 1))
    elif value is not None:
        prices = floats(np.bincount(day[given], value[given], n) / np.where(quantities > 0, quantities, np.nan))
    promoted = nothing
    for name in ("promotion", "discount"):
        if (off := _numbers(context, name, order)) is not None:
            share = np.bincount(day[given], (off > 0)[given], n) / np.maximum(np.bincount(day[given], minlength=n), 1)
            promoted = floats(share)
            break
    prices = np.where(prices > 0, prices, np.nan).astype(np.float32)
    return quantities, prices, promoted


def _numbers(context: Frame, name: str, order: Longs) -> np.ndarray | None:
    """A column of the events as numbers, 0 where there is none; None where there is no such column."""
    if name not in context.columns:
        return None
    values, known = sizes(context[name])
    return np.where(known, values, 0.0)[order]


def _visits(rows: Longs, ages: Longs, m: int) -> tuple[Longs, Ints]:
    """The days on which each customer bought anything, oldest first."""
    width = int(ages.max(initial=0)) + 1
    keys = np.unique(rows * width + (width - 1 - ages))
    return starts_of(np.bincount(keys // width, minlength=m)), ints(width - 1 - keys % width)


def _shelf_of(items: Ints, shelf: Floats) -> Floats:
    """The rows of the table; nothing is known of products that it lacks."""
    if int(items.max(initial=-1)) < len(shelf):
        return shelf[items]
    known = items < len(shelf)
    rows = np.full((len(items), len(SHELF)), np.nan, dtype=np.float32)
    rows[known] = shelf[items[known]]
    return rows


def _shelf(past: Dataset, moment: int) -> Floats:
    """What the shop knew of every product; float32 [n_items, SHELF]."""
    table = np.full((past.n_items, len(SHELF)), np.nan, dtype=np.float32)
    age = (moment - 1 - past.time) // DAY
    paid = _prices(past.context)
    for column, kept in ((0, age < LATELY), (1, age >= 0)):
        if paid is not None:
            known = kept & np.isfinite(paid) & (paid > 0)
            counts = np.bincount(past.item[known], minlength=past.n_items)
            sums = np.bincount(past.item[known], paid[known], past.n_items)
            table[:, column] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    for column, days in ((2, LATELY), (3, LONGER)):
        kept = (age < days) & (past.weight > 0)
        pair = np.unique(past.user[kept].astype(np.int64) * max(past.n_items, 1) + past.item[kept])
        buyers = np.bincount(pair % max(past.n_items, 1), minlength=past.n_items)
        table[:, column] = buyers / (days / 7)
    return table


def _prices(context: Frame) -> np.ndarray | None:
    every = np.arange(context.height)
    price = _numbers(context, "price", every)
    quantity, value = _numbers(context, "quantity", every), _numbers(context, "value", every)
    if price is not None or quantity is None or value is None:
        return price
    return value / np.where(quantity > 0, quantity, np.nan)


def _attributes(data: Dataset, users: Ints) -> Frame:
    if not data.user_features.width:
        return pl.DataFrame()
    rows = pl.Series(users.astype(np.int64))
    return data.user_features.select(pl.all().gather(rows.set(rows < 0, None)))
