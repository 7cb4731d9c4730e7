"""A log of a million items with the spectrum of a real one: gowalla expanded by a random Kronecker product.

As Belletti et al. (2019, "Scalable realistic recommendation datasets through fractal expansions") make the large log of
MLPerf out of MovieLens: each block is a copy of the real log, thinned by an entry of a small matrix that has the
leading singular values of the log itself. Popularity, activity and spectrum keep their form.
"""

from functools import cache
from typing import Any

import numpy as np

USERS, ITEMS = 12, 25  # copies: 358,296 customers, 1,024,525 items
EVENTS = 16_000_000
LEADING = 12  # singular values
RISE = 2.0  # how uneven the copies are


@cache
def expanded() -> tuple[Any, Any, int, int]:
    """Customers and items of the events, and how many of both there may be."""
    from benchmarks.data import pairs

    known = pairs("gowalla").known.tocoo()
    n_users, n_items = known.shape
    random = np.random.default_rng(0)
    shares = _small(known, random)
    shares *= EVENTS / (known.nnz * shares.sum())
    users, items = [], []
    for x in range(USERS):
        for y in range(ITEMS):
            kept = random.random(known.nnz) < shares[x, y]
            users.append((known.row[kept] + n_users * x).astype(np.int32))
            items.append((known.col[kept] + n_items * y).astype(np.int32))
    return np.concatenate(users), np.concatenate(items), n_users * USERS, n_items * ITEMS


def model(factors: int) -> tuple[Any, Any]:
    """ALS of the expanded log, and questions: those of 400 of its customers with five events or more."""
    from regulars.core import Dataset, Vocabulary
    from regulars.models.als import ALS

    users, items, n_users, n_items = expanded()
    n = len(users)
    zeros = np.zeros(n, dtype=np.int64)
    ones, kinds = np.ones(n, dtype=np.float32), np.zeros(n, dtype=np.int8)
    data = Dataset(Vocabulary.of(range(n_users)), Vocabulary.of(range(n_items)), users, items, zeros, ones, kinds)
    sorted_data = data.sorted()
    return ALS(factors=factors).fit(sorted_data), asked(sorted_data.everyone())


def asked(everyone: Any, n: int = 400) -> Any:
    """Questions of some customers with five events or more."""
    active = np.flatnonzero(np.diff(everyone.history.starts) >= 5)
    return everyone[np.sort(np.random.default_rng(1).choice(active, n, replace=False))]


def _small(known: Any, random: np.random.Generator) -> Any:
    """[USERS, ITEMS] in (0, 1], with the singular values of the log before some are pressed together."""
    from scipy.sparse.linalg import svds

    values = np.sort(svds(known.astype(np.float64), k=LEADING, return_singular_vectors=False, rng=0))[::-1]
    left, right = _axes(USERS, random), _axes(ITEMS, random)
    small = (left * values / values[0]) @ right.T
    return ((small - small.min()) / (small.max() - small.min())) ** RISE


def _axes(n: int, random: np.random.Generator) -> Any:
    """Orthonormal columns, of which the first falls as popularity does."""
    axes = random.standard_normal((n, LEADING))
    axes[:, 0] = np.sort(random.pareto(1.3, n) + 0.2)[::-1]
    axes = np.linalg.qr(axes)[0]
    axes[:, 0] = np.abs(axes[:, 0])
    return axes
