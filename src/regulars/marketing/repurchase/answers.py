"""The verbs: what each customer buys again, when and why; and the next basket, repeats and new products apart."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from regulars.core import DAY, QUIET, Allowed, Bools, Dataset, Floats, Frame, Ints, Longs, Progress, Run, floats
from regulars.core.errors import SettingError

from .explore import CrossSellModel
from .method import HORIZONS, RepurchaseModel, at_horizons
from .pairs import Pairs
from .reading import Past

TOGETHER = 200_000  # pairs of the customers that are asked about at a time, about
FARTHEST = 365  # days ahead, beyond which no date is expected
LONGEST = 52  # weeks that can be asked for
EVEN = 0.5  # as likely as not
REPEAT, EXPLORE = "repeat", "explore"


def buy_again(
    model: RepurchaseModel,
    data: Dataset,
    customers: Ints | None = None,
    *,
    horizon_weeks: int = 2,
    k: int = 10,
    at: int | None = None,
    allowed: Bools | None = None,
    zone: str = "UTC",
    run: Run = QUIET,
) -> Frame:
    """The k products of each customer that are bought again most likely; one row each, the likeliest first.

    Columns: user_id, rank (from 1), item_id, probability (of a purchase within the horizon), expected_date (the day by
    which a purchase is as likely as not; null beyond a year), reason ("every 21 days; last bought 19 days ago").
    customers: indices, everybody by default; those who bought nothing get no row. at: the moment of asking, by default
    right after the last event. allowed: bool [n_items], what may be named. zone: of the dates. Raises SettingError,
    EmptyData.
    """
    check_horizon(horizon_weeks)
    past = Past.of(data, at)
    parts = [_none(data)]
    for pairs in _blocks(past, data, customers, run):
        if not len(pairs):
            continue
        said = model.probabilities(pairs, (horizon_weeks, *HORIZONS))
        best = best_pairs(pairs, said[:, 0], k, _alike(allowed))
        parts.append(_rows(data, pairs, said, best, zone))
    return pl.concat(parts)


def due(
    model: RepurchaseModel,
    data: Dataset,
    days: tuple[date, date],
    customers: Ints | None = None,
    *,
    at: int | None = None,
    allowed: Bools | None = None,
    zone: str = "UTC",
    run: Run = QUIET,
) -> Frame:
    """Who is due for which product from the first of two days to the last: the addresses and dates of a campaign.

    A row for each customer and product whose expected date, as `buy_again` tells it, is one of these days; by date,
    the likeliest first. Columns: expected_date, user_id, item_id, probability (that the next purchase falls into these
    days), reason. Raises SettingError when they are over at the moment of asking, or begin more than a year after it,
    EmptyData.
    """
    first, last = days
    past = Past.of(data, at)
    today = datetime.fromtimestamp(past.at, ZoneInfo(zone)).date()
    if not max(first, today) <= last:
        raise SettingError(f"who is due from {first} to {last}? The last day must not be before the first, or {today}")
    if (first - today).days > FARTHEST:
        raise SettingError(
            f"who is due from {first} on cannot be told: the log ends on {today}, and dates are told for a year"
        )
    midnights = [datetime.combine(day, time(), ZoneInfo(zone)).timestamp() for day in (first, last + timedelta(days=1))]
    ahead = [max(midnight - past.at, 0) / (7 * DAY) for midnight in midnights]
    parts = [_none(data)]
    for pairs in _blocks(past, data, customers, run):
        if not len(pairs):
            continue
        said = model.probabilities(pairs)
        within = at_horizons(said, HORIZONS, ahead)
        weeks = expected_days(said) / 7
        near = (weeks > ahead[0] - 1) & (weeks < ahead[1] + 1)
        kept = np.flatnonzero(near & _alike(allowed).permits(pairs.row, pairs.items))
        chances = np.column_stack([within[:, 1] - within[:, 0], said])
        rows = _rows(data, pairs, chances, np.stack([kept, np.ones(len(kept))]).astype(np.int32), zone)
        parts.append(rows.filter(pl.col("expected_date").is_between(first, last)))
    table = pl.concat(parts).select("expected_date", "user_id", "item_id", "probability", "reason")
    return table.sort("expected_date", "probability", descending=[False, True], maintain_order=True)


def next_basket(
    model: RepurchaseModel,
    data: Dataset,
    customers: Ints | None = None,
    *,
    explore: CrossSellModel | None = None,
    horizon_weeks: int = 1,
    k: int = 10,
    new: int = 3,
    at: int | None = None,
    allowed: Bools | None = None,
    zone: str = "UTC",
    run: Run = QUIET,
) -> Frame:
    """What the coming visit may bring: `k` - `new` repeats and `new` products that the customer never bought.

    The columns of `buy_again` and `part`: "repeat" or "explore"; the probabilities of both mean the same, so that they
    may be put into one order. Customers stand in the order of `data.users`. One with fewer repeats gets more that is
    new, up to k. Without `explore` there are repeats alone.
    """
    check_horizon(horizon_weeks)
    past = Past.of(data, at)
    parts = [_none(data).with_columns(part=pl.lit(REPEAT))]
    for pairs in _blocks(past, data, customers, run):
        repeats = _none(data)
        if len(pairs):
            said = model.probabilities(pairs, (horizon_weeks, *HORIZONS))
            best = best_pairs(pairs, said[:, 0], k if explore is None else k - new, _alike(allowed))
            repeats = _rows(data, pairs, said, best, zone)
        parts.append(repeats.with_columns(part=pl.lit(REPEAT)))
        if explore is not None:
            parts.append(_new(explore, past, pairs, repeats, horizon_weeks, k, allowed))
    places = pl.DataFrame({"user_id": data.users.ids, "_place": np.arange(data.n_users)})
    return pl.concat(parts).join(places, on="user_id", how="left").sort("_place", "rank").drop("_place")


def check_horizon(weeks: int) -> None:
    """Raises SettingError for a horizon that nobody can look over."""
    if not 1 <= weeks <= LONGEST:
        raise SettingError(f"horizon_weeks must be from 1 to {LONGEST}; it is {weeks}")


def expected_days(said: Floats, horizons: Sequence[int] = HORIZONS) -> Floats:
    """Days until a purchase is as likely as not, from probabilities [n, horizons]; float32 [n], NaN beyond a year.

    Straight between the horizons; beyond the last one, purchases come at the pace of the last stretch.
    """
    days = 7.0 * np.array([0, *horizons])
    chances = np.pad(np.clip(said.astype(np.float64), 0, 1 - 1e-7), ((0, 0), (1, 0)))
    place = np.clip((chances < EVEN).sum(axis=1) - 1, 0, len(horizons) - 1)
    rows = np.arange(len(said))
    low, high = chances[rows, place], chances[rows, place + 1]
    stretch = days[place + 1] - days[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = days[place] + (EVEN - low) / (high - low) * stretch
        pace = (np.log1p(-low) - np.log1p(-high)) / stretch
        beyond = days[-1] + (np.log1p(-high) - np.log1p(-EVEN)) / pace
    told = np.where(high >= EVEN, inside, beyond)
    return floats(np.where(told <= FARTHEST, told, np.nan))


def reasons(pairs: Pairs) -> list[str]:
    """Why each would be bought again, in words: its rhythm, and when it was bought last."""
    gaps = np.rint((pairs.first - pairs.since) / np.maximum(pairs.counts - 1, 1)).astype(np.int64)
    return [*map(_reason, pairs.counts.tolist(), gaps.tolist(), pairs.since.tolist())]


def _reason(days: int, gap: int, since: int) -> str:
    """Of a product that was bought on so many days, with so many from one to the next, and since the last."""
    last = "today" if since == 0 else "yesterday" if since == 1 else f"{since} days ago"
    if days == 1:
        return f"bought once; last bought {last}"
    if days == 2:
        apart = "on two days running" if gap == 1 else f"{gap} days apart"
        return f"bought twice, {apart}; last bought {last}"
    return f"every {gap} days; last bought {last}" if gap > 1 else f"every day; last bought {last}"


def _blocks(past: Past, data: Dataset, customers: Ints | None, run: Run) -> Iterator[Pairs]:
    """The pairs of some customers after others."""
    asked = np.arange(data.n_users, dtype=np.int32) if customers is None else customers
    events = np.diff(past.bought.starts)[np.maximum(asked, 0)] + 1
    block = (np.cumsum(events) - 1) // TOGETHER
    done = 0
    for part in np.split(asked, np.flatnonzero(np.diff(block)) + 1):
        yield past.pairs(part)
        done += len(part)
        run.on_epoch(Progress("ask about customers", done, len(asked)))


def best_pairs(pairs: Pairs, said: Floats, k: int, allowed: Allowed) -> Ints:
    """The positions of the k likeliest pairs of each question, in order, and rank; int32 [2, rows]."""
    kept = np.flatnonzero(allowed.permits(pairs.row, pairs.items) & ~np.isnan(said))
    order = kept[np.lexsort((pairs.since[kept], -said[kept], pairs.row[kept]))]
    row = pairs.row[order]
    rank = np.arange(len(order)) - np.searchsorted(row, row)
    return np.stack([order[rank < k], rank[rank < k] + 1]).astype(np.int32)


def _rows(data: Dataset, pairs: Pairs, said: Floats, best: Ints, zone: str) -> Frame:
    order, rank = best
    days = expected_days(said[order, 1:])
    moment = pairs.at[pairs.row[order]]
    near = ~np.isnan(days)
    coming = pl.Series(np.where(near, moment + np.where(near, days, 0) * DAY, 0).astype(np.int64))
    local = pl.from_epoch(coming, "s").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    dates = pl.select(pl.when(pl.Series(near)).then(local)).to_series()
    return pl.DataFrame(
        {
            "user_id": data.users.names(pairs.customers[order]),
            "rank": rank,
            "item_id": data.items.names(pairs.items[order]),
            "probability": said[order, 0],
            "expected_date": dates,
            "reason": pl.Series(reasons(pairs.only(np.sort(order))), dtype=pl.String).gather(_ranks(order)),
        }
    )


def _new(
    explore: CrossSellModel,
    past: Past,
    pairs: Pairs,
    repeats: Frame,
    weeks: int,
    k: int,
    allowed: Bools | None,
) -> Frame:
    """The explore part of each customer, behind the repeats."""
    data = past.bought
    offers = explore.offers(data.queries(pairs.users, past.at), _alike(allowed), (weeks,))
    had = repeats.group_by("user_id").len()
    names = pl.DataFrame({"user_id": data.users.names(pairs.users)})
    counts = names.join(had, on="user_id", how="left", maintain_order="left")["len"].fill_null(0).to_numpy()
    rank = counts[:, None] + np.arange(offers.items.shape[1])[None, :] + 1
    rows, places = np.nonzero((offers.items >= 0) & (rank <= k))
    n = len(rows)
    return pl.DataFrame(
        {
            "user_id": names["user_id"].gather(rows),
            "rank": rank[rows, places].astype(np.int32),
            "item_id": data.items.names(offers.items[rows, places]),
            "probability": offers.chances[rows, places, 0],
            "expected_date": pl.Series([None], dtype=pl.Date).new_from_index(0, n),
            "reason": pl.Series(["never bought; goes with what you buy"]).new_from_index(0, n),
            "part": pl.Series([EXPLORE]).new_from_index(0, n),
        }
    )


def _ranks(values: Ints) -> Longs:
    """The place of each in rising order."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values)] = np.arange(len(values))
    return ranks


def _alike(allowed: Bools | None) -> Allowed:
    """The same for every customer."""
    return Allowed() if allowed is None else Allowed(allowed[None, :])


def _none(data: Dataset) -> Frame:
    """The table without rows."""
    return pl.DataFrame(
        schema={
            "user_id": data.users.ids.dtype,
            "rank": pl.Int32,
            "item_id": data.items.ids.dtype,
            "probability": pl.Float32,
            "expected_date": pl.Date,
            "reason": pl.String,
        }
    )
