"""Which index a catalog of a given size asks for, as measured (`python -m benchmarks indexes`)."""

from importlib.util import find_spec
from typing import Any, Final

from regulars.kernels.topk import LARGE

from .coded import Bytes
from .exact import Exact
from .graph import Graph
from .index import IndexMethod

MANY: Final = 40_000_000  # 600,000 items of 64: beyond, one question at a time takes two milliseconds and more in bytes


def index_for(n_items: int, d: int) -> IndexMethod[Any]:
    """The index for so many vectors of d numbers; a graph only where faiss is there (the extra `ann`)."""
    if n_items * d <= LARGE:
        return Exact()
    if n_items * d <= MANY or find_spec("faiss") is None:
        return Bytes()
    return Graph()
