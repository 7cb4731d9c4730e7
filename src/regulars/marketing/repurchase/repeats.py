"""Repeats: a model of repurchases that can be asked like any recommender, and saved: the source of "buy it again"."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self, final

import numpy as np
import polars as pl

from regulars.core import (
    DAY,
    MISSING,
    QUIET,
    Allowed,
    Dataset,
    Floats,
    Foretold,
    Histories,
    Ints,
    Longs,
    Model,
    Queries,
    Reasons,
    Recommendations,
    Run,
    Settings,
    ints,
    setting,
)
from regulars.data.kinds import WEIGHTS
from regulars.models.kinds.steps import steps_since

from .answers import best_pairs, check_horizon, expected_days, reasons
from .hazard import Hazard
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel
from .pairs import Pairs
from .reading import PURCHASE, Bought, Past, counted

NAME = "buy_again"  # of the source


@final
@dataclass(frozen=True)
class Repeats(Model):
    """What each customer bought before, by how likely it is bought again within `weeks`; a customer is their history.

    shelf: float32 [n_items, SHELF], what the shop knew of the products at the fit; kinds: codes of the events that
    count; began: the first second of the log. visits: whether a week stands for a visit, see `BoughtAgain`.
    """

    model: RepurchaseModel
    shelf: Floats
    kinds: Ints
    began: int
    weeks: int = 2
    visits: bool = False
    method: str = NAME

    @classmethod
    def fit(cls, method: RepurchaseMethod, data: Dataset, weeks: int = 2, run: Run = QUIET) -> Self:
        """Learns from what a service knows of a history: products, moments and kinds, no prices and no units.

        Raises EmptyData when the log is too short, SettingError for a horizon that nobody can look over.
        """
        bare = replace(data, context=pl.DataFrame())
        return cls.of(method.fit(bare, run), bare, weeks)

    @classmethod
    def of(cls, model: RepurchaseModel, data: Dataset, weeks: int = 2) -> Self:
        """A model that was learned from `data`."""
        check_horizon(weeks)
        past = Past.of(data)
        return cls(model, past.shelf, _counting(data.kinds), int(data.time.min()), weeks)

    @property
    def n_items(self) -> int:  # type: ignore[override]
        return len(self.shelf)

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        """The probability; NaN for what the customer never bought."""
        pairs, width = self.pairs(queries), self.n_items
        scores = np.full((len(queries), width), np.nan, dtype=np.float32)
        known = np.flatnonzero(pairs.items < width)
        if len(known):
            said = self.model.probabilities(pairs, (self.weeks,))[:, 0]
            scores[pairs.row[known], pairs.items[known]] = said[known]
        if items is None:
            return scores
        inside = (items >= 0) & (items < width)
        return np.where(inside, scores[:, np.where(inside, items, 0)], np.float32(np.nan))

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The score is the probability. Nobody is offered what they never bought, or brought back."""
        pairs, answer = self.pairs(queries), Recommendations.none(len(queries), k, NAME)
        if not len(pairs):
            return answer
        said = self.model.probabilities(pairs, (self.weeks,))[:, 0]
        order, rank = best_pairs(pairs, said, k, allowed or Allowed())
        answer.items[pairs.row[order], rank - 1] = pairs.items[order]
        answer.scores[pairs.row[order], rank - 1] = said[order]
        return answer

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item is its own reason."""
        reasons = Reasons.none(len(answer), answer.k, r)
        there = answer.items != MISSING
        reasons.items[there, 0], reasons.shares[there, 0] = answer.items[there], 1.0
        return reasons

    def foretell(self, queries: Queries, answer: Recommendations) -> Foretold:
        """Probability, expected day and rhythm of each answer: what `buy_again` says at the same moment."""
        pairs, n, k = self.pairs(queries), len(answer), answer.k
        chances, days = np.full((2, n, k), np.nan, dtype=np.float32)
        words = [[""] * k for _ in range(n)]
        row, place = np.nonzero(answer.items != MISSING)
        found, at = _places(pairs, ints(row), answer.items[row, place])
        if len(found):
            said = self.model.probabilities(pairs, (self.weeks, *HORIZONS))[at]
            row, place = row[found], place[found]
            chances[row, place], days[row, place] = said[:, 0], expected_days(said[:, 1:])
            own, again = np.unique(at, return_inverse=True)
            told = reasons(pairs.only(own))
            for one, column, place_told in zip(row.tolist(), place.tolist(), again.tolist(), strict=True):
                words[one][column] = told[place_told]
        return Foretold(self.weeks, chances, days, tuple(map(tuple, words)))

    def pairs(self, queries: Queries) -> Pairs:
        """Every product of each history, as it was known at the moment of asking."""
        if self.visits:
            queries = replace(queries, history=by_visits(queries.history, queries.times))
        observed = ints(np.maximum(queries.times - self.began, 0) // DAY + 1)
        features = pl.DataFrame(), queries.attributes
        return Bought.told(queries, self.kinds).pairs(queries.users, observed, self.shelf, features)


@dataclass(frozen=True)
class BoughtAgain(Settings):
    """A method of `regulars.models` that says how likely each customer buys again what they had: a source for rankers.

    of: the way to foretell it; weeks: within which. clock "visits": a week stands for a visit, whenever it was, so
    that weeks = 1 is the next basket; for logs that only tell the order of baskets, and for asking at a visit.
    """

    of: RepurchaseMethod = field(default_factory=partial(Hazard, gaps="weibull"))
    weeks: int = setting(1, low=1, high=52)
    clock: str = setting("days", choices=("days", "visits"))

    def fit(self, data: Dataset, run: Run = QUIET) -> Repeats:
        """Raises EmptyData when the log is too short."""
        visits = self.clock == "visits"
        if visits and len(data):
            end = np.full(data.n_users, int(data.time.max()), dtype=np.int64)
            data = replace(data, time=by_visits(data.histories(), end).times)
        return replace(Repeats.fit(self.of, data, self.weeks, run), visits=visits)


def by_visits(history: Histories, now: Longs) -> Histories:
    """The same with the newest visit of each customer at `now` [n], the one before it a week earlier, and so on."""
    return replace(history, times=now[history.rows] - 7 * DAY * steps_since(history))


def _counting(kinds: Sequence[str]) -> Ints:
    """The codes of purchases and of what comes back, those that a log without purchases may name later among them.

    A service gives the kinds that a log lacks the next codes, in the order of `WEIGHTS`.
    """
    known = (*kinds, *(kind for kind in WEIGHTS if kind not in kinds))
    counting = {PURCHASE, *counted(kinds)}
    return ints([code for code, kind in enumerate(known) if kind in counting])


def _places(pairs: Pairs, row: Ints, items: Ints) -> tuple[Ints, Ints]:
    """Which of some customers and products are among the pairs, and the position of each of those."""
    width = max(int(pairs.items.max(initial=0)), int(items.max(initial=0))) + 1
    keys, wanted = pairs.row.astype(np.int64) * width + pairs.items, row.astype(np.int64) * width + items
    at = np.searchsorted(keys, wanted)
    found = np.flatnonzero(np.append(keys, -1)[at] == wanted)
    return ints(found), ints(at[found])
