"""Exact search: every answer is right, and nothing has to be built."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

from regulars.core import QUIET, Allowed, Floats, Recommendations, Run, Settings, appended
from regulars.kernels.topk import Products


@final
@dataclass(frozen=True)
class ExactIndex:
    """Vectors [n_items, d] that are searched from one end to the other."""

    vectors: Floats

    @property
    def n_items(self) -> int:
        return len(self.vectors)

    def search(self, vectors: Floats, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted = allowed or Allowed()
        mask = permitted.wide(self.n_items)
        excluded = None if len(permitted.starts) == 1 else (permitted.starts, permitted.excluded)
        items, scores = self._products.top_k(vectors, k, allowed=mask, excluded=excluded)
        return Recommendations(items, scores, ("exact",))

    def extended(self, vectors: Floats) -> "ExactIndex":
        return ExactIndex(appended(self.vectors, vectors))

    @cached_property
    def _products(self) -> Products:
        return Products(self.vectors)


@dataclass(frozen=True)
class Exact(Settings):
    """No settings: the right answers."""

    def build(self, vectors: Floats, run: Run = QUIET) -> ExactIndex:
        return ExactIndex(vectors)
