"""Indexed: a model whose answers an index finds."""

from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import numpy as np

from regulars.core import AddsItems, Allowed, Encodes, Explains, Floats, Frame, Ints, Queries, Reasons, Recommendations
from regulars.core.errors import BadTable, CannotDo

from .index import Index


class Encoding(Encodes, Explains, Protocol):
    """A model of vectors that explains its answers."""

    method: str
    n_items: int


@final
@dataclass(frozen=True)
class Indexed:
    """A Recommender: the model makes a vector of the question, the index finds the items.

    Raises BadTable when the index is of another catalog than the model.
    """

    model: Encoding
    index: Index

    def __post_init__(self) -> None:
        if self.index.n_items != self.model.n_items:
            raise BadTable(
                f"the index holds {self.index.n_items:,} items and the model {self.model.n_items:,}; build it of the "
                "model's item_vectors"
            )

    @property
    def n_items(self) -> int:
        return self.model.n_items

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return self._named(self.index.search(self.model.encode(queries), k, allowed))

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items of largest inner product with each of `items` [n]: those that are wanted where it is wanted."""
        known = (items >= 0) & (items < self.n_items)
        vectors: Floats = np.full((len(items), self.model.item_vectors.shape[1]), np.nan, dtype=np.float32)
        vectors[known] = self.model.item_vectors[items[known]]
        itself = Allowed(None, np.arange(len(items) + 1, dtype=np.int64), items)
        return self._named(self.index.search(vectors, k, (allowed or Allowed()) & itself))

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """As the model explains it."""
        return self.model.because(queries, answer, r)

    def add_items(self, features: Frame) -> "Indexed":
        """As the model places them; the index takes them without being built again."""
        if not isinstance(self.model, AddsItems):
            raise CannotDo(f"{self.model.method} takes no new items; fit it again")
        model: Any = self.model.add_items(features)
        return Indexed(model, self.index.extended(model.item_vectors[self.n_items :]))

    def _named(self, answer: Recommendations) -> Recommendations:
        return replace(answer, names=(self.model.method,))
