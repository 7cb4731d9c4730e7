"""ItemScores: the same scores for everybody, or for everybody of a group."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import Allowed, Floats, Ints, Model, Queries, Recommendations, Vocabulary

from .columns import columns_of
from .order import first_allowed


@dataclass(frozen=True)
class Groups:
    """Which row of the scores answers a query: that of its value in the context column `column`, else row 0.

    values: the known values; value i has row i + 1. Row 0 is for everybody whose value is not known.
    """

    column: str = ""
    values: Vocabulary = field(default_factory=lambda: Vocabulary.of([]))

    def rows(self, queries: Queries) -> Ints:
        """The row of each query; int32 [n]."""
        if self.column not in queries.context.columns:
            return np.zeros(len(queries), dtype=np.int32)
        return self.values.index(queries.context[self.column]) + np.int32(1)


@final
@dataclass(frozen=True)
class ItemScores(Model):
    """Scores that do not depend on the history: what is popular, with everybody or in a group.

    scores: float32 [groups, n_items], NaN for items that cannot be told. One row, or one for each value of `groups`
    after the row for everybody.
    """

    method: str
    n_items: int
    scores: Floats
    groups: Groups = field(default_factory=Groups)

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return columns_of(self.scores, items)[self.groups.rows(queries)]

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        groups = self.groups.rows(queries)
        permitted = allowed or Allowed()
        answer = Recommendations.none(len(queries), k, self.method)
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            scores = self.scores[group]
            items = first_allowed(self._order(int(group)), len(rows), k, permitted[rows])
            answer.items[rows] = items
            answer.scores[rows] = np.where(items >= 0, scores[items], np.float32(np.nan)) if self.n_items else np.nan
        return answer

    def _order(self, group: int) -> Ints:
        """The items of a group, best first; sorted once, however often they are asked for."""
        if group not in self._orders:
            self._orders[group] = _best_first(self.scores[group])
        return self._orders[group]

    @cached_property
    def _orders(self) -> dict[int, Ints]:
        return {}


def _best_first(scores: Floats) -> Ints:
    """The items that have a score, best first; ties go to the lower index."""
    order = np.argsort(-scores, kind="stable")  # NaN is last
    return order[: np.isfinite(scores).sum()].astype(np.int32)
