"""Hazard: a product comes back after its gap, sooner for some customers, later for others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from regulars.core import MISSING, QUIET, Dataset, Floats, Ints, Longs, Progress, Run, Settings, floats, setting
from regulars.core.errors import EmptyData
from regulars.kernels.gaps import Doubles, evidence, log_survival

from .groups import codes_of
from .method import HORIZONS
from .pairs import Pairs
from .reading import pairs_of

_MIDDAY = 0.5  # of the day of the last purchase, from which on nothing came
_SAMPLE = 200_000  # pairs that say how gaps are spread
_PACE_STEPS = 6  # of Newton, for a customer's pace at the moment of asking
_STEP = 0.05  # of the logarithm of a shape, to see where it should go
_FARTHEST = 1.0  # that an offset moves at once, in logarithms
_STOPS = 0.2  # odds, to begin with
_LARGEST = {
    "shape": 64.0,
    "power": 8.0,
    "spread": 1_000.0,
    "stops": 100.0,
    "lasts": 3.0,
}  # a clock would have them grow beyond all numbers


@dataclass(frozen=True)
class Gaps:
    """The gaps of pairs, as the likelihood takes them: days, raised to `power`.

    counts: int32 [n], gaps that ended; done: their sum; waiting: days since the last purchase; float64 [n].
    logs: the sum of the logarithms of the gaps, of each pair.
    """

    counts: Ints
    done: Doubles
    waiting: Doubles
    logs: Doubles

    @classmethod
    def of(cls, pairs: Pairs, power: float) -> "Gaps":
        starts, gaps = pairs.gaps
        of_pair = np.repeat(np.arange(len(pairs)), np.diff(starts))
        days = gaps.astype(np.float64)
        return cls(
            np.diff(starts).astype(np.int32),
            np.bincount(of_pair, days**power, len(pairs)).astype(np.float64),
            (pairs.since.astype(np.float64) + _MIDDAY) ** power,
            np.bincount(of_pair, np.log(days), len(pairs)).astype(np.float64),
        )


@dataclass(frozen=True)
class Spread:
    """How gaps differ: days ** power are gamma(shape, rate), and a pair's rate is gamma(spread, exp(its scale)).

    Gamma gaps have power 1, Weibull gaps shape 1. A small spread: many pairs take very long. After its k-th purchase a
    pair stops for good with the odds `stops` * k ** -`lasts` (Fader, Hardie, Lee, Marketing Science 2005, where the
    chance is the same each time).
    """

    shape: float = 1.0
    power: float = 1.0
    spread: float = 1.0
    stops: float = 0.0
    lasts: float = 0.3

    def stopped(self, gaps: Gaps) -> tuple[Doubles, Doubles]:
        """The chance of each pair to have stopped with its last purchase, and the log of that it did not before."""
        most = int(gaps.counts.max(initial=0)) + 1
        odds = self.stops * np.arange(1, most + 1, dtype=np.float64) ** -self.lasts
        before = np.concatenate([[0.0], -np.cumsum(np.log1p(odds))])
        return (odds / (1 + odds))[gaps.counts], before[gaps.counts]

    def alive(self, gaps: Gaps, log_days: Doubles, elapsed: Doubles) -> Doubles:
        """How likely each pair goes on, after `elapsed` days without."""
        stopped, _ = self.stopped(gaps)
        goes_on = (1 - stopped) * np.exp(self.log_survival(gaps, log_days, elapsed))
        return np.asarray(goes_on / np.maximum(goes_on + stopped, 1e-300))

    def evidence(self, gaps: Gaps, log_days: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Log likelihood of each pair, its slope and bend in the logarithm of its days."""
        stopped, before = self.stopped(gaps)
        told = evidence(
            gaps.counts,
            gaps.done,
            gaps.waiting,
            self.power * log_days,
            shape=self.shape,
            spread=self.spread,
            stopped=stopped,
        )
        whole = told[0] + (self.shape * self.power - 1) * gaps.logs + gaps.counts * np.log(self.power) + before
        return whole, self.power * told[1], self.power**2 * told[2]

    def log_survival(self, gaps: Gaps, log_days: Doubles, elapsed: Doubles) -> Doubles:
        """Log of how likely the next gap of each pair is longer than `elapsed` days."""
        return log_survival(
            gaps.counts,
            gaps.done,
            elapsed**self.power,
            self.power * log_days,
            shape=self.shape,
            spread=self.spread,
        )


