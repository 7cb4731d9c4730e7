"""The softmax in bounded memory against torch's own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import cross_entropy  # noqa: E402

from regulars.kernels.half_tiles import available  # noqa: E402
from regulars.models.networks import softmax, tiled  # noqa: E402


@pytest.fixture
def given():
    torch.manual_seed(0)
    hidden, table = torch.randn(70, 16, requires_grad=True), torch.randn(501, 16, requires_grad=True)
    return hidden, table, torch.randint(0, 501, (70,))


@pytest.fixture
def small(monkeypatch):
    """Blocks so small that there are many, the last ones shorter."""
    monkeypatch.setattr(softmax, "ROWS", 32)
    monkeypatch.setattr(softmax, "COLUMNS", 100)
    monkeypatch.setattr(tiled, "FIRST", 64)


def gradients(loss, *tensors):
    return loss.detach(), *torch.autograd.grad(2 * loss, tensors)


@pytest.mark.parametrize("held", [0, 10**9])
@pytest.mark.usefixtures("small")
def test_loss_and_gradients_are_those_of_cross_entropy(given, held, monkeypatch):
    monkeypatch.setattr(softmax, "HELD", held)
    hidden, table, targets = given
    found = gradients(softmax.full(hidden, table, targets), hidden, table)
    wanted = gradients(cross_entropy(hidden @ table.T, targets, reduction="sum"), hidden, table)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("held", "tiles"), [(1 << 23, True), (8192, True), (1 << 23, False)])
@pytest.mark.usefixtures("small")
def test_in_bfloat16_they_are_so_within_a_hundredth(given, held, tiles, monkeypatch):
    """In tiles, in one block of columns or several; and without tiles."""
    monkeypatch.setattr(tiled, "HELD", held)
    monkeypatch.setattr(tiled, "BLOCK", 128)
    monkeypatch.setattr(softmax, "available", lambda: tiles and available())
    hidden, table, targets = given
    with torch.autocast("cpu", torch.bfloat16):
        found = gradients(softmax.full(hidden, table, targets), hidden, table)
    wanted = gradients(cross_entropy(hidden @ table.T, targets, reduction="sum"), hidden, table)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 0.01 * theirs.norm()


@pytest.mark.xfail(not available(), reason="torch's own products depend on the number of threads", run=False)
def test_the_number_of_threads_changes_nothing(given):
    hidden, table, targets = given
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        with torch.autocast("cpu", torch.bfloat16):
            found.append(gradients(softmax.full(hidden, table, targets), hidden, table))
    torch.set_num_threads(1)
    for more in found[1:]:
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found[0], more, strict=True))


def test_a_catalog_of_one_item_costs_nothing():
    hidden, table = torch.randn(3, 4, requires_grad=True), torch.randn(1, 4, requires_grad=True)
    loss, by_hidden, by_table = gradients(softmax.full(hidden, table, torch.zeros(3, dtype=torch.int64)), hidden, table)
    assert abs(float(loss)) < 1e-5
    assert by_hidden.abs().max() < 1e-5
    assert by_table.abs().max() < 1e-5


def test_the_largest_logits_overflow_nothing(given):
    hidden, table, targets = given
    loss, *found = gradients(softmax.full(1e3 * hidden, 1e3 * table, targets), hidden, table)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(gradient).all() for gradient in found)


@pytest.mark.usefixtures("small")
def test_sampled_is_the_softmax_of_the_target_and_the_negatives_but_itself(given):
    hidden, table, targets = given
    negatives = torch.tensor([1, 5, 7, *targets[:3].unique().tolist(), 500]).unique()
    log_q = torch.log(torch.rand(501) * 0.9 + 0.05)
    found = gradients(softmax.sampled(hidden, table, targets, negatives, log_q), hidden, table)
    logits = hidden @ table[negatives].T - log_q[negatives]
    logits = logits.masked_fill(negatives == targets[:, None], -torch.inf)
    with_target = torch.cat([(hidden * table[targets]).sum(1, keepdim=True), logits], 1)
    wanted = gradients(cross_entropy(with_target, torch.zeros(70, dtype=torch.int64), reduction="sum"), hidden, table)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_with_log_q_the_sampled_sum_is_that_of_the_whole_catalog_on_average():
    """Horvitz-Thompson: what is drawn with chance p stands for 1 / p."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    hidden, table = torch.randn(1, 8), torch.randn(50, 8)
    chance, target = random.uniform(0.2, 0.9, 50), torch.tensor([3])
    positive = float(hidden[0] @ table[3])
    sums = []
    for _ in range(3_000):
        negatives = torch.from_numpy(np.flatnonzero(random.random(50) < chance))
        loss = softmax.sampled(hidden, table, target, negatives, torch.from_numpy(np.log(chance)).float())
        sums.append(np.exp(float(loss) + positive))
    whole = float(torch.exp(hidden @ table.T).sum())
    assert abs(np.mean(sums) / whole - 1) < 0.03
