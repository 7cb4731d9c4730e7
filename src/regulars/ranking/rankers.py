"""Rankers: what has learned to score a candidate for a customer, and the table of the ways to learn it."""

from typing import Final, Protocol

from regulars.core import Floats, Run

from .additive import AdditiveRanker
from .deep import DeepRanker
from .forest import TreeRanker
from .table import Lists, Table


class Ranker(Protocol):
    """What has learned to order candidates: immutable, and part of a saved pipeline.

    A row's score depends on nothing but the row: not on the other candidates, not on the other customers of a call.
    """

    def score(self, table: Table) -> Floats:
        """The score of each row; float32 [p]."""
        ...


class RankerMethod(Protocol):
    """Settings that learn a ranker from lists in which something was wanted."""

    def learn(self, lists: Lists, run: Run) -> Ranker:
        """The ranker under which what was wanted stands highest."""
        ...


RANKERS: Final[dict[str, type[RankerMethod]]] = {
    "additive": AdditiveRanker,
    "trees": TreeRanker,
    "dcn": DeepRanker,
}
