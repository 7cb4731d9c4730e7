"""The study of what is bought again: everything that the page tells, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from regulars.core import DAY, QUIET, Bools, Dataset, Frame, Ints, Run, Settings, setting
from regulars.core.errors import EmptyData, SettingError
from regulars.marketing.repurchase import RepurchaseMethod, RepurchaseModel, table
from regulars.marketing.repurchase.reading import Past, purchases

from .plan import BACK, Plan, Totals, plan, spread_out, totals
from .tried import WEEK, WEEKS, Tried, tried

HISTORY = 8  # weeks before the trial whose purchases are shown


@dataclass(frozen=True)
class Look(Settings):
    """How much is looked at. customers: at most so many are asked, drawn by lot; shown: those in the calendar;
    products: of each; weeks: of the calendar; horizon: weeks of the table of products; curves: products with one.
    """

    customers: int = setting(5_000, low=1, high=10_000_000, log=True)
    shown: int = setting(60, low=1, high=2_000, log=True)
    products: int = setting(12, low=1, high=200, log=True)
    weeks: int = setting(5, low=1, high=26)
    horizon: int = setting(2, low=1, high=52)
    curves: int = setting(6, low=0, high=24)


@dataclass(frozen=True)
class Known:
    """What a shop knows: its log, what it calls its items and how it groups them, and which may be named.

    names: String [n_items]; groups: String [n_items] or of length 0; allowed: bool [n_items]. zone: of its days.
    """

    data: Dataset
    names: pl.Series
    groups: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    allowed: Bools | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class Repurchases:
    """What was found. chosen: the method that the calendar is by; at: the moment of asking; asked: customers; tried:
    None where the log is too short for it, and then `untried` says why; table: see marketing.repurchase.table.
    """

    known: Known
    look: Look
    chosen: str
    at: int
    asked: int
    plan: Plan
    totals: Totals
    tried: Tried | None
    table: Frame
    past: Frame
    untried: str = ""

    @property
    def names(self) -> list[str]:
        """The methods, the chosen one first."""
        return [] if self.tried is None else list(dict.fromkeys(one.name for one in self.tried.judged))


def repurchases(
    known: Known,
    chosen: str,
    model: RepurchaseModel,
    methods: Mapping[str, RepurchaseMethod],
    *,
    customers: Ints | None = None,
    look: Look | None = None,
    run: Run = QUIET,
) -> Repurchases:
    """What is bought again, and how well that was told for the newest weeks by methods that had not seen them.

    model: of the method `chosen`, fitted on everything; methods: by name, those that are tried, `chosen` among them;
    they are fitted on what was before the newest 4 weeks. customers: those of the calendar; by default some from the
    busiest to the quietest. Raises EmptyData for a log without events.
    """
    if chosen not in methods:
        raise SettingError(f"{chosen!r} must be among the methods that are tried: {', '.join(methods)}")
    look, data = look or Look(), known.data
    past = Past.of(data)
    users = _asked(past.bought, look.customers, run)
    sums = totals(past, model, users, look.horizon, known.allowed, run)
    shown = spread_out(_activity(past), look.shown) if customers is None else customers
    planned = plan(past, model, shown, weeks=look.weeks, k=look.products, allowed=known.allowed)
    looked, why = None, ""
    moment = past.at - WEEKS * WEEK
    try:
        names = [chosen, *(name for name in methods if name != chosen)]
        before = data.before(moment)
        early = {name: methods[name].fit(before, run.at(f"tried-{name}")) for name in names}
        looked = tried(early, data, moment, users, curved(known, sums.items, look.curves), run)
    except EmptyData as error:
        why = str(error)
    figures = pl.DataFrame()
    if looked is not None:
        against = "frequency" if "frequency" in methods else chosen
        figures = table(looked.judged, against)
    return Repurchases(
        known, look, chosen, past.at, len(users), planned, sums, looked, figures, _weeks(past, users), why
    )


def curved(known: Known, items: Frame, n: int) -> Ints:
    """The n products that most customers bought again, of as many groups as there are."""
    ranked = items.sort("again", "item", descending=[True, False]).filter(pl.col("again") > 0)
    if len(known.groups):
        groups = known.groups.gather(ranked["item"]).fill_null("")
        ranked = ranked.with_columns(turn=pl.int_range(pl.len()).over(groups)).sort("turn", maintain_order=True)
    chosen: Ints = ranked["item"].head(n).to_numpy().astype(np.int32)
    return chosen


def _asked(bought: Dataset, most: int, run: Run) -> Ints:
    active = np.flatnonzero(np.diff(bought.starts)).astype(np.int32)
    if len(active) <= most:
        return active
    return np.sort(run.random().choice(active, most, replace=False)).astype(np.int32)


def _activity(past: Past) -> np.ndarray:
    """Days with a purchase of each customer within the past that is drawn; int64 [n_users]."""
    bought = past.bought
    lately = (past.at - bought.time <= BACK * DAY) & (bought.weight > 0)
    days = np.unique(bought.user[lately].astype(np.int64) * 100_000 + bought.time[lately] // DAY)
    return np.bincount(days // 100_000, minlength=bought.n_users)


def _weeks(past: Past, users: Ints) -> Frame:
    """week (seconds UTC), bought: products that customers had bought before, in each of HISTORY weeks of the past."""
    bought = purchases(past.bought)
    mine = np.zeros(bought.n_users, dtype=np.bool_)
    mine[users] = True
    kept = mine[bought.user] & (bought.weight > 0)
    pair = bought.user[kept].astype(np.int64) * max(bought.n_items, 1) + bought.item[kept]
    week = (past.at - 1 - bought.time[kept]) // WEEK
    _, place = np.unique(pair, return_inverse=True)
    first = np.zeros(int(place.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(first, place, week)
    again = week < first[place]
    keys = np.unique(pair[again] * 10_000 + week[again])
    counts = np.bincount((keys % 10_000).astype(np.int64), minlength=WEEKS + HISTORY)[: WEEKS + HISTORY]
    reach = int(week.max(initial=0))
    rows = [(past.at - (ago + 1) * WEEK, int(counts[ago])) for ago in range(len(counts)) if ago < reach]
    return pl.DataFrame(rows[::-1], {"week": pl.Int64, "bought": pl.Int64}, orient="row")
