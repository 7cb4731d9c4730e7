import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from regulars.core import ints
from regulars.kernels.attributes import products, reasons

RANDOM = np.random.default_rng(3)
VECTORS = csr_array(random_array((30, 50), density=0.15, rng=RANDOM, dtype=np.float32))
PROFILES = csr_array(random_array((40, 50), density=0.2, rng=RANDOM, dtype=np.float32))
HISTORIES = csr_array(random_array((5, 30), density=0.15, rng=RANDOM, dtype=np.float32))


def parts(matrix):
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def test_products_agree_with_the_dense_matrices():
    items = ints([3, 29, 0, 3])
    found = products(parts(PROFILES), parts(VECTORS), 50, items)
    np.testing.assert_allclose(found, PROFILES.toarray() @ VECTORS.toarray()[items].T, rtol=1e-5)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(17, 18), slice(3, 33)])
def test_a_product_is_the_same_to_the_bit_in_any_batch(rows):
    everything = np.arange(30, dtype=np.int32)
    whole = products(parts(PROFILES), parts(VECTORS), 50, everything)
    np.testing.assert_array_equal(products(parts(PROFILES[rows]), parts(VECTORS), 50, everything), whole[rows])


def test_reasons_agree_with_a_loop():
    answers = ints([[0, 7, -1], [1, 2, 3], [29, 4, 5], [9, 9, 9], [0, 1, 2]])
    items, shares, features = reasons(parts(HISTORIES), parts(VECTORS), 50, answers, 4)
    vectors, histories = VECTORS.toarray().astype(np.float64), HISTORIES.toarray().astype(np.float64)
    for row in range(5):
        added = histories[row][:, np.newaxis] * vectors  # by item of the history and feature
        for place, answer in enumerate(answers[row]):
            own = added.sum(axis=0) * vectors[answer] if answer >= 0 else np.zeros(50)
            best = [f for f in np.argsort(-own, kind="stable")[:4] if own[f] > 0]
            assert features[row, place].tolist() == best + [-1] * (4 - len(best))
            assert items[row, place].tolist() == [added[:, f].argmax() for f in best] + [-1] * (4 - len(best))
            np.testing.assert_allclose(shares[row, place, : len(best)], own[best] / max(own.sum(), 1e-9), rtol=1e-5)
