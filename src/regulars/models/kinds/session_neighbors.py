"""Session neighbors: past sessions that resemble the current one say what comes next in it."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import (
    Allowed,
    Floats,
    Histories,
    Ints,
    Longs,
    Model,
    Queries,
    Reasons,
    Recommendations,
    floats,
)
from regulars.core.errors import BadTable
from regulars.kernels.contributions import strongest
from regulars.kernels.neighbors import shared_parts
from regulars.kernels.profiles import Sparse
from regulars.kernels.reached import Reach, by_weights
from regulars.kernels.sessions import Asked, Fading, Past, session_votes

from .by_block import explained
from .reaching import best_of, scores_of
from .session import Session


@final
@dataclass(frozen=True)
class SessionNeighbors(Model):
    """Item i scores the sum over the k nearest of the `sample` newest sessions n that share an item with this one:

        similarity(n) * steps[of n's item that was met last] * distance[places between that item and i] * rarity[i]

    where similarity(n) sums what the items in common weigh in the current session (`Session`), divided by norms[n] and
    halved for every `recency` seconds since n. starts, items: stored sessions, oldest first, without ids, each item at
    most once in a session; positions: where it was met last; times: when each session ended. steps, distance: float32
    tables that go on as they end. What no neighbor has scores NaN. Memory: 12 bytes for each item of a session.
    """

    method: str
    n_items: int
    k: int
    sample: int
    recency: float
    session: Session
    starts: Longs
    items: Ints
    positions: Ints
    times: Longs
    norms: Floats
    steps: Floats
    distance: Floats
    rarity: Floats

    def __post_init__(self) -> None:
        rows = {len(self.starts) - 1, len(self.times), len(self.norms)}
        inside = not len(self.items) or (self.items.min() >= 0 and self.items.max() < self.n_items)
        whole = len(self.positions) == len(self.items) == self.starts[-1] and len(self.rarity) == self.n_items
        if len(rows) != 1 or not inside or not whole or (np.diff(self.times) < 0).any():
            raise BadTable(f"sessions of {self.n_items} items need whole columns in the order of their times")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return scores_of(self._reach(self._asked(queries)), (len(queries), self.n_items), items)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        shape = len(queries), self.n_items
        return best_of(self._reach(self._asked(queries)), shape, k, allowed or Allowed(), self.method)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items that follow a session of each of `items` [n] alone, asked when the newest session ended."""
        alone = Histories.of([[item] for item in items.tolist()])
        asked = Queries.of(alone, times=int(self.times.max(initial=0)))
        but_itself = Allowed.all_but(alone)
        return self.recommend(asked, k, but_itself if allowed is None else but_itself & allowed)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of the current session that the sessions which voted for an answer share with it.

        Each vote is divided among the items in common, in proportion to what they add to the similarity.
        """

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            asked = self._asked(queries)
            voters, votes = self._voters(asked)
            alike = np.ones(len(votes[1]), dtype=np.float32)
            added = shared_parts((asked.starts, asked.items, asked.weights), voters, votes, alike, answers)
            return strongest(asked.starts, asked.items, added, r)

        return explained(explain, queries, answer, r, self.n_items)

    def _asked(self, queries: Queries) -> Asked:
        return Asked(*self.session.of(queries.history, self.n_items), queries.times)

    def _voters(self, asked: Asked) -> tuple[Sparse, Sparse]:
        fading = Fading(self.recency, self.steps, self.distance)
        return session_votes(asked, self._past, fading, self.rarity, k=self.k, sample=self.sample)

    def _reach(self, asked: Asked) -> Reach:
        def reach(begin: int, end: int) -> Sparse:
            part = asked._replace(starts=asked.starts[begin : end + 1], times=asked.times[begin:end])
            return by_weights(*self._voters(part), self.n_items)(0, end - begin)

        return reach

    @cached_property
    def _past(self) -> Past:
        """What is searched; made when the model is first asked."""
        order = np.argsort(self.items, kind="stable")
        rows = np.repeat(np.arange(len(self.times), dtype=np.int32), np.diff(self.starts))
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.items, minlength=self.n_items))])
        return Past(self.starts, self.items, self.positions, self.times, self.norms, ends, rows[order])


def halving(half_life: float, n: int = 1_000) -> Floats:
    """A table that halves every `half_life` places; inf: all ones."""
    return floats(np.exp2(-np.arange(n) / half_life))
