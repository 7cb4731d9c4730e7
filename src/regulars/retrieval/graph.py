"""Graph search: a walk from item to nearer item looks at some hundreds of millions. Needs the extra `ann`."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, final

import numpy as np

from regulars.core import (
    MISSING,
    QUIET,
    Allowed,
    Bools,
    Floats,
    Ints,
    Longs,
    Recommendations,
    Run,
    Settings,
    appended,
    floats,
    setting,
)
from regulars.core.errors import BadTable, MissingExtra

from .bits import BitsIndex, CodedPart, with_further
from .exact import ExactIndex

RARE: Final = (
    0.02  # a walk that may stop at fewer of the items than this seldom finds any: these are looked at one by one
)


@dataclass(frozen=True)
class Graph(Settings):
    """Hierarchical navigable small worlds (Malkov, Yashunin, TPAMI 2020), by inner product.

    links: of an item on the lowest level, half as many above it; care: candidates looked at when an item is placed;
    effort: at least so many are looked at in a search. More of each finds more and takes longer. One thread builds, so
    that the graph is the same every time.
    """

    links: int = setting(32, low=4, high=128, log=True)
    care: int = setting(100, low=10, high=1000, log=True)
    effort: int = setting(128, low=10, high=5000, log=True)

    def build(self, vectors: Floats, run: Run = QUIET) -> "GraphIndex":
        """Raises MissingExtra without faiss."""
        faiss = _faiss()
        placed = np.flatnonzero(np.isfinite(vectors).all(axis=1)).astype(np.int32)
        graph = faiss.IndexHNSWFlat(vectors.shape[1], max(2, self.links // 2), faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = self.care
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        graph.add(np.ascontiguousarray(vectors[placed], dtype=np.float32))
        faiss.omp_set_num_threads(threads)
        hnsw = graph.hnsw
        arrays = (faiss.vector_to_array(part) for part in (hnsw.levels, hnsw.offsets, hnsw.neighbors))
        levels, starts, neighbors = (part.copy() for part in arrays)
        return GraphIndex(
            vectors, placed, levels, starts.astype(np.int64), neighbors, (hnsw.entry_point, hnsw.max_level), self
        )


@final
@dataclass(frozen=True)
class GraphIndex:
    """Vectors [n_items, d] and the graph of those that are there.

    placed: int32, the items in the graph; levels: int32, how many each is on; starts: int64, where the links of each
    begin; neighbors: int32, places in `placed`, -1 for none; entry: the place where a search begins, and the top level;
    newer: the items that came later, as codes, which are looked at one by one.
    """

    vectors: Floats
    placed: Ints
    levels: Ints
    starts: Longs
    neighbors: Ints
    entry: tuple[int, int]
    settings: Graph
    newer: tuple[CodedPart, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.placed)
        sound = len(self.levels) == n and len(self.starts) == n + 1 and int(self.starts[-1]) == len(self.neighbors)
        inside = not len(self.neighbors) or (self.neighbors.min() >= -1 and self.neighbors.max() < n)
        if not (sound and inside and -1 <= self.entry[0] < n and (not n or self.placed.max() < len(self.vectors))):
            raise BadTable(f"the parts of a graph of {n} items do not belong together; build it again")

    @property
    def n_items(self) -> int:
        return len(self.vectors)

    def search(self, vectors: Floats, k: int, allowed: Allowed | None = None) -> Recommendations:
        answer = Recommendations.none(len(vectors), k, "graph")
        asked = np.flatnonzero(np.isfinite(vectors).all(axis=1))
        if not k or not len(asked):
            return answer
        permitted = (allowed or Allowed())[asked]
        found = self._walked(vectors[asked], k, permitted)
        if self.newer:
            newer = BitsIndex(self.vectors, self.newer).search(vectors[asked], k, permitted)
            found = np.concatenate([found, newer.items], axis=1)
        items, scores = self._ranked(vectors[asked], found, k, permitted)
        short = np.flatnonzero((items == MISSING).any(axis=1))  # the walk did not reach enough of what is allowed
        if len(short):
            right = ExactIndex(self.vectors).search(vectors[asked[short]], k, permitted[short])
            items[short], scores[short] = right.items, right.scores
        answer.items[asked], answer.scores[asked] = items, scores
        return answer

    def extended(self, vectors: Floats) -> "GraphIndex":
        wider = appended(self.vectors, vectors)
        longer = replace(self, vectors=wider, newer=with_further(self.newer, wider, self.n_items))
        if "_graph" in self.__dict__:
            longer.__dict__["_graph"] = self._graph
        return longer

    def _walked(self, vectors: Floats, k: int, allowed: Allowed) -> Ints:
        """Items that a walk finds for each of the vectors, in any order; int32 [n, some], MISSING for none."""
        banned = int(np.diff(allowed.starts).max()) if len(allowed.starts) > 1 else 0
        wanted = min(k + banned, len(self.placed))
        mask = allowed.mask
        if mask is None:
            return self._walk(vectors, wanted, None)
        if len(mask) == 1:
            return self._walk(vectors, wanted, self._of_placed(mask[0]))
        rows = [self._walk(vectors[row : row + 1], wanted, self._of_placed(mask[row])) for row in range(len(vectors))]
        return np.concatenate(rows)

    def _walk(self, vectors: Floats, k: int, allowed: Bools | None) -> Ints:
        faiss = _faiss()
        if not len(self.placed) or (allowed is not None and allowed.mean() < RARE):
            return np.full((len(vectors), 1), MISSING, dtype=np.int32)
        bits = None if allowed is None else np.packbits(allowed, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        how = faiss.SearchParametersHNSW(efSearch=max(self.settings.effort, 2 * k), sel=selector)
        _, places = self._graph.search(np.ascontiguousarray(vectors, dtype=np.float32), k, params=how)
        return np.where(places >= 0, self.placed[places], MISSING).astype(np.int32)

    def _of_placed(self, mask: Bools) -> Bools:
        """The mask of the items in the graph; what lies beyond it is not allowed."""
        wide = np.zeros(self.n_items, dtype=np.bool_)
        wide[: len(mask)] = mask[: self.n_items]
        allowed: Bools = wide[self.placed]
        return allowed

    def _ranked(self, vectors: Floats, items: Ints, k: int, allowed: Allowed) -> tuple[Ints, Floats]:
        """The k best of the items found, by their exact scores; equal scores by lower item."""
        products = np.einsum("nd,nkd->nk", vectors.astype(np.float64), self.vectors[items].astype(np.float64))
        scores = floats(products)
        scores[(items == MISSING) | _excluded(items, allowed)] = np.nan
        order = np.lexsort((items, -scores))[:, :k]
        best = np.take_along_axis(scores, order, axis=1)
        picked = np.where(np.isnan(best), MISSING, np.take_along_axis(items, order, axis=1))
        missing = k - best.shape[1]
        if missing > 0:
            best = np.pad(best, ((0, 0), (0, missing)), constant_values=np.nan)
            picked = np.pad(picked, ((0, 0), (0, missing)), constant_values=MISSING)
        return picked, best

    @cached_property
    def _graph(self) -> Any:
        """The graph as faiss walks it, made of the arrays."""
        faiss = _faiss()
        graph = faiss.IndexHNSWFlat(self.vectors.shape[1], max(2, self.settings.links // 2), faiss.METRIC_INNER_PRODUCT)
        graph.storage.add(np.ascontiguousarray(self.vectors[self.placed], dtype=np.float32))
        graph.ntotal = len(self.placed)
        hnsw = graph.hnsw
        faiss.copy_array_to_vector(np.ascontiguousarray(self.levels, dtype=np.int32), hnsw.levels)
        faiss.copy_array_to_vector(self.starts.astype(np.uint64), hnsw.offsets)
        faiss.copy_array_to_vector(np.ascontiguousarray(self.neighbors, dtype=np.int32), hnsw.neighbors)
        hnsw.entry_point, hnsw.max_level = self.entry
        return graph


def _excluded(items: Ints, allowed: Allowed) -> Bools:
    """Which of the items [n, m] are excluded in their row."""
    if len(allowed.starts) == 1:
        return np.zeros(items.shape, dtype=np.bool_)
    rows = np.repeat(np.arange(len(items)), np.diff(allowed.starts))
    width = int(max(items.max(initial=0), allowed.excluded.max(initial=0))) + 2
    banned = np.unique(rows * width + allowed.excluded + 1)
    return np.isin(np.arange(len(items))[:, np.newaxis] * width + items + 1, banned)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra("faiss-cpu", "ann") from error
    return faiss
