"""A map of vectors on a plane: whose neighbors point the same way lies close by (UMAP)."""

import numpy as np
import numpy.typing as npt

from regulars.core import Floats, Longs

Doubles = npt.NDArray[np.float64]

NEIGHBORS = 15
EPOCHS = 400
_BLOCK = 1024  # rows of likenesses held at a time
_EXTENT = 10.0  # from end to end of the first places


def principal(vectors: Floats, of: Floats | None = None) -> Doubles:
    """The two main directions of `of` (`vectors` themselves unless given) as the first places of all; [n, 2]."""
    basis = (vectors if of is None else of).astype(np.float64)
    middle = basis.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(basis - middle, rowvar=False))
    main = directions[:, :-3:-1]
    main *= np.sign(main[np.abs(main).argmax(axis=0), [0, 1]])  # a direction and its opposite are one: take one
    places: Doubles = (vectors.astype(np.float64) - middle) @ main
    return places


def layout(directions: Floats, first: Doubles, *, seed: int = 0) -> Doubles:
    """Places [n, 2] of unit vectors [n, d], beginning at the places `first`; the same seed gives the same map.

    The graph of the NEIGHBORS nearest by cosine, weighed and joined as in McInnes, Healy, Melville (arXiv 1802.03426,
    alg. 2-4), then laid out by `kernels.layout.settle`.
    """
    from scipy.sparse import csr_array

    from regulars.kernels.layout import settle

    n = len(directions)
    k = min(NEIGHBORS, n - 1)
    if k < 2:
        return first
    near, distances = nearest(directions, k)
    weights = weighed(distances)
    directed = csr_array((weights.ravel(), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    joined = (directed + directed.T - directed * directed.T).tocsr()
    strengths = np.asarray(joined.data, dtype=np.float64)
    joined.data = np.where(strengths < strengths.max() / EPOCHS, 0.0, strengths / strengths.max())  # 0: would not move
    joined.eliminate_zeros()
    noise = np.random.default_rng(seed).normal(0, 1e-4, first.shape)  # two in one place cannot part
    framed = (first - first.mean(axis=0)) / max(float(np.ptp(first, axis=0).max()), 1e-9)
    places: Doubles = np.ascontiguousarray(_EXTENT * (framed + noise), dtype=np.float64)
    graph = (joined.indptr.astype(np.int64), joined.indices.astype(np.int64), np.asarray(joined.data, dtype=np.float64))
    settle(places, *graph, EPOCHS, seed + 1)
    return places


def nearest(directions: Floats, k: int) -> tuple[Longs, Doubles]:
    """The k nearest others of each point and their distances (1 - cosine), nearest first; [n, k]."""
    n = len(directions)
    near, distances = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    for begin in range(0, n, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, n))
        far = 1.0 - directions[rows] @ directions.T
        far[np.arange(len(rows)), rows] = np.inf
        found = np.argpartition(far, k - 1, axis=1)[:, :k]
        ordered = np.take_along_axis(far, found, axis=1)
        order = np.lexsort((found, ordered), axis=1)
        near[rows] = np.take_along_axis(found, order, axis=1)
        distances[rows] = np.maximum(np.take_along_axis(ordered, order, axis=1), 0.0)
    return near, distances


def weighed(distances: Doubles) -> Doubles:
    """1 for the nearest, falling so that the weights of each row sum to log2(k); [n, k]."""
    beyond = distances - distances[:, :1]
    target = np.log2(distances.shape[1])
    low, high = np.zeros(len(beyond)), np.full(len(beyond), 4.0)
    for _ in range(40):
        middle = (low + high) / 2
        above = np.exp(-beyond / middle[:, None]).sum(axis=1) > target
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    weights: Doubles = np.exp(-beyond / np.maximum(high, 1e-3 * beyond.mean() + 1e-12)[:, None])
    return weights
