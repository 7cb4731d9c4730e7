"""Retrieval: the items whose vectors are nearest to that of a question, found exactly or by a graph.

    model = TwoTower().fit(data)
    fast = Indexed(model, Graph().build(model.item_vectors))      # a Recommender, of millions of items too
    fast.recommend(queries, 100)

Up to `EXACT_UP_TO` items the exact search of the model itself is as quick, and nothing has to be built.
"""

from typing import Any, Final

from .coded import Bytes, BytesIndex
from .exact import EXACT_UP_TO, Exact, ExactIndex
from .graph import Graph, GraphIndex
from .index import Index, IndexMethod
from .indexed import Indexed

INDEXES: Final[dict[str, type[IndexMethod[Any]]]] = {"exact": Exact, "bytes": Bytes, "graph": Graph}

__all__ = [
    "EXACT_UP_TO",
    "INDEXES",
    "Bytes",
    "BytesIndex",
    "Exact",
    "ExactIndex",
    "Graph",
    "GraphIndex",
    "Index",
    "IndexMethod",
    "Indexed",
]