@dataclass(frozen=True)
class Offsets:
    """How far each of several groups is from what holds for all, shrunk as far as the groups say themselves.

    values: float64 [groups]; variance: of the normal distribution that they are drawn from.
    """

    values: Doubles
    variance: float

    @classmethod
    def none(cls, n: int) -> "Offsets":
        return cls(np.zeros(n), 0.25)

    def improved(self, group: Longs | Ints, slope: Doubles, bend: Doubles) -> "Offsets":
        """A step of Newton for each group, and the variance that fits the result (EM; Morris, JASA 1983)."""
        n = len(self.values)
        known = group != MISSING
        slopes = np.bincount(group[known], slope[known], n) - self.values / self.variance
        precision = np.bincount(group[known], -bend[known], n) + 1 / self.variance
        values = self.values + np.clip(slopes / precision, -_FARTHEST, _FARTHEST)
        met = np.bincount(group[known], minlength=n) > 0
        variance = float((values[met] ** 2 + 1 / precision[met]).mean()) if met.any() else self.variance
        return Offsets(np.where(met, values, 0.0), max(variance, 1e-4))

    def of(self, group: Longs | Ints) -> Doubles:
        """The offset of each, 0 where the group is MISSING."""
        return np.append(self.values, 0.0)[group]


@dataclass(frozen=True)
class HazardModel:
    """spread: how gaps differ; base: log days; items: float32 [n_items], offsets of the products with those of their
    groups; pace: the variance of customers. A customer's pace is learned from the pairs at the moment of asking.
    """

    spread: Spread
    base: float
    items: Floats
    pace: float

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        """See RepurchaseModel. All pairs of a customer must be there: together they tell how fast things come back."""
        gaps, log_days = self.scales(pairs)
        since = pairs.since.astype(np.float64) + _MIDDAY
        now = self.spread.log_survival(gaps, log_days, since)
        later = [self.spread.log_survival(gaps, log_days, since + 7.0 * weeks) for weeks in horizons]
        alive = self.spread.alive(gaps, log_days, since)
        return floats(-np.expm1(np.minimum(np.stack(later, axis=1) - now[:, None], 0.0)) * alive[:, None])

    def scales(self, pairs: Pairs) -> tuple[Gaps, Doubles]:
        """The gaps of each pair, and the logarithm of the days that are usual for its product and its customer."""
        gaps = Gaps.of(pairs, self.spread.power)
        known = self.base + self._of_items(pairs.items)
        pace = replace(Offsets.none(len(pairs.users)), variance=self.pace)
        for _ in range(_PACE_STEPS):
            _, slope, bend = self.spread.evidence(gaps, known + pace.of(pairs.row))
            pace = replace(pace.improved(pairs.row, slope, bend), variance=self.pace)
        return gaps, known + pace.of(pairs.row)

    def survival(self, items: Ints, days: Doubles) -> Floats:
        """Of the customers who bought it once, how many have not bought it again after so many days.

        float32 [items, days], for a customer of the usual pace.
        """
        n = len(items)
        none = Gaps(np.zeros(n, dtype=np.int32), np.zeros(n), np.zeros(n), np.zeros(n))
        scale = self.base + self._of_items(items)
        curves = [self.spread.log_survival(none, scale, np.full(n, float(day))) for day in days]
        stopped = self.spread.stopped(none)[0][:, None]
        return floats(stopped + (1 - stopped) * np.exp(np.stack(curves, axis=1)))

    def _of_items(self, items: Ints) -> Doubles:
        there = (items >= 0) & (items < len(self.items))
        return np.where(there, self.items[np.where(there, items, 0)], 0.0).astype(np.float64)


