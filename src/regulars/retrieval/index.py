"""Index: what finds the items whose vectors have the largest inner product with that of a question."""

from typing import Protocol, TypeVar

from regulars.core import QUIET, Allowed, Floats, Recommendations, Run


class Index(Protocol):
    """The vectors of a catalog, made ready for search; a value that is saved like a model."""

    @property
    def n_items(self) -> int: ...

    def search(self, vectors: Floats, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k allowed items of largest inner product with each of `vectors` [n, d], best first.

        Fewer only when fewer are allowed and known: an item whose vector is NaN is never returned, and a NaN row of
        `vectors` gets nothing. Scores are the exact inner products.
        """
        ...

    def extended(self, vectors: Floats) -> "Index":
        """The index with the vectors of further items behind the last, without building it again; this one stays."""
        ...


I_co = TypeVar("I_co", bound=Index, covariant=True)


class IndexMethod(Protocol[I_co]):
    """A frozen dataclass of settings that makes an index of vectors."""

    def build(self, vectors: Floats, run: Run = QUIET) -> I_co:
        """The index of `vectors` [n_items, d], NaN rows for items without one."""
        ...
