"""What a token of a transformer sees, and what it does not."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from regulars.models.networks.sequences import Sequences  # noqa: E402
from regulars.models.networks.transformer import Transformer, Waves  # noqa: E402

LENGTHS = np.array([1, 2, 3, 7, 9, 20])
SHAPES = {
    "plain": Transformer(8, 20, 2, 2, 2, "pre_norm", 0.0, 0.0, 5, False),
    "gated": Transformer(8, 20, 2, 1, 1, "ligr", 0.0, 0.0, 5, False),
    "waves": Transformer(8, 20, 2, 1, 1, "pre_norm", 0.0, 0.7, 5, False),
    "intervals": Transformer(8, 20, 2, 2, 1, "pre_norm", 0.0, 0.0, 5, True),
}


def batch_of(lengths, times=None):
    starts = np.concatenate([[0], np.cumsum(lengths)])
    times = np.arange(starts[-1]) ** 2 if times is None else times
    return Sequences(starts, np.zeros(starts[-1], dtype=np.int32), times).batch(starts[:-1], starts[1:], ahead=False)


@pytest.fixture(params=SHAPES)
def network(request):
    torch.manual_seed(0)
    built = SHAPES[request.param].build().eval()
    for weights in built.parameters():  # biases and intervals begin at 0, where they would show nothing
        torch.nn.init.normal_(weights, std=0.3)
    return built


def test_a_sequence_is_read_alike_alone_and_beside_others(network):
    batch, x = batch_of(LENGTHS), torch.randn(LENGTHS.sum(), 8)
    together = network(x, batch)
    for begin, end in zip(batch.starts, batch.starts[1:], strict=False):
        alone = network(x[begin:end], batch_of([end - begin], np.arange(begin, end) ** 2))
        torch.testing.assert_close(together[begin:end], alone, rtol=1e-5, atol=1e-5)


def test_a_token_sees_nothing_that_came_later(network):
    x = torch.randn(9, 8)
    changed = torch.cat([x[:5], torch.randn(4, 8)])
    before, after = network(x, batch_of([9])), network(changed, batch_of([9]))
    torch.testing.assert_close(before[:5], after[:5])
    assert (before[5:] - after[5:]).abs().min(dim=0).values.max() > 1e-3


def test_a_token_sees_what_came_before(network):
    x = torch.randn(9, 8)
    changed = torch.cat([torch.randn(1, 8), x[1:]])
    assert (network(x, batch_of([9]))[8] - network(changed, batch_of([9]))[8]).abs().max() > 1e-3


def test_intervals_know_the_time_between_events_and_not_the_date():
    torch.manual_seed(0)
    network = SHAPES["intervals"].build().eval()
    torch.nn.init.normal_(network.blocks[0].attention.intervals.bias.weight)
    x, times = torch.randn(9, 8), np.cumsum(10 ** np.arange(9))
    read = network(x, batch_of([9], times))
    torch.testing.assert_close(read, network(x, batch_of([9], times + 10**9)))
    assert (read - network(x, batch_of([9], np.arange(9)))).abs().max() > 1e-3


def test_waves_are_those_of_a_fourier_transform_of_each_prefix():
    """BSARec's filter: of a prefix that stands at the end of `length` places, the first frequencies are kept."""
    shape, n = SHAPES["waves"], 9
    waves, x = Waves(shape), torch.randn(n, 8)
    found = waves(x, batch_of([n])).detach()[:n]
    for token in range(n):
        places = torch.cat([torch.zeros(shape.length - token - 1, 8), x[: token + 1]])
        spectrum = torch.fft.rfft(places, dim=0, norm="ortho")
        spectrum[shape.frequencies // 2 + 1 :] = 0
        slow = torch.fft.irfft(spectrum, n=shape.length, dim=0, norm="ortho")[-1]
        torch.testing.assert_close(found[token], slow + waves.fast.detach() ** 2 * (x[token] - slow))


def test_gradients_reach_every_parameter(network):
    network(torch.randn(LENGTHS.sum(), 8), batch_of(LENGTHS)).square().sum().backward()
    assert all(weights.grad is not None and weights.grad.abs().sum() > 0 for weights in network.parameters())
