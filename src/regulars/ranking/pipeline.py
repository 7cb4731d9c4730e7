"""Pipeline: candidates from several sources, filters, a ranker that scores them one by one, rules of the order."""

from collections.abc import Sequence
from dataclasses import dataclass

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

from .evidence import Evidence
from .filters import Filter, passing
from .fusion import fused
from .pairs import Pairs, block_size, pairs_of
from .rankers import Ranker
from .rerankers import Reranker
from .sources import because_by_source, finders
from .table import Table

_SMOOTH = 60.0  # of the fusion of similar items; see RankFusion


@dataclass(frozen=True)
class Pipeline:
    """Candidates are the best `depth` items of each source that pass the filters (the best k if k is more).

    An item's score by the ranker depends on the customer and the item alone, never on which other candidates are in
    the call: each source's scores are measured by its yardstick, and places are counted in the whole catalog. The
    rerankers, in their order, see the best `depth` candidates. The source of an answer is the one that puts it highest
    among the items of its kind, the earlier one if two do. Made by `TwoStage` and `LearnedBlend`.
    """

    sources: tuple[Model, ...]
    evidence: Evidence
    ranker: Ranker
    filters: tuple[Filter, ...] = ()
    rerankers: tuple[Reranker, ...] = ()
    depth: int = 100

    def __post_init__(self) -> None:
        if not self.sources or len(self.sources) != len(self.evidence.yardsticks):
            raise SettingError(
                "a pipeline needs sources and a yardstick for each; "
                f"it has {len(self.sources)} and {len(self.evidence.yardsticks)}"
            )
        if len({source.n_items for source in self.sources}) > 1:
            raise SettingError("the sources of a pipeline need one catalog; fit them on one dataset")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, size = allowed or Allowed(), block_size(self.sources[0].n_items)
        parts = [
            self._block(queries[rows], k, permitted[rows])
            for rows in (slice(start, start + size) for start in range(0, max(1, len(queries)), size))
        ]
        return Recommendations.concat(parts)

    def candidates(self, queries: Queries, k: int, allowed: Allowed | None = None) -> tuple[Pairs, Table]:
        """What the ranker looks at for lists of k, and the rows that it reads; for a batch that fits into memory."""
        wide, permitted = max(self.depth, k), passing(self.filters, queries, allowed)
        pairs = pairs_of(self.sources, queries, permitted, wide=wide, depth=self.depth)
        return pairs, self.evidence.table(queries, pairs)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], fused by rank from the sources that find similar items.

        Raises CannotDo when none of them does.
        """
        able = [self.sources[place] for place in finders(self.sources)]
        if not able:
            raise CannotDo("none of the sources of this pipeline finds similar items; add item_knn, ease or als")
        depth, permitted = max(self.depth, k), passing(self.filters, Queries.of([[]] * len(items)), allowed)
        answers = [one.similar_items(items, depth, permitted) for one in able if isinstance(one, FindsSimilar)]
        return fused(answers, [1.0] * len(answers), _SMOOTH, k)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this pipeline's `answer` explained by the source that puts it highest."""
        return because_by_source(self.recommenders, queries, answer, r)

    @property
    def recommenders(self) -> tuple[Recommender, ...]:
        """The sources."""
        return self.sources

    def _block(self, queries: Queries, k: int, allowed: Allowed) -> Recommendations:
        pairs, table = self.candidates(queries, k, allowed)
        names = tuple(source.method for source in self.sources)
        answer = best_of(pairs, self.ranker.score(table), max(self.depth, k) if self.rerankers else k, names)
        for rerank in self.rerankers:
            answer = rerank(queries, answer)
        return answer.head(k)


def best_of(pairs: Pairs, scores: Floats, k: int, names: Sequence[str]) -> Recommendations:
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
    return Recommendations(answer.items, answer.scores, tuple(names), answer.sources)


def _proposers(pairs: Pairs) -> np.ndarray:
    """The source that puts each pair highest, of those that can tell."""
    places = np.where(np.isnan(pairs.scores), np.iinfo(np.int32).max, pairs.places)
    proposers: np.ndarray = places.argmin(axis=1).astype(np.int16)
    return proposers
