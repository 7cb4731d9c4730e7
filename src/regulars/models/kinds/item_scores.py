"""ItemScores: the same scores for everybody, or for everybody of a group."""

from dataclasses import dataclass, field
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Queries, Scored, Vocabulary

from .columns import columns_of


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
class ItemScores(Scored):
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
