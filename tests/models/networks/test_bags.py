"""Bags: ragged histories give what dense rows would."""

import numpy as np
import torch
from torch import nn

from regulars.core import Histories
from regulars.models.kinds.profile import parts_of
from regulars.models.networks.bags import Reader, Rows, bags

MATRIX = Histories.of([[0, 2], [1, 1, 3], [4]], weights=[[3, 4], [1, 1, 0.5], [7]]).matrix(5)
BAGS = bags(parts_of(MATRIX), torch.device("cpu"))
DENSE = torch.from_numpy(MATRIX.toarray())


def dense(some):
    rows = torch.zeros(len(some.starts) - 1, 5)
    rows[some.rows(), some.items] = some.amounts
    return rows


def test_a_bag_is_read_as_a_dense_row_is():
    reader = Reader(5, 3)
    nn.init.normal_(reader.bias)
    torch.testing.assert_close(reader(BAGS), DENSE @ reader.weight + reader.bias)


def test_a_normalized_history_has_length_one():
    torch.testing.assert_close(dense(BAGS.normalized()), nn.functional.normalize(DENSE))


def test_dropping_leaves_out_entries_and_keeps_the_sum_in_the_mean():
    torch.manual_seed(0)
    rows = bags(parts_of(Histories.of([range(2_000), range(1_000)]).matrix(2_000)), torch.device("cpu"))
    left = rows.dropped(0.25)
    assert set(left.amounts.tolist()) == {np.float32(1 / 0.75)}
    np.testing.assert_allclose(left.masses() / rows.masses(), [1, 1], atol=0.06)
    assert left.starts[-1] == len(left.items)
    assert rows.dropped(0.0) is rows


def test_a_batch_holds_the_rows_that_were_asked_for():
    taken = Rows(*parts_of(MATRIX)).take(np.array([2, 0]), torch.device("cpu"))
    torch.testing.assert_close(dense(taken), DENSE[[2, 0]])
