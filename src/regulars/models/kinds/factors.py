"""Factors: items are vectors, a query is encoded as one, and their inner product is the score."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, final, runtime_checkable

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Floats,
    Frame,
    Ints,
    Longs,
    Model,
    Queries,
    Reasons,
    Recommendations,
    appended,
    floats,
)
from regulars.core.errors import BadTable, CannotDo
from regulars.kernels.contributions import strongest
from regulars.kernels.topk import Products

Parts = tuple[Longs, Ints, Floats]  # for each query: starts [n + 1], items, and what each adds to each answer [:, k]


class Encoder(ABC):
    """What turns a query into a vector among those of the items; it holds nothing of any customer."""

    @abstractmethod
    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        """The vector of each query; float32 [n, d], a NaN row where it cannot tell."""

    @abstractmethod
    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each item of a history adds to the score of each answer [n, k]; the sum over a history is the score.

        An answer of MISSING gets nothing from anything.
        """


@runtime_checkable
class Places(Protocol):
    """An encoder that knows where new items belong, by what is known of them."""

    def placed(self, features: Frame) -> tuple[Encoder, Floats]:
        """The encoder that reads these items too, and their vectors; float32 [n, d], NaN where nothing is known."""
        ...


@final
@dataclass(frozen=True)
class Factors(Model):
    """A vector for each item, and an encoder of queries.

    item_vectors: float32 [n_items, d], NaN rows for items that were never met: they score NaN.
    """

    method: str
    n_items: int
    item_vectors: Floats
    encoder: Encoder

    def __post_init__(self) -> None:
        if self.item_vectors.ndim != 2 or len(self.item_vectors) != self.n_items:
            raise BadTable(f"{self.n_items} items need as many vectors; they are {list(self.item_vectors.shape)}")

    def encode(self, queries: Queries) -> Floats:
        """The vector of each query; float32 [n, d], a NaN row where the history holds nothing known."""
        return self.encoder.encode(queries, self.item_vectors)

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        vectors = self.encode(queries)
        if items is None:
            return floats(vectors @ self.item_vectors.T)
        return floats(vectors @ _taken(self.item_vectors, items).T)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return _best(self._vectors, self.encode(queries), k, allowed or Allowed(), self.method)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items whose vectors point most nearly where that of each of `items` [n] points: cosine."""
        but_itself = Allowed(None, np.arange(len(items) + 1, dtype=np.int64), items)
        permitted = (allowed or Allowed()) & but_itself
        return _best(self._directions, _taken(self._directions.items, items), k, permitted, self.method)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that add most to each answer, as a share of its score."""
        answers = np.where(answer.items < self.n_items, answer.items, MISSING)
        starts, items, added = self.encoder.contributions(queries, self.item_vectors, answers)
        return Reasons(*strongest(starts, items, added, r))

    def add_items(self, features: Frame) -> "Factors":
        """The model with further items at the end of its catalog, placed by what is known of them, without a new fit.

        features: a row for each new item, in the order of the vocabulary that was extended by them, with the columns
        that the model learned from as far as they are known; an item of which nothing is known scores NaN.
        Raises CannotDo for a method that reads no attributes of items, BadTable for NaN or infinite numbers.
        """
        if not isinstance(self.encoder, Places):
            raise CannotDo(f"{self.method} cannot place items by their attributes; content_to_cf and two_tower can")
        encoder, vectors = self.encoder.placed(features)
        item_vectors = appended(self.item_vectors, vectors)
        wider = replace(self, n_items=len(item_vectors), item_vectors=item_vectors, encoder=encoder)
        if "_directions" in vars(self):
            vars(wider)["_directions"] = self._directions.wider(appended(self._directions.items, _directed(vectors)))
        if "_vectors" in vars(self):
            vars(wider)["_vectors"] = self._vectors.wider(item_vectors)
        return wider

    @cached_property
    def _vectors(self) -> Products:
        return Products(self.item_vectors)

    @cached_property
    def _directions(self) -> Products:
        return Products(_directed(self.item_vectors))


def _directed(vectors: Floats) -> Floats:
    """The vectors at length one; an item without a vector, or with a zero one, points nowhere: NaN."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return floats(vectors / np.where(lengths > 0, lengths, np.nan))


def _taken(vectors: Floats, items: Ints) -> Floats:
    """The vectors of `items`, NaN rows for indices that are none of theirs."""
    known = (items >= 0) & (items < len(vectors))
    taken = np.full((len(items), vectors.shape[1]), np.nan, dtype=np.float32)
    taken[known] = vectors[items[known]]
    return taken


def _best(vectors: Products, queries: Floats, k: int, allowed: Allowed, method: str) -> Recommendations:
    mask = allowed.wide(len(vectors.items))
    banned = None if len(allowed.starts) == 1 else (allowed.starts, allowed.excluded)
    items, scores = vectors.top_k(queries, k, allowed=mask, excluded=banned)
    return Recommendations(items, scores, (method,))
