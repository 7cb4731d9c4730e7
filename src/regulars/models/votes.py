"""Votes: what the customers of a shop say about its items, as item-item methods count it."""

from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Dataset, Ints
from regulars.core.errors import EmptyData
from regulars.kernels.profiles import Sparse

from .kinds.profile import Profile, parts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def votes(data: Dataset, profile: Profile, activity: float) -> "csr_array":
    """The profile of each customer at the end of the log; float32 [n_users, n_items], rising items in each row.

    The product of two votes of a customer with n items is divided by n ** activity: 0 lets busy customers speak for
    every pair that they have, 1 gives every customer the same say about each item.
    """
    end = np.full(data.n_users, data.time.max(initial=0), dtype=np.int64)
    matrix = profile.of_histories(data.histories(), end, data.n_items)
    matrix.sort_indices()
    if activity:
        lengths = np.diff(matrix.indptr)
        said = np.power(np.maximum(lengths, 1), -activity / 2).astype(np.float32)
        matrix.data *= np.repeat(said, lengths)
    return matrix


def most_met(matrix: "csr_array", at_most: int, min_customers: int) -> Ints:
    """The items with the most customers, each with `min_customers` at least, rising; raises EmptyData if none has."""
    customers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    best = np.argsort(-customers, kind="stable")[:at_most]
    known = np.sort(best[customers[best] >= min_customers]).astype(np.int32)
    if not len(known):
        raise EmptyData(f"no item has {min_customers} customers; lower min_customers, now {min_customers}")
    return known


def both_ways(matrix: "csr_array") -> tuple[Sparse, Sparse]:
    """The rows of a matrix and its columns, each as CSR parts."""
    columns = matrix.tocsc()
    return parts_of(matrix), parts_of(columns)


def turned(rows: Sparse) -> Sparse:
    """The columns of a square matrix as rows: what speaks for each item becomes what each item speaks for."""
    from scipy.sparse import csr_array

    n = len(rows[0]) - 1
    columns = csr_array((rows[2], rows[1], rows[0]), shape=(n, n)).tocsc()
    return parts_of(columns)
