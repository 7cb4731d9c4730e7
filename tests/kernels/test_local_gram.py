"""Sums of products of a few items against numpy, looked up and made from the log."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.local_gram import Log, desk, local_gram, log_of, most_entries


def log_from(x: np.ndarray, *, whole: int) -> Log:
    rows, columns = csr_array(x.astype(np.float32)), csr_array(x.T.astype(np.float32))
    by_user, by_item = ((m.indptr.astype(np.int64), m.indices.astype(np.int32), m.data) for m in (rows, columns))
    return log_of(by_user, by_item, whole=whole, threads=1)


@pytest.mark.parametrize("whole", [0, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_chosen_items_have_the_sums_of_the_whole_product(seed: int, whole: int) -> None:
    random = np.random.default_rng(seed)
    x = np.ceil(random.random((40, 70)) * 5) * (random.random((40, 70)) < 0.2)  # whole numbers: the sums are exact
    x[:, 7] = 0  # an item that nobody has
    log = log_from(x, whole=whole)
    on = desk(log, most_entries(log, 70))
    for k in (0, 1, 5, 70):
        items = random.permutation(70)[:k].astype(np.int32)
        out = np.full((k + 2, k + 2), np.nan, dtype=np.float32)
        local_gram(log, on, items, out)
        np.testing.assert_array_equal(np.tril(out[:k, :k]), np.tril((x.T @ x)[np.ix_(items, items)]))
    assert not on.ends.any()


@pytest.mark.parametrize("whole", [0, 1000])
def test_the_diagonal_is_there_for_items_that_nobody_has_too(whole: int) -> None:
    x = np.array([[2.0, 0, 1, 0], [1, 0, 0, 0]])
    assert log_from(x, whole=whole).squares.tolist() == [5, 0, 1, 0]


def test_the_room_of_a_desk_is_that_of_the_items_with_the_most_entries() -> None:
    log = log_from(np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1]]), whole=0)
    assert [most_entries(log, k) for k in (0, 1, 2, 9)] == [0, 3, 5, 6]
