"""What the parts ask of each other: methods that fit, models that answer, and the one-method capabilities."""

from abc import ABC, abstractmethod
from typing import Protocol, TypeVar, final, runtime_checkable

from .arrays import Floats, Frame, Ints
from .dataset import Dataset
from .queries import Queries
from .recommendations import Allowed, Foretold, Reasons, Recommendations, top_k
from .run import QUIET, Run

_BLOCK = 4_000_000  # scores held at a time: 16 MB of float32, whatever the numbers of customers and items


@runtime_checkable
class Recommender(Protocol):
    """Whatever can recommend: a model, an indexed model, a pipeline, a fallback, a fusion, a bandit."""

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k best allowed items for each query, best first; fewer only when it cannot tell of more."""
        ...


class Model(ABC):
    """A fitted model: immutable, self-contained, holds no dataset.

    The score of (query, item) depends on nothing else in the call. NaN means "cannot tell": a stranger to a model that
    needs a history, an item that was never met, an index from n_items on.
    """

    method: str  # the name in METHODS of what fitted it
    n_items: int  # size of the catalog when it was fitted

    @abstractmethod
    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        """Scores of `items` (default: the whole catalog) for each query; float32 [n, m], NaN for "cannot tell"."""

    @abstractmethod
    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k best allowed items for each query, best first; short rows are padded with MISSING and NaN."""


class Scored(Model):
    """A model whose answers are the best of its scores, some megabytes of scores at a time."""

    @final
    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted = allowed or Allowed()
        size = max(1, _BLOCK // max(1, self.n_items))
        parts = [
            top_k(self.score(queries[rows]), k, permitted[rows], self.method)
            for rows in (slice(start, start + size) for start in range(0, len(queries), size))
        ]
        return Recommendations.concat(parts) if parts else Recommendations.none(0, k, self.method)


M_co = TypeVar("M_co", bound=Model, covariant=True)


class Estimator(Protocol[M_co]):
    """A frozen dataclass of settings that learns a model from a dataset."""

    def fit(self, data: Dataset, run: Run = QUIET) -> M_co: ...


@runtime_checkable
class FindsSimilar(Protocol):
    """Knows which items resemble an item."""

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], itself left out; MISSING rows for items it does not know."""
        ...


@runtime_checkable
class Explains(Protocol):
    """Can say what in the history speaks for an answer, by its own arithmetic."""

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that contribute most to each answered item."""
        ...


@runtime_checkable
class Foretells(Protocol):
    """Can say how likely and when customers buy what it answers."""

    def foretell(self, queries: Queries, answer: Recommendations) -> Foretold:
        """What is expected of each of its answers."""
        ...


@runtime_checkable
class Rates(Protocol):
    """Foretells how customers would rate items, on the scale of the ratings that it learned from."""

    def rate(self, queries: Queries, items: Ints) -> Floats:
        """The rating that each query's customer would give each of `items`; float32 [n, m], NaN for "cannot tell"."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Answers by the inner product of a query's vector with the items' vectors."""

    @property
    def item_vectors(self) -> Floats: ...

    def encode(self, queries: Queries) -> Floats:
        """The vector of each query; float32 [n, d], a NaN row where it cannot tell."""
        ...


@runtime_checkable
class AddsItems(Protocol):
    """Takes new items into its catalog without a new fit."""

    def add_items(self, features: Frame) -> Recommender:
        """The same with further items at the end of its catalog, placed by what is known of them, one row each.

        Raises CannotDo where the model at hand reads no attributes of items.
        """
        ...
