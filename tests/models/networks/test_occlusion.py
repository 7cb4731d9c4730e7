"""Occlusion: what an item of a history adds to an answer is what the answer loses without it."""

import numpy as np
import pytest

from regulars.core import MISSING, Queries, ints
from regulars.models.networks.occlusion import NEWEST, occluded

VECTORS = np.random.default_rng(0).random((30, 4)).astype(np.float32)


def summed(queries, item_vectors):
    """An encoder whose parts are known: the sum of the vectors of the different items of a history."""
    out = np.full((len(queries), item_vectors.shape[1]), np.nan, dtype=np.float32)
    for row in range(len(queries)):
        items = np.unique(queries[[row]].history.items)
        if len(items):
            out[row] = item_vectors[items].sum(axis=0)
    return out


def test_the_parts_of_a_sum_are_its_summands():
    answers = ints([[3, 9], [2, 4]])
    starts, items, added = occluded(summed, Queries.of([[5, 6], [7]]), VECTORS, answers)
    assert starts.tolist() == [0, 2, 3]
    assert items.tolist() == [5, 6, 7]
    expected = [
        VECTORS[5] @ VECTORS[answers[0]].T,
        VECTORS[6] @ VECTORS[answers[0]].T,
        VECTORS[7] @ VECTORS[answers[1]].T,
    ]
    np.testing.assert_allclose(added, expected, rtol=1e-5)


def test_an_item_met_twice_is_taken_out_in_both_places():
    _, items, added = occluded(summed, Queries.of([[5, 6, 5]]), VECTORS, ints([[3]]))
    assert items.tolist() == [5, 6]
    assert added[:, 0] == pytest.approx([VECTORS[5] @ VECTORS[3], VECTORS[6] @ VECTORS[3]])


def test_padding_gets_nothing_and_strangers_have_no_parts():
    starts, _, added = occluded(summed, Queries.of([[5, 6], []]), VECTORS, ints([[MISSING, 1], [MISSING, MISSING]]))
    assert starts.tolist() == [0, 2, 2]
    assert added[:, 0].tolist() == [0, 0]
    assert (added[:, 1] > 0).all()


def test_what_speaks_against_an_answer_adds_nothing():
    vectors = np.array([[1, 0], [-1, 0], [1, 0]], dtype=np.float32)
    _, items, added = occluded(summed, Queries.of([[0, 1]]), vectors, ints([[2]]))
    assert dict(zip(items.tolist(), added[:, 0].tolist(), strict=True)) == {0: 1.0, 1: 0.0}


def test_only_the_newest_events_are_looked_at():
    starts, items, _ = occluded(summed, Queries.of([list(range(25))]), VECTORS, ints([[1]]))
    assert items.tolist() == list(range(25 - NEWEST, 25))
    assert starts.tolist() == [0, NEWEST]


def test_no_questions_have_no_parts():
    starts, _, added = occluded(summed, Queries.of([]), VECTORS, np.empty((0, 3), dtype=np.int32))
    assert starts.tolist() == [0]
    assert added.shape == (0, 3)
