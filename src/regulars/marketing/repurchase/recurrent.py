"""Recurrent: a network reads every customer's purchases of every product, and says in which week the next one comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import DAY, QUIET, Dataset, Floats, Run, floats
from regulars.core.errors import EmptyData
from regulars.models.arranged import Repurchased

from .method import HORIZONS
from .pairs import Pairs
from .reading import days_until, last_moment, pairs_of
from .telling import YEAR, Habits, moments_told, purchases_told, weeks_told

if TYPE_CHECKING:
    from regulars.models.networks.repurchase import Purchases, RepurchaseNet


@dataclass(frozen=True)
class RecurrentModel:
    """A fitted network, and what was usual for each product when it learned."""

    net: "RepurchaseNet"
    habits: Habits
    length: int
    seasonal: bool

    def hazards(self, pairs: Pairs) -> Floats:
        """The chance of each coming week to be that of the next purchase, if no earlier one is; float32 [n, weeks]."""
        return self.net.hazards(self.told(pairs))

    def told(self, pairs: Pairs) -> "Purchases":
        """The pairs as the network reads them."""
        return _told(pairs, self.habits, length=self.length, weeks=self.net.shape.horizon, seasonal=self.seasonal)

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        """Beyond the weeks that were learned the hazard of the last one goes on."""
        stays = np.log1p(-self.hazards(pairs).astype(np.float64))  # [n, weeks]
        sums = np.cumsum(np.concatenate([np.zeros((len(pairs), 1)), stays], axis=1), axis=1)
        asked = np.asarray(horizons)
        within = np.minimum(asked, stays.shape[1])
        return floats(-np.expm1(sums[:, within] + stays[:, -1:] * (asked - within)))


@dataclass(frozen=True)
class Recurrent(Repurchased):
    """A many-to-one LSTM over the purchases of each customer and product, with what is told of both.

    A step is a day of purchase: the gap since the one before, in days and in visits to the shop, quantity, price
    against the usual one, promotion, season. Then come the time since the last one, the customer's visits, the
    product's sales and price of late, and both tables. The season is told when the moments go through a whole
    year: nobody can tell from a part of it what the rest is like. See `Repurchased` for the settings, and `Calibrated`.
    """

    def fit(self, data: Dataset, run: Run = QUIET) -> RecurrentModel:
        from regulars.models.networks.repurchase import Purchases, fit_repurchase

        last = last_moment(data)
        learned_from = self.moments * self.weeks * 7  # days
        seasonal = learned_from >= YEAR - 7 and last - int(data.time.min()) >= learned_from * DAY
        parts, weeks = [], []
        for place in range(1, self.moments + 1):
            moment = last - place * self.weeks * 7 * DAY
            pairs = pairs_of(data, moment) if moment > int(data.time.min()) else None
            if pairs is None or not len(pairs):
                break
            habits = Habits.of(pairs, data.n_items)
            drawn = _drawn(pairs, self.examples // self.moments, run.random())
            until = np.floor(days_until(data, drawn) / 7)
            parts.append(_told(drawn, habits, length=self.length, weeks=self.weeks, seasonal=seasonal))
            weeks.append(np.where(until < self.weeks, until, np.inf).astype(np.float32))
        if not parts:
            raise EmptyData(
                f"a network that looks {self.weeks} weeks ahead needs a log that is longer than that, with purchases "
                "before the last of them"
            )
        net = fit_repurchase(Purchases.joined(parts), np.concatenate(weeks), self, run=run)
        return RecurrentModel(net, Habits.of(pairs_of(data), data.n_items), self.length, seasonal)


def _drawn(pairs: Pairs, most: int, random: np.random.Generator) -> Pairs:
    if len(pairs) <= most:
        return pairs
    return pairs.only(np.sort(random.choice(len(pairs), most, replace=False)))


def _told(pairs: Pairs, habits: Habits, *, length: int, weeks: int, seasonal: bool) -> "Purchases":
    from regulars.models.networks.repurchase import Purchases

    steps, starts = purchases_told(pairs, length, seasonal=seasonal)
    return Purchases(
        steps,
        starts,
        moments_told(pairs, habits),
        weeks_told(pairs.at, weeks, seasonal=seasonal),
        pairs.items,
        pairs.row,
        pairs.item_features,
        pairs.user_features,
    )
