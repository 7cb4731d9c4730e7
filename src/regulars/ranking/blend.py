"""Blend: what several models propose, put in order by a ranker that has learned whom to trust, when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from regulars.core import (
    Allowed,
    FindsSimilar,
    Floats,
    Ints,
    Model,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
)
from regulars.core.errors import CannotDo, SettingError

from .evidence import ItemLore, Pairs, Yardstick, block_size, pairs_of
from .fusion import fused
from .sources import because_by_source, finders

_SMOOTH = 60.0  # of the fusion of similar items; see RankFusion


class Ranker(Protocol):
    """What has learned to order candidates."""

    def score(self, evidence: Floats) -> Floats:
        """The score of each row of the evidence [p, c]; float32 [p]."""
        ...


@dataclass(frozen=True)
class Blend:
    """Candidates are the best `depth` items of each model (the best k if k is more); the ranker scores their evidence.

    An item's score depends on the customer and the item alone, never on which other candidates are in the call: each
    model's scores are measured by its yardstick, and places are counted in the whole catalog. The source of an answer
    is the model that puts it highest among the items of its kind, the earlier one if two do. Made by `LearnedBlend`.
    """

    recommenders: tuple[Model, ...]
    yardsticks: tuple[Yardstick, ...]
    lore: ItemLore
    ranker: Ranker
    depth: int = 100

    def __post_init__(self) -> None:
        if not self.recommenders or len(self.recommenders) != len(self.yardsticks):
            raise SettingError(
                "a blend needs models and a yardstick for each; "
                f"it has {len(self.recommenders)} and {len(self.yardsticks)}"
            )
        if len({model.n_items for model in self.recommenders}) > 1:
            raise SettingError("the models of a blend need one catalog; fit them on one dataset")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, size = allowed or Allowed(), block_size(self.recommenders[0].n_items)
        parts = [
            self._block(queries[rows], k, permitted[rows])
            for rows in (slice(start, start + size) for start in range(0, max(1, len(queries)), size))
        ]
        return Recommendations.concat(parts)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], fused by rank from the models that find similar items.

        Raises CannotDo when none of them does.
        """
        able = [self.recommenders[place] for place in finders(self.recommenders)]
        if not able:
            raise CannotDo("none of the models of this blend finds similar items; add item_knn, ease or als")
        depth = max(self.depth, k)
        answers = [one.similar_items(items, depth, allowed) for one in able if isinstance(one, FindsSimilar)]
        return fused(answers, [1.0] * len(answers), _SMOOTH, k)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this blend's `answer` explained by the model that puts it highest."""
        return because_by_source(self._parts, queries, answer, r)

    @property
    def _parts(self) -> Sequence[Recommender]:
        return self.recommenders

    def _block(self, queries: Queries, k: int, allowed: Allowed) -> Recommendations:
        pairs = pairs_of(self.recommenders, self.lore, queries, allowed, wide=max(self.depth, k), depth=self.depth)
        return best_of(pairs, self.ranker.score(pairs.evidence(self.yardsticks)), k, self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(model.method for model in self.recommenders)


def best_of(pairs: Pairs, scores: Floats, k: int, names: tuple[str, ...]) -> Recommendations:
    """The k best pairs of each row; equal scores go to the lower item."""
    rows = pairs.rows
    order = np.lexsort((pairs.items, -scores, rows))
    place = np.arange(len(order)) - pairs.starts[rows]
    kept = place < k
    chosen, row, column = order[kept], rows[kept], place[kept]
    answer = Recommendations.none(len(pairs.starts) - 1, k)
    answer.items[row, column] = pairs.items[chosen]
    answer.scores[row, column] = scores[chosen]
    answer.sources[row, column] = _proposers(pairs)[chosen]
    return Recommendations(answer.items, answer.scores, names, answer.sources)


def _proposers(pairs: Pairs) -> np.ndarray:
    """The part that puts each pair highest, of those that can tell."""
    places = np.where(np.isnan(pairs.scores), np.iinfo(np.int32).max, pairs.places)
    proposers: np.ndarray = places.argmin(axis=1).astype(np.int16)
    return proposers
