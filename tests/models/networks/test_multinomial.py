"""Multinomial likelihood: the number and its slopes are those of the textbook, however the work is cut."""

import pytest
import torch

from regulars.core import Histories
from regulars.models.kinds.profile import parts_of
from regulars.models.networks import multinomial as module
from regulars.models.networks.bags import bags
from regulars.models.networks.multinomial import multinomial


def wanted():
    histories = Histories.of([[0, 3, 4], [2], [5, 1, 0, 6], [6]], weights=[[1, 2, 0.5], [3], [1, 1, 1, 0.1], [1]])
    return bags(parts_of(histories.matrix(7)), torch.device("cpu"))


def parts():
    torch.manual_seed(0)
    return [torch.randn(shape, requires_grad=True) for shape in ((4, 3), (7, 3), (7,))]


def textbook(hidden, weight, bias):
    some = wanted()
    logs = torch.log_softmax(hidden @ weight.T + bias, dim=1)
    return -(some.amounts * logs[some.rows(), some.items]).sum()


@pytest.mark.parametrize("scores", [1 << 25, 14, 7, 21])
@pytest.mark.parametrize("first", [1, 1024])
def test_the_loss_and_its_slopes_are_those_of_a_dense_softmax(monkeypatch, scores, first):
    monkeypatch.setattr(module, "SCORES", scores)
    monkeypatch.setattr(module, "FIRST", first)
    ours, theirs = parts(), parts()
    loss, expected = multinomial(*ours, wanted()), textbook(*theirs)
    (2.5 * loss).backward()
    (2.5 * expected).backward()
    torch.testing.assert_close(loss, expected)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_what_does_not_learn_gets_no_slope():
    hidden, weight, bias = parts()
    multinomial(hidden, weight.detach(), bias.detach(), wanted()).backward()
    alone = hidden.grad.clone()
    hidden.grad = None
    textbook(hidden, weight, bias).backward()
    torch.testing.assert_close(alone, hidden.grad)
    assert multinomial(hidden.detach(), weight, bias, wanted()).requires_grad


def test_large_scores_do_not_overflow():
    hidden, weight, bias = (part.detach() for part in parts())
    loss = multinomial(hidden * 1e3, weight * 1e3, bias, wanted())
    torch.testing.assert_close(loss, textbook(hidden * 1e3, weight * 1e3, bias), rtol=1e-4, atol=0)


def test_under_autocast_the_slopes_are_nearly_the_same():
    ours, theirs = parts(), parts()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = multinomial(*ours, wanted())
    loss.backward()
    textbook(*theirs).backward()
    assert loss.dtype == torch.float32
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=0.05, atol=0.05)
