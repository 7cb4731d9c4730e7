"""Retrieval: the items whose vectors are nearest to that of a question, found exactly or by a graph.

    model = TwoTower().fit(data)
    fast = Indexed(model, index_for(*model.item_vectors.shape).build(model.item_vectors))      # a Recommender
    fast.recommend(queries, 100)

`exact` needs no building; `bits` answers the same many times sooner; `graph` looks at some hundreds of
millions of items and misses a few. `index_for` chooses by the size of the catalog.
"""

from typing import Any, Final

from .bits import Bits, BitsIndex
from .choosing import index_for, indexed
from .exact import Exact, ExactIndex
from .graph import Graph, GraphIndex
from .index import Index, IndexMethod
from .indexed import Indexed

INDEXES: Final[dict[str, type[IndexMethod[Any]]]] = {"exact": Exact, "bits": Bits, "graph": Graph}

__all__ = [
    "INDEXES",
    "Bits",
    "BitsIndex",
    "Exact",
    "ExactIndex",
    "Graph",
    "GraphIndex",
    "Index",
    "IndexMethod",
    "Indexed",
    "index_for",
    "indexed",
]
