"""Which index a catalog of a given size asks for, as measured (`python -m benchmarks indexes`)."""

from importlib.util import find_spec
from typing import Any, Final

from regulars.core import Encodes, Explains, Recommender
from regulars.kernels.topk import LARGE

from .bits import Bits
from .exact import Exact
from .graph import Graph
from .index import IndexMethod
from .indexed import Indexed

SOME: Final = 20_000_000  # 300,000 items of 64: up to here, a model is as quick without an index that is saved with it
MANY: Final = 1_280_000_000  # 20,000,000 items of 64: beyond, bits of clusters take some ten milliseconds, too


def indexed(recommender: Recommender) -> Recommender:
    """The recommender, with an index in front of it when it is a model of vectors whose catalog is large."""
    if not (isinstance(recommender, Encodes) and isinstance(recommender, Explains)):
        return recommender
    vectors = recommender.item_vectors
    if vectors.size <= SOME:
        return recommender
    model: Any = recommender
    return Indexed(model, index_for(*vectors.shape).build(vectors))


def index_for(n_items: int, d: int) -> IndexMethod[Any]:
    """The index for so many vectors of d numbers; a graph only where faiss is there (the extra `ann`)."""
    if n_items * d <= LARGE:
        return Exact()
    if n_items * d <= MANY or find_spec("faiss") is None:
        return Bits()
    return Graph()
