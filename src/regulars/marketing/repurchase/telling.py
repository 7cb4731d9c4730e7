"""Telling: pairs as numbers for a network: every purchase, and the moment of asking. A pair's numbers are its own."""

from dataclasses import dataclass

import numpy as np

from regulars.core import DAY, Floats, Ints, Longs, floats, spans, starts_of

from .pairs import Pairs

YEAR = 365.2425  # days
LATELY = (28, 84)  # days in which the visits of a customer are counted
LONG = 180  # days after which a pair is old: a log that grows must not lead where nothing was learned
CHEAP, DEAR = -1.5, 1.5  # logarithms at which a price against the usual one is cut


@dataclass(frozen=True)
class Habits:
    """What is usual for each product among all who bought it; float32 [n_items, 3]: the logarithms of its days of
    purchase of a buyer, of the share of them who bought it twice, and of its gap in days. NaN where nobody bought it.
    """

    table: Floats

    @classmethod
    def of(cls, pairs: Pairs, n_items: int, usual: float = 5.0) -> "Habits":
        """Counts every pair; products of few buyers are drawn towards all of them as if by `usual` buyers more."""
        buyers = np.bincount(pairs.items, minlength=n_items)
        counts = np.bincount(pairs.items, pairs.counts, n_items)
        twice = np.bincount(pairs.items, pairs.counts > 1, n_items)
        starts, gaps = pairs.gaps
        of_gap = np.repeat(pairs.items, np.diff(starts))
        logs, n_gaps = np.bincount(of_gap, np.log(gaps), n_items), np.bincount(of_gap, minlength=n_items)
        whole = max(buyers.sum(), 1), max(n_gaps.sum(), 1)
        mean = counts.sum() / whole[0], twice.sum() / whole[0], logs.sum() / whole[1]
        table = np.stack(
            [
                np.log((counts + usual * mean[0]) / (buyers + usual)),
                np.log((twice + usual * mean[1] + 1e-3) / (buyers + usual)),
                (logs + usual * mean[2]) / (n_gaps + usual),
            ],
            axis=1,
        )
        return cls(floats(table))


def purchases_told(pairs: Pairs, length: int, *, seasonal: bool) -> tuple[Floats, Longs]:
    """The newest `length` purchases of each pair, oldest first: float32 [n_steps, c], and where each pair's begin."""
    lengths = np.minimum(pairs.counts, length).astype(np.int64)
    days = spans(pairs.starts[1:] - lengths, lengths)
    pair = np.repeat(np.arange(len(pairs)), lengths)
    earlier = np.where(days > pairs.starts[:-1][pair], days - 1, days)
    ages = pairs.ages[days].astype(np.int64)
    visits = _visits_since(pairs, pair, ages)
    moments = pairs.at[pairs.row[pair]] / DAY - ages
    usual = pairs.shelf[pair, 1]
    known = ~np.isnan(pairs.quantities[days])
    columns = [
        np.log1p(pairs.ages[earlier] - ages),
        earlier == days,
        np.log1p(_visits_since(pairs, pair, pairs.ages[earlier].astype(np.int64)) - visits),
        np.log1p(np.minimum(ages, LONG)),
        np.log1p(np.nan_to_num(pairs.quantities[days])),
        known,
        _ratio(pairs.prices[days], usual),
        np.nan_to_num(pairs.promoted[days]),
        *_season(moments, seasonal),
    ]
    return np.stack(columns, axis=1).astype(np.float32), starts_of(lengths)


def moments_told(pairs: Pairs, habits: Habits) -> Floats:
    """What is known of each pair at the moment of asking; float32 [n, a]."""
    every, row = np.arange(len(pairs)), pairs.row
    since, first, counts = pairs.since.astype(np.float64), pairs.first.astype(np.float64), pairs.counts
    usual = habits.table[np.minimum(pairs.items, len(habits.table) - 1)]
    usual = np.where((pairs.items < len(habits.table))[:, None], usual, 0)
    gap = np.where(counts > 1, (first - since) / np.maximum(counts - 1, 1), np.exp(usual[:, 2]))
    of_visit = np.repeat(np.arange(len(pairs.users)), np.diff(pairs.visit_starts))
    m = len(pairs.users)
    lately = [np.bincount(of_visit[pairs.visits < days], minlength=m)[row] / days * 7 for days in LATELY]
    all_visits = np.diff(pairs.visit_starts)
    newest = np.full(m, -1)
    newest[all_visits > 0] = pairs.visits[pairs.visit_starts[1:][all_visits > 0] - 1]
    oldest = np.ones(m)
    oldest[all_visits > 0] = pairs.visits[pairs.visit_starts[:-1][all_visits > 0]] + 1
    columns = [
        np.log1p(since),
        np.log1p(np.minimum(first, LONG)),
        np.log(counts),
        np.log((since + 1) / (gap + 1)),
        np.log1p(_visits_since(pairs, every, since.astype(np.int64))),
        np.log1p(newest[row]),
        *(np.log1p(rate) for rate in lately),
        np.log1p((all_visits / oldest * 7)[row]),
        np.log1p(counts / (first + 1) * 28),
        _ratio(pairs.shelf[:, 0], pairs.shelf[:, 1]),
        np.log1p(np.nan_to_num(pairs.shelf[:, 2])),
        np.log1p(np.nan_to_num(pairs.shelf[:, 3])),
        np.nan_to_num(usual[:, 0]),
        np.nan_to_num(usual[:, 1]),
        np.nan_to_num(usual[:, 2]),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def weeks_told(at: Longs, weeks: int, *, seasonal: bool) -> Floats:
    """The season of each of the coming weeks of each question; float32 [m, weeks, 4], [m, weeks, 0] if not."""
    middles = at[:, None] / DAY + (np.arange(weeks) + 0.5)[None, :] * 7
    nothing = np.zeros((len(at), weeks, 0), dtype=np.float32)
    return np.concatenate(
        [nothing, *(part[:, :, None] for part in _season(middles, seasonal))], axis=2, dtype=np.float32
    )


def _visits_since(pairs: Pairs, pair: Ints | Longs, ages: Longs) -> Longs:
    """On how many days after that age the customer of each pair came to the shop."""
    width = int(max(pairs.visits.max(initial=0), ages.max(initial=0))) + 2
    rows = np.repeat(np.arange(len(pairs.users), dtype=np.int64), np.diff(pairs.visit_starts))
    rising = rows * width + (width - 1 - pairs.visits)
    asked = pairs.row[pair].astype(np.int64) * width + (width - 1 - ages)
    until = np.searchsorted(rising, asked, side="right")
    since: Longs = pairs.visit_starts[1:][pairs.row[pair]] - until
    return since


def _ratio(prices: Floats, usual: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(prices / usual)
    return floats(np.clip(np.nan_to_num(logs, posinf=0, neginf=0), CHEAP, DEAR))


def _season(days: np.ndarray, seasonal: bool) -> list[np.ndarray]:
    """Where in the year days since 1970 stand, as two harmonics; nothing, if it is not to be told."""
    if not seasonal:
        return []
    angle = 2 * np.pi * days / YEAR
    return [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
