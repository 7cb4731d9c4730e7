"""Demand: what all customers together are expected to buy again, per store and product; an input of forecasts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import DAY, QUIET, Dataset, Floats, Frame, Ints, Longs, Progress, Run, floats, ints
from regulars.core.errors import MissingColumn

from .answers import check_horizon
from .calibration import WINDOW_WEEKS
from .method import RepurchaseMethod, RepurchaseModel
from .pairs import Pairs
from .reading import Past

TOGETHER = 200_000  # pairs that are asked about at a time, about
USUAL_GAP = 28  # days that the first purchase stands for, when a pace is told from a few


def expected_units(
    model: RepurchaseModel, data: Dataset, at: int, *, weeks: int = 1, store: str = "", run: Run = QUIET
) -> Frame:
    """What is expected to be bought again in each of the coming weeks; one row per store, product and week.

    Columns: store (where `store` names a column of the events), item_id, week (1: the seven days after `at`), buyers
    (the sum over customers of the chance that their next purchase falls into it), units (purchases of these and of
    those who come more than once, times what they usually take). A customer counts in each store by the share of their
    visits to it. Nothing after `at` is looked at; whether the model knows more is for the caller to see to, or for
    `foreseen`. Raises MissingColumn, SettingError, EmptyData.
    """
    check_horizon(weeks)
    past = Past.of(data, at)
    shares = _Shares.of(past, store)
    sums = np.zeros((2, weeks, shares.n_stores * max(data.n_items, 1)))
    for pairs in _asked(past, run):
        said = model.probabilities(pairs, tuple(range(1, weeks + 1))).astype(np.float64)
        chances = np.nan_to_num(np.diff(said, axis=1, prepend=0.0))
        units = _purchases(pairs, chances) * _usual_units(pairs)[:, None]
        for row, values in enumerate((chances, units)):
            for week in range(weeks):
                place, weight = shares.spread(pairs, values[:, week])
                sums[row, week] += np.bincount(place, weight, sums.shape[2])
    ahead, cell = np.nonzero(sums[0])
    items = pl.DataFrame(
        {
            "item_id": data.items.names(ints(cell % data.n_items)),
            "week": (ahead + 1).astype(np.int32),
            "buyers": sums[0, ahead, cell].astype(np.float32),
            "units": sums[1, ahead, cell].astype(np.float32),
        }
    )
    return items if not store else items.insert_column(0, shares.names.gather(cell // data.n_items).alias("store"))


def foreseen(
    method: RepurchaseMethod,
    data: Dataset,
    moments: Sequence[int],
    *,
    weeks: int = 1,
    store: str = "",
    refit_weeks: int = 4,
    run: Run = QUIET,
) -> Frame:
    """`expected_units` at several moments, each by a model fitted strictly before it: a column for learning from.

    Columns: at (seconds UTC) and those of `expected_units`. A model serves the moments of `refit_weeks` weeks from its
    fit on; moments without enough of a log before them (twice 4 weeks) are left out.
    """
    enough = int(data.time.min()) + 2 * WINDOW_WEEKS * 7 * DAY
    rising, parts = sorted(moment for moment in moments if moment >= enough), []
    fitted, model = -1, None
    for done, moment in enumerate(rising):
        if model is None or moment >= fitted + refit_weeks * 7 * DAY:
            fitted, model = moment, method.fit(data.before(moment), run)
        table = expected_units(model, data, moment, weeks=weeks, store=store)
        parts.append(table.select(pl.lit(moment, dtype=pl.Int64).alias("at"), pl.all()))
        run.on_epoch(Progress("foresee demand", done + 1, len(rising)))
    return pl.concat(parts) if parts else pl.DataFrame()


@dataclass(frozen=True)
class _Shares:
    """In which stores each customer is met, and how often: row i of users has starts[i]:starts[i + 1]."""

    names: pl.Series
    starts: Longs
    stores: Ints
    shares: Floats
    n_items: int

    @property
    def n_stores(self) -> int:
        return max(len(self.names), 1)

    @classmethod
    def of(cls, past: Past, column: str) -> "_Shares":
        data, users = past.bought, np.arange(past.bought.n_users)
        if not column:
            one = np.zeros(len(users), dtype=np.int32)
            starts = np.arange(len(users) + 1, dtype=np.int64)
            return cls(pl.Series([""]), starts, one, np.ones(len(users), dtype=np.float32), data.n_items)
        if column not in data.context.columns:
            found = ", ".join(data.context.columns) or "none"
            raise MissingColumn(f"the events have no column {column!r} that names stores; there are {found}")
        told = data.context[column]
        names = told.drop_nulls().unique().sort()
        known = np.flatnonzero(told.is_not_null().to_numpy())
        store = names.search_sorted(told.gather(known)).to_numpy().astype(np.int64)
        day = data.time[known] // DAY
        visits = pl.DataFrame({"user": data.user[known], "store": store, "day": day}).unique()
        counts = visits.group_by("user", "store").len().sort("user", "store")
        user, met = counts["user"].to_numpy(), counts["len"].to_numpy().astype(np.float64)
        total = np.bincount(user, met, len(users))
        starts = np.searchsorted(user, np.arange(len(users) + 1)).astype(np.int64)
        return cls(names, starts, ints(counts["store"].to_numpy()), floats(met / total[user]), data.n_items)

    def spread(self, pairs: Pairs, values: np.ndarray) -> tuple[Longs, np.ndarray]:
        """The cells of stores and products that the pairs add to, and how much."""
        users = pairs.customers
        lengths = self.starts[users + 1] - self.starts[users]
        pair = np.repeat(np.arange(len(pairs)), lengths)
        begins = np.repeat(self.starts[users] - (np.cumsum(lengths) - lengths), lengths)
        entry = begins + np.arange(len(pair))
        place = self.stores[entry].astype(np.int64) * max(self.n_items, 1) + pairs.items[pair]
        return place, values[pair] * self.shares[entry]


def _asked(past: Past, run: Run) -> Iterator[Pairs]:
    users = np.arange(past.bought.n_users, dtype=np.int32)
    block = np.cumsum(np.diff(past.bought.starts) + 1) // TOGETHER
    done = 0
    for part in np.split(users, np.flatnonzero(np.diff(block)) + 1):
        pairs = past.pairs(part)
        if len(pairs):
            yield pairs
        done += len(part)
        run.on_epoch(Progress("sum up customers", done, len(users)))


def _purchases(pairs: Pairs, chances: np.ndarray) -> np.ndarray:
    """Purchases in each coming week, by the chance that the next one falls into it; float64 [n, weeks].

    Who bought comes again at the pace of the past, half a week long in the week of that purchase.
    """
    pace = 7.0 * pairs.counts / (pairs.first + USUAL_GAP)
    before = np.cumsum(chances, axis=1) - chances
    return np.asarray(chances * (1 + pace / 2)[:, None] + before * pace[:, None])


def _usual_units(pairs: Pairs) -> np.ndarray:
    """What is taken on a day of purchase: the mean of the pair's days, 1 where the log does not tell."""
    of_pair = np.repeat(np.arange(len(pairs)), pairs.counts)
    known = ~np.isnan(pairs.quantities)
    counts = np.bincount(of_pair[known], minlength=len(pairs))
    sums = np.bincount(of_pair[known], pairs.quantities[known], len(pairs))
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)
