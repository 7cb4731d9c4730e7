"""Dropout by bytes: how much is hidden, and that nothing is while answering."""

import pytest

torch = pytest.importorskip("torch")

from regulars.models.networks.dropout import Dropout  # noqa: E402


def test_the_wanted_part_is_hidden_and_made_up_for():
    torch.manual_seed(0)
    dropped = Dropout(0.25).train()(torch.ones(400, 500))
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert abs((dropped == 0).float().mean() - 0.25) < 0.005
    assert abs(dropped.mean() - 1) < 0.005


def test_the_gradient_passes_where_the_number_did():
    torch.manual_seed(0)
    x = torch.ones(30, 40, requires_grad=True)
    dropped = Dropout(0.5).train()(x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, dropped.detach())


def test_the_seed_decides_what_is_hidden():
    layer, x = Dropout(0.5).train(), torch.ones(10, 10)
    torch.manual_seed(1)
    first, other = layer(x), layer(x)
    torch.manual_seed(1)
    assert torch.equal(layer(x), first)
    assert not torch.equal(other, first)


def test_nothing_is_hidden_while_answering():
    x = torch.ones(5, 5)
    assert Dropout(0.5).eval()(x) is x
