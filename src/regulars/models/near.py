"""What is near an item on the graph of customers and items: its neighbors two steps away, weighed."""

from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Floats, Progress, floats
from regulars.kernels.cooccurrence import nearest
from regulars.kernels.profiles import Sparse

from .spectrum import Graph
from .votes import turned

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Norms = tuple[Floats, Floats]  # for the item of the history and for the answer, float32 [n_items], above 0


def customers_of(matrix: "csr_array") -> np.ndarray:
    """How many customers met each item; float64 [n_items]."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)


def powers(customers: np.ndarray, power: float) -> Floats:
    """customers ** power, 1 for items that nobody met; float32 [n_items]."""
    return floats(np.maximum(customers, 1) ** power)


def near_items(
    graph: Graph, norms: tuple[Floats, Floats], neighbors: int, task: str, *, side: str = "answer"
) -> Sparse:
    """(X'X)[j, i] / (left[j] right[i]) as rows of items j, without the diagonal; norms: left and right.

    side: "history" keeps the `neighbors` largest of each row, "answer" those of each column.
    """
    left, right = norms
    n = len(left)
    near = nearest(
        graph.by_user,
        graph.by_item,
        (left, right) if side == "history" else (right, left),
        min(neighbors, n),
        threads=graph.run.threads or None,
        on_rows=lambda done: graph.run.on_epoch(Progress(task, done, n)),
    )
    return near if side == "history" else turned(near)