@dataclass(frozen=True)
class Hazard(Settings):
    """Gamma or Weibull gaps between the purchases of a product by a customer, by empirical Bayes.

    Each pair of customer and product has a rate of its own, drawn from a gamma distribution around what is usual for
    the product and the customer; it is integrated out, so that the next gap after ended gaps g and t days without is
    longer than t + h with the probability S(t + h | g) / S(t | g) (gamma: a beta prime, Weibull: a Burr distribution).
    After each purchase a pair may stop for good, the less likely the oftener it was bought: who is long overdue has
    stopped rather than waited. The usual days of a product are shrunk towards those of its group (`group`: a column of
    the items), these towards the shop's; a customer's pace towards 1. The likelihood is exact: a gap that has not ended
    counts as longer than it is by now, or as none. Customers for at most `pairs` pairs are drawn to learn from.
    """

    gaps: str = setting("gamma", choices=("gamma", "weibull"))
    group: str = "category"
    rounds: int = setting(12, low=1, high=100, log=True)
    pairs: int = setting(1_500_000, low=1_000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> HazardModel:
        """Raises EmptyData when nothing was bought twice."""
        return self.learn(some_pairs(data, self.pairs, run), data.n_items, run)

    def learn(self, pairs: Pairs, n_items: int, run: Run = QUIET) -> HazardModel:
        """The same from pairs, each customer's whole. Raises EmptyData when nothing was bought twice."""
        if not (pairs.counts > 1).any():
            raise EmptyData("no customer bought a product on two days; how soon it is bought again cannot be learned")
        learning = _Learning.begun(self, pairs, n_items)
        sample = np.sort(run.random().permutation(len(pairs))[:_SAMPLE])
        for done in range(self.rounds):
            learning = learning.improved(pairs).respread(pairs, sample, self.gaps)
            run.on_epoch(Progress("gaps", done + 1, self.rounds, (("days", float(np.exp(learning.base))),)))
        return learning.model()


@dataclass(frozen=True)
class _Learning:
    spread: Spread
    gaps: Gaps
    base: float
    groups: Ints = field(repr=False)  # of each item
    of_groups: Offsets
    of_items: Offsets
    of_customers: Offsets

    @classmethod
    def begun(cls, settings: Hazard, pairs: Pairs, n_items: int) -> "_Learning":
        spread = Spread(stops=_STOPS)
        groups = codes_of(pairs.item_features, settings.group, n_items)
        counts = int(groups.max(initial=MISSING)) + 1
        gaps = Gaps.of(pairs, spread.power)
        days = gaps.done.sum() / max(gaps.counts.sum(), 1)
        offsets = (Offsets.none(n) for n in (counts, n_items, len(pairs.users)))
        return cls(spread, gaps, float(np.log(days)), groups, *offsets)

    def log_days(self, pairs: Pairs) -> Doubles:
        return (
            self.base
            + self.of_groups.of(self.groups[pairs.items])
            + self.of_items.of(pairs.items)
            + self.of_customers.of(pairs.row)
        )

    def improved(self, pairs: Pairs) -> "_Learning":
        """One step for all, the groups, the products and the customers, each after the other."""
        _, slope, bend = self.spread.evidence(self.gaps, self.log_days(pairs))
        step = float(np.clip(slope.sum() / max(-bend.sum(), 1e-9), -_FARTHEST, _FARTHEST))
        new = replace(self, base=self.base + step)
        new = replace(new, of_groups=new._moved(new.of_groups, self.groups[pairs.items], pairs))
        new = replace(new, of_items=new._moved(new.of_items, pairs.items, pairs))
        return replace(new, of_customers=new._moved(new.of_customers, pairs.row, pairs))

    def _moved(self, offsets: Offsets, group: Ints, pairs: Pairs) -> Offsets:
        _, slope, bend = self.spread.evidence(self.gaps, self.log_days(pairs))
        return offsets.improved(group, slope, bend)

    def respread(self, pairs: Pairs, sample: Longs, family: str) -> "_Learning":
        """One step of Newton in the shape of the gaps and in how much rates differ, each alone."""
        some = pairs.only(sample)
        log_days = self.log_days(pairs)[sample]
        spread = self.spread
        for name in ("spread", "power" if family == "weibull" else "shape", "stops", "lasts"):
            likelihood = partial(_likelihood, some, log_days, spread, name)
            spread = replace(spread, **{name: min(_uphill(likelihood, getattr(spread, name)), _LARGEST[name])})
        return replace(self, spread=spread, gaps=Gaps.of(pairs, spread.power))

    def model(self) -> HazardModel:
        items = self.of_items.values + self.of_groups.of(self.groups)
        return HazardModel(self.spread, self.base, floats(items), self.of_customers.variance)


def some_pairs(data: Dataset, most: int, run: Run) -> Pairs:
    """The pairs of all customers after the last event, or of some drawn at random for about `most` pairs."""
    pairs = pairs_of(data)
    if len(pairs) <= most:
        return pairs
    asked = max(1, len(pairs.users) * most // len(pairs))
    return pairs_of(data, customers=np.sort(run.random().choice(data.n_users, asked, replace=False)).astype(np.int32))


def _likelihood(pairs: Pairs, log_days: Doubles, spread: Spread, name: str, value: float) -> float:
    changed = replace(spread, **{name: value})
    return float(changed.evidence(Gaps.of(pairs, changed.power), log_days)[0].sum())


def _uphill(likelihood: "partial[float]", value: float) -> float:
    """A step of Newton in the logarithm of a value above 0, by differences; where the bend is up, a step uphill."""
    low, here, high = (likelihood(value * np.exp(way * _STEP)) for way in (-1, 0, 1))
    slope, bend = (high - low) / (2 * _STEP), (high - 2 * here + low) / _STEP**2
    step = -slope / bend if bend < 0 else np.sign(slope) * 0.3
    return float(value * np.exp(np.clip(step, -0.5, 0.5)))
