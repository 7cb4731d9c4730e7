"""GRU and LSTM over ragged rows against torch's own, row by row."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from regulars.models.networks.recurrent import Recurrent, by_place  # noqa: E402
from regulars.models.networks.sequences import Sequences  # noqa: E402

LENGTHS = np.array([0, 1, 2, 3, 7, 7])


def batch_of(lengths):
    """Sequences of these rising lengths, for a network that looks at nothing else of them."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    nothing = np.zeros(starts[-1], dtype=np.int64)
    return Sequences(starts, nothing.astype(np.int32), nothing).batch(starts[:-1], starts[1:], ahead=False)


def ragged(d: int):
    """Tokens of all rows, and what weighs their outputs."""
    torch.manual_seed(1)
    return torch.randn(LENGTHS.sum(), d, requires_grad=True), torch.randn(LENGTHS.sum(), d)


def gradients(net, x):
    found = [x.grad, *(weights.grad for weights in net.parameters())]
    x.grad = None
    net.zero_grad()
    return found


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_outputs_and_gradients_are_those_of_each_row_alone(cell, layers):
    net = Recurrent(8, 50, layers, cell, 0.0).build()
    x, weighing = ragged(8)
    together = net(x, batch_of(LENGTHS))
    (together * weighing).sum().backward()
    found = gradients(net, x)
    rows = torch.split(x, LENGTHS.tolist())
    for layer in net.layers:
        rows = [layer(row)[0] if len(row) else row for row in rows]
    alone = torch.cat(rows)
    (alone * weighing).sum().backward()
    torch.testing.assert_close(together, alone)
    for ours, theirs in zip(found, gradients(net, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_tokens_stand_by_place_and_the_rows_that_go_on_come_first():
    order, sizes = by_place(np.array([1, 3, 2]))
    assert sizes.tolist() == [3, 2, 1]
    assert order.tolist() == [1, 4, 0, 2, 5, 3]  # rows b, c, a; then b, c; then b


def test_no_tokens_are_no_outputs():
    net = Recurrent(4, 50, 2, "gru", 0.0).build()
    assert net(torch.empty(0, 4), batch_of(np.zeros(3, dtype=np.int64))).shape == (0, 4)
    assert net(torch.empty(0, 4), batch_of(np.zeros(0, dtype=np.int64))).shape == (0, 4)


def test_ten_thousand_tokens_of_one_row_stay_finite():
    net = Recurrent(4, 50, 1, "lstm", 0.0).build()
    out = net(torch.randn(10_000, 4), batch_of(np.array([10_000])))
    assert bool(torch.isfinite(out).all())
